"""Workers as processes: killed again and again, two at once, without Redis."""

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import pytest
from app.adapters.postgres import SERVICE, Database
from app.embedded import Servers
from app.jobs.rows import put_job
from app.settings import Settings

from tests.conftest import Urls, environment_for, run_sql
from tests.jobs.test_mail_worker import Worker

Start = Callable[..., "Tracer"]
_TABLES = (
    "drop table if exists public.traces, public.times",
    "create table public.traces (number int)",
    "create table public.times (since text, until text)",
    "grant all on public.traces, public.times to service",
    "delete from relais.jobs",
)


class Tracer(Worker):
    """A worker whose jobs leave traces."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            command = [sys.executable, "-m", "tests.jobs.worker_of_tests"]
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)


@pytest.fixture
async def database(settings: Settings, urls: Urls) -> AsyncGenerator[Database]:
    """With room for traces."""
    await run_sql(urls.admin, *_TABLES)
    database = Database(settings.database)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def start(settings: Settings, urls: Urls, servers: Servers, data_dir: Path, tmp_path: Path) -> Generator[Start]:
    """Starts workers; whatever a test leaves running is ended."""
    started: list[Tracer] = []

    def start(**others: str) -> Tracer:
        environment = environment_for(urls, servers, data_dir) | {
            "RELAIS_REDIS_PREFIX": settings.redis.prefix,
            "RELAIS_JOBS_LEASE_SECONDS": "1",
            "RELAIS_JOBS_ATTEMPTS": "100",
            **others,
        }
        started.append(Tracer(environment, tmp_path / f"worker-{len(started)}.log"))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


async def put(database: Database, count: int) -> None:
    async with database.transaction(SERVICE) as connection:
        for number in range(count):
            await put_job(connection, "leave_trace", {"number": number})


async def left(database: Database) -> int:
    (row,) = await database.fetch(SERVICE, "select count(*) from relais.jobs where state <> 'done'", mode="write")
    return int(row[0])


async def traces(database: Database) -> list[int]:
    rows = await database.fetch(SERVICE, "select number from public.traces order by number", mode="write")
    return [row[0] for row in rows]


async def test_workers_that_are_killed_lose_no_job_and_repeat_no_effect(database: Database, start: Start) -> None:
    await put(database, 200)
    kills = 0
    async with asyncio.timeout(110):
        while await left(database):
            worker = start()
            await worker.wait_for("worker_started")
            if kills < 5:
                # Somewhere in the middle of something.
                before = len(await traces(database))
                while len(await traces(database)) < before + 5 and await left(database):
                    assert worker.process.poll() is None, worker.log.read_text()
                    await asyncio.sleep(random.uniform(0.005, 0.03))
                worker.kill()
                kills += 1
                continue
            while await left(database):
                await asyncio.sleep(0.05)
    assert kills >= 2
    assert await traces(database) == list(range(200))


async def test_without_redis_jobs_are_run_all_the_same(database: Database, start: Start) -> None:
    worker = start(RELAIS_REDIS_URL="redis://127.0.0.1:9/0")
    await worker.wait_for("redis_unavailable")
    await put(database, 10)
    async with asyncio.timeout(30):
        while await left(database):
            await asyncio.sleep(0.05)
    assert await traces(database) == list(range(10))


async def test_of_two_workers_one_schedules(database: Database, start: Start) -> None:
    workers = [start(TEST_EVERY="1"), start(TEST_EVERY="1")]
    for worker in workers:
        await worker.wait_for("worker_started")
    async with asyncio.timeout(60):
        while not await database.fetch(SERVICE, "select from public.times", mode="write"):
            await asyncio.sleep(0.05)
        while await left(database):
            await asyncio.sleep(0.05)
    found = await database.fetch(SERVICE, "select until, count(*) from public.times group by 1", mode="write")
    assert {row[1] for row in found} == {1}
    for worker in workers:
        assert "unexpected_error" not in worker.log.read_text()
