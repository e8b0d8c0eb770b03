"""Query strings: pairs out of text, sorted out by what their keys mean, each parsed by the grammar."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote, unquote, unquote_to_bytes

from app.errors import AppError
from app.gateway.errors import too_complex
from app.gateway.grammar import (
    parse_columns,
    parse_filter_key,
    parse_logic_key,
    parse_logic_tree,
    parse_on_conflict,
    parse_operation,
    parse_order,
    parse_order_key,
    parse_select,
    parse_window_key,
    try_operation,
)
from app.gateway.query import EmbedPath, Filter, Logic
from app.gateway.remembered import remembered
from app.gateway.types import ALL, EVERYTHING, Bounds, Query, Window

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*\Z")
_SEPARATOR = re.compile("[&;]")
# Python reads no longer numbers than that.
_WHOLE_NUMBER = re.compile(r"\s*-?[0-9]{1,4000}\s*\Z")
_RANGE = re.compile(rb"([0-9]{1,4000})-([0-9]{0,4000})\Z")
#: PostgreSQL's bigint.
_MOST = 2**63 - 1
_WINDOW = frozenset({"limit", "offset"})
_RESERVED = frozenset({"select", "columns", "on_conflict"})
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds on what one query string may ask for."""

    query_bytes: int
    filters: int
    #: Of any table in an answer; None: no bound.
    max_rows: int | None = None


@dataclass(slots=True)
class _Sorted:
    """Pairs by what their keys mean, in the order of the request."""

    plain: dict[str, str]
    filters: list[Pair]
    orders: list[Pair]
    logic: list[Pair]
    limits: list[Pair]
    offsets: list[Pair]


def split_pairs(text: str) -> list[Pair]:
    """Keys and values, decoded. A key without `=` says nothing."""
    if not text:
        return []
    parts = _SEPARATOR.split(text) if ";" in text else text.split("&")
    return [_decoded(*part.split("=", 1)) for part in parts if "=" in part]


def _decoded(key: str, value: str) -> Pair:
    if "+" in value:
        value = value.replace("+", " ")
    if "%" in value:
        value = unquote(value, errors="replace")
    if "%" in key or "+" in key:
        key = unquote(key.replace("+", " "), errors="replace")
    return key, value


def parse_query(text: str, caps: Caps, *, call_by_get: bool) -> Query:
    """A query string as asked. Which of two errors is told follows from the order here."""
    if len(text) > caps.query_bytes:
        raise too_complex("Query string in bytes", caps.query_bytes)
    pairs = split_pairs(text)
    found = _sort_out(pairs)
    if len(found.filters) + len(found.logic) > caps.filters:
        raise too_complex("Filters", caps.filters)
    query = Query()
    for key, value in found.orders:
        query.orders.append((key, value, parse_order_key(key), parse_order(value)))
    for key, value in found.logic:
        query.logic.append((key, *_logic(key, value)))
    if len(found.filters) + sum(_leaves(tree) for _, _, tree in query.logic) > caps.filters:
        raise too_complex("Filters", caps.filters)
    columns = found.plain.get("columns")
    if columns is not None:
        query.columns, query.columns_text = parse_columns(columns), columns
    query.select_text = found.plain.get("select")
    query.select = parse_select("*" if query.select_text is None else query.select_text)
    _parse_filters(query, found.filters, call_by_get=call_by_get)
    conflict = found.plain.get("on_conflict")
    if conflict is not None:
        query.on_conflict = parse_on_conflict(conflict)
    query.bounds = _bounds(found)
    return query


def _sort_out(pairs: Iterable[Pair]) -> _Sorted:
    found = _Sorted({}, [], [], [], [], [])
    by_last_word = {
        "order": found.orders,
        "and": found.logic,
        "or": found.logic,
        "limit": found.limits,
        "offset": found.offsets,
    }
    for pair in pairs:
        key = pair[0]
        if key in _RESERVED:
            found.plain.setdefault(key, pair[1])
        else:
            by_last_word.get(key.rpartition(".")[2], found.filters).append(pair)
    return found


def _parse_filters(query: Query, pairs: Sequence[Pair], *, call_by_get: bool) -> None:
    for key, value in pairs:
        if call_by_get:
            operation = try_operation(value)
            if operation is None:
                _, field = parse_filter_key(key)
                query.arguments.append((field.name, value))
                continue
            path, field = parse_filter_key(key)
        else:
            path, field = parse_filter_key(key)
            operation = parse_operation(value)
        query.filters.append((key, path, field, operation))


def _logic(key: str, value: str) -> tuple[EmbedPath, Logic]:
    path, negated, operator = parse_logic_key(key)
    tree = parse_logic_tree(f"not.{operator}" if negated else operator, value)
    if isinstance(tree, Filter):
        tree = Logic("and", (tree,))
    return path, tree


def _leaves(tree: Logic) -> int:
    return sum(_leaves(term) if isinstance(term, Logic) else 1 for term in tree.terms)


def _bounds(found: _Sorted) -> dict[EmbedPath, Bounds]:
    if not found.limits and not found.offsets:
        return {}
    limits = {parse_window_key(key): _limited(_whole(value)) for key, value in found.limits}
    offsets = {parse_window_key(key): _whole(value) for key, value in found.offsets}
    found_bounds: dict[EmbedPath, Bounds] = {}
    for path in limits | offsets:
        bounds = limits.get(path, ALL)
        if path in offsets:
            offset = offsets[path] or 0
            if path in limits:
                upper = bounds[1]
                # A limit that is no number counts as none of the rows as soon as there is an offset.
                count = 0 if upper is None else upper - bounds[0] + 1
                bounds = (offset, offset + count - 1)
            else:
                bounds = (offset, None)
        found_bounds[path] = bounds
    return found_bounds


def without_window(text: str) -> str:
    """The query string without what it says of the root's limit and offset, as it was sent."""
    return "&".join(part for part in _SEPARATOR.split(text) if part and _name_of(part) not in _WINDOW)


def _name_of(part: str) -> str:
    return unquote(part.partition("=")[0].replace("+", " "), errors="replace")


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE_NUMBER.match(text) else None


def _limited(limit: int | None) -> Bounds:
    return ALL if limit is None else (0, limit - 1)


def is_empty(bounds: Bounds) -> bool:
    """Whether no row can be within."""
    return bounds[1] is not None and bounds[0] > bounds[1]


def parse_range_header(header: bytes) -> Bounds:
    """`0-9` or `10-`; anything else says nothing."""
    found = _RANGE.match(header)
    if not found:
        return ALL
    return int(found[1]), int(found[2]) if found[2] else None


def as_window(bounds: Bounds) -> Window:
    """Bounds as limit and offset."""
    if bounds == ALL:
        return EVERYTHING
    lower, upper = bounds
    return (None if upper is None else upper - lower + 1), lower


def bounded(window: Window, max_rows: int | None) -> Window:
    """A window of no more rows than are answered at the most, if PostgreSQL can count that far."""
    limit, offset = window
    if max_rows is not None:
        limit = max_rows if limit is None else min(limit, max_rows)
    for number in (limit or 0, offset):
        if not -_MOST <= number <= _MOST:
            raise AppError("22003", 400, f'value "{number}" is out of range for type bigint')
    return limit, offset


def canonical(text: str) -> str:
    """The query string that is the same for all requests that mean the same: sorted, encoded anew."""
    if not text:
        return ""
    parts = _SEPARATOR.split(text) if ";" in text else text.split("&")
    if not parts[-1]:
        parts.pop()
    pairs = [_bytewise(*part.partition("=")[::2]) for part in parts]
    pairs.sort(key=_key_of)
    return "&".join(f"{_encoded(key)}={','.join(map(_encoded, values))}" for key, values in _grouped(pairs))


def _grouped(pairs: Iterable[Pair]) -> Iterator[tuple[str, list[str]]]:
    for key, group in groupby(pairs, _key_of):
        yield key, [value for _, value in group]


def _key_of(pair: Pair) -> str:
    return pair[0]


def _bytewise(key: str, value: str) -> Pair:
    return _latin(key), _latin(value)


def _latin(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode("latin-1")


@remembered(4096)
def _encoded(text: str) -> str:
    return text if _UNRESERVED.match(text) else quote(text, safe="-_.~")
