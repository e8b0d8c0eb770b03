"""An API that keeps answers, and people of its library."""

from tests.accounts.conftest import app, cheap, client
from tests.library.conftest import people

__all__ = ["app", "cheap", "client", "people"]
