"""Guessing passwords: slower and slower for whoever guesses, never a lock for the owner, nothing told of accounts."""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from app.adapters.redis import Redis
from app.auth.attempts import FORGOTTEN_SECONDS, KNOWN_SECONDS, LONGEST_WAIT_SECONDS, account_of
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import PASSWORD, Member, signed_up, some_email, with_group
from tests.accounts.ground import value
from tests.conftest import Urls, started

FREE, WIDE = 3, 6
NO_REDIS = SecretStr("unix:///nowhere/r.sock")
_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["redis", "no redis"])
def wary(request: pytest.FixtureRequest, cheap: Settings) -> Settings:
    """An installation that soon gets wary, with Redis and without."""
    settings = with_group(cheap, "auth", failures_free=FREE, failures_free_wide=WIDE)
    return settings if request.param == "redis" else with_group(settings, "redis", url=NO_REDIS)


@pytest.fixture(scope="module")
async def app(wary: Settings) -> AsyncGenerator[FastAPI]:
    async with started(create_app(wary)) as app:
        yield app


def somewhere() -> str:
    """An address where nobody has been."""
    number = next(_numbers)
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


@asynccontextmanager
async def at(app: FastAPI, address: str | None = None) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody at an address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address or somewhere(), 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://relais.test") as client:
        yield client


async def sign_in(client: httpx.AsyncClient, email: str, password: str = "Faux-Mot-1") -> httpx.Response:
    return await client.post("/api/auth/signin", json={"email": email, "password": password})


async def guess(client: httpx.AsyncClient, email: str, times: int) -> list[int]:
    return [(await sign_in(client, email)).status_code for _ in range(times)]


async def told(client: httpx.AsyncClient, email: str, password: str = "Faux-Mot-1") -> httpx.Response:
    """The first answer that is no request to wait."""
    deadline = time.monotonic() + 30
    while (answer := await sign_in(client, email, password)).status_code == 429:
        assert time.monotonic() < deadline, "never let in"
        await asyncio.sleep(0.05)
    return answer


async def slow_down(app: FastAPI, email: str) -> None:
    """Strangers in many places try one account until it is slowed for all who are new to it."""
    for _ in range(WIDE):
        async with at(app) as client:
            (status,) = await guess(client, email, 1)
    async with at(app) as client:
        assert await guess(client, email, 1) == [429], status


async def test_each_failure_doubles_the_wait_and_success_ends_it(app: FastAPI) -> None:
    async with at(app) as client:
        member = await signed_up(client)
        assert await guess(client, member.email, FREE) == [401] * FREE
        for seconds in (1, 2):
            answer = await sign_in(client, member.email)
            assert answer.status_code == 429
            assert answer.headers["retry-after"] == str(answer.json()["retryAfter"]) == str(seconds)
            words = f"veuillez réessayer dans {seconds} seconde{'s' if seconds > 1 else ''}"
            assert answer.json()["error"] == f"Trop de tentatives de connexion, {words}"
            # The right password does not help before its time.
            assert (await sign_in(client, member.email, PASSWORD)).status_code == 429
            assert (await told(client, member.email)).status_code == 401
        assert (await told(client, member.email, PASSWORD)).status_code == 200
        assert await guess(client, member.email, FREE + 1) == [401] * FREE + [429]


async def test_unknown_accounts_are_slowed_exactly_like_known_ones(app: FastAPI) -> None:
    async with at(app) as client:
        member = await signed_up(client)
    answers: list[list[tuple[int, str, str | None]]] = []
    for email in (member.email, some_email()):
        async with at(app) as client:
            tried = [await sign_in(client, email) for _ in range(FREE + 2)]
        await slow_down(app, email)
        async with at(app) as client:
            tried.append(await sign_in(client, email))
        answers.append([(answer.status_code, answer.text, answer.headers.get("retry-after")) for answer in tried])
    assert answers[0] == answers[1]
    assert [status for status, _, _ in answers[0]] == [401] * FREE + [429] * 3


async def test_strangers_do_not_slow_the_owner_where_they_have_signed_in_before(app: FastAPI) -> None:
    home = somewhere()
    async with at(app, home) as client:
        member = await signed_up(client)
        await slow_down(app, member.email)
        assert (await sign_in(client, member.email, PASSWORD)).status_code == 200
    async with at(app) as stranger:
        assert await guess(stranger, member.email, 1) == [429]


async def test_strangers_who_never_stop_do_not_keep_the_owner_out_at_a_new_place(app: FastAPI) -> None:
    async with at(app) as client:
        member = await signed_up(client)
    await slow_down(app, member.email)
    stopped = asyncio.Event()

    async def hammer() -> None:
        async with at(app) as client:
            while not stopped.is_set():
                await sign_in(client, member.email)
                await asyncio.sleep(0.01)

    strangers = [asyncio.create_task(hammer()) for _ in range(4)]
    async with at(app) as client:
        answer = await sign_in(client, member.email, PASSWORD)
        assert answer.status_code == 429
        # What the answer said is kept, whatever the others did meanwhile.
        await asyncio.sleep(answer.json()["retryAfter"])
        assert (await sign_in(client, member.email, PASSWORD)).status_code == 200
        # And from now on the place is one of the owner's.
        assert (await sign_in(client, member.email, PASSWORD)).status_code == 200
    stopped.set()
    await asyncio.gather(*strangers)


async def test_one_place_that_tries_many_accounts_is_slowed_and_no_other(app: FastAPI) -> None:
    shared = somewhere()
    async with at(app, shared) as client:
        regular, visitor = await signed_up(client), await signed_up(client)
    async with at(app, shared) as client:
        assert [status for _ in range(WIDE) for status in await guess(client, some_email(), 1)] == [401] * WIDE
        assert await guess(client, some_email(), 1) == [429]
        # Who has signed in here before is not one of them.
        assert (await sign_in(client, regular.email, PASSWORD)).status_code == 200
    async with at(app) as client:
        assert (await sign_in(client, visitor.email, PASSWORD)).status_code == 200


async def test_of_many_guesses_at_once_few_are_looked_at(app: FastAPI) -> None:
    async with at(app) as client:
        member = await signed_up(client)
        answers = await asyncio.gather(*(sign_in(client, member.email) for _ in range(40)))
        statuses = [answer.status_code for answer in answers]
        assert FREE <= statuses.count(401) < 2 * FREE
        assert statuses.count(401) + statuses.count(429) == 40
        await told(client, member.email)
        await asyncio.sleep((await sign_in(client, member.email)).json()["retryAfter"])
        answers = await asyncio.gather(*(sign_in(client, member.email) for _ in range(10)))
        assert [answer.status_code for answer in answers].count(401) == 1


async def test_many_who_know_the_password_come_in_at_once(app: FastAPI) -> None:
    async with at(app) as client:
        member = await signed_up(client)
        answers = await asyncio.gather(*(sign_in(client, member.email, PASSWORD) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


async def test_an_account_is_one_however_it_is_written(app: FastAPI) -> None:
    email = some_email("kilian")
    ways = [email, email.upper(), f"  {email} ", email.replace("k", "\u212a"), email.replace("i", "\u0130")]
    async with at(app) as client:
        assert [status for way in ways for status in await guess(client, way, 1)] == [401] * FREE + [429] * 2


async def test_whatever_is_typed_is_refused_like_a_wrong_password(app: FastAPI) -> None:
    for email in ("", "@", "a" * 1024, "a:b:c", "é" * 500, "\U0001f600", "a\r\nSET x 1", "%s{}", "x" * 1025, "\0"):
        async with at(app) as client:
            assert await guess(client, email, FREE + 1) in ([401] * FREE + [429], [400] * (FREE + 1))


async def test_failures_of_accounts_are_in_the_audit_log(app: FastAPI, urls: Urls) -> None:
    async with at(app) as client:
        member = await signed_up(client)
        await guess(client, member.email, 2)
    count = "select count(*) from relais.audit_log where actor_id = $1::text::uuid and action = 'SIGN_IN_FAILED'"
    assert await value(urls.admin, count, member.id) == 2


async def test_a_process_that_is_too_busy_blames_nobody(wary: Settings) -> None:
    busy = with_group(wary, "auth", password_threads=1, password_queue=0, failures_free=2)
    async with started(create_app(busy)) as app, at(app) as client:
        member = await signed_up(client)
        others = [some_email() for _ in range(6)]
        answers = await asyncio.gather(*(sign_in(client, email) for email in others))
        assert 503 in [answer.status_code for answer in answers]
        turned_away = [email for email, answer in zip(others, answers, strict=True) if answer.status_code == 503]
        assert await guess(client, turned_away[0], 3) == [401, 401, 429]
        assert (await sign_in(client, member.email, PASSWORD)).status_code == 200


TRIES = 60


async def test_time_does_not_tell_whether_an_account_exists(app: FastAPI) -> None:
    members: list[Member] = []
    async with at(app) as client:
        members += [await signed_up(client) for _ in range(TRIES // 3)]
    known: list[float] = []
    unknown: list[float] = []
    for number in range(TRIES):
        # Turn about, so that whatever else the machine does falls on both.
        tries = [(known, members[number % len(members)].email), (unknown, some_email())]
        for times, email in tries if number % 2 else reversed(tries):
            async with at(app) as client:
                began = time.perf_counter()
                assert await guess(client, email, 1) == [401]
                times.append(time.perf_counter() - began)
    medians = statistics.median(known), statistics.median(unknown)
    # Both must say so: ranks that differ by more than chance, and a difference that could be measured from afar.
    assert abs(_rank_score(known, unknown)) < 4 or abs(medians[0] / medians[1] - 1) < 0.15, medians


def _rank_score(one: list[float], other: list[float]) -> float:
    """How many standard deviations the ranks of two samples are apart (Mann-Whitney)."""
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks = sum(rank for rank, (_, first) in enumerate(ranked, 1) if first)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    return (u - n * m / 2) / (n * m * (n + m + 1) / 12) ** 0.5


@pytest.fixture
async def kept(cheap: Settings) -> AsyncGenerator[tuple[FastAPI, Redis]]:
    """An installation with Redis, and what the counts are kept in."""
    settings = with_group(cheap, "auth", failures_free=FREE, failures_free_wide=WIDE)
    redis = Redis(settings.redis)
    async with started(create_app(settings)) as app:
        yield app, redis
    await redis.close()


async def test_keys_end_and_name_nobody(kept: tuple[FastAPI, Redis]) -> None:
    app, redis = kept
    home = somewhere()
    async with at(app, home) as client:
        member = await signed_up(client)
        await guess(client, member.email, 1)
        await sign_in(client, member.email, PASSWORD)
        await guess(client, member.email, 1)
    await slow_down(app, member.email)
    async with at(app) as client:
        await guess(client, member.email, 1)
    account = account_of(member.email)
    keys = [key.decode() for key in await redis.client.keys(redis.key("attempts", "*"))]
    assert {redis.key("attempts", "known", account, home), redis.key("attempts", account, home)} <= set(keys)
    for key in keys:
        lasts = await redis.client.ttl(key)
        assert 0 < lasts <= (KNOWN_SECONDS if ":known:" in key else FORGOTTEN_SECONDS)
        assert "@" not in key


@pytest.mark.parametrize(("failures", "ahead"), [(40, 0), (5000, 0), (10, 86400)])
async def test_nobody_waits_for_longer_than_the_longest_wait(
    kept: tuple[FastAPI, Redis], failures: int, ahead: int
) -> None:
    app, redis = kept
    home, email = somewhere(), some_email()
    last = round((time.time() + ahead) * 1000)
    key = redis.key("attempts", account_of(email), home)
    await redis.client.hset(key, mapping={"failures": failures, "last": last})
    async with at(app, home) as client:
        answer = await sign_in(client, email)
    assert answer.status_code == 429
    longest = min(2 ** (failures - FREE), LONGEST_WAIT_SECONDS)
    assert longest - 2 <= answer.json()["retryAfter"] <= longest


async def test_places_of_an_owner_outlive_an_emptied_redis(kept: tuple[FastAPI, Redis]) -> None:
    app, redis = kept
    async with at(app, "2001:db8:5::1") as client:
        member = await signed_up(client)
    for key in await redis.client.keys(redis.key("attempts", "*")):
        await redis.client.delete(key)
    await slow_down(app, member.email)
    # Another address of the same network.
    async with at(app, "2001:db8:5::2") as client:
        assert (await sign_in(client, member.email, PASSWORD)).status_code == 200
    async with at(app, "2001:db8:6::2") as client:
        assert (await sign_in(client, member.email, PASSWORD)).status_code == 429
