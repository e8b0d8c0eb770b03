"""Routers that most requests pass by at one look, and routes whose writes may come with wishes of their own.

The framework tries each route of each router in turn, several times over where routers are within others; there are
hundreds of them here.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
#: To be done once, or only if nothing has changed.
_WISHES = frozenset({b"idempotency-key", b"if-match"})
#: Methods that change something.
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Route(APIRoute):
    """A route; a write that wishes for more than to be carried out is handed to whoever sees to that."""

    def get_route_handler(self) -> Handler:
        """The handler, for requests with and without such wishes."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            scope = request.scope
            if scope["method"] in WRITES and any(name in _WISHES for name, _ in scope["headers"]):
                return await request.app.state.wishes.answer(request, handler)
            return await handler(request)

        return handled


class Router(APIRouter):
    """A router whose routes are tried only for paths that begin as its prefix does."""

    def __init__(self, *, route_class: type[APIRoute] = Route, **options: Any) -> None:
        super().__init__(route_class=route_class, **options)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether, and how, one of its routes answers a request."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if not path.startswith(self.prefix.partition("{")[0]):
            return Match.NONE, {}
        return super().matches(scope)
