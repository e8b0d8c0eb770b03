"""What PostgreSQL, Redis and the queue say of themselves. What does not answer is left out, never waited for long."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from app.adapters.postgres import NOBODY, SERVICE, Database
from app.adapters.queue import QUEUE
from app.adapters.redis import Redis, RedisUnavailable
from app.errors import AppError

Health = Literal["healthy", "degraded", "unhealthy"]
#: A probe must not wait longer than its caller does.
PATIENCE_SECONDS = 2.0
#: Slower than this, a server is there but not well.
SLOW_DATABASE_MS, SLOW_REDIS_MS = 1000, 100
_CONNECTIONS = """
    select coalesce(state, 'other') as state, count(*)::int as number from pg_catalog.pg_stat_activity
    where datname = current_database() group by 1
"""
_SIZE = "select pg_catalog.pg_database_size(current_database())::int8"
_OUTBOX = "select status::text, count(*)::int as number from relais.email_outbox group by 1"
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Checked:
    """A server, and how it answered."""

    health: Health
    latency_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DatabaseFigures:
    """What PostgreSQL says."""

    connections: Mapping[str, int] = field(default_factory=dict[str, int])
    size_bytes: int | None = None
    outbox: Mapping[str, int] = field(default_factory=dict[str, int])


async def check_database(database: Database) -> Checked:
    """Whether PostgreSQL answers, and how fast."""
    return await _checked(database.fetch(NOBODY, "select 1"), SLOW_DATABASE_MS)


async def check_redis(redis: Redis) -> Checked:
    """Whether Redis answers, and how fast."""
    return await _checked(redis.run(("PING",)), SLOW_REDIS_MS)


async def database_figures(database: Database) -> DatabaseFigures:
    """Connections by state, the size of the database, mail that waits."""
    connections = await _or_none(database.fetch(NOBODY, _CONNECTIONS))
    size = await _or_none(database.fetch(NOBODY, _SIZE))
    # A database that is not ours has no outbox.
    outbox = await _or_none(database.fetch(SERVICE, _OUTBOX))
    return DatabaseFigures(
        {row["state"]: row["number"] for row in connections or ()},
        size[0][0] if size else None,
        {row["status"]: row["number"] for row in outbox or ()},
    )


async def redis_figures(redis: Redis) -> dict[str, str]:
    """What Redis tells of itself: all that `INFO` says, as it says it."""
    answers = await _or_none(redis.run(("INFO",)))
    if not answers or not isinstance(answers[0], bytes):
        return {}
    lines = (line.partition(":") for line in answers[0].decode("utf-8", "replace").splitlines() if ":" in line)
    return {name: value for name, _, value in lines if not name.startswith("#")}


async def queue_length(redis: Redis) -> int | None:
    """Jobs that wait to be run."""
    answers = await _or_none(redis.run(("ZCARD", redis.key(QUEUE))))
    return answers[0] if answers and isinstance(answers[0], int) else None


async def _checked(asked: Awaitable[object], slow_ms: int) -> Checked:
    began = time.perf_counter()
    if await _or_none(asked) is None:
        return Checked("unhealthy")
    latency = round((time.perf_counter() - began) * 1000)
    return Checked("degraded" if latency > slow_ms else "healthy", latency)


async def _or_none(asked: Awaitable[Answer]) -> Answer | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asked
    except (TimeoutError, AppError, RedisUnavailable):
        return None
