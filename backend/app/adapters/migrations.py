"""Alembic, run from code: bring a database up, take it down, say what is pending or has drifted.

Revisions live in `backend/migrations/versions/<branch>`, one branch for the core and one for each module.
"""

import asyncio
import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from alembic import command, op
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.util import await_only

from app.adapters.postgres import unavailable
from app.adapters.sqlstates import database_error
from app.errors import ErrorSpec, refuse

APP = Path(__file__).parents[1]
MIGRATIONS = APP.parent / "migrations"
ARCHIVE = MIGRATIONS / "sql"
NO_SUCH_REVISION = ErrorSpec("NO_SUCH_REVISION", 400, "The migrations know no such revision.")
SQL_FILE_CHANGED = ErrorSpec("SQL_FILE_CHANGED", 500, "A migration's SQL file has changed since it was written.")


def _config(url: str, lock_timeout_seconds: float = 5.0) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    branches = sorted(path for path in (MIGRATIONS / "versions").iterdir() if path.is_dir())
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, branches)).replace("%", "%%"))
    config.attributes.update(url=url, lock_timeout_seconds=lock_timeout_seconds)
    return config


def upgrade(url: str, revision: str = "heads", *, lock_timeout_seconds: float = 5.0) -> None:
    """Apply every revision that is missing; two at once wait for each other."""
    with _translated():
        command.upgrade(_config(url, lock_timeout_seconds), revision)


def downgrade(url: str, revision: str = "base", *, lock_timeout_seconds: float = 5.0) -> None:
    """Take revisions back, down to an empty database. Roles stay: they belong to the server."""
    with _translated():
        command.downgrade(_config(url, lock_timeout_seconds), revision)


def set_login_password(url: str, password: str) -> None:
    """Let the API's login role in with this password: what Relais does for a PostgreSQL of its own."""

    async def alter() -> None:
        connection = await asyncpg.connect(url)
        try:
            statement = await connection.fetchval(
                "select format('alter role relais_login password %L', $1::text)", password
            )
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(alter())


def drift(url: str) -> list[Any]:
    """Differences between the declared tables and the database; empty when they agree."""
    config = _config(url)
    found: list[Any] = []

    def compare(context: MigrationContext, metadata: sa.MetaData) -> None:
        found.extend(compare_metadata(context, metadata))

    config.attributes["compare"] = compare
    with _translated():
        command.current(config)
    return found


def pending(url: str) -> list[str]:
    """Revisions that the code has and the database has not, oldest first."""
    config = _config(url)
    script = ScriptDirectory.from_config(config)
    applied: set[str] = set()

    def read(context: MigrationContext, _metadata: sa.MetaData) -> None:
        for head in context.get_current_heads():
            applied.update(_rests_on(script, head))

    config.attributes["compare"] = read
    with _translated():
        command.current(config)
    return [item.revision for item in reversed(list(script.walk_revisions())) if item.revision not in applied]


@contextmanager
def _translated() -> Generator[None]:
    """Errors of PostgreSQL as everywhere else in the product: `AppError`."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        if not isinstance(cause, asyncpg.PostgresError):
            raise unavailable(cause or error) from error
        raise database_error(cause, anonymous=False) from error
    except CommandError as error:
        raise refuse(NO_SUCH_REVISION, str(error)) from error
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(("08", "28", "3D", "57")):
            raise unavailable(error) from error
        raise database_error(error, anonymous=False) from error
    except (OSError, asyncpg.InterfaceError) as error:
        raise unavailable(error) from error


@cache
def lineage() -> dict[str, frozenset[str]]:
    """Each revision with all that it rests on, itself included. A database names only the newest of them."""
    script = ScriptDirectory.from_config(_config(""))
    return {item.revision: _rests_on(script, item.revision) for item in script.walk_revisions()}


def _rests_on(script: ScriptDirectory, revision: str) -> frozenset[str]:
    found: set[str] = set()
    wanted = [revision]
    while wanted:
        item = script.get_revision(wanted.pop())
        if item.revision in found:
            continue
        found.add(item.revision)
        wanted += [*item._all_down_revisions]  # pyright: ignore[reportPrivateUsage] - down revisions and dependencies
    return frozenset(found)


def run_sql(path: str, digest: str) -> None:
    """Run a `.sql` file inside a migration, in the wording that it had when the migration was written.

    `path` is relative to the package (`auth/sql/caller.sql`), `digest` the start of the file's SHA-256. When the file
    has changed since, the old wording is taken from `migrations/sql/`; see `docs/how-to/change-the-schema.md`.
    """
    run_script(sql_text(path, digest))


def sql_text(path: str, digest: str) -> str:
    """The wording of a `.sql` file that this digest names."""
    live = APP / path
    if live.exists() and digest_of(live) == digest:
        return live.read_text(encoding="utf-8")
    archived = ARCHIVE / archive_name(path, digest)
    if not archived.exists():
        raise refuse(
            SQL_FILE_CHANGED,
            f"{path} is not the file whose digest is {digest}",
            hint=f"Keep the old wording as migrations/sql/{archived.name}, and load the new one in a new migration.",
        )
    return archived.read_text(encoding="utf-8")


def run_script(script: str) -> None:
    """Run several SQL statements in the migration's transaction, over the driver's simple protocol."""
    bind = op.get_bind()
    bind.execute(sa.text("select 1"))  # makes SQLAlchemy open the transaction that the driver's call must be part of
    driver = bind.connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))


def drop_objects(schema: str, *, keep: tuple[str, ...] = ()) -> None:
    """Drop the tables, views, functions and types of a schema, but those to keep: what a downgrade to nothing means."""
    run_script(
        f"""
        do $$
        declare
          item record;
        begin
          for item in
            select format('drop %s if exists %s cascade', kind, name) as statement from (
              select 1 as turn, oid::regclass::text as name,
                     case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind
              from pg_catalog.pg_class
              where relnamespace = '{schema}'::regnamespace and relkind in ('r', 'p', 'v', 'm')
                and relname <> all (array[{", ".join(f"'{name}'" for name in keep)}]::text[])
              union all
              select 2, oid::regprocedure::text, 'routine' from pg_catalog.pg_proc
              where pronamespace = '{schema}'::regnamespace
              union all
              select 3, oid::regtype::text, 'type' from pg_catalog.pg_type
              where typnamespace = '{schema}'::regnamespace and typtype in ('e', 'd')
            ) as found
            order by turn
          loop
            execute item.statement;
          end loop;
        end
        $$;
        """  # noqa: S608 - the schema is a constant of a migration
    )


def digest_of(path: Path) -> str:
    """The start of a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def archive_name(path: str, digest: str) -> str:
    """Where an older wording of a `.sql` file is kept."""
    return f"{path.removesuffix('.sql').replace('/', '.')}.{digest}.sql"


def sql_files() -> Iterator[str]:
    """Every `.sql` file of the package that migrations run, relative to it."""
    for file in sorted(APP.rglob("sql/*.sql")):
        yield file.relative_to(APP).as_posix()
