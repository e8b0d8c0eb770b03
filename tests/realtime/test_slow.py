"""Clients that are slow, or do not read at all: they cost little, delay nobody, and are told what they missed."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from app.embedded import Servers

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls, environment_for
from tests.own_server import CHEAP, OwnServer, own_server
from tests.realtime.conftest import listening
from tests.realtime.raw import Raw, raw
from tests.realtime.test_events import ROWS, changes, new_resource

MIB = 1024 * 1024
#: More of a row than a client may leave waiting.
LONG = "x" * 20_000
CONFIG = {"channel": "rows", "postgres_changes": {**ROWS, "event": "UPDATE"}}


def patient_for(seconds: int, urls: Urls, servers: Servers, data_dir: Path) -> AbstractContextManager[OwnServer]:
    """An API that has so much patience with who does not read."""
    environment = environment_for(urls, servers, data_dir)
    return own_server({**environment, **CHEAP, "RELAIS_REALTIME_PING_SECONDS": str(seconds)})


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path) -> Generator[OwnServer]:
    with patient_for(60, urls, servers, data_dir) as server:
        yield server


@pytest.fixture
def impatient(urls: Urls, servers: Servers, data_dir: Path) -> Generator[OwnServer]:
    with patient_for(2, urls, servers, data_dir) as server:
        yield server


@pytest.fixture
async def database(urls: Urls) -> AsyncGenerator[Any]:
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


async def change(database: Any, resource_id: str, times: int, description: str = "d") -> None:
    """Change a resource so many times, each in a transaction of its own."""
    for number in range(times):
        await database.execute(
            "update library.resources set title = $2, description = $3 where id = $1::text::uuid",
            resource_id,
            str(number),
            description,
        )


@asynccontextmanager
async def slow(server: OwnServer, who: Member) -> AsyncGenerator[Raw]:
    """Somebody whose machine holds next to nothing for them."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", server.port))
    async with raw(server, who.access_token, sock=own, max_queue=1) as one:
        yield one


async def told(one: Raw) -> AsyncGenerator[tuple[str, Any]]:
    """What somebody reads, one after the other."""
    while True:
        name, payload = json.loads((await one.until("42")).removeprefix("42"))
        yield name, payload


async def test_who_was_away_for_long_is_told_everything(
    server: OwnServer, client: httpx.AsyncClient, database: Any
) -> None:
    who = await signed_up(client)
    made = await new_resource(client, who, "Changé")
    async with listening(server.address, who.access_token) as ear:
        position = (await ear.subscribe(CONFIG))["position"]
    await change(database, made["id"], 3000)
    async with listening(server.address, who.access_token) as ear:
        await ear.subscribe({**CONFIG, "since": position})
        await ear.until(lambda ear: len(changes(ear)) >= 3000)
        assert [item["new"]["title"] for item in changes(ear)] == [str(number) for number in range(3000)]
        assert not ear.of("gap")


async def test_who_was_away_for_more_than_fits_is_told_everything(
    server: OwnServer, client: httpx.AsyncClient, database: Any
) -> None:
    who = await signed_up(client)
    made = await new_resource(client, who, "Changé")
    async with listening(server.address, who.access_token) as ear:
        position = (await ear.subscribe(CONFIG))["position"]
    # Ten times what may wait.
    await change(database, made["id"], 500, LONG)
    async with slow(server, who) as one:
        await one.acknowledged("subscribe", {**CONFIG, "since": position})
        heard = list[str]()
        async for name, payload in told(one):
            assert name != "gap"
            if name == "postgres_changes":
                heard.append(payload["new"]["title"])
                await asyncio.sleep(0.002)
            if len(heard) == 500:
                break
        assert heard == [str(number) for number in range(500)]


async def test_a_burst_of_long_rows_makes_nobody_slow(
    server: OwnServer, client: httpx.AsyncClient, database: Any
) -> None:
    who = await signed_up(client)
    made = await new_resource(client, who, "Changé")
    async with listening(server.address, who.access_token) as ear:
        await ear.subscribe(CONFIG)
        async with database.transaction():
            await change(database, made["id"], 200, LONG)
        await ear.until(lambda ear: len(changes(ear)) >= 200)
        assert not ear.of("gap")


async def test_who_does_not_read_for_a_while_is_told_of_a_gap_and_costs_little(
    server: OwnServer, client: httpx.AsyncClient, database: Any
) -> None:
    who, other = await signed_up(client), await signed_up(client)
    made = await new_resource(client, who, "Changé")
    process = psutil.Process(server.pid)
    async with slow(server, who) as one, listening(server.address, other.access_token) as ear:
        since = (await one.acknowledged("subscribe", CONFIG))["position"]
        await ear.subscribe(CONFIG)
        await change(database, made["id"], 50, LONG)
        await ear.until(lambda ear: len(changes(ear)) >= 50)
        before = process.memory_info().rss
        one.socket.transport.pause_reading()
        # 16 MB of events.
        await change(database, made["id"], 400, LONG)
        await ear.until(lambda ear: len(changes(ear)) >= 450)
        assert process.memory_info().rss - before < 12 * MIB
        for number in range(451, 500):
            began = time.monotonic()
            await change(database, made["id"], 1, LONG)
            await ear.until(lambda ear, number=number: len(changes(ear)) >= number)
            assert time.monotonic() - began < 1.5
        assert not ear.of("gap")
        one.socket.transport.resume_reading()
        position, gaps, last = since, 0, changes(ear)[-1]["position"]
        async for name, payload in told(one):
            if name == "gap":
                assert (payload["channel"], payload["since"] >= position) == ("rows", True)
                position, gaps = payload["position"], gaps + 1
            elif name == "postgres_changes":
                # In order, and from where the gap ended.
                assert payload["position"] > position
                position = payload["position"]
            if position >= last:
                break
        assert gaps
        await change(database, made["id"], 1)
        async for name, payload in told(one):
            if name == "postgres_changes":
                assert payload["position"] > position
                break


async def test_who_never_reads_again_is_cut_off(impatient: OwnServer, client: httpx.AsyncClient, database: Any) -> None:
    who = await signed_up(client)
    made = await new_resource(client, who, "Changé")
    process = psutil.Process(impatient.pid)

    def connections() -> int:
        return sum(
            part.laddr.port == impatient.port and part.status == "ESTABLISHED"
            for part in process.net_connections("tcp")
        )

    async with slow(impatient, who) as one, slow(impatient, who) as idle:
        for each in (one, idle):
            await each.acknowledged("subscribe", CONFIG)
            each.socket.transport.pause_reading()
        here = connections()
        # One is not even told enough to fill what its machine holds for it.
        await idle.socket.send('42["unsubscribe","rows"]')
        await change(database, made["id"], 400, LONG)
        deadline = time.monotonic() + 30
        while connections() > here - 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        for each in (one, idle):
            each.socket.transport.abort()
