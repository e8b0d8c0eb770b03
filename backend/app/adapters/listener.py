"""Listens to PostgreSQL's notifications for as long as the process lives, and says when it cannot."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

from app import log
from app.adapters.postgres import Database
from app.errors import AppError

_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 5.0


class Listener:
    """One connection that hears; when it is lost another one is made, later and later."""

    def __init__(
        self,
        database: Database,
        channel: str,
        heard: Callable[[str], None],
        *,
        catch_up: Callable[[], Awaitable[None]],
        lost: str,
        pointless: Callable[[AppError], bool] = lambda _: False,
    ) -> None:
        self._database = database
        self._channel = channel
        self._heard = heard
        #: Called whenever listening has begun: what was said before was said to nobody.
        self._catch_up = catch_up
        self._lost = lost
        #: After such an error nobody will ever say anything.
        self._pointless = pointless
        self._task: asyncio.Task[None] | None = None
        #: Whether everything is heard.
        self.hears = False

    async def start(self) -> None:
        """Listen from now on."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.hears = False

    async def _listen(self) -> None:
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                channels = self._database.listen((self._channel,), lambda _, payload: self._heard(payload))
                async with aclosing(channels) as listening:
                    async for _ in listening:
                        await self._catch_up()
                        self.hears, delay = True, _FIRST_DELAY_SECONDS
            except AppError as error:
                if self._pointless(error):
                    return
                log.event(self._lost, {"reason": str(error)}, level="warning")
            finally:
                self.hears = False
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_SECONDS)
