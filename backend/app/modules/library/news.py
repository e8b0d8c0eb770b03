"""What PostgreSQL announces about the library, once it is committed, whatever road it came on.

    votes:<tenant>:<suggestion>:<transaction>     the counts kept in Redis may not know of it

Every process that serves hears of everything; forgetting a count twice does it once.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from app.adapters.listener import Listener
from app.adapters.postgres import Database
from app.adapters.redis import Redis, RedisUnavailable
from app.modules.library.vote_counts import VoteCounts

CHANNEL = "relais_library"
LISTENING_LOST = "library_news_not_heard"
_PAUSE_SECONDS = 1.0


class News:
    """Listens, and passes on."""

    def __init__(self, database: Database, redis: Redis, counts: VoteCounts) -> None:
        self._counts = counts
        counts.doubted = self._doubt
        redis.greet(counts.forgetting, self._greeted)
        self._changed: dict[str, set[int]] = {}
        self._wanted = asyncio.Event()
        self._listener = Listener(
            database=database,
            channels=(CHANNEL,),
            heard=self._heard,
            catch_up=self._catch_up,
            deaf=self._deaf,
            lost=LISTENING_LOST,
        )
        #: What was not heard, or not passed on: every count is in doubt.
        self._doubted = True
        self._passing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen from now on."""
        self._listener.start()
        self._passing = asyncio.create_task(self._pass_on())

    async def stop(self) -> None:
        """Listen no more."""
        await self._listener.stop()
        if self._passing is not None:
            self._passing.cancel()
            with suppress(asyncio.CancelledError):
                await self._passing
        self._counts.trusted = False

    async def _catch_up(self) -> None:
        self._wanted.set()

    def _deaf(self) -> None:
        self._counts.trusted, self._doubted = False, True

    def _greeted(self, answers: Sequence[Any]) -> None:
        if any(isinstance(answer, Exception) for answer in answers):
            self._doubt()

    def _doubt(self) -> None:
        self._counts.trusted, self._doubted = False, True
        self._wanted.set()

    def _heard(self, _channel: str, news: str) -> None:
        kind, *rest = news.split(":")
        if kind == "votes":
            suggestion, number = rest[1], int(rest[2])
            self._counts.heard(suggestion, number)
            self._changed.setdefault(suggestion, set()).add(number)
            self._wanted.set()

    async def _pass_on(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._forget()
            except RedisUnavailable:
                self._doubt()
            if self._doubted or not self._counts.trusted:
                # Looked at again until Redis is back and every count in doubt is gone.
                await asyncio.sleep(_PAUSE_SECONDS)
                self._wanted.set()

    async def _forget(self) -> None:
        changed, self._changed = self._changed, dict[str, set[int]]()
        if changed:
            await self._counts.drop(changed)
        if self._listener.hears and (self._doubted or not self._counts.trusted):
            # Before, so that what is heard from here on is not overlooked.
            self._doubted = False
            await self._counts.drop_all()
            self._counts.trusted = self._listener.hears and not self._doubted
