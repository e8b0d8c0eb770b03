"""How often somebody may ask: counted together where Redis is, here where it is not, and told in headers."""

import asyncio
import inspect
import math
import time
from collections.abc import AsyncGenerator, Generator, Iterable
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest
from app.accounts.asking import asking
from app.adapters.redis import Redis
from app.auth import limits
from app.auth.limits import COUNTED_HERE, Kind, Limit, Limiter, counted_as, network_of
from app.main import create_app
from app.settings import LimitsSettings, Settings
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_limiter.depends import RateLimiter

from tests.accounts.conftest import bearer, signed_up, with_group
from tests.conftest import started
from tests.own_redis import OwnRedis, own_redis

WHO = "user:6f1c"
KEY = f"ratelimit:{WHO}:reads"
#: Routes that nobody is kept from: probes, documents, keys.
PROBES = {"/live", "/ready", "/health", "/api/health", "/auth/v1/health"} | {
    "/metrics",
    "/api/monitoring/health",
    "/api/monitoring/prometheus",
}
DOCUMENTS = {"/", "/api", "/api/docs", "/api/docs.json", "/auth/v1/settings"}
KEYS = {"/.well-known/jwks.json", "/auth/v1/.well-known/jwks.json"}
#: They ask with the dependency once they have looked at what is wanted: a way out of the browser, and a mail that is
#: sent to who asks or to an address.
ASKS_ITSELF = {"/api/auth/oauth/{provider}", "/api/auth/email/verify/resend"}


@pytest.fixture(scope="module")
def running() -> Generator[OwnRedis]:
    with own_redis() as server:
        yield server


@pytest.fixture
async def redis(running: OwnRedis) -> AsyncGenerator[Redis]:
    running.say("FLUSHALL")
    redis = Redis(running.settings)
    yield redis
    running.thaw()
    await redis.close()


def limiter_of(redis: Redis, **rates: str) -> Limiter:
    """A process that counts."""
    return Limiter(LimitsSettings.model_validate(rates), redis)


async def strictly(limiter: Limiter, kind: Kind = "auth", who: str = WHO) -> limits.Count:
    """Count one as the guard does where it asks Redis first."""
    limit = limiter.limit(kind)
    assert limit is not None
    (answer,) = await limiter._redis.run(limiter.command(limit, who))
    return limiter.read(limit, who, answer)


def here(limiter: Limiter, times: int = 1, who: str = WHO) -> list[limits.Count]:
    """Count reads as the guard does where it waits for nobody."""
    limit = limiter.limit("reads")
    assert limit is not None
    return [limiter.count_here(limit, who) for _ in range(times)]


async def test_as_many_as_the_limit_says_and_then_no_more(redis: Redis) -> None:
    limiter = limiter_of(redis, auth="5/600")
    counts = [await strictly(limiter) for _ in range(7)]
    assert [count.allowed for count in counts] == [True] * 5 + [False] * 2
    assert [dict(count.headers())[b"ratelimit-remaining"] for count in counts] == [b"4", b"3", b"2", b"1", *[b"0"] * 3]
    # One is let in again as soon as one is forgotten, not when all are.
    assert 100 < counts[-1].wait / 1e6 <= 120


async def test_somebody_is_let_in_again_when_the_wait_that_they_were_told_is_over(redis: Redis) -> None:
    limiter = limiter_of(redis, auth="20/2")
    while (count := await strictly(limiter)).allowed:
        pass
    await asyncio.sleep(count.wait / 1e6)
    assert (await strictly(limiter)).allowed
    assert not (await strictly(limiter)).allowed


async def test_processes_count_together(redis: Redis, running: OwnRedis) -> None:
    other = Redis(running.settings)
    one, two = limiter_of(redis, auth="10/600"), limiter_of(other, auth="10/600")
    counts = await asyncio.gather(*(strictly(limiter) for limiter in (one, two) for _ in range(20)))
    assert sum(count.allowed for count in counts) == 10
    await other.close()


async def test_users_addresses_and_kinds_are_counted_apart(redis: Redis) -> None:
    limiter = limiter_of(redis, auth="1/600", oauth="1/600")
    for who in ("user:a", "user:b", "ip:10.0.0.1", "ip:10.0.0.2"):
        for kind in ("auth", "oauth"):
            assert (await strictly(limiter, kind, who)).allowed
            assert not (await strictly(limiter, kind, who)).allowed


@pytest.mark.parametrize("kind", get_args(Kind))
async def test_every_key_has_its_name_and_an_end(redis: Redis, kind: Kind) -> None:
    limiter = limiter_of(redis, **{"reads": "100/60", kind: "100/60"})
    await strictly(limiter, kind)
    here(limiter, 3)
    await limiter.stop()
    keys: list[bytes] = await redis.client.keys("*")
    assert f"ratelimit:{WHO}:{kind}".encode() in keys
    for key in keys:
        assert 0 < await redis.client.pttl(key) <= 60_000


@pytest.mark.parametrize("key", ["nonsense", "9" * 300, "-1", "nan", ""])
async def test_whatever_a_key_holds_nobody_waits_for_longer_than_one_window(redis: Redis, key: str) -> None:
    limiter = limiter_of(redis, auth="10/60")
    await redis.client.set(f"ratelimit:{WHO}:auth", key)
    assert (await strictly(limiter)).wait <= 60e6


async def test_a_key_of_another_kind_leaves_the_counting_to_this_process(redis: Redis) -> None:
    limiter = limiter_of(redis, auth="3/60")
    await redis.client.lpush(f"ratelimit:{WHO}:auth", "x")
    assert [(await strictly(limiter)).allowed for _ in range(4)] == [True, True, True, False]


async def test_a_clock_that_was_an_hour_ahead_locks_nobody_out(redis: Redis) -> None:
    limiter = limiter_of(redis, reads="600/60")
    await redis.client.set(KEY, str(int((time.time() + 3600) * 1e6)))
    here(limiter)
    await limiter.stop()
    (refused,) = here(limiter)
    assert not refused.allowed
    assert refused.wait <= 60.2e6


async def test_reads_are_counted_without_waiting_and_told_all_at_once(redis: Redis, running: OwnRedis) -> None:
    limiter = limiter_of(redis, reads="100/60")
    here(limiter, who="user:warm")
    await limiter.stop()
    before = [running.figure("commandstats", f"cmdstat_{name}") for name in ("evalsha", "eval")]
    counts = here(limiter, 120)
    assert [count.allowed for count in counts] == [True] * 100 + [False] * 20
    assert running.say(f"EXISTS {KEY}") == ":0"
    await until(lambda: running.say(f"EXISTS {KEY}") == ":1")
    after = [running.figure("commandstats", f"cmdstat_{name}") for name in ("evalsha", "eval")]
    assert sum(after) - sum(before) == 1
    assert 58_000 < int(running.say(f"PTTL {KEY}")[1:]) <= 60_000


async def test_what_one_process_counted_the_other_takes_over(redis: Redis, running: OwnRedis) -> None:
    other = Redis(running.settings)
    one, two = limiter_of(redis, reads="100/60"), limiter_of(other, reads="100/60")
    assert all(count.allowed for count in here(one, 100))
    await one._tell()
    # The other one lets in what it knows nothing of, for as long as it takes to hear.
    assert here(two)[0].allowed
    await until(lambda: not here(two)[0].allowed)
    assert not here(one)[0].allowed
    await other.close()


async def test_requests_that_come_while_redis_is_told_are_not_forgotten(redis: Redis, running: OwnRedis) -> None:
    other = Redis(running.settings)
    one, two = limiter_of(redis, reads="100/60"), limiter_of(other, reads="100/60")
    here(one, 40)
    await one._tell()
    here(two, 30)
    telling = asyncio.create_task(two._tell())
    await asyncio.sleep(0)
    here(two, 20)
    await telling
    assert sum(count.allowed for count in here(two, 40)) == 10
    await other.close()


async def test_an_emptied_redis_gives_nobody_more(redis: Redis, running: OwnRedis) -> None:
    limiter = limiter_of(redis, reads="100/60")
    here(limiter, 90)
    await limiter._tell()
    running.say("FLUSHALL")
    here(limiter, 5)
    await limiter._tell()
    assert sum(count.allowed for count in here(limiter, 20)) == 5


async def test_nobody_waits_for_a_frozen_redis_to_count_reads(redis: Redis, running: OwnRedis) -> None:
    limiter = limiter_of(redis, reads="100/60")
    await redis.run(("PING",))
    running.freeze()
    for _ in range(3):
        here(limiter, 20)
        # The loop goes on: what is told to Redis waits in the background.
        began = time.monotonic()
        await asyncio.sleep(0.06)
        assert time.monotonic() - began < 0.4
    assert sum(count.allowed for count in here(limiter, 60)) == 40


async def test_without_redis_each_process_keeps_the_limit_itself(redis: Redis) -> None:
    limiter = limiter_of(redis, auth="5/60")
    limit = limiter.limit("auth")
    assert limit is not None
    counts = [limiter.read(limit, WHO, None) for _ in range(7)]
    assert [count.allowed for count in counts] == [True] * 5 + [False] * 2


async def test_the_end_tells_redis_what_it_was_not_told(redis: Redis, running: OwnRedis) -> None:
    limiter = limiter_of(redis, reads="100/60")
    here(limiter, 50)
    await redis.close()
    assert int(running.say(f"PTTL {KEY}")[1:]) > 28_000
    assert limiter._telling is None


async def test_many_strangers_take_no_more_memory_than_some(redis: Redis) -> None:
    limiter = limiter_of(redis, reads="100/60")
    for number in range(limits._MOST_LOCAL + 500):
        here(limiter, who=f"ip:{number}")
    assert len(limiter._due) == limits._MOST_LOCAL
    await limiter.stop()
    assert len(limiter._due) == limits._MOST_LOCAL
    assert not limiter._untold


def test_no_limit_is_none(running: OwnRedis) -> None:
    limiter = limiter_of(Redis(running.settings), reads="-", auth="7/60")
    assert limiter.limit("reads") is None
    limit = limiter.limit("auth")
    assert limit is not None
    assert limit.requests == 7


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unknown", "unknown"),
        ("192.0.2.7:8080", "unknown"),
        ("192.0.2.7\r\nX: y", "unknown"),
    ],
)
def test_who_has_a_network_is_counted_as_one(address: str, counted: str) -> None:
    assert network_of(address) == counted
    assert counted_as("", address) == f"ip:{counted}"


def test_a_user_is_one_wherever_they_are() -> None:
    assert counted_as("6f1c", "192.0.2.7") == counted_as("6f1c", "2001:db8::1") == "user:6f1c"


def test_headers_say_when_the_count_is_really_back() -> None:
    count = limits.Count(Limit.of("reads", 100, 60), allowed=True, wait=2.5e6)
    told = {name.decode(): value.decode() for name, value in count.headers()}
    assert told["ratelimit-limit"] == told["x-ratelimit-limit"] == "100"
    assert told["ratelimit-remaining"] == told["x-ratelimit-remaining"] == "95"
    assert told["ratelimit-reset"] == "3"
    reset = datetime.fromisoformat(told["x-ratelimit-reset"])
    assert told["x-ratelimit-reset"].endswith("Z")
    assert abs((reset - datetime.now(UTC)).total_seconds() - 2.5) < 1


@pytest.mark.parametrize(
    ("kind", "seconds", "message"),
    [
        ("auth", 900, "Trop de tentatives de connexion, veuillez réessayer dans 15 minutes"),
        ("auth", 61, "Trop de tentatives de connexion, veuillez réessayer dans 2 minutes"),
        ("auth", 60, "Trop de tentatives de connexion, veuillez réessayer dans 1 minute"),
        ("auth", 2, "Trop de tentatives de connexion, veuillez réessayer dans 2 secondes"),
        ("oauth", 300, "Trop de tentatives OAuth, veuillez réessayer dans 5 minutes"),
        ("admin", 30, "Trop de requêtes sur cet endpoint sensible"),
        ("reads", 30, "Trop de requêtes, veuillez réessayer plus tard"),
        ("transfers", 30, "Trop de requêtes, veuillez réessayer plus tard"),
    ],
)
def test_refusals_have_the_words_that_the_frontend_shows(kind: Kind, seconds: int, message: str) -> None:
    error = limits.Count(Limit.of(kind, 5, 900), allowed=False, wait=(seconds - 0.3) * 1e6).refusal()
    assert (error.code, error.status, error.message) == ("RATE_LIMIT_EXCEEDED", 429, message)
    assert error.headers["retry-after"] == str(seconds)
    assert error.extra == {"retryAfter": seconds}


@pytest.fixture(scope="module")
def narrow(settings: Settings) -> Settings:
    """An installation that lets little in."""
    rates = {"reads": "6/600", "writes": "6/600", "auth": "9/600", "refresh": "6/600"}
    quick = with_group(settings, "auth", argon2_memory_kib=8 * 1024, argon2_time_cost=1)
    return with_group(quick, "limits", **rates)


@pytest.fixture
async def app(narrow: Settings) -> AsyncGenerator[FastAPI]:
    async with started(create_app(narrow)) as app:
        yield app


def from_address(app: FastAPI, address: str) -> httpx.AsyncClient:
    """A client elsewhere."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://relais.test")


async def statuses(client: httpx.AsyncClient, method: str, path: str, times: int, **more: Any) -> list[int]:
    return [(await client.request(method, path, **more)).status_code for _ in range(times)]


@pytest.mark.parametrize("path", ["/rest/v1/profiles", "/api/auth/session"])
async def test_a_user_who_reads_too_often_is_told_when_to_come_back(app: FastAPI, path: str) -> None:
    async with from_address(app, "192.0.2.1") as client:
        member = await signed_up(client)
        assert await statuses(client, "GET", path, 6, headers=member.headers) == [200] * 6
        answer = await client.get(path, headers=member.headers)
        assert answer.status_code == 429
        told = answer.json()
        assert told["code"] == "RATE_LIMIT_EXCEEDED"
        assert told["message"] == "Trop de requêtes, veuillez réessayer plus tard"
        if path.startswith("/api"):
            assert told["error"] == told["message"]
            assert told["retryAfter"] == int(answer.headers["retry-after"])
        assert 90 < int(answer.headers["retry-after"]) <= 100
        assert answer.headers["ratelimit-limit"] == answer.headers["x-ratelimit-limit"] == "6"
        assert answer.headers["ratelimit-remaining"] == "0"
        assert answer.headers.get_list("ratelimit-limit") == ["6"]


async def test_one_users_limit_is_nobody_elses(app: FastAPI) -> None:
    async with from_address(app, "192.0.2.2") as client:
        one, two = await signed_up(client), await signed_up(client)
        assert 429 in await statuses(client, "GET", "/rest/v1/profiles", 8, headers=one.headers)
        assert (await client.get("/rest/v1/profiles", headers=two.headers)).status_code == 200
        assert (await client.get("/rest/v1/profiles")).status_code == 200


async def test_a_network_of_ipv6_is_one_stranger(app: FastAPI) -> None:
    answers: list[int] = []
    for number in range(8):
        async with from_address(app, f"2001:db8:7::{number:x}") as client:
            answers += await statuses(client, "GET", "/rest/v1/profiles", 1)
    assert answers == [200] * 6 + [429] * 2
    async with from_address(app, "2001:db8:7:1::1") as client:
        assert await statuses(client, "GET", "/rest/v1/profiles", 1) == [200]


async def test_answers_that_are_let_in_say_what_is_left(app: FastAPI) -> None:
    async with from_address(app, "192.0.2.3") as client:
        left = [(await client.get("/rest/v1/profiles")).headers["x-ratelimit-remaining"] for _ in range(3)]
    assert left == ["5", "4", "3"]


async def test_signing_in_is_counted_by_address_before_it_is_looked_at(app: FastAPI) -> None:
    async with from_address(app, "192.0.2.4") as client:
        answers = [
            await client.post("/api/auth/signin", json={"email": f"{number}@example.org", "password": "x"})
            for number in range(11)
        ]
    assert [answer.status_code for answer in answers] == [401] * 9 + [429] * 2
    refused = answers[-1].json()
    # 600 s for 9: one is let in again after 67.
    assert refused["message"] == "Trop de tentatives de connexion, veuillez réessayer dans 2 minutes"
    assert 60 < refused["retryAfter"] <= 67
    assert answers[-1].headers["x-ratelimit-limit"] == "9"


async def test_tokens_are_not_guessed_any_faster_than_passwords(app: FastAPI) -> None:
    async with from_address(app, "192.0.2.5") as client:
        guesses = [bearer(f"hub_lib_{number:064x}") for number in range(12)]
        answers = [await client.get("/rest/v1/profiles", headers=guess) for guess in guesses]
    assert [answer.status_code for answer in answers] == [401] * 9 + [429] * 3
    async with from_address(app, "192.0.2.6") as client:
        assert (await client.get("/rest/v1/profiles", headers=guesses[0])).status_code == 401


async def test_a_session_that_has_ended_is_refused_as_that(app: FastAPI) -> None:
    async with from_address(app, "192.0.2.8") as client:
        member = await signed_up(client)
        await client.post("/api/auth/signout", headers=member.headers)
        assert await statuses(client, "GET", "/rest/v1/profiles", 9, headers=member.headers) == [401] * 9


def test_every_explicit_route_is_limited(app: FastAPI) -> None:
    unlimited = {
        route.path
        for route in _routes(app)
        if not any(isinstance(call, RateLimiter) for call in _dependencies(route.dependant))
    }
    assert unlimited <= PROBES | DOCUMENTS | KEYS | ASKS_ITSELF


def test_the_librarys_dependency_is_still_what_ours_stands_in_for() -> None:
    assert issubclass(asking, RateLimiter)
    assert list(inspect.signature(RateLimiter.__init__).parameters) == [
        "self",
        "limiter",
        "identifier",
        "callback",
        "blocking",
    ]
    assert inspect.iscoroutinefunction(RateLimiter.__call__)
    assert list(inspect.signature(RateLimiter.__call__).parameters) == ["self", "request", "response"]
    ours = asking("auth")
    assert {"limiter", "identifier", "callback", "blocking"} <= set(vars(ours))
    assert list(inspect.signature(ours).parameters) == ["request"]


def test_only_what_comes_in_masses_is_counted_without_asking_first() -> None:
    assert COUNTED_HERE == {"reads", "writes"}
    assert math.isclose(Limit.of("reads", 3, 60).each * 3, 60e6)


async def until(holds: Any) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.005)


def _routes(app: FastAPI) -> Iterable[APIRoute]:
    waiting: list[Any] = list(app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            yield route
        waiting += getattr(getattr(route, "original_router", None), "routes", ())


def _dependencies(dependant: Any) -> Iterable[Any]:
    yield dependant.call
    for part in dependant.dependencies:
        yield from _dependencies(part)
