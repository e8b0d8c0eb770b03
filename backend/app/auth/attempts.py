"""Tries at passwords: whoever was wrong often has to wait before the next try, longer each time.

Three counts say how long. That of an account from one address, and that of an address for all accounts, refuse a try
until so long after the last one. That of an account from all addresses tells each address to come back later and lets
it try when it does, whatever the others do meanwhile: strangers slow an account's owner down but never lock them out,
and not even that where the owner has signed in from before.

An account is whatever was typed, folded and hashed: one that does not exist is counted like any other. Counts are kept
in Redis; without it each process keeps its own.
"""

import asyncio
import hashlib
import unicodedata
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from weakref import WeakValueDictionary

from app.adapters.postgres import SERVICE, Database
from app.adapters.redis import Redis, RedisUnavailable, Script
from app.auth.attempts_here import AttemptsHere
from app.auth.limits import network_of, too_often
from app.settings import AuthSettings

LONGEST_WAIT_SECONDS = 300
FORGOTTEN_SECONDS = 3600
KNOWN_SECONDS = 30 * 86400
#: Times are milliseconds of the server's clock; one that jumps back makes nobody wait for longer than the longest wait.
_TIMES = """
local at = redis.call('TIME')
local now = at[1] * 1000 + math.floor(at[2] / 1000)
local function number(key, name) return tonumber(redis.call('HGET', key, name) or '') or 0 end
local function wait(key, free)
  local over = number(key, 'failures') - free
  return over < 0 and 0 or math.min(2 ^ over, tonumber(ARGV[3])) * 1000
end
local function failed(key)
  redis.call('HINCRBY', key, 'failures', 1)
  redis.call('HSET', key, 'last', now)
  redis.call('EXPIRE', key, ARGV[4])
end
local pair, address, account = KEYS[1], KEYS[2], KEYS[3]
local free, wide, known = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[5] == '1' or redis.call('EXISTS', KEYS[4]) == 1
"""
#: Answers how many milliseconds to wait (0: try now), whether the address is known, and whether that try has been
#: counted as a failure in advance: once there is a wait, of many tries at once only one is let in.
_BEGIN = Script(
    _TIMES
    + """
local function left(key, free)
  local long = wait(key, free)
  return long == 0 and 0 or math.min(number(key, 'last'), now) + long - now
end
local long = left(pair, free)
if not known then
  long = math.max(long, left(address, wide))
  local promised = wait(account, wide)
  if promised > 0 then
    local at = number(pair, 'promised')
    if at == 0 then
      at = now + promised
      redis.call('HSET', pair, 'promised', at)
      redis.call('EXPIRE', pair, ARGV[4])
    end
    long = math.max(long, math.min(at, now + promised) - now)
  end
end
if long > 0 then return {long, known and 1 or 0, 0} end
redis.call('HDEL', pair, 'promised')
if wait(pair, free) == 0 and (known or wait(address, wide) == 0) then return {0, known and 1 or 0, 0} end
failed(pair)
if not known then failed(address) end
return {0, known and 1 or 0, 1}
"""
)
_FAILED = Script(
    _TIMES
    + """
if ARGV[6] ~= '1' then
  failed(pair)
  if not known then failed(address) end
end
if not known then failed(account) end
"""
)
_SUCCEEDED = Script(
    _TIMES
    + """
redis.call('DEL', pair)
redis.call('SET', KEYS[4], '1', 'EX', ARGV[7])
if ARGV[6] == '1' and not known and number(address, 'failures') > 0 then
  redis.call('HINCRBY', address, 'failures', -1)
end
"""
)
_HAS_SIGNED_IN = """
    select exists (
        select from relais.sessions as s join relais.users as u on u.id = s.user_id
        where lower(u.email) = lower($1) and s.created_at > now() - $3::float8 * interval '1 second'
          and s.address <<= nullif($2, '')::inet)
"""


@dataclass(slots=True)
class Try:
    """One try at a password."""

    email: str
    account: str
    network: str
    known: bool = False
    counted: bool = False


class Attempts:
    """Lets tries at passwords begin, and remembers how they ended."""

    def __init__(self, redis: Redis, database: Database, settings: AuthSettings) -> None:
        self._redis = redis
        self._database = database
        self._free = settings.failures_free
        self._wide = settings.failures_free_wide
        self._here = AttemptsHere(self._free, self._wide, LONGEST_WAIT_SECONDS, FORGOTTEN_SECONDS)
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, email: str, address: str) -> AsyncGenerator[Try]:
        """A try, from its begin to `failed` or `succeeded`; or the refusal of one that comes too early."""
        wanted = Try(email, account_of(email), network_of(address))
        name = f"{wanted.account}:{wanted.network}"
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = asyncio.Semaphore(max(self._free, 1))
        # Of a hundred tries at once the first few tell whether there may be more.
        async with place:
            await self._begin(wanted)
            yield wanted

    async def failed(self, ended: Try) -> None:
        """The password was wrong."""
        if await self._asked(_FAILED, ended) is None:
            self._here.failed(ended.account, ended.network, known=ended.known, counted=ended.counted)

    async def succeeded(self, ended: Try) -> None:
        """The password was right: the address is one that the account's owner uses."""
        self._here.succeeded(ended.account, ended.network, known=ended.known, counted=ended.counted)
        await self._asked(_SUCCEEDED, ended)

    async def _begin(self, wanted: Try) -> None:
        milliseconds = await self._wait(wanted)
        if milliseconds > 0 and not wanted.known and await self._has_signed_in(wanted):
            wanted.known = True
            milliseconds = await self._wait(wanted)
        if milliseconds > 0:
            raise too_often("auth", milliseconds / 1000)

    async def _wait(self, wanted: Try) -> float:
        answer = await self._asked(_BEGIN, wanted)
        if answer is None:
            answer = self._here.begin(wanted.account, wanted.network, known=wanted.known)
        wanted.known, wanted.counted = bool(answer[1]), bool(answer[2])
        return float(answer[0])

    async def _asked(self, script: Script, wanted: Try) -> list[float] | None:
        key = self._redis.key
        keys = (
            key("attempts", wanted.account, wanted.network),
            key("attempts", "address", wanted.network),
            key("attempts", "account", wanted.account),
            key("attempts", "known", wanted.account, wanted.network),
        )
        told = (self._free, self._wide, LONGEST_WAIT_SECONDS, FORGOTTEN_SECONDS, int(wanted.known), int(wanted.counted))
        with suppress(RedisUnavailable):
            (answer,) = await self._redis.run(script.call(keys, (*told, KNOWN_SECONDS)))
            return None if isinstance(answer, Exception) else answer or []
        return None

    async def _has_signed_in(self, wanted: Try) -> bool:
        # What Redis knows of addresses may have been lost; sessions have not.
        if wanted.network == "unknown":
            return False
        values = (wanted.email, wanted.network, KNOWN_SECONDS)
        (row,) = await self._database.fetch(SERVICE, _HAS_SIGNED_IN, *values)
        return bool(row[0])


def account_of(email: str) -> str:
    """What the tries at an account are counted under: the same for every way of writing it that may mean the same."""
    letters = unicodedata.normalize("NFKD", email.strip().casefold())
    folded = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()[:32]
