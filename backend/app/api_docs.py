"""The description of the API, completed, and a page of our own that shows it: no script from elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from app.accounts.asking import asking_of, refused_by
from app.accounts.shapes.supabase import GoTrueError
from app.accounts.supabase.errors import example, translated_code
from app.answers import Told, ToldBySql
from app.errors import BODY_TOO_LARGE, INTERNAL_ERROR, MALFORMED_REQUEST, VALIDATION_ERROR, ErrorSpec, refuse
from app.named.wishes import wishes_heard, wishes_refused

router = APIRouter(include_in_schema=False)
_PAGE = files("app").joinpath("api_docs.html").read_text(encoding="utf-8")
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Their errors have shapes of their own.
_GOTRUE, _EXTERNAL = "/auth/v1/", "/api/v1/"
_FRAMEWORKS = ("HTTPValidationError", "ValidationError")
#: Of a status that no code is declared for.
SQL_FAILED = "PostgreSQL cannot do it, under its SQLSTATE"
_DEEPEST = 6
_SCALARS = ("boolean", "integer", "number", "string")
Json = dict[str, Any]


@router.get("/api/docs")
async def docs() -> HTMLResponse:
    """The page; it reads `/api/docs.json`."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


def complete(api: Json, routes: Sequence[BaseRoute]) -> None:
    """Add what routes say by their dependencies (who is let in, who waits), and an example of each body and answer."""
    parts: Json = api.setdefault("components", {})
    schemas: Json = parts.setdefault("schemas", {})
    for name in _FRAMEWORKS:
        schemas.pop(name, None)
    for error in (Told, ToldBySql, GoTrueError):
        schemas.setdefault(error.__name__, error.model_json_schema())
    parts["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token, or an API token that begins with `hub_lib_`.",
        }
    }
    for path, method, operation, dependant in _operations(api, routes):
        _complete(path, method, operation, dependant)
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media in holder.get("content", {}).values():
                if says_something(media.get("schema", {})) and not {"example", "examples"} & media.keys():
                    media["example"] = example_of(schemas, media["schema"])


def says_something(schema: Mapping[str, Any]) -> bool:
    """Whether a schema says more than that there is some object, or some list of them."""
    inner = schema.get("items") or schema.get("additionalProperties")
    if isinstance(inner, dict):
        return says_something(cast("Mapping[str, Any]", inner))
    return bool(schema.keys() - {"title", "type", "items", "additionalProperties"}) or schema.get("type") in _SCALARS


def _operations(api: Json, routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, Json, Dependant]]:
    for context in iter_route_contexts(routes):
        methods: Json = api["paths"].get(context.path_format, {})
        for method in context.methods or ():
            if method.lower() in methods and hasattr(context, "dependant"):
                yield str(context.path_format), method, methods[method.lower()], context.dependant


def _complete(path: str, method: str, operation: Json, dependant: Dependant) -> None:
    answers: Json = operation["responses"]
    wanted: list[ErrorSpec] = [INTERNAL_ERROR]
    if "HTTPValidationError" in str(answers.get("422", "")):
        # The framework describes what it would answer; here that is told like every refusal.
        del answers["422"]
    if operation.get("parameters") or "requestBody" in operation:
        wanted.append(VALIDATION_ERROR)
    if "requestBody" in operation:
        wanted += [MALFORMED_REQUEST, BODY_TOO_LARGE]
    wanted += refused_by(dependant, method)
    who = asking_of(dependant)
    if who is not None and who.bearer == "good":
        operation["security"] = [{"bearer": []}] if who.user else [{}, {"bearer": []}]
    wanted += wishes_refused(who, method)
    for name, meaning in wishes_heard(who, method):
        told = {"in": "header", "name": name, "required": False, "description": meaning, "schema": {"type": "string"}}
        operation.setdefault("parameters", []).append(told)
    for spec in wanted:
        _add(answers, _told(path, spec), spec.message)
    if who is not None and not path.startswith((_GOTRUE, _EXTERNAL)):
        schema = {"$ref": "#/components/schemas/ToldBySql"}
        answers["5XX"] = {"description": SQL_FAILED, "content": {"application/json": {"schema": schema}}}
    operation["responses"] = dict(sorted(answers.items()))


@dataclass(frozen=True, slots=True)
class _Refusal:
    """How an error is told below a path."""

    status: str
    code: str
    schema: str
    body: Json


def _told(path: str, spec: ErrorSpec) -> _Refusal:
    if path.startswith(_GOTRUE):
        status, word = translated_code(refuse(spec))
        return _Refusal(str(status), word, "GoTrueError", example(word, spec.message))
    if path.startswith(_EXTERNAL):
        body = {"error": {"message": spec.message, "code": spec.code, "details": None}}
        return _Refusal(str(spec.status), spec.code, "ExternalError", body)
    body = {"code": spec.code, "details": None, "error": spec.message, "hint": None, "message": spec.message}
    return _Refusal(str(spec.status), spec.code, "Told", body)


def _add(answers: Json, refusal: _Refusal, message: str) -> None:
    """Beside what the route says itself of this status."""
    said = f"`{refusal.code}`: {message}"
    reference = {"$ref": f"#/components/schemas/{refusal.schema}"}
    there: Json = answers.setdefault(refusal.status, {"description": said})
    if f"`{refusal.code}`" not in there["description"]:
        there["description"] += f", {said}"
    media: Json = there.setdefault("content", {}).setdefault("application/json", {})
    media.setdefault("schema", reference)
    media.setdefault("examples", {}).setdefault(refusal.code, {"value": refusal.body})


def example_of(schemas: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of this schema, the same each time."""
    if "$ref" in schema:
        return example_of(schemas, schemas[schema["$ref"].rsplit("/", 1)[-1]], depth)
    for known in ("example", "const", "default"):
        if schema.get(known) is not None:
            return schema[known]
    if schema.get("examples"):
        return schema["examples"][0]
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return example_of(schemas, options[0], depth)
    if schema.get("enum"):
        return schema["enum"][0]
    return _of_type(schemas, schema, depth)


_OF_FORMAT: Mapping[str, str] = {
    "uuid": "0193f2a0-0000-7000-8000-000000000000",
    "date-time": "2026-01-31T12:00:00.000Z",
    "date": "2026-01-31",
    "uri": "https://example.org",
    "binary": "…",
}


def _of_type(schemas: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if kind == "array":
        return [] if depth >= _DEEPEST else [example_of(schemas, schema.get("items", {}), depth + 1)]
    if kind == "object" or "properties" in schema:
        if depth >= _DEEPEST:
            return {}
        shown = {name: example_of(schemas, part, depth + 1) for name, part in schema.get("properties", {}).items()}
        others = schema.get("additionalProperties")
        if not shown and isinstance(others, dict):
            # A name that it may have, with a value of each.
            name = example_of(schemas, schema.get("propertyNames", {"type": "string"}))
            return {name: example_of(schemas, cast("Mapping[str, Any]", others), depth + 1)}
        return shown
    if kind == "string":
        text = _OF_FORMAT.get(schema.get("format", ""), "texte")
        return text.ljust(schema.get("minLength", 0), "e")
    return {"integer": schema.get("minimum", 1), "number": 4.5, "boolean": True}.get(str(kind))
