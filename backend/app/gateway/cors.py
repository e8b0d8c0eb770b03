"""Which pages may use the gateway from a browser: the dialect's own rules, which differ from the API's."""

from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.condition import Condition
from app.gateway.engine import Engine
from app.gateway.respond import Headers

_METHODS = frozenset({b"GET", b"POST", b"PATCH", b"PUT", b"DELETE", b"OPTIONS", b"HEAD"})
_ASKED = frozenset({b"origin", b"access-control-request-method", b"access-control-request-headers"})
_ALWAYS_ALLOWED = ("Authorization", "Accept", "Accept-Language", "Content-Language")
_EXPOSED = (
    b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding,"
    b" Range-Unit"
)
#: Headers of our own, and the dialect's none: whoever is sent one may read it.
_EXPOSED_IF_SENT = {
    b"relais-truncated": b"Relais-Truncated",
    b"relais-truncated-embeds": b"Relais-Truncated-Embeds",
    b"link": b"Link",
    b"etag": b"ETag",
}
_EXPOSED_IF_DEGRADED = b", Relais-Degraded, Retry-After"


class GatewayCors:
    """Answers preflights itself, and tells browsers what they may read of all other answers, errors included."""

    def __init__(self, app: ASGIApp, *, engine: Callable[[], Engine | None], condition: Condition) -> None:
        self.app = app
        self.condition = condition
        self.engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = {name: value for name, value in scope["headers"] if name in _ASKED}
        origin = asked.get(b"origin")
        if origin is None:
            return await self.app(scope, receive, send)
        engine = self.engine()
        granted = _granted(origin, engine.cors_origins if engine is not None else ())
        if scope["method"] == "OPTIONS" and asked.get(b"access-control-request-method") in _METHODS:
            headers = [*granted, *(_preflight(asked) if granted else ()), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            return await send({"type": "http.response.body", "body": b""})
        if scope["method"] == "OPTIONS":
            # No preflight after all: its answer says itself who may read it.
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and granted:
                headers: Headers = message["headers"]
                exposed = _exposed(headers) + (b"" if self.condition.told is None else _EXPOSED_IF_DEGRADED)
                message["headers"] = [*headers, *granted, (b"access-control-expose-headers", exposed)]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _exposed(headers: Headers) -> bytes:
    return b", ".join((_EXPOSED, *(_EXPOSED_IF_SENT[name] for name, _ in headers if name in _EXPOSED_IF_SENT)))


def _granted(origin: bytes, allowed: tuple[str, ...]) -> Headers:
    """Who may read the answer: everybody, or whoever is listed, with credentials."""
    if not allowed:
        return [(b"access-control-allow-origin", b"*")]
    if origin.decode("latin-1") not in allowed:
        return []
    return [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]


def _preflight(asked: Mapping[bytes, bytes]) -> Headers:
    found: Headers = [
        (b"access-control-allow-methods", b"GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"),
        (b"access-control-max-age", b"86400"),
    ]
    wanted = asked.get(b"access-control-request-headers")
    if wanted is not None:
        found.append((b"access-control-allow-headers", _allowed_headers(wanted.decode("latin-1"))))
    return found


def _allowed_headers(asked: str) -> bytes:
    always = {name.lower() for name in _ALWAYS_ALLOWED}
    named = [part.strip() for part in asked.split(",")]
    between = [name for name in named if name and name.lower() not in always]
    return ", ".join([_ALWAYS_ALLOWED[0], *between, *_ALWAYS_ALLOWED[1:]]).encode("latin-1", "replace")
