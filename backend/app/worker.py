"""The background worker: the jobs of the core and of every module, and what runs by the clock."""

import asyncio
import signal
from typing import Any

from app import log
from app.adapters.postgres import Database
from app.adapters.queue import make_worker, work
from app.adapters.redis import Redis, RedisUnavailable
from app.jobs import housekeeping
from app.modules import load_modules
from app.settings import Settings

CORE_JOBS = (housekeeping.sweep,)
LONGEST_PAUSE_SECONDS = 5.0


def run(settings: Settings, *, burst: bool = False) -> None:
    """Work until told to stop (or, in a burst, until the queue is empty)."""
    asyncio.run(_run(settings, burst=burst))


async def _run(settings: Settings, *, burst: bool) -> None:
    assert settings.redis.url is not None, "resolve the URLs first"
    database, redis = Database(settings.database), Redis(settings.redis)
    await database.open()
    modules = load_modules()
    jobs = [*CORE_JOBS, *(job for module in modules for job in module.jobs)]
    log.event("worker_started", {"jobs": sorted(job.__name__ for job in jobs)})
    try:
        await _work(settings, redis, {"database": database, "settings": settings}, jobs, burst=burst)
    finally:
        await database.close()
        await redis.close()
        log.event("worker_stopped")


async def _work(settings: Settings, redis: Redis, context: dict[str, Any], jobs: list[Any], *, burst: bool) -> None:
    stopping = asyncio.Event()
    pause = 0.5
    while not stopping.is_set():
        worker = make_worker(redis, settings.jobs, jobs, {housekeeping.sweep: 7}, context, burst=burst)
        # arq takes the signals for itself: whoever stops the worker must also end this loop.
        worker.on_stop = lambda _signal: stopping.set()
        try:
            return await work(worker)
        except RedisUnavailable as error:
            if stopping.is_set():
                return
            if burst:
                raise
            # Jobs wait in Redis; dying for its absence would help nobody.
            log.event("redis_unavailable", {"reason": str(error), "retry_seconds": pause}, level="warning")
            _stop_on_signals(stopping)
            await _pause(stopping, pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
