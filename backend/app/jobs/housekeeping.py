"""Sweeps out what has served its time: sessions that ended, links that expired, mail that went out long ago."""

from typing import Any

from app import log
from app.adapters.postgres import SERVICE, Database
from app.errors import AppError
from app.jobs.parts import removed_in_parts
from app.settings import RestSettings, RetentionSettings, Settings

#: What is removed, and after how long (`$1` and the like: a setting).
SWEPT: dict[str, str] = {
    "sessions": "greatest(expires_at, revoked_at) < now() - $1::int * interval '1 day'",
    # What a browser brings back within minutes is nothing to keep for a week.
    "one_time_tokens": """
        expires_at < now() - case
          when purpose::text in ('oauth_state', 'sign_in_code', 'second_factor') then interval '1 hour'
          else interval '7 days' end
    """,
    "email_outbox": """
        status = 'sent' and sent_at < now() - interval '30 days'
        or status = 'failed' and failed_at < now() - interval '90 days'
    """,
    "audit_log": """
        action = 'SIGN_IN_FAILED' and created_at < now() - $1::int * interval '1 day'
        or created_at < now() - $2::int * interval '1 day'
    """,
    # From its beginning, so that what is left has no holes: a long transaction is older than what was numbered before.
    # What has no position yet has been told to nobody.
    "change_log": """
        position < coalesce(
          (select kept.position from relais.change_log as kept
           where kept.position is not null and kept.created_at >= now() - $1::int * interval '1 day'
           order by kept.position limit 1),
          (select m.last + 1 from relais.change_marks as m))
        order by position
    """,
    # Those that were given up are kept until somebody has looked at them.
    "jobs": "state = 'done' and finished_at < now() - $1::int * interval '1 day'",
    # A batch that is older than this is in no buffer any more.
    "flushed_batches": "created_at < now() - interval '7 days'",
    "idempotency_keys": "created_at < now() - $1::int * interval '1 second'",
}
#: The links of what could not be sent have expired by then; that it could not is told for longer.
_EMPTY_FAILED = """
    update relais.email_outbox set sealed = null
    where status = 'failed' and sealed is not null
      and failed_at between now() - interval '90 days' and now() - interval '7 days'
"""
FAILED = "sweep_failed"


async def sweep(ctx: dict[Any, Any]) -> dict[str, int]:
    """Remove everything that is due; running it twice at once is harmless. What fails keeps no other table waiting."""
    database: Database = ctx["database"]
    settings: Settings | None = ctx.get("settings")
    retention = settings.retention if settings is not None else RetentionSettings()  # pyright: ignore[reportCallIssue]
    rest = settings.rest if settings is not None else RestSettings()  # pyright: ignore[reportCallIssue]
    ages: dict[str, tuple[int | None, ...]] = {
        "sessions": (retention.sessions_days,),
        "audit_log": (retention.sign_ins_days, retention.audit_days),
        "change_log": (retention.changes_days,),
        "jobs": (retention.jobs_days,),
        "idempotency_keys": (rest.idempotency_seconds,),
    }
    removed: dict[str, int] = {}
    failures: list[AppError] = []
    for table in SWEPT:
        try:
            removed[table] = await _swept(database, table, ages.get(table, ()))
        except AppError as error:
            log.event(FAILED, {"table": table, "reason": str(error)}, level="warning")
            failures.append(error)
    log.event("swept", removed)
    if failures:
        # The job is tried again, and kept with its reason in the end.
        raise failures[0]
    return removed


async def _swept(database: Database, table: str, days: tuple[int | None, ...]) -> int:
    if table == "email_outbox":
        async with database.connection(SERVICE, "write") as connection:
            await connection.execute(_EMPTY_FAILED)
    # Nothing in it comes from anybody.
    statement = f"""
        delete from relais.{table} where ctid = any (array(
            select ctid from relais.{table} where {SWEPT[table]} limit ${len(days) + 1}))
    """  # noqa: S608
    return await removed_in_parts(database, statement, *days)
