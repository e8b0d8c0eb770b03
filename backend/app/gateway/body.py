"""Bodies: what a write or a call brings, looked at only as far as its keys. Values stay as they came."""

import json
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from urllib.parse import unquote_plus

import orjson

from app.errors import AppError
from app.gateway.body_blocks import LARGE_BYTES, rows_in_blocks
from app.gateway.body_csv import read_csv
from app.gateway.errors import BAD_BODY, say
from app.gateway.types import Payload

JSON_TYPES = frozenset({"application/json", "application/vnd.pgrst.array+json", "application/vnd.pgrst.array"})
CSV = "text/csv"
FORM = "application/x-www-form-urlencoded"
RAW_TYPES = {"text/plain": "text", "text/xml": "xml", "application/octet-stream": "bytes"}
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
        return read_csv(body)
    if content_type == FORM:
        return _form(body)
    if is_call and content_type in RAW_TYPES:
        return Payload(body, raw=RAW_TYPES[content_type])  # pyright: ignore[reportArgumentType]
    raise say(BAD_BODY, f"Content-Type not acceptable: {content_type}")


def _json(body: bytes) -> Payload:
    if len(body) > LARGE_BYTES:
        with suppress(ValueError):
            return Payload(body, _keys_of(chain.from_iterable(rows_in_blocks(body))), is_array=True)
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


def _keys_of(rows: Iterable[object]) -> tuple[str, ...]:
    keys: frozenset[str] | None = None
    for row in rows:
        if not isinstance(row, dict) or (keys is not None and row.keys() != keys):
            raise say(BAD_BODY, _KEYS_DIFFER)
        if keys is None:
            keys = frozenset(row)  # pyright: ignore[reportUnknownArgumentType]
    return tuple(sorted(keys or ()))


def _empty_or_invalid() -> AppError:
    return say(BAD_BODY, BAD_BODY.message)


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
