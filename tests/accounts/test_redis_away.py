"""Redis fails in every way that it can: nobody is logged out, nothing is granted, and it is found again."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from app.embedded import Servers
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, signed_up, with_group
from tests.accounts.ground import running_with
from tests.conftest import Urls, environment_for, started
from tests.own_redis import OwnRedis, own_redis
from tests.own_server import CHEAP, OwnServer, own_server

#: What a request takes besides, on a busy machine.
SLACK_SECONDS = 0.6
PATIENCE_SECONDS = 30


@pytest.fixture
def redis() -> Generator[OwnRedis]:
    with own_redis() as server:
        yield server
        if server.process is not None:
            server.thaw()


@pytest.fixture
def cheap(cheap: Settings, redis: OwnRedis) -> Settings:
    """The same settings with a Redis of this test's own."""
    return cheap.model_copy(update={"redis": redis.settings})


@pytest.fixture
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """An API of this test's own."""
    async with started(create_app(cheap)) as app:
        yield app


def kill(redis: OwnRedis) -> None:
    redis.kill()


def freeze(redis: OwnRedis) -> None:
    redis.freeze()


def fill(redis: OwnRedis) -> None:
    redis.say("CONFIG SET maxmemory 1")


def follow(redis: OwnRedis) -> None:
    redis.say("REPLICAOF 127.0.0.1 1")


def empty(redis: OwnRedis) -> None:
    redis.say("FLUSHALL")
    redis.say("SCRIPT FLUSH")


FAULTS = [kill, freeze, fill, follow, empty]


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_happens_to_redis_accounts_go_on(
    client: httpx.AsyncClient, redis: OwnRedis, fault: Callable[[OwnRedis], None]
) -> None:
    member, gone = await signed_up(client), await signed_up(client)
    assert await is_in(client, member.access_token)
    await client.post("/api/auth/signout", headers=gone.headers)
    fault(redis)
    assert await is_in(client, member.access_token)
    assert not await is_in(client, gone.access_token)
    refreshed = await client.post("/api/auth/refresh", json={"refresh_token": member.refresh_token})
    assert refreshed.status_code == 200
    opened = await client.post("/api/auth/signin", json={"email": member.email, "password": PASSWORD})
    assert opened.status_code == 200
    token = opened.json()["access_token"]
    assert await is_in(client, token)
    assert (await client.get("/rest/v1/profiles", headers=bearer(token))).status_code == 200
    assert (await client.post("/api/auth/signout", headers=bearer(token))).status_code == 200
    assert not await is_in(client, token)
    assert await is_in(client, refreshed.json()["access_token"])
    assert (await client.post("/api/auth/refresh", json={"refresh_token": gone.refresh_token})).status_code == 401


@pytest.mark.parametrize("fault", FAULTS)
async def test_limits_are_kept_whatever_happens_to_redis(
    cheap: Settings, redis: OwnRedis, fault: Callable[[OwnRedis], None]
) -> None:
    async with running_with(with_group(cheap, "limits", auth="5/600", reads="5/600")) as client:
        await client.get("/rest/v1/profiles")
        fault(redis)
        tried = [await client.post("/api/auth/signin", json={"email": "", "password": "x"}) for _ in range(8)]
        read = [await client.get("/rest/v1/profiles") for _ in range(8)]
    assert [answer.status_code for answer in tried] == [401] * 5 + [429] * 3
    assert [answer.status_code for answer in read] == [200] * 4 + [429] * 4


async def test_keys_that_have_become_something_else_grant_nothing(client: httpx.AsyncClient, redis: OwnRedis) -> None:
    member, gone = await signed_up(client), await signed_up(client)
    await client.post("/api/auth/signout", headers=gone.headers)
    for name in ("session:*", "ratelimit:*", "attempts:*"):
        script = "for _, k in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', k) redis.call('LPUSH', k, 1) end"
        assert redis.say(f'EVAL "{script}" 0 {name}') == "$-1"
    assert await is_in(client, member.access_token)
    assert not await is_in(client, gone.access_token)
    assert (
        await client.post("/api/auth/signin", json={"email": member.email, "password": PASSWORD})
    ).status_code == 200


async def test_a_frozen_redis_delays_nobody_for_longer_than_half_a_second(
    client: httpx.AsyncClient, redis: OwnRedis
) -> None:
    member = await signed_up(client)
    redis.freeze()
    first = await asyncio.gather(*(timed(client, member) for _ in range(10)))
    assert max(first) < 0.5 + SLACK_SECONDS
    later = [await timed(client, member) for _ in range(30)]
    assert sorted(later)[len(later) // 2] < 0.2
    redis.thaw()
    await until(lambda: asks_redis(client, member, redis))


@pytest.mark.parametrize("with_its_data", [True, False])
async def test_a_session_that_ended_while_redis_was_away_stays_ended(
    cheap: Settings, redis: OwnRedis, with_its_data: bool
) -> None:
    async with running_with(cheap) as client, running_with(cheap) as other:
        member = await signed_up(client)
        kept = await signed_up(client)
        for process in (client, other):
            assert await is_in(process, member.access_token)
            assert await is_in(process, kept.access_token)
        session = redis.say("KEYS session:*")
        assert session == "*2"
        redis.kill()
        assert (await client.post("/api/auth/signout", headers=member.headers)).status_code == 200
        for process in (client, other):
            assert not await is_in(process, member.access_token)
        if not with_its_data:
            redis.forget()
        redis.start()
        for process in (client, other):
            await until(lambda process=process: asks_redis(process, kept, redis))
            assert not await is_in(process, member.access_token)
            assert await is_in(process, kept.access_token)
    # Redis still says that it is good, if it kept its data; a process that was not there knows better.
    async with running_with(cheap) as client:
        assert not await is_in(client, member.access_token)
        assert await is_in(client, kept.access_token)


@pytest.fixture(scope="module")
def workers(
    urls: Urls, servers: Servers, data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[OwnServer, OwnRedis]]:
    """Two worker processes behind one port, with a Redis of their own."""
    environment = environment_for(urls, servers, data_dir) | CHEAP
    log = tmp_path_factory.mktemp("log") / "server.log"
    with own_redis() as redis:
        with own_server(environment | {"RELAIS_REDIS_URL": redis.url}, workers=2, log=log) as server:
            yield server, redis
        assert "unexpected_error" not in log.read_text()


@pytest.mark.parametrize("away", [False, True])
async def test_a_session_that_is_ended_while_it_is_used_is_ended_on_all_workers_at_once(
    workers: tuple[OwnServer, OwnRedis], away: bool
) -> None:
    server, redis = workers
    async with on_all_workers(server) as clients:
        for _ in range(3):
            member = await signed_up(clients[0])
            assert all(await asyncio.gather(*(is_in(client, member.access_token) for client in clients)))
            if away:
                redis.kill()
            ended = asyncio.Event()
            uses = [asyncio.create_task(use_until_refused(client, member, ended)) for client in clients]
            await asyncio.sleep(0.2)
            answer = await clients[1].post("/api/auth/signout", headers=member.headers)
            ended.set()
            assert answer.status_code == 200
            # Not one answer to a request that began after that.
            assert await asyncio.gather(*uses) == [0] * len(uses)
            if away:
                redis.start()


@dataclass(slots=True)
class Seen:
    """What a load was answered."""

    right: dict[str, int] = field(default_factory=dict[str, int])
    wrong: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    slowest: float = 0.0

    def add(self, what: str, answer: httpx.Response, wanted: int) -> None:
        if answer.status_code == wanted:
            self.right[what] = self.right.get(what, 0) + 1
        else:
            self.wrong.append((what, answer.status_code, answer.text[:200]))
        self.slowest = max(self.slowest, answer.elapsed.total_seconds())


async def test_redis_dies_and_comes_back_under_load(workers: tuple[OwnServer, OwnRedis]) -> None:
    server, redis = workers
    seen, stopped = Seen(), asyncio.Event()
    async with on_all_workers(server) as clients:
        members = [await signed_up(clients[0]) for _ in range(4)]
        works = [
            *(read(client, member, seen) for client, member in zip(clients, members, strict=False)),
            *(refresh(client, member, seen) for client, member in zip(clients, members[:2], strict=False)),
            *(come_and_go(client, member, seen) for client, member in zip(clients, members[2:], strict=False)),
        ]
        load = [asyncio.create_task(repeated(work, stopped)) for work in works]
        for forgets in (False, True):
            await asyncio.sleep(0.5)
            redis.kill()
            await asyncio.sleep(1.5)
            if forgets:
                redis.forget()
            redis.start()
            # Its counts begin anew with it: workers that ask have found it again.
            await until(lambda: is_true(redis.figure("commandstats", "cmdstat_get") > 50))
        redis.freeze()
        await asyncio.sleep(1.5)
        redis.thaw()
        before = redis.figure("commandstats", "cmdstat_get")
        await until(lambda: is_true(redis.figure("commandstats", "cmdstat_get") > before + 50))
        empty(redis)
        await asyncio.sleep(0.5)
        stopped.set()
        await asyncio.gather(*load)
        assert seen.wrong == []
        assert set(seen.right) == {"read", "refresh", "sign in", "use", "sign out", "use after"}
        assert min(seen.right.values()) > 10
        assert all(await asyncio.gather(*(is_in(clients[0], member.access_token) for member in members)))


Work = Callable[[], Awaitable[None]]


def read(client: httpx.AsyncClient, member: Member, seen: Seen) -> Work:
    async def once() -> None:
        seen.add("read", await client.get("/rest/v1/profiles?limit=1", headers=member.headers), 200)

    return once


def refresh(client: httpx.AsyncClient, member: Member, seen: Seen) -> Work:
    token = member.refresh_token

    async def once() -> None:
        nonlocal token
        answer = await client.post("/api/auth/refresh", json={"refresh_token": token})
        seen.add("refresh", answer, 200)
        token = answer.json().get("refresh_token", token)

    return once


def come_and_go(client: httpx.AsyncClient, member: Member, seen: Seen) -> Work:
    async def once() -> None:
        answer = await client.post("/api/auth/signin", json={"email": member.email, "password": PASSWORD})
        seen.add("sign in", answer, 200)
        headers = bearer(answer.json().get("access_token", ""))
        seen.add("use", await client.get("/rest/v1/profiles?limit=1", headers=headers), 200)
        seen.add("sign out", await client.post("/api/auth/signout", headers=headers), 200)
        # On a connection of its own, to whichever worker takes it.
        async with httpx.AsyncClient(base_url=client.base_url, trust_env=False, timeout=20) as other:
            seen.add("use after", await other.get("/rest/v1/profiles?limit=1", headers=headers), 401)

    return once


async def repeated(work: Work, stopped: asyncio.Event) -> None:
    while not stopped.is_set():
        await work()


async def use_until_refused(client: httpx.AsyncClient, member: Member, ended: asyncio.Event) -> int:
    """How often a session was still good in requests that began after its end."""
    wrong = after = 0
    while after < 5:
        began_after = ended.is_set()
        after += began_after
        wrong += began_after and await is_in(client, member.access_token)
        if not began_after:
            await client.get("/api/auth/session", headers=member.headers)
    return wrong


@asynccontextmanager
async def on_all_workers(server: OwnServer) -> AsyncGenerator[list[httpx.AsyncClient]]:
    """Clients that keep their connections, some to each worker."""
    async with AsyncExitStack() as stack:
        clients: list[httpx.AsyncClient] = []
        for _ in range(100):
            client = httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=20)
            clients.append(await stack.enter_async_context(client))
            await client.get("/live")
            if len(clients) >= 8 and min(server.holds()) >= 2:
                break
        assert len(server.holds()) == 2
        assert min(server.holds()) >= 2
        yield clients


async def timed(client: httpx.AsyncClient, member: Member) -> float:
    """How long it takes to read with a session."""
    began = time.monotonic()
    assert (await client.get("/rest/v1/profiles?limit=1", headers=member.headers)).status_code == 200
    return time.monotonic() - began


async def asks_redis(client: httpx.AsyncClient, member: Member, redis: OwnRedis) -> bool:
    """Whether a process asks Redis for a session."""
    before = redis.figure("commandstats", "cmdstat_get")
    await is_in(client, member.access_token)
    return redis.figure("commandstats", "cmdstat_get") > before


async def is_true(value: bool) -> bool:
    return value


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)
