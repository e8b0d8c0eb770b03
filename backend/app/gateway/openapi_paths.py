"""What can be done with tables and functions, as Swagger 2.0 has it: paths, operations, parameters.

Values are described in `openapi_definitions.py`. Pure: catalog in, JSON values out.
"""

from app.catalog.types import Column, Function, Parameter, Table
from app.gateway.openapi_definitions import Json, arguments_definition, value_format, value_schema, value_type

_JSON = "application/json"
_SINGULAR = ("application/vnd.pgrst.object+json;nulls=stripped", "application/vnd.pgrst.object+json")
MEDIA_TYPES = (_JSON, *_SINGULAR, "text/csv")
_RETURN = ["return=representation", "return=minimal", "return=none"]
_RESOLUTION = ["resolution=ignore-duplicates", "resolution=merge-duplicates"]
_WINDOW = "Limiting and Pagination"
#: What a reading request says besides its filters, and which of that in its query string.
_READING = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")
_RESERVED = frozenset({"select", "order", "offset", "limit"})
#: Names in references are JSON pointers in a URI fragment; in paths, braces would be placeholders.
_IN_POINTER = str.maketrans({"~": "~0", "/": "~1", "%": "%25"})
_IN_PATH = str.maketrans({char: f"%{ord(char):02X}" for char in "%/?#{}"})

ROOT_PATH: Json = {
    "get": {
        "tags": ["Introspection"],
        "summary": "OpenAPI description (this document)",
        "produces": ["application/openapi+json", _JSON],
        "responses": {"200": {"description": "OK"}},
    }
}


def _shared(name: str, where: str, description: str, **more: object) -> Json:
    return {"name": name, "in": where, "description": description, "required": False, "type": "string", **more}


SHARED_PARAMETERS: Json = {
    "preferParams": _shared("Prefer", "header", "Preference"),
    "preferReturn": _shared("Prefer", "header", "Preference", enum=_RETURN),
    "preferCount": _shared("Prefer", "header", "Preference", enum=["count=none"]),
    "preferPost": _shared("Prefer", "header", "Preference", enum=[*_RETURN, *_RESOLUTION]),
    "select": _shared("select", "query", "Filtering Columns"),
    "on_conflict": _shared("on_conflict", "query", "On Conflict"),
    "order": _shared("order", "query", "Ordering"),
    "range": _shared("Range", "header", _WINDOW),
    "rangeUnit": _shared("Range-Unit", "header", _WINDOW, default="items"),
    "offset": _shared("offset", "query", _WINDOW),
    "limit": _shared("limit", "query", _WINDOW),
}


def path_of(name: str) -> str:
    """The path of a table, or the last part of a function's."""
    return name.translate(_IN_PATH)


def table_parameters(table: Table) -> Json:
    """The parameters that only this table's operations have, by their names in the document."""
    name = table.name.name
    body: Json = {
        "name": name,
        "description": name,
        "required": False,
        "in": "body",
        "schema": _reference("definitions", name),
    }
    filters = {_filter_name(table, column): _row_filter(column) for column in table.columns.values()}
    return {f"body.{name}": body, **filters}


def _filter_name(table: Table, column: Column) -> str:
    return f"rowFilter.{table.name.name}.{column.name}"


def _row_filter(column: Column) -> Json:
    # A filter is text, `eq.5`, whatever the column is: the format only tells which type it is compared as.
    parameter: Json = {
        "name": column.name,
        "required": False,
        "in": "query",
        "type": "string",
        "format": column.plain_type,
    }
    if column.comment:
        parameter["description"] = column.comment
    return parameter


def table_path(table: Table) -> Json:
    """What can be done with a table."""
    name = table.name.name
    told: Json = {"tags": [name], **_told(table.comment)}
    filters = [_parameter(_filter_name(table, column)) for column in table.columns.values()]
    # No operation may have two parameters of one name, and `order` is never a filter on a column called so.
    reading = [_parameter(_filter_name(table, item)) for item in table.columns.values() if item.name not in _RESERVED]
    reading += [_parameter(shared) for shared in _READING]
    body = _parameter(f"body.{name}")
    rows: Json = {"type": "array", "items": _reference("definitions", name)}
    read: Json = {
        **told,
        "parameters": reading,
        "responses": {"200": {"description": "OK", "schema": rows}, "206": {"description": "Partial Content"}},
    }
    if not (table.insertable or table.updatable or table.deletable):
        return {"get": read}
    no_content: Json = {"204": {"description": "No Content"}}
    return {
        "get": read,
        "post": {
            **told,
            "parameters": [body, _parameter("select"), _parameter("preferPost")],
            "responses": {"201": {"description": "Created"}},
        },
        "patch": {**told, "parameters": [*filters, body, _parameter("preferReturn")], "responses": no_content},
        "delete": {**told, "parameters": [*filters, _parameter("preferReturn")], "responses": no_content},
    }


def function_path(function: Function) -> Json:
    """How a function is called."""
    told: Json = {
        "tags": [f"(rpc) {function.name.name}"],
        **_told(function.comment),
        "produces": [_JSON, *_SINGULAR],
        "responses": {"200": {"description": "OK"}},
    }
    args: Json = {"name": "args", "in": "body", "required": True, "schema": arguments_definition(function)}
    post: Json = {**told, "parameters": [args, _parameter("preferParams")]}
    if not function.read_only:
        return {"post": post}
    if not function.parameters:
        return {"get": told, "post": post}
    return {"get": {**told, "parameters": [_argument(item) for item in function.parameters]}, "post": post}


def _argument(parameter: Parameter) -> Json:
    argument: Json = {"name": parameter.name, "in": "query", "required": parameter.required}
    if parameter.variadic:
        items = _in_query(parameter.plain_type.removesuffix("[]"))
        return argument | {"type": "array", "collectionFormat": "multi", "items": items}
    return argument | _in_query(parameter.plain_type)


def _in_query(name: str) -> Json:
    """A single value in a query string: arrays and JSON are texts there."""
    if value_type(name) in ("array", None):
        return {"type": "string", "format": value_format(name)}
    return value_schema(name)


def _told(comment: str | None) -> Json:
    """A comment's first line, and the rest of it."""
    if not comment:
        return {}
    summary, _, rest = comment.partition("\n")
    description = rest.lstrip("\n")
    return {"summary": summary, "description": description} if description else {"summary": summary}


def _parameter(name: str) -> Json:
    return _reference("parameters", name)


def _reference(section: str, name: str) -> Json:
    return {"$ref": f"#/{section}/{name.translate(_IN_POINTER)}"}
