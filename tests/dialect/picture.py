"""What the generator of requests knows of the database: tables, columns with values that occur in them, functions.

Read from the catalog of a loaded database, in a fixed order, so that one seed always makes the same requests.
"""

from dataclasses import dataclass
from typing import Literal

import asyncpg

Kind = Literal[
    "number", "text", "boolean", "time", "json", "jsonb", "array", "range", "enum", "composite", "vector", "other"
]


@dataclass(frozen=True, slots=True)
class Column:
    """A column and some of its values, as text and as JSON."""

    name: str
    type: str
    kind: Kind
    required: bool
    generated: bool
    texts: tuple[str, ...]
    jsons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view of an exposed schema."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    writable: bool

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class Argument:
    """What a function takes."""

    name: str
    type: str
    required: bool
    variadic: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A function of an exposed schema; `returns` is the table its rows belong to, if any."""

    schema: str
    name: str
    arguments: tuple[Argument, ...]
    returns: str | None
    is_set: bool
    volatile: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that requests are made from."""

    tables: tuple[Table, ...]
    functions: tuple[Function, ...]

    def table(self, name: str, schema: str = "api") -> Table:
        """The table of that name."""
        return next(table for table in self.tables if (table.schema, table.name) == (schema, name))


TABLES = """
select c.oid, n.nspname as schema, c.relname as name,
       c.relkind <> 'm' and (pg_relation_is_updatable(c.oid, true) & 28 > 0) as writable,
       coalesce((select array_agg(a.attname order by a.attname) from pg_constraint k, unnest(k.conkey) u(n)
                 join pg_attribute a on a.attrelid = c.oid and a.attnum = u.n
                 where k.conrelid = c.oid and k.contype = 'p'), '{}') as key
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('api', 'api2') and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
order by 2, 3
"""
COLUMNS = """
select a.attname as name, format_type(a.atttypid, null) as type,
       a.attgenerated <> '' or a.attidentity = 'a' as generated,
       a.attnotnull and not a.atthasdef and a.attidentity = '' as required, t.typcategory::text as category,
       t.typtype::text as typtype, (select format_type(b.oid, null) from pg_type b where b.oid = t.typbasetype) as base
from pg_attribute a join pg_type t on t.oid = a.atttypid
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
FUNCTIONS = """
select n.nspname as schema, p.proname as name, p.proretset as is_set, p.provolatile = 'v' as volatile,
       coalesce(p.proargnames, '{}') as names, coalesce(p.proargmodes::text[], '{}') as modes,
       coalesce((select array_agg(format_type(u.t, null) order by u.o)
                 from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality u(t, o)), '{}') as types,
       p.pronargdefaults as defaults, p.pronargs as inputs,
       (select c.relname from pg_class c where c.oid = r.typrelid and c.relkind in ('r', 'p', 'v', 'm')) as returns
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_type r on r.oid = p.prorettype
where n.nspname in ('api', 'api2') and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
order by 1, 2, p.pronargs, pg_get_function_identity_arguments(p.oid)
"""


async def picture_of(url: str) -> Picture:
    """Look at the database behind this URL."""
    connection = await asyncpg.connect(url)
    try:
        tables = [await _table(connection, row) for row in await connection.fetch(TABLES)]
        functions = [_function(row) for row in await connection.fetch(FUNCTIONS)]
    finally:
        await connection.close()
    return Picture(tuple(tables), tuple(functions))


async def _table(connection: asyncpg.Connection, row: asyncpg.Record) -> Table:
    relation = f"{_quoted(row['schema'])}.{_quoted(row['name'])}"
    columns: list[Column] = []
    for found in await connection.fetch(COLUMNS, row["oid"]):
        name = _quoted(found["name"])
        values = await connection.fetch(
            f"select {name}::text as text, min(to_json({name})::text) as json from {relation}"
            f' where {name} is not null group by 1 order by md5({name}::text) collate "C" limit 12'
        )
        columns.append(
            Column(
                name=found["name"],
                type=found["type"],
                kind=_kind(found["type"], found["category"], found["base"]),
                required=found["required"],
                generated=found["generated"],
                texts=tuple(value["text"] for value in values),
                jsons=tuple(value["json"] for value in values),
            )
        )
    return Table(row["schema"], row["name"], tuple(columns), tuple(row["key"]), row["writable"])


def _function(row: asyncpg.Record) -> Function:
    modes = row["modes"] or ["i"] * row["inputs"]
    names = row["names"] or [""] * len(row["types"])
    inputs = [(n, t, m) for n, t, m in zip(names, row["types"], modes, strict=True) if m in "ibv"]
    first_default = len(inputs) - row["defaults"]
    arguments = tuple(Argument(n, t, i < first_default, m == "v") for i, (n, t, m) in enumerate(inputs))
    return Function(row["schema"], row["name"], arguments, row["returns"], row["is_set"], row["volatile"])


def _kind(name: str, category: str, base: str | None) -> Kind:
    if name in ("json", "jsonb", "tsvector"):
        return {"json": "json", "jsonb": "jsonb", "tsvector": "vector"}[name]
    if category == "A" or (base or "").endswith("[]"):
        return "array"
    kinds: dict[str, Kind] = {"N": "number", "S": "text", "B": "boolean", "D": "time", "T": "time", "R": "range"}
    return kinds.get(category) or {"E": "enum", "C": "composite"}.get(category, "other")  # pyright: ignore


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
