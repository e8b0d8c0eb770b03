"""How often somebody may ask: so many requests in so many seconds, by kind of endpoint, for each user or address.

Counted in Redis, so that all processes count together, as a theoretical arrival time (GCRA): one key, no bursts at the
edge of a window, and nothing that could be left without an expiry. Without Redis each process counts for itself.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.adapters.redis import Command, Redis, Script
from app.errors import AppError, ErrorSpec, refuse
from app.settings import LimitsSettings

RATE_LIMIT_EXCEEDED = ErrorSpec("RATE_LIMIT_EXCEEDED", 429, "Trop de requêtes, veuillez réessayer plus tard")
Kind = Literal["reads", "writes", "auth", "refresh", "mail", "oauth", "admin", "transfers"]
Headers = list[tuple[bytes, bytes]]
#: Answers whether the request is allowed, and the microseconds until the count is back at nothing (if it is) or until
#: the next one is (if it is not).
_COUNT = Script("""
local at = redis.call('TIME')
local now = at[1] * 1000000 + at[2]
local each, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + each
if due - now > burst then return {0, due - now - burst} end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
return {1, due - now}
""")
_MICRO = 1_000_000
_MOST_LOCAL = 20_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds."""

    kind: Kind
    requests: int
    seconds: int

    @property
    def each(self) -> float:
        """Microseconds that one request takes of the time."""
        return self.seconds * _MICRO / self.requests

    @property
    def burst(self) -> int:
        """Microseconds that may be used at once."""
        return self.seconds * _MICRO


@dataclass(frozen=True, slots=True)
class Count:
    """Where somebody stands after a request."""

    limit: Limit
    allowed: bool
    wait: float

    def headers(self) -> Headers:
        """What the answer says of it."""
        left = max(0, int((self.limit.burst - self.wait) / self.limit.each)) if self.allowed else 0
        resets = math.ceil(self.wait / _MICRO)
        limit, remaining, seconds = b"%d" % self.limit.requests, b"%d" % left, b"%d" % resets
        return [
            (b"ratelimit-limit", limit),
            (b"ratelimit-remaining", remaining),
            (b"ratelimit-reset", seconds),
            (b"x-ratelimit-limit", limit),
            (b"x-ratelimit-remaining", remaining),
            (b"x-ratelimit-reset", _iso(time.time() + resets)),
        ]

    def refusal(self) -> AppError:
        """What somebody is told who asked too often."""
        seconds = max(1, math.ceil(self.wait / _MICRO))
        headers = {name.decode(): value.decode() for name, value in self.headers()}
        error = refuse(
            RATE_LIMIT_EXCEEDED, hint=f"Retry in {seconds} s.", headers={**headers, "retry-after": str(seconds)}
        )
        error.extra = {"retryAfter": seconds}
        return error


class Limiter:
    """Counts requests."""

    def __init__(self, settings: LimitsSettings, redis: Redis) -> None:
        self._redis = redis
        self._limits = {kind: _limit(kind, rate) for kind, rate in settings.model_dump().items()}
        self._local: OrderedDict[str, float] = OrderedDict()

    def limit(self, kind: Kind) -> Limit | None:
        """The bound on a kind of endpoint, if it has one."""
        return self._limits[kind]

    def command(self, limit: Limit, who: str) -> Command:
        """What Redis is asked; `who` is `user id` or `ip:address`."""
        return _COUNT.call((self._redis.key("ratelimit", who, limit.kind),), (limit.each, limit.burst))

    def read(self, limit: Limit, who: str, answer: Sequence[Any] | Exception | None) -> Count:
        """What Redis answered; without an answer, what this process knows."""
        if answer is None or isinstance(answer, Exception):
            return self._counted_here(limit, f"{who}:{limit.kind}")
        return Count(limit, bool(answer[0]), float(answer[1]))

    def _counted_here(self, limit: Limit, key: str) -> Count:
        now = time.monotonic() * _MICRO
        due = max(self._local.get(key, 0.0), now) + limit.each
        if due - now > limit.burst:
            return Count(limit, allowed=False, wait=due - now - limit.burst)
        self._local[key] = due
        self._local.move_to_end(key)
        if len(self._local) > _MOST_LOCAL:
            self._local.popitem(last=False)
        return Count(limit, allowed=True, wait=due - now)


def _limit(kind: Any, rate: str) -> Limit | None:
    if not rate:
        return None
    requests, _, seconds = rate.partition("/")
    return Limit(kind, int(requests), int(seconds))


def _iso(seconds: float) -> bytes:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z".encode()
