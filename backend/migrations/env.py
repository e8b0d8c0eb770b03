"""How Alembic reaches the database: one connection, one advisory lock, short waits for other locks."""

import asyncio

import app.auth.tables
import app.gateway.tables
import app.importer.tables
import app.jobs.tables
import app.realtime.tables  # noqa: F401 - declaring tables is all that these imports are for
import asyncpg
from alembic import context
from app.modules import load_modules
from app.tables import metadata
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

LOCK = 0x52454C4149  # "RELAI": two migrators of one database wait for each other
VERSION_SCHEMA = "relais"

load_modules()
schemas = {table.schema for table in metadata.tables.values()}


def _ours(name: str | None, kind: str, _parent: object) -> bool:
    if kind == "schema":
        return name in schemas
    return not (kind == "table" and name == "alembic_version")


def _migrate(connection: Connection) -> None:
    compare = context.config.attributes.get("compare")
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=VERSION_SCHEMA,
        include_schemas=True,
        include_name=_ours,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    if compare is not None:
        compare(context.get_context(), metadata)
        return
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    attributes = context.config.attributes
    # A fixed search path: an owner named like one of our schemas must not make that schema the nameless default.
    settings = {"search_path": "public", "application_name": "relais migrate"}
    # The driver reads the URL itself, so that one that the API takes (`?sslmode=…`) is one that migrations take.
    engine = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        async_creator=lambda: asyncpg.connect(attributes["url"], server_settings=settings),
    )
    async with engine.connect() as connection:
        reading = attributes.get("compare") is not None
        if not reading:
            timeout = int(attributes["lock_timeout_seconds"] * 1000)
            await connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK})
            await connection.execute(text(f"set lock_timeout = {timeout}"))
            await connection.execute(text("set statement_timeout = 0"))
            await connection.execute(text(f"create schema if not exists {VERSION_SCHEMA}"))
            await connection.commit()
        await connection.run_sync(_migrate)
    await engine.dispose()


asyncio.run(_run())
