"""Lists of providers, kept in Redis for some minutes, and forgotten as soon as we change what they list.

Each is a hash of a few variants (account, page …) under a key that is the user's. A list that was asked for before a
change and arrives after it is not kept: a change leaves a mark, and whoever keeps a list must have seen the last one.
Without Redis nothing is kept.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from app.adapters.redis import Redis, RedisUnavailable, Script

SECONDS = 300
_MOST_BYTES = 1024 * 1024
_MOST_VARIANTS = 40
_MARK = "changed"
_KEEP = Script("""
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[6]) end
return 1
""")
_FORGET = Script("""
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
""")


@dataclass(slots=True)
class Kept:
    """One list that may be kept."""

    redis: Redis
    key: str
    variant: str
    #: The last mark of a change that was seen; None: Redis is away.
    _seen: bytes | None = None

    async def get(self) -> Any:
        """What is kept, or None."""
        try:
            mark, told = await self.redis.run(("HGET", self.key, _MARK), ("HGET", self.key, self.variant))
        except RedisUnavailable:
            return None
        if isinstance(mark, Exception) or isinstance(told, Exception):
            return None
        self._seen = mark or b""
        return orjson.loads(told) if told else None

    async def put(self, value: Any) -> None:
        """Keep what was told since `get`."""
        data = orjson.dumps(value)
        if self._seen is None or len(data) > _MOST_BYTES:
            return
        with suppress(RedisUnavailable):
            arguments = (_MARK, self._seen, self.variant, data, _MOST_VARIANTS, SECONDS)
            await self.redis.run((_KEEP, 1, self.key, *arguments))


async def forget(redis: Redis, key: str) -> None:
    """What is kept there is no longer so."""
    with suppress(RedisUnavailable):
        await redis.run((_FORGET, 1, key, _MARK, secrets.token_hex(8), SECONDS))
