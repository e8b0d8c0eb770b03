"""Which endpoints of the contract the application has a route for."""

from functools import cache

from docs.writers.compatibility_page import offered_routes
from tests.contract.endpoints import Endpoint, key_of


@cache
def offered() -> frozenset[str]:
    """The routes there are, by the keys of endpoints."""
    return frozenset(key_of(*route) for route in offered_routes())


def is_offered(endpoint: Endpoint) -> bool:
    """Whether there is a route."""
    return endpoint.key in offered()
