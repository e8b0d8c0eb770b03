"""What the OpenAPI document says of each table and function of a schema, written once and put together for each caller.

Nothing here depends on who asks: `openapi.py` picks the parts that a caller may see.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import orjson

from app.catalog.types import AnyRelationship, Catalog, Function, Table
from app.gateway.openapi_definitions import Json, table_definition
from app.gateway.openapi_paths import function_path, path_of, table_parameters, table_path


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table's members of the document's three objects, as JSON without the braces around them."""

    path: bytes
    definition: bytes
    parameters: bytes


@dataclass(frozen=True, slots=True)
class FunctionPart:
    """A function's path, which those of one name share: who may call several is shown the longest."""

    oid: int
    path: bytes


@dataclass(frozen=True, slots=True)
class OpenApiParts:
    """A schema's parts, by name."""

    tables: Mapping[str, TablePart]
    functions: Mapping[str, tuple[FunctionPart, ...]]

    def tables_of(self, visible: Collection[str] | None) -> list[TablePart]:
        """The tables of these names; None: all."""
        return [part for name, part in self.tables.items() if visible is None or name in visible]

    def functions_of(self, visible: Collection[int] | None) -> list[bytes]:
        """The paths of these functions, one a name; None: all."""
        shown = (
            next((part.path for part in parts if visible is None or part.oid in visible), None)
            for parts in self.functions.values()
        )
        return [path for path in shown if path is not None]


def openapi_parts(catalog: Catalog, schema: str) -> OpenApiParts:
    """The parts of a schema, sorted by name."""
    return OpenApiParts(
        tables={
            name.name: _table(table, catalog.relationships.get(name, ()))
            for name, table in sorted(catalog.tables.items())
            if name.schema == schema
        },
        functions={
            name.name: tuple(_function(function) for function in sorted(functions, key=_fullness, reverse=True))
            for name, functions in sorted(catalog.functions.items())
            if name.schema == schema
        },
    )


def _table(table: Table, relationships: Sequence[AnyRelationship]) -> TablePart:
    return TablePart(
        path=_members({f"/{path_of(table.name.name)}": table_path(table)}),
        definition=_members({table.name.name: table_definition(table, relationships)}),
        parameters=_members(table_parameters(table)),
    )


def _function(function: Function) -> FunctionPart:
    return FunctionPart(function.oid, _members({f"/rpc/{path_of(function.name.name)}": function_path(function)}))


def _fullness(function: Function) -> tuple[int, list[tuple[str, str]]]:
    return len(function.parameters), [(parameter.name, parameter.plain_type) for parameter in function.parameters]


def _members(value: Json) -> bytes:
    return orjson.dumps(value)[1:-1]
