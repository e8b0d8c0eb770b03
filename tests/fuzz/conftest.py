"""The awkward database, and the gateway on it in two ways: one where nothing stays, one that runs as it is shipped."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from app.embedded import Servers
from app.main import create_app
from app.servers import resolved
from app.settings import Settings
from fastapi import FastAPI

from tests.conftest import Urls, run_sql, settings_for, started, with_database
from tests.dialect.configuration import Configuration, login_url
from tests.dialect.database import fingerprint, load

OPEN: dict[str, str | int | bool] = {
    "db_schemas": "api,api2",
    "db_aggregates_enabled": True,
    "db_plan_enabled": True,
}
#: Whatever a request writes is undone, and no request can say otherwise.
UNDONE = Configuration("undone", 0, OPEN | {"db_tx_end": "rollback"})
#: As it is shipped: statements stand alone wherever they can.
PLAIN = Configuration("plain", 0, OPEN | {"db_tx_end": "commit"})
STATEMENT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Awkward:
    """A copy of the awkward database of this file's own."""

    login: str
    admin: str
    #: Of every row, before anything was asked.
    fingerprint: str


@pytest.fixture(scope="module")
def awkward(servers: Servers) -> Generator[Awkward]:
    """The awkward database, as the authenticator and as the administrator reach it."""
    name = f"fuzz_{uuid4().hex[:12]}"
    asyncio.run(run_sql(servers.admin_url, f"create database {name}"))
    try:
        admin = with_database(servers.admin_url, name)
        asyncio.run(load(servers.admin_url, admin))
        yield Awkward(login_url(servers.admin_url, name), admin, asyncio.run(fingerprint(admin)))
    finally:
        asyncio.run(run_sql(servers.admin_url, f"drop database if exists {name} with (force)"))


Gateways = Callable[[Configuration], AbstractAsyncContextManager[FastAPI]]


@pytest.fixture(scope="module")
def gateway(awkward: Awkward, servers: Servers, data_dir: Path) -> Gateways:
    """Starts a gateway on the awkward database, set up in some way."""
    base = settings_for(Urls(awkward.login, awkward.login), servers, data_dir)

    @asynccontextmanager
    async def running(configuration: Configuration) -> AsyncGenerator[FastAPI]:
        with resolved(_hurried(configuration.relais(base, awkward.login))) as settings:
            async with started(create_app(settings)) as app:
                yield app

    return running


def _hurried(settings: Settings) -> Settings:
    """Statements that would run for long are not what is looked for, nor is what runs beside requests."""
    database = settings.database.model_copy(
        update={"statement_timeout_seconds": STATEMENT_SECONDS, "acquire_timeout_seconds": 30.0}
    )
    # What reads the log uses connections when it likes, and what is lent is looked at here.
    realtime = settings.realtime.model_copy(update={"enabled": False})
    return settings.model_copy(update={"database": database, "realtime": realtime})
