"""The database in memory: tables, relationships, functions. Immutable; a reload makes a new one.

What was introspected is in `Catalog`; what a request makes of it is the gateway's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

#: The type of values whose type the caller may not be allowed to name.
INFERRED = ""


class Name(NamedTuple):
    """A name in a schema."""

    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column as clients may use it."""

    name: str
    #: As declared, with modifiers: `character varying(10)`, `api.color`.
    type: str
    #: What values are read as: below any domain, without modifiers. Empty: as PostgreSQL finds (`INFERRED`).
    base_type: str
    #: The type's own identity, for representations.
    type_oid: int = 0
    nullable: bool = True
    #: The expression that fills the column when it is left out, if it may be given at all.
    default: str | None = None
    #: The default as declared, for the reference.
    declared_default: str | None = None
    comment: str | None = None
    max_length: int | None = None
    labels: tuple[str, ...] = ()
    #: The type's name for people: no modifiers, and what is below a domain if PostgreSQL itself brings it.
    plain_type: str = ""

    @property
    def is_json(self) -> bool:
        """Whether JSON operators apply as it is."""
        return self.type in ("json", "jsonb")


@dataclass(frozen=True, slots=True)
class Table:
    """A table, view, materialized view, foreign or partitioned table. Hidden columns are not among its columns."""

    name: Name
    columns: Mapping[str, Column]
    #: Sorted by name; without the hidden tenant column.
    primary_key: tuple[str, ...] = ()
    insertable: bool = False
    updatable: bool = False
    deletable: bool = False
    is_view: bool = False
    comment: str | None = None
    #: The column that pins rows to a tenant: filled and filtered by us, never shown.
    tenant: Column | None = None
    #: Column sets that a conflict target may name.
    unique_keys: frozenset[frozenset[str]] = frozenset()
    #: Types of functions of the row that are read as columns.
    computed: Mapping[str, str] = field(default_factory=dict[str, str])


Kind = Literal["o2m", "m2o", "o2o", "m2m"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between two others; pairs are (its column, the other's column)."""

    table: Name
    source_constraint: str
    target_constraint: str
    source_pairs: Pairs
    target_pairs: Pairs


@dataclass(frozen=True, slots=True)
class Relationship:
    """A way from the rows of one table to those of another, found in keys."""

    kind: Kind
    source: Name
    target: Name
    constraint: str
    #: (source's column, target's column); empty for a junction.
    pairs: Pairs
    #: The same without the tenant's column: what a client may name.
    named: Pairs
    junction: Junction | None = None
    target_is_view: bool = False
    #: Goes from what the key references to what has the key.
    inverse: bool = False

    @property
    def to_one(self) -> bool:
        """Whether at most one row is on the other side."""
        return self.kind in ("m2o", "o2o")

    @property
    def is_self(self) -> bool:
        """Whether it leads back to its own table."""
        return self.source == self.target


@dataclass(frozen=True, slots=True)
class ComputedRelationship:
    """A function of a row that returns rows of another table."""

    function: Name
    source: Name
    target: Name
    to_one: bool


AnyRelationship = Relationship | ComputedRelationship


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of a function."""

    name: str
    type: str
    required: bool = True
    variadic: bool = False
    #: The type's name as declared; `type` is what values may be cast to without being cut.
    plain_type: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that may be called by name."""

    name: Name
    parameters: tuple[Parameter, ...]
    #: void, scalar: one value; composite: columns.
    returns: Literal["void", "scalar", "composite"]
    set_of: bool
    #: The table whose rows it returns, if any.
    table: Name | None = None
    return_type: str = "void"
    return_type_oid: int = 0
    volatility: Literal["v", "s", "i"] = "v"
    settings: tuple[tuple[str, str], ...] = ()
    comment: str | None = None
    #: Of the rows it returns, table or not.
    columns: tuple[Column, ...] = ()
    #: Which one of the name, as privileges are asked for.
    oid: int = 0

    @property
    def read_only(self) -> bool:
        """Whether PostgreSQL promises that it changes nothing."""
        return self.volatility != "v"


@dataclass(frozen=True, slots=True)
class Representations:
    """Casts of domains that change how values look outside, by the domain's oid."""

    to_json: Mapping[int, str] = field(default_factory=dict[int, str])
    from_json: Mapping[int, str] = field(default_factory=dict[int, str])
    from_text: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True, slots=True)
class MediaHandler:
    """What makes an answer of a media type of the database's own."""

    media_type: str
    function: Name
    #: An aggregate over rows; else a function whose own result is the answer.
    is_aggregate: bool
    #: The table or function it serves; None: any.
    target: Name | None
    #: The answer's value is binary.
    is_binary: bool


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What `ALTER ROLE … SET` gives a role, as far as a caller's connection may take it over."""

    settings: tuple[tuple[str, str], ...] = ()
    isolation: str | None = None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What reads depend on. Absent: it cannot be told."""

    tables: Mapping[Name, frozenset[Name]] = field(default_factory=dict[Name, frozenset[Name]])
    #: Of functions of a row that are read as columns.
    computed: Mapping[tuple[Name, str], frozenset[Name]] = field(
        default_factory=dict[tuple[Name, str], frozenset[Name]]
    )


@dataclass(frozen=True, slots=True)
class Catalog:
    """One picture of the database."""

    version: int = 0
    tables: Mapping[Name, Table] = field(default_factory=dict[Name, Table])
    relationships: Mapping[Name, tuple[AnyRelationship, ...]] = field(
        default_factory=dict[Name, tuple[AnyRelationship, ...]]
    )
    functions: Mapping[Name, tuple[Function, ...]] = field(default_factory=dict[Name, tuple[Function, ...]])
    representations: Representations = field(default_factory=Representations)
    media_handlers: tuple[MediaHandler, ...] = ()
    schema_comments: Mapping[str, str] = field(default_factory=dict[str, str])
    roles: Mapping[str, RoleSettings] = field(default_factory=dict[str, RoleSettings])
    #: Something in the database reads `request.headers` and the like, so they must be set.
    reads_request: bool = False
    default_tenant: str = ""
    #: Which tables the answers about a table depend on.
    dependencies: Dependencies = field(default_factory=Dependencies)
