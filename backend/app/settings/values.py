"""Values that need more than a type: what they may be, with a sentence for whoever set them."""

import re
from email.utils import parseaddr
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from app.settings.group import comma_separated

_PLAIN_ADDRESS = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z0-9](?:-*[a-z0-9])*\.)*(?!\d+$)[a-z0-9](?:-*[a-z0-9])*",
    re.ASCII | re.IGNORECASE,
)
_TYPE = re.compile(r"!?(\*|[a-z0-9][a-z0-9!#$&^.+-]*)/(\*|[a-z0-9][a-z0-9!#$&^.+-]*)\Z")


def seconds_by_name(text: str) -> str:
    """Pairs of a name and a number of seconds."""
    for part in comma_separated(text):
        name, _, seconds = part.partition("=")
        try:
            usable = bool(name.strip()) and 0 < float(seconds) <= 86400
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(f"`{part}` is not a role and seconds, as in anon=3")
    return text


def costs_by_name(text: str) -> str:
    """Pairs of a name and a cost."""
    for part in comma_separated(text):
        name, _, cost = part.rpartition(":")
        try:
            usable = bool(name.strip()) and 0 < float(cost) < float("inf")
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(f"`{part}` is not a role and a cost, as in anon:10000")
    return text


def _page_path(text: str) -> str:
    if not re.fullmatch(r"/[!$%&'()*+,\-./:;=@A-Z_a-z0-9~]*", text):
        raise ValueError("must be a path that begins with `/`, without a query")
    return text


PagePath = Annotated[str, AfterValidator(_page_path)]


def _check_url(value: SecretStr | None, schemes: tuple[str, ...]) -> SecretStr | None:
    """A URL of one of these schemes, or a sentence that does not repeat it: it may hold a password."""
    if value is None:
        return None
    wanted = f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    try:
        parts = urlsplit(value.get_secret_value())
        usable = parts.scheme in schemes and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{wanted}, and whose port, if any, is a number from 1 to 65535")
    return value


def _postgres_url(value: SecretStr | None) -> SecretStr | None:
    return _check_url(value, ("postgresql", "postgres"))


def _redis_url(value: SecretStr | None) -> SecretStr | None:
    return _check_url(value, ("redis", "rediss", "unix"))


def _smtp_url(value: SecretStr | None) -> SecretStr | None:
    checked = _check_url(value, ("smtp", "smtps"))
    if checked is not None and not urlsplit(checked.get_secret_value()).hostname:
        raise ValueError("must name a host, as in smtp://mail.example.org:587")
    return checked


def _sender(value: str) -> str:
    """An address, perhaps with a name before it."""
    address = parseaddr(value)[1]
    if not value.isprintable() or not _PLAIN_ADDRESS.fullmatch(address):
        raise ValueError("must be an address, as in Relais <noreply@example.org>")
    return value


def named_proxies(value: str) -> str:
    """Addresses and networks that are named: everybody is none."""
    for part in comma_separated(value):
        try:
            network = ip_network(part)
        except ValueError:
            raise ValueError(f"`{part}` is no address and no network, as in 127.0.0.1,10.0.0.0/8") from None
        if network.prefixlen == 0:
            raise ValueError("name the proxies: whoever is believed may choose the address that limits count")
    return value


def exposable(value: str) -> str:
    """Schemas that may be served: PostgreSQL's own would show everybody's definitions."""
    for name in comma_separated(value):
        if name in ("pg_catalog", "information_schema"):
            raise ValueError(f"{name} cannot be served")
    return value


def regular_expressions(value: str) -> str:
    """Comma-separated expressions that Python can compile."""
    for pattern in comma_separated(value):
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError):
            raise ValueError(f"{pattern} is no regular expression") from None
    return value


def _rate(value: str) -> str:
    """`requests/seconds`, or `-` for no bound."""
    if value != "-":
        requests, _, seconds = value.partition("/")
        if not (
            requests.isdecimal() and seconds.isdecimal() and 0 < int(requests) < 10**9 and 0 < int(seconds) < 10**6
        ):
            raise ValueError("must be written as requests/seconds, as in 600/60, or `-` for no bound")
    return value


def time_of_day(value: str) -> str:
    """`hours:minutes`, or `-` for never."""
    if value != "-" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise ValueError("must be a time of the day (UTC), as in 02:00, or `-` for never")
    return value


def _types(value: str) -> str:
    for pattern in comma_separated(value):
        if not _TYPE.match(pattern):
            raise ValueError(f"{pattern} is no type, as in image/png, image/* or !text/html")
    return value


def _s3_url(value: str) -> str:
    _check_url(SecretStr(value), ("http", "https"))
    if not urlsplit(value).hostname:
        raise ValueError("must name a host, as in https://s3.example.org")
    return value


PostgresUrl = Annotated[SecretStr | None, AfterValidator(_postgres_url)]
SmtpUrl = Annotated[SecretStr | None, AfterValidator(_smtp_url)]
Sender = Annotated[str, AfterValidator(_sender)]
RedisUrl = Annotated[SecretStr | None, AfterValidator(_redis_url)]
Rate = Annotated[str, AfterValidator(_rate)]
S3Url = Annotated[str, AfterValidator(_s3_url)]
Types = Annotated[str, AfterValidator(_types)]
