"""Answers that are kept have a tag, and others if it is asked for; whoever has one already is told so, and no more.

Browsers may hold on to them, but ask each time: what they hold was right when it was sent.
"""

import hashlib
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.middleware.trace import trace_of

Header = tuple[bytes, bytes]
KEPT: Header = (b"cache-control", b"private, no-cache")
VARY: Header = (b"vary", b"Authorization")
#: What a 304 leaves out: it speaks of a body that is not sent.
_OF_THE_BODY = frozenset({b"content-length", b"content-type"})
#: A comma may be part of one.
_TAG = re.compile(rb'(?:W/)?("[^"]*")')


class ConditionalMiddleware:
    """Tags what a route answered from what is kept, and compares with what the client has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self.app(scope, receive, send)
        trace, asks = trace_of(scope), any(_asks(*header) for header in scope["headers"])
        begun: Message | None = None

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                if (asks or trace.cache) and message["status"] in (200, 206) and not _has_tag(message):
                    begun = message
                    return
            elif begun is not None:
                start, begun = begun, None
                message = await _tagged(scope, start, message, send)
            await send(message)

        await self.app(scope, receive, sent)


async def _tagged(scope: Scope, start: Message, message: Message, send: Send) -> Message:
    if message.get("more_body") or scope["method"] == "HEAD":
        await send(start)
        return message
    # What nobody kept here is not for others to keep, unless whoever asked for the tag does it.
    kept = [KEPT] if trace_of(scope).cache else []
    tag = tag_of(message.get("body", b""))
    headers: list[Header] = [*start["headers"], *kept, VARY, (b"etag", tag)]
    if start["status"] == 200 and is_held(tag, _held(scope)):
        await send({**start, "status": 304, "headers": not_modified(headers)})
        return {**message, "body": b""}
    await send({**start, "headers": headers})
    return message


def tag_of(body: bytes) -> bytes:
    """The tag of an answer of a route."""
    return b'W/"%b"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()


def _asks(name: bytes, value: bytes) -> bool:
    """Whether a header asks for the tag of an answer."""
    return name == b"if-none-match" or (name == b"relais-etag" and value.strip().lower() == b"true")


def _has_tag(start: Message) -> bool:
    return any(name == b"etag" for name, _ in start["headers"])


def _held(scope: Scope) -> bytes:
    return b",".join(value for name, value in scope["headers"] if name == b"if-none-match")


def is_held(tag: bytes | None, if_none_match: bytes) -> bool:
    """Whether a client says that it has what has this tag; `*`: whatever there is. Weak and strong tags are alike."""
    if if_none_match.strip() == b"*":
        return True
    return tag is not None and tag.removeprefix(b"W/") in _TAG.findall(if_none_match)


def not_modified(headers: list[Header]) -> list[Header]:
    """The headers of a 304."""
    return [item for item in headers if item[0] not in _OF_THE_BODY]
