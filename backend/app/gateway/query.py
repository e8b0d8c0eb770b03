"""What a query string asks for, before the catalog has been asked what of it exists.

Names here are the client's, checked for their grammar only. `plan.py` turns them into the catalog's.
"""

from dataclasses import dataclass
from typing import Literal

#: `any` or `all` of an array, as in `like(any).{A*,B*}`.
Quantifier = Literal["any", "all"]
Aggregate = Literal["sum", "avg", "count", "max", "min"]
#: Elements of `in` beyond which they are joined with, instead of being looked through for each row.
LONG_LIST = 100
#: The aliases or names of embeds that lead to the one meant, outermost first; empty for the root.
EmbedPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JsonStep:
    """One step of a JSON path: `->key`, `->>key`, `->0`."""

    key: str
    #: `->>`: the result is text.
    as_text: bool
    #: The key is an array index (digits, perhaps with a sign), not a member's name.
    is_index: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or something inside a JSON column."""

    name: str
    path: tuple[JsonStep, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectField:
    """One output: a column (`*` for all of them), perhaps cast, aggregated, renamed.

    `count()` without a column is the field `*` with the aggregate `count`.
    """

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class SelectEmbed:
    """Related rows inside a row. A spread puts their columns beside the row's own and has no alias."""

    name: str
    select: tuple["SelectField | SelectEmbed", ...]
    alias: str | None = None
    hint: str | None = None
    inner: bool = False
    spread: bool = False


SelectItem = SelectField | SelectEmbed


@dataclass(frozen=True, slots=True)
class Operation:
    """What a filter does with its column: `not.in.(1,2)`, `fts(french).chat`.

    The value of `in` is the list of its elements; that of `is` one of null, not_null, true, false, unknown.
    """

    operator: str
    value: str | tuple[str, ...]
    negated: bool = False
    quantifier: Quantifier | None = None
    #: Text search configuration of the `fts` family.
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A field and what it is to fulfil."""

    field: Field
    operation: Operation


@dataclass(frozen=True, slots=True)
class Logic:
    """Filters joined by `and` or `or`."""

    operator: Literal["and", "or"]
    terms: tuple["Filter | Logic", ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """A sort key as asked for; `relation` names an embed of the same level when the field is one of its columns."""

    field: Field
    relation: str | None = None
    #: None: not said.
    descending: bool | None = None
    nulls_first: bool | None = None
