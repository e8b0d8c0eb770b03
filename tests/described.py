"""Whether answers are as the served description says: each field of its type, none missing, none that is not told of.

Of refusals: whether the description has this code with this status.

Every client of the tests (`tests.conftest.client_of`) looks at each answer with it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import httpx
from app.modules.library.table_rows import NAMES

from docs.writers.api_page import described
from tests.contract.shape import MOMENT

JSON: Final = "application/json"
#: What is sent as it was stored, JSON or not.
STORED: Final = "application/octet-stream"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_TABLES: Final = "|".join(NAMES)
#: What is said of values here; a schema that says more is a mistake of this checker.
_KNOWN: Final = frozenset(
    "$ref additionalProperties anyOf const default description enum example examples format items maxItems "
    "maxLength maximum minItems minLength minimum pattern properties propertyNames required title type".split()
)
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
_FORMATS: Final[Mapping[str, Callable[[str], object]]] = {
    "uuid": UUID,
    "date": date.fromisoformat,
    "date-time": lambda text: MOMENT.match(text) and datetime.fromisoformat(text),
}


async def must_be_as_described(answer: httpx.Response) -> None:
    """Of an answer in JSON, or without content."""
    if not answer.is_redirect and answer.headers.get("content-type", "").partition(";")[0] == JSON:
        await (_must_be_a_refusal(answer) if answer.is_error else _must_be_an_answer(answer))


async def _must_be_a_refusal(answer: httpx.Response) -> None:
    request = answer.request
    if (answers := _answers_of(request.method, request.url.path)) is None or not await answer.aread():
        return
    status, body = str(answer.status_code), answer.json()
    told = [answers[wanted]["content"][JSON] for wanted in (status, f"{status[0]}XX") if wanted in answers]
    tried = [list(_refusal_problems(body, media)) for media in told]
    said = f"{request.method} {request.url}: {status}"
    assert tried, f"{said} is not described: {body}"
    assert not all(tried), "\n".join([said, *tried[0]])


def _refusal_problems(body: Any, media: Mapping[str, Any]) -> Iterator[str]:
    yield from problems(body, media["schema"])
    # Where statuses are described by their first digit, or what is wrong has a form of its own, no code is an example.
    code = _code(body)
    if code is not None and code not in media.get("examples", [code]):
        yield f"answer: {code} is not described"


def _code(body: Mapping[str, Any]) -> str | None:
    """The code of a refusal, in whichever of the three forms; None: it says what is wrong in its own way."""
    error = body.get("error")
    return error["code"] if isinstance(error, dict) else body.get("error_code", body.get("code"))


async def _must_be_an_answer(answer: httpx.Response) -> None:
    told = _told_of(answer.request.method, answer.request.url.path, answer.status_code)
    if told is None or STORED in told:
        return
    said, content = f"{answer.request.method} {answer.request.url}: {answer.status_code}", await answer.aread()
    assert bool(content) == (JSON in told), f"{said}: {content!r:.80}"
    found = list(problems(answer.json(), told[JSON]["schema"])) if content else []
    assert not found, "\n".join([said, *found[:20]])


def _told_of(method: str, path: str, status: int) -> Mapping[str, Any] | None:
    """The content of an answer, by its media types; None: of this path the description says nothing."""
    if (answers := _answers_of(method, path)) is None:
        return None
    assert str(status) in answers, f"{method} {path}: {status} is not described"
    return answers[str(status)].get("content", {})


def _answers_of(method: str, path: str) -> Mapping[str, Any] | None:
    """What the description says of the answers to a request."""
    found = (said for pattern, said in _operations() if method.lower() in said and pattern.fullmatch(path))
    return next((said[method.lower()]["responses"] for said in found), None)


def problems(value: Any, schema: Mapping[str, Any], at: str = "answer") -> Iterator[str]:
    """What of a value is not as its schema says."""
    if "$ref" in schema:
        schema = _api()["components"]["schemas"][schema["$ref"].rpartition("/")[2]] | {
            name: said for name, said in schema.items() if name != "$ref"
        }
    assert schema.keys() <= _KNOWN, f"{at}: {sorted(schema.keys() - _KNOWN)}"
    if "anyOf" in schema:
        tried = [list(problems(value, option, at)) for option in schema["anyOf"]]
        if all(tried):
            yield from min(tried, key=len)
        return
    yield from _plain_problems(value, schema, at)
    if isinstance(value, dict):
        yield from _object_problems(value, schema, at)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from problems(item, schema.get("items", {}), f"{at}[{number}]")


def _plain_problems(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if "type" in schema and not _TYPES[schema["type"]](value):
        yield f"{at}: {schema['type']} expected, not {value!r:.80}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {schema['const']!r} expected, not {value!r:.80}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: one of {schema['enum']} expected, not {value!r:.80}"
    if isinstance(value, str) and not _is_of_format(value, schema):
        yield f"{at}: {schema.get('format') or schema.get('pattern')} expected, not {value!r:.80}"


def _is_of_format(text: str, schema: Mapping[str, Any]) -> bool:
    if "pattern" in schema and not re.search(schema["pattern"], text):
        return False
    try:
        return bool(_FORMATS.get(schema.get("format", ""), lambda _: True)(text))
    except ValueError:
        return False


def _object_problems(value: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> Iterator[str]:
    parts = schema.get("properties", {})
    # An object whose fields are named has these and no others, unless it says that it has.
    others = schema.get("additionalProperties", "properties" not in schema)
    yield from (f"{at}.{name}: missing" for name in schema.get("required", ()) if name not in value)
    for name, inner in value.items():
        if name in parts:
            yield from problems(inner, parts[name], f"{at}.{name}")
        elif isinstance(others, dict):
            yield from problems(name, schema.get("propertyNames", {}), f"{at}.{name} (name)")
            yield from problems(inner, others, f"{at}.{name}")
        elif not others:
            yield f"{at}.{name}: not described"


@cache
def _api() -> Mapping[str, Any]:
    return described()


@cache
def _operations() -> tuple[tuple[re.Pattern[str], Mapping[str, Any]], ...]:
    """Those of fixed paths before those with places."""
    paths = sorted(_api()["paths"].items(), key=lambda item: item[0].count("{"))
    return tuple((re.compile(_pattern(path)), said) for path, said in paths)


def _pattern(path: str) -> str:
    parts = _PLACE.split(path)
    places = [f"(?:{_TABLES})" if name == "table" else "[^/]+" for name in parts[1::2]]
    return "".join(re.escape(fixed) + place for fixed, place in zip(parts[::2], [*places, ""], strict=True))
