"""Asks PostgreSQL what it holds and makes a `Catalog` of the answers. The statements are in `queries/`."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import chain
from typing import Any

import orjson

from app.adapters.postgres import Connection
from app.catalog.dependencies import find_dependencies
from app.catalog.relationships import ForeignKey, KeyColumn, ViewOf, find_relationships
from app.catalog.types import (
    AnyRelationship,
    Catalog,
    Column,
    ComputedRelationship,
    Function,
    MediaHandler,
    Name,
    Parameter,
    Relationship,
    Representations,
    RoleSettings,
    Table,
)
from app.catalog.view_columns import ViewQuery, columns_by_origin

#: Bits of `pg_relation_is_updatable`.
_UPDATABLE, _INSERTABLE, _DELETABLE = 4, 8, 16
#: Text that reads what is known of a request, or that might: a setting whose name is not written out.
_READS_REQUEST = r"request\.(method|path|headers|cookies)|'request\.?'|current_setting\s*\(\s*[^'[:space:]]"
#: The default that makes a column the tenant's.
_TENANT_DEFAULTS = ("relais.tenant_id()", "( SELECT relais.tenant_id() AS tenant_id)")
_ISOLATION = "default_transaction_isolation"
#: What the method of a request decides, whoever asks.
_DECIDED = frozenset({"default_transaction_read_only"})
_OURS = """
    select exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
                   where n.nspname = 'relais' and p.proname = 'default_tenant_id')
"""
Json = Any


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the database is looked at."""

    #: Their tables and functions get endpoints.
    schemas: tuple[str, ...]
    #: Their views and functions of rows are known as well.
    search_path: tuple[str, ...]
    tenant_column: str


@dataclass(frozen=True, slots=True)
class _Found:
    relations: list[Json]
    keys: list[Json]
    views: list[Json]
    functions: list[Json]
    media: list[Json]
    rest: dict[str, Json]
    dependencies: Json


async def introspect(connection: Connection, scope: Scope, version: int) -> Catalog:
    """The database as it is now. The connection should be in one read-only transaction."""
    schemas, both = list(scope.schemas), [*scope.schemas, *scope.search_path]
    await connection.execute("select set_config('search_path', '', true)")
    found = _Found(
        relations=await _ask(connection, "relations", schemas, both),
        keys=await _ask(connection, "keys"),
        views=await _ask(connection, "views", both),
        functions=await _ask(connection, "functions", schemas, both),
        media=await _ask(connection, "media", schemas),
        rest=await _ask(connection, "rest", schemas, _READS_REQUEST),
        dependencies=await _ask(connection, "dependencies", both),
    )
    default_tenant = await _default_tenant(connection)
    # Requests go on meanwhile: a large schema takes a while to put together.
    return await asyncio.to_thread(build_catalog, found, scope, version=version, default_tenant=default_tenant)


async def _default_tenant(connection: Connection) -> str:
    """The tenant of callers who name none, in a database of ours."""
    if not await connection.fetchval(_OURS):
        return ""
    await connection.execute("select set_config('role', 'service', true)")
    return str(await connection.fetchval("select coalesce(relais.default_tenant_id()::text, '')"))


async def _ask(connection: Connection, name: str, *args: object) -> Json:
    return orjson.loads(await connection.fetchval(_statement(name), *args))


@cache
def _statement(name: str) -> str:
    return (resources.files("app.catalog") / "queries" / f"{name}.sql").read_text()


def build_catalog(found: _Found, scope: Scope, *, version: int, default_tenant: str) -> Catalog:
    """Put together what was found. Pure."""
    names = {row["oid"]: _name(row) for row in found.relations}
    origins = columns_by_origin(
        [ViewQuery(v["oid"], v["query"], {int(k): n for k, n in v["columns"].items()}) for v in found.views]
    )
    view_names = {view["oid"]: _name(view) for view in found.views}
    key_tables = {row["oid"]: _name(row, "table") for row in found.keys}
    key_tables |= {
        row["target_oid"]: _name(row, "target_table", "target_schema") for row in found.keys if row["target_oid"]
    }
    views: dict[Name, list[ViewOf]] = defaultdict(list)
    for oid, shown in origins.items():
        by_table: dict[Name, dict[int, tuple[str, ...]]] = defaultdict(dict)
        for origin, columns in shown.items():
            if origin.table in key_tables:
                by_table[key_tables[origin.table]][origin.column] = tuple(columns)
        for table, columns in by_table.items():
            views[table].append(ViewOf(view_names[oid], columns))
    keys = _Keys(found.keys, views)
    tenants = _tenant_columns(found.relations, origins, scope.tenant_column)
    computed = _computed_columns(found.functions)
    tables = {
        names[row["oid"]]: _table(row, keys, tenants.get(names[row["oid"]]), computed.get(names[row["oid"]], {}))
        for row in found.relations
    }
    hidden = frozenset(tenants.items())
    detected = find_relationships(keys.foreign, {t: tuple(v) for t, v in views.items()}, keys.primary, hidden)
    return Catalog(
        version=version,
        tables=tables,
        relationships=_by_source(detected, _computed_relationships(found.functions, tables, scope), tables),
        functions=_functions(found.functions),
        representations=_representations(found.rest["casts"]),
        media_handlers=tuple(_media_handler(row) for row in found.media),
        schema_comments=found.rest["comments"],
        roles=_roles(found.rest["roles"]),
        reads_request=found.rest["reads_request"],
        dependencies=find_dependencies(found.dependencies),
        default_tenant=default_tenant,
    )


def _name(row: Mapping[str, Json], name: str = "name", schema: str = "schema") -> Name:
    return Name(row[schema], row[name])


class _Keys:
    """Keys of tables, and of the views that show all of one."""

    def __init__(self, rows: Sequence[Json], views: Mapping[Name, Sequence[ViewOf]]) -> None:
        self.unique: dict[Name, set[frozenset[str]]] = defaultdict(set)
        constraints: dict[Name, set[frozenset[str]]] = defaultdict(set)
        self.ordered: dict[Name, tuple[str, ...]] = {}
        for row in rows:
            if row["type"] == "f" or not row["columns"]:
                continue
            table = _name(row, "table")
            columns = frozenset(row["columns"])
            self.unique[table].add(columns)
            if row["type"] != "i":
                constraints[table].add(columns)
            if row["type"] == "p":
                self.ordered[table] = tuple(sorted(row["columns"]))
        self._extend_to_views(rows, views)
        self.primary = {table: frozenset(columns) for table, columns in self.ordered.items()}
        self.foreign = [_foreign_key(row, constraints) for row in rows if row["type"] == "f"]

    def _extend_to_views(self, rows: Sequence[Json], views: Mapping[Name, Sequence[ViewOf]]) -> None:
        for row in rows:
            if row["type"] not in ("p", "u"):
                continue
            columns = tuple(
                sorted((KeyColumn(*pair) for pair in zip(row["numbers"], row["columns"], strict=True)), key=_by_name)
            )
            for view in views.get(_name(row, "table"), ()):
                variant = next(view.variants(columns), None)
                if variant is None:
                    continue
                self.unique[view.view].add(frozenset(variant))
                if row["type"] == "p":
                    self.ordered[view.view] = (*self.ordered.get(view.view, ()), *variant)


def _by_name(column: KeyColumn) -> str:
    return column.name


def _foreign_key(row: Json, constraints: Mapping[Name, set[frozenset[str]]]) -> ForeignKey:
    table = _name(row, "table")
    return ForeignKey(
        name=row["name"],
        table=table,
        columns=tuple(KeyColumn(*pair) for pair in zip(row["numbers"], row["columns"], strict=True)),
        target=_name(row, "target_table", "target_schema"),
        referenced=tuple(KeyColumn(*pair) for pair in zip(row["referenced_numbers"], row["referenced"], strict=True)),
        unique=frozenset(row["columns"]) in constraints.get(table, set()),
    )


def _tenant_columns(
    relations: Sequence[Json], origins: Mapping[int, Mapping[Json, list[str]]], name: str
) -> dict[Name, str]:
    """The tenant column of each table that has one, and of views that show it."""
    found: dict[Name, str] = {}
    numbers: set[tuple[int, int]] = set()
    for row in relations:
        for column in row["columns"]:
            if column[0] == name and column[6] in _TENANT_DEFAULTS:
                found[_name(row)] = name
                numbers.add((row["oid"], column[10]))
    for row in relations:
        for origin, names in origins.get(row["oid"], {}).items():
            if (origin.table, origin.column) in numbers:
                found.setdefault(_name(row), names[0])
    return found


def _table(row: Json, keys: _Keys, tenant: str | None, computed: Mapping[str, str]) -> Table:
    name = _name(row)
    columns = {column[0]: _column(column) for column in row["columns"]}
    tenant_column = columns.pop(tenant) if tenant else None
    writable = row["writable"]
    return Table(
        name=name,
        columns=columns,
        primary_key=tuple(column for column in keys.ordered.get(name, ()) if column != tenant),
        insertable=bool(writable & _INSERTABLE),
        updatable=bool(writable & _UPDATABLE),
        deletable=bool(writable & _DELETABLE),
        is_view=row["kind"] in ("v", "m"),
        comment=row["comment"],
        tenant=tenant_column,
        unique_keys=frozenset(keys.unique.get(name, ())),
        computed=computed,
    )


def _column(row: Sequence[Json]) -> Column:
    name, kind, base, oid, nullable, default, declared, comment, length, labels, _number, plain = row
    return Column(name, kind, base, oid, nullable, default, declared, comment, length, tuple(labels or ()), plain)


def _by_source(
    detected: Sequence[Relationship],
    computed: Sequence[ComputedRelationship],
    tables: Mapping[Name, Table],
) -> dict[Name, tuple[AnyRelationship, ...]]:
    """What a request can reach: both ends and the junction exposed, nothing that a function has taken the place of."""
    taken = {(item.source, item.function) for item in computed}
    by_source: dict[Name, list[AnyRelationship]] = defaultdict(list)
    reachable = (
        item
        for item in detected
        if item.source in tables
        and item.target in tables
        and item.source.schema == item.target.schema
        and (item.junction is None or item.junction.table in tables)
        and (item.source, item.target) not in taken
    )
    for item in chain(reachable, computed):
        by_source[item.source].append(item)
    return {source: tuple(items) for source, items in by_source.items()}


def _computed_relationships(
    rows: Sequence[Json], tables: Mapping[Name, Table], scope: Scope
) -> list[ComputedRelationship]:
    return [
        ComputedRelationship(
            function=_name(row),
            source=Name(*row["row_of"]),
            target=Name(*row["table"]),
            to_one=not row["set_of"] or row["rows"] == 1,
        )
        for row in rows
        if row["row_of"]
        and row["table"]
        and row["schema"] in scope.schemas
        and Name(*row["table"]) in tables
        # A request's schema is that of its tables, and of its functions as well.
        and row["schema"] == row["row_of"][0]
    ]


def _computed_columns(rows: Sequence[Json]) -> dict[Name, dict[str, str]]:
    found: dict[Name, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if row["row_of"] and not row["set_of"]:
            found[Name(*row["row_of"])].setdefault(row["name"], row["return_type"])
    return found


def _functions(rows: Sequence[Json]) -> dict[Name, tuple[Function, ...]]:
    by_name: dict[Name, list[Function]] = defaultdict(list)
    for row in rows:
        if row["callable"]:
            by_name[_name(row)].append(_function(row))
    return {name: tuple(sorted(items, key=lambda item: len(item.parameters))) for name, items in by_name.items()}


def _function(row: Json) -> Function:
    return Function(
        name=_name(row),
        parameters=tuple(Parameter(*parameter) for parameter in row["parameters"]),
        returns="void" if row["void"] and not row["set_of"] else "composite" if row["composite"] else "scalar",
        set_of=row["set_of"],
        table=Name(*row["table"]) if row["table"] else None,
        return_type=row["return_type"],
        return_type_oid=row["return_type_oid"],
        volatility=row["volatility"],
        settings=tuple(tuple(item.split("=", 1)) for item in row["settings"]),
        comment=row["comment"],
        columns=tuple(Column(*column) for column in row["columns"] or ()),
        oid=row["oid"],
    )


def _representations(rows: Sequence[Json]) -> Representations:
    return Representations(
        to_json={row["source"]: row["function"] for row in rows if row["target_type"] == "json"},
        from_json={row["target"]: row["function"] for row in rows if row["source_type"] == "json"},
        from_text={row["target"]: row["function"] for row in rows if row["source_type"] == "text"},
    )


def _media_handler(row: Json) -> MediaHandler:
    return MediaHandler(
        media_type=row["media_type"],
        function=_name(row),
        is_aggregate=row["aggregate"],
        target=Name(*row["target"]) if row["target"] else None,
        is_binary=row["binary"],
    )


def _roles(rows: Sequence[Json]) -> dict[str, RoleSettings]:
    found: dict[str, RoleSettings] = {}
    for row in rows:
        settings = found.get(row["role"], RoleSettings())
        if row["setting"] == _ISOLATION:
            found[row["role"]] = replace(settings, isolation=row["value"])
        elif row["setting"] not in _DECIDED:
            found[row["role"]] = replace(settings, settings=(*settings.settings, (row["setting"], row["value"])))
    return found
