"""The items of a batch: requests in JSON, whose values may stand for what earlier items answered.

Values are encoded here, so that whatever a reference leads to is a value and nothing else: no operator, no other key.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

import orjson

from app.errors import AppError, refuse
from app.gateway.errors_beyond import BATCH_TOO_LONG, BATCH_UNREADABLE
from app.gateway.parse import READS, Head

#: Whatever JSON has; numbers that Python would change are kept as they were written.
Value: TypeAlias = "str | int | bool | orjson.Fragment | list[Value] | dict[str, Value] | None"
Resolve: TypeAlias = Callable[[Value], Value]
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"})
_PARTS = frozenset({"method", "path", "query", "headers", "body"})
_HEADERS = frozenset({"accept", "accept-profile", "content-profile", "content-type", "if-match", "prefer", "range"})
#: Of the batch itself, not of what is in it.
_OF_THE_BATCH = (_HEADERS - {"accept-profile", "content-profile"}) | {
    *("content-length", "content-encoding", "transfer-encoding", "idempotency-key", "if-none-match"),
}
_OPERATOR = re.compile(r"(?:not\.)?(?P<name>[a-z]+)(?P<more>\([a-zA-Z_0-9]+\))?\Z")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*\Z")
_TYPE_OF_JSON = b"application/json"
_MOST_64 = 2**63
#: There is no body: null is one.
_NOTHING = orjson.Fragment(b"")


@dataclass(frozen=True, slots=True)
class Item:
    """A request of a batch, not resolved."""

    method: str
    path: str
    query_string: str
    query: tuple[tuple[str, Value], ...]
    headers: Mapping[bytes, bytes]
    body: Value = _NOTHING

    def head(self, outer: Head, resolve: Resolve) -> Head:
        """Its head, as if it had come alone."""
        pairs = [self.query_string] if self.query_string else []
        pairs += [f"{quote(key, safe='().,->:!*')}={quote(text, safe='')}" for key, text in self._texts(resolve)]
        inherited = [pair for pair in outer.headers.items() if pair[0].decode("latin-1") not in _OF_THE_BATCH]
        headers = {**dict(inherited), **self.headers}
        if b"content-profile" in outer.headers:
            headers.setdefault(b"accept-profile", outer.headers[b"content-profile"])
        if self.body is not _NOTHING:
            headers.setdefault(b"content-type", _TYPE_OF_JSON)
        return Head(self.method, self.path, "&".join(pairs), headers)

    def bytes_of_body(self, resolve: Resolve) -> bytes:
        """Its body: JSON, or the text of another type."""
        if self.body is _NOTHING:
            return b""
        kind = self.headers.get(b"content-type", _TYPE_OF_JSON).partition(b";")[0].strip().lower()
        if isinstance(self.body, str) and kind != _TYPE_OF_JSON and not kind.endswith(b"+json"):
            return self.body.encode()
        return written(resolve(self.body))

    def _texts(self, resolve: Resolve) -> Iterable[tuple[str, str]]:
        for key, value in self.query:
            if not isinstance(value, list):
                # What an operator is read from comes from the client alone.
                yield key, _text(value)
                continue
            several = [part for part in value if isinstance(part, list)]
            for condition in several if several and len(several) == len(value) else [value]:
                yield key, _condition(condition, resolve)


def _condition(condition: list[Value], resolve: Resolve) -> str:
    if len(condition) != 2 or not isinstance(condition[0], str):
        raise _unreadable('A condition is ["operator", value]')
    operator, value = condition[0], resolve(condition[1])
    named = _OPERATOR.match(operator)
    if named is None:
        raise _unreadable(f"No operator: {operator[:40]}")
    if not isinstance(value, list):
        if named["name"] == "in":
            raise _unreadable("`in` takes a list")
        return f"{operator}.{'null' if value is None and named['name'] == 'is' else _text(value)}"
    quoted = ",".join('"' + _text(part).replace("\\", "\\\\").replace('"', '\\"') + '"' for part in value)
    return f"{operator}.({quoted})" if named["name"] == "in" else f"{operator}.{{{quoted}}}"


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise _unreadable("Null compares with nothing: use `is`")
    return written(value).decode()


def written(value: Value) -> bytes:
    """A value as JSON."""
    try:
        return orjson.dumps(value)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise _unreadable("It is nested too deeply") from error


def exact(data: bytes) -> Value:
    """What JSON says, to the last digit."""
    try:
        # Strict about texts, which Python's own reader is not.
        orjson.loads(data)
        return json.loads(data.decode(), parse_float=_fraction, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise _unreadable("It is no JSON") from error


def _fraction(text: str) -> orjson.Fragment:
    return orjson.Fragment(text)


def _whole(text: str) -> int | orjson.Fragment:
    # Longer ones take Python ever longer to read, and no machine's number holds them.
    if len(text) > 19:
        return orjson.Fragment(text)
    number = int(text)
    return number if -_MOST_64 <= number < _MOST_64 else orjson.Fragment(text)


def parse_items(body: bytes, most: int) -> tuple[Item, ...]:
    """The items of a batch."""
    listed = exact(bytes(body))
    if not isinstance(listed, list):
        raise _unreadable("It is no list")
    if len(listed) > most:
        raise refuse(BATCH_TOO_LONG, f"The limit is {most}")
    found: list[Item] = []
    for number, said in enumerate(listed):
        try:
            found.append(_item(said))
        except AppError as error:
            raise of_item(error, number) from error
    return tuple(found)


def _item(said: Value) -> Item:
    if not isinstance(said, dict) or not said.keys() <= _PARTS:
        raise _unreadable(f"An item has {', '.join(sorted(_PARTS))}, and nothing else")
    method, path, query, headers = said.get("method"), said.get("path"), said.get("query"), said.get("headers")
    if not isinstance(method, str) or method not in _METHODS:
        raise _unreadable(f"A method is one of {', '.join(sorted(_METHODS))}")
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//") or not _PRINTABLE.match(path):
        raise _unreadable("A path begins with / and is below the gateway's own")
    if not isinstance(query, dict | None) or not isinstance(headers, dict | None):
        raise _unreadable("`query` and `headers` are objects")
    if "body" in said and (method in READS or method == "DELETE"):
        raise _unreadable(f"{method} has no body")
    path, _, query_string = path.partition("?")
    pairs = tuple((query or {}).items())
    return Item(method, path, query_string, pairs, _headers(headers or {}), said.get("body", _NOTHING))


def _headers(said: Mapping[str, Value]) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, value in said.items():
        if name.lower() not in _HEADERS:
            raise _unreadable(f"An item has no header {name[:40]}")
        if not isinstance(value, str) or not _PRINTABLE.match(value) or not value.isascii():
            raise _unreadable(f"The header {name} is no text of ASCII")
        found[name.lower().encode()] = value.encode()
    return found


def _unreadable(details: str) -> AppError:
    return refuse(BATCH_UNREADABLE, details)


def of_item(error: AppError, number: int) -> AppError:
    """The error of an item as the answer to its batch."""
    details = {"item": number, "details": error.details}
    headers = {**error.headers, "Relais-Batch-Item": str(number)}
    return AppError(error.code, error.status, error.message, details, error.hint, headers)
