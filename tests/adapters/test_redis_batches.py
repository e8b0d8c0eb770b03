"""Commands of one moment share a round trip; whatever becomes of Redis, nobody waits long and nobody spoils others'."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

import pytest
from app.adapters.redis import Redis, RedisUnavailable, Script
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from tests.own_redis import OwnRedis, own_redis

#: What a busy machine may add to a wait.
SLACK_SECONDS = 0.3
ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture(scope="module")
def running() -> Generator[OwnRedis]:
    with own_redis() as server:
        yield server


@pytest.fixture
def server(running: OwnRedis) -> Generator[OwnRedis]:
    """Running, empty, and as it was set up."""
    running.say("FLUSHALL")
    yield running
    if running.process is None:
        running.start()
    running.thaw()
    for command in ("REPLICAOF NO ONE", "CONFIG SET maxmemory 0", "FLUSHALL"):
        running.say(command)


@pytest.fixture
async def redis(server: OwnRedis) -> AsyncGenerator[Redis]:
    redis = Redis(server.settings)
    yield redis
    server.thaw() if server.process is not None else None
    await redis.close()


async def took(work: Awaitable[Any]) -> float:
    """How long until Redis was found to be away."""
    began = time.monotonic()
    with pytest.raises(RedisUnavailable):
        await work
    return time.monotonic() - began


async def until(works: Callable[[], Awaitable[Any]]) -> Any:
    """What something answers once Redis does."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return await works()
        except RedisUnavailable:
            assert time.monotonic() < deadline, "Redis was not found again"
            await asyncio.sleep(0.05)


async def test_requests_of_one_moment_share_a_round_trip(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("PING",))
    before = server.figure("stats", "total_reads_processed")
    answers = await asyncio.gather(*(redis.run(("INCRBY", "n", 1), ("ECHO", str(n))) for n in range(100)))
    assert server.figure("stats", "total_reads_processed") - before < 10
    assert [int(echo) for _, echo in answers] == list(range(100))
    assert sorted(count for count, _ in answers) == list(range(1, 101))


async def test_a_refused_command_gives_its_error_and_leaves_the_others_alone(redis: Redis) -> None:
    await redis.run(("LPUSH", "list", "x"))
    wrong, right, unknown = await asyncio.gather(
        redis.run(("GET", "list"), ("SET", "a", "1")), redis.run(("ECHO", "right")), redis.run(("NONSENSE",))
    )
    assert isinstance(wrong[0], ResponseError)
    assert wrong[1]
    assert right == [b"right"]
    assert isinstance(unknown[0], ResponseError)


@pytest.mark.parametrize("value", ["\udc80", None, True, [1]])
async def test_what_cannot_be_sent_is_refused_to_who_sends_it(redis: Redis, value: Any) -> None:
    bad, good = await asyncio.gather(
        redis.run(("SET", "a", value)), redis.run(("ECHO", "fine")), return_exceptions=True
    )
    assert isinstance(bad, (TypeError, UnicodeEncodeError))
    assert good == [b"fine"]


async def test_who_is_cancelled_takes_nothing_along(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("PING",))
    server.freeze()
    leaving, staying = (asyncio.create_task(redis.run(("ECHO", word))) for word in ("leaving", "staying"))
    await asyncio.sleep(0.05)
    leaving.cancel()
    late = asyncio.create_task(redis.run(("ECHO", "late")))
    await asyncio.sleep(0.05)
    server.thaw()
    assert await staying == [b"staying"]
    assert await late == [b"late"]
    assert leaving.cancelled()
    # Nothing of what was not read is left for the next one.
    assert await redis.run(("ECHO", "next")) == [b"next"]


@pytest.mark.parametrize("forget", ["SCRIPT FLUSH", "restart"])
async def test_scripts_that_redis_has_forgotten_are_sent_again(redis: Redis, server: OwnRedis, forget: str) -> None:
    assert await redis.run(ADD.call(("n",), (2,))) == [2]
    if forget == "restart":
        server.kill()
        server.start()
    else:
        server.say(forget)
    first, second = await until(lambda: asyncio.gather(*(redis.run(ADD.call(("n",), (1,))) for _ in range(2))))
    assert sorted((*first, *second)) == [3, 4]


async def test_a_connection_that_was_closed_meanwhile_is_not_noticed(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("PING",))
    server.say("CLIENT KILL TYPE normal SKIPME yes")
    # The news of it must be here, as it is for a connection that has been idle.
    await asyncio.sleep(0.05)
    assert await redis.run(("ECHO", "here")) == [b"here"]


async def test_a_full_redis_refuses_writes_and_answers_the_rest(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("SET", "a", "1"), ADD.call(("n",), (1,)))
    server.say("CONFIG SET maxmemory 1")
    read, written, counted = await redis.run(("GET", "a"), ("SET", "b", "1"), ADD.call(("n",), (1,)))
    assert read == b"1"
    assert isinstance(written, OutOfMemoryError)
    assert isinstance(counted, ResponseError)


async def test_a_replica_refuses_writes_until_there_is_a_primary_again(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("SET", "a", "1"))
    server.say("REPLICAOF 127.0.0.1 1")
    (refused,) = await redis.run(("SET", "a", "2"))
    assert isinstance(refused, ReadOnlyError)
    server.say("REPLICAOF NO ONE")
    (written, read) = await redis.run(("SET", "a", "3"), ("GET", "a"))
    assert written
    assert read == b"3"


async def test_a_frozen_redis_holds_nobody_up_for_longer_than_the_timeout(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("PING",))
    server.freeze()
    first = [asyncio.create_task(took(redis.run(("GET", str(n))))) for n in range(20)]
    await asyncio.sleep(0.3)
    # They come while a batch is under way, and have waited no longer when it fails.
    later = [asyncio.create_task(took(redis.run(("GET", str(n))))) for n in range(20)]
    waits = await asyncio.gather(*first, *later)
    assert 0.4 < max(waits[:20]) < 0.5 + SLACK_SECONDS
    assert max(waits[20:]) < 0.2 + SLACK_SECONDS


async def test_once_it_is_known_to_be_frozen_nobody_waits_at_all(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("PING",))
    server.freeze()
    await took(redis.run(("PING",)))
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        assert await took(redis.run(("PING",))) < SLACK_SECONDS
        await asyncio.sleep(0.02)
    server.thaw()
    assert await until(lambda: redis.run(("ECHO", "back"))) == [b"back"]


async def test_a_killed_redis_is_found_again_when_it_is_back(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("SET", "kept", "1"))
    server.kill()
    assert await took(redis.run(("PING",))) < 0.5 + SLACK_SECONDS
    server.start()
    assert await until(lambda: redis.run(("GET", "kept"))) == [b"1"]


async def test_an_outage_is_two_lines_in_the_log_however_many_meet_it(
    redis: Redis, server: OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "relais")
    server.kill()
    for _ in range(50):
        await took(redis.run(("PING",)))
    server.start()
    await until(lambda: redis.run(("PING",)))
    assert [record.getMessage() for record in caplog.records] == ["redis_lost", "redis_back"]


async def test_closing_lets_nobody_wait_for_ever(redis: Redis, server: OwnRedis) -> None:
    await redis.run(("PING",))
    server.freeze()
    waiting = asyncio.create_task(took(redis.run(("PING",))))
    await asyncio.sleep(0.05)
    await redis.close()
    assert await waiting < SLACK_SECONDS
    await took(redis.run(("PING",)))


async def test_closing_at_once_lets_nobody_wait_either(redis: Redis) -> None:
    waiting = asyncio.ensure_future(took(redis.run(("PING",))))
    await asyncio.gather(redis.close(), waiting)


async def test_last_words_are_said_before_it_is_closed(redis: Redis, server: OwnRedis) -> None:
    async def speak() -> None:
        await redis.run(("SET", "last", "words"))

    redis.last_words.append(speak)
    await redis.close()
    assert server.say("STRLEN last") == ":5"
