"""What PostgreSQL announces about the library, once it is committed, whatever road it came on.

    votes:<tenant>:<suggestion>:<transaction>     the counts kept in Redis may not know of it
    settings:<tenant>:<transaction>               thresholds were changed: a job decides anew what is pending

Every process that serves hears of everything. Forgetting a count twice does it once; a job is put under the number of
the transaction, so that all of them put one. What nobody heard, the hourly reconciliation makes up for.
"""

import asyncio
from contextlib import aclosing

from app import log
from app.adapters.postgres import Database
from app.adapters.queue import Queue
from app.adapters.redis import RedisUnavailable
from app.errors import AppError
from app.modules.library.vote_counts import VoteCounts

CHANNEL = "relais_library"
LISTENING_LOST = "library_news_not_heard"
JOB_NOT_PUT = "auto_approval_not_put"
_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 5.0
_PAUSE_SECONDS = 1.0


class News:
    """Listens, and passes on."""

    def __init__(self, database: Database, counts: VoteCounts, queue: Queue) -> None:
        self._database, self._counts, self._queue = database, counts, queue
        self._changed: dict[str, set[int]] = {}
        self._settings: set[tuple[str, str]] = set()
        self._wanted = asyncio.Event()
        self._hears = False
        #: What was not heard, or not passed on: every count is in doubt.
        self._doubted = True
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Listen from now on."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._pass_on())]

    async def stop(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            # More than once: what puts jobs swallows a cancellation that comes while it talks to Redis.
            while not task.done():
                task.cancel()
                await asyncio.wait((task,), timeout=_PAUSE_SECONDS)
        self._counts.trusted = False

    async def _listen(self) -> None:
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                async with aclosing(self._database.listen((CHANNEL,), self._heard)) as listening:
                    async for _ in listening:
                        self._hears, delay = True, _FIRST_DELAY_SECONDS
                        self._wanted.set()
            except AppError as error:
                log.event(LISTENING_LOST, {"reason": str(error)}, level="warning")
            finally:
                self._hears = self._counts.trusted = False
                self._doubted = True
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    def _heard(self, _channel: str, news: str) -> None:
        kind, tenant, *rest = news.split(":")
        if kind == "votes":
            suggestion, number = rest[0], int(rest[1])
            self._counts.heard(suggestion, number)
            self._changed.setdefault(suggestion, set()).add(number)
        elif kind == "settings":
            self._settings.add((tenant, rest[0]))
        self._wanted.set()

    async def _pass_on(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._forget()
            except RedisUnavailable:
                self._counts.trusted, self._doubted = False, True
            await self._put_jobs()
            if self._doubted or not self._counts.trusted:
                # Looked at again until Redis is back and every count in doubt is gone.
                await asyncio.sleep(_PAUSE_SECONDS)
                self._wanted.set()

    async def _forget(self) -> None:
        changed, self._changed = self._changed, dict[str, set[int]]()
        if changed:
            await self._counts.drop(changed)
        if self._hears and (self._doubted or not self._counts.trusted):
            # Before, so that what is heard from here on is not overlooked.
            self._doubted = False
            await self._counts.drop_all()
            self._counts.trusted = self._hears

    async def _put_jobs(self) -> None:
        settings, self._settings = self._settings, set()
        for tenant, number in settings:
            try:
                await self._queue.put("auto_approval", tenant, key=f"auto_approval:{tenant}:{number}")
            except RedisUnavailable as error:
                log.event(JOB_NOT_PUT, {"tenant": tenant, "reason": str(error)}, level="warning")
