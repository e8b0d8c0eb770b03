"""What travels between the stages of the gateway: `ApiRequest → Plan → Statement → ResultSet → Response`.

`query.py` has what a query string asks for. Here are the request as a whole, and its twins resolved against the
catalog. Plans hold no values: each value is an `Argument` that says where the value will come from, so one plan and
one statement serve all requests of the same shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NewType

from app.catalog.types import AnyRelationship, Column, Function, MediaHandler, Name, Table
from app.gateway.query import (
    Aggregate,
    EmbedPath,
    Field,
    Filter,
    JsonStep,
    Logic,
    Operation,
    OrderTerm,
    Quantifier,
    SelectItem,
)

#: Text of a statement. Made in `sql*.py` only.
Sql = NewType("Sql", str)

Count = Literal["exact", "planned", "estimated"]
Returning = Literal["representation", "minimal", "headers-only"]
Resolution = Literal["merge-duplicates", "ignore-duplicates"]


@dataclass(frozen=True, slots=True)
class Prefer:
    """The `Prefer` header, sorted out."""

    resolution: Resolution | None = None
    missing: Literal["default", "null"] | None = None
    returning: Returning | None = None
    count: Count | None = None
    transaction: Literal["commit", "rollback"] | None = None
    handling: Literal["strict", "lenient"] | None = None
    timezone: str | None = None
    max_affected: int | None = None
    invalid: tuple[str, ...] = ()


class MediaRange(NamedTuple):
    """An entry of `Accept`, normalised. `name` is how it is told to people and compared with custom types."""

    kind: Literal["any", "json", "array", "object", "csv", "geojson", "openapi", "plan", "other"]
    name: str
    stripped: bool = False
    #: Of a plan.
    plan_json: bool = False
    plan_for: str = ""
    plan_options: tuple[str, ...] = ()


#: Rows by limit (None: all) and offset.
Window = tuple[int | None, int]
EVERYTHING: Window = (None, 0)
#: Rows from the first to the last (None: all), counted from 0.
Bounds = tuple[int, int | None]
ALL: Bounds = (0, None)

#: Each begins with its key as it was sent, which stands for it in a shape.
AskedFilter = tuple[str, EmbedPath, Field, Operation]
AskedLogic = tuple[str, EmbedPath, Logic]
AskedOrder = tuple[str, str, EmbedPath, tuple[OrderTerm, ...]]


@dataclass(slots=True)
class Query:
    """A query string, parsed. Lists are in the order of the request."""

    select: tuple[SelectItem, ...] = ()
    select_text: str | None = None
    filters: list[AskedFilter] = field(default_factory=list["AskedFilter"])
    logic: list[AskedLogic] = field(default_factory=list["AskedLogic"])
    orders: list[AskedOrder] = field(default_factory=list["AskedOrder"])
    #: Of embeds; the root's are taken out and joined with the `Range` header.
    bounds: dict[EmbedPath, Bounds] = field(default_factory=dict[EmbedPath, Bounds])
    columns: tuple[str, ...] | None = None
    columns_text: str | None = None
    on_conflict: tuple[str, ...] | None = None
    #: Arguments of a function that is called by GET.
    arguments: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


Shape = tuple[object, ...]


@dataclass(slots=True)
class Payload:
    """The body of a write or a call, as far as it was looked at."""

    #: JSON (or, raw, what a function takes whole).
    body: bytes
    #: Keys, sorted; they are columns or arguments.
    columns: tuple[str, ...] = ()
    is_array: bool = False
    #: There are objects in it.
    has_rows: bool = True
    raw: Literal["text", "xml", "bytes"] | None = None
    #: Each field with its text, of a form.
    form: tuple[tuple[str, str], ...] | None = None


@dataclass(slots=True)
class ApiRequest:
    """A request whose path, headers, query string and body have been understood."""

    method: str
    is_call: bool
    target: Name
    query: Query
    prefer: Prefer
    accept: tuple[MediaRange, ...]
    accept_text: str
    window: Window = EVERYTHING
    payload: Payload | None = None
    #: Decoded content type of the body.
    content_type: str = ""
    #: The schema was named by a header, or could have been.
    tells_profile: bool = False
    canonical_query: str = ""
    #: Rows of any node that are answered at the most.
    max_rows: int | None = None
    #: All that a plan depends on, and nothing else: filter values are not in it.
    shape: Shape = ()
    #: Values of filters, in the order that the plan numbers them.
    values: list[str | int] = field(default_factory=list[str | int])
    #: How answers to it are kept, by who asks (`keeping.py`); None: not at all.
    keepings: dict[tuple[str, ...], Any] = field(default_factory=dict[tuple[str, ...], Any], compare=False)


class Argument(NamedTuple):
    """A value of a statement: the input at a position of the request, several of them as a list, or a constant."""

    position: int
    constant: str | None = None
    several: tuple[int, ...] = ()
    #: An array in PostgreSQL's notation, to be taken apart.
    is_array: bool = False


#: Where inputs that are not filter values stand in the inputs of a request.
INPUT_BODY, INPUT_TENANT, INPUT_LIMIT, INPUT_OFFSET, FIRST_VALUE = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A name of a request as far as the catalog knows it.

    A name that is no column may be a function of the row: PostgreSQL decides.
    """

    name: str
    #: What values compared with it are read as; None: left to PostgreSQL.
    base_type: str | None = None
    is_json: bool = False
    type_oid: int = 0
    #: Functions of a domain's representation.
    to_json: str | None = None
    from_text: str | None = None


@dataclass(slots=True)
class Output:
    """A column of an answer."""

    column: ColumnRef
    path: tuple[JsonStep, ...] = ()
    cast: str | None = None
    alias: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None
    #: The whole row instead of a column: what `count()` of a spread counts.
    whole_row: bool = False
    is_star: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter, resolved; `negated` covers all of it."""

    column: ColumnRef
    path: tuple[JsonStep, ...]
    operator: str
    negated: bool
    quantifier: Quantifier | None
    language: str | None
    #: What follows `is.`.
    keyword: str
    argument: Argument
    #: There are many elements to compare with.
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class EmbedCheck:
    """Whether an embed found anything."""

    embed: int
    is_null: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by `and` or `or`."""

    operator: Literal["and", "or"]
    terms: tuple["Condition | EmbedCheck | Group", ...]
    negated: bool = False


AnyCondition = Condition | EmbedCheck | Group


@dataclass(frozen=True, slots=True)
class SortKey:
    """An order term, resolved. `relation` is the name of a row of an embed."""

    column: ColumnRef
    path: tuple[JsonStep, ...]
    descending: bool | None
    nulls_first: bool | None
    relation: str | None = None


@dataclass(slots=True)
class SpreadField:
    """A column that comes up from a spread: by its name there."""

    name: str
    alias: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class NumberedLogic:
    """A logic tree whose leaves know where their values are."""

    tree: Logic
    terms: tuple["tuple[int, Filter] | NumberedLogic", ...]


_NOWHERE = Name("", "")


@dataclass(slots=True)
class ReadNode:
    """A table of a read and what is wanted of it. The tree is made by `plan_read.py` in passes, then left alone."""

    name: str
    alias: str | None = None
    hint: str | None = None
    inner: bool = False
    spread: bool = False
    depth: int = 0
    select: tuple[SelectItem, ...] = ()
    source: Name = _NOWHERE
    table: Table | None = None
    outputs: list[Output] = field(default_factory=list[Output])
    #: As asked: (slot, field, operation); resolved when all embeds are known.
    filters: list[tuple[int, Field, Operation]] = field(default_factory=list[tuple[int, Field, Operation]])
    logic: list[NumberedLogic] = field(default_factory=list["NumberedLogic"])
    order_terms: tuple[OrderTerm, ...] = ()
    conditions: list[AnyCondition] = field(default_factory=list[AnyCondition])
    sort: list[SortKey] = field(default_factory=list[SortKey])
    limit: Argument | None = None
    offset: Argument | None = None
    embeds: list["ReadNode"] = field(default_factory=list["ReadNode"])
    relationship: AnyRelationship | None = None
    #: Name of the table inside a statement; None: its own.
    table_alias: str | None = None
    #: Name of what the embed gives, towards its parent.
    row_alias: str = ""
    #: Names that a spread hands up.
    spread_fields: list[SpreadField] = field(default_factory=list[SpreadField])
    tenant: Argument | None = None

    @property
    def is_to_one(self) -> bool:
        """Whether it gives at most one row."""
        return self.relationship is not None and self.relationship.to_one

    @property
    def key(self) -> str:
        """What it is called in the answer."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True)
class Media:
    """What an answer is sent as."""

    kind: Literal["json", "array_stripped", "object", "csv", "geojson", "handler"]
    content_type: str
    stripped: bool = False
    handler: MediaHandler | None = None
    #: The plan of making this is wanted, not this.
    plan: MediaRange | None = None


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What a write does to its table."""

    kind: Literal["insert", "update", "delete", "upsert"]
    table: Table
    #: Columns that the body fills.
    columns: tuple[Column, ...] = ()
    body_is_array: bool = True
    defaults: bool = False
    resolution: Resolution | None = None
    conflict: tuple[str, ...] = ()
    returning: tuple[str, ...] = ()
    returns_everything: bool = False
    conditions: tuple[AnyCondition, ...] = ()
    #: Of PUT: the primary key's columns and the values the URL has for them.
    key_conditions: tuple[Condition, ...] = ()
    tenant: Argument | None = None
    no_rows: bool = False


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A function and how its arguments come."""

    function: Function
    #: Names given; those of a body come from it, the rest from the inputs.
    given: tuple[str, ...] = ()
    from_body: bool = False
    body_is_array: bool = False
    #: The body as a whole is the one argument, of this type.
    unnamed_type: str | None = None
    arguments: Mapping[str, Argument] = field(default_factory=dict[str, Argument])
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A request, resolved: a read, a write with its representation, or a call with what is read of its rows."""

    read: ReadNode
    media: Media
    write: WritePlan | None = None
    call: CallPlan | None = None
    count: Count | None = None
    headers_only: bool = False
    #: The body of the answer is built.
    wants_body: bool = True
    wants_location: bool = False
    window: bool = False
    max_rows: int | None = None
    warnings: tuple[str, ...] = ()
    exact_embeds: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """Text and where its values come from."""

    text: Sql
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class ResultSet:
    """What PostgreSQL answered."""

    body: bytes
    page_total: int
    table_total: int | None = None
    #: `name=eq.value` of each column of the primary key.
    location: tuple[str, ...] | None = None
    inserted: int | None = None
    headers: str | None = None
    status: str | None = None
    #: Whether it was kept from before; None: answers like it are not.
    kept: bool | None = None
    #: What tells its bytes from others (`etags.py`), if that is known.
    tag: bytes = b""
