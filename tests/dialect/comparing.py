"""What differs between two answers to one request, aspect by aspect, and how to tell people of it."""

import json
from dataclasses import dataclass
from typing import Any

from .messages import Answer, Request

#: The headers that clients act on. `content-length` is compared by presence: one side sends chunks.
HEADERS = (
    "content-type", "content-range", "content-location", "location", "preference-applied", "content-profile", "allow",
    "www-authenticate", "retry-after",
)  # fmt: skip
ERROR_KEYS = ("code", "message", "details", "hint")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what both sides answered."""

    request: Request
    reference: Answer
    ours: Answer


@dataclass(frozen=True, slots=True)
class Difference:
    """One aspect in which the answers differ."""

    exchange: Exchange
    aspect: str
    reference: str
    ours: str


class Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object with its keys as they come, repeated ones too."""

    __slots__ = ()


class Number(str):
    """A JSON number as it is written."""

    __slots__ = ()


def differences(exchange: Exchange) -> list[Difference]:
    """Every aspect in which the two answers differ; another status or error code is another answer altogether."""
    reference, ours = exchange.reference, exchange.ours
    if reference.status != ours.status or _have_other_codes(reference, ours):
        return [Difference(exchange, "answer", _gist(reference), _gist(ours))]
    found: list[Difference] = []
    for name in HEADERS:
        one, other = reference.header(name), ours.header(name)
        if one != other:
            found.append(Difference(exchange, name, str(one), str(other)))
    return found + _bodies(exchange)


def parsed(body: bytes) -> tuple[bool, Any]:
    """Whether this is JSON, and if so, which."""
    try:
        return True, json.loads(body, object_pairs_hook=Pairs, parse_float=Number, parse_int=Number)
    except ValueError:
        return False, None


def error_of(answer: Answer) -> dict[str, Any]:
    """The error that an answer tells of; empty if there is none."""
    if answer.status < 300:
        return {}
    is_json, value = parsed(answer.body)
    if not is_json or not isinstance(value, Pairs) or "message" not in dict(value):
        return {}
    return dict(value)


def _have_other_codes(reference: Answer, ours: Answer) -> bool:
    """Whether both tell of an error, and not of the same; a HEAD may not tell."""
    if not reference.body or not ours.body:
        return False
    return error_of(reference).get("code") != error_of(ours).get("code")


def _gist(answer: Answer) -> str:
    return f"{answer.status} {_text(answer.body)}"


def _bodies(exchange: Exchange) -> list[Difference]:
    one, other = exchange.reference.body, exchange.ours.body
    if one == other or (exchange.request.method == "HEAD" and not (one and other)):
        return []
    first, second = error_of(exchange.reference), error_of(exchange.ours)
    if first and second:
        return [
            Difference(exchange, f"error.{key}", _shown(first.get(key)), _shown(second.get(key)))
            for key in ERROR_KEYS
            if first.get(key) != second.get(key)
        ]
    (is_json, left), (is_json_too, right) = parsed(one), parsed(other)
    # The same values in other bytes are told apart as well: whoever moves from one to the other may compare texts.
    aspect = (_aspect(left, right) or "body.spelling") if is_json and is_json_too else "body.bytes"
    return [Difference(exchange, aspect, _text(one), _text(other))] if aspect else []


def _aspect(left: Any, right: Any) -> str:
    # As values: the order of keys inside a nested object says nothing. That of columns in a row does.
    if _values(left) == _values(right):
        return "" if _row_keys(left) == _row_keys(right) else "body.key order"
    if _unordered(left) != _unordered(right):
        return "body"
    return "body.embed order" if [*map(_unordered, left)] == [*map(_unordered, right)] else "body.row order"


def _values(value: Any) -> Any:
    if isinstance(value, Pairs):
        return sorted(((key, _values(item)) for key, item in value), key=repr)
    return [_values(item) for item in value] if isinstance(value, list) else value


def _row_keys(value: Any) -> list[list[str]]:
    rows: list[Any] = value if isinstance(value, list) else [value]
    return [[key for key, _ in row] for row in rows if isinstance(row, Pairs)]


def _unordered(value: Any) -> Any:
    if isinstance(value, Pairs):
        return sorted(((key, _unordered(item)) for key, item in value), key=repr)
    return sorted((_unordered(item) for item in value), key=repr) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Pairs):
        return {key: _plain(item) for key, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")
