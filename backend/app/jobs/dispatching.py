"""Brings jobs from their rows to the queue: arq carries them to whichever worker has room.

The rows are the truth. What the queue loses is put into it again, and without Redis each worker runs jobs itself, so
that their absence costs speed and nothing else.
"""

import asyncio
from typing import Any

from app import log
from app.adapters.listener import Listener
from app.adapters.postgres import Database
from app.adapters.queue import Queue
from app.adapters.redis import RedisUnavailable
from app.errors import AppError
from app.jobs import rows
from app.jobs.performing import DEAD, Performer
from app.jobs.rows import CHANNEL
from app.settings import JobsSettings

AWAY = "jobs_unavailable"
#: Rows that are handed to the queue at once, and jobs that one worker runs at once without it.
_MOST, _LANES = 100, 4
_POLL_SECONDS, _FULL_SECONDS = 2.0, 0.2


async def perform(ctx: dict[str, Any], job_id: str) -> None:
    """What arq carries: the id of a row. One that has been run meanwhile is nobody's to run."""
    performer: Performer = ctx["performer"]
    await performer.perform(job_id)


class Dispatcher:
    """One worker's part in seeing that no job is forgotten."""

    def __init__(self, database: Database, queue: Queue, performer: Performer, settings: JobsSettings) -> None:
        self._database = database
        self._queue = queue
        self._performer = performer
        self._settings = settings
        self._wanted = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Hand over what is due until told to stop."""
        # Without ears there are still eyes: jobs are looked for all the time.
        listener = Listener(
            database=self._database,
            channels=(CHANNEL,),
            heard=lambda _channel, _job: self._wanted.set(),
            catch_up=self._catch_up,
        )
        listener.start()
        try:
            while not stopping.is_set():
                self._wanted.clear()
                handed = await self._round(stopping)
                # A full hand: there is more, as soon as some of it is taken.
                await self._wait(stopping, _FULL_SECONDS if handed == _MOST else _POLL_SECONDS)
        finally:
            await listener.stop()

    async def _catch_up(self) -> None:
        self._wanted.set()

    async def drain(self) -> None:
        """Run what is due now."""
        while await self._performer.perform():
            pass

    async def _round(self, stopping: asyncio.Event) -> int:
        try:
            for row in await rows.bury(self._database, self._settings.attempts):
                log.event(DEAD, {"id": row["id"], "job": row["name"], "reason": rows.ABANDONED}, level="error")
            try:
                return await self._hand_over()
            except RedisUnavailable:
                await asyncio.gather(*(self._lane(stopping) for _ in range(_LANES)))
        except AppError as error:
            log.event(AWAY, {"reason": str(error)}, level="warning")
        except Exception as error:
            # A mistake of ours must not end the running of jobs.
            log.event("unexpected_error", {"in": "jobs"}, level="error", error=error)
        return 0

    async def _hand_over(self) -> int:
        due = await rows.due(self._database, self._performer.names, _MOST)
        for row in due:
            # What is in the queue already is not put there twice. A worker that is killed between the queue and the
            # row takes the key with it for minutes; so does nobody after a while.
            turn = int(row["overdue"] / self._settings.lease_seconds)
            key = f"job:{row['id']}:{row['since']}:{turn}"
            await self._queue.put(perform.__name__, row["id"], key=key)
        return len(due)

    async def _lane(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set() and await self._performer.perform():
            pass

    async def _wait(self, stopping: asyncio.Event, seconds: float) -> None:
        waited_for = [asyncio.create_task(event.wait()) for event in (stopping, self._wanted)]
        try:
            await asyncio.wait(waited_for, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waited_for:
                task.cancel()
