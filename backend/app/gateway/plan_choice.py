"""Whether PostgreSQL plans a statement anew each time, or once for all values: decided by the time both take.

PostgreSQL decides by cost, and hardly counts what planning itself costs: under row security that is often more than
the statement. A plan for all values may be a bad one for some of them, though: as soon as it is seen to be, it is given
up for a while. See docs/decisions/0013.
"""

from dataclasses import dataclass, field

#: Executions of each kind that are compared; the first ones of a connection prepare and plan.
_TRIALS = 12
#: How much faster the common plan must be.
_WORTH = 0.8
#: What takes so many times as long as planning each time did, and a moment more, is bad luck or a bad plan.
_BAD_FACTOR = 4.0
_BAD_SECONDS = 0.003
#: So much bad luck among so many executions is none.
_MOST_BAD = 3
_WATCHED = 100
#: Executions before the comparison is made again: after a bad plan, and in any case.
_REST = 1_000
_REPEAT = 20_000


@dataclass(slots=True)
class PlanChoice:
    """What is known of one statement."""

    generic: bool = False
    _left: int = _TRIALS
    _deciding: bool = True
    _custom: list[float] = field(default_factory=list[float])
    _common: list[float] = field(default_factory=list[float])
    _usual: float = 0.0
    _bad: int = 0
    _seen: int = 0

    def took(self, seconds: float, *, generic: bool) -> None:
        """Take note of an execution."""
        if self._deciding:
            (self._common if generic else self._custom).append(seconds)
        elif generic and seconds > _BAD_FACTOR * self._usual + _BAD_SECONDS:
            self._bad += 1
        self._left -= 1
        self._seen += 1
        if self._seen >= _WATCHED:
            self._seen = self._bad = 0
        if self._bad >= _MOST_BAD:
            self._rest()
        elif self._left <= 0:
            self._next()

    def _next(self) -> None:
        if not self._deciding:
            self._begin()
        elif not self._common:
            # First planned each time, then once for all.
            self.generic, self._left = True, _TRIALS
        else:
            self._decide()

    def _begin(self) -> None:
        self.generic, self._deciding, self._left = False, True, _TRIALS
        self._custom.clear()
        self._common.clear()

    def _decide(self) -> None:
        # The quick quarter of each: whatever else the machine did made some slower, never faster.
        self._usual = _typical(self._custom)
        self.generic = _typical(self._common) < _WORTH * self._usual
        self._deciding, self._left, self._bad, self._seen = False, _REPEAT, 0, 0

    def _rest(self) -> None:
        self.generic, self._deciding, self._left, self._bad = False, False, _REST, 0


def _typical(times: list[float]) -> float:
    return sorted(times)[len(times) // 4] if times else 0.0
