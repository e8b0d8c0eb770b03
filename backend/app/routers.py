"""Routers that most requests pass by at one look.

The framework tries each route of each router in turn, several times over where routers are within others; there are
hundreds of them here.
"""

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class Router(APIRouter):
    """A router whose routes are tried only for paths that begin as its prefix does."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether, and how, one of its routes answers a request."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if not path.startswith(self.prefix.partition("{")[0]):
            return Match.NONE, {}
        return super().matches(scope)
