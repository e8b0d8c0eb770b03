"""Filters of subscriptions: `column=operator.value`, compared with what a row has in JSON.

The value is read by PostgreSQL as the column's type once, when the subscription begins, so that `ID=eq.ABC…` finds what
the dialect would find. Texts are compared by their code points.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.adapters.postgres import Database, Stamp
from app.catalog.types import Table
from app.errors import ErrorSpec, refuse

BAD_FILTER = ErrorSpec("REALTIME_BAD_FILTER", 400, "Filtre invalide")
_FILTER = re.compile(r"([^=]{1,63})=(eq|neq|lt|lte|gt|gte|in)\.(.*)", re.DOTALL)
_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*))\s*(,|$)', re.DOTALL)
_LONGEST, _MOST = 4096, 100
_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": lambda mine, given: mine < given,
    "lte": lambda mine, given: mine <= given,
    "gt": lambda mine, given: mine > given,
    "gte": lambda mine, given: mine >= given,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one column."""

    column: str
    operator: str
    #: As JSON has them.
    values: tuple[Any, ...]

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is meant. What a row has not, or has as null, is never meant."""
        mine = row.get(self.column)
        if mine is None:
            return False
        if self.operator in ("eq", "in"):
            return mine in self.values
        if self.operator == "neq":
            return mine != self.values[0]
        try:
            return _ORDERED[self.operator](mine, self.values[0])
        except TypeError:
            return False


async def read_filter(text: str, table: Table, database: Database, stamp: Stamp) -> Filter:
    """The filter that a text is, or an `AppError`."""
    found = _FILTER.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise refuse(BAD_FILTER, "column=eq.value, or neq, lt, lte, gt, gte, in.(a,b)")
    name, operator, operand = found.groups()
    column = table.columns.get(name)
    if column is None:
        raise refuse(BAD_FILTER, f"no column {name!r}")
    given = _elements(operand) if operator == "in" else [operand]
    # As PostgreSQL has it in JSON once it is of the column's type. An error is its own, about what was sent.
    statement = f"select to_json(array_agg(to_json(one::{column.type}) order by place))::text from unnest($1::text[]) with ordinality as given(one, place)"  # noqa: E501, S608 - the type is PostgreSQL's own word
    ((values,),) = await database.fetch(stamp, statement, given)
    return Filter(name, operator, tuple(orjson.loads(values)))


def _elements(operand: str) -> list[str]:
    inner = operand[1:-1] if operand.startswith("(") and operand.endswith(")") else operand
    found: list[str] = []
    position = 0
    while True:
        element = _ELEMENT.match(inner, position)
        if element is None or len(found) == _MOST:
            raise refuse(BAD_FILTER, f"at most {_MOST} values, separated by commas")
        quoted, bare, end = element.groups()
        found.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare.strip())
        position = element.end()
        if not end:
            return found
