"""PostgREST 12.0.2's description of the awkward database as the dialect has it today: every difference, by name.

What is not undone here has to be the same, field by field.
"""

from collections.abc import Collection, Iterator
from typing import Any

Json = dict[str, Any]

FORMATS = {"smallint": "int32", "integer": "int32", "bigint": "int64"}
#: Types of the schema itself, which are called by their full names now.
QUALIFIED = {"mood", "address", "address[]", "email", "small_positive"}
#: Keys of one-to-one relationships, which used to be left out.
KEYS = {
    ("passports", "author_id"): "authors",
    ("profiles", "author_id"): "authors",
    ("spouses", "spouse_id"): "spouses",
}
#: Columns named like what a reading request says besides filters: two parameters of one name are no Swagger.
RESERVED = {"select", "order", "limit", "offset"}


def as_newer(document: Json, volatile: Collection[str], version: str) -> Json:
    """The document, changed in place."""
    for name in ("host", "schemes"):
        del document[name]
    document["basePath"] = "/rest/v1"
    document["info"]["version"] = version
    document["externalDocs"]["url"] = "https://postgrest.org/en/stable/references/api.html"
    del document["parameters"]["preferParams"]["enum"]
    _definitions(document)
    for path, item in document["paths"].items():
        if path.startswith("/rpc/"):
            _function(item, is_volatile=path.removeprefix("/rpc/") in volatile)
        else:
            read = item["get"]
            read["parameters"] = [ref for ref in read.get("parameters", []) if not _is_reserved(ref["$ref"])]
            if not read["parameters"]:
                del read["parameters"]
    return document


def _definitions(document: Json) -> None:
    for table, definition in document["definitions"].items():
        for name, column in definition.get("properties", {}).items():
            if column["format"] == "api.small_positive":
                # A domain over a domain is what is below both.
                column |= {"format": "integer", "type": "integer"}
                document["parameters"][f"rowFilter.{table}.{name}"]["format"] = "integer"
            column["format"] = FORMATS.get(column["format"], column["format"])
            target = KEYS.get((table, name))
            if target is not None:
                before = column.get("description", "Note:")
                note = f"This is a Foreign Key to `{target}.id`.<fk table='{target}' column='id'/>"
                column["description"] = f"{before}\n{note}"


def _function(item: Json, *, is_volatile: bool) -> None:
    if is_volatile:
        del item["get"]
    for schema in _formatted(item):
        name = schema["format"]
        schema["format"] = FORMATS.get(name, f"api.{name}" if name in QUALIFIED else name)


def _formatted(value: Any) -> Iterator[Json]:
    """Every object within that has a format."""
    if isinstance(value, dict):
        if isinstance(value.get("format"), str):
            yield value
        for inner in value.values():
            yield from _formatted(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _formatted(inner)


def _is_reserved(reference: str) -> bool:
    return reference.startswith("#/parameters/rowFilter.") and reference.rpartition(".")[2] in RESERVED
