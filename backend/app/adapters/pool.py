"""A pool of connections, as plain as can be: the last one given back is the first one lent.

asyncpg's own pool starts a task on every release and wraps every connection; here both would cost more than the
statement of a short request. A connection whose work was cancelled or broken off is closed, never lent again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

IDLE_SECONDS = 300.0
CLOSE_SECONDS = 5.0


class Closable(Protocol):
    """What the pool does with a connection."""

    def is_closed(self) -> bool: ...
    def is_in_transaction(self) -> bool: ...
    async def close(self, *, timeout: float | None = None) -> None: ...  # noqa: ASYNC109 - as the driver has it
    def terminate(self) -> None: ...


C = TypeVar("C", bound=Closable)


@dataclass(frozen=True, slots=True)
class PoolState:
    """How many connections a pool has now, how many of them nobody uses, and how many requests wait for one."""

    size: int
    open: int
    idle: int
    waiting: int


class PoolClosed(OSError):
    """The pool lends nothing any more."""


class Pool(Generic[C]):
    """Lends up to `size` connections at once, made when they are needed."""

    def __init__(self, connect: Callable[[], Awaitable[C]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._idle: list[tuple[C, float]] = []
        self._open: set[C] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[C | None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._emptied = asyncio.Event()
        #: How many connections have come back well, or come into being: signs that the server lives.
        self.came = 0

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody uses a connection, or wants one."""
        return len(self._open) > len(self._idle) or self._opening > 0 or bool(self._waiting)

    def state(self) -> PoolState:
        """How it is used at this moment."""
        return PoolState(self._size, len(self._open) + self._opening, len(self._idle), len(self._waiting))

    async def acquire(self, timeout_seconds: float, prefers: Callable[[C], bool] | None = None) -> C:
        """A connection, of the idle ones rather one that is preferred; `TimeoutError` when none comes free in time."""
        if self._closed:
            raise PoolClosed("the pool is closed")
        now = time.monotonic()
        if prefers is not None and len(self._idle) > 1:
            for place in range(len(self._idle) - 1, -1, -1):
                if prefers(self._idle[place][0]):
                    self._idle.append(self._idle.pop(place))
                    break
        while self._idle:
            connection, since = self._idle.pop()
            if connection.is_closed():
                self._gone(connection)
            elif now - since > IDLE_SECONDS:
                self._discard(connection)
            else:
                return connection
        if len(self._open) + self._opening < self._size:
            self._opening += 1
            return await self._opened()
        return await self._waited(timeout_seconds)

    async def _opened(self) -> C:
        """A new connection, in a place that is counted as opening already."""
        try:
            connection = await self._connect()
        except BaseException:
            # Whoever waits may try: a failure of mine leaves room for one of theirs.
            self._wake(None)
            raise
        finally:
            self._opening -= 1
        self._open.add(connection)
        self.came += 1
        return connection

    async def _waited(self, timeout_seconds: float) -> C:
        waiter: asyncio.Future[C | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(timeout_seconds):
                connection = await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                handed = waiter.result()
                # It came in the same moment: somebody else takes it.
                if handed is not None:
                    self.release(handed)
                else:
                    self._opening -= 1
                    self._wake(None)
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        return connection if connection is not None else await self._opened()

    def release(self, connection: C, *, broken: bool = False) -> None:
        """Give a connection back. Never waits."""
        self.came += not broken
        if connection.is_closed():
            self._gone(connection)
            self._wake(None)
        elif broken or self._closed or connection.is_in_transaction():
            self._discard(connection)
        elif not self._wake(connection):
            self._idle.append((connection, time.monotonic()))

    def _wake(self, connection: C | None) -> bool:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                # Room is kept for who is woken: a newcomer may run before them.
                self._opening += connection is None
                waiter.set_result(connection)
                return True
        return False

    def _discard(self, connection: C) -> None:
        self._in_background(self._ended(connection))

    async def _ended(self, connection: C) -> None:
        try:
            # Asks PostgreSQL to stop what was cancelled, and waits until it has.
            await connection.close(timeout=CLOSE_SECONDS)
        except Exception:
            connection.terminate()
        finally:
            self._gone(connection)
            self._wake(None)

    def _gone(self, connection: C) -> None:
        self._open.discard(connection)
        if not self._open:
            self._emptied.set()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def break_off(self, error: Exception) -> None:
        """Cut every connection: whoever uses one is told so by it, and whoever waits for one by this error."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(error)
        idle, self._idle = self._idle, []
        for connection in [*self._open]:
            connection.terminate()
        for connection, _ in idle:
            self._gone(connection)

    async def close(self, timeout_seconds: float) -> None:
        """Close what is idle, wait for what is lent, then close the rest by force."""
        self._closed = True
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(PoolClosed("the pool is closed"))
        while self._idle:
            self._discard(self._idle.pop()[0])
        self._emptied.clear()
        if self._open:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await self._emptied.wait()
        for connection in [*self._open]:
            connection.terminate()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
