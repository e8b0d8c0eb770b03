"""Large tables in little time: rows of a seeded database, copied under new identifiers and at other times.

Seeding writes a row with all that hangs on it, through every trigger and index: some thousands a second. Copies are of
resources alone, and their indexes are made once they are there.
"""

from typing import Any

_OTHERS = """
    select string_agg(quote_ident(attname), ', ' order by attnum)
    from pg_catalog.pg_attribute
    where attrelid = 'library.resources'::regclass and attnum > 0 and not attisdropped and attgenerated = ''
      and attname not in ('id', 'created_at', 'updated_at')
"""
_INDEXES = """
    select i.indexrelid::regclass::text as name, pg_catalog.pg_get_indexdef(i.indexrelid) as definition
    from pg_catalog.pg_index as i
    where i.indrelid = 'library.resources'::regclass
      and not exists (select from pg_catalog.pg_constraint as c where c.conindid = i.indexrelid)
"""
#: Between the originals' times: newest first is one order, whatever the size of the table.
_COPY = """
    insert into library.resources (id, created_at, updated_at, {others})
    select relais.new_id(), created_at + copy * interval '1 second', updated_at + copy * interval '1 second', {others}
    from (select * from library.resources order by created_at limit $1) as originals
    cross join generate_series(1, $2::int) as copy
"""


async def copy_resources(connection: Any, originals: int, copies: int) -> None:
    """Add copies of the resources, as a superuser."""
    indexes = await connection.fetch(_INDEXES)
    others = await connection.fetchval(_OTHERS)
    await connection.execute("set session_replication_role = replica")
    await connection.execute("set maintenance_work_mem = '1GB'")
    for index in indexes:
        await connection.execute(f"drop index {index['name']}")
    await connection.execute(_COPY.format(others=others), originals, copies)
    for index in indexes:
        await connection.execute(index["definition"])
    await connection.execute("reset session_replication_role")
