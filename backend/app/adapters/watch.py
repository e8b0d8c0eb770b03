"""Finds out that a PostgreSQL does not answer any more, though no connection to it was lost.

A statement may take as long as it is allowed to, so that its silence says nothing. When nothing at all has come back
from a server for a moment, it is asked something short over a connection of its own: a server that does not answer
that either is away. Whoever waits for it is told so, and whoever comes is, until it answers again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from app import log
from app.adapters.pool import Pool

LOST, BACK = "database_lost", "database_back"
#: It is looked so often within the time that a server may be silent.
_TURNS = 5
#: A look of so many turns is waited for. In turns, not in time: a process that was held up itself takes no fewer.
_PATIENCE = _TURNS - 2
_PARTS_OF_A_TURN = 4
_LOOK = "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean"
#: The server says itself that it is starting, stopping, or recovering.
_NOT_YET = frozenset({"57P01", "57P02", "57P03"})


class Watch:
    """Watches one server for the pools whose connections lead there."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        pools: tuple[Pool[Any], ...],
        silence_seconds: float,
        changed: Callable[[bool], None],
    ) -> None:
        self._connect = connect
        self._pools = pools
        self._turn = silence_seconds / _TURNS
        self._changed = changed
        #: Why it is away; empty when it is not, as far as anybody knows.
        self.away = ""
        #: Whether it has refused a write because it takes none.
        self.read_only = False
        self._doubted = False
        self._came = -1
        self._line: Any = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Watch from now on."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._hang_up()

    def doubt(self) -> None:
        """A connection could not be made: look soon."""
        self._doubted = True

    def refused_a_write(self) -> None:
        """It is there and takes no writes; looked at until it does."""
        self.read_only = True
        self._changed(True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._turn)
            if not (self.away or self.read_only or self._doubted or self._is_silent()):
                continue
            self._doubted = False
            why, read_only = await self._looked()
            if why and not self.away:
                log.event(LOST, {"reason": why}, level="warning")
                self.away = why
                for pool in self._pools:
                    pool.break_off(ConnectionError(why))
            elif self.away and not why:
                log.event(BACK)
                self.away = ""
            self.read_only = self.read_only and read_only
            self._changed(bool(self.away) or self.read_only)

    def _is_silent(self) -> bool:
        """Whether somebody waits for an answer and nobody has got one since the last turn."""
        came = sum(pool.came for pool in self._pools)
        silent = came == self._came and any(pool.is_waited_for for pool in self._pools)
        self._came = came
        return silent

    async def _looked(self) -> tuple[str, bool]:
        """Why the server is away, or nothing; and whether it takes no writes."""
        look = asyncio.create_task(self._look())
        try:
            for _ in range(_PATIENCE * _PARTS_OF_A_TURN):
                await asyncio.wait((look,), timeout=self._turn / _PARTS_OF_A_TURN)
                if look.done():
                    break
        finally:
            given_up = look.cancel()
        if given_up:
            await asyncio.wait((look,), timeout=self._turn)
            self._hang_up()
            return "no answer", False
        try:
            return "", look.result()
        except asyncpg.PostgresError as error:
            self._hang_up()
            # Whoever says that there are too many, or that a password is wrong, is there.
            return (str(error) if error.sqlstate in _NOT_YET else ""), False
        except Exception as error:
            self._hang_up()
            return str(error) or type(error).__name__, False

    async def _look(self) -> bool:
        if self._line is not None and not self._line.is_closed():
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                return await self._line.fetchval(_LOOK)
            # It was lost with a server that has been started again.
        self._hang_up()
        self._line = await self._connect()
        return await self._line.fetchval(_LOOK)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.terminate()
            self._line = None
