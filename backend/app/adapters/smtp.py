"""SMTP: one message at a time to the server of the settings, over connections that are kept while there is work.

What went wrong leaves as `Undelivered`, which says whether it is worth another try. When to try again is decided
elsewhere (`jobs/`), as is what messages say.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from pydantic import SecretStr

#: `refused`: never to be tried again. `put_off`: not now. `away`: the server takes nothing from us at the moment.
Kind = Literal["refused", "put_off", "away"]
SUBMISSION_PORT, SUBMISSIONS_PORT = 587, 465
#: Codes that speak of us, not of the message: who sends must sign in or encrypt first (RFC 4954).
_ABOUT_US = frozenset({421, 454, 530, 534, 535, 538})
_GOODBYE_SECONDS = 1.0
#: Nothing in it can end an address early, where commands begin.
_ADDRESS = re.compile(r"[^\s<>\"@\x00-\x1f\x7f]+@[^\s<>\"@\x00-\x1f\x7f]+")


class Undelivered(Exception):
    """A message that was not taken, or of which nobody knows whether it was."""

    def __init__(self, kind: Kind, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.kind: Kind = kind
        self.reason = reason
        self.code = code


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it travels."""

    sender: str
    recipient: str
    content: bytes
    #: The same for each try of one message, and for no other.
    name: str


class Mailer(Protocol):
    """Whatever takes messages away."""

    async def deliver(self, envelope: Envelope) -> None: ...
    async def rest(self) -> None: ...


class SmtpMailer:
    """Hands messages to a mail server. `tls`: how to be sure of it, if not as usual."""

    def __init__(self, url: SecretStr, timeout_seconds: float, name: str, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url.get_secret_value())
        encrypted = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (SUBMISSIONS_PORT if encrypted else SUBMISSION_PORT)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else ""
        self._encrypted = encrypted
        self._seconds = timeout_seconds
        #: How we call ourselves.
        self._name = name
        self._near = _is_near(self._host)
        self.tls = tls or _context(verified=not self._near)
        self._idle: list[SMTP] = []

    @property
    def start_tls(self) -> bool | None:
        """Whether to encrypt: where it is offered, and in any case before a password leaves this machine."""
        if self._encrypted:
            return False
        return True if self._user is not None and not self._near else None

    async def deliver(self, envelope: Envelope) -> None:
        """Return once the server has taken the message; `Undelivered` otherwise."""
        if not all(_ADDRESS.fullmatch(address) for address in (envelope.sender, envelope.recipient)):
            raise Undelivered("refused", "Not an address that can be written to")
        options = [] if envelope.recipient.isascii() and envelope.sender.isascii() else ["SMTPUTF8"]
        try:
            async with asyncio.timeout(self._seconds), self._connection() as client:
                await client.sendmail(envelope.sender, [envelope.recipient], envelope.content, mail_options=options)
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            raise _undelivered(error) from error

    async def rest(self) -> None:
        """Say goodbye for now."""
        idle, self._idle = self._idle, []
        for client in idle:
            with suppress(SMTPException, OSError, TimeoutError):
                await client.quit(timeout=_GOODBYE_SECONDS)
            client.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[SMTP]:
        client = await self._kept() or await self._made()
        try:
            yield client
        except (SMTPResponseException, SMTPRecipientsRefused, SMTPNotSupported, ValueError):
            self._keep(client)  # it answered: the connection is as good as before
            raise
        except BaseException:
            client.close()
            raise
        self._keep(client)

    async def _kept(self) -> SMTP | None:
        while self._idle:
            client = self._idle.pop()
            try:
                # Servers close what is idle: better noticed before the message than in the middle of it.
                await client.rset()
            except (SMTPException, OSError):
                client.close()
            except BaseException:
                client.close()
                raise
            else:
                return client
        return None

    async def _made(self) -> SMTP:
        client = SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password if self._user is not None else None,
            local_hostname=self._name,
            timeout=self._seconds,
            use_tls=self._encrypted,
            start_tls=self.start_tls,
            tls_context=self.tls,
        )
        try:
            await client.connect()
        except SMTPException as error:
            # Whatever it says to a greeting, it says to every message.
            raise Undelivered("away", _told(error), getattr(error, "code", None)) from error
        return client

    def _keep(self, client: SMTP) -> None:
        if client.is_connected:
            self._idle.append(client)
        else:
            client.close()


def _undelivered(error: Exception) -> Undelivered:
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPRecipientRefused | SMTPSenderRefused | SMTPDataError):
        if error.code in _ABOUT_US:
            return Undelivered("away", _told(error), error.code)
        return Undelivered("refused" if error.code >= 500 else "put_off", _told(error), error.code)
    if isinstance(error, SMTPNotSupported | ValueError) and not isinstance(error, OSError):
        return Undelivered("refused", _told(error))
    return Undelivered("away", _told(error) or "No answer in time", getattr(error, "code", None))


def _told(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error)


def _is_near(host: str) -> bool:
    """Whether nobody can stand between us and this host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _context(*, verified: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verified:
        # Certificates of servers on the same machine are hardly ever signed by anybody.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
