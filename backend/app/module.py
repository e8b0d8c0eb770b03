"""What a domain fills in to join the product: one `MODULE` in its package, found by `app.modules.load_modules()`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from app.settings import Settings

#: Demo data: a connection as the service role, the demo users' ids (the administrator first), how many generated
#: resources besides; answers how much of what was made.
Seed = Callable[[Any, list[str], int], Awaitable[Mapping[str, int]]]
#: A background job: an async function that takes the worker's context first.
Job = Callable[..., Awaitable[Any]]
DAY = 86400
#: The row among the jobs that says that a backup was put in the place of the database: which one, of when, and when.
RESTORED = "backup_restored"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that is run by the clock: once at each of its times, however many workers there are."""

    job: Job
    #: Counted from the start of 1970, a Thursday, in UTC: `every=DAY, at=7 * 3600` is each day at seven.
    every: int
    at: int = 0
    #: The job is told `since` and `until`: a minute before its last time, and before this one.
    windowed: bool = False
    #: In a database that has never seen it, it waits for its next time: so new a one may be there to be replaced.
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Pulse:
    """Something that each worker does all the time, beside its jobs; two of them doing it at once do no harm."""

    beat: Job
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Person:
    """What a module knows of the people of a tenant, as statements that run as the service role."""

    #: Given a tenant and a user: at most one row with username, full_name, avatar_url, bio and role.
    describe: str
    #: Given a tenant and a user name: whether somebody has it.
    has_username: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """What requests below a path may do beyond the bounds of all others."""

    path: str
    #: Size of the body; 0: the route counts for itself.
    body_bytes: int | None = None
    #: Time that a request may take.
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """Rows that let somebody read a row of another table: when one of them goes, that row may be gone for them."""

    table: str
    #: Where it has the key of the row that it lets be read, and whom it lets read it.
    column: str
    user_column: str


@dataclass(frozen=True, slots=True)
class Module:
    """A domain: its name, the database schema that it exposes, and what it brings to the entry points."""

    name: str
    summary: str
    schema: str
    #: Tables that clients may address, by name.
    tables: tuple[str, ...] = ()
    router: APIRouter | None = None
    jobs: tuple[Job, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    seed: Seed | None = None
    #: Of the modules that are there, the first that has one describes people.
    person: Person | None = None
    #: Of requests that need more room or time than others.
    allowances: Callable[[Settings], Sequence[Allowance]] | None = None
    #: Tables whose changes go to the change log.
    realtime_tables: tuple[str, ...] = ()
    #: Of those tables, by name, which of the others rights to their rows hang on.
    realtime_rights: Mapping[str, tuple[Right, ...]] = field(default_factory=dict[str, tuple[Right, ...]])
    #: What clients may hear by name, besides the rows of those tables: `app.realtime.channels.Kind`s.
    channels: tuple[Any, ...] = ()
    #: What is published on channels of Redis, for programs beside this one: `app.realtime.outlets.Outlet`s.
    outlets: tuple[Any, ...] = ()
    #: Seconds that answers computed from a table may be kept, by table.
    cache_seconds: Mapping[str, int] = field(default_factory=dict[str, int])
    #: Columns whose time takes a right away when it comes, by table: nothing is kept beyond the next of them.
    expiring: Mapping[str, str] = field(default_factory=dict[str, str])
