"""PostgreSQL: migrations, version, clock, and the rights of the roles that requests run as."""

import asyncio
import time
from collections.abc import Sequence

from app.adapters import migrations
from app.adapters.postgres import SERVICE, Database
from app.doctor.findings import Finding, Severity, advice, ok, unreachable, wrong
from app.doctor.machine import clock
from app.doctor.rows import examine_rows
from app.errors import AppError
from app.settings import Settings

OLDEST, NEWEST = 15, 18
EXTENSIONS = ("pg_trgm", "unaccent")
#: A restore closes the database before it exchanges it, and opens it again if it lives.
_CLOSED = "55000"
_OPEN = (
    "Was a restore killed? Open it again, from the database `postgres`: `alter database … allow_connections true`"
    " (docs/how-to/back-up-and-restore.md)."
)
CALLERS = ("anon", "authenticated", "service")


async def examine_database(settings: Settings) -> list[Finding]:
    """Everything about it; what cannot be reached hides only what is behind it."""
    pending = await asyncio.to_thread(_pending, settings)
    if pending.severity is not Severity.OK:
        return [pending]
    database = Database(settings.database)
    await database.open()
    try:
        looks = (_server, _clock, _login, _roles, _rights, _extensions)
        found = [finding for look in looks for finding in await look(database)]
        return [pending, *found, *await examine_rows(database, settings)]
    except AppError as error:
        return [pending, unreachable("Login", error, "RELAIS_DATABASE_URL")]
    finally:
        await database.close()


def _pending(settings: Settings) -> Finding:
    url = settings.database.admin_url
    assert url is not None, "resolve the URLs first"
    try:
        pending = migrations.pending(url.get_secret_value())
    except AppError as error:
        if error.code == _CLOSED:
            return wrong("PostgreSQL", error.message, _OPEN)
        return unreachable("PostgreSQL", error, "RELAIS_DATABASE_ADMIN_URL")
    if pending:
        return wrong("Migrations", f"{len(pending)} pending: {', '.join(pending)}", "Run `relais migrate`.")
    return ok("Migrations", "none pending")


async def _server(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(
        SERVICE,
        """
        select current_setting('server_version_num')::int / 10000 as major,
               current_setting('server_version') as version
        """,
    )
    major, version = rows[0]
    if major < OLDEST:
        return [wrong("PostgreSQL", version, f"Relais needs PostgreSQL {OLDEST} or newer.")]
    if major > NEWEST:
        return [advice("PostgreSQL", version, f"Relais was tried with {OLDEST} to {NEWEST}: look for a newer Relais.")]
    return [ok("PostgreSQL", version)]


async def _clock(database: Database) -> Sequence[Finding]:
    before = time.time()
    rows = await database.fetch(SERVICE, "select extract(epoch from clock_timestamp())::float8")
    return [clock("PostgreSQL", rows[0][0] - (before + time.time()) / 2)]


async def _login(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(
        SERVICE,
        """
        select rolname, rolsuper or rolbypassrls as above_rules,
               exists (select from pg_catalog.pg_class c
                       where c.relowner = r.oid and c.relnamespace = to_regnamespace('relais')) as owns,
               rolcreaterole or rolcreatedb or rolreplication as administers
        from pg_catalog.pg_roles r where rolname = session_user
        """,
    )
    name, above_rules, owns, administers = rows[0]
    if above_rules or owns:
        seen = f"the API logs in as {name}, which {'passes row security' if above_rules else 'owns our tables'}"
        remedy = "Give relais_login a password and use it in RELAIS_DATABASE_URL; keep this one as the ADMIN_URL."
        return [advice("Login", seen, remedy)]
    if administers:
        remedy = f"alter role {name} nocreaterole nocreatedb noreplication"
        return [advice("Login", f"{name} may make roles or databases, or copy this one", remedy)]
    return [ok("Login", f"{name}, owns nothing")]


async def _roles(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(
        SERVICE,
        """
        select name, to_regrole(name) is not null
          and pg_has_role(session_user, coalesce(to_regrole(name), 0::regrole)::oid, 'member') as usable
        from unnest($1::text[]) as name
        """,
        CALLERS,
    )
    missing = [row["name"] for row in rows if not row["usable"]]
    if missing:
        seen = f"the login cannot become {', '.join(missing)}"
        return [wrong("Roles", seen, "Run `relais migrate` as the owner, then grant these roles to the login.")]
    return [ok("Roles", ", ".join(CALLERS))]


async def _rights(database: Database) -> Sequence[Finding]:
    """What a caller becomes must be below the rules; `service` alone passes row security, and nothing else."""
    rows = await database.fetch(
        SERVICE,
        """
        select rolname from pg_catalog.pg_roles
        where rolname = any ($1::text[])
          and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls and rolname <> 'service')
        order by rolname
        """,
        CALLERS,
    )
    remedy = "nosuperuser nocreaterole nocreatedb noreplication"
    return [
        wrong("Roles", f"{name} can do more than the rules let it", f"alter role {name} {remedy}{also}")
        for (name,) in rows
        for also in ("" if name == "service" else " nobypassrls",)
    ]


async def _extensions(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(SERVICE, "select extname from pg_catalog.pg_extension")
    missing = sorted(set(EXTENSIONS) - {row[0] for row in rows})
    if missing:
        remedy = "Install the server's contrib package, then run `relais migrate`."
        return [wrong("Extensions", f"{', '.join(missing)} missing", remedy)]
    return [ok("Extensions", ", ".join(EXTENSIONS))]
