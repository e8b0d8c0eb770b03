"""What is done to servers, and how it is undone, by the states of the table."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.adapters.queue import HEALTH

from tests.jobs.test_mail_worker import Worker
from tests.own_postgres import OwnPostgres
from tests.own_redis import OwnRedis

TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("table.json").read_text(encoding="utf-8"))
#: How often a process of the API tells the others of itself, and looks whether there is a worker.
_TOLD_SECONDS = 5.0


@dataclass(slots=True)
class Servers:
    """Those of the API that is asked."""

    postgres: OwnPostgres
    replica: OwnPostgres
    redis: OwnRedis
    #: What a worker beside the API is told.
    environment: dict[str, str]
    worker: Worker | None = None

    async def start_worker(self) -> None:
        """Start a worker, and wait until it has told Redis of itself."""
        self.worker = Worker(self.environment, Path(self.environment["RELAIS_DATA_DIR"]).parent / "worker.log")
        await self.worker.wait_for("worker_started")
        while self.redis.say(f"EXISTS {HEALTH}") != ":1":
            await asyncio.sleep(0.1)


@asynccontextmanager
async def redis_down(servers: Servers) -> AsyncGenerator[None]:
    servers.redis.kill()
    yield
    servers.redis.start()


@asynccontextmanager
async def redis_frozen(servers: Servers) -> AsyncGenerator[None]:
    servers.redis.freeze()
    yield
    servers.redis.thaw()


@asynccontextmanager
async def redis_full(servers: Servers) -> AsyncGenerator[None]:
    servers.redis.say("CONFIG SET maxmemory 1")
    yield
    servers.redis.say("CONFIG SET maxmemory 0")


@asynccontextmanager
async def worker_down(servers: Servers) -> AsyncGenerator[None]:
    if servers.worker is None:
        await servers.start_worker()
        await asyncio.sleep(_TOLD_SECONDS + 1)
    worker = servers.worker
    assert worker is not None
    worker.kill()
    # What it left in Redis is forgotten a little later.
    while servers.redis.say(f"EXISTS {HEALTH}") == ":1":
        await asyncio.sleep(0.1)
    await asyncio.sleep(_TOLD_SECONDS + 1)
    yield
    await servers.start_worker()


@asynccontextmanager
async def replica_down(servers: Servers) -> AsyncGenerator[None]:
    servers.replica.freeze()
    yield
    servers.replica.thaw()


@asynccontextmanager
async def postgres_down(servers: Servers) -> AsyncGenerator[None]:
    servers.postgres.kill()
    yield
    await asyncio.to_thread(servers.postgres.start)


@asynccontextmanager
async def postgres_frozen(servers: Servers) -> AsyncGenerator[None]:
    servers.postgres.freeze()
    yield
    servers.postgres.thaw()


@asynccontextmanager
async def postgres_crowded(servers: Servers) -> AsyncGenerator[None]:
    await servers.postgres.crowd()
    yield
    await servers.postgres.make_room()


@asynccontextmanager
async def postgres_read_only(servers: Servers) -> AsyncGenerator[None]:
    await servers.postgres.take_no_writes()
    yield
    await servers.postgres.take_writes()


@asynccontextmanager
async def postgres_standby(servers: Servers) -> AsyncGenerator[None]:
    await servers.postgres.become_standby()
    yield
    await servers.postgres.be_promoted()


FAULTS: dict[str, Callable[[Servers], AbstractAsyncContextManager[None]]] = {
    fault.__name__: fault
    for fault in (
        *(redis_down, redis_frozen, redis_full, worker_down),
        *(postgres_down, postgres_frozen, postgres_crowded, postgres_read_only, postgres_standby),
    )
}
