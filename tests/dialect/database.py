"""Makes the awkward database: its roles, its schemas from the SQL files beside this one, and copies of it."""

import hashlib
from pathlib import Path

import asyncpg

from .configuration import ADMIN, ANON, AUTHOR, LOGIN, PASSWORD

HERE = Path(__file__).parent
#: The order in which they build on each other.
FILES = ("schema", "tables", "zoo", "views", "functions", "context", "seed")

#: Roles belong to the whole server: another run, or another worker of this one, may have made them.
ROLES = f"""
select pg_advisory_xact_lock(20);
do $$
declare
    name text;
begin
    foreach name in array array['{ANON}', '{AUTHOR}', '{ADMIN}', '{LOGIN}'] loop
        if to_regrole(name) is null then
            execute format('create role %I', name);
        end if;
    end loop;
end
$$;
alter role {LOGIN} login noinherit password '{PASSWORD}';
-- No request of these may run on for ever, on either side.
alter role {LOGIN} set statement_timeout = '5s';
alter role {ADMIN} set intervalstyle = 'iso_8601';
alter role {ADMIN} set default_transaction_isolation = 'repeatable read';
grant {ANON}, {AUTHOR}, {ADMIN} to {LOGIN};
"""


async def load(admin_url: str, database_url: str) -> None:
    """Fill an empty database."""
    admin = await asyncpg.connect(admin_url)
    try:
        await admin.execute(ROLES)
    finally:
        await admin.close()
    connection = await asyncpg.connect(database_url)
    try:
        # What PostgreSQL warns of is on purpose here.
        await connection.execute("set client_min_messages = error")
        for name in FILES:
            await connection.execute((HERE / f"{name}.sql").read_text())
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def fingerprint(database_url: str) -> str:
    """What changes when any row of any table does."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind = 'r' and n.nspname in ('api', 'api2', 'extra', 'hidden') order by 1"
        )
        rows = "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {} t"
        found = [await connection.fetchval(rows.format(table["name"])) for table in tables]
    finally:
        await connection.close()
    return hashlib.sha256("\0".join(found).encode()).hexdigest()
