"""Bounds on one request: the size of its body and the time it may take."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BODY_TOO_LARGE, MALFORMED_REQUEST, REQUEST_TIMEOUT, AppError, refuse


class BodyLimitMiddleware:
    """Refuses a body beyond the limit, at once when its length is announced and as soon as it shows when it is not."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        for name, value in scope["headers"]:
            if name == b"content-length":
                if not value.isdigit():
                    raise refuse(MALFORMED_REQUEST, "Content-Length is not a number")
                if int(value[:20]) > self.limit_bytes:
                    raise self._too_large()
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit_bytes:
                raise self._too_large()
            return message

        await self.app(scope, receive_within_limit, send)

    def _too_large(self) -> AppError:
        return refuse(BODY_TOO_LARGE, f"The limit is {self.limit_bytes} bytes", headers={"Connection": "close"})


class TimeoutMiddleware:
    """Gives up on a request that takes too long; what it was doing is cancelled."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit = asyncio.timeout(self.seconds)
        try:
            async with limit:
                await self.app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():
                raise
            raise refuse(REQUEST_TIMEOUT, f"The limit is {self.seconds:g} s", headers={"Retry-After": "1"}) from None
