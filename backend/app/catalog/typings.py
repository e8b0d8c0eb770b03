"""What a typed client has to know of the exposed schemas: `relais catalog types` writes it down in its language.

Types of values are told apart as JSON tells them: numbers, texts, lists, objects. What PostgreSQL writes as text into
JSON (times, ids, bytes, ranges) is text here as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import orjson

from app.adapters.postgres import NOBODY, Connection, Database
from app.catalog.introspect import Scope, introspect
from app.catalog.types import Catalog, Column, Function, Name, Relationship, Table
from app.settings import RestSettings, Settings

Plain = Literal["boolean", "integer", "number", "text", "json", "nothing", "unknown"]
_PLAIN: Mapping[str, Plain] = {
    "boolean": "boolean",
    **dict.fromkeys(("smallint", "integer", "bigint", "oid"), "integer"),
    **dict.fromkeys(("real", "double precision", "numeric"), "number"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    "void": "nothing",
}


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of values."""

    of: "Kind"


@dataclass(frozen=True, slots=True)
class Words:
    """One of some words: an enum."""

    name: Name
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowOf:
    """A row of a table, or of a type of rows."""

    name: Name


Kind = Plain | ListOf | Words | RowOf


@dataclass(frozen=True, slots=True)
class Member:
    """A column, an argument, a part of a composite value."""

    name: str
    kind: Kind
    nullable: bool = False
    #: Whether it may be left out when a row is written or a function called.
    optional: bool = False
    #: PostgreSQL makes it: writing it is refused.
    never: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key, as clients embed by it."""

    name: str
    columns: tuple[str, ...]
    one_to_one: bool
    relation: str
    referenced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypedTable:
    """A table or a view."""

    name: str
    members: tuple[Member, ...]
    #: Functions of the row that may be selected like columns.
    computed: tuple[Member, ...]
    references: tuple[Reference, ...]
    is_view: bool
    insertable: bool
    updatable: bool


@dataclass(frozen=True, slots=True)
class TypedFunction:
    """One of the functions of a name."""

    name: str
    arguments: tuple[Member, ...]
    #: One value, or, if it has `columns`, a row of these.
    returns: Kind
    columns: tuple[Member, ...]
    set_of: bool


@dataclass(frozen=True, slots=True)
class TypedSchema:
    """All that clients reach in a schema, by name."""

    name: str
    tables: tuple[TypedTable, ...]
    views: tuple[TypedTable, ...]
    functions: Mapping[str, tuple[TypedFunction, ...]]
    enums: tuple[Words, ...]
    composites: Mapping[str, tuple[Member, ...]]


async def typed_schemas(settings: Settings, schemas_of_modules: Sequence[str]) -> list[TypedSchema]:
    """The exposed schemas as the database has them now."""
    database, rest = Database(settings.database), settings.rest
    schemas = rest.schemas() or tuple(schemas_of_modules)
    await database.open()
    try:
        async with database.transaction(NOBODY, "read", isolation="repeatable_read") as connection:
            database.soil(connection)
            return await _read(connection, rest, schemas)
    finally:
        await database.close()


async def _read(connection: Connection, rest: RestSettings, schemas: tuple[str, ...]) -> list[TypedSchema]:
    catalog = await introspect(connection, Scope(schemas, rest.extra_search_path(), rest.tenant_column), 1)
    statement = (resources.files("app.catalog") / "queries" / "typings.sql").read_text()
    told = orjson.loads(await connection.fetchval(statement, list(schemas)))
    names = _Names(catalog, told)
    return [names.schema(schema) for schema in schemas]


class _Names:
    """From names of types to kinds of values."""

    def __init__(self, catalog: Catalog, told: Mapping[str, Any]) -> None:
        self.catalog = catalog
        self.enums = {text: Words(Name(schema, name), tuple(labels)) for text, schema, name, labels in told["enums"]}
        self.domains: dict[str, str] = dict(told["domains"])
        self.composites = {text: (Name(schema, name), parts) for text, schema, name, parts in told["composites"]}
        self.rows = {text: Name(schema, name) for text, schema, name in told["rows"]}
        self.unknown = frozenset(told["unknown"])
        self.never = {(Name(schema, table), column) for schema, table, column in told["never"]}

    def kind(self, text: str) -> Kind:
        """What values of a type are."""
        if text.endswith("[]"):
            return ListOf(self.kind(text[:-2]))
        if text in _PLAIN:
            return _PLAIN[text]
        if text in self.unknown:
            return "unknown"
        if text in self.domains:
            return self.kind(self.domains[text])
        if text in self.enums:
            return self.enums[text]
        if text in self.composites:
            return RowOf(self.composites[text][0])
        if text in self.rows:
            return RowOf(self.rows[text])
        return "text"

    def schema(self, schema: str) -> TypedSchema:
        """All of one schema, in the order of names."""
        tables = [self._table(table) for name, table in sorted(self.catalog.tables.items()) if name.schema == schema]
        functions = {
            name.name: tuple(self._function(item) for item in sorted(found, key=_signature))
            for name, found in sorted(self.catalog.functions.items())
            if name.schema == schema
        }
        return TypedSchema(
            schema,
            tuple(table for table in tables if not table.is_view),
            tuple(table for table in tables if table.is_view),
            functions,
            tuple(sorted((item for item in self.enums.values() if item.name.schema == schema), key=_by_name)),
            {
                name.name: tuple(Member(part, self.kind(text), nullable=True) for part, text in parts or ())
                for name, parts in sorted(self.composites.values())
                if name.schema == schema
            },
        )

    def _table(self, table: Table) -> TypedTable:
        computed = (Member(name, self.kind(text), nullable=True) for name, text in sorted(table.computed.items()))
        return TypedTable(
            table.name.name,
            tuple(self._column(table.name, column) for _, column in sorted(table.columns.items())),
            tuple(item for item in computed if item.name not in table.columns),
            self._references(table.name),
            table.is_view,
            table.insertable,
            table.updatable,
        )

    def _column(self, table: Name, column: Column) -> Member:
        never = (table, column.name) in self.never
        optional = column.nullable or column.default is not None
        shown_as = self.catalog.representations.to_json.get(column.type_oid)
        kind = "unknown" if shown_as is not None else self.kind(column.plain_type)
        return Member(column.name, kind, column.nullable, optional, never)

    def _references(self, table: Name) -> tuple[Reference, ...]:
        found = {
            Reference(
                item.constraint,
                tuple(ours for ours, _ in item.named),
                item.kind == "o2o",
                item.target.name,
                tuple(theirs for _, theirs in item.named),
            )
            for item in self.catalog.relationships.get(table, ())
            if isinstance(item, Relationship) and item.to_one and not item.inverse and item.junction is None
        }
        return tuple(sorted(found, key=lambda item: (item.name, item.relation, item.columns)))

    def _function(self, function: Function) -> TypedFunction:
        arguments = (
            Member(item.name, self.kind(item.plain_type or item.type), optional=not item.required)
            for item in function.parameters
        )
        columns: tuple[Member, ...] = ()
        returns = self.kind(function.return_type)
        if function.table is not None and function.table in self.catalog.tables:
            returns = RowOf(function.table)
        elif function.returns == "composite" and not isinstance(returns, RowOf):
            columns = tuple(Member(item.name, self.kind(item.base_type), nullable=True) for item in function.columns)
        return TypedFunction(
            function.name.name, tuple(sorted(arguments, key=lambda item: item.name)), returns, columns, function.set_of
        )


def _signature(function: Function) -> tuple[str, ...]:
    return tuple(f"{item.name} {item.type}" for item in function.parameters)


def _by_name(words: Words) -> Name:
    return words.name
