"""Databases of their own for these tests, and a keeper that tells what it hears and does."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from app.adapters.postgres import LOOK, NOBODY, Database
from app.catalog.introspect import Scope, introspect
from app.catalog.keeper import Keeper
from app.catalog.types import Catalog
from app.embedded import Servers
from app.settings import RestSettings, Settings
from pydantic import SecretStr

from tests.conftest import Urls, run_sql, settings_for, with_database

PATIENCE = 30


@pytest.fixture(scope="module")
def plain(servers: Servers, template: Urls) -> Generator[Urls]:
    """An empty database that tells nobody when it changes, with a schema `shop` that everybody may use.

    The roles are of the whole server: they come with the migrated template.
    """
    name = f"catalog_{uuid4().hex[:12]}"
    urls = Urls(with_database(servers.database_url, name), with_database(servers.admin_url, name))
    asyncio.run(run_sql(servers.admin_url, f"create database {name}"))
    try:
        asyncio.run(
            run_sql(
                urls.admin,
                "create schema shop",
                "grant usage on schema shop to anon",
                "alter default privileges in schema shop grant all on tables to anon",
            )
        )
        yield urls
    finally:
        asyncio.run(run_sql(servers.admin_url, f"drop database if exists {name} with (force)"))


@pytest.fixture
def plain_settings(plain: Urls, servers: Servers, data_dir: Path) -> Settings:
    """Settings for that database."""
    settings = with_rest(settings_for(plain, servers, data_dir), db_schemas="shop")
    secret = SecretStr("a secret of these tests, long enough")
    return settings.model_copy(update={"auth": settings.auth.model_copy(update={"secret": secret})})


@pytest.fixture
async def told(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The owner of a migrated database with an empty schema `shop`, whose every change is announced."""
    connection = await asyncpg.connect(urls.admin)
    await connection.execute("create schema shop; grant usage on schema shop to anon")
    await connection.execute("alter default privileges in schema shop grant all on tables to anon")
    yield connection
    await connection.execute("drop schema shop cascade")
    await connection.close()


def login_in(urls: Urls) -> str:
    """The login's role in this database, as `ALTER ROLE` names it."""
    login = urlsplit(urls.login)
    return f"{login.username} in database {login.path.removeprefix('/')}"


def with_rest(settings: Settings, **rest: Any) -> Settings:
    """The settings with some of the gateway's changed."""
    return settings.model_copy(update={"rest": settings.rest.model_copy(update=rest)})


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def picture(settings: Settings, *schemas: str) -> tuple[Catalog, list[str]]:
    """The catalog of some schemas, and the statements that it took."""
    database, asked = Database(settings.database), []
    await database.open()
    try:
        async with database.transaction(NOBODY, "read", isolation="repeatable_read") as connection:
            connection.add_query_logger(lambda record: asked.append(record.query))  # type: ignore[attr-defined]
            catalog = await introspect(connection, Scope(schemas, ("public",), "tenant_id"), 1)
            await asyncio.sleep(0)  # the driver logs in the loop's next turn
            return catalog, list(asked)
    finally:
        await database.close()


class Pairs:
    """Makes of settings and a catalog a pair of them."""

    def check(self, settings: RestSettings) -> None:
        """Any will do."""

    def __call__(
        self, settings: RestSettings, schemas: tuple[str, ...], catalog: Catalog
    ) -> tuple[RestSettings, Catalog]:
        return settings, catalog


class Watched(Keeper[tuple[RestSettings, Catalog]]):
    """A keeper that notes what it hears and how its loads end."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Database(settings.database), settings.rest, (), Pairs())
        self.heard: list[tuple[str, str]] = []
        self.loads: list[bool] = []

    @property
    def tables(self) -> set[str]:
        """The names of the tables in the picture of now."""
        assert self.current is not None
        return {name.name for name in self.current[1].tables}

    @property
    def functions(self) -> set[str]:
        """The names of the functions in the picture of now."""
        assert self.current is not None
        return {name.name for name in self.current[1].functions}

    async def settled(self) -> None:
        """Wait until nothing more is to be loaded."""
        await until(lambda: not self._wanted.is_set() and not self._lock.locked())

    async def _loaded(self) -> bool:
        loaded = await super()._loaded()
        self.loads.append(loaded)
        return loaded

    def _heard(self, channel: str, payload: str) -> None:
        self.heard.append((channel, payload))
        super()._heard(channel, payload)


@asynccontextmanager
async def keeping(settings: Settings) -> AsyncGenerator[Watched]:
    """A keeper at work, listening."""
    await nobody_listens(settings)
    keeper = Watched(settings)
    await keeper.database.open()
    try:
        await keeper.start()
        if settings.rest.db_channel_enabled:
            await somebody_listens(settings)
        yield keeper
    finally:
        await keeper.stop()
        await keeper.database.close()


async def nobody_listens(settings: Settings) -> None:
    """Wait until those who listened to this database before are gone."""
    await _until_listeners(settings, "not exists")


async def somebody_listens(settings: Settings) -> None:
    """Wait until somebody listens to this database, on all channels."""
    # The configured channel is the last one that is listened to.
    last = f"(query ilike 'listen %{settings.rest.db_channel}%' or query = $look${LOOK}$look$)"
    await _until_listeners(settings, "exists", f"and state = 'idle' and {last}")


async def _until_listeners(settings: Settings, exist: str, how: str = "") -> None:
    statement = (
        f"select {exist} (select from pg_stat_activity where datname = current_database()"
        f" and application_name = 'relais listener' {how})"
    )
    assert settings.database.admin_url is not None
    connection = await asyncpg.connect(settings.database.admin_url.get_secret_value())
    try:
        async with asyncio.timeout(PATIENCE):
            while not await connection.fetchval(statement):
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
