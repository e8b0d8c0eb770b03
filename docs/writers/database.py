"""A migrated database as PostgreSQL's own catalog tells it: read once, into values that pages and pictures are made of.

Names are always qualified, because the search path is empty. What an extension brought is left out, and whatever
depends on who ran the migrations: owners and their rights.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

_SCHEMAS: Final = r"""
    select n.oid from pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
"""
_OURS: Final = """
    not exists (select from pg_depend d where d.classid = '{catalog}'::regclass and d.objid = {oid} and d.deptype = 'e')
"""
_TABLES: Final = f"""
    select c.oid, n.nspname as schema, c.relname as name, c.relkind::text as kind,
           c.relrowsecurity and c.relforcerowsecurity as guarded, obj_description(c.oid, 'pg_class') as comment,
           case when c.relkind = 'v' then pg_get_viewdef(c.oid) end as definition,
           coalesce(c.reloptions::text[], '{{}}') as options
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relnamespace in ({_SCHEMAS}) and c.relkind in ('r', 'p', 'v', 'm')
      and {_OURS.format(catalog="pg_class", oid="c.oid")}
    order by 2, 3
"""
_COLUMNS: Final = """
    select a.attrelid as owner, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
           not a.attnotnull as nullable, a.attidentity::text as identity, a.attgenerated::text as generated,
           pg_get_expr(d.adbin, d.adrelid) as value, col_description(a.attrelid, a.attnum) as comment
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped
    order by a.attrelid, a.attnum
"""
# Not-null constraints have rows of their own from PostgreSQL 18 on; the columns say it already.
_CONSTRAINTS: Final = """
    select c.conrelid as owner, c.conname as name, c.contype::text as kind, c.confrelid as target,
           pg_get_constraintdef(c.oid, true) as definition,
           array(select a.attname::text from unnest(c.conkey) with ordinality k (number, place)
                 join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number order by k.place) as columns
    from pg_constraint c
    where c.conrelid = any ($1::oid[]) and c.contype in ('p', 'u', 'f', 'c', 'x')
    order by c.conrelid, array_position(array['p', 'u', 'f', 'c', 'x'], c.contype::text), c.conname
"""
_INDEXES: Final = """
    select i.indrelid as owner, c.relname as name, i.indisunique as is_unique,
           regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') as definition
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = any ($1::oid[]) and not exists (select from pg_constraint k where k.conindid = i.indexrelid
                                                       and k.contype in ('p', 'u', 'x'))
    order by i.indrelid, c.relname
"""
_POLICIES: Final = """
    select p.polrelid as owner, p.polname as name, p.polcmd::text as operation, p.polpermissive as permissive,
           array(select coalesce(r.rolname::text, 'public') from unnest(p.polroles) as o (oid)
                 left join pg_roles r on r.oid = o.oid order by 1) as roles,
           pg_get_expr(p.polqual, p.polrelid) as visible, pg_get_expr(p.polwithcheck, p.polrelid) as writable
    from pg_policy p where p.polrelid = any ($1::oid[])
    order by p.polrelid, p.polpermissive, array_position(array['*', 'r', 'a', 'w', 'd'], p.polcmd::text), p.polname
"""
_TRIGGERS: Final = """
    select t.tgrelid as owner, t.tgname as name, p.pronamespace::regnamespace::text || '.' || p.proname as function,
           regexp_replace(regexp_replace(pg_get_triggerdef(t.oid), '^CREATE (CONSTRAINT )?TRIGGER \\S+ ', ''),
                          '( ON \\S+)( .*)? EXECUTE FUNCTION .*$', '\\2') as moment
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    where t.tgrelid = any ($1::oid[]) and not t.tgisinternal
    order by t.tgrelid, t.tgname
"""
_GRANTS: Final = """
    select c.oid as owner, coalesce(r.rolname, 'public') as role,
           array_agg(lower(a.privilege_type) order by
                     array_position(array['SELECT', 'INSERT', 'UPDATE', 'DELETE'], a.privilege_type)) as operations
    from pg_class c cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
    where c.oid = any ($1::oid[]) and a.grantee <> c.relowner
      and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    group by 1, 2 order by 1, 2
"""
_FUNCTIONS: Final = f"""
    select n.nspname as schema, p.proname as name, pg_get_function_arguments(p.oid) as arguments,
           pg_get_function_result(p.oid) as result, p.provolatile::text as volatility, p.prosecdef as definer,
           p.prorettype = 'trigger'::regtype as is_trigger, obj_description(p.oid, 'pg_proc') as comment,
           array(select coalesce(r.rolname::text, 'public') from aclexplode(p.proacl) a
                 left join pg_roles r on r.oid = a.grantee where a.grantee <> p.proowner order by 1) as roles
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.pronamespace in ({_SCHEMAS}) and {_OURS.format(catalog="pg_proc", oid="p.oid")}
    order by 1, 2, 3
"""
_ENUMS: Final = f"""
    select n.nspname as schema, t.typname as name,
           array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as labels
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype = 'e' and t.typnamespace in ({_SCHEMAS})
    order by 1, 2
"""
_COMMENTS: Final = f"""
    select n.nspname as schema, obj_description(n.oid, 'pg_namespace') as comment from pg_namespace n
    where n.oid in ({_SCHEMAS}) order by 1
"""
Rows = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view, with all that belongs to it. Rows have the columns of their query."""

    oid: int
    schema: str
    name: str
    kind: str
    guarded: bool
    comment: str
    definition: str
    options: tuple[str, ...]
    columns: Rows = ()
    constraints: Rows = ()
    indexes: Rows = ()
    policies: Rows = ()
    triggers: Rows = ()
    grants: Rows = ()

    @property
    def full_name(self) -> str:
        """The name with its schema."""
        return f"{self.schema}.{self.name}"

    @property
    def is_view(self) -> bool:
        """Whether it holds no rows of its own."""
        return self.kind in ("v", "m")


@dataclass(frozen=True, slots=True)
class Database:
    """Everything that a page shows of a database."""

    schemas: Mapping[str, str]
    tables: tuple[Table, ...]
    functions: Rows
    enums: Rows


def read_database(admin_url: str) -> Database:
    """Read a migrated database."""
    return asyncio.run(_read(admin_url))


async def _read(admin_url: str) -> Database:
    connection = await asyncpg.connect(admin_url, server_settings={"search_path": "", "timezone": "UTC"})
    try:
        return Database(
            schemas={row["schema"]: row["comment"] or "" for row in await connection.fetch(_COMMENTS)},
            tables=await _tables(connection),
            functions=_rows(await connection.fetch(_FUNCTIONS)),
            enums=_rows(await connection.fetch(_ENUMS)),
        )
    finally:
        await connection.close()


async def _tables(connection: asyncpg.Connection) -> tuple[Table, ...]:
    found = await connection.fetch(_TABLES)
    oids = [row["oid"] for row in found]
    parts = {"columns": _COLUMNS, "constraints": _CONSTRAINTS, "indexes": _INDEXES}
    parts |= {"policies": _POLICIES, "triggers": _TRIGGERS, "grants": _GRANTS}
    rows = {name: _rows(await connection.fetch(query, oids)) for name, query in parts.items()}
    return tuple(
        Table(
            **{name: row[name] for name in ("oid", "schema", "name", "kind", "guarded")},
            comment=row["comment"] or "",
            definition=row["definition"] or "",
            options=tuple(row["options"]),
            **{name: tuple(item for item in rows[name] if item["owner"] == row["oid"]) for name in parts},
        )
        for row in found
    )


def _rows(found: Sequence[asyncpg.Record]) -> Rows:
    return tuple(dict(row) for row in found)
