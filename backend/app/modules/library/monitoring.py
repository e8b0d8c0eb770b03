"""The figures of a running installation, in the shapes that the frontend's own backend has them in."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from app.metrics import BOUNDS
from app.modules.library import overview
from app.modules.library.callers import Caller
from app.monitoring import machine, servers
from app.monitoring.shared import Counts, SharedCounts
from app.monitoring.statements import slow_statements


def now() -> str:
    """As clients read times."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def figures(state: Any) -> dict[str, Any]:
    """Of the machine, the servers, the processes."""
    database, redis = await asyncio.gather(servers.check_database(state.database), servers.check_redis(state.redis))
    of_database, of_redis, queue, slow, processes = await asyncio.gather(
        servers.database_figures(state.database),
        servers.redis_figures(state.redis),
        servers.queue_length(state.redis),
        slow_statements(state.database, state.slow),
        _processes(state.told),
    )
    memory = machine.memory()
    system = {
        "memory": {"used": memory.used, "total": memory.total, "percentage": memory.percentage},
        "cpu": {"usage": machine.load()},
        "uptime": round(time.monotonic() - state.started, 3),
    }
    return {
        "database": {
            "status": database.health,
            "connections": sum(of_database.connections.values()),
            "connectionsByState": of_database.connections,
            "queryTime": database.latency_ms,
            "sizeBytes": of_database.size_bytes,
        },
        "redis": {
            "status": redis.health,
            "connections": int(of_redis.get("connected_clients", 0)),
            "memoryUsage": int(of_redis.get("used_memory", 0)),
            "latency": redis.latency_ms,
        },
        "system": system,
        **system,
        "queue": {"waiting": queue},
        "outbox": of_database.outbox,
        "processes": processes,
        "slowQueries": slow,
        "timestamp": now(),
    }


async def counts(caller: Caller, state: Any) -> dict[str, Any]:
    """How much there is, and what Redis says of itself."""
    found, redis = await asyncio.gather(overview.statistics(caller, 1), servers.redis_figures(state.redis))
    totals = {name: found[name]["total"] for name in ("users", "collections", "comments", "groups", "notifications")}
    resources = {key: found["resources"][key] for key in ("total", "public", "private")}
    return {
        **totals,
        "resources": resources["total"],
        "database": {**totals, "resources": resources},
        "redis": redis,
        "timestamp": now(),
    }


async def _processes(told: SharedCounts) -> list[dict[str, Any]]:
    return [_process(found) for found in await told.all()]


def _process(found: Counts) -> dict[str, Any]:
    buckets = [sum(column) for column in zip(*(series[4] for series in found.series), strict=True)]
    requests, errors = sum(buckets), sum(sum(series[4]) for series in found.series if series[2] == 5)
    cache = found.cache
    looks = cache.get("hits", 0) + cache.get("misses", 0)
    return {
        "process": found.process,
        "requests": requests,
        "errors": errors,
        "inFlight": found.in_flight,
        "p95Ms": _quantile(buckets, 0.95),
        "pools": {
            name: {"size": size, "open": opened, "idle": idle, "waiting": waiting}
            for name, (size, opened, idle, waiting) in found.pools.items()
        },
        "cache": {**cache, "hitRatio": round(cache.get("hits", 0) / looks, 4) if looks else None},
        "realtime": dict(found.sockets),
    }


def _quantile(buckets: list[int], part: float) -> float | None:
    """The upper bound of the bucket that it lies in; None beyond the last one, or before the first request."""
    wanted, seen = sum(buckets) * part, 0
    for bound, number in zip(BOUNDS, buckets, strict=False):
        seen += number
        if seen and seen >= wanted:
            return bound * 1000
    return None
