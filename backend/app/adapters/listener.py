"""Listens to PostgreSQL's notifications for as long as the process lives, and says when it cannot."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from app import log
from app.adapters.postgres import Database
from app.errors import AppError


@dataclass(slots=True, kw_only=True)
class Listener:
    """One connection that hears; when it is lost another one is made, later and later."""

    database: Database
    channels: Sequence[str]
    #: Told the channel and what was said.
    heard: Callable[[str, str], None]
    #: Called whenever listening has begun: what was said before was said to nobody.
    catch_up: Callable[[], Awaitable[None]]
    #: Called when listening ends.
    deaf: Callable[[], None] | None = None
    #: The event that tells of it; None where something else tells of the same trouble.
    lost: str | None = None
    #: After such an error nobody will ever say anything.
    pointless: Callable[[AppError], bool] = lambda _: False
    first_delay_seconds: float = 0.2
    longest_delay_seconds: float = 5.0
    #: Whether everything is heard.
    hears: bool = False
    #: Whether it was tried once.
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen from now on."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.hears = False

    @property
    def ended(self) -> bool:
        """Whether it has given up, or was stopped."""
        return self._task is not None and self._task.done()

    async def _listen(self) -> None:
        delay = self.first_delay_seconds
        while True:
            try:
                async with aclosing(self.database.listen(self.channels, self.heard)) as listening:
                    async for _ in listening:
                        await self.catch_up()
                        self.hears, delay = True, self.first_delay_seconds
                        self.tried.set()
            except AppError as error:
                if self.pointless(error):
                    return
                if self.lost is not None:
                    log.event(self.lost, {"reason": str(error)}, level="warning")
            finally:
                self.hears = False
                self.tried.set()
                if self.deaf is not None:
                    self.deaf()
            await asyncio.sleep(delay)
            delay = min(delay * 2, self.longest_delay_seconds)


def waking(database: Database, channel: str, wanted: asyncio.Event) -> Listener:
    """Sets an event when something is said, or may have been: for whoever looks anyway, only later."""

    async def catch_up() -> None:
        wanted.set()

    return Listener(
        database=database, channels=(channel,), heard=lambda _channel, _said: wanted.set(), catch_up=catch_up
    )
