"""What has ended is over at once: in every process, while requests run, without Redis, and while nobody listens."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from app.auth.endings import Endings
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import Member, is_in, signed_up, with_group
from tests.accounts.ground import value
from tests.conftest import Urls, client_of, started

REVOKE = "update relais.sessions set revoked_at = now() where user_id = $1::text::uuid"
DEAF = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where application_name = 'relais listener' and datname = current_database()
"""
#: A port that nothing listens on.
NOWHERE = SecretStr("redis://127.0.0.1:1/0")


@dataclass(frozen=True, slots=True)
class Process:
    """One of several processes of an installation, as a load balancer sees it."""

    app: FastAPI
    client: httpx.AsyncClient

    @property
    def endings(self) -> Endings:
        return self.app.state.relais.guard.endings


@asynccontextmanager
async def two(settings: Settings) -> AsyncGenerator[tuple[Process, Process]]:
    async with started(create_app(settings)) as one, started(create_app(settings)) as other:
        async with client_of(one) as first, client_of(other) as second:
            pair = Process(one, first), Process(other, second)
            for process in pair:
                await until(lambda process=process: process.endings.hears)
            yield pair


@pytest.fixture
async def processes(cheap: Settings) -> AsyncGenerator[tuple[Process, Process]]:
    """Two processes that share a database and a Redis."""
    async with two(cheap) as pair:
        yield pair


@pytest.fixture
async def without_redis(cheap: Settings) -> AsyncGenerator[tuple[Process, Process]]:
    """Two processes that share a database and find no Redis."""
    async with two(with_group(cheap, "redis", url=NOWHERE, timeout_seconds=0.2)) as pair:
        yield pair


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(20):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.005)


async def known_to_both(pair: tuple[Process, Process], member: Member) -> None:
    """A session that both processes have let in, so that whatever is remembered of it is remembered now."""
    for process in pair:
        for _ in range(2):
            assert await is_in(process.client, member.access_token)


async def test_signing_out_counts_in_every_process_at_once(processes: tuple[Process, Process]) -> None:
    one, other = processes
    member = await signed_up(one.client)
    await known_to_both(processes, member)
    await one.client.post("/api/auth/signout", headers=member.headers)
    for process in processes:
        assert not await is_in(process.client, member.access_token)
        answer = await process.client.get("/rest/v1/profiles", headers=member.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")
    answer = await other.client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})
    assert answer.status_code == 401


async def test_a_replayed_token_ends_the_session_in_every_process_at_once(processes: tuple[Process, Process]) -> None:
    one, other = processes
    member = await signed_up(one.client)
    token = member.refresh_token
    for _ in range(2):
        token = (await one.client.post("/api/auth/refresh", json={"refreshToken": token})).json()["refresh_token"]
    await known_to_both(processes, member)
    await one.client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})
    assert not await is_in(other.client, member.access_token)


@pytest.mark.parametrize("redis", ["there", "away"])
async def test_no_request_that_begins_after_the_end_is_let_in(
    redis: str, request: pytest.FixtureRequest, cheap: Settings
) -> None:
    settings = cheap if redis == "there" else with_group(cheap, "redis", url=NOWHERE, timeout_seconds=0.2)
    async with two(settings) as (one, other):
        member = await signed_up(one.client)
        ended: list[float] = []
        let_in: list[float] = []

        async def keep_asking(process: Process) -> None:
            refused = 0
            while refused < 5:
                began = time.perf_counter()
                answer = await process.client.get("/rest/v1/profiles", headers=member.headers)
                assert answer.status_code in (200, 401)
                if answer.status_code == 200:
                    let_in.append(began)
                else:
                    refused += 1

        async def sign_out() -> None:
            await until(lambda: len(let_in) >= 20)
            await one.client.post("/api/auth/signout", headers=member.headers)
            ended.append(time.perf_counter())

        async with asyncio.timeout(30):
            await asyncio.gather(*(keep_asking(process) for process in (one, other, one, other)), sign_out())
        assert max(let_in) < ended[0], "somebody was let in after the sign-out had been answered"


async def test_without_redis_an_end_counts_in_every_process_at_once(without_redis: tuple[Process, Process]) -> None:
    one, other = without_redis
    member = await signed_up(one.client)
    await known_to_both(without_redis, member)
    await one.client.post("/api/auth/signout", headers=member.headers)
    for process in (one, other):
        assert not await is_in(process.client, member.access_token)


async def test_what_is_ended_in_the_database_itself_is_announced(
    processes: tuple[Process, Process], urls: Urls
) -> None:
    """Redis still says that the session is good; nobody has told it otherwise."""
    member = await signed_up(processes[0].client)
    await known_to_both(processes, member)
    await value(urls.admin, REVOKE, member.id)
    for process in processes:

        async def is_out(process: Process = process) -> bool:
            return not await is_in(process.client, member.access_token)

        await until(is_out)


@pytest.mark.parametrize(
    "end",
    [
        "delete from relais.users where id = $1::text::uuid",
        "delete from relais.memberships where user_id = $1::text::uuid",
        "delete from relais.sessions where user_id = $1::text::uuid",
        "update relais.users set disabled_at = now() where id = $1::text::uuid",
    ],
)
async def test_whatever_takes_a_session_away_is_announced(
    processes: tuple[Process, Process], urls: Urls, end: str
) -> None:
    member = await signed_up(processes[0].client)
    await known_to_both(processes, member)
    session = await value(urls.admin, "select id::text from relais.sessions where user_id = $1::text::uuid", member.id)
    await value(urls.admin, end, member.id)
    for process in processes:
        await until(lambda process=process: f"session:{session}" in process.endings)
        answer = await process.client.get("/rest/v1/profiles", headers=member.headers)
        assert answer.status_code == 401


async def test_a_process_that_starts_later_does_not_believe_in_a_session_whose_row_is_gone(
    cheap: Settings, urls: Urls
) -> None:
    """Nothing in PostgreSQL tells of it any more; Redis has been told by those who heard of it."""
    async with two(cheap) as pair:
        member = await signed_up(pair[0].client)
        await known_to_both(pair, member)
        await value(urls.admin, "delete from relais.users where id = $1::text::uuid", member.id)
        for process in pair:

            async def is_out(process: Process = process) -> bool:
                return not await is_in(process.client, member.access_token)

            await until(is_out)
    # A process that ends has told what it heard.
    async with two(cheap) as pair:
        for process in pair:
            answer = await process.client.get("/rest/v1/profiles", headers=member.headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")


async def test_who_hears_nothing_trusts_nothing(processes: tuple[Process, Process], urls: Urls) -> None:
    """Redis says that the session is good, and the connection that would tell otherwise has broken."""
    member = await signed_up(processes[0].client)
    await known_to_both(processes, member)
    assert await value(urls.admin, DEAF) >= 2
    for process in processes:
        await until(lambda process=process: not process.endings.hears)
    # Both are deaf for two tenths of a second at least.
    await value(urls.admin, REVOKE, member.id)
    for process in processes:
        assert not await is_in(process.client, member.access_token)


async def test_who_hears_again_has_caught_up_on_what_was_missed(processes: tuple[Process, Process], urls: Urls) -> None:
    missed, good = await signed_up(processes[0].client), await signed_up(processes[0].client)
    await known_to_both(processes, missed)
    await value(urls.admin, DEAF)
    for process in processes:
        await until(lambda process=process: not process.endings.hears)
    await value(urls.admin, REVOKE, missed.id)
    for process in processes:
        await until(lambda process=process: process.endings.hears)
        assert not await is_in(process.client, missed.access_token)
        assert await is_in(process.client, good.access_token)
    later = await signed_up(processes[1].client)
    await known_to_both(processes, later)
    await value(urls.admin, REVOKE, later.id)
    for process in processes:

        async def is_out(process: Process = process) -> bool:
            return not await is_in(process.client, later.access_token)

        await until(is_out)


async def test_a_process_that_starts_later_knows_what_ended_before(cheap: Settings, urls: Urls) -> None:
    async with two(cheap) as (one, _):
        member = await signed_up(one.client)
        assert await is_in(one.client, member.access_token)
    await value(urls.admin, REVOKE, member.id)
    async with two(cheap) as (one, other):
        for process in (one, other):
            assert not await is_in(process.client, member.access_token)


async def test_an_emptied_redis_logs_nobody_out_and_lets_nobody_in(processes: tuple[Process, Process]) -> None:
    one, other = processes
    good, ended = await signed_up(one.client), await signed_up(one.client)
    await one.client.post("/api/auth/signout", headers=ended.headers)
    redis = one.app.state.relais.redis
    keys = [key async for key in redis.client.scan_iter(f"{redis.key('')}*")]
    assert keys
    await redis.client.delete(*keys)
    for process in (one, other):
        assert await is_in(process.client, good.access_token)
        assert not await is_in(process.client, ended.access_token)
    await one.client.post("/api/auth/refresh", json={"refreshToken": good.refresh_token})
    assert await is_in(other.client, good.access_token)


async def test_a_lie_in_redis_opens_no_session_that_ended(processes: tuple[Process, Process], urls: Urls) -> None:
    """Whoever can write to Redis can keep a session open that nobody ended; one that was ended stays so."""
    one, other = processes
    member = await signed_up(one.client)
    await one.client.post("/api/auth/signout", headers=member.headers)
    session = await value(urls.admin, "select id::text from relais.sessions where user_id = $1::text::uuid", member.id)
    redis = one.app.state.relais.redis
    await redis.client.set(redis.key(f"session:{session}"), b"good")
    for process in (one, other):
        await until(lambda process=process: f"session:{session}" in process.endings)
        assert not await is_in(process.client, member.access_token)


async def test_a_rank_that_is_taken_away_is_gone_with_the_next_request(
    processes: tuple[Process, Process], urls: Urls
) -> None:
    one, other = processes
    owner, member = await signed_up(one.client), await signed_up(one.client)
    made = await one.client.post(
        "/rest/v1/resources",
        json={"title": "Un brouillon", "description": "x", "category": "Autre", "visibility": "private"},
        headers={**owner.headers, "Prefer": "return=representation"},
    )
    assert made.status_code == 201, made.text
    question = {"select": "id", "id": f"eq.{made.json()[0]['id']}"}
    rank = "update library.user_roles set role = $2::text::library.app_role where user_id = $1::text::uuid"
    for name, seen in (("user", 0), ("moderator", 1), ("user", 0)):
        await value(urls.admin, rank, member.id, name)
        for process in (one, other):
            answer = await process.client.get("/rest/v1/resources", params=question, headers=member.headers)
            assert (answer.status_code, len(answer.json())) == (200, seen), name
            session = await process.client.get("/api/auth/session", headers=member.headers)
            assert session.json()["user"]["role"] == name
