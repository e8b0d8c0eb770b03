"""Events that are counted: gathered in Redis by whoever has one, written in batches by the worker.

Without Redis, or when nobody has emptied it for long, an event is written straight. What Redis loses with its memory
is at most what was gathered in the last second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from app.adapters.postgres import SERVICE, Connection, Database
from app.adapters.redis import Redis, RedisUnavailable, Script
from app.jobs.buffers import Buffer

#: Beyond that nobody empties the buffer, and PostgreSQL had better be told at once.
MOST_GATHERED = 20_000
#: Nor is a buffer of large events to be longer than this, so that whatever is told it stays below some 50 megabytes.
MOST_BYTES = 16 * 2**20
_GATHER = Script("""
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[2])
return 1
""")
_INGEST = "select library_internal.ingest_events($1::text::jsonb)"
_INGEST_WHAT_CAN_BE = "select library_internal.ingest_what_can_be($1::text::jsonb)"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, and to whom it is told that it did."""

    tenant_id: str
    name: str
    #: Empty for somebody who has not signed in.
    user_id: str = ""
    resource_id: str | None = None
    details: Mapping[str, Any] | None = None

    def told(self) -> bytes:
        """As it is gathered."""
        return orjson.dumps(
            {
                "tenant": self.tenant_id,
                "id": str(uuid4()),
                "event": self.name,
                "person": self.user_id or None,
                "resource": self.resource_id,
                "metadata": self.details,
                "at": datetime.now(UTC).isoformat(),
            }
        )


def gathered(redis: Redis) -> Buffer:
    """Events that wait to be written."""
    return Buffer(redis, "events", "list")


async def note(redis: Redis, database: Database, event: Event) -> None:
    """Have an event written, when what it tells of is."""
    told = event.told()

    async def gather() -> None:
        try:
            (kept,) = await redis.run(_GATHER.call((gathered(redis).key,), (room_for(told), told.decode())))
            if kept == 1:
                return
        except RedisUnavailable:
            pass  # which says so itself
        await write_straight(database, told)

    await database.afterwards(gather)


def room_for(told: bytes) -> int:
    """How many events may be gathered when this one comes: the fewer, the larger it is."""
    return min(MOST_GATHERED, MOST_BYTES // len(told))


async def write_straight(database: Database, told: bytes) -> None:
    """Write one event now."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_INGEST, f"[{told.decode()}]")


async def flush_events(ctx: dict[str, Any]) -> None:
    """What each worker does every second."""
    redis: Redis = ctx["redis"]
    database: Database = ctx["database"]
    await gathered(redis).flush(database, _write, _write_what_can_be)


async def _write(connection: Connection, told: Sequence[bytes]) -> None:
    await connection.execute(_INGEST, _listed(told))


async def _write_what_can_be(connection: Connection, told: Sequence[bytes]) -> None:
    await connection.execute(_INGEST_WHAT_CAN_BE, _listed(told))


def _listed(told: Sequence[bytes]) -> str:
    return f"[{b','.join(told).decode()}]"


def resource_of(value: Any) -> str | None:
    """The id of a resource; None for what is none, such as the ids of browsers that kept resources themselves."""
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None
