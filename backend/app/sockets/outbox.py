"""What waits to be sent to one client, with its size."""

import asyncio
from typing import Any


class Outbox:
    """The queue of an Engine.IO connection, which knows how much text is in it.

    As far as the library uses a queue, this is one. There is one for every connection that does nothing, and it takes a
    tenth of the memory of an `asyncio.Queue` and of the task that waits for it.
    """

    __slots__ = ("_getting", "_items", "_joining", "_loop", "_unfinished", "size")

    def __init__(self) -> None:
        self.size = 0
        # Asking which one runs costs more than all the rest.
        self._loop = asyncio.get_running_loop()
        self._items: list[Any] = []
        self._getting: list[asyncio.Future[Any]] = []
        self._joining: list[asyncio.Future[None]] = []
        self._unfinished = 0

    def qsize(self) -> int:
        """Packets that wait."""
        return len(self._items)

    def empty(self) -> bool:
        """Whether none does."""
        return not self._items

    async def put(self, item: Any) -> None:
        """Add one: there always is room, and who adds has looked whether there should be."""
        self.put_nowait(item)

    def put_nowait(self, item: Any) -> None:
        """The same."""
        self._unfinished += 1
        self._items.append(item)
        self.size += _size(item)
        while self._getting:
            getting = self._getting.pop(0)
            if not getting.done():
                getting.set_result(self._taken())
                break

    def get(self) -> asyncio.Future[Any]:
        """The next one, as soon as there is one."""
        getting = self._loop.create_future()
        if self._items:
            getting.set_result(self._taken())
        else:
            self._getting = [one for one in self._getting if not one.done()] + [getting]
        return getting

    def get_nowait(self) -> Any:
        """The next one, or `QueueEmpty`."""
        if not self._items:
            raise asyncio.QueueEmpty
        return self._taken()

    def task_done(self) -> None:
        """One that was taken has been sent."""
        self._unfinished -= 1
        if self._unfinished <= 0:
            for joining in self._joining:
                if not joining.done():
                    joining.set_result(None)
            self._joining = []

    async def join(self) -> None:
        """Wait until all are."""
        if self._unfinished > 0:
            joining = self._loop.create_future()
            self._joining.append(joining)
            await joining

    def _taken(self) -> Any:
        item = self._items.pop(0)
        self.size -= _size(item)
        return item


def _size(item: Any) -> int:
    """Characters of a packet; those that have no text count for nothing."""
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str) else 0
