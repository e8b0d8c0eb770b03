"""What runs by the clock. arq's cron wakes one worker a minute; a row for each time of each schedule does the rest.

Whoever comes first writes the row, all others find it: one scheduler wins, in whatever process and on whatever machine.
A time that nobody was there for is made up for once, later.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from app.adapters.postgres import SERVICE, Database
from app.module import Schedule

#: A job is told of the time since its last one, if it wants to be.
_DUE = """
    with last as (
        select max(scheduled_for) as at from relais.jobs where name = $1
    ), put as (
        insert into relais.jobs (name, scheduled_for, arguments)
        select $1, told.until, case when $4 then
                 jsonb_build_object(
                   'since', coalesce(last.at, told.until - $3::float8 * interval '1 second'), 'until', told.until)
               else '{}' end
        from last, (select $2::timestamptz as until) as told
        where last.at is null or last.at < told.until
        on conflict (name, scheduled_for) where scheduled_for is not null do nothing
        returning id
    )
    select pg_notify('relais_jobs', '') from put
"""


def last_time(schedule: Schedule, now: float) -> datetime:
    """The latest time of a schedule that has come."""
    times = (now - schedule.at) // schedule.every
    return datetime.fromtimestamp(times * schedule.every + schedule.at, UTC)


async def put_due(database: Database, schedules: Iterable[Schedule], now: float) -> int:
    """Put what is due, unless somebody has; how much was put."""
    put = 0
    async with database.connection(SERVICE, "write") as connection:
        for schedule in schedules:
            values = (schedule.job.__name__, last_time(schedule, now), float(schedule.every), schedule.windowed)
            put += len(await connection.fetch(_DUE, *values))
    return put


async def tick(ctx: dict[str, Any]) -> None:
    """Each minute, and when a worker starts."""
    schedules: Sequence[Schedule] = ctx["schedules"]
    await put_due(ctx["database"], schedules, time.time())
