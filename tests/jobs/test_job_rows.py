"""Jobs that are rows: put, claimed, done once, put off, given up; and schedules, of which one process wins."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.adapters.postgres import SERVICE, Database, Row
from app.adapters.queue import Queue, make_worker, work
from app.adapters.redis import Redis
from app.jobs import rows, schedules
from app.jobs.dispatching import Dispatcher, perform
from app.jobs.performing import Performer, Run
from app.jobs.rows import put_job
from app.module import DAY, RESTORED, Job, Schedule
from app.modules.library import MODULE
from app.modules.library.file_sweep import sweep_files
from app.settings import Settings

from tests.accounts.conftest import with_group


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    """With no jobs in it."""
    database = Database(settings.database)
    await database.open()
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute("delete from relais.jobs")
    yield database
    await database.close()


async def put(database: Database, name: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> str | None:
    async with database.transaction(SERVICE) as connection:
        return await put_job(connection, name, arguments, **options)


async def row_of(database: Database, job_id: str | None) -> Row:
    (row,) = await database.fetch(
        SERVICE,
        "select state::text, attempts, last_error, extract(epoch from run_after - now())::float8 as due_in, finished_at"
        " from relais.jobs where id = $1::text::uuid",
        job_id,
        mode="write",
    )
    return row


async def make_due(database: Database) -> None:
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute("update relais.jobs set run_after = now()")


def performer(database: Database, settings: Settings, *jobs: Job) -> Performer:
    named = {job.__name__: job for job in jobs}
    return Performer(database, settings.jobs, named, {"database": database})


async def test_a_job_that_is_rolled_back_was_never_put(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction(SERVICE) as connection:
            await put_job(connection, "anything")
            raise RuntimeError
    assert not await database.fetch(SERVICE, "select from relais.jobs", mode="write")


async def test_a_job_runs_with_its_arguments_and_is_done(settings: Settings, database: Database) -> None:
    seen: list[Any] = []

    async def note(ctx: dict[str, Any], *, text: str, number: int) -> None:
        seen.append((text, number, ctx["run"].id))

    job_id = await put(database, "note", {"text": "déjà", "number": 7})
    runs = performer(database, settings, note)
    assert await runs.perform()
    assert not await runs.perform()
    assert seen == [("déjà", 7, job_id)]
    row = await row_of(database, job_id)
    assert (row["state"], row["attempts"], row["last_error"]) == ("done", 1, None)
    assert row["finished_at"] is not None


async def test_two_jobs_with_one_key_are_one(settings: Settings, database: Database) -> None:
    assert await put(database, "note", key="same") is not None
    assert await put(database, "note", key="same") is None
    assert await put(database, "note") is not None


async def test_a_job_that_fails_is_put_off_and_in_the_end_kept_with_its_reason(
    settings: Settings, database: Database
) -> None:
    async def fail(ctx: dict[str, Any]) -> None:
        raise ValueError("no such\0thing")

    runs = performer(database, with_group(settings, "jobs", attempts=2), fail)
    job_id = await put(database, "fail")
    await runs.perform()
    row = await row_of(database, job_id)
    assert (row["state"], row["attempts"], row["last_error"]) == ("waiting", 1, "ValueError: no suchthing")
    assert 1 < row["due_in"] < 3
    await make_due(database)
    await runs.perform()
    row = await row_of(database, job_id)
    assert (row["state"], row["attempts"], row["last_error"]) == ("dead", 2, "ValueError: no suchthing")
    await make_due(database)
    assert not await runs.perform()


async def test_a_job_that_takes_too_long_is_broken_off(settings: Settings, database: Database) -> None:
    async def hang(ctx: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    job_id = await put(database, "hang")
    await performer(database, with_group(settings, "jobs", timeout_seconds=0.05), hang).perform()
    row = await row_of(database, job_id)
    assert (row["state"], row["last_error"]) == ("waiting", "It took longer than 0.05 seconds")


async def test_what_a_job_did_before_it_failed_is_taken_back(settings: Settings, database: Database) -> None:
    async def half(ctx: dict[str, Any]) -> None:
        run: Run = ctx["run"]
        async with run.once() as connection:
            await put_job(connection, "consequence")
            raise ValueError

    job_id = await put(database, "half")
    await performer(database, settings, half).perform()
    assert (await row_of(database, job_id))["state"] == "waiting"
    names = await database.fetch(SERVICE, "select name from relais.jobs", mode="write")
    assert [row[0] for row in names] == ["half"]


async def test_a_job_that_another_worker_has_taken_meanwhile_does_nothing(
    settings: Settings, database: Database
) -> None:
    async def slow(ctx: dict[str, Any]) -> None:
        # Its lease ends, and somebody else claims it.
        await make_due(database)
        assert await rows.claim(database, ["slow"], 60) is not None
        run: Run = ctx["run"]
        async with run.once() as connection:
            await put_job(connection, "consequence")

    job_id = await put(database, "slow")
    await performer(database, settings, slow).perform()
    row = await row_of(database, job_id)
    assert (row["state"], row["attempts"]) == ("running", 2)
    assert not await database.fetch(SERVICE, "select from relais.jobs where name = 'consequence'", mode="write")


async def test_a_job_keeps_its_worker_as_long_as_it_takes(settings: Settings, database: Database) -> None:
    proceed = asyncio.Event()
    runs: list[int] = []

    async def long(ctx: dict[str, Any]) -> None:
        runs.append(1)
        await proceed.wait()

    quick = with_group(settings, "jobs", lease_seconds=0.3)
    job_id = await put(database, "long")
    running = asyncio.create_task(performer(database, quick, long).perform())
    other = performer(database, quick, long)
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        assert not (await other.perform() if runs else False)
        await asyncio.sleep(0.05)
    proceed.set()
    await running
    row = await row_of(database, job_id)
    assert (row["state"], row["attempts"], runs) == ("done", 1, [1])


async def test_a_job_whose_worker_is_stopped_is_at_once_anybodys(settings: Settings, database: Database) -> None:
    begun = asyncio.Event()

    async def hang(ctx: dict[str, Any]) -> None:
        begun.set()
        await asyncio.Event().wait()

    job_id = await put(database, "hang")
    running = asyncio.create_task(performer(database, settings, hang).perform())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    row = await row_of(database, job_id)
    assert (row["state"], row["attempts"]) == ("waiting", 0), "nothing was wrong with the job"
    assert row["due_in"] <= 0


async def test_a_job_that_heeds_no_time_uses_up_its_tries(settings: Settings, database: Database) -> None:
    broken_off = asyncio.Event()

    async def stubborn(ctx: dict[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            broken_off.set()
            await asyncio.Event().wait()

    job_id = await put(database, "stubborn")
    hasty = with_group(settings, "jobs", timeout_seconds=0.05)
    running = asyncio.create_task(performer(database, hasty, stubborn).perform())
    await broken_off.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    row = await row_of(database, job_id)
    assert (row["state"], row["attempts"]) == ("waiting", 1)
    assert row["last_error"] == "It took longer than 0.05 seconds"


async def test_what_takes_its_workers_along_is_given_up(database: Database) -> None:
    job_id = await put(database, "fatal")
    for _ in range(3):
        assert await rows.claim(database, ["fatal"], 60)
        await make_due(database)
    assert [row["name"] for row in await rows.bury(database, 3)] == ["fatal"]
    row = await row_of(database, job_id)
    assert (row["state"], row["last_error"]) == ("dead", rows.ABANDONED)


async def test_a_job_that_this_worker_does_not_know_waits_for_one_that_does(
    settings: Settings, database: Database
) -> None:
    async def known(ctx: dict[str, Any]) -> None:
        pass

    job_id = await put(database, "of a newer release")
    runs = performer(database, settings, known)
    assert not await runs.perform()
    assert not await runs.perform(job_id)
    assert (await row_of(database, job_id))["state"] == "waiting"


async def test_many_workers_at_once_run_each_job_once(settings: Settings, database: Database) -> None:
    seen: list[int] = []

    async def note(ctx: dict[str, Any], *, number: int) -> None:
        seen.append(number)
        await asyncio.sleep(0)

    for number in range(40):
        await put(database, "note", {"number": number})
    runs = [performer(database, settings, note) for _ in range(5)]

    async def lane(one: Performer) -> None:
        while await one.perform():
            pass

    await asyncio.gather(*(lane(one) for one in runs))
    assert sorted(seen) == list(range(40))


async def test_the_queue_carries_a_row_and_forgets_it(settings: Settings, database: Database) -> None:
    seen: list[int] = []

    async def note(ctx: dict[str, Any], *, number: int) -> None:
        seen.append(number)

    redis = Redis(settings.redis)
    runs = performer(database, settings, note)
    dispatcher = Dispatcher(database, Queue(redis), runs, settings.jobs)
    job_id = await put(database, "note", {"number": 1})
    stopping = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stopping))
    worker = make_worker(redis, settings.jobs, [note, perform], (), {"performer": runs})
    working = asyncio.create_task(work(worker))
    try:
        async with asyncio.timeout(30):
            while (await row_of(database, job_id))["state"] != "done":
                await asyncio.sleep(0.02)
        assert seen == [1]
        assert worker.jobs_complete == 1
    finally:
        stopping.set()
        await task
        # The queue is told that the job is done after the row is.
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
        worker.handle_sig(15)
        await working
        await redis.close()


def test_the_latest_time_of_a_schedule() -> None:
    async def job(ctx: dict[str, Any]) -> None:
        pass

    now = datetime(2026, 11, 18, 6, 59, 59, tzinfo=UTC)  # a Wednesday
    daily, weekly = Schedule(job, every=DAY, at=7 * 3600), Schedule(job, every=7 * DAY, at=4 * DAY + 7 * 3600)
    assert schedules.last_time(daily, now.timestamp()) == datetime(2026, 11, 17, 7, tzinfo=UTC)
    assert schedules.last_time(daily, now.timestamp() + 1) == datetime(2026, 11, 18, 7, tzinfo=UTC)
    assert schedules.last_time(weekly, now.timestamp()) == datetime(2026, 11, 16, 7, tzinfo=UTC)


async def test_a_time_of_a_schedule_is_put_once_whoever_asks(database: Database) -> None:
    async def job(ctx: dict[str, Any]) -> None:
        pass

    daily = Schedule(job, every=DAY, at=7 * 3600, windowed=True)
    now = datetime(2026, 11, 18, 8, tzinfo=UTC)
    put = await asyncio.gather(*(schedules.put_due(database, [daily], now.timestamp()) for _ in range(8)))
    assert sorted(put) == [0] * 7 + [1]
    # Nobody was there for three days: what was missed is one job, which is told so.
    await schedules.put_due(database, [daily], (now + timedelta(days=4)).timestamp())
    # A clock that is a little behind puts nothing.
    assert await schedules.put_due(database, [daily], (now + timedelta(days=4, hours=-1.5)).timestamp()) == 0
    found = await database.fetch(
        SERVICE,
        "select (arguments ->> 'since')::timestamptz, (arguments ->> 'until')::timestamptz from relais.jobs order by 2",
        mode="write",
    )
    assert [(row[0].day, row[1].day) for row in found] == [(17, 18), (18, 22)]
    assert {moment.astimezone(UTC).strftime("%H:%M") for row in found for moment in row} == {"06:59"}


async def test_a_clock_that_was_ahead_stops_no_schedule(database: Database) -> None:
    async def job(ctx: dict[str, Any]) -> None:
        pass

    daily = Schedule(job, every=DAY, at=7 * 3600, windowed=True)
    now = datetime(2026, 11, 18, 8, tzinfo=UTC)
    for days in (0, 30, 1):
        assert await schedules.put_due(database, [daily], (now + timedelta(days=days)).timestamp()) == 1, days
    (row,) = await database.fetch(
        SERVICE,
        "select arguments ->> 'since' from relais.jobs where scheduled_for = $1::timestamptz",
        now + timedelta(hours=23),
        mode="write",
    )
    assert row[0].startswith("2026-11-18T06:59")


async def test_schedules_go_by_the_clock_of_postgresql(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def job(ctx: dict[str, Any]) -> None:
        pass

    monkeypatch.setattr(time, "time", lambda: 0.0)
    await schedules.tick({"database": database, "schedules": [Schedule(job, every=3600)]})
    (row,) = await database.fetch(SERVICE, "select now() - scheduled_for from relais.jobs", mode="write")
    assert timedelta(0) <= row[0] < timedelta(hours=1)


async def test_a_schedule_may_wait_for_its_next_time_in_a_new_database(database: Database) -> None:
    async def sweep_all(ctx: dict[str, Any]) -> None:
        pass

    daily = Schedule(sweep_all, every=DAY, at=7 * 3600, waits=True)
    now = datetime(2026, 11, 18, 8, tzinfo=UTC)
    assert await schedules.put_due(database, [daily], now.timestamp()) == 0
    assert await schedules.put_due(database, [daily], (now + timedelta(hours=22)).timestamp()) == 0
    assert await rows.claim(database, ["sweep_all"], 60) is None
    assert await schedules.put_due(database, [daily], (now + timedelta(hours=23)).timestamp()) == 1


async def brought_back(database: Database, at: datetime) -> None:
    put = "insert into relais.jobs (name, scheduled_for, state, finished_at) values ($1, $2, 'done', now())"
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(put, RESTORED, at)


async def since_of_last(database: Database, job: str) -> str:
    told = "select arguments ->> 'since' from relais.jobs where name = $1 order by scheduled_for desc limit 1"
    (row,) = await database.fetch(SERVICE, told, job, mode="write")
    return row[0]


async def test_what_was_due_before_a_backup_was_brought_back_is_not_made_up_for(database: Database) -> None:
    async def digest(ctx: dict[str, Any]) -> None:
        pass

    daily = Schedule(digest, every=DAY, at=7 * 3600, windowed=True)
    now = datetime(2026, 11, 18, 8, tzinfo=UTC)
    await schedules.put_due(database, [daily], now.timestamp())
    returned = now + timedelta(days=3)
    await brought_back(database, returned)
    assert await schedules.put_due(database, [daily], (returned + timedelta(minutes=1)).timestamp()) == 0
    assert await schedules.put_due(database, [daily], (returned + timedelta(days=1)).timestamp()) == 1
    assert (await since_of_last(database, "digest")).startswith("2026-11-21T06:59")


@pytest.mark.parametrize(("hour", "day"), [(8, 21), (7, 21), (6, 20)])
async def test_what_was_told_before_a_backup_was_brought_back_is_not_told_again(
    database: Database, hour: int, day: int
) -> None:
    async def digest(ctx: dict[str, Any]) -> None:
        pass

    daily = Schedule(digest, every=DAY, at=7 * 3600, windowed=True)
    # The backup knows of the 17th; it is brought back on the 21st, and no worker looks before it is due again.
    await schedules.put_due(database, [daily], datetime(2026, 11, 17, 8, tzinfo=UTC).timestamp())
    await brought_back(database, datetime(2026, 11, 21, hour, tzinfo=UTC))
    assert await schedules.put_due(database, [daily], datetime(2026, 11, 22, 7, 0, 1, tzinfo=UTC).timestamp()) == 1
    assert (await since_of_last(database, "digest")).startswith(f"2026-11-{day}T06:59")


def test_what_removes_files_waits() -> None:
    assert [one.waits for one in MODULE.schedules if one.job is sweep_files] == [True]
