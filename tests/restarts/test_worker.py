"""Workers are told to stop in the middle of their jobs: each job is done, and done once."""

import asyncio
import signal

from app.adapters.postgres import Database

from tests.jobs.test_job_workers import Start, database, left, put, start, traces

__all__ = ["database", "start"]
JOBS = 60


async def test_workers_that_are_stopped_lose_no_job(database: Database, start: Start) -> None:
    await put(database, JOBS)
    stops = 0
    while await left(database):
        worker = start()
        await worker.wait_for("worker_started")
        before = len(await traces(database))
        while await left(database) and (stops == 2 or len(await traces(database)) < before + 5):
            assert worker.process.poll() is None, worker.log.read_text()
            await asyncio.sleep(0.02)
        worker.process.send_signal(signal.SIGTERM)
        stops += 1
        assert await asyncio.to_thread(worker.process.wait, 60) == 0
    assert stops >= 2
    assert await traces(database) == list(range(JOBS))
