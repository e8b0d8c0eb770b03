"""What one process counts of its requests, and which statements of its own were slow.

Counting is a look into a dictionary and a few additions a request. Telling is in `app.monitoring`.
"""

import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app import log

#: Upper bounds of the histogram's buckets, in seconds; beyond the last one there is one more.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: Whatever else a client sends is none that a route would have.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SLOW = "slow_statement"
#: Different slow statements that are remembered: those that were met last.
MOST_STATEMENTS = 100
LONGEST_STATEMENT = 2000
#: The method, the template of the route, the first digit of the status.
Kind: TypeAlias = tuple[str, str, int]


@dataclass(slots=True)
class Series:
    """Requests of one kind."""

    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))


class Requests:
    """Counts the requests of this process."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._series: dict[Kind, Series] = {}

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        kind = (method if method in METHODS else "other", route, status // 100)
        series = self._series.get(kind)
        if series is None:
            series = self._series[kind] = Series()
        series.seconds += seconds
        series.buckets[bisect_left(BOUNDS, seconds)] += 1

    def series(self) -> Iterator[tuple[Kind, Series]]:
        """All that was counted, by kind."""
        yield from sorted(self._series.items())


@dataclass(slots=True)
class SlowStatement:
    """A statement that was slow, by its text: values are not in it."""

    statement: str
    calls: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    def told(self) -> dict[str, Any]:
        """As administrators read it."""
        return {
            "query": self.statement,
            "calls": self.calls,
            "totalMs": round(self.seconds * 1000, 1),
            "meanMs": round(self.seconds * 1000 / self.calls, 1),
            "maxMs": round(self.longest * 1000, 1),
        }


class SlowStatements:
    """Remembers the statements of this process that took longer than a bound."""

    def __init__(self, bound_seconds: float) -> None:
        self.bound_seconds = bound_seconds
        self._known: OrderedDict[str, SlowStatement] = OrderedDict()

    def took(self, statement: str, began: float) -> None:
        """Note a statement that began at this time of `time.perf_counter()`, if it was slow."""
        seconds = time.perf_counter() - began
        if seconds < self.bound_seconds:
            return
        text = " ".join(statement.split())[:LONGEST_STATEMENT]
        known = self._known.pop(text, None) or SlowStatement(text)
        known.calls += 1
        known.seconds += seconds
        known.longest = max(known.longest, seconds)
        self._known[text] = known
        if len(self._known) > MOST_STATEMENTS:
            self._known.popitem(last=False)
        log.event(SLOW, {"ms": round(seconds * 1000, 1), "statement": text}, level="warning")

    def slowest(self) -> list[dict[str, Any]]:
        """Those that took the most time in all come first."""
        found = sorted(self._known.values(), key=lambda item: item.seconds, reverse=True)
        return [item.told() for item in found]
