"""Rows as the clients of explicit routes read them, declared once.

A `Shape` is three things in one: the schema in the API's description, the `select` that asks the gateway for exactly
its columns and embeds, and the way from a row as PostgreSQL tells it to a row as clients read it (camelCase, times in
milliseconds, and each name in snake_case again where the frontend uses both).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic.alias_generators import to_camel

from app.answers import Answer

Row = Mapping[str, Any]
#: PostgreSQL's text of a time in UTC: what follows the seconds.
_UTC = "+00:00"
_SECONDS = len("2000-01-01T00:00:00")


@dataclass(frozen=True, slots=True)
class Embed:
    """Where a field comes from: `profiles!owner_id`, `tags!inner`. The rows there are of the field's shape."""

    target: str


@dataclass(frozen=True, slots=True)
class Source:
    """The name, or the whole expression of `select`, of a column that is called otherwise in the answer."""

    name: str


@dataclass(frozen=True, slots=True)
class Added:
    """A field that no column has: a route fills it in with `Shape.told(row, name=…)`, or leaves it out."""


class Shape(Answer):
    """A row as clients read it. Fields are named after columns."""

    @classmethod
    def select(cls) -> str:
        """What the gateway is asked for."""
        return _compiled(cls).select

    @classmethod
    def columns(cls) -> Mapping[str, str]:
        """What may be filtered and ordered by: each column under both of its spellings."""
        return _compiled(cls).columns

    @classmethod
    def filled(cls) -> frozenset[str]:
        """Columns that are never null."""
        return _compiled(cls).filled

    @classmethod
    def told(cls, row: Row, **added: Any) -> dict[str, Any]:
        """A row as clients read it, with fields that no column has."""
        shown = _told(_compiled(cls), row)
        for name, value in added.items():
            shown[to_camel(name)] = value
            if cls.both_casings:
                shown[name] = value
        return shown

    @classmethod
    def all(cls, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Rows as clients read them."""
        compiled = _compiled(cls)
        return [_told(compiled, row) for row in rows]


def moment(text: str | None) -> str | None:
    """A time as clients read it, from PostgreSQL's text of it: milliseconds, UTC."""
    if text is None:
        return None
    if not text.endswith(_UTC):
        text = datetime.fromisoformat(text).astimezone(UTC).isoformat()
    fraction = text[_SECONDS + 1 : -len(_UTC)]
    return f"{text[:_SECONDS]}.{fraction[:3]:0<3}Z"


@dataclass(frozen=True, slots=True)
class _Compiled:
    select: str
    columns: Mapping[str, str]
    filled: frozenset[str]
    #: Key in the row, names in the answer, what is made of the value.
    fields: tuple[tuple[str, tuple[str, ...], Callable[[Any], Any] | None], ...]


def _told(compiled: _Compiled, row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, names, made in compiled.fields:
        value = row[key]
        if made is not None:
            value = made(value)
        for name in names:
            shown[name] = value
    return shown


@cache
def _compiled(shape: type[Shape]) -> _Compiled:
    selected: list[str] = []
    columns: dict[str, str] = {}
    filled: set[str] = set()
    fields: list[tuple[str, tuple[str, ...], Callable[[Any], Any] | None]] = []
    for name, field in shape.model_fields.items():
        marks = field.metadata
        if any(isinstance(mark, Added) for mark in marks):
            continue
        embed = next((mark for mark in marks if isinstance(mark, Embed)), None)
        source = next((mark.name for mark in marks if isinstance(mark, Source)), name)
        inner = _inner(field.annotation)
        camel = field.alias or to_camel(name)
        names = (camel, name) if shape.both_casings and camel != name else (camel,)
        if embed is not None:
            assert inner is not None, f"{shape.__name__}.{name} is of no shape"
            selected.append(f"{name}:{embed.target}({inner.select()})")
            fields.append((name, names, _maker(inner)))
            continue
        selected.append(name if source == name else f"{name}:{source}")
        columns[name] = columns[camel] = source
        if NoneType not in get_args(field.annotation):
            filled.add(source)
        fields.append((name, names, moment if datetime in _kinds(field.annotation) else None))
    return _Compiled(",".join(selected), columns, frozenset(filled), tuple(fields))


def _maker(inner: type[Shape]) -> Callable[[Any], Any]:
    compiled = _compiled(inner)

    def made(value: Any) -> Any:
        if isinstance(value, list):
            return [_told(compiled, item) for item in cast("list[Row]", value)]
        return None if value is None else _told(compiled, value)

    return made


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation names, without `None`, lists and marks."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, UnionType, list):
        return tuple(kind for part in get_args(annotation) for kind in _kinds(part) if kind is not NoneType)
    return (annotation,)


def _inner(annotation: Any) -> type[Shape] | None:
    return next((kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, Shape)), None)
