"""Which tables the answer to a read depends on, if that can be told for certain."""

from collections.abc import Iterator

from app.catalog.types import Catalog, Name, Relationship
from app.gateway.types import AnyCondition, ColumnRef, Condition, Group, Plan, ReadNode

#: Tables as `schema.name`, each with whether its rows belong to tenants, so that what one writes no other one sees.
Reads = tuple[tuple[str, bool], ...]


def is_pinned(name: Name, catalog: Catalog) -> bool:
    """Whether the rows of a table belong to tenants."""
    table = catalog.tables.get(name)
    return table is not None and table.tenant is not None


def reads_of(plan: Plan, catalog: Catalog) -> Reads | None:
    """Every table that a read looks at, on whatever way; None if that cannot be told."""
    media = plan.media
    if plan.write is not None or plan.call is not None or media.plan is not None or media.handler is not None:
        return None
    if plan.count in ("planned", "estimated"):
        # What the planner guesses changes without a write.
        return None
    found: set[Name] = set()
    for node in _nodes(plan.read):
        reads = _of_node(node, catalog)
        if reads is None:
            return None
        found |= reads
    return tuple(sorted((f"{name.schema}.{name.name}", is_pinned(name, catalog)) for name in found))


def _nodes(node: ReadNode) -> Iterator[ReadNode]:
    yield node
    for child in node.embeds:
        yield from _nodes(child)


def _of_node(node: ReadNode, catalog: Catalog) -> frozenset[Name] | None:
    known = catalog.dependencies
    found: set[Name] = set()
    sources = [node.source]
    if node.relationship is not None:
        if not isinstance(node.relationship, Relationship):
            return None
        if node.relationship.junction is not None:
            sources.append(node.relationship.junction.table)
    for source in sources:
        reads = known.tables.get(source)
        if reads is None:
            return None
        found |= reads
    for column in _columns(node):
        if column.to_json is not None or column.from_text is not None:
            return None
        if node.table is not None and column.name in node.table.columns:
            continue
        reads = known.computed.get((node.source, column.name))
        if reads is None:
            return None
        found |= reads
    return frozenset(found)


def _columns(node: ReadNode) -> Iterator[ColumnRef]:
    for output in node.outputs:
        if not output.is_star and not output.whole_row:
            yield output.column
    for condition in node.conditions:
        yield from _compared(condition)
    for key in node.sort:
        # What is ordered by in an embed is a column there: it is looked for here, and not keeping the answer is safe.
        yield key.column


def _compared(condition: AnyCondition) -> Iterator[ColumnRef]:
    if isinstance(condition, Group):
        for term in condition.terms:
            yield from _compared(term)
    elif isinstance(condition, Condition):
        yield condition.column
