"""The worker on a real queue."""

import pickle
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest
from app.adapters.postgres import SERVICE, Database
from app.adapters.queue import QUEUE, Queue, make_worker, work
from app.adapters.redis import Redis, RedisUnavailable
from app.errors import AppError
from app.jobs import housekeeping, parts
from app.settings import Settings
from app.worker import patient
from pydantic import SecretStr

from tests.conftest import Urls, run_sql


@pytest.fixture
async def redis(settings: Settings) -> AsyncGenerator[Redis]:
    redis = Redis(settings.redis)
    yield redis
    await redis.close()


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database)
    await database.open()
    yield database
    await database.close()


async def burst(settings: Settings, database: Database, *jobs: Any) -> None:
    """Work until the queue is empty."""
    own = Redis(settings.redis)
    try:
        await work(make_worker(own, settings.jobs, jobs, (), {"database": database}, burst=True))
    finally:
        await own.close()


async def test_a_job_runs_with_its_arguments(settings: Settings, redis: Redis, database: Database) -> None:
    seen: list[Any] = []

    async def note(ctx: dict[str, Any], text: str, number: int) -> None:
        seen.append((text, number, "database" in ctx))

    await Queue(redis).put("note", "déjà", 7)
    await burst(settings, database, note)
    assert seen == [("déjà", 7, True)]


async def test_two_jobs_with_one_key_are_one(settings: Settings, redis: Redis, database: Database) -> None:
    seen: list[int] = []

    async def once(ctx: dict[str, Any], number: int) -> None:
        seen.append(number)

    await Queue(redis).put("once", 1, key="same")
    await Queue(redis).put("once", 2, key="same")
    await burst(settings, database, once)
    assert seen == [1]


async def test_what_is_queued_is_no_pickle_and_a_pickle_is_not_run(
    settings: Settings, redis: Redis, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    marker = tmp_path_factory.mktemp("pickle") / "ran"

    class Hostile:
        def __reduce__(self) -> Any:
            return marker.touch, ()

    async def innocent(ctx: dict[str, Any]) -> None:
        pytest.fail("a job that nobody put was run")

    await Queue(redis).put("innocent", key="innocent")
    assert (await redis.client.get("arq:job:innocent") or b"").startswith(b"{")
    await redis.client.set("arq:job:innocent", pickle.dumps(Hostile()))
    await burst(settings, database, innocent)
    assert not marker.exists()
    assert await redis.client.zcard(redis.key(QUEUE)) == 0


async def test_without_redis_putting_a_job_says_so(settings: Settings) -> None:
    gone = settings.redis.model_copy(update={"url": SecretStr("redis://127.0.0.1:9/0")})
    redis = Redis(gone)
    with pytest.raises(RedisUnavailable):
        await Queue(redis).put("anything")
    await redis.close()


async def test_housekeeping_removes_what_has_served_its_time(settings: Settings, database: Database) -> None:
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(
            """
            insert into relais.one_time_tokens (email, purpose, token_hash, expires_at) values
              ('a@example.org', 'reset_password', 'old', now() - interval '8 days'),
              ('a@example.org', 'reset_password', 'new', now() - interval '6 days')
            """
        )
    removed = await housekeeping.sweep({"database": database})
    assert removed["one_time_tokens"] == sum(removed.values()) == 1
    left = await database.fetch(SERVICE, "select token_hash from relais.one_time_tokens")
    assert [row[0] for row in left] == [b"new"]


async def test_a_table_that_cannot_be_swept_keeps_no_other_waiting(settings: Settings, urls: Urls) -> None:
    await run_sql(
        urls.admin,
        "insert into relais.one_time_tokens (email, purpose, token_hash, expires_at)"
        " select 'b@example.org', 'reset_password', number::text::bytea, now() - interval '8 days'"
        " from generate_series(1, 5) as number",
    )
    hasty = Database(settings.database.model_copy(update={"statement_timeout_seconds": 0.3}))
    await hasty.open()
    locking = await asyncpg.connect(urls.admin)
    try:
        async with locking.transaction():
            await locking.execute("lock table relais.sessions")
            with pytest.raises(AppError) as caught:
                await housekeeping.sweep({"database": hasty})
    finally:
        await locking.close()
        await hasty.close()
    assert caught.value.code == "57014"
    connection = await asyncpg.connect(urls.admin)
    try:
        left = "select count(*) from relais.one_time_tokens where email = 'b@example.org'"
        assert await connection.fetchval(left) == 0
    finally:
        await connection.close()


async def test_rows_go_in_parts(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 2)
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(
            "insert into relais.flushed_batches (buffer, created_at)"
            " select 'old', now() - interval '8 days' from generate_series(1, 5)"
        )
    assert (await housekeeping.sweep({"database": database}))["flushed_batches"] == 5


async def test_a_statement_of_a_worker_may_take_as_long_as_its_job(settings: Settings) -> None:
    database = Database(patient(settings))
    await database.open()
    try:
        (row,) = await database.fetch(SERVICE, "select current_setting('statement_timeout')")
    finally:
        await database.close()
    assert row[0] == "5min"
