"""Bodies: what a write or a call brings, looked at only as far as its keys. Values stay as they came."""

import csv
import io
import json
from collections.abc import Iterable
from urllib.parse import unquote_plus

import orjson

from app.errors import AppError
from app.gateway.errors import BAD_BODY, say
from app.gateway.types import Payload

JSON_TYPES = frozenset({"application/json", "application/vnd.pgrst.array+json", "application/vnd.pgrst.array"})
CSV = "text/csv"
FORM = "application/x-www-form-urlencoded"
RAW_TYPES = {"text/plain": "text", "text/xml": "xml", "application/octet-stream": "bytes"}
csv.field_size_limit(2**31 - 1)
_KEYS_DIFFER = "All object keys must match"


def content_type_of(header: str) -> str:
    """The media type without parameters; JSON when nothing is said."""
    return header.partition(";")[0].strip().lower() or "application/json"


def read_payload(content_type: str, body: bytes, *, columns: tuple[str, ...] | None, is_call: bool) -> Payload:
    """Understand a body by its content type."""
    if content_type in JSON_TYPES:
        if columns is not None and content_type == "application/json":
            return Payload(body, tuple(sorted(set(columns))), is_array=not body.lstrip().startswith(b"{"))
        return _json(body or b"{}" if is_call else body)
    if content_type == CSV:
        return _csv(body)
    if content_type == FORM:
        return _form(body)
    if is_call and content_type in RAW_TYPES:
        return Payload(body, raw=RAW_TYPES[content_type])  # pyright: ignore[reportArgumentType]
    raise say(BAD_BODY, f"Content-Type not acceptable: {content_type}")


def _json(body: bytes) -> Payload:
    parsed = _parsed(body)
    if isinstance(parsed, dict):
        return Payload(body, tuple(sorted(parsed)))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(parsed, list):
        return Payload(body, _keys_of(parsed), is_array=True, has_rows=bool(parsed))  # pyright: ignore[reportUnknownArgumentType]
    return Payload(b"[]", is_array=True, has_rows=False)


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        # Numbers beyond any machine's are for PostgreSQL to judge: only keys matter here.
        return json.loads(body.decode(), parse_float=str, parse_int=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _empty_or_invalid() from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _keys_of(rows: list[object]) -> tuple[str, ...]:
    if not rows:
        return ()
    first = rows[0]
    if not isinstance(first, dict):
        raise say(BAD_BODY, _KEYS_DIFFER)
    keys = first.keys()  # pyright: ignore[reportUnknownVariableType]
    for row in rows:
        if not isinstance(row, dict) or row.keys() != keys:
            raise say(BAD_BODY, _KEYS_DIFFER)
    return tuple(sorted(keys))  # pyright: ignore[reportUnknownArgumentType]


def _empty_or_invalid() -> AppError:
    return say(BAD_BODY, BAD_BODY.message)


def _csv(body: bytes) -> Payload:
    try:
        text = body.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise say(BAD_BODY, str(error)) from None
    if not lines or b"\n" not in body:
        raise say(BAD_BODY, 'parse error (not enough input) at ""')
    header = lines[0]
    rows = [_record(header, line) for line in lines[1:] if line]
    columns = tuple(sorted(set(header))) if rows else ()
    return Payload(orjson.dumps(rows), columns, is_array=True, has_rows=bool(rows))


def _record(header: list[str], line: list[str]) -> dict[str, str | None]:
    if len(line) < len(header):
        raise say(BAD_BODY, "All lines must have same number of fields")
    return {name: None if value == "NULL" else value for name, value in zip(header, line, strict=False)}


def _form(body: bytes) -> Payload:
    text = body.decode("utf-8", "replace")
    pairs = tuple(_form_pairs(text.replace(";", "&").split("&")))
    row = dict(pairs)
    return Payload(orjson.dumps(row), tuple(sorted(row)), form=pairs)


def _form_pairs(parts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for part in parts:
        if part:
            name, _, value = part.partition("=")
            yield unquote_plus(name, errors="replace"), unquote_plus(value, errors="replace")
