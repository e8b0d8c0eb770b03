"""What the library removes when it has served its time, and what it counts anew. In small parts: nobody waits long."""

from typing import Any

from app import log
from app.adapters.postgres import SERVICE, Database
from app.jobs.parts import removed_in_parts
from app.jobs.performing import Run
from app.settings import Settings

_TENANTS = "select id::text from relais.tenants"
_EVENTS = """
    delete from library.analytics_events as e
    where e.tenant_id = $1::text::uuid and e.id in (
        select old.id from library.analytics_events as old
        where old.tenant_id = $1::text::uuid and old.created_at < now() - $2::int * interval '1 day'
        limit $3)
"""
_READ = """
    delete from library.notifications as n
    where (n.tenant_id, n.id) in (
        select old.tenant_id, old.id from library.notifications as old
        where old.is_read and old.created_at < now() - $1::int * interval '1 day'
        limit $2)
"""
#: Who was given which role and right, and who changed which setting.
_RECORDS = {
    table: f"""
        delete from library.{table} where ctid = any (array(
            select ctid from library.{table} where created_at < now() - $1::int * interval '1 day' limit $2))
    """  # noqa: S608
    for table in ("permission_audit_logs", "admin_config_audit_logs")
}
_RECOUNT = """
    select library_internal.recount_days(
        ((now() - interval '7 days') at time zone 'UTC')::date, (now() at time zone 'UTC')::date)
"""


async def retire_library_rows(ctx: dict[str, Any]) -> None:
    """Remove read notifications, events, and records of changes, after so many days as the settings say."""
    database: Database = ctx["database"]
    settings: Settings = ctx["settings"]
    days = settings.retention
    notifications = await removed_in_parts(database, _READ, days.notifications_days)
    events = 0
    for row in await database.fetch(SERVICE, _TENANTS, mode="write"):
        events += await removed_in_parts(database, _EVENTS, row[0], days.analytics_days)
    removed = {"notifications": notifications, "analytics_events": events}
    if days.audit_days is not None:
        for table, statement in _RECORDS.items():
            removed[table] = await removed_in_parts(database, statement, days.audit_days)
    log.event("swept", removed)


async def recount_analytics(ctx: dict[str, Any]) -> None:
    """Count the last days anew: whatever removed events since, an import that was taken back for one."""
    run: Run = ctx["run"]
    async with run.once() as connection:
        await connection.execute(_RECOUNT)
