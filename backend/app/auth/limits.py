"""How often somebody may ask: so many requests in so many seconds, by kind of endpoint, for each user or address.

Counted as a theoretical arrival time (GCRA): one number, no bursts at the edge of a window, and nothing that could be
left without an expiry. Kinds of which there are few are counted in Redis before a request goes on, so that all
processes count together. Reads and writes wait for nobody: each process counts them itself, tells Redis of them many
times a second, and takes over what Redis knows from all. Without Redis each process counts for itself.
"""

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from app.adapters.redis import Command, Redis, RedisUnavailable, Script
from app.errors import AppError, ErrorSpec
from app.settings import LimitsSettings

RATE_LIMIT_EXCEEDED = ErrorSpec("RATE_LIMIT_EXCEEDED", 429, "Trop de requêtes, veuillez réessayer plus tard")
Kind = Literal["reads", "writes", "auth", "refresh", "mail", "oauth", "admin", "transfers", "external"]
Headers = list[tuple[bytes, bytes]]
#: So many that none of them may wait for Redis.
COUNTED_HERE: frozenset[Kind] = frozenset({"reads", "writes"})
#: Where the frontend shows more than that there were too many.
_WORDS: dict[Kind, str] = {
    "auth": "Trop de tentatives de connexion, veuillez réessayer dans {time}",
    "oauth": "Trop de tentatives OAuth, veuillez réessayer dans {time}",
    "admin": "Trop de requêtes sur cet endpoint sensible",
}
#: `admitted`: the requests have been let in elsewhere, and are only added. Answers whether there was room, and the
#: microseconds until the count is back at nothing (if there was) or until the next request is let in (if not). Whatever
#: the server's clock has done, nobody waits for longer than one window.
_COUNT = Script("""
local at = redis.call('TIME')
local now = at[1] * 1000000 + at[2]
local each, burst, requests, admitted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local known = tonumber(redis.call('GET', KEYS[1]) or '') or 0
local due = math.min(math.max(known, now) + each * requests, now + 2 * burst)
if not admitted and due - now > burst then return {0, due - now - burst} end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.max(math.ceil((due - now) / 1000), 1))
return {1, due - now}
""")
_MICRO = 1_000_000
_MOST_LOCAL = 20_000
_FLUSH_SECONDS = 0.05
#: IPv6 networks are handed out whole: whoever has one address has them all.
_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds; in microseconds, what one takes of the time and what may be used at once."""

    kind: Kind
    requests: int
    each: float
    burst: int

    @classmethod
    def of(cls, kind: Kind, requests: int, seconds: int) -> "Limit":
        """A limit in words of people."""
        return cls(kind, requests, seconds * _MICRO / requests, seconds * _MICRO)


@dataclass(frozen=True, slots=True)
class Count:
    """Where somebody stands after a request."""

    limit: Limit
    allowed: bool
    wait: float

    def headers(self) -> Headers:
        """What the answer says of it."""
        left = max(0, int((self.limit.burst - self.wait) / self.limit.each)) if self.allowed else 0
        limit, remaining = b"%d" % self.limit.requests, b"%d" % left
        return [
            (b"ratelimit-limit", limit),
            (b"ratelimit-remaining", remaining),
            (b"ratelimit-reset", b"%d" % math.ceil(self.wait / _MICRO)),
            (b"x-ratelimit-limit", limit),
            (b"x-ratelimit-remaining", remaining),
            (b"x-ratelimit-reset", _iso(time.time() + self.wait / _MICRO)),
        ]

    def refusal(self) -> AppError:
        """What somebody is told who asked too often."""
        headers = {name.decode(): value.decode() for name, value in self.headers()}
        return too_often(self.limit.kind, self.wait / _MICRO, headers)


class Limiter:
    """Counts requests."""

    def __init__(self, settings: LimitsSettings, redis: Redis) -> None:
        self._redis = redis
        self._limits = {kind: _limit(kind, rate) for kind, rate in settings.model_dump().items()}
        #: When the count of a key is back at nothing, by the clock of this process.
        self._due: OrderedDict[str, float] = OrderedDict()
        #: Requests that Redis has not been told of.
        self._untold: dict[str, tuple[Limit, int]] = {}
        self._telling: asyncio.Task[None] | None = None
        redis.last_words.append(self.stop)

    def limit(self, kind: Kind) -> Limit | None:
        """The bound on a kind of endpoint, if it has one."""
        return self._limits[kind]

    def command(self, limit: Limit, who: str) -> Command:
        """What Redis is asked; `who` is that of `counted_as`."""
        return _count(self._key(limit, who), limit, 1, admitted=False)

    def read(self, limit: Limit, who: str, answer: Sequence[Any] | Exception | None) -> Count:
        """What Redis answered; without an answer, what this process knows."""
        if answer is None or isinstance(answer, Exception):
            return self._counted(limit, self._key(limit, who))
        return Count(limit, bool(answer[0]), float(answer[1]))

    def count_here(self, limit: Limit, who: str) -> Count:
        """Count a request without waiting for anybody; Redis is told in a moment."""
        key = self._key(limit, who)
        count = self._counted(limit, key)
        if count.allowed:
            _, untold = self._untold.get(key, (limit, 0))
            self._untold[key] = (limit, untold + 1)
            if self._telling is None:
                self._telling = asyncio.create_task(self._keep_telling())
        return count

    def must_have_room(self, limit: Limit, who: str) -> None:
        """Refuse somebody whose next request would be too many, without counting one."""
        over = self._due.get(self._key(limit, who), 0.0) - _now() + limit.each - limit.burst
        if over > 0:
            raise Count(limit, allowed=False, wait=over).refusal()

    async def stop(self) -> None:
        """Tell Redis what it has not been told, and nothing after that."""
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling
            self._telling = None
        await self._tell()

    def _key(self, limit: Limit, who: str) -> str:
        return self._redis.key("ratelimit", who, limit.kind)

    def _counted(self, limit: Limit, key: str) -> Count:
        now = _now()
        due = max(self._due.get(key, 0.0), now) + limit.each
        if due - now > limit.burst:
            return Count(limit, allowed=False, wait=due - now - limit.burst)
        self._keep(key, due)
        return Count(limit, allowed=True, wait=due - now)

    def _keep(self, key: str, due: float) -> None:
        self._due[key] = due
        self._due.move_to_end(key)
        if len(self._due) > _MOST_LOCAL:
            self._due.popitem(last=False)

    async def _keep_telling(self) -> None:
        try:
            while self._untold:
                await asyncio.sleep(_FLUSH_SECONDS)
                await self._tell()
        finally:
            self._telling = None

    async def _tell(self) -> None:
        told, self._untold = self._untold, {}
        if not told:
            return
        commands = [_count(key, limit, requests, admitted=True) for key, (limit, requests) in told.items()]
        try:
            answers = await self._redis.run(*commands)
        except RedisUnavailable:
            return
        now = _now()
        for (key, (limit, _)), answer in zip(told.items(), answers, strict=True):
            if isinstance(answer, Exception):
                continue
            _, since = self._untold.get(key, (limit, 0))
            # An emptied Redis knows less than this process does.
            self._keep(key, max(self._due.get(key, 0.0), now + float(answer[1]) + since * limit.each))


def too_often(kind: Kind, seconds: float, headers: dict[str, str] | None = None) -> AppError:
    """What somebody is told who has to wait for so long."""
    wait = max(1, math.ceil(seconds))
    return AppError(
        RATE_LIMIT_EXCEEDED.code,
        RATE_LIMIT_EXCEEDED.status,
        _WORDS.get(kind, RATE_LIMIT_EXCEEDED.message).format(time=_in_words(wait)),
        hint=f"Retry in {wait} s.",
        headers={**(headers or {}), "retry-after": str(wait)},
        extra={"retryAfter": wait},
    )


def counted_as(user_id: str, address: str) -> str:
    """Who is counted: a user wherever they are, or an address."""
    return f"user:{user_id}" if user_id else f"ip:{network_of(address)}"


@lru_cache(4096)
def network_of(address: str) -> str:
    """An address as it is counted: of IPv6 its network. What is no address (a socket, a word of a proxy) is one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), _NETWORK_BITS), strict=False))


def _count(key: str, limit: Limit, requests: int, *, admitted: bool) -> Command:
    return _COUNT.call((key,), (limit.each, limit.burst, requests, int(admitted)))


def _now() -> float:
    return time.monotonic() * _MICRO


def _limit(kind: Any, rate: str) -> Limit | None:
    if rate == "-":
        return None
    requests, _, seconds = rate.partition("/")
    return Limit.of(kind, int(requests), int(seconds))


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} seconde{'s' if seconds > 1 else ''}"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def _iso(seconds: float) -> bytes:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z".encode()
