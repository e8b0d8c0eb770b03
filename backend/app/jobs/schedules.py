"""What runs by the clock. arq's cron wakes one worker a minute; a row for each time of each schedule does the rest.

Whoever comes first writes the row, all others find it: one scheduler wins, in whatever process and on whatever machine.
A time that nobody was there for is made up for once, later. A time that is not to be made up for is a row that is done
from the start.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.adapters.postgres import SERVICE, Database
from app.module import RESTORED, Schedule

#: One clock for all workers. What one of theirs once put, they shall not wait for.
_CLOCK = "select extract(epoch from clock_timestamp())::float8"
_NEVER = """
    update relais.jobs set scheduled_for = null
    where name = any ($1::text[]) and scheduled_for > to_timestamp($2) + interval '1 hour'
"""
#: Times before a backup was brought back were those of the database of before, which did what was due: none is made up
#: for, and what was told there is not told again.
#: A job is told of the time since its last one, if it wants to be. What was begun before its end may be committed after
#: it; a minute later it is there or never will be.
_DUE = """
    with last as (
        select max(scheduled_for) as at,
               (select max(scheduled_for) from relais.jobs where name = $6) as returned
        from relais.jobs where name = $1
    ), put as (
        insert into relais.jobs (name, scheduled_for, arguments, state, finished_at)
        select $1, told.until,
               case when $4 then
                 jsonb_build_object(
                   'since', coalesce(greatest(last.at, told.before), told.until - told.every) - interval '1 minute',
                   'until', told.until - interval '1 minute')
               else '{}' end,
               case when told.noted then 'done' else 'waiting' end::relais.job_state,
               case when told.noted then now() end
        from last, lateral (
            select $2::timestamptz as until, $3::float8 * interval '1 second' as every,
                   $2 - ceil(extract(epoch from $2 - last.returned) / $3)::float8 * $3 * interval '1 second' as before,
                   $5 and last.at is null or $2 <= coalesce(last.returned, '-infinity') as noted
        ) as told
        where last.at is null or last.at < told.until
        on conflict (name, scheduled_for) where scheduled_for is not null do nothing
        returning state
    )
    select pg_notify('relais_jobs', '') from put where state = 'waiting'
"""


def last_time(schedule: Schedule, now: float) -> datetime:
    """The latest time of a schedule that has come."""
    times = (now - schedule.at) // schedule.every
    return datetime.fromtimestamp(times * schedule.every + schedule.at, UTC)


async def put_due(database: Database, schedules: Sequence[Schedule], now: float | None = None) -> int:
    """Put what is due by PostgreSQL's clock, unless somebody has; how much was put."""
    put = 0
    async with database.connection(SERVICE, "write") as connection:
        if now is None:
            now = float(await connection.fetchval(_CLOCK))
        await connection.execute(_NEVER, [schedule.job.__name__ for schedule in schedules], now)
        for schedule in schedules:
            values = (schedule.job.__name__, last_time(schedule, now), float(schedule.every))
            put += len(await connection.fetch(_DUE, *values, schedule.windowed, schedule.waits, RESTORED))
    return put


async def tick(ctx: dict[str, Any]) -> None:
    """Each minute, and when a worker starts."""
    schedules: Sequence[Schedule] = ctx["schedules"]
    await put_due(ctx["database"], schedules)
