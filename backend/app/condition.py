"""What a process knows to be away at this moment, for whoever is answered meanwhile: the header `Relais-Degraded`.

Adapters say what they find out anyway. Nothing is asked for a request; telling is a look at one attribute.
"""

import asyncio
from typing import Final, TypeAlias

HEADER: Final = b"relais-degraded"
#: The parts, as they are told, in this order.
PARTS: Final = ("cache", "limits", "counters", "realtime", "jobs", "replica", "database")
#: What goes on without Redis, but otherwise: nothing is kept, each process counts for itself and writes straight.
OF_REDIS: Final = PARTS[:4]
#: How long it is told of something that shows itself only when it is tried.
LATELY_SECONDS: Final = 3.0
Told: TypeAlias = tuple[bytes, bytes]


class Condition:
    """Which parts are away, and because of what."""

    __slots__ = ("_because", "_forgetting", "told")

    def __init__(self) -> None:
        self._because: dict[str, tuple[str, ...]] = {}
        self._forgetting: dict[str, asyncio.TimerHandle] = {}
        #: The header of every answer that is given now; None when all is well.
        self.told: Told | None = None

    def lost(self, cause: str, *parts: str) -> None:
        """These parts are away, until the cause is `back`."""
        self._because[cause] = parts
        self._tell()

    def back(self, cause: str) -> None:
        """Nothing is away because of this any more."""
        if self._because.pop(cause, None) is not None:
            self._tell()

    def lost_lately(self, cause: str, *parts: str) -> None:
        """The same of what nobody will say is over: it is told for a while after it was last seen."""
        forgetting = self._forgetting.pop(cause, None)
        if forgetting is not None:
            forgetting.cancel()
        else:
            self.lost(cause, *parts)
        loop = asyncio.get_running_loop()
        self._forgetting[cause] = loop.call_later(LATELY_SECONDS, self._forget, cause)

    def _forget(self, cause: str) -> None:
        del self._forgetting[cause]
        self.back(cause)

    def _tell(self) -> None:
        away = {part for parts in self._because.values() for part in parts}
        names = ", ".join(part for part in PARTS if part in away)
        self.told = (HEADER, names.encode()) if names else None
