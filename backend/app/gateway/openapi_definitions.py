"""Tables, columns and arguments as Swagger 2.0 describes values: types, formats, defaults, keys.

What can be done with them is in `openapi_paths.py`. Pure: catalog in, JSON values out.
"""

from collections.abc import Sequence

import orjson

from app.catalog.types import AnyRelationship, Column, Function, Relationship, Table

Json = dict[str, object]

_TYPES = {
    "character varying": "string",
    "character": "string",
    "text": "string",
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "real": "number",
    "double precision": "number",
}
_FORMATS = {"smallint": "int32", "integer": "int32", "bigint": "int64"}
#: A value of these may be of any type.
_ANY = frozenset({"json", "jsonb"})


def value_type(name: str) -> str | None:
    """Swagger's type for values of a PostgreSQL type; None: any."""
    if name.endswith("[]"):
        return "array"
    return None if name in _ANY else _TYPES.get(name, "string")


def value_format(name: str) -> str:
    """Swagger's format for values of a PostgreSQL type: its name, unless Swagger has one of its own."""
    return _FORMATS.get(name, name)


def value_schema(name: str) -> Json:
    """The schema of a value of a PostgreSQL type."""
    schema: Json = {"format": value_format(name)}
    kind = value_type(name)
    if kind is not None:
        schema["type"] = kind
    if kind == "array":
        inner = value_type(name.removesuffix("[]"))
        schema["items"] = {} if inner is None else {"type": inner}
    return schema


def table_definition(table: Table, relationships: Sequence[AnyRelationship]) -> Json:
    """The schema of a table's rows."""
    references = _references(relationships)
    definition: Json = {"type": "object"}
    if table.comment:
        definition["description"] = table.comment
    required = [name for name, column in table.columns.items() if not column.nullable]
    if required:
        definition["required"] = required
    if table.columns:
        definition["properties"] = {
            name: _property(column, is_key=name in table.primary_key, reference=references.get(name))
            for name, column in table.columns.items()
        }
    return definition


def arguments_definition(function: Function) -> Json:
    """The schema of an object that holds a function's arguments."""
    definition: Json = {"type": "object"}
    if function.comment:
        definition["description"] = function.comment
    required = [parameter.name for parameter in function.parameters if parameter.required]
    if required:
        definition["required"] = required
    if function.parameters:
        definition["properties"] = {item.name: value_schema(item.plain_type) for item in function.parameters}
    return definition


def _property(column: Column, *, is_key: bool, reference: tuple[str, str] | None) -> Json:
    schema = value_schema(column.plain_type)
    description = _description(column, is_key=is_key, reference=reference)
    if description:
        schema["description"] = description
    default = _default(column)
    if default is not None:
        schema["default"] = default
    if column.labels:
        schema["enum"] = list(column.labels)
    if column.max_length is not None:
        schema["maxLength"] = column.max_length
    return schema


def _description(column: Column, *, is_key: bool, reference: tuple[str, str] | None) -> str:
    """The comment, then what clients look for to find keys: the wording is part of the dialect."""
    notes: list[str] = []
    if is_key:
        notes.append("This is a Primary Key.<pk/>")
    if reference is not None:
        table, name = reference
        notes.append(f"This is a Foreign Key to `{table}.{name}`.<fk table='{table}' column='{name}'/>")
    parts = [column.comment] if column.comment else []
    if notes:
        parts.append("\n".join(["Note:", *notes]))
    return "\n\n".join(parts)


def _references(relationships: Sequence[AnyRelationship]) -> dict[str, tuple[str, str]]:
    """What each column is a key to, as (table, column): tables go before the views that show them."""
    found: dict[str, tuple[str, str]] = {}
    keys = [
        item
        for item in relationships
        if isinstance(item, Relationship) and item.to_one and not item.inverse and len(item.named) == 1
    ]
    for item in sorted(keys, key=lambda item: (item.target_is_view, item.target.name, item.constraint)):
        [(column, referenced)] = item.named
        found.setdefault(column, (item.target.name, referenced))
    return found


def _default(column: Column) -> object:
    """The value that stands in when none is given, if it is one and not something to compute."""
    text = column.declared_default
    if text is None:
        return None
    if value_type(column.plain_type) == "string":
        return _unquoted(text.removesuffix(f"::{column.plain_type}"))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _unquoted(text: str) -> str:
    """A literal's value; anything else is shown as the expression that it is."""
    quoted = len(text) > 1 and text.startswith("'") and text.endswith("'")
    # A quote that stands alone inside: not one literal but an expression between two.
    if not quoted or "'" in text[1:-1].replace("''", ""):
        return text
    return text[1:-1].replace("''", "'")
