"""Views and downloads of resources.

A view costs no write: Redis gathers views, each visitor's once in a while, and the worker adds them to their resources
every second. Without Redis each view is written straight. Downloads are rarer, follow the transfer of a file, and are
not to be lost with Redis: the request writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request

from app.adapters.postgres import Connection, Database
from app.adapters.redis import Redis, RedisUnavailable, Script
from app.errors import AppError
from app.jobs.buffers import Buffer
from app.modules.library import events, resources
from app.modules.library.callers import Caller
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.events import Event

VIEW, DOWNLOAD = "resource_view", "resource_download"
#: Events that popularity is made of.
COUNTED = frozenset({VIEW, DOWNLOAD})
#: The functions by which clients of the old interface have them counted.
VIEW_CALL, DOWNLOAD_CALL = "increment_resource_views", "increment_resource_downloads"
#: One view of a visitor in a window, and its event if they told of none themselves and there is room.
_COUNT = Script("""
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
if redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[1]) and redis.call('LLEN', KEYS[4]) < tonumber(ARGV[4]) then
  redis.call('RPUSH', KEYS[4], ARGV[3])
end
return 1
""")
_ADD = "select library_internal.add_views($1::text::jsonb)"


@dataclass(frozen=True, slots=True)
class Counting:
    """Where views are gathered, and for how long one visitor's are one."""

    redis: Redis
    window_seconds: int


def counting_of(request: Request) -> Counting:
    """Those of the process that answers."""
    state = request.app.state.relais
    return Counting(state.redis, state.settings.jobs.view_window_seconds)


def gathered(redis: Redis) -> Buffer:
    """Views that wait to be added."""
    return Buffer(redis, "views", "hash")


async def count_view(caller: Caller, counting: Counting, resource_id: str) -> None:
    """One view of a resource that the caller may read."""
    resource = (await resources.must_be_readable(caller, resource_id))["id"]
    event = _event(caller, VIEW, resource)
    told = event.told()
    redis = counting.redis
    marks = _mark(caller, redis, "seen", resource), _mark(caller, redis, VIEW, resource)
    keys = (*marks, gathered(redis).key, events.gathered(redis).key)
    values = (counting.window_seconds, f"{event.tenant_id}:{resource}", told.decode(), events.room_for(told))

    async def count() -> None:
        try:
            (counted,) = await redis.run(_COUNT.call(keys, values))
            if not isinstance(counted, Exception):
                return
        except RedisUnavailable:
            pass  # which says so itself
        await caller.ask.call(VIEW_CALL, {"resource_id": resource})
        await events.write_straight(caller.database, told)

    await caller.database.afterwards(count)


async def count_download(caller: Caller, redis: Redis, resource_id: str) -> None:
    """One download of a resource that the caller may read."""
    resource = (await resources.must_be_readable(caller, resource_id))["id"]
    await caller.ask.call(DOWNLOAD_CALL, {"resource_id": resource})
    await events.note(redis, caller.database, _event(caller, DOWNLOAD, resource))


async def note_told(caller: Caller, counting: Counting, event: Event) -> None:
    """Note a view or a download that a client tells of: of each visitor one event in a window, told or counted."""
    assert event.resource_id is not None
    key = _mark(caller, counting.redis, event.name, event.resource_id)

    async def note() -> None:
        try:
            (marked,) = await counting.redis.run(("SET", key, 1, "NX", "EX", counting.window_seconds))
            if marked is None:
                return
        except RedisUnavailable:
            pass  # which says so itself
        await events.note(counting.redis, caller.database, event)

    await caller.database.afterwards(note)


async def count_called(caller: Caller, counting: Counting, function: str, arguments: Mapping[str, Any]) -> bool:
    """Count what a call of one of the two functions asks for; whether this was one.

    What is not there, or not for the caller, is silently nothing. Whatever else is wrong with a call is PostgreSQL's to
    refuse.
    """
    resource = events.resource_of(arguments.get("resource_id"))
    if resource is None or len(arguments) > 1 or function not in (VIEW_CALL, DOWNLOAD_CALL):
        return False
    try:
        if function == VIEW_CALL:
            await count_view(caller, counting, resource)
        else:
            await count_download(caller, counting.redis, resource)
    except AppError as error:
        if error.code != RESOURCE_NOT_FOUND.code:
            raise
    return True


async def flush_views(ctx: dict[str, Any]) -> None:
    """What each worker does every second."""
    redis: Redis = ctx["redis"]
    database: Database = ctx["database"]
    await gathered(redis).flush(database, _add)


async def _add(connection: Connection, content: Sequence[bytes]) -> None:
    pairs = zip(content[::2], content[1::2], strict=True)
    counts = [count for field, views in pairs if (count := _count(field, views)) is not None]
    await connection.execute(_ADD, orjson.dumps(counts).decode())


def _count(field: bytes, views: bytes) -> dict[str, Any] | None:
    # What somebody else put there must not keep the others waiting.
    try:
        tenant, resource = field.decode().split(":")
        return {"tenant": str(UUID(tenant)), "resource": str(UUID(resource)), "views": int(views)}
    except ValueError:
        return None


def _event(caller: Caller, name: str, resource_id: str) -> Event:
    return Event(caller.tenant_id, name, caller.user_id, resource_id)


def _mark(caller: Caller, redis: Redis, what: str, resource_id: str) -> str:
    """The key that says that a visitor has done this with a resource within the window."""
    # Addresses are nobody's affair: what is kept of them is enough to know one again, for a while.
    visitor = f"user {caller.user_id}" if caller.user_id else f"address {caller.asked.address}"
    known = blake2b(f"{caller.tenant_id} {resource_id} {visitor}".encode(), digest_size=16)
    return redis.key("{buffers}", what, known.hexdigest())
