"""What waits to be sent to one client, with its size."""

from asyncio import Queue
from typing import Any


class Outbox(Queue[Any]):
    """The queue of an Engine.IO connection, which knows how much text is in it."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def _put(self, item: Any) -> None:
        self.size += _size(item)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self.size -= _size(item)
        return item


def _size(item: Any) -> int:
    """Characters of a packet; those that have no text count for nothing."""
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str) else 0
