"""`reference/api.md`: every route, from the OpenAPI description that the API serves."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from app.adapters.postgres import DATABASE_UNAVAILABLE, POOL_TIMEOUT
from app.api_docs import SQL_FAILED
from app.auth.guard import API_TOKEN_EXPIRED, API_TOKEN_INVALID, INSUFFICIENT_SCOPE, SESSION_ENDED
from app.auth.tenants import UNKNOWN_TENANT
from app.errors import BODY_TOO_LARGE, INTERNAL_ERROR, MALFORMED_REQUEST, REQUEST_TIMEOUT, ErrorSpec
from app.gateway.errors import NO_CATALOG
from app.main import create_app
from app.settings import AuthSettings, DatabaseSettings, RedisSettings, Settings
from pydantic import SecretStr

from docs.writers.markdown import anchor, block, code, page, table

INTRO: Final = """\
A running API describes itself: `/api/docs.json` is its OpenAPI description, `/api/docs` a page that shows it.
`RELAIS_HTTP_DOCS=false` takes both away. This page is the same description, written down.

Tables and functions are below `/rest/v1/` and not in it: see [Queries](queries.md). They have a description of their
own, at `/rest/v1/`, as the caller may see them.

Examples are made of the [schemas](#schemas), which are at the end. Errors have [one shape](errors.md). Every answer
carries `X-Request-Id`: the one that was sent, if it is up to 64 letters, digits, dots, colons, dashes or underscores,
else a new one."""

ALIKE_INTRO: Final = """\
Most routes refuse some things alike. `/api/docs.json` has these with each route that does; here they are told once, but
for the routes below `/auth/v1/`, whose words for them are others."""

#: With the routes that refuse it.
ALIKE: Final[Mapping[ErrorSpec, str]] = {
    SESSION_ENDED: "where a token is looked at",
    API_TOKEN_INVALID: "where a token is looked at",
    API_TOKEN_EXPIRED: "where a token is looked at",
    INSUFFICIENT_SCOPE: "where a token is looked at and something is written, or a tenant is administered",
    UNKNOWN_TENANT: "where nobody need have signed in",
    MALFORMED_REQUEST: "where there is a body",
    BODY_TOO_LARGE: "where there is a body",
    INTERNAL_ERROR: "any",
    DATABASE_UNAVAILABLE: "where it matters who asks",
    POOL_TIMEOUT: "where it matters who asks",
    REQUEST_TIMEOUT: "where it matters who asks",
    NO_CATALOG: "of the library",
}
#: Between the errors of one status.
_REFUSALS: Final = re.compile(r", (?=`)")
#: Who may ask, by what the description says of tokens.
_WHO: Final[Mapping[str, str]] = {
    "null": "",
    '[{"bearer": []}]': "For whoever has signed in.",
    '[{}, {"bearer": []}]': "For anybody; a token that comes along must be good.",
}


def api_page() -> str:
    """The page."""
    api = described()
    parts = [
        _operation(path, method.upper(), spec)
        for path, methods in sorted(api["paths"].items())
        for method, spec in methods.items()
    ]
    schemas = [_schema(name, schema) for name, schema in sorted(api["components"]["schemas"].items())]
    alike = [(str(spec.status), code(spec.code), spec.message, where) for spec, where in ALIKE.items()]
    alike.append(("5XX", "", SQL_FAILED, ALIKE[DATABASE_UNAVAILABLE]))
    refusals = table(("Status", "Code", "Message", "Routes"), sorted(alike))
    return page("API", INTRO, ALIKE_INTRO, refusals, *parts, "## Schemas", *schemas)


def described() -> dict[str, Any]:
    """The description that the API serves."""
    # Nothing is connected: an application opens its connections when it starts, and this one never does.
    settings = Settings.model_construct(
        auth=AuthSettings(secret=SecretStr("x" * 32)),  # pyright: ignore[reportCallIssue]
        database=DatabaseSettings(url=SecretStr("postgresql://unused/unused")),  # pyright: ignore[reportCallIssue]
        redis=RedisSettings(url=SecretStr("redis://unused/0")),  # pyright: ignore[reportCallIssue]
    )
    return create_app(settings).openapi()


def _operation(path: str, method: str, spec: Mapping[str, Any]) -> str:
    parameters = [
        (code(item["name"]), item["in"], "yes" if item.get("required") else "no", item.get("description", ""))
        for item in spec.get("parameters", [])
    ]
    done = {status: answer for status, answer in spec["responses"].items() if status < "400"}
    refused = [
        (status, *_refusal(said))
        for status, answer in spec["responses"].items()
        if status not in done
        for said in _REFUSALS.split(answer["description"])
    ]
    alike = {("5XX", ""), *((str(spec.status), code(spec.code)) for spec in ALIKE)}
    parts = (
        f"## {method} {path}",
        f"{spec.get('summary', '')}. {spec.get('description', '')}".strip(),
        _WHO[json.dumps(spec.get("security"))],
        table(("Parameter", "In", "Required", "Meaning"), parameters),
        _bodies("Body", spec.get("requestBody", {})),
        *(_bodies(f"Answer {status}", answer) for status, answer in done.items()),
        table(("Status", "Code", "Message"), [row for row in refused if row[:2] not in alike]),
    )
    return "\n\n".join(part for part in parts if part)


def _refusal(said: str) -> tuple[str, str]:
    """The code and the message of what a description says of an error."""
    word, found, message = said.partition(": ")
    return (code(word.strip("`")), message) if found and word.startswith("`") else ("", said)


def _bodies(title: str, holder: Mapping[str, Any]) -> str:
    shown: list[str] = []
    for kind, media in holder.get("content", {}).items():
        schema: Mapping[str, Any] = media.get("schema", {})
        said = f"{title}: {code(kind)}"
        if _type(schema):
            said += f", {_type(schema)}"
        if "example" in media:
            said += "\n\n" + block(json.dumps(media["example"], indent=2, ensure_ascii=False), "json")
        shown.append(said)
    return "\n\n".join(shown)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    """What is known by a name: its fields, or its values."""
    required = schema.get("required", ())
    fields = [
        (code(field), _type(part), "yes" if field in required else "no", part.get("description", ""))
        for field, part in schema.get("properties", {}).items()
    ]
    values = ", ".join(code(str(value)) for value in schema.get("enum", ()))
    return "\n\n".join(
        part
        for part in (
            f"### {name}",
            schema.get("description", ""),
            values,
            table(("Field", "Type", "Required", "Meaning"), fields),
        )
        if part
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A type in a few words; named ones lead to where they are described."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{anchor(name)})"
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return " or ".join(filter(None, map(_type, options)))
    if "enum" in schema or "const" in schema:
        return " or ".join(code(str(value)) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {})) or 'anything'}"
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict) and _type(cast("dict[str, Any]", inner)):
        return f"object of {_type(cast('dict[str, Any]', inner))}"
    return " ".join(filter(None, (str(schema.get("type", "")), f"({schema['format']})" if "format" in schema else "")))
