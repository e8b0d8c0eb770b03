"""Databases for these tests: one migrated and filled with a world, a copy of it for each module."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from app.adapters import migrations
from app.embedded import Servers
from sqlalchemy import make_url

from .world import fill

PREFIX = f"relais_test_{os.getpid()}"


@pytest.fixture(scope="session")
def admin_url(servers: Servers) -> str:
    """An owner of a real PostgreSQL who may create databases."""
    return servers.admin_url


@pytest.fixture(scope="session")
def world(admin_url: str) -> Iterator[str]:
    """The name of a database with everything in it that `world.py` speaks of."""
    name = f"{PREFIX}_world"
    create(admin_url, name)
    try:
        migrations.upgrade(url_of(admin_url, name))
        run(_with_connection(url_of(admin_url, name), fill))
        yield name
    finally:
        drop(admin_url, name)


@pytest.fixture(scope="module")
def database(admin_url: str, world: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a copy of the world that this module may do anything to."""
    name = f"{PREFIX}_{request.module.__name__.rsplit('.', 1)[-1]}"
    create(admin_url, name, world)
    yield url_of(admin_url, name)
    drop(admin_url, name)


@pytest.fixture
def empty_database(admin_url: str) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    name = f"{PREFIX}_empty"
    create(admin_url, name)
    yield url_of(admin_url, name)
    drop(admin_url, name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner, kept for the module."""
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def db(connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """The module's connection in a transaction that leaves no trace."""
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()


def url_of(admin_url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)


def create(admin_url: str, name: str, template: str | None = None) -> None:
    """Create a database, as a copy of another one if told."""
    source = f" template {template}" if template else ""
    administer(admin_url, f"drop database if exists {name} with (force)", f"create database {name}{source}")


def drop(admin_url: str, name: str) -> None:
    """Drop a database, whoever is still connected."""
    administer(admin_url, f"drop database if exists {name} with (force)")


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Await something from a fixture that is not asynchronous, away from the loop of the tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def administer(admin_url: str, *statements: str) -> None:
    """Run statements as the owner of the server, each on its own."""

    async def work(connection: asyncpg.Connection) -> None:
        for statement in statements:
            await connection.execute(statement)

    run(_with_connection(admin_url, work))


async def _with_connection(url: str, work: Any) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await work(connection)
    finally:
        await connection.close()
