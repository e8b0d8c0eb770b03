"""Sweeps out what has served its time: sessions that ended, links that expired, mail that went out long ago."""

from typing import Any

from app import log
from app.adapters.postgres import SERVICE, Database
from app.settings import RetentionSettings, Settings

#: What is removed, and after how long (`$1`: days that are a setting). Rows go in one statement each: these tables are
#: small by their nature.
SWEEPS: dict[str, str] = {
    "sessions": """
        delete from relais.sessions where greatest(expires_at, revoked_at) < now() - $1::int * interval '1 day'
    """,
    # What a browser brings back within minutes is nothing to keep for a week.
    "one_time_tokens": """
        delete from relais.one_time_tokens
        where expires_at < now() - case
          when purpose::text in ('oauth_state', 'sign_in_code', 'second_factor') then interval '1 hour'
          else interval '7 days' end
    """,
    # The links of what could not be sent have expired by then; that it could not is told for longer.
    "email_outbox": """
        with emptied as (
          update relais.email_outbox set sealed = null
          where status = 'failed' and sealed is not null
            and failed_at between now() - interval '90 days' and now() - interval '7 days'
        )
        delete from relais.email_outbox
        where status = 'sent' and sent_at < now() - interval '30 days'
          or status = 'failed' and failed_at < now() - interval '90 days'
    """,
    "audit_log": """
        delete from relais.audit_log
        where action = 'SIGN_IN_FAILED' and created_at < now() - $1::int * interval '1 day'
          or created_at < now() - $2::int * interval '1 day'
    """,
    # Not row by row: whoever asks for what is gone has to be told so.
    "change_log": """
        with gone as (
          delete from relais.change_log
          where created_at < now() - $1::int * interval '1 day' and position is not null
          returning position
        ), marked as (
          update relais.change_marks as m set floor = greatest(m.floor, (select max(position) from gone))
          where m.id = 1 and exists (select from gone)
        )
        select position from gone
    """,
    # Those that were given up are kept until somebody has looked at them.
    "jobs": "delete from relais.jobs where state = 'done' and finished_at < now() - $1::int * interval '1 day'",
    # A batch that is older than this is in no buffer any more.
    "flushed_batches": "delete from relais.flushed_batches where created_at < now() - interval '7 days'",
}


async def sweep(ctx: dict[Any, Any]) -> dict[str, int]:
    """Remove everything that is due; running it twice at once is harmless."""
    database: Database = ctx["database"]
    settings: Settings | None = ctx.get("settings")
    retention = settings.retention if settings is not None else RetentionSettings()  # pyright: ignore[reportCallIssue]
    days: dict[str, tuple[int | None, ...]] = {
        "sessions": (retention.sessions_days,),
        "audit_log": (retention.sign_ins_days, retention.audit_days),
        "change_log": (retention.changes_days,),
        "jobs": (retention.jobs_days,),
    }
    removed: dict[str, int] = {}
    for table, statement in SWEEPS.items():
        async with database.connection(SERVICE, "write") as connection:
            outcome = await connection.execute(statement, *days.get(table, ()))
        removed[table] = int(outcome.rsplit(" ", 1)[-1])
    log.event("swept", removed)
    return removed
