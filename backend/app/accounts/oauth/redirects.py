"""Where a browser may be sent back to: the frontend, and what the settings allow besides. Nothing else, ever."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from app.accounts.oauth.errors import REDIRECT_NOT_ALLOWED
from app.errors import refuse
from app.settings import Settings

LONGEST = 2048
_PAGE = "/auth"
#: No spaces, no control characters, no backslashes, nothing that one reader takes for a host and another does not.
_PLAIN = re.compile(r"[!#$%&'()*+,\-./:;=?@A-Z\[\]_a-z0-9~]+\Z")
_WEB = ("http", "https")


def must_be_allowed(settings: Settings, target: str) -> None:
    """Refuse an address that nobody is to be sent to."""
    if not is_allowed(settings, target):
        raise refuse(
            REDIRECT_NOT_ALLOWED,
            hint="Allowed are RELAIS_AUTH_SITE_URL, RELAIS_AUTH_REDIRECT_URLS and the origins of"
            " RELAIS_HTTP_CORS_ORIGINS.",
        )


def is_allowed(settings: Settings, target: str) -> bool:
    """Whether a browser may be sent to an address."""
    if len(target) > LONGEST or not _PLAIN.match(target):
        return False
    wanted = _parts(target)
    if wanted is None:
        return False
    if target in _listed(settings):
        return True
    if wanted.scheme not in _WEB or "@" in wanted.netloc or not wanted.hostname or _climbs(wanted.path):
        return False
    return any(_covers(base, beginning, wanted) for base, beginning in _bases(settings))


def page_of(settings: Settings, target: str) -> str:
    """The page of the frontend that takes tokens, for somebody who wants to get to an address that is allowed."""
    site = settings.auth.site_url.rstrip("/")
    if not target or target == site or target.startswith(f"{site}/"):
        return site + _PAGE
    parts = _parts(target)
    page = f"{parts.scheme}://{parts.netloc}{_PAGE}" if parts is not None else ""
    return page if is_allowed(settings, page) else target


def with_query(target: str, values: Mapping[str, str]) -> str:
    """An address with more of a query; its fragment stays behind it."""
    parts = urlsplit(target)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in values]
    query = urlencode([*kept, *values.items()], quote_via=quote)
    return urlunsplit(parts._replace(query=query))


def _listed(settings: Settings) -> list[str]:
    return [part.strip() for part in settings.auth.redirect_urls.split(",") if part.strip()]


def _bases(settings: Settings) -> Iterator[tuple[SplitResult, str]]:
    """Addresses that cover others, each with what the paths of those begin with."""
    origins = [origin for origin in settings.http.origins() if origin != "*"]
    for url in (settings.auth.site_url, *origins):
        parts = _parts(url)
        if parts is not None and parts.hostname:
            yield parts, f"{parts.path.rstrip('/')}/"
    for url in _listed(settings):
        parts = _parts(url.removesuffix("*"))
        if url.endswith("*") and parts is not None and parts.hostname:
            yield parts, parts.path or "/"


def _covers(base: SplitResult, beginning: str, wanted: SplitResult) -> bool:
    same = (base.scheme, base.netloc.lower()) == (wanted.scheme, wanted.netloc.lower())
    return same and f"{wanted.path}/".startswith(beginning)


def _climbs(path: str) -> bool:
    """Whether some server might read a path as one that leads elsewhere."""
    read = unquote(unquote(path))
    return any(part.partition(";")[0] in (".", "..") for part in re.split(r"[/\\]", read))


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        # Reading the port is what finds out whether it is one.
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None
