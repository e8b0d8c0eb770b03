"""Redis as we use it: version, what it drops and what it keeps, and whether a worker reports there."""

import time
from collections.abc import Mapping
from typing import Any

from app.adapters.queue import HEALTH, HEALTH_INTERVAL_SECONDS, QUEUE
from app.adapters.redis import Redis, RedisUnavailable
from app.doctor.findings import Finding, advice, ok, wrong
from app.doctor.machine import clock
from app.settings import Settings

OLDEST, OLDEST_NAME = (6, 2), "6.2"
#: With these, what has no time to live stays, and with it the job queue.
GOOD_POLICIES = ("volatile-ttl", "noeviction")
NEARLY_FULL = 0.9


async def examine_redis(settings: Settings, *, worker: bool = True) -> list[Finding]:
    """Everything about it. `worker`: whether one is needed."""
    redis = Redis(settings.redis)
    commands = (("INFO",), ("TIME",), ("CONFIG", "GET", "save"), ("EXISTS", redis.key(HEALTH)))
    before = time.time()
    try:
        info, now, saves, seen, waiting = await redis.run(*commands, ("ZCARD", redis.key(QUEUE)))
    except RedisUnavailable as error:
        return [wrong("Redis", str(error), "Check RELAIS_REDIS_URL, and that the server runs and lets us in.")]
    finally:
        await redis.close()
    if not isinstance(info, bytes):
        return [wrong("Redis", str(info), "Let the user of RELAIS_REDIS_URL run INFO, and whatever Relais does.")]
    told = _told(info)
    findings = [_version(told), _eviction(told), _persistence(told, saves), *_writes(told)]
    if not isinstance(now, Exception):
        seconds, microseconds = now
        findings.append(clock("Redis", int(seconds) + int(microseconds) / 1e6 - (before + time.time()) / 2))
    return [*findings, _worker(settings, bool(seen), waiting)] if worker else findings


def _told(info: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def _version(told: Mapping[str, str]) -> Finding:
    version = told.get("redis_version", "unknown")
    numbers = version.split(".")[:2]
    if all(part.isdecimal() for part in numbers) and tuple(map(int, numbers)) < OLDEST:
        return wrong("Redis", version, f"Relais needs Redis {OLDEST_NAME} or newer.")
    return ok("Redis", version)


def _eviction(told: Mapping[str, str]) -> Finding:
    what, policy = "Redis memory", told.get("maxmemory_policy", "unknown")
    most, used = int(told.get("maxmemory", 0)), int(told.get("used_memory", 0))
    remedy = f"Set maxmemory-policy to {' or '.join(GOOD_POLICIES)}."
    if not most:
        return ok(what, f"{used / 1024**2:.0f} MiB used, no bound")
    seen = f"{used / 1024**2:.0f} of {most / 1024**2:.0f} MiB used, {policy}"
    if policy.startswith("allkeys"):
        return wrong(what, f"{seen}: jobs that wait may be dropped", remedy)
    if policy not in GOOD_POLICIES:
        return advice(what, f"{seen}: what has long to live may be dropped as well", remedy)
    if policy == "noeviction" and used > most * NEARLY_FULL:
        return wrong(what, f"{seen}: writes are refused when it is full", "Raise maxmemory.")
    return ok(what, seen)


def _persistence(told: Mapping[str, str], saves: Any) -> Finding:
    what = "Redis on disk"
    if told.get("aof_enabled") == "1":
        return ok(what, "append-only file")
    # Where CONFIG is not allowed, as in most that are rented, what was saved once is what can be seen.
    is_scheduled = not isinstance(saves, Exception) and any(saves[1:])
    if is_scheduled or int(told.get("rdb_saves", 0)) > 0:
        return ok(what, "snapshots: jobs of the last minutes may be lost with it")
    return advice(what, "nothing is kept: jobs that wait are lost when it restarts", "Set appendonly yes.")


def _writes(told: Mapping[str, str]) -> list[Finding]:
    if told.get("role", "master") != "master":
        return [wrong("Redis", "is a replica, which takes no writes", "Name the primary in RELAIS_REDIS_URL.")]
    failed = [name for name in ("rdb_last_bgsave_status", "aof_last_write_status") if told.get(name, "ok") != "ok"]
    remedy = "Look at its log and its disk: until it can write, it refuses ours."
    return [wrong("Redis on disk", f"cannot be written ({', '.join(failed)})", remedy)] if failed else []


def _worker(settings: Settings, seen: bool, waiting: Any) -> Finding:
    jobs = f"{waiting} jobs wait" if isinstance(waiting, int) and waiting else "no job waits"
    if seen:
        return ok("Worker", f"seen in the last {HEALTH_INTERVAL_SECONDS + 1} seconds, {jobs}")
    tell = wrong if settings.environment == "production" or waiting else advice
    return tell("Worker", f"none runs, {jobs}", "Run `relais worker`: it sends the mail and sweeps out what is over.")
