"""`relais doctor`: what is wrong with this installation, and what to do about each thing."""

import asyncio
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.adapters import migrations
from app.adapters.postgres import SERVICE, Database
from app.adapters.redis import Redis, RedisUnavailable
from app.errors import AppError
from app.modules import load_modules
from app.settings import Settings

OLDEST_POSTGRES, OLDEST_REDIS = (15, "15"), ((6, 2), "6.2")
LITTLE_DISK_BYTES = 1024**3
CLOCK_SKEW_SECONDS = 5.0
EXTENSIONS = ("pg_trgm", "unaccent")


class Severity(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    ADVICE = "advice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity
    what: str
    seen: str
    remedy: str = ""


def _ok(what: str, seen: str) -> Finding:
    return Finding(Severity.OK, what, seen)


def _advice(what: str, seen: str, remedy: str) -> Finding:
    return Finding(Severity.ADVICE, what, seen, remedy)


def _wrong(what: str, seen: str, remedy: str) -> Finding:
    return Finding(Severity.WRONG, what, seen, remedy)


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; what cannot be reached hides only what is behind it."""
    findings = [_python(), _disk(settings), *_secrets(settings), *_exposure(settings)]
    exposed = settings.rest.schemas()
    if exposed and set(exposed).isdisjoint(module.schema for module in load_modules()):
        # Somebody else's database: neither our tables nor our roles are looked for.
        findings.append(_ok("Migrations", "none needed: no module's schema is exposed"))
        return [*findings, await _redis(settings)]
    pending = await asyncio.to_thread(_pending, settings)
    findings.append(pending)
    if pending.severity is Severity.OK:
        findings += await _database(settings)
    return [*findings, await _redis(settings)]


async def _database(settings: Settings) -> list[Finding]:
    database = Database(settings.database)
    await database.open()
    try:
        return [finding for look in (_server, _clock, _login, _roles, _extensions) for finding in await look(database)]
    except AppError as error:
        return [_unreachable("Login", error, "RELAIS_DATABASE_URL")]
    finally:
        await database.close()


def _unreachable(what: str, error: AppError, variable: str) -> Finding:
    seen = " ".join(str(part) for part in (error.message, error.details) if part)
    return _wrong(what, seen, f"Check {variable}, and that the server runs and lets us in.")


def _python() -> Finding:
    return _ok("Python", f"{platform.python_version()} on {sys.platform} {platform.machine()}")


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir if settings.data_dir.exists() else Path.cwd()
    free = shutil.disk_usage(place).free
    seen = f"{free / 1024**3:.1f} GiB free at {place}"
    if free < LITTLE_DISK_BYTES:
        return _wrong("Disk", seen, "Free some space: PostgreSQL stops when the disk is full.")
    return _ok("Disk", seen)


def _secrets(settings: Settings) -> list[Finding]:
    if settings.environment == "production":
        return [_ok("Secrets", "set for production")]
    seen = f"environment is {settings.environment}"
    remedy = "Set RELAIS_ENVIRONMENT=production and RELAIS_AUTH_SECRET before others use it."
    return [_advice("Secrets", seen, remedy)]


def _exposure(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    if settings.server.host not in ("127.0.0.1", "localhost", "::1") and settings.environment != "production":
        seen = f"listens on {settings.server.host} with development settings"
        findings.append(_wrong("Network", seen, "Listen on 127.0.0.1, or run with RELAIS_ENVIRONMENT=production."))
    if "*" in settings.http.origins():
        remedy = "Name the frontend's origins in RELAIS_HTTP_CORS_ORIGINS."
        findings.append(_advice("CORS", "any website may call the API", remedy))
    return findings


async def _server(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(
        SERVICE,
        """
        select current_setting('server_version_num')::int / 10000 as major,
               current_setting('server_version') as version
        """,
    )
    oldest, name = OLDEST_POSTGRES
    if rows[0]["major"] < oldest:
        return [_wrong("PostgreSQL", rows[0]["version"], f"Relais needs PostgreSQL {name} or newer.")]
    return [_ok("PostgreSQL", rows[0]["version"])]


async def _clock(database: Database) -> Sequence[Finding]:
    before = time.time()
    rows = await database.fetch(SERVICE, "select extract(epoch from clock_timestamp())::float8")
    skew = rows[0][0] - (before + time.time()) / 2
    if abs(skew) > CLOCK_SKEW_SECONDS:
        return [_wrong("Clock", f"PostgreSQL is {skew:+.1f} s away", "Synchronise the clocks: tokens expire by them.")]
    return [_ok("Clock", f"{skew * 1000:+.0f} ms from PostgreSQL")]


async def _login(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(
        SERVICE,
        """
        select rolname, rolsuper or rolbypassrls as above_rules,
               exists (select from pg_catalog.pg_class c
                       where c.relowner = r.oid and c.relnamespace = to_regnamespace('relais')) as owns
        from pg_catalog.pg_roles r where rolname = session_user
        """,
    )
    name, above_rules, owns = rows[0]
    if above_rules or owns:
        seen = f"the API logs in as {name}, which {'passes row security' if above_rules else 'owns our tables'}"
        remedy = "Give relais_login a password and use it in RELAIS_DATABASE_URL; keep this one as the ADMIN_URL."
        return [_advice("Login", seen, remedy)]
    return [_ok("Login", f"{name}, owns nothing")]


async def _roles(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(
        SERVICE,
        """
        select name, to_regrole(name) is not null
          and pg_has_role(session_user, coalesce(to_regrole(name), 0::regrole)::oid, 'member') as usable
        from unnest(array['anon', 'authenticated', 'service']) as name
        """,
    )
    missing = [row["name"] for row in rows if not row["usable"]]
    if missing:
        seen = f"the login cannot become {', '.join(missing)}"
        return [_wrong("Roles", seen, "Run `relais migrate` as the owner, then grant these roles to the login.")]
    return [_ok("Roles", "anon, authenticated, service")]


async def _extensions(database: Database) -> Sequence[Finding]:
    rows = await database.fetch(SERVICE, "select extname from pg_catalog.pg_extension")
    missing = sorted(set(EXTENSIONS) - {row[0] for row in rows})
    if missing:
        remedy = "Install the server's contrib package, then run `relais migrate`."
        return [_wrong("Extensions", f"{', '.join(missing)} missing", remedy)]
    return [_ok("Extensions", ", ".join(EXTENSIONS))]


def _pending(settings: Settings) -> Finding:
    url = settings.database.admin_url
    assert url is not None, "resolve the URLs first"
    try:
        pending = migrations.pending(url.get_secret_value())
    except AppError as error:
        return _unreachable("PostgreSQL", error, "RELAIS_DATABASE_ADMIN_URL")
    if pending:
        return _wrong("Migrations", f"{len(pending)} pending: {', '.join(pending)}", "Run `relais migrate`.")
    return _ok("Migrations", "none pending")


async def _redis(settings: Settings) -> Finding:
    redis = Redis(settings.redis)
    try:
        version = await redis.ping()
    except RedisUnavailable as error:
        return _wrong("Redis", str(error), "Check RELAIS_REDIS_URL, and that the server runs and lets us in.")
    finally:
        await redis.close()
    oldest, name = OLDEST_REDIS
    if tuple(int(part) for part in version.split(".")[:2]) < oldest:
        return _wrong("Redis", version, f"Relais needs Redis {name} or newer.")
    return _ok("Redis", version)
