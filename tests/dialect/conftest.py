"""The awkward database in the run's PostgreSQL, and the two that answer questions about it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from app.embedded import Servers
from app.settings import Settings

from tests.conftest import Urls, run_sql, with_database
from tests.javascript import NoPackages

from .configuration import CONFIGURATIONS, login_url
from .database import HERE, ROLES, fingerprint, load
from .lab import lab
from .picture import Picture, picture_of
from .postgrest import NoPostgrest, binary, running_postgrest
from .tracker import tracker_database


@dataclass(frozen=True, slots=True)
class DialectDatabase:
    """The database twice: what one side does to its own, the other must not feel."""

    reference: str
    ours: str
    admin_reference: str
    admin_ours: str
    #: Of every row, before anything was asked.
    fingerprint: str


@pytest.fixture(scope="session")
def dialect_database(servers: Servers) -> Generator[DialectDatabase]:
    """Two copies of the awkward database, as the authenticator and as the administrator reach them."""
    names = [f"dialect_{uuid4().hex[:12]}" for _ in range(2)]
    first, second = names
    asyncio.run(run_sql(servers.admin_url, f"create database {first}"))
    try:
        asyncio.run(load(servers.admin_url, with_database(servers.admin_url, first)))
        asyncio.run(run_sql(servers.admin_url, f"create database {second} template {first}"))
        logins = [login_url(servers.admin_url, name) for name in names]
        admins = [with_database(servers.admin_url, name) for name in names]
        yield DialectDatabase(*logins, *admins, asyncio.run(fingerprint(admins[0])))
    finally:
        for name in names:
            asyncio.run(run_sql(servers.admin_url, f"drop database if exists {name} with (force)"))


@pytest.fixture(scope="session")
def tracker_url(servers: Servers, dialect_database: DialectDatabase) -> Generator[str]:
    """The tracker's database, which is only read."""
    with tracker_database(servers.admin_url) as url:
        yield url


@pytest.fixture(scope="session")
def picture(dialect_database: DialectDatabase) -> Picture:
    """What the generator knows of the database."""
    return asyncio.run(picture_of(dialect_database.admin_reference))


@pytest.fixture(scope="module")
def lab_urls(servers: Servers) -> Generator[Urls]:
    """The small database of `lab.sql`, one for each file that asks for it."""
    name = f"dialect_{uuid4().hex[:12]}"
    asyncio.run(run_sql(servers.admin_url, ROLES, f"create database {name}"))
    urls = Urls(login_url(servers.admin_url, name), with_database(servers.admin_url, name))
    try:
        asyncio.run(run_sql(urls.admin, (HERE / "lab.sql").read_text()))
        yield urls
    finally:
        asyncio.run(run_sql(servers.admin_url, f"drop database if exists {name} with (force)"))


@pytest.fixture(scope="module")
async def lab_client(settings: Settings, lab_urls: Urls) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the small database, the options being the usual ones of these tests."""
    async with lab(settings, lab_urls.login) as client:
        yield client


Starter = Callable[[dict[str, str]], AbstractContextManager[tuple[str, int]]]


@pytest.fixture(scope="session")
def start_postgrest(dialect_database: DialectDatabase) -> Starter:
    """Starts PostgREST with these `PGRST_` variables; skips, saying why, where there is none."""
    try:
        binary()
    except (NoPostgrest, NoPackages) as problem:
        pytest.skip(f"PostgREST 12.0.2 is not to be had: {problem}")
    return lambda options: running_postgrest(dialect_database.reference, options)


@pytest.fixture(scope="module")
def postgrest(start_postgrest: Starter) -> Generator[tuple[str, int]]:
    """Where a PostgREST with the first configuration answers."""
    with start_postgrest(CONFIGURATIONS[0].postgrest()) as address:
        yield address
