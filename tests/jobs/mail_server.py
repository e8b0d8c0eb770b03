"""A mail server for tests: real SMTP on a port of this machine, in the test's own loop, that does as it is told."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

USER, PASSWORD = "relais@example.org", "p@ss/word:1"
Answer = Callable[["Received"], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool
    authenticated: bool

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())


@dataclass(slots=True)
class Post:
    """What the server got, and what it answers."""

    port: int = 0
    #: All that was sent to its end, whatever the answer was.
    seen: list[Received] = field(default_factory=list[Received])
    accepted: list[Received] = field(default_factory=list[Received])
    connections: int = 0
    #: Answers to the next recipients and the next messages; `250 OK` when there is none.
    on_recipient: list[str] = field(default_factory=list[str])
    on_data: list[str] = field(default_factory=list[str])
    #: Asked instead, when there is one.
    answer: Answer | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, *, user: bool = False, scheme: str = "smtp") -> SecretStr:
        """Where it is."""
        login = "relais%40example.org:p%40ss%2Fword%3A1@" if user else ""
        return SecretStr(f"{scheme}://{login}127.0.0.1:{self.port}")

    async def wait_for(self, count: int, seconds: float = 60) -> None:
        """Until so many messages were sent to their end."""
        async with asyncio.timeout(seconds):
            while len(self.seen) < count:
                self._changed.clear()
                await self._changed.wait()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.on_recipient:
            told = self.on_recipient.pop(0)
            if not told.startswith("250"):
                return told
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        received = Received(
            envelope.mail_from,
            tuple(envelope.rcpt_tos),
            envelope.content,
            session.ssl is not None,
            bool(session.authenticated),
        )
        self.seen.append(received)
        self._changed.set()
        told = self.on_data.pop(0) if self.on_data else "250 OK"
        if self.answer is not None:
            told = await self.answer(received)
        if told.startswith("250"):
            self.accepted.append(received)
        return told


def check_login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    """Whether somebody is the one user there is."""
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@asynccontextmanager
async def post_office(
    post: Post | None = None, *, tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
) -> AsyncGenerator[Post]:
    """A server, until the end of the block. It keeps the port that its post has had before."""
    post = post or Post()
    loop = asyncio.get_running_loop()
    writers: list[Any] = []

    def protocol() -> SMTP:
        post.connections += 1
        given = {"tls_context": tls} if tls is not None and not implicit else {}
        made = SMTP(
            post,
            hostname="post.test",
            loop=loop,
            authenticator=check_login,
            **{"auth_require_tls": False, "enable_SMTPUTF8": True, **given, **options},
        )
        writers.append(made)
        return made

    server = await loop.create_server(protocol, "127.0.0.1", post.port, ssl=tls if implicit else None)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        for writer in writers:
            if writer.transport is not None:
                writer.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0)


def certificate(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For a server at 127.0.0.1: its side, and that of somebody who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    both = directory / "post.pem"
    both.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(both)
    trusting = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return serving, trusting
