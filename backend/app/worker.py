"""The background worker: the jobs of the core and of every module, and what runs by the clock."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from app import loaded, log
from app.adapters.postgres import Database
from app.adapters.queue import Queue, Worker, make_worker, see_it_end, work
from app.adapters.redis import Redis, RedisUnavailable
from app.adapters.smtp import SmtpMailer
from app.auth.signing import keyring
from app.backups.job import daily_backup
from app.jobs import housekeeping, schedules
from app.jobs.dispatching import Dispatcher, perform
from app.jobs.drain import Drain
from app.jobs.letters import domain_of
from app.jobs.mail_files import FileMailer, mail_directory
from app.jobs.performing import Performer
from app.jobs.places import site_of
from app.jobs.pulses import beat, beat_once
from app.module import DAY, Job, Module, Pulse, Schedule
from app.modules import load_modules
from app.settings import DatabaseSettings, Settings

HOUR = DAY // 24
CORE = Module(
    name="core",
    summary="What every installation needs",
    schema="relais",
    jobs=(housekeeping.sweep, daily_backup),
    schedules=(
        Schedule(housekeeping.sweep, every=HOUR, at=7 * 60),
        # It knows itself whether one is due, and makes up for a night that the machine was off.
        Schedule(daily_backup, every=HOUR, at=12 * 60),
    ),
)
LONGEST_PAUSE_SECONDS = 5.0


def run(settings: Settings, *, burst: bool = False) -> None:
    """Work until told to stop (or, in a burst, until the queue is empty)."""
    asyncio.run(_run(settings, burst=burst))


async def _run(settings: Settings, *, burst: bool) -> None:
    assert settings.redis.url is not None, "resolve the URLs first"
    database, redis = Database(patient(settings)), Redis(settings.redis)
    await database.open()
    modules = (CORE, *load_modules())
    jobs: dict[str, Job] = {job.__name__: job for module in modules for job in module.jobs}
    loaded()
    log.event("worker_started", {"jobs": sorted(jobs)})
    context: dict[str, Any] = {"database": database, "settings": settings, "redis": redis}
    context["seal"] = keyring(settings.auth).seal
    context["schedules"] = [schedule for module in modules for schedule in module.schedules]
    performer = context["performer"] = Performer(database, settings.jobs, jobs, context)
    dispatcher = Dispatcher(database, Queue(redis), performer, settings.jobs)
    beside = _Beside(_drain(settings, database), dispatcher, [pulse for module in modules for pulse in module.pulses])
    stopping = asyncio.Event()
    carried = [*jobs.values(), perform]
    if not burst:
        beside.start(context, stopping)
    try:
        await _work(settings, redis, context, carried, stopping=stopping, burst=burst)
        if burst:
            await beside.once(context)
    finally:
        stopping.set()
        await beside.end(settings.jobs.shutdown_seconds)
        await database.close()
        await redis.close()
        log.event("worker_stopped")


def patient(settings: Settings) -> DatabaseSettings:
    """The database as a worker uses it: a statement may take as long as the job that it is of."""
    seconds = max(settings.database.statement_timeout_seconds, settings.jobs.timeout_seconds)
    return settings.database.model_copy(update={"statement_timeout_seconds": seconds})


class _Beside:
    """What goes on beside the queue, and whether Redis is there or not: mail, jobs that are rows, buffers."""

    def __init__(self, drain: Drain, dispatcher: Dispatcher, pulses: Sequence[Pulse]) -> None:
        self._drain = drain
        self._dispatcher = dispatcher
        self._pulses = pulses
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, context: Mapping[str, Any], stopping: asyncio.Event) -> None:
        """All of it, until told to stop."""
        self._tasks = [
            asyncio.create_task(self._drain.run(stopping)),
            asyncio.create_task(self._dispatcher.run(stopping)),
            *(asyncio.create_task(beat(pulse, context, stopping)) for pulse in self._pulses),
        ]

    async def once(self, context: Mapping[str, Any]) -> None:
        """What is due now."""
        for pulse in self._pulses:
            await beat_once(pulse, context)
        await self._dispatcher.drain()
        await self._drain.drain()

    async def end(self, seconds: float) -> None:
        """Let all come to its end; what is not there after so long is broken off."""
        if not self._tasks:
            return
        await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        # A task that failed is no reason not to end the others.
        await asyncio.gather(*self._tasks, return_exceptions=True)


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
        # A copy: arq puts a client of its own into what it is given.
        worker = make_worker(redis, settings.jobs, jobs, (schedules.tick,), dict(context), burst=burst)
        # arq takes the signals for itself: whoever stops the worker must also end this loop.
        worker.on_stop = lambda _signal: stopping.set()
        ending = asyncio.create_task(_see_it_end(worker, stopping))
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
        finally:
            ending.cancel()


async def _see_it_end(worker: Worker, stopping: asyncio.Event) -> None:
    await stopping.wait()
    await see_it_end(worker)


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
