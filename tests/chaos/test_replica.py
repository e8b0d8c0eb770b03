"""Reads have a server of their own, which goes away, or stays behind."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from app.adapters import migrations
from app.embedded import secrets_of

from tests.accounts.conftest import signed_up
from tests.own_postgres import OwnPostgres, own_postgres
from tests.own_redis import own_redis
from tests.own_server import CHEAP, own_server

HEADER = "relais-degraded"
PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def both(ground: Path) -> Generator[tuple[OwnPostgres, OwnPostgres]]:
    """A server, and a copy of it that hears nothing: a replica that lags for ever."""
    with own_postgres(ground / "first") as first:
        migrations.upgrade(first.admin_url)
        migrations.set_login_password(first.admin_url, secrets_of(first.directory).login)
    copied = shutil.copytree(ground / "first", ground / "second", symlinks=True)
    with own_postgres(ground / "first") as first, own_postgres(copied) as second:
        yield first, second


@pytest.fixture(scope="module")
async def client(both: tuple[OwnPostgres, OwnPostgres], ground: Path) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of an API that reads from the copy."""
    with ExitStack() as stack:
        environment = {
            **os.environ,
            **CHEAP,
            "RELAIS_ENVIRONMENT": "test",
            "RELAIS_DATA_DIR": str(ground / "api"),
            "RELAIS_DATABASE_URL": both[0].url,
            "RELAIS_DATABASE_READ_URL": both[1].url,
            # Answers that are kept are not computed there.
            "RELAIS_CACHE_ENABLED": "false",
            "RELAIS_REDIS_URL": stack.enter_context(own_redis()).url,
        }
        server = stack.enter_context(own_server(environment))
        async with httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=60) as client:
            yield client


async def read(client: httpx.AsyncClient) -> tuple[list[str], str]:
    """What a visitor reads, and what is told of it."""
    answer = await client.get("/rest/v1/resources?select=title")
    assert answer.status_code in (200, 503), answer.text
    return [row["title"] for row in answer.json()] if answer.is_success else [], answer.headers.get(HEADER, "")


async def until(client: httpx.AsyncClient, wanted: tuple[list[str], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := await read(client)) != wanted:
        assert time.monotonic() < deadline, found


async def test_reads_are_as_old_as_the_replica_and_go_elsewhere_without_one(
    client: httpx.AsyncClient, both: tuple[OwnPostgres, OwnPostgres]
) -> None:
    member, (_, replica) = await signed_up(client), both
    body = {"title": "Neuve", "description": "d", "visibility": "public"}
    assert (await client.post("/api/resources", json=body, headers=member.headers)).status_code == 201
    assert await read(client) == ([], "")
    replica.freeze()
    await until(client, (["Neuve"], "replica"))
    replica.thaw()
    await until(client, ([], ""))
    replica.kill()
    await until(client, (["Neuve"], "replica"))
    await asyncio.to_thread(replica.start)
    await until(client, ([], ""))
