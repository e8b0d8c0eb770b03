"""What is gathered in Redis and written to PostgreSQL in batches, each batch once.

What has been gathered is set aside under a name that nobody had before, and written in one transaction with a row of
that name. Whoever is killed before the transaction ends has written nothing, and the batch is still there; whoever is
killed after it leaves a batch behind that the next one recognises, and only throws away.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal
from uuid import uuid4

from app.adapters.postgres import SERVICE, Connection, Database
from app.adapters.redis import Command, Redis, RedisUnavailable, Script

#: Redis refuses to rename what is not there.
_SET_ASIDE = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[3])
  redis.call('SADD', KEYS[2], ARGV[1])
end
return redis.call('SMEMBERS', KEYS[2])
""")
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

    async def flush(self, database: Database, write: Write) -> int:
        """Write what has been gathered, and what others have left behind; how many batches there were."""
        new = str(uuid4())
        set_aside = _SET_ASIDE.call((self.key, self._batches, self._batch(new)), (new,))
        names: list[bytes] = await _answer(self._redis, set_aside)
        for name in names:
            await self._write(database, write, name.decode())
        return len(names)

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
