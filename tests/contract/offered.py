"""Which endpoints of the contract the application has a route for."""

from functools import cache

from docs.writers.compatibility_page import offered_routes, route_key
from tests.contract.endpoints import Endpoint


@cache
def _offered() -> frozenset[str]:
    return offered_routes()


def has_route(method: str, path: str) -> bool:
    """Whether there is a route, whatever its places are called."""
    return route_key(method, path) in _offered()


def is_offered(endpoint: Endpoint) -> bool:
    """Whether there is a route."""
    return has_route(endpoint.method, endpoint.path)
