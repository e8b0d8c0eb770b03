"""What the services of accounts share, made once at the start of a process."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from app.adapters.postgres import Database
from app.auth.guard import Guard
from app.auth.passwords import Passwords
from app.auth.sessions import Sessions
from app.auth.signing import Keyring
from app.auth.tenants import Tenants
from app.module import Person
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Accounts:
    """Settings, connections and keys, as far as accounts need them."""

    settings: Settings
    database: Database
    guard: Guard
    tenants: Tenants
    keys: Keyring
    passwords: Passwords
    sessions: Sessions
    #: What a module knows of the people of a tenant; None: nobody knows more than we do.
    person: Person | None


def accounts_of(connection: HTTPConnection) -> Accounts:
    """Those of the process that serves this request."""
    return connection.app.state.accounts
