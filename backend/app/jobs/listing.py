"""Jobs as administrators see them: how many there are in each state, which, why they failed; and trying one again.

They see those of their tenant. Jobs of no tenant are seen in the default one, whose administrators run the
installation.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from app.adapters.postgres import SERVICE, Connection, Database, Row
from app.errors import ErrorSpec, refuse
from app.jobs.tables import JobState

JOB_NOT_FOUND = ErrorSpec("JOB_NOT_FOUND", 404, "Tâche non trouvée")
JOB_IN_HAND = ErrorSpec("JOB_IN_HAND", 409, "Cette tâche est en cours d'exécution")
JOB_ALREADY_DONE = ErrorSpec("JOB_ALREADY_DONE", 409, "Cette tâche est déjà terminée")
_MINE = "coalesce(j.tenant_id, relais.default_tenant_id()) = $1::text::uuid"
_COUNTS = f"select j.state::text, count(*) from relais.jobs as j where {_MINE} group by j.state"  # noqa: S608
_COLUMNS = """
    j.id::text, j.name, j.arguments::text, j.key, j.state::text, j.attempts, j.run_after, j.scheduled_for, j.started_at,
    j.finished_at, j.last_error, j.created_at
"""
_WANTED = f"{_MINE} and ($2::text is null or j.state = $2::text::relais.job_state) and ($3 = '' or j.name = $3)"
_PAGE = f"""
    select {_COLUMNS} from relais.jobs as j where {_WANTED}
    order by j.created_at desc, j.id desc limit $4 offset $5
"""  # noqa: S608 - constants
_TOTAL = f"select count(*) from relais.jobs as j where {_WANTED}"  # noqa: S608
_HELD = f"select j.state::text from relais.jobs as j where {_MINE} and j.id = $2::text::uuid for update"  # noqa: S608
_AGAIN = f"""
    update relais.jobs as j
    set state = 'waiting', attempts = 0, run_after = now(), finished_at = null, started_at = null
    where {_MINE} and j.id = $2::text::uuid returning {_COLUMNS}
"""  # noqa: S608 - constants
_WAKE = "select pg_notify('relais_jobs', '')"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are asked for."""

    state: JobState | None
    name: str
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of jobs, how many are of what is asked for, and how many there are by state."""

    rows: list[dict[str, Any]]
    total: int
    counts: dict[str, int]


async def listed(database: Database, tenant_id: str, wanted: Wanted) -> Listed:
    """The latest first."""
    conditions = (tenant_id, None if wanted.state is None else wanted.state.value, wanted.name)
    async with database.connection(SERVICE) as connection:
        counted = await connection.fetch(_COUNTS, tenant_id)
        total: int = await connection.fetchval(_TOTAL, *conditions)
        rows = await connection.fetch(_PAGE, *conditions, wanted.limit, wanted.offset)
    counts = {state.value: 0 for state in JobState} | {row[0]: row[1] for row in counted}
    return Listed([_told(row) for row in rows], total, counts)


async def try_again(connection: Connection, tenant_id: str, job_id: str) -> dict[str, Any]:
    """Have one that was given up, or that waits, run now; what it failed of stays written until it is done."""
    state = await connection.fetchval(_HELD, tenant_id, job_id)
    if state is None:
        raise refuse(JOB_NOT_FOUND)
    if state == JobState.RUNNING:
        raise refuse(JOB_IN_HAND)
    if state == JobState.DONE:
        raise refuse(JOB_ALREADY_DONE)
    row = await connection.fetchrow(_AGAIN, tenant_id, job_id)
    assert row is not None
    await connection.execute(_WAKE)
    return _told(row)


def _told(row: Row) -> dict[str, Any]:
    values = {name: row[name] for name in row.keys()}
    return {**values, "arguments": orjson.loads(values["arguments"])}
