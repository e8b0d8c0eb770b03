"""Bounds on one request: the size of its body and the time it may take."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BODY_TOO_LARGE, MALFORMED_REQUEST, REQUEST_TIMEOUT, AppError, refuse

Bound = TypeVar("Bound", int, float)
_NONE: Mapping[str, int] = {}


def _bound_of(scope: Scope, usual: Bound, others: Mapping[str, Bound]) -> Bound:
    """The bound of a request: that of the longest path that it is at or below, or the usual one."""
    if others:
        path: str = scope["path"]
        found = [known for known in others if path == known or path.startswith(f"{known}/")]
        if found:
            return others[max(found, key=len)]
    return usual


class BodyLimitMiddleware:
    """Refuses a body beyond the limit, at once when its length is announced and as soon as it shows when it is not.

    Paths may have limits of their own; 0 leaves counting to the route.
    """

    def __init__(self, app: ASGIApp, *, limit_bytes: int, others: Mapping[str, int] = _NONE) -> None:
        self.app = app
        self.limit_bytes = limit_bytes
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit = _bound_of(scope, self.limit_bytes, self.others)
        for name, value in scope["headers"]:
            if name == b"content-length":
                if not value.isdigit():
                    raise refuse(MALFORMED_REQUEST, "Content-Length is not a number")
                if limit and int(value[:20]) > limit:
                    raise too_large(limit)
        if not limit:
            return await self.app(scope, receive, send)
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large(limit)
            return message

        await self.app(scope, receive_within_limit, send)


def too_large(limit: int) -> AppError:
    """The body is longer than it may be."""
    return refuse(BODY_TOO_LARGE, f"The limit is {limit} bytes", headers={"Connection": "close"})


class TimeoutMiddleware:
    """Gives up on a request that takes too long; what it was doing is cancelled. Paths may have times of their own."""

    def __init__(self, app: ASGIApp, *, seconds: float, others: Mapping[str, float] = _NONE) -> None:
        self.app = app
        self.seconds = seconds
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        seconds = _bound_of(scope, self.seconds, self.others)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await self.app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():
                raise
            raise refuse(REQUEST_TIMEOUT, f"The limit is {seconds:g} s", headers={"Retry-After": "1"}) from None
