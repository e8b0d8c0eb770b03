"""The job queue: arq over Redis, with JSON instead of pickle, so that nothing that reaches Redis can run code here.

Redis holds jobs in flight; whatever must not be lost is a row in PostgreSQL first (see `jobs/`). Without Redis nothing
is queued: the caller of `Queue.put` gets `RedisUnavailable` and says so, or leaves the row for the next sweep.
"""

import asyncio
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from arq.connections import ArqRedis
from arq.cron import cron
from arq.worker import Worker, func
from redis.exceptions import RedisError

from app.adapters.redis import Redis, RedisUnavailable
from app.module import Job
from app.settings import JobsSettings

QUEUE = "queue:jobs"
HEALTH = "queue:jobs:health"
HEALTH_INTERVAL_SECONDS = 5
#: arq takes as many jobs as there is room for at each look.
POLL_SECONDS = 0.1
#: Jobs that are rows watch their time themselves and note that it was over; the queue gives them time for that.
GRACE_SECONDS = 30


def _serialize(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), default=str).encode()


def _deserialize(data: bytes) -> dict[str, Any]:
    return json.loads(data)


class Queue:
    """Where jobs are put."""

    def __init__(self, redis: Redis) -> None:
        self._name = redis.key(QUEUE)
        self._arq = _arq(redis)

    async def put(self, job: str, *args: Any, key: str | None = None, defer_seconds: float = 0) -> None:
        """Queue a job by its name; two with one key are one while the first one waits or runs."""
        try:
            await self._arq.enqueue_job(job, *args, _job_id=key, _queue_name=self._name, _defer_by=defer_seconds)
        except (RedisError, OSError, TimeoutError) as error:
            raise RedisUnavailable(str(error) or type(error).__name__) from error


def make_worker(
    redis: Redis,
    settings: JobsSettings,
    jobs: Sequence[Job],
    every_minute: Iterable[Job],
    context: dict[str, Any],
    *,
    burst: bool = False,
) -> Worker:
    """An arq worker for these jobs, and for some that are run when it starts and each minute, once for all workers.

    `burst` ends it when the queue is empty.
    """
    return Worker(
        [func(job, name=job.__name__) for job in jobs],  # pyright: ignore[reportArgumentType]
        queue_name=redis.key(QUEUE),
        cron_jobs=[
            cron(job, second=0, unique=True, run_at_startup=True)  # pyright: ignore[reportArgumentType]
            for job in every_minute
        ],
        redis_pool=_arq(redis),
        burst=burst,
        ctx=context,
        max_jobs=settings.concurrency,
        job_timeout=settings.timeout_seconds + GRACE_SECONDS,
        keep_result=0,
        poll_delay=POLL_SECONDS,
        job_completion_wait=math.ceil(settings.shutdown_seconds),
        health_check_key=redis.key(HEALTH),
        health_check_interval=HEALTH_INTERVAL_SECONDS,
        job_serializer=_serialize,
        job_deserializer=_deserialize,
        log_results=False,
    )


async def see_it_end(worker: Worker) -> None:
    """Tell a worker to end until it does: what it was waiting for may have swallowed the first time."""
    main = worker.main_task
    while main is not None and not main.done():
        main.cancel()
        await asyncio.wait((main,), timeout=0.2)


async def work(worker: Worker) -> None:
    """Run a worker until it is told to stop or its burst is over; `RedisUnavailable` when its queue goes away."""
    try:
        try:
            await worker.async_run()
        except asyncio.CancelledError:
            pass  # how arq ends when a signal told it to
        await worker.close()
    except (RedisError, OSError, TimeoutError) as error:
        raise RedisUnavailable(str(error) or type(error).__name__) from error


def _arq(redis: Redis) -> ArqRedis:
    return ArqRedis(redis.pool, job_serializer=_serialize, job_deserializer=_deserialize, default_queue_name=QUEUE)
