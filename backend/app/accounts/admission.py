"""Callers are let in before any of their body is read: reading and parsing megabytes is for those who may send them.

The framework reads a body first and asks who sends it afterwards. Here the first piece of a body is handed over only
when the dependency of the route that says who asks has let them in; when its turn comes, it finds what it said.
"""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.accounts.asking import ADMITTED, asking
from app.middleware.limits import too_large

#: Longest body of somebody who has not signed in: they sign in, leave events, call functions.
LONGEST_OF_STRANGERS = 1024 * 1024


class AdmissionMiddleware:
    """Stands between whoever reads a body and the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        scope[ADMITTED] = {}
        limit: int | None = None
        received = 0

        async def receive_once_admitted() -> Message:
            nonlocal limit, received
            if limit is None:
                limit = await _admitted(scope)
            message = await receive()
            received += len(message.get("body", b""))
            if limit and received > limit:
                raise too_large(limit)
            return message

        await self.app(scope, receive_once_admitted, send)


async def _admitted(scope: Scope) -> int:
    """How long the body may be; 0: it has no bound of ours. Or an `AppError`."""
    route = scope.get("route")
    ask = _asking_of(route.dependant) if isinstance(route, APIRoute) else None
    if ask is None:
        return 0
    asked = await ask(Request(scope))
    return LONGEST_OF_STRANGERS if asked.caller.anonymous else 0


def _asking_of(dependant: Dependant) -> asking | None:
    if isinstance(dependant.call, asking):
        return dependant.call
    return next((found for inner in dependant.dependencies if (found := _asking_of(inner)) is not None), None)
