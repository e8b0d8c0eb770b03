"""Resolves what is read: a tree of tables, their columns, conditions and order, from the query and the catalog.

The tree is built from `select`, then completed in passes whose order decides which of two mistakes is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from app.catalog.types import Catalog, Column, ComputedRelationship, Name, Table
from app.errors import AppError, refuse
from app.gateway.errors import (
    BAD_RELATED_ORDER,
    NO_AGGREGATES,
    NOT_EMBEDDED,
    NOT_IMPLEMENTED,
    say,
    too_complex,
)
from app.gateway.query import LONG_LIST, EmbedPath, Field, Logic, Operation, OrderTerm, SelectField
from app.gateway.relationships import find_relationship
from app.gateway.similar import most_similar
from app.gateway.types import (
    FIRST_VALUE,
    INPUT_LIMIT,
    INPUT_OFFSET,
    INPUT_TENANT,
    AnyCondition,
    ApiRequest,
    Argument,
    ColumnRef,
    Condition,
    EmbedCheck,
    Group,
    NumberedLogic,
    Output,
    ReadNode,
    SortKey,
    SpreadField,
)

_LONGEST_NAME = 63
_NO_AGGREGATES_IN_SPREADS = "Aggregates are not implemented for one-to-many or many-to-many spreads."
TENANT = Argument(INPUT_TENANT)
#: Without parentheses it is PostgreSQL's function of the row.
_COUNT = "count"
_LEAST_LIKENESS = 0.5


@dataclass(frozen=True, slots=True)
class ReadRules:
    """Settings that a plan depends on."""

    aggregates: bool
    legacy_names: bool
    max_rows: int | None
    most_embeds: int


@dataclass(slots=True)
class _Slots:
    """Numbers the values of a request in the order in which `parse.py` collected them."""

    next: int = FIRST_VALUE

    def take(self) -> Argument:
        slot = Argument(self.next)
        self.next += 1
        return slot


@dataclass(slots=True)
class ReadPlanner:
    """Plans the read of one request. Of a write, the filters of the root are the write's: `root_conditions`."""

    catalog: Catalog
    rules: ReadRules
    request: ApiRequest
    is_write: bool = False
    root_conditions: list[AnyCondition] = field(default_factory=list[AnyCondition])
    slots: _Slots = field(default_factory=_Slots)
    warnings: list[str] = field(default_factory=list[str])
    _embeds: int = 0

    def plan(self, source: Name, table: Table | None, *, alias: str | None = None) -> ReadNode:
        """The tree of this request, from a root table, or from rows that go by an alias."""
        root = ReadNode(source.name, source=source, table=table, table_alias=alias, select=self.request.query.select)
        self._add_embeds(root)
        self._attach(root)
        self._relate(root)
        self._resolve_outputs(root, expand=False)
        self._resolve_order(root)
        self._resolve_conditions(root)
        self._check_aggregates(root)
        _hoist(root)
        self._bound(root)
        return root

    # The tree, and what belongs to which of its nodes.

    def _add_embeds(self, node: ReadNode) -> None:
        for item in node.select:
            if isinstance(item, SelectField):
                continue
            self._embeds += 1
            if self._embeds > self.rules.most_embeds:
                raise too_complex("Embeds", self.rules.most_embeds)
            child = ReadNode(
                item.name,
                alias=item.alias,
                hint=item.hint,
                inner=item.inner,
                spread=item.spread,
                depth=node.depth + 1,
                select=item.select,
            )
            node.embeds.append(child)
            self._add_embeds(child)

    def _attach(self, root: ReadNode) -> None:
        query = self.request.query
        filters = [(self.slots.take(), path, field, operation) for _, path, field, operation in query.filters]
        logic = [(path, self._numbered(tree)) for _, path, tree in query.logic]
        bounds = [(path, self.slots.take(), self.slots.take(), value) for path, value in query.bounds.items()]
        # From the last parameter to the first, as the reference does: it shows in which of two embeds of one name is
        # meant, and in which of two mistakes is told.
        for slot, path, asked, operation in reversed(filters):
            self._node_at(root, path).filters.insert(0, (slot.position, asked, operation))
        for _, _, path, terms in reversed(query.orders):
            self._node_at(root, path).order_terms = terms
        for path, limit, offset, value in bounds:
            node = self._node_at(root, path)
            node.limit = limit if value[1] is not None or self.rules.max_rows is not None else None
            node.offset = offset if value[0] != 0 else None
        for path, tree in reversed(logic):
            self._node_at(root, path).logic.insert(0, tree)

    def _numbered(self, tree: Logic) -> NumberedLogic:
        terms = [self._numbered(t) if isinstance(t, Logic) else (self.slots.take().position, t) for t in tree.terms]
        return NumberedLogic(tree, tuple(terms))

    def _node_at(self, root: ReadNode, path: EmbedPath) -> ReadNode:
        node = root
        for name in path:
            node = self._child(node, name)
        return node

    def _child(self, node: ReadNode, name: str) -> ReadNode:
        for child in node.embeds:
            if name in (child.alias, child.name) and (self.rules.legacy_names or name == child.key):
                # What a parameter names comes first: of two mistakes the one in it is told.
                node.embeds.remove(child)
                node.embeds.insert(0, child)
                if name != child.key:
                    self.warnings.append(f"Update `{child.name}` to `{child.alias}`")
                return child
        aliased = next((child for child in node.embeds if child.name == name), None)
        if aliased is None:
            raise not_embedded(name)
        raise say(
            NOT_EMBEDDED,
            f"'{name}' is not an embedded resource in this request",
            "Target names are not allowed in filters if they have an alias",
            f"Change '{name}' to '{aliased.alias}' in filters, orders or limits.",
        )

    # Relationships, and the names that statements use.

    def _relate(self, node: ReadNode) -> None:
        for child in node.embeds:
            found = find_relationship(self.catalog, node.source, child.name, child.hint)
            child.relationship = found
            child.source = found.target
            child.table = self.catalog.tables.get(found.target)
            junction = not isinstance(found, ComputedRelationship) and found.junction is not None
            child.table_alias = None if junction else self._alias(f"{child.source.name}_{child.depth}")
            child.row_alias = self._alias(f"{node.source.name}_{child.key}_{child.depth}")
            self._relate(child)

    def _alias(self, name: str) -> str:
        # PostgreSQL would cut a longer one, and two could become one.
        if len(name.encode()) <= _LONGEST_NAME:
            return name
        self._embeds += 1
        return f"embed_{self._embeds}"

    # Columns.

    def _resolve_outputs(self, node: ReadNode, *, expand: bool) -> None:
        # What is spread as arrays, or is grouped, is named column by column, and so is all that is inside of it.
        expand = expand or _aggregates(node) or (node.spread and not node.is_to_one)
        fields = [item for item in node.select if isinstance(item, SelectField)]
        if node.depth == 0 and not node.select:
            fields = [SelectField(Field("*"))]
        for asked in fields:
            star = asked.field.name == "*" and asked.aggregate is None
            if star and node.table is not None and (expand or self._shows_less(node.table)):
                node.outputs += [Output(self._reference(c)) for c in node.table.columns.values()]
            else:
                node.outputs.append(self._output(node, asked, star=star))
        for child in node.embeds:
            self._resolve_outputs(child, expand=expand)

    def _shows_less(self, table: Table) -> bool:
        """Whether `*` would show a column that is hidden, or one that is shown differently."""
        to_json = self.catalog.representations.to_json
        return table.tenant is not None or any(column.type_oid in to_json for column in table.columns.values())

    def _output(self, node: ReadNode, asked: SelectField, *, star: bool) -> Output:
        whole = asked.field.name == "*" and asked.aggregate is not None
        column = ColumnRef("*") if star or whole else self._column(node, asked.field.name)
        output = Output(column, asked.field.path, asked.cast, asked.alias, asked.aggregate, asked.aggregate_cast)
        output.is_star, output.whole_row = star, whole
        if output.alias is None and asked.field.path and not asked.aggregate:
            keys = [step.key for step in asked.field.path if not step.is_index]
            output.alias = keys[-1] if keys else asked.field.name
        return output

    def _column(self, node: ReadNode, name: str) -> ColumnRef:
        table = node.table
        if table is None:
            return ColumnRef(name)
        column = table.columns.get(name)
        if column is not None:
            return self._reference(column)
        if table.tenant is not None and name not in table.computed and name != _COUNT:
            # PostgreSQL would look for a function of the row, and some of its own show all of it: what is hidden, too.
            raise _no_column(node.table_alias or table.name.name, name, table)
        return ColumnRef(name, table.computed.get(name))

    def _reference(self, column: Column) -> ColumnRef:
        shown = self.catalog.representations
        oid = column.type_oid
        return ColumnRef(
            column.name, column.base_type, column.is_json, oid, shown.to_json.get(oid), shown.from_text.get(oid)
        )

    # Order and conditions.

    def _resolve_order(self, node: ReadNode) -> None:
        node.sort = [self._sort_key(node, term) for term in node.order_terms]
        for child in node.embeds:
            self._resolve_order(child)

    def _sort_key(self, node: ReadNode, term: OrderTerm) -> SortKey:
        if term.relation is None:
            column = self._column(node, term.field.name)
            return SortKey(column, term.field.path, term.descending, term.nulls_first)
        related = next((child for child in node.embeds if child.key == term.relation), None)
        if related is None:
            raise not_embedded(term.relation)
        if not related.is_to_one:
            raise say(
                BAD_RELATED_ORDER,
                f"A related order on '{term.relation}' is not possible",
                f"'{node.source.name}' and '{term.relation}' do not form a many-to-one or one-to-one relationship",
            )
        column = self._column(related, term.field.name)
        return SortKey(column, term.field.path, term.descending, term.nulls_first, related.row_alias)

    def _resolve_conditions(self, node: ReadNode) -> None:
        found: list[AnyCondition] = [self._group(node, tree) for tree in node.logic]
        found += [self._condition(node, slot, asked, operation) for slot, asked, operation in node.filters]
        if self.is_write and node.depth == 0:
            self.root_conditions = found
        else:
            node.conditions = found
        for child in node.embeds:
            self._resolve_conditions(child)

    def _condition(self, node: ReadNode, slot: int, asked: Field, operation: Operation) -> AnyCondition:
        """One filter, on a column or on an embed of the same level."""
        of_write = self.is_write and node.depth == 0
        if operation.operator == "is" and operation.value == "null" and not asked.path and not of_write:
            for number, child in enumerate(node.embeds):
                if child.key == asked.name:
                    return EmbedCheck(number, is_null=not operation.negated)
        return Condition(
            self._column(node, asked.name),
            asked.path,
            operation.operator,
            operation.negated,
            operation.quantifier,
            operation.language,
            str(operation.value) if operation.operator == "is" else "",
            Argument(slot),
            is_long=operation.operator == "in" and len(operation.value) > LONG_LIST,
        )

    def _group(self, node: ReadNode, numbered: NumberedLogic) -> Group:
        terms = (
            self._group(node, term)
            if isinstance(term, NumberedLogic)
            else self._condition(node, term[0], term[1].field, term[1].operation)
            for term in numbered.terms
        )
        return Group(numbered.tree.operator, tuple(terms), numbered.tree.negated)

    # Aggregates and bounds.

    def _check_aggregates(self, root: ReadNode) -> None:
        for node in walk(root):
            if not self.rules.aggregates and any(output.aggregate for output in node.outputs):
                raise refuse(NO_AGGREGATES)

    def _bound(self, root: ReadNode) -> None:
        if not self.is_write:
            limit, offset = self.request.window
            root.limit = Argument(INPUT_LIMIT) if limit is not None or self.rules.max_rows is not None else None
            root.offset = Argument(INPUT_OFFSET) if offset else None
        for node in walk(root):
            if node.table is not None and node.table.tenant is not None and node.relationship is None:
                node.tenant = TENANT if node.table_alias is None else None
            if self.is_write:
                node.limit = node.offset = None
            elif node.depth and self.rules.max_rows is not None and node.limit is None:
                node.limit = Argument(-1, str(self.rules.max_rows))


def walk(node: ReadNode) -> Iterator[ReadNode]:
    """A node and all below it."""
    yield node
    for child in node.embeds:
        yield from walk(child)


def _no_column(relation: str, name: str, table: Table) -> AppError:
    """What PostgreSQL would say of a column that is not there."""
    close = most_similar(name, table.columns, _LEAST_LIKENESS)
    hint = f'Perhaps you meant to reference the column "{relation}.{close}".' if close else None
    return AppError("42703", 400, f"column {relation}.{name} does not exist", None, hint)


def not_embedded(name: str) -> AppError:
    """A filter, an order or a window of something that is not selected."""
    return say(
        NOT_EMBEDDED,
        f"'{name}' is not an embedded resource in this request",
        hint=f"Verify that '{name}' is included in the 'select' query parameter.",
    )


def _aggregates(node: ReadNode) -> bool:
    """Whether a node is grouped: by aggregates of its own, or of what is spread into it."""
    own = any(isinstance(item, SelectField) and item.aggregate for item in node.select)
    return own or any(child.spread and _aggregates(child) for child in node.embeds)


def _hoist(node: ReadNode) -> None:
    """Give spreads the names they hand up; aggregates of to-one spreads become their parent's."""
    for child in node.embeds:
        _hoist(child)
        if not child.spread:
            continue
        if not child.is_to_one and (_has_aggregate(child)):
            raise refuse(NOT_IMPLEMENTED, _NO_AGGREGATES_IN_SPREADS)
        child.spread_fields = list(_handed_up(child))


def _has_aggregate(node: ReadNode) -> bool:
    own = any(output.aggregate for output in node.outputs)
    return own or any(field.aggregate for child in node.embeds for field in child.spread_fields)


def _handed_up(spread: ReadNode) -> Iterable[SpreadField]:
    own = (_handed_output(output) for output in spread.outputs)
    nested = (_handed_embed(child) for child in spread.embeds if not is_empty(child))
    return chain(own, chain.from_iterable(nested))


def _handed_output(output: Output) -> SpreadField:
    if output.is_star:
        return SpreadField("*")
    if output.aggregate is None:
        return SpreadField(output.alias or output.column.name)
    name = output.alias or output.aggregate
    handed = SpreadField(name, name, output.aggregate, output.aggregate_cast)
    output.alias, output.aggregate, output.aggregate_cast = name, None, None
    return handed


def _handed_embed(child: ReadNode) -> Iterator[SpreadField]:
    if not child.spread:
        yield SpreadField(child.key)
        return
    for number, inner in enumerate(child.spread_fields):
        name = inner.alias or inner.name
        yield replace(inner, name=name, alias=name if inner.aggregate else None)
        child.spread_fields[number] = replace(inner, aggregate=None, aggregate_cast=None)


def is_empty(node: ReadNode) -> bool:
    """Whether an embed shows nothing: it is there to be filtered or ordered by."""
    return not node.outputs and all(is_empty(child) for child in node.embeds)
