"""What the processes of an installation count, told by each to all through Redis.

Whoever asks for the figures is answered by one process; it must know those of the others, too. Each writes its own
down every few seconds. What is told of another process is as old as that; without Redis, a process tells of itself.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.adapters.pool import PoolState
from app.adapters.postgres import Mode
from app.adapters.queue import HEALTH
from app.adapters.redis import Redis, RedisUnavailable
from app.condition import Condition
from app.metrics import Requests

KEY = ("metrics", "processes")
EVERY_SECONDS = 5.0
#: A process that has not told for so long is gone.
FORGOTTEN_SECONDS = 30.0
Series = tuple[str, str, int, float, list[int]]


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Counts:
    """What one process has counted since it began, and how it is now."""

    process: str
    in_flight: int
    #: The method, the template of the route, the first digit of the status, seconds in all, the histogram's buckets.
    series: list[Series]
    #: Size, open, idle and waiting, by pool.
    pools: Mapping[str, tuple[int, int, int, int]]
    cache: Mapping[str, int]
    #: Connections, and what they were told and refused; nothing where there is no realtime.
    sockets: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class SharedCounts:
    """Tells what this process counts, and hears what the others do."""

    redis: Redis
    requests: Requests
    pools: Callable[[], Mapping[Mode, PoolState]]
    #: Hits, misses and the like.
    cache: Callable[[], Mapping[str, int]]
    #: Of realtime.
    sockets: Callable[[], Mapping[str, int]] = dict
    condition: Condition = field(default_factory=Condition)
    process: str = field(default_factory=_name)
    _worker_seen: bool = False
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        """Tell no more; what was told is forgotten."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(RedisUnavailable):
            await self.redis.run(("HDEL", self.redis.key(*KEY), self.process))

    def own(self) -> Counts:
        """Of this process, at this moment."""
        pools = {name: (state.size, state.open, state.idle, state.waiting) for name, state in self.pools().items()}
        series = [(*kind, found.seconds, [*found.buckets]) for kind, found in self.requests.series()]
        return Counts(self.process, self.requests.in_flight, series, pools, dict(self.cache()), dict(self.sockets()))

    async def all(self) -> list[Counts]:
        """Of every process that runs, this one first."""
        try:
            others = await self._others()
        except RedisUnavailable:
            others = []
        return [self.own(), *others]

    async def _others(self) -> list[Counts]:
        """Those that told of late. What was told by processes that were killed is removed."""
        key = self.redis.key(*KEY)
        [told] = await self.redis.run(("HGETALL", key))
        if not isinstance(told, list):
            return []
        texts = _texts(told)
        texts.pop(self.process, None)
        found = {name: _read(name, text) for name, text in sorted(texts.items())}
        gone = [name for name, counts in found.items() if counts is None]
        if gone:
            await self.redis.run(("HDEL", key, *gone))
        return [counts for counts in found.values() if counts is not None]

    async def tell(self) -> None:
        """Write down what this process has counted."""
        own = self.own()
        message = {
            "at": time.time(),
            "in_flight": own.in_flight,
            "series": own.series,
            "pools": own.pools,
            "cache": own.cache,
            "sockets": own.sockets,
        }
        key = self.redis.key(*KEY)
        told = ("HSET", key, self.process, orjson.dumps(message)), ("EXPIRE", key, 3600)
        *_, alive = await self.redis.run(*told, ("EXISTS", self.redis.key(HEALTH)))
        self._look_after_worker(alive=alive == 1)

    def _look_after_worker(self, *, alive: bool) -> None:
        """Where there never was a worker nobody misses one."""
        if alive:
            self._worker_seen = True
            self.condition.back("worker")
        elif self._worker_seen:
            self.condition.lost("worker", "jobs")

    async def _tell(self) -> None:
        # Where nobody asks for figures, whoever is new cleans up.
        with suppress(RedisUnavailable):
            await self._others()
        while True:
            with suppress(RedisUnavailable):
                await self.tell()
            await asyncio.sleep(EVERY_SECONDS)


def _texts(told: Any) -> dict[str, bytes]:
    return {name.decode(): text for name, text in zip(told[::2], told[1::2], strict=True)}


def _read(process: str, text: bytes) -> Counts | None:
    message: dict[str, Any] = orjson.loads(text)
    if time.time() - message["at"] > FORGOTTEN_SECONDS:
        return None
    series = [tuple(item) for item in message["series"]]
    return Counts(process, message["in_flight"], series, message["pools"], message["cache"], message.get("sockets", {}))  # pyright: ignore
