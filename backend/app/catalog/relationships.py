"""Relationships between tables and views, found in keys: many-to-one and what follows from it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from app.catalog.types import Junction, Name, Pairs, Relationship


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of a key, by number and name."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key with its columns in order; `unique` when the referencing columns are a key of their own."""

    name: str
    table: Name
    columns: tuple[KeyColumn, ...]
    target: Name
    referenced: tuple[KeyColumn, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class ViewOf:
    """A view and the names under which it shows the columns of one table, by their numbers there."""

    view: Name
    names: Mapping[int, tuple[str, ...]]

    def variants(self, columns: tuple[KeyColumn, ...]) -> Iterator[tuple[str, ...]]:
        """Every way to name these columns in the view; none unless all of them are shown."""
        if all(column.number in self.names for column in columns):
            yield from product(*(self.names[column.number] for column in columns))


def find_relationships(
    keys: Iterable[ForeignKey],
    views: Mapping[Name, tuple[ViewOf, ...]],
    primary_keys: Mapping[Name, frozenset[str]],
    hidden: frozenset[tuple[Name, str]],
) -> list[Relationship]:
    """All relationships, in both directions; `hidden` are columns that clients cannot name."""
    to_one = [relationship for key in keys for relationship in _with_views(key, views)]
    to_many = [*to_one, *_through_junctions(to_one, primary_keys)]
    both = [*to_many, *(_inverse(item) for item in to_one)]
    is_view = {view.view for shown in views.values() for view in shown}
    return [
        replace(
            item,
            named=tuple(pair for pair in item.pairs if (item.source, pair[0]) not in hidden),
            target_is_view=item.target in is_view,
        )
        for item in both
    ]


def _with_views(key: ForeignKey, views: Mapping[Name, tuple[ViewOf, ...]]) -> Iterator[Relationship]:
    sources = [(key.table, tuple(column.name for column in key.columns))]
    targets = [(key.target, tuple(column.name for column in key.referenced))]
    for view in views.get(key.table, ()):
        sources += [(view.view, variant) for variant in view.variants(key.columns)]
    for view in views.get(key.target, ()):
        targets += [(view.view, variant) for variant in view.variants(key.referenced)]
    kind = "o2o" if key.unique else "m2o"
    for (source, columns), (target, referenced) in product(sources, targets):
        pairs = tuple(zip(columns, referenced, strict=True))
        yield Relationship(kind, source, target, key.name, pairs, pairs)


def _through_junctions(
    to_one: Iterable[Relationship], primary_keys: Mapping[Name, frozenset[str]]
) -> Iterator[Relationship]:
    by_junction: dict[Name, list[Relationship]] = defaultdict(list)
    for relationship in to_one:
        if relationship.kind == "m2o":
            by_junction[relationship.source].append(relationship)
    for junction, sides in by_junction.items():
        key = primary_keys.get(junction, frozenset())
        # Only what lies within the key can be one half of it.
        inside = [side for side in sides if key.issuperset(_columns(side.pairs))]
        for one, other in product(inside, inside):
            if one.constraint != other.constraint:
                between = Junction(junction, one.constraint, other.constraint, one.pairs, other.pairs)
                yield Relationship("m2m", one.target, other.target, "", (), (), between)


def _columns(pairs: Pairs) -> frozenset[str]:
    return frozenset(pair[0] for pair in pairs)


def _inverse(item: Relationship) -> Relationship:
    pairs = tuple((theirs, ours) for ours, theirs in item.pairs)
    kind = "o2o" if item.kind == "o2o" else "o2m"
    return replace(item, kind=kind, source=item.target, target=item.source, pairs=pairs, named=pairs, inverse=True)
