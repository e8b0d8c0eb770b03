"""Ten thousand changes by many writers, while all that carries them is killed in turn: each is told, in order, once."""

import asyncio
import random
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import httpx
import pytest
import socketio
from app.embedded import Servers
from socketio.exceptions import SocketIOError

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls, environment_for
from tests.own_redis import OwnRedis, own_redis
from tests.own_server import CHEAP, OwnServer, own_server

CHANGES, WRITERS, AHEAD, ROUNDS = 10_000, 8, 3000, 2
INSERT = """
    insert into library.resources (id, tenant_id, user_id, title, description, visibility)
    select $1, p.tenant_id, p.id, $2, 'd', 'public' from library.profiles as p where p.id = $3
"""
#: Whoever numbers the log, reads it, or judges who may see what.
DISPATCHERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and (query ~ 'number_changes|change_log|change_marks|jsonb_populate_record|who listens' or query ~* '^listen')
"""


@pytest.fixture(scope="module")
def redis() -> Generator[OwnRedis]:
    with own_redis() as redis:
        yield redis


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path, redis: OwnRedis) -> Generator[OwnServer]:
    """Two processes, and a queue that is soon full: being too slow is one more of the things that happen."""
    environment = {
        **environment_for(urls, servers, data_dir),
        **CHEAP,
        "RELAIS_REDIS_URL": redis.url,
        "RELAIS_REALTIME_BACKLOG_EVENTS": "200",
        "RELAIS_REALTIME_EVENTS_PER_SECOND": "10000",
    }
    with own_server(environment, workers=2) as server:
        yield server


@dataclass
class Follower:
    """A client as it should be: it knows what it saw last, and says so whenever it comes back."""

    server: OwnServer
    token: str
    position: int | None = None
    seen: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    connections: int = 0
    gaps: int = 0
    client: socketio.AsyncClient | None = None

    async def follow(self) -> None:
        """Connect, again and again."""
        while True:
            with suppress(SocketIOError, OSError, TimeoutError):
                await self._once()
            await asyncio.sleep(0.02)

    async def _once(self) -> None:
        async with aiohttp.ClientSession() as session:
            await self._connected(session)

    async def _connected(self, session: aiohttp.ClientSession) -> None:
        self.client = client = socketio.AsyncClient(reconnection=False, http_session=session)
        behind = asyncio.Event()

        async def told(change: Any) -> None:
            if not behind.is_set():
                self.position = change["position"]
                self.seen.append((change["position"], change["new"]["id"]))

        async def gap(missed: Any) -> None:
            # Nothing after it is taken before what is missing was told.
            self.gaps += 1
            assert self.position is None or missed["since"] >= self.position
            behind.set()

        client.on("postgres_changes", told)

        async def subscribed(_: Any) -> None:
            # What comes from here on is of this subscription, and not of the one before.
            behind.clear()

        client.on("gap", gap)
        client.on("subscribed", subscribed)
        try:
            await client.connect(
                self.server.address, auth={"token": self.token}, transports=["websocket"], wait_timeout=5
            )
            self.connections += 1
            while client.connected:
                behind.set()
                rows = {"event": "INSERT", "schema": "public", "table": "resources"}
                wanted = {"channel": "rows", "postgres_changes": rows}
                if self.position is not None:
                    wanted["since"] = self.position
                answer = await client.call("subscribe", wanted, timeout=10)
                if "error" not in answer:
                    if self.position is None:
                        self.position = answer["position"]
                    while client.connected and not behind.is_set():
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.05)
        finally:
            with suppress(Exception):
                await client.disconnect()

    async def cut(self) -> None:
        """End the connection without a word."""
        socket: Any = self.client.eio.ws if self.client is not None else None
        if socket is not None:
            with suppress(Exception):
                socket._response.connection.transport.abort()


@pytest.fixture
async def member(server: OwnServer) -> AsyncGenerator[Member]:
    async with httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=30) as client:
        yield await signed_up(client)


async def write(urls: Urls, owner: str, number: int, committed: list[str], follower: Follower) -> None:
    """Many changes, most of them by themselves, some together, some taken back; not all before any trouble is over."""
    connection = await asyncpg.connect(urls.admin)
    chance = random.Random(number)
    try:
        left = CHANGES // WRITERS
        while left:
            while len(committed) * WRITERS > len(follower.seen) + AHEAD:
                await asyncio.sleep(0.01)
            some = [str(uuid4()) for _ in range(min(left, chance.choice((1, 1, 1, 1, 2, 5))))]
            transaction = connection.transaction()
            await transaction.start()
            await connection.executemany(INSERT, [(UUID(one), one, UUID(owner)) for one in some])
            if chance.random() < 0.05:
                await transaction.rollback()
                continue
            await transaction.commit()
            committed += some
            left -= len(some)
    finally:
        await connection.close()


async def trouble(urls: Urls, server: OwnServer, redis: OwnRedis, follower: Follower) -> None:
    """One thing after the other; each when something is told again."""
    chance = random.Random(7)
    connection = await asyncpg.connect(urls.admin)
    try:
        for _ in range(ROUNDS):
            for kind in ("cut", "worker", "redis", "dispatcher"):
                known = len(follower.seen)
                while len(follower.seen) < known + 200:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(chance.uniform(0, 0.3))
                if kind == "cut":
                    await follower.cut()
                elif kind == "worker":
                    # The other one goes on, if it is there already.
                    chance.choice(server.workers()).kill()
                elif kind == "redis":
                    redis.kill()
                    await asyncio.sleep(0.2)
                    await asyncio.to_thread(redis.start)
                else:
                    await connection.execute(DISPATCHERS)
    finally:
        await connection.close()
        if redis.process is None:
            redis.start()


async def test_what_is_received_is_what_was_committed(
    server: OwnServer, urls: Urls, redis: OwnRedis, member: Member
) -> None:
    follower = Follower(server, member.access_token)
    following = asyncio.create_task(follower.follow())
    committed: list[list[str]] = [[] for _ in range(WRITERS)]
    async with asyncio.timeout(240):
        while follower.position is None:
            await asyncio.sleep(0.01)
        troubling = asyncio.create_task(trouble(urls, server, redis, follower))
        await asyncio.gather(*(write(urls, member.id, number, mine, follower) for number, mine in enumerate(committed)))
        await troubling
        while len(follower.seen) < CHANGES:
            assert not following.done(), following
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    positions = [position for position, _ in follower.seen]
    assert positions == sorted(set(positions))
    places = {one: place for place, (_, one) in enumerate(follower.seen)}
    assert places.keys() == {one for mine in committed for one in mine}
    assert len(places) == CHANGES == len(follower.seen)
    for mine in committed:
        # Each writer's transactions in their order.
        assert [places[one] for one in mine] == sorted(places[one] for one in mine)
    assert follower.connections > 2
