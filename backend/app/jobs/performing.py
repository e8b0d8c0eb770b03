"""Runs one job that is a row: within its time, with its worker saying that it is still at it, and notes how it went.

A job that asks `ctx["run"].once()` for its transaction has its effects committed together with the note that it is
done: whatever is killed when, they happen once. A job that does not must be harmless when it is run again.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from app import log
from app.adapters.postgres import SERVICE, Connection, Database
from app.errors import AppError
from app.jobs import rows
from app.jobs.rows import Claimed
from app.module import Job
from app.settings import JobsSettings

DONE = "job_done"
PUT_OFF = "job_put_off"
DEAD = "job_dead"
TAKEN = "job_taken"
_FIRST_DELAY, _GROWTH, _LONGEST_DELAY = 2.0, 3.0, 3600.0
#: The lease is renewed so many times before it ends.
_BEATS = 3


class Taken(Exception):
    """The job is another worker's by now."""


class Run:
    """One try of a job."""

    def __init__(self, database: Database, job: Claimed) -> None:
        self._database = database
        self._job = job
        self.is_done = False

    @property
    def id(self) -> str:
        """Of the job."""
        return self._job.id

    @asynccontextmanager
    async def once(self) -> AsyncGenerator[Connection]:
        """A transaction as the service role. With its end the job has ended, too: what is done in it is done once."""
        async with self._database.transaction(SERVICE) as connection:
            if not await rows.finish(connection, self._job):
                raise Taken
            yield connection
        self.is_done = True


class Performer:
    """Runs jobs of these names."""

    def __init__(
        self, database: Database, settings: JobsSettings, jobs: Mapping[str, Job], context: Mapping[str, Any]
    ) -> None:
        self._database = database
        self._settings = settings
        self._jobs = jobs
        self._context = context
        self.names = tuple(jobs)

    async def perform(self, only: str | None = None) -> bool:
        """Claim a job and run it; False if there is none, or if this one is nobody's to run now."""
        job = await rows.claim(self._database, self.names, self._settings.lease_seconds, only=only)
        if job is None:
            return False
        begun, beating = time.monotonic(), asyncio.create_task(self._beat(job))
        try:
            await self._run(job)
        except asyncio.CancelledError:
            # The worker is to stop: another one need not wait for the lease to end.
            with suppress(AppError):
                await asyncio.shield(self._stopped(job, time.monotonic() - begun))
            raise
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
        return True

    async def _stopped(self, job: Claimed, seconds: float) -> None:
        if seconds > self._settings.timeout_seconds:
            # It did not heed the end of its time, and was broken off by the queue.
            return await self._not_done(job, TimeoutError())
        await rows.give_back(self._database, job, "Its worker was stopped")

    async def _beat(self, job: Claimed) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_seconds / _BEATS)
            with suppress(AppError):
                await rows.renew(self._database, job, self._settings.lease_seconds)

    async def _run(self, job: Claimed) -> None:
        run = Run(self._database, job)
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                await self._jobs[job.name]({**self._context, "run": run}, **job.arguments)
            if not run.is_done:
                async with run.once():
                    pass
        except Taken:
            return log.event(TAKEN, _facts(job), level="warning")
        except Exception as error:
            if run.is_done:
                # All that it was to do, it did; what came after is ours to look at.
                return log.event("unexpected_error", _facts(job), level="error", error=error)
            return await self._not_done(job, error)
        log.event(DONE, _facts(job))

    async def _not_done(self, job: Claimed, error: Exception) -> None:
        reason = _reason(error, self._settings.timeout_seconds)
        # Should the database be away, the lease ends by itself.
        with suppress(AppError):
            if job.attempts >= self._settings.attempts:
                await rows.give_up(self._database, job, reason)
                return log.event(DEAD, _facts(job), level="error", error=error)
            seconds = delay(job.attempts)
            await rows.put_off(self._database, job, reason, seconds=seconds)
            log.event(PUT_OFF, {**_facts(job), "reason": reason, "retry_seconds": round(seconds)}, level="warning")


def delay(attempts: int) -> float:
    """How long to wait after so many attempts, never quite the same."""
    seconds = min(_FIRST_DELAY * _GROWTH ** min(attempts - 1, 50), _LONGEST_DELAY)
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - nobody guards it


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return f"It took longer than {seconds:g} seconds"
    # PostgreSQL refuses texts with NUL in them, and a job must not go on for ever for what its error says.
    return f"{type(error).__name__}: {error}".replace("\0", "")


def _facts(job: Claimed) -> dict[str, object]:
    return {"id": job.id, "job": job.name, "attempt": job.attempts}
