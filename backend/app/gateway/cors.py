"""Which pages may use the gateway from a browser: the dialect's own rules, which differ from the API's."""

from collections.abc import Mapping

from app.gateway.respond import Answer, Headers

_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD")
_ALWAYS_ALLOWED = ("Authorization", "Accept", "Accept-Language", "Content-Language")
_EXPOSED = (
    b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding,"
    b" Range-Unit"
)


def origin_headers(headers: Mapping[bytes, bytes], allowed: tuple[str, ...]) -> Headers:
    """Who may read this answer; nothing for a request that is from no page."""
    origin = headers.get(b"origin")
    if origin is None:
        return []
    if not allowed:
        return [(b"access-control-allow-origin", b"*")]
    if origin.decode("latin-1") not in allowed:
        return []
    return [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]


def exposed_headers(headers: Mapping[bytes, bytes], allowed: tuple[str, ...]) -> Headers:
    """What is added to every answer but a preflight's."""
    found = origin_headers(headers, allowed)
    return [*found, (b"access-control-expose-headers", _EXPOSED)] if found else []


def preflight(method: str, headers: Mapping[bytes, bytes], allowed: tuple[str, ...]) -> Answer | None:
    """The answer to a browser that asks before it sends."""
    wanted = headers.get(b"access-control-request-method", b"").decode("latin-1")
    if method != "OPTIONS" or b"origin" not in headers or wanted not in _METHODS:
        return None
    answer = origin_headers(headers, allowed)
    if answer:
        answer += [
            (b"access-control-allow-methods", b"GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"),
            (b"access-control-max-age", b"86400"),
        ]
        asked = headers.get(b"access-control-request-headers")
        if asked is not None:
            answer.append((b"access-control-allow-headers", _allowed_headers(asked.decode("latin-1"))))
    return Answer(200, [*answer, (b"content-length", b"0")], b"")


def _allowed_headers(asked: str) -> bytes:
    always = {name.lower() for name in _ALWAYS_ALLOWED}
    named = [part.strip() for part in asked.split(",")]
    between = [name for name in named if name and name.lower() not in always]
    return ", ".join([_ALWAYS_ALLOWED[0], *between, *_ALWAYS_ALLOWED[1:]]).encode("latin-1", "replace")
