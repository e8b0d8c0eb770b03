"""Several processes, without Redis, and with one of them killed: everybody is told everything."""

import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.embedded import Servers

from tests.accounts.conftest import signed_up
from tests.conftest import Urls, environment_for
from tests.own_redis import OwnRedis, own_redis
from tests.own_server import CHEAP, OwnServer, own_server
from tests.realtime.conftest import Ear, listening
from tests.realtime.test_events import ROWS, changes, new_resource

EARS = 6


@pytest.fixture(scope="module")
def redis() -> Generator[OwnRedis]:
    with own_redis() as redis:
        yield redis


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path, redis: OwnRedis) -> Generator[OwnServer]:
    """Two processes behind one port."""
    environment = {**environment_for(urls, servers, data_dir), **CHEAP, "RELAIS_REDIS_URL": redis.url}
    with own_server(environment, workers=2) as server:
        yield server


async def follow(stack: AsyncExitStack, server: OwnServer, token: str, since: int | None = None) -> Ear:
    ear = await stack.enter_async_context(listening(server.address, token))
    wanted: dict[str, Any] = {"channel": "rows", "postgres_changes": {**ROWS, "event": "INSERT"}}
    await ear.subscribe(wanted if since is None else {**wanted, "since": since})
    return ear


def titles(ear: Ear) -> list[str]:
    return [item["new"]["title"] for item in changes(ear)]


async def test_all_are_told_in_every_process_whatever_becomes_of_redis(
    server: OwnServer, client: httpx.AsyncClient, redis: OwnRedis
) -> None:
    member = await signed_up(client)
    async with AsyncExitStack() as stack:
        ears = [await follow(stack, server, member.access_token) for _ in range(EARS)]
        for number in range(15):
            if number == 5:
                redis.kill()
            if number == 10:
                redis.start()
            await new_resource(client, member, f"{number}")
        for ear in ears:
            await ear.until(lambda ear: len(changes(ear)) >= 15)
            assert titles(ear) == [f"{number}" for number in range(15)]


async def test_who_was_connected_to_a_process_that_is_killed_reads_on(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    member = await signed_up(client)
    async with AsyncExitStack() as stack:
        ears = [await follow(stack, server, member.access_token) for _ in range(EARS)]
        await new_resource(client, member, "avant")
        for ear in ears:
            await ear.until(changes)
        server.workers()[0].kill()
        await asyncio.sleep(0.2)
        async with httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=30) as other:
            await new_resource(other, member, "pendant")
        for number, ear in enumerate(ears):
            if not ear.client.connected:
                ears[number] = await follow(stack, server, member.access_token, changes(ear)[-1]["position"])
                ears[number].heard[:0] = ear.heard
        for ear in ears:
            await ear.until(lambda ear: len(changes(ear)) >= 2)
            assert titles(ear) == ["avant", "pendant"]
