"""Sweeps out what has served its time: sessions that ended, links that expired, mail that went out long ago."""

from typing import Any

from app import log
from app.adapters.postgres import SERVICE, Database

#: What is removed, and after how long. Rows go in one statement each: these tables are small by their nature.
SWEEPS: dict[str, str] = {
    "sessions": "delete from relais.sessions where greatest(expires_at, revoked_at) < now() - interval '7 days'",
    "one_time_tokens": "delete from relais.one_time_tokens where expires_at < now() - interval '7 days'",
    "email_outbox": "delete from relais.email_outbox where sent_at < now() - interval '30 days'",
    "change_log": "delete from relais.change_log where created_at < now() - interval '1 day'",
}


async def sweep(ctx: dict[Any, Any]) -> dict[str, int]:
    """Remove everything that is due; running it twice at once is harmless."""
    database: Database = ctx["database"]
    removed: dict[str, int] = {}
    for table, statement in SWEEPS.items():
        async with database.connection(SERVICE, "write") as connection:
            outcome = await connection.execute(statement)
        removed[table] = int(outcome.rsplit(" ", 1)[-1])
    log.event("swept", removed)
    return removed
