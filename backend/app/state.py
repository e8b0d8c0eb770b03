"""What one API process holds: the only mutable state, made at the entry point and handed down."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from app.accounts.acting import Acting
from app.adapters.postgres import Database
from app.adapters.redis import Redis
from app.adapters.storage import Storage
from app.auth.caller import CallerResolver
from app.auth.guard import Guard
from app.auth.tenants import Tenants
from app.catalog.keeper import Keeper
from app.condition import Condition
from app.gateway.conduct import Conductor
from app.gateway.engine import Engine
from app.metrics import Requests, SlowStatements
from app.module import Module
from app.monitoring.shared import SharedCounts
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class AppState:
    """Settings, connections and modules of this process."""

    settings: Settings
    database: Database
    redis: Redis
    modules: tuple[Module, ...]
    guard: Guard
    #: Where callers without a token are.
    tenants: Tenants
    #: Lets administrators ask as somebody else.
    acting: Acting
    #: How explicit routes tell who asks: there is always an anonymous role.
    callers: CallerResolver
    #: How the gateway sees the database.
    engines: Keeper[Engine]
    #: Runs what the gateway and explicit routes ask.
    conductor: Conductor
    #: Where the bytes of files lie.
    storage: Storage
    #: Every migration that this code knows, with all that it rests on.
    migrations: Mapping[str, frozenset[str]]
    started: float
    #: What this process counts.
    requests: Requests
    condition: Condition
    slow: SlowStatements
    #: What the processes of this installation tell each other of that.
    told: SharedCounts


def state_of(connection: HTTPConnection) -> AppState:
    """The state of the process that serves this request."""
    return connection.app.state.relais
