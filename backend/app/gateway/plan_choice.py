"""Whether PostgreSQL plans a statement anew each time, or once for all values: decided by the time both take.

PostgreSQL decides by cost, and hardly counts what planning itself costs: under row security that is often more than
the statement. A plan for all values may be a bad one for some of them, though: as soon as it is seen to be, it is given
up for a while. See docs/decisions/0013.
"""

from dataclasses import dataclass, field

#: Executions of each kind that are compared, by turns. The first ones of each connection prepare and plan: there must
#: be many more than there are connections.
_TRIALS = 40
#: Of them the quickest count: on a busy machine the others tell how long they waited.
_QUICK = 3
#: So many are planned each time before the first one is not: what they took says when a plan is a bad one.
_LEAD = 8
#: What takes longer would gain nothing that anybody notices.
_SLOW_SECONDS = 0.1
#: How much faster the common plan must be.
_WORTH = 0.9
#: What takes so many times as long as usual, and a moment more, is bad luck or a bad plan.
_BAD_FACTOR = 4.0
_BAD_SECONDS = 0.003
#: How quickly it is learned what is usual.
_LEARNS = 0.05
#: So much bad luck among so many executions is none.
_MOST_BAD = 3
_WATCHED = 100
#: Executions before the comparison is made again: after a bad plan, and in any case.
_REST = 1_000
_REPEAT = 5_000


@dataclass(slots=True)
class PlanChoice:
    """What is known of one statement."""

    #: How the next execution is to be planned.
    generic: bool = False
    _left: int = 0
    _deciding: bool = True
    _custom: list[float] = field(default_factory=list[float])
    _common: list[float] = field(default_factory=list[float])
    _usual: float = 0.0
    _bad: int = 0
    _seen: int = 0

    def took(self, seconds: float, *, generic: bool) -> None:
        """Take note of an execution."""
        if self._deciding:
            self._compare(seconds, generic=generic)
            return
        if generic:
            self._bad += self._is_bad(seconds)
            # The machine may have more to do, or less, than when the two were compared.
            self._usual += _LEARNS * (min(seconds, 2 * self._usual) - self._usual)
        self._left -= 1
        self._seen += 1
        if self._seen >= _WATCHED:
            self._seen = self._bad = 0
        if self._bad >= _MOST_BAD:
            self._rest()
        elif self._left <= 0:
            self._begin()

    def _compare(self, seconds: float, *, generic: bool) -> None:
        (self._common if generic else self._custom).append(seconds)
        if len(self._custom) == _LEAD:
            self._usual = _usual(self._custom)
        if len(self._custom) < _LEAD:
            return
        self._bad += generic and self._is_bad(seconds)
        if self._usual > _SLOW_SECONDS or self._bad >= _MOST_BAD:
            self._rest()
        elif min(len(self._common), len(self._custom)) >= _TRIALS:
            self._decide()
        else:
            # By turns: what the machine does besides slows both.
            self.generic = len(self._common) + _LEAD <= len(self._custom)

    def _is_bad(self, seconds: float) -> bool:
        return seconds > _BAD_FACTOR * self._usual + _BAD_SECONDS

    def _begin(self) -> None:
        self.generic, self._deciding, self._bad = False, True, 0
        self._custom.clear()
        self._common.clear()

    def _decide(self) -> None:
        self._usual = _usual(self._common)
        self.generic = _quickest(self._common) < _WORTH * _quickest(self._custom)
        self._deciding, self._left, self._bad, self._seen = False, _REPEAT, 0, 0

    def _rest(self) -> None:
        self.generic, self._deciding, self._left, self._bad = False, False, _REST, 0


def _usual(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def _quickest(times: list[float]) -> float:
    # Whatever else the machine did, and however many waited for it, made some slower, never faster.
    quick = sorted(times)[:_QUICK]
    return sum(quick) / len(quick)
