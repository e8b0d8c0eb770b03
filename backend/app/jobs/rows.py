"""Jobs that must not be lost, as rows: put in the transaction that wants them, claimed, noted as done or given up.

A claim is a lease: it ends by itself, so that what a worker held that was killed is run by another one. The moment of
the claim is how a worker proves that the job is still its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.adapters.postgres import SERVICE, Connection, Database, Row

#: Where workers hear of new jobs, once they are committed. Who misses it looks every few seconds all the same.
CHANNEL = "relais_jobs"
LONGEST_ERROR = 1000
ABANDONED = "The worker that ran it has ended without a word"
_PUT = """
    with put as (
        insert into relais.jobs (tenant_id, name, arguments, key, run_after)
        values (nullif($1, '')::uuid, $2, $3::text::jsonb, $4, now() + $5::float8 * interval '1 second')
        on conflict (key) do nothing
        returning id
    )
    select id::text, pg_notify('relais_jobs', '') from put
"""
_CLAIM = """
    update relais.jobs as j
    set state = 'running', attempts = j.attempts + 1, started_at = clock_timestamp(),
        run_after = clock_timestamp() + $2::float8 * interval '1 second'
    where j.id = (
        select due.id from relais.jobs as due
        where due.state in ('waiting', 'running') and due.run_after <= now() and due.name = any ($1::text[])
          and ($3::text is null or due.id = $3::text::uuid)
        order by due.run_after
        limit 1
        for update skip locked
    )
    returning j.id::text, j.tenant_id::text, j.name, j.arguments::text, j.attempts, j.started_at
"""
_DUE = """
    select id::text, extract(epoch from run_after)::text as since,
           extract(epoch from now() - run_after)::float8 as overdue
    from relais.jobs
    where state in ('waiting', 'running') and run_after <= now() and name = any ($1::text[])
    order by run_after limit $2
"""
#: Of a job that its worker may be about to finish, the lease is no matter.
_RENEW = """
    update relais.jobs set run_after = clock_timestamp() + $3::float8 * interval '1 second'
    where id = (
        select id from relais.jobs
        where id = $1::text::uuid and state = 'running' and started_at = $2
        for update skip locked)
"""
_FINISH = """
    update relais.jobs set state = 'done', finished_at = clock_timestamp(), last_error = null
    where id = $1::text::uuid and state = 'running' and started_at = $2
    returning true
"""
_PUT_OFF = """
    update relais.jobs
    set state = 'waiting', last_error = $3, run_after = now() + $4::float8 * interval '1 second'
    where id = $1::text::uuid and state = 'running' and started_at = $2
"""
#: No try at all: it is not the job that failed.
_GIVE_BACK = """
    update relais.jobs set state = 'waiting', last_error = $3, run_after = now(), attempts = greatest(attempts - 1, 0)
    where id = $1::text::uuid and state = 'running' and started_at = $2
"""
_GIVE_UP = """
    update relais.jobs set state = 'dead', last_error = $3, finished_at = now()
    where id = $1::text::uuid and state = 'running' and started_at = $2
"""
_BURY = """
    update relais.jobs set state = 'dead', last_error = $2, finished_at = now()
    where id in (
        select id from relais.jobs
        where state = 'running' and run_after <= now() and attempts >= $1
        for update skip locked)
    returning id::text, name
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is ours for a while."""

    id: str
    tenant_id: str | None
    name: str
    arguments: Mapping[str, Any]
    #: This one included.
    attempts: int
    started_at: datetime


async def put_job(
    connection: Connection,
    name: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    tenant_id: str = "",
    delay_seconds: float = 0,
) -> str | None:
    """Have a job of a module run when the transaction is committed; its id.

    Two with one key are one, as long as the first is kept: None then. Arguments are ids and the like, never secrets:
    administrators see them.
    """
    told = orjson.dumps(arguments or {}).decode()
    row = await connection.fetchrow(_PUT, tenant_id, name, told, key, delay_seconds)
    return None if row is None else str(row["id"])


async def due(database: Database, names: Iterable[str], most: int) -> Sequence[Row]:
    """Ids of jobs whose time has come, and since when; those that wait longest first."""
    return await database.fetch(SERVICE, _DUE, list(names), most, mode="write")


async def claim(
    database: Database, names: Iterable[str], lease_seconds: float, *, only: str | None = None
) -> Claimed | None:
    """The job of one of these names that has been due longest and that nobody else holds, or this one."""
    async with database.connection(SERVICE, "write") as connection:
        row = await connection.fetchrow(_CLAIM, list(names), lease_seconds, only)
    if row is None:
        return None
    values = {name: row[name] for name in row.keys()}
    return Claimed(**{**values, "arguments": orjson.loads(values["arguments"])})


async def renew(database: Database, job: Claimed, lease_seconds: float) -> None:
    """Its worker is still at it."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_RENEW, job.id, job.started_at, lease_seconds)


async def finish(connection: Connection, job: Claimed) -> bool:
    """It is done, if the transaction is committed; False if it is not ours any more."""
    return bool(await connection.fetchval(_FINISH, job.id, job.started_at))


async def put_off(database: Database, job: Claimed, reason: str, *, seconds: float) -> None:
    """Another time."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_PUT_OFF, job.id, job.started_at, reason[:LONGEST_ERROR], seconds)


async def give_back(database: Database, job: Claimed, reason: str) -> None:
    """At once, by whoever has room; it was not tried."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_GIVE_BACK, job.id, job.started_at, reason[:LONGEST_ERROR])


async def give_up(database: Database, job: Claimed, reason: str) -> None:
    """Never again, unless an administrator says so."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_GIVE_UP, job.id, job.started_at, reason[:LONGEST_ERROR])


async def bury(database: Database, attempts: int) -> Sequence[Row]:
    """Give up what has taken as many workers with it as it may be tried."""
    async with database.connection(SERVICE, "write") as connection:
        return await connection.fetch(_BURY, attempts, ABANDONED)
