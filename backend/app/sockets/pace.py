"""How fast a client is read: whoever sends faster waits, and nobody waits for them."""

import asyncio
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """So many messages in a second, and some more at once."""

    per_second: float
    at_once: float
    _left: float = field(init=False)
    _at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._left = self.at_once

    async def wait(self, messages: int = 1) -> None:
        """Until the next messages may be read."""
        now = time.monotonic()
        self._left, self._at = min(self._left + (now - self._at) * self.per_second, self.at_once), now
        self._left -= messages
        if self._left < 0:
            await asyncio.sleep(-self._left / self.per_second)
