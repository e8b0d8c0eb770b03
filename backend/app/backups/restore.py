"""Bringing a backup back: always into a fresh database first, which takes the other's place once it is whole.

The database of before is renamed, never dropped: what is wrong with a backup shows only when it is in use.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app import log
from app.adapters.postgres import NOBODY, Connection, Database
from app.adapters.redis import Redis, RedisUnavailable
from app.backups import picture, store
from app.backups.create import alone, owners, owners_url
from app.backups.errors import BACKUP_DAMAGED, BACKUP_RUNNING, DATABASE_EXISTS, RESTORE_FAILED
from app.backups.programs import address, of_database, program, run
from app.backups.returned import settle
from app.backups.store import DUMP, Manifest
from app.errors import AppError, refuse
from app.settings import Settings

RESTORED = "backup_restored"
FAILED = "restore_failed"
#: Where one is while databases are renamed.
MAINTENANCE = "postgres"
_LONGEST_NAME = 63
_PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.05
#: What was true of the other database: who is signed in, answers that were kept.
_FORGOTTEN = ("session:*", "token:*", "cache:*")
_OTHERS = "select count(*) from pg_catalog.pg_stat_activity where datname = $1 and pid <> pg_catalog.pg_backend_pid()"
_END_OTHERS = """
    select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
    where datname = $1 and pid <> pg_catalog.pg_backend_pid()
"""
_EXISTS = "select exists (select from pg_catalog.pg_database where datname = $1)"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it."""

    manifest: Manifest
    #: Where the backup is now.
    database: str
    #: What the database of before is called now; empty if it was left where it was.
    before: str = ""


async def verify(settings: Settings, name: str, *, deep: bool = False) -> Manifest:
    """That a backup is what was written and can be read; with `deep`, that all of it can be brought back."""
    path, manifest = await store.intact(store.directory_of(settings), name)
    await _readable(settings, path)
    if deep:
        scratch = _named("relais_verify")
        async with _whole(settings, path, manifest, scratch), owners(settings, MAINTENANCE) as server:
            await _dropped(server, scratch)
    return manifest


async def restore_into(settings: Settings, name: str, database: str) -> Restored:
    """Bring a backup back as a database of another name, beside the one that is used."""
    path, manifest = await store.intact(store.directory_of(settings), name)
    if not 0 < len(database.encode()) <= _LONGEST_NAME:
        raise refuse(RESTORE_FAILED, f"A name has 1 to {_LONGEST_NAME} bytes.")
    with _told(name):
        async with _whole(settings, path, manifest, database):
            pass
    log.event(RESTORED, {"name": name, "database": database})
    return Restored(manifest, database)


async def restore(settings: Settings, name: str) -> Restored:
    """Put a backup in the place of the database. Whoever uses that is disconnected, and finds the other one."""
    path, manifest = await store.intact(store.directory_of(settings), name)
    used = unquote(urlsplit(owners_url(settings)).path.lstrip("/"))
    fresh, before = _named(used, "restored"), _named(used, "before")
    with _told(name):
        async with owners(settings) as database, database.connection(NOBODY, "write") as locked, alone(locked):
            async with _whole(settings, path, manifest, fresh):
                pass
        async with owners(settings, MAINTENANCE) as server:
            try:
                async with owners(settings, fresh) as made, made.transaction(NOBODY) as connection:
                    await settle(connection, manifest)
                await _swapped(server, used, fresh, before)
            except BaseException:
                with suppress(AppError):
                    await _dropped(server, fresh)
                raise
    await _forget(settings)
    log.event(RESTORED, {"name": name, "database": used, "before": before})
    return Restored(manifest, used, before)


class _told:  # reads as a word where it is used
    """Failures are logged, and told as one error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not isinstance(error, AppError) or error.code in (BACKUP_RUNNING.code, DATABASE_EXISTS.code):
            return
        log.event(FAILED, {"name": self.name, "reason": str(error.details or error.message)}, level="error")
        if error.code not in (RESTORE_FAILED.code, BACKUP_DAMAGED.code):
            raise refuse(RESTORE_FAILED, error.message, hint=error.hint) from error


@asynccontextmanager
async def _whole(settings: Settings, path: Path, manifest: Manifest, name: str) -> AsyncGenerator[None]:
    """A new database with all that is in a backup; it is dropped again if anything goes wrong."""
    async with owners(settings, MAINTENANCE) as server:
        async with server.connection(NOBODY, "write") as connection:
            if await connection.fetchval(_EXISTS, name):
                raise refuse(DATABASE_EXISTS, name)
            await picture.make_database(connection, name, manifest.database)
        try:
            await _filled(settings, path, name)
            async with owners(settings, name) as made, made.connection(NOBODY) as connection:
                await _must_be_equal(connection, manifest)
            async with server.connection(NOBODY, "write") as connection:
                await picture.dress_database(connection, name, manifest.database)
            yield
        except BaseException:
            with suppress(AppError):
                await _dropped(server, name)
            raise


async def _filled(settings: Settings, path: Path, name: str) -> None:
    where, password = address(of_database(owners_url(settings), name))
    pg_restore = program("pg_restore", settings.backup.programs)
    how = ("--exit-on-error", "--single-transaction", "--no-password", f"--dbname={where}")
    await run(
        (pg_restore, *how, path / DUMP), password, seconds=settings.backup.timeout_seconds, failure=RESTORE_FAILED
    )


async def _readable(settings: Settings, path: Path) -> None:
    pg_restore = program("pg_restore", settings.backup.programs)
    await run((pg_restore, "--list", path / DUMP), "", seconds=settings.backup.timeout_seconds, failure=BACKUP_DAMAGED)


async def _must_be_equal(connection: Connection, manifest: Manifest) -> None:
    tables, migrations = await picture.rows_by_table(connection), await picture.applied(connection)
    if migrations != manifest.migrations:
        raise refuse(BACKUP_DAMAGED, f"Migrations: {migrations} instead of {manifest.migrations}.")
    for table in sorted(tables.keys() | manifest.tables.keys()):
        seen, expected = tables.get(table), manifest.tables.get(table)
        if seen != expected:
            raise refuse(BACKUP_DAMAGED, f"{table} has {seen} rows instead of {expected}.")


async def _swapped(server: Database, used: str, fresh: str, before: str) -> None:
    """Exchange names in one transaction: whatever is killed when, there is a database of the name that is used."""
    async with server.connection(NOBODY, "write") as connection:
        await picture.said(connection, "alter database %I allow_connections false", used)
        try:
            await _emptied(connection, used)
            async with server.transaction(NOBODY) as exchange:
                await picture.said(exchange, "alter database %I rename to %I", used, before)
                await picture.said(exchange, "alter database %I rename to %I", fresh, used)
                await picture.said(exchange, "alter database %I allow_connections true", before)
        except BaseException:
            await picture.said(connection, "alter database %I allow_connections true", used)
            raise


async def _emptied(connection: Connection, name: str) -> None:
    """Have everybody leave a database that nobody may enter any more."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while await connection.fetchval(_OTHERS, name):
                await connection.execute(_END_OTHERS, name)
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError as error:
        raise refuse(RESTORE_FAILED, f"Somebody does not leave the database {name}.") from error


async def _dropped(server: Database, name: str) -> None:
    async with server.connection(NOBODY, "write") as connection:
        await picture.said(connection, "drop database if exists %I with (force)", name)


async def _forget(settings: Settings) -> None:
    """Without Redis there is nothing to forget, and what it is when it comes back, its users ask anew."""
    redis = Redis(settings.redis)
    try:
        for pattern in _FORGOTTEN:
            cursor = b"0"
            while True:
                [answer] = await redis.run(("SCAN", cursor, "MATCH", redis.key(pattern), "COUNT", 1000))
                if isinstance(answer, Exception):
                    break
                cursor, keys = answer
                if keys:
                    await redis.run(("UNLINK", *keys))
                if cursor == b"0":
                    break
    except RedisUnavailable:
        pass
    finally:
        await redis.close()


def _named(*parts: str) -> str:
    """A name that no database has."""
    stem, *rest = parts
    end = "_".join((*rest, f"{datetime.now(UTC):%Y%m%d%H%M%S}", secrets.token_hex(2)))
    return f"{stem[: _LONGEST_NAME - len(end) - 1]}_{end}"
