"""The background worker: the jobs of the core and of every module, and what runs by the clock."""

import asyncio
import signal
from contextlib import suppress
from typing import Any

from app import log
from app.adapters.postgres import Database
from app.adapters.queue import make_worker, work
from app.adapters.redis import Redis, RedisUnavailable
from app.adapters.smtp import SmtpMailer
from app.auth.signing import keyring
from app.backups.job import daily_backup
from app.jobs import housekeeping
from app.jobs.drain import Drain
from app.jobs.letters import domain_of
from app.jobs.mail_files import FileMailer, mail_directory
from app.jobs.places import site_of
from app.module import Job
from app.modules import load_modules
from app.settings import Settings

CORE_JOBS = (housekeeping.sweep, daily_backup)
#: The minute of each hour.
HOURLY: dict[Job, int] = {housekeeping.sweep: 7, daily_backup: 12}
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
    stopping = asyncio.Event()
    drain = _drain(settings, database)
    # Mail goes out whether Redis is there or not.
    mail = asyncio.create_task(drain.drain() if burst else drain.run(stopping))
    ending = asyncio.create_task(_end(mail, stopping, settings.jobs.shutdown_seconds))
    try:
        context = {"database": database, "settings": settings}
        await _work(settings, redis, context, jobs, stopping=stopping, burst=burst)
        if burst:
            await mail
    finally:
        stopping.set()
        await ending
        await database.close()
        await redis.close()
        log.event("worker_stopped")


def _drain(settings: Settings, database: Database) -> Drain:
    mail, directory = settings.mail, mail_directory(settings)
    if directory is not None and settings.environment == "production":
        log.event("mail_goes_to_files", {"directory": str(directory)}, level="warning")
    if mail.smtp_url is not None:
        mailer = SmtpMailer(mail.smtp_url, mail.timeout_seconds, domain_of(mail.sender))
    else:
        assert directory is not None
        mailer = FileMailer(directory)
    unseal = keyring(settings.auth).unseal
    return Drain(database, mail, mailer, site=site_of(settings), unseal=unseal)


async def _end(task: asyncio.Task[None], stopping: asyncio.Event, seconds: float) -> None:
    """Once all is to stop, let a task come to its end; what it is at after so long is broken off."""
    await stopping.wait()
    await asyncio.wait((task,), timeout=seconds)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _work(
    settings: Settings,
    redis: Redis,
    context: dict[str, Any],
    jobs: list[Any],
    *,
    stopping: asyncio.Event,
    burst: bool,
) -> None:
    pause = 0.5
    while not stopping.is_set():
        worker = make_worker(redis, settings.jobs, jobs, HOURLY, context, burst=burst)
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
