"""The counts of `attempts.py` in this process alone, for when Redis is away: the same rules on less memory."""

import time
from collections import OrderedDict
from dataclasses import dataclass

_MOST = 20_000


@dataclass(slots=True)
class _Tally:
    failures: int = 0
    last: float = 0.0
    promised: float = 0.0


class AttemptsHere:
    """Failures by account and address, by address, and by account."""

    def __init__(self, free: int, wide: int, longest: float, forgotten: float) -> None:
        self._free = free
        self._wide = wide
        self._longest = longest
        self._forgotten = forgotten
        self._tallies: OrderedDict[tuple[str, str], _Tally] = OrderedDict()

    def begin(self, account: str, network: str, *, known: bool) -> tuple[float, bool, bool]:
        """Milliseconds to wait, whether the address is known, whether the try has been counted in advance."""
        now, pair, address = time.monotonic(), self._tally(account, network), self._tally("", network)
        wait = self._left(pair, self._free, now)
        if not known:
            wait = max(wait, self._left(address, self._wide, now))
            promised = self._wait(self._tally(account, ""), self._wide)
            if promised:
                pair.promised = pair.promised or now + promised
                wait = max(wait, pair.promised - now)
        if wait > 0:
            return wait * 1000, known, False
        pair.promised = 0.0
        if not self._wait(pair, self._free) and (known or not self._wait(address, self._wide)):
            return 0.0, known, False
        self._fail(pair, *(() if known else (address,)))
        return 0.0, known, True

    def failed(self, account: str, network: str, *, known: bool, counted: bool) -> None:
        """The password was wrong."""
        if not counted:
            self._fail(self._tally(account, network), *(() if known else (self._tally("", network),)))
        if not known:
            self._fail(self._tally(account, ""))

    def succeeded(self, account: str, network: str, *, known: bool, counted: bool) -> None:
        """The password was right."""
        self._tallies.pop((account, network), None)
        if counted and not known:
            address = self._tally("", network)
            address.failures = max(address.failures - 1, 0)

    def _tally(self, account: str, network: str) -> _Tally:
        key = (account, network)
        tally = self._tallies.get(key)
        if tally is None or max(tally.last, tally.promised) < time.monotonic() - self._forgotten:
            tally = self._tallies[key] = _Tally()
        self._tallies.move_to_end(key)
        if len(self._tallies) > _MOST:
            self._tallies.popitem(last=False)
        return tally

    def _wait(self, tally: _Tally, free: int) -> float:
        # Beyond the longest wait the power says nothing new.
        over = tally.failures - free
        return 0.0 if over < 0 else min(2.0 ** min(over, 64), self._longest)

    def _left(self, tally: _Tally, free: int, now: float) -> float:
        wait = self._wait(tally, free)
        return max(tally.last + wait - now, 0.0) if wait else 0.0

    def _fail(self, *tallies: _Tally) -> None:
        for tally in tallies:
            tally.failures += 1
            tally.last = time.monotonic()
