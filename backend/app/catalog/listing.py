"""A short look at the tables of the exposed schemas, for `relais catalog`."""

from dataclasses import dataclass

from app.adapters.postgres import SERVICE, Database
from app.settings import DatabaseSettings

_TABLES = """
    select n.nspname as schema, c.relname as name,
           (select count(*) from pg_catalog.pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
           (select count(*) from pg_catalog.pg_policy p where p.polrelid = c.oid) as policies,
           (select count(*) from pg_catalog.pg_index i where i.indrelid = c.oid) as indexes,
           greatest(c.reltuples, 0)::bigint as rows
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname = any ($1::text[])
    order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class TableLine:
    """One table, in numbers."""

    schema: str
    name: str
    columns: int
    policies: int
    indexes: int
    rows: int


async def list_tables(settings: DatabaseSettings, schemas: list[str]) -> list[TableLine]:
    """The tables of these schemas."""
    database = Database(settings)
    await database.open()
    try:
        rows = await database.fetch(SERVICE, _TABLES, schemas)
        return [TableLine(**{name: row[name] for name in row.keys()}) for row in rows]
    finally:
        await database.close()
