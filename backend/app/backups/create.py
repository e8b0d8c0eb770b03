"""Making a backup: one moment of the database, dumped, counted and described; and a copy of Redis beside it."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from app import log
from app.adapters.postgres import NOBODY, Connection, Database
from app.adapters.redis import RedisUnavailable
from app.adapters.redis_copy import copy_redis
from app.backups import picture, store
from app.backups.errors import BACKUP_FAILED, BACKUP_RUNNING
from app.backups.programs import address, of_database, program, run
from app.backups.store import DUMP, REDIS_COPY, Manifest, Reason
from app.errors import AppError, refuse
from app.settings import Settings
from app.version import VERSION

MADE = "backup_made"
FAILED = "backup_failed"
#: The key of an advisory lock: one backup or restore at a time.
LOCK = 0x72656C61697362
_NEEDS_OWNER = "Only the owner of the database can back it up: set RELAIS_DATABASE_ADMIN_URL."


@asynccontextmanager
async def owners(settings: Settings, database: str = "") -> AsyncGenerator[Database]:
    """The server as the owner of the database, for statements that may take long."""
    url = owners_url(settings)
    if database:
        url = of_database(url, database)
    ours = settings.database.model_copy(
        update={
            "url": SecretStr(url),
            "read_url": None,
            "pool_max": 3,
            "statement_timeout_seconds": settings.backup.timeout_seconds,
        }
    )
    opened = Database(ours)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


def owners_url(settings: Settings) -> str:
    """Where the database is for its owner."""
    url = settings.database.admin_url or settings.database.url
    assert url is not None, "resolve the URLs first"
    return url.get_secret_value()


@asynccontextmanager
async def alone(connection: Connection) -> AsyncGenerator[None]:
    """While nobody else makes a backup or brings one back."""
    if not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
        raise refuse(BACKUP_RUNNING)
    try:
        yield
    finally:
        await connection.execute("select pg_advisory_unlock($1)", LOCK)


async def create_backup(settings: Settings, *, reason: Reason = "manual") -> Manifest:
    """A backup of now. Whoever uses the database is not disturbed."""
    began, directory, now = time.perf_counter(), store.directory_of(settings), datetime.now(UTC)
    name = store.new_name(now)
    try:
        async with owners(settings) as database, database.connection(NOBODY, "write") as locked, alone(locked):
            unfinished = await asyncio.to_thread(store.begun, directory, name)
            try:
                manifest = await _made(settings, database, unfinished, name=name, reason=reason, now=now)
                await asyncio.to_thread(store.finished, directory, unfinished, manifest)
            finally:
                await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
    except OSError as error:
        raise _failed(refuse(BACKUP_FAILED, f"{error.strerror}: {directory.name}")) from error
    except AppError as error:
        raise _failed(error) from error
    seconds = round(time.perf_counter() - began, 1)
    log.event(MADE, {"name": name, "bytes": manifest.size, "seconds": seconds, "reason": reason})
    return manifest


async def _made(
    settings: Settings, database: Database, unfinished: Path, *, name: str, reason: Reason, now: datetime
) -> Manifest:
    # One transaction shows its moment to the dump: rows are counted in what is dumped.
    async with database.transaction(NOBODY, "write", isolation="repeatable_read") as connection:
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        snapshot = await connection.fetchval("select pg_export_snapshot()")
        dumping = asyncio.create_task(_dump(settings, unfinished / DUMP, snapshot))
        try:
            tables = await picture.rows_by_table(connection)
            migrations = await picture.applied(connection)
            described = await picture.described(connection)
            began = await picture.began(connection)
            server: str = await connection.fetchval("show server_version")
            await dumping
        finally:
            dumping.cancel()
            await asyncio.gather(dumping, return_exceptions=True)
    without_redis = await _copy_redis(settings, unfinished / REDIS_COPY)
    files = await asyncio.to_thread(store.files_of, unfinished)
    return Manifest(
        name=name,
        created_at=now.isoformat(timespec="milliseconds"),
        reason=reason,
        version=VERSION,
        server=server.split(" ")[0],
        migrations=migrations,
        tables=tables,
        database=described,
        files=files,
        without_redis=without_redis,
        began=began,
    )


async def _dump(settings: Settings, target: Path, snapshot: str) -> None:
    where, password = address(owners_url(settings))
    pg_dump = program("pg_dump", settings.backup.programs)
    argv = (
        pg_dump,
        "--format=custom",
        "--no-password",
        f"--snapshot={snapshot}",
        f"--file={target}",
        f"--dbname={where}",
    )
    await run(argv, password, seconds=settings.backup.timeout_seconds, failure=BACKUP_FAILED)


async def _copy_redis(settings: Settings, target: Path) -> str:
    """Why there is none: nothing is only in Redis but jobs that wait, and not every Redis gives a copy of itself."""
    try:
        await copy_redis(settings.redis, target, seconds=settings.backup.timeout_seconds)
    except RedisUnavailable as error:
        return str(error)
    return ""


def _failed(error: AppError) -> AppError:
    if error.code == BACKUP_RUNNING.code:
        return error
    log.event(FAILED, {"code": error.code, "reason": str(error.details or error.message)}, level="error")
    if error.code != BACKUP_FAILED.code:
        error = refuse(BACKUP_FAILED, error.message, hint=_NEEDS_OWNER if error.code == "42501" else error.hint)
    elif "permission denied" in str(error.details) or "row-level security" in str(error.details):
        error.hint = _NEEDS_OWNER
    return error
