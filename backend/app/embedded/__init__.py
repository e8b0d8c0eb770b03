"""A PostgreSQL and a Redis of our own, as ordinary server processes in a data directory, over sockets only.

Used when no server is configured, and by the tests. Clients of the servers are not here (`app.adapters`).
"""

from app.embedded.errors import EmbeddedError
from app.embedded.secret_file import Secrets, remember_demo, secrets_of
from app.embedded.servers import Servers, alive, ensure, running, stop

__all__ = ["EmbeddedError", "Secrets", "Servers", "alive", "ensure", "remember_demo", "running", "secrets_of", "stop"]
