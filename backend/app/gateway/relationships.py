"""Which relationship an embed means, and what to say when there is none or more than one."""

from collections.abc import Iterable, Sequence

from app.catalog.types import AnyRelationship, Catalog, ComputedRelationship, Name, Pairs, Relationship
from app.errors import AppError
from app.gateway.errors import MANY_RELATIONSHIPS, NO_RELATIONSHIP, say
from app.gateway.similar import most_similar

_CARDINALITY = {"o2m": "one-to-many", "m2o": "many-to-one", "o2o": "one-to-one", "m2m": "many-to-many"}
_ORDER = {"o2m": 0, "m2o": 1, "o2o": 2, "m2m": 3}
_LEAST_LIKENESS = 0.33


def find_relationship(catalog: Catalog, origin: Name, target: str, hint: str | None) -> AnyRelationship:
    """The one relationship from a table by this name and hint."""
    candidates = catalog.relationships.get(origin, ())
    found = [item for item in candidates if _fits(item, target, hint)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _none(catalog, origin, target, hint)
    raise _several(origin, target, [item for item in found if isinstance(item, Relationship)])


def _fits(item: AnyRelationship, target: str, hint: str | None) -> bool:
    if isinstance(item, ComputedRelationship):
        return item.function.name == target
    if item.is_self:
        return _fits_self(item, target, hint)
    if hint is not None:
        return item.target.name == target and hint in _hints(item)
    if item.target.name == target:
        return True
    return (
        not item.target_is_view
        and item.kind != "m2m"
        and (item.constraint == target or _single(item.named, 0) == target)
    )


def _fits_self(item: Relationship, target: str, hint: str | None) -> bool:
    if hint is None:
        return (item.kind == "o2m" and item.target.name == target) or (
            item.kind == "m2o" and _single(item.named, 0) == target
        )
    return item.kind == "o2m" and item.target.name == target and _single(item.named, 1) == hint


def _hints(item: Relationship) -> Iterable[str | None]:
    if item.junction is not None:
        return (item.junction.table.name,)
    return item.constraint, _single(item.named, 0), _single(item.named, 1)


def _single(pairs: Pairs, side: int) -> str | None:
    return pairs[0][side] if len(pairs) == 1 else None


def _none(catalog: Catalog, origin: Name, target: str, hint: str | None) -> AppError:
    by_hint = f" using the hint '{hint}'" if hint is not None else ""
    return say(
        NO_RELATIONSHIP,
        f"Could not find a relationship between '{origin.name}' and '{target}' in the schema cache",
        f"Searched for a foreign key relationship between '{origin.name}' and '{target}'{by_hint}"
        f" in the schema '{origin.schema}', but no matches were found.",
        _suggestion(catalog, origin, target),
    )


def _suggestion(catalog: Catalog, origin: Name, target: str) -> str | None:
    theirs = [item.target.name for item in catalog.relationships.get(origin, ())]
    if not theirs:
        sources = [source.name for source in catalog.relationships if source.schema == origin.schema]
        close, instead = most_similar(origin.name, sources, _LEAST_LIKENESS), origin.name
    elif target.lower() in map(str.lower, theirs):
        return None
    else:
        close, instead = most_similar(target, theirs, _LEAST_LIKENESS), target
    return f"Perhaps you meant '{close}' instead of '{instead}'." if close else None


def _several(origin: Name, target: str, found: Sequence[Relationship]) -> AppError:
    ordered = sorted(found, key=lambda item: (_ORDER[item.kind], item.constraint))
    choices = ", ".join(f"'{item.target.name}!{_distinction(item)}'" for item in ordered)
    return say(
        MANY_RELATIONSHIPS,
        f"Could not embed because more than one relationship was found for '{origin.name}' and '{target}'",
        [_description(item) for item in ordered],
        f"Try changing '{target}' to one of the following: {choices}."
        " Find the desired relationship in the 'details' key.",
    )


def _distinction(item: Relationship) -> str:
    return item.junction.table.name if item.junction is not None else item.constraint


def _description(item: Relationship) -> dict[str, str]:
    if item.junction is not None:
        junction = item.junction
        text = (
            f"{junction.table.name} using {junction.source_constraint}({_listed(junction.source_pairs, 0)})"
            f" and {junction.target_constraint}({_listed(junction.target_pairs, 0)})"
        )
    else:
        text = (
            f"{item.constraint} using {item.source.name}({_listed(item.named, 0)})"
            f" and {item.target.name}({_listed(item.named, 1)})"
        )
    return {
        "cardinality": _CARDINALITY[item.kind],
        "embedding": f"{item.source.name} with {item.target.name}",
        "relationship": text,
    }


def _listed(pairs: Pairs, side: int) -> str:
    return ", ".join(pair[side] for pair in pairs)
