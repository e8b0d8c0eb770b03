"""What processes say to each other over Redis: heard by those who listen at that moment, and kept by nobody."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from app import log
from app.adapters.redis import Redis, RedisUnavailable

LOST = "bus_lost"
#: Whoever has heard nothing for so long asks whether Redis is there, and believes that it is not after as long again.
_LOOK_SECONDS = 3.0
_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.2, 5.0
_FAILURES = (RedisError, OSError, TimeoutError)


@dataclass(slots=True, kw_only=True)
class Bus:
    """One connection that hears the channels that somebody here takes an interest in."""

    redis: Redis
    #: Told a channel and what was said there.
    heard: Callable[[str, bytes], None]
    #: Told a channel that is heard from now on: what was said there before was not.
    begun: Callable[[str], None]
    _wanted: set[str] = field(default_factory=set[str])
    _turn: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Hear from now on."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Hear no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def listen(self, channel: str) -> None:
        """Hear a channel, soon."""
        self._wanted.add(channel)
        self._turn.set()

    def ignore(self, channel: str) -> None:
        """Hear it no more."""
        self._wanted.discard(channel)
        self._turn.set()

    async def say(self, channel: str, message: bytes) -> bool:
        """Tell the other processes; False if Redis is away."""
        try:
            await self.redis.run(("PUBLISH", self.redis.key(channel), message))
        except RedisUnavailable:
            return False
        return True

    async def _run(self) -> None:
        delay = _FIRST_DELAY_SECONDS
        while True:
            # No connection is kept while nobody takes an interest.
            while not self._wanted:
                self._turn.clear()
                await self._turn.wait()
            pubsub: Any = self.redis.client.pubsub()
            try:
                asked = self._keys()
                await pubsub.subscribe(*asked)
                delay = _FIRST_DELAY_SECONDS
                await _first_of(self._hear(pubsub), self._ask(pubsub, asked))
                continue
            except _FAILURES as error:
                log.event(LOST, {"reason": str(error) or type(error).__name__}, level="warning")
            except Exception as error:
                # A mistake of ours must not end the hearing.
                log.event("unexpected_error", {"in": "bus"}, level="error", error=error)
            finally:
                with suppress(*_FAILURES):
                    await pubsub.aclose()
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    def _keys(self) -> set[str]:
        return {self.redis.key(channel) for channel in self._wanted}

    async def _ask(self, pubsub: Any, asked: set[str]) -> None:
        """Tell Redis which channels are wanted, whenever they are others; done when there are none."""
        while self._wanted:
            wanted = self._keys()
            if wanted - asked:
                await pubsub.subscribe(*(wanted - asked))
            if asked - wanted:
                await pubsub.unsubscribe(*(asked - wanted))
            asked = wanted
            self._turn.clear()
            await self._turn.wait()

    async def _hear(self, pubsub: Any) -> None:
        prefix, silent = self.redis.key(""), False
        while True:
            message = await pubsub.get_message(timeout=_LOOK_SECONDS)
            if message is None:
                if silent:
                    raise TimeoutError("Redis says nothing")
                silent = True
                await pubsub.ping()
                continue
            silent = False
            channel = (message["channel"] or b"").decode().removeprefix(prefix)
            if message["type"] == "subscribe":
                self.begun(channel)
            elif message["type"] == "message":
                try:
                    self.heard(channel, message["data"])
                except Exception as error:
                    # Said by a process of another version, it may be.
                    log.event("unexpected_error", {"in": "bus", "channel": channel}, level="error", error=error)


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Do them at once, until one is done or has failed."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
