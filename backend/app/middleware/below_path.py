"""Hands what is below a path to another application, before any routing."""

from starlette.types import ASGIApp, Receive, Scope, Send


class BelowPath:
    """`path` itself and everything below it."""

    def __init__(self, app: ASGIApp, *, path: str, served_by: ASGIApp) -> None:
        self.app = app
        self.path = path
        self.below = f"{path}/"
        self.served_by = served_by

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(self.below) or path == self.path:
                return await self.served_by(scope, receive, send)
        await self.app(scope, receive, send)
