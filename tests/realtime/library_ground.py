"""The library as it is run: two processes of the API, a worker, and a Redis that others may listen to."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.embedded import Servers
from redis.asyncio import Redis

from tests.accounts.conftest import Member
from tests.conftest import Urls, environment_for
from tests.own_redis import OwnRedis, own_redis
from tests.own_server import CHEAP, OwnServer, own_server
from tests.realtime.conftest import PATIENCE_SECONDS, Ear

__all__ = ["Outsider", "asked", "client", "outsider", "redis", "server", "updates"]

#: Long enough for what must not come to have come.
MOMENT_SECONDS = 0.4


@pytest.fixture(scope="module")
def redis() -> Generator[OwnRedis]:
    """One that may be killed."""
    with own_redis() as redis:
        yield redis


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path, redis: OwnRedis) -> Generator[OwnServer]:
    """Two processes behind one port, and a worker."""
    environment = {**environment_for(urls, servers, data_dir), **CHEAP, "RELAIS_REDIS_URL": redis.url}
    worker = subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], env=environment, stderr=subprocess.DEVNULL)
    try:
        with own_server(environment, workers=2) as server:
            yield server
    finally:
        worker.terminate()
        worker.wait(60)


@pytest.fixture
async def client(server: OwnServer) -> AsyncGenerator[httpx.AsyncClient]:
    """Each request may be answered by either process."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(
        base_url=server.address, trust_env=False, timeout=30, limits=limits, headers={"Connection": "close"}
    ) as client:
        yield client


class Outsider:
    """A program that listens to channels of Redis."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def of(self, channel: str) -> list[dict[str, Any]]:
        """What came on a channel."""
        return [message for name, message in self.heard if name == channel]

    async def until(self, found: Callable[["Outsider"], Any], seconds: float = PATIENCE_SECONDS) -> Any:
        """What is found in the end."""
        deadline = time.monotonic() + seconds
        while not (value := found(self)):
            assert time.monotonic() < deadline, self.heard
            await asyncio.sleep(0.01)
        return value


@asynccontextmanager
async def outsider(redis: OwnRedis, *patterns: str) -> AsyncGenerator[Outsider]:
    """One that hears all channels of these forms."""
    outsider, client = Outsider(), Redis.from_url(redis.url)
    listening = client.pubsub()
    await listening.psubscribe(*patterns)

    async def listen() -> None:
        async for message in listening.listen():
            if message["type"] == "pmessage":
                outsider.heard.append((message["channel"].decode(), json.loads(message["data"])))

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.1)
    try:
        yield outsider
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await listening.aclose()
        await client.aclose()


async def asked(client: httpx.AsyncClient, who: Member, method: str, path: str, body: Any = None) -> Any:
    """The answer to a request that is granted."""
    answer = await client.request(method, path, json=body, headers=who.headers)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def updates(ear: Ear) -> list[dict[str, Any]]:
    """What was told of resources, without names in snake_case."""
    return [
        {name: value for name, value in told["update"].items() if "_" not in name} for told in ear.of("resource:update")
    ]
