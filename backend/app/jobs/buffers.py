"""What is gathered in Redis and written to PostgreSQL in batches, each batch once.

What has been gathered is set aside under a name that nobody had before, and written in one transaction with a row of
that name. Whoever is killed before the transaction ends has written nothing, and the batch is still there; whoever is
killed after it leaves a batch behind that the next one recognises, and only throws away.

Of a list a batch is a part that any statement can take. A batch that cannot be written waits, and keeps no other
waiting; while some wait, no more than a few are set aside besides, so that what is gathered stays where its size is
looked at.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal
from uuid import uuid4

from app import log
from app.adapters.postgres import SERVICE, Connection, Database
from app.adapters.redis import Command, Redis, RedisUnavailable, Script
from app.errors import AppError

#: So much of a list is a batch: items, and bytes of items beyond the first.
PART_ITEMS, PART_BYTES = 500, 2**20
#: Nothing new is set aside while so many batches wait.
MOST_WAITING = 8
#: Batches of one flush: who fills the buffer must not keep its worker at it for ever.
_MOST_ROUNDS = 64
_UNAVAILABLE = 503
#: SQLSTATEs that say that something in a batch is not what a row may be, or that there is too much of it.
_UNFIT = ("22", "23", "54")
#: KEYS: what is gathered, the names of batches, the new batch. ARGV: its name, how many may wait, items, bytes.
_SET_ASIDE: dict[str, Script] = {
    # Redis refuses to rename what is not there. When it is full it refuses to note the name, so that comes first.
    "hash": Script("""
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('SCARD', KEYS[2]) < tonumber(ARGV[2]) then
  redis.call('SADD', KEYS[2], ARGV[1])
  redis.call('RENAME', KEYS[1], KEYS[3])
end
return {redis.call('SMEMBERS', KEYS[2]), redis.call('EXISTS', KEYS[1])}
"""),
    "list": Script("""
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('SCARD', KEYS[2]) < tonumber(ARGV[2]) then
  redis.call('SADD', KEYS[2], ARGV[1])
  local taken, bytes = 0, 0
  for place, item in ipairs(redis.call('LRANGE', KEYS[1], 0, tonumber(ARGV[3]) - 1)) do
    bytes = bytes + #item
    if place > 1 and bytes > tonumber(ARGV[4]) then break end
    redis.call('RPUSH', KEYS[3], item)
    taken = place
  end
  redis.call('LTRIM', KEYS[1], taken, -1)
end
return {redis.call('SMEMBERS', KEYS[2]), redis.call('EXISTS', KEYS[1])}
"""),
}
_IS_FIRST = """
    insert into relais.flushed_batches (id, buffer) values ($1::text::uuid, $2) on conflict (id) do nothing
    returning true
"""
Content = Literal["hash", "list"]
_READ: dict[Content, tuple[str, ...]] = {"hash": ("HGETALL",), "list": ("LRANGE",)}
#: Writes a batch in a transaction as the service role.
Write = Callable[[Connection, Sequence[bytes]], Awaitable[None]]


class Buffer:
    """One of them: a hash of numbers, or a list."""

    def __init__(self, redis: Redis, name: str, content: Content) -> None:
        self._redis = redis
        self._name = name
        self._content: Content = content
        #: What is being gathered. The braces keep all keys of a buffer on one server of a cluster.
        self.key = redis.key("{buffers}", name)
        self._batches = redis.key("{buffers}", name, "batches")

    async def flush(self, database: Database, write: Write, rescue: Write | None = None) -> int:
        """Write what has been gathered, and what others have left behind; how many batches there were.

        `rescue` writes what can be written of a batch that holds what is unfit. A batch that cannot be written at all
        is left for the next time.
        """
        seen: set[str] = set()
        for _ in range(_MOST_ROUNDS):
            names, more = await self._set_aside()
            new = [name for name in names if name not in seen]
            for name in new:
                await self._write_or_leave(database, write, rescue, name)
            seen.update(new)
            if not new or not more:
                break
        return len(seen)

    async def _set_aside(self) -> tuple[list[str], bool]:
        """The batches that wait, a new one among them, and whether there is more."""
        new = str(uuid4())
        keys = self.key, self._batches, self._batch(new)
        command = _SET_ASIDE[self._content].call(keys, (new, MOST_WAITING, PART_ITEMS, PART_BYTES))
        names, more = await _answer(self._redis, command)
        return [name.decode() for name in names], bool(more)

    async def _write_or_leave(self, database: Database, write: Write, rescue: Write | None, name: str) -> None:
        try:
            await self._write_or_rescue(database, write, rescue, name)
        except AppError as error:
            if error.status == _UNAVAILABLE:
                raise  # for all of them alike
            log.event("batch_waits", {"buffer": self._name, "batch": name, "code": error.code}, level="warning")

    async def _write_or_rescue(self, database: Database, write: Write, rescue: Write | None, name: str) -> None:
        try:
            await self._write(database, write, name)
        except AppError as error:
            if rescue is None or not error.code.startswith(_UNFIT):
                raise
            log.event("batch_unfit", {"buffer": self._name, "code": error.code}, level="warning")
            await self._write(database, rescue, name)

    async def _write(self, database: Database, write: Write, name: str) -> None:
        key = self._batch(name)
        bounds = (0, -1) if self._content == "list" else ()
        content: list[bytes] = await _answer(self._redis, (*_READ[self._content], key, *bounds))
        if content:
            async with database.transaction(SERVICE) as connection:
                # Whoever writes the same batch at the same time is waited for here.
                if await connection.fetchval(_IS_FIRST, name, self._name):
                    await write(connection, content)
        await self._redis.run(("DEL", key), ("SREM", self._batches, name))

    def _batch(self, name: str) -> str:
        return f"{self.key}:batch:{name}"


async def _answer(redis: Redis, command: Command) -> Any:
    (answer,) = await redis.run(command)
    if isinstance(answer, Exception):
        raise RedisUnavailable(str(answer)) from answer
    return answer
