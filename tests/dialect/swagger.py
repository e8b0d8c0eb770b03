"""What is wrong with a Swagger 2.0 document: its structure, its references, its values. Not all of the standard, but
all of it that a description of tables and functions can break."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}
TOP = {
    "swagger", "info", "host", "basePath", "schemes", "consumes", "produces", "paths", "definitions", "parameters",
    "responses", "securityDefinitions", "security", "tags", "externalDocs",
}  # fmt: skip
OPERATION = {
    "tags", "summary", "description", "externalDocs", "operationId", "consumes", "produces", "parameters", "responses",
    "schemes", "deprecated", "security",
}  # fmt: skip
VALUE = {"type", "format", "items", "default", "enum", "maxLength", "collectionFormat"}
PARAMETER = VALUE | {"name", "in", "description", "required"}
SCHEMA = (VALUE - {"collectionFormat"}) | {"description", "required", "properties"}
PRIMITIVES = {"string": str, "number": (int, float), "integer": int, "boolean": bool}


def problems(document: Json) -> list[str]:
    """Every violation, as `where: what`."""
    return list(_Checker(document).document())


class _Checker:
    def __init__(self, root: Json) -> None:
        self.root = root

    def document(self) -> Iterator[str]:
        root = self.root
        yield from _keys("document", root, TOP, {"swagger", "info", "paths"})
        if root.get("swagger") != "2.0":
            yield "swagger: is not 2.0"
        yield from _keys("info", root.get("info", {}), {"title", "description", "version"}, {"title", "version"})
        yield from _keys("externalDocs", root.get("externalDocs", {"url": ""}), {"description", "url"}, {"url"})
        yield from self._address()
        yield from self._security()
        for name, parameter in root.get("parameters", {}).items():
            yield from self._parameter(f"parameters.{name}", parameter)
        for name, schema in root.get("definitions", {}).items():
            yield from self._schema(f"definitions.{name}", schema)
        for path, item in root.get("paths", {}).items():
            yield from self._path(path, item)

    def _address(self) -> Iterator[str]:
        root = self.root
        if "/" in root.get("host", "") or root.get("host") == "":
            yield "host: is no host"
        if not root.get("basePath", "/").startswith("/"):
            yield "basePath: does not begin with a slash"
        if not set(root.get("schemes", ["http"])) <= {"http", "https", "ws", "wss"}:
            yield "schemes: an unknown one"
        for name in ("consumes", "produces"):
            if any(kind.count("/") != 1 for kind in root.get(name, [])):
                yield f"{name}: no media type"

    def _security(self) -> Iterator[str]:
        declared = self.root.get("securityDefinitions", {})
        for name, scheme in declared.items():
            if scheme["type"] == "apiKey" and (scheme.get("in") not in ("query", "header") or not scheme.get("name")):
                yield f"securityDefinitions.{name}: incomplete"
        for item in self.root.get("security", []):
            if not set(item) <= set(declared):
                yield "security: not declared"

    def _path(self, path: str, item: Json) -> Iterator[str]:
        if not path.startswith("/") or set("{}?#") & set(path):
            yield f"{path}: is no path"
        yield from _keys(path, item, METHODS, set())
        for method, operation in item.items():
            yield from self._operation(f"{method} {path}", operation)

    def _operation(self, where: str, operation: Json) -> Iterator[str]:
        yield from _keys(where, operation, OPERATION, {"responses"})
        if not operation.get("responses"):
            yield f"{where}: no responses"
        for status, response in operation.get("responses", {}).items():
            yield from _keys(f"{where} {status}", response, {"description", "schema"}, {"description"})
            if "schema" in response:
                yield from self._schema(f"{where} {status}", response["schema"])
        seen: list[tuple[str, str]] = []
        for number, parameter in enumerate(operation.get("parameters", [])):
            found = self._resolved(parameter)
            if found is None:
                yield f"{where}: {parameter['$ref']} leads nowhere"
                continue
            if "$ref" not in parameter:
                yield from self._parameter(f"{where} parameter {number}", parameter)
            seen.append(("", "body") if found["in"] == "body" else (found["name"], found["in"]))
        if len(seen) != len(set(seen)):
            yield f"{where}: two parameters of one name"

    def _parameter(self, where: str, parameter: Json) -> Iterator[str]:
        if parameter.get("in") == "body":
            yield from _keys(where, parameter, {"name", "in", "description", "required", "schema"}, {"name", "schema"})
            yield from self._schema(where, parameter.get("schema", {}))
            return
        yield from _keys(where, parameter, PARAMETER, {"name", "in", "type"})
        if parameter.get("in") not in ("query", "header"):
            yield f"{where}: in {parameter.get('in')}"
        if "collectionFormat" in parameter and parameter.get("type") != "array":
            yield f"{where}: a collection format without a collection"
        yield from self._value(where, parameter)
        if "items" in parameter:
            yield from _keys(f"{where} items", parameter["items"], VALUE, {"type"})

    def _schema(self, where: str, schema: Json) -> Iterator[str]:
        if "$ref" in schema:
            if self._resolved(schema) is None:
                yield f"{where}: {schema['$ref']} leads nowhere"
            return
        yield from _keys(where, schema, SCHEMA, set())
        yield from self._value(where, schema)
        required, properties = schema.get("required"), schema.get("properties", {})
        if required is not None and (not required or len(required) != len(set(required))):
            yield f"{where}: required is empty or repeats itself"
        if not set(required or ()) <= set(properties):
            yield f"{where}: something unknown is required"
        if "items" in schema:
            yield from self._schema(f"{where} items", schema["items"])
        for name, inner in properties.items():
            yield from self._schema(f"{where}.{name}", inner)

    def _value(self, where: str, value: Json) -> Iterator[str]:
        kind = value.get("type")
        if kind not in (None, "object", "array", *PRIMITIVES):
            yield f"{where}: type {kind}"
        if (kind == "array") != ("items" in value):
            yield f"{where}: items belong to arrays, and arrays have them"
        labels = value.get("enum", ["one"])
        if not labels or len(labels) != len(set(labels)):
            yield f"{where}: enum is empty or repeats itself"
        if kind in PRIMITIVES and "default" in value and not _is(value["default"], kind):
            yield f"{where}: the default is no {kind}"

    def _resolved(self, value: Json) -> Json | None:
        """What is meant: the value itself, or where its reference, a JSON pointer, leads."""
        if "$ref" not in value:
            return value
        found: Any = self.root
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found.get(part.replace("%25", "%").replace("~1", "/").replace("~0", "~"), {})
        return found or None


def _keys(where: str, value: Json, allowed: set[str], needed: set[str]) -> Iterator[str]:
    if unknown := set(value) - allowed:
        yield f"{where}: unknown {sorted(unknown)}"
    if missing := needed - set(value):
        yield f"{where}: missing {sorted(missing)}"


def _is(value: object, kind: str) -> bool:
    return isinstance(value, PRIMITIVES[kind]) and (kind == "boolean") == isinstance(value, bool)
