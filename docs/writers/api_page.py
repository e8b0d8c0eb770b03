"""`reference/api.md`: every route, from the OpenAPI description that the API serves."""

import json
from collections.abc import Mapping
from typing import Any, Final

from app.main import create_app
from app.settings import AuthSettings, DatabaseSettings, RedisSettings, Settings
from pydantic import SecretStr

from docs.writers.markdown import block, code, page, table

INTRO: Final = """\
A running API describes itself: `/api/docs.json` is its OpenAPI description, `/api/docs` a page that shows it.
`RELAIS_HTTP_DOCS=false` takes both away. This page is the same description, written down.

Tables and functions are below `/rest/v1/` and not in it: see [Queries](queries.md). They have a description of their
own, at `/rest/v1/`, as the caller may see them.

Errors have [one shape](errors.md). Every answer carries `X-Request-Id`: the one that was sent, if it is up to 64
letters, digits, dots, colons, dashes or underscores, else a new one."""


def api_page() -> str:
    """The page."""
    api = described()
    parts = [
        _operation(path, method.upper(), spec)
        for path, methods in sorted(api["paths"].items())
        for method, spec in methods.items()
    ]
    return page("API", INTRO, *parts)


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
    parts = (
        f"## {method} {path}",
        f"{spec.get('summary', '')}. {spec.get('description', '')}".strip(),
        table(("Parameter", "In", "Required", "Meaning"), parameters),
        _bodies("Body", spec.get("requestBody", {})),
        *(_bodies(f"Answer {status}", answer) for status, answer in spec["responses"].items()),
    )
    return "\n\n".join(part for part in parts if part)


def _bodies(title: str, holder: Mapping[str, Any]) -> str:
    kinds = holder.get("content", {})
    shown = [f"{title}: {code(kind)}{_schema(media.get('schema', {}))}" for kind, media in kinds.items()]
    return "\n\n".join(shown)


def _schema(schema: Mapping[str, Any]) -> str:
    """The schema, unless it says no more than that there is some object."""
    if not set(schema) - {"title", "type", "additionalProperties"}:
        return ""
    return "\n\n" + block(json.dumps(schema, indent=2, ensure_ascii=False), "json")
