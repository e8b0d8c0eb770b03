"""What one process remembers of answers, without asking Redis."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from app.gateway.types import ResultSet


@dataclass(slots=True)
class AtHand:
    """Answers that are given again for a moment; the one that was put there first goes first."""

    seconds: float
    most: int
    #: Another one each time that everything was put away.
    turn: int = 0
    _kept: OrderedDict[str, tuple[float, ResultSet]] = field(
        default_factory=OrderedDict[str, "tuple[float, ResultSet]"]
    )

    def __bool__(self) -> bool:
        return self.seconds > 0 and self.most > 0

    def find(self, key: str) -> ResultSet | None:
        """An answer that is still good."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= time.monotonic():
            del self._kept[key]
            return None
        return found[1]

    def put(self, key: str, result: ResultSet, until: float, turn: int) -> None:
        """Give it again until a moment of `time.monotonic`, unless it was looked up in an earlier turn."""
        if not self or turn != self.turn:
            return
        self._kept[key] = (until, result)
        self._kept.move_to_end(key)
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Give none of them again."""
        self.turn += 1
        self._kept.clear()


@dataclass(slots=True)
class Lately:
    """What was asked for within the last while; of more than so many the one asked for longest ago is forgotten."""

    seconds: float
    most: int
    _asked: OrderedDict[str, float] = field(default_factory=OrderedDict[str, float])

    def again(self, key: str) -> bool:
        """Whether this was asked for before; it was from now on."""
        now = time.monotonic()
        before = self._asked.get(key)
        self._asked[key] = now
        self._asked.move_to_end(key)
        if len(self._asked) > self.most:
            self._asked.popitem(last=False)
        return before is not None and now - before <= self.seconds
