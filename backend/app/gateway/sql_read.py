"""SQL of reads: one table and what is embedded in it, and the rows that are counted."""

from app.catalog.types import ComputedRelationship
from app.gateway.plan_read import is_empty
from app.gateway.sql import Composer, column_of, field_sql, ident, qualified
from app.gateway.sql_conditions import condition_sql
from app.gateway.types import AnyCondition, EmbedCheck, Group, Output, ReadNode, SortKey, SpreadField, Sql

#: Where the rows of a write or a call are read from.
SOURCE = "pgrst_source"


def relation_of(node: ReadNode) -> str:
    """What columns of a node are qualified with."""
    return ident(node.table_alias) if node.table_alias else qualified(node.source)


def tree(
    node: ReadNode,
    composer: Composer,
    *,
    source: str | None = None,
    parent: ReadNode | None = None,
    binary: bool = False,
) -> Sql:
    """The statement that reads a node. `source`: rows that stand in for its table; `binary`: they are grouped above."""
    relation = relation_of(node)
    grouped = _has_aggregate(node)
    # JSON cannot be grouped by, only its binary form; and what a spread hands up is grouped where it ends up.
    binary = binary or grouped or composer.exact_embeds
    selected = [output_sql(relation, output, composer) for output in node.outputs]
    joins: list[str] = []
    for child in node.embeds:
        joins.append(_join(node, child, composer, binary=binary))
        selected += _selected_embed(child, as_type="::jsonb" if binary else "")
    to_many_spread = node.spread and not node.is_to_one
    if to_many_spread:
        keys = (f"{sort_key_sql(relation, key, composer)} AS {_sort_name(n)}" for n, key in enumerate(node.sort))
        selected += keys
    if not node.outputs and not node.embeds:
        # Nothing is shown of it, but it may be ordered by.
        selected = [f"{relation}.*"]
    parts = [f"SELECT {', '.join(selected)} FROM {source or _from(node, relation, parent)}", *joins]
    conditions = [*join_conditions(node, parent), *own_conditions(node, relation, composer)]
    if conditions:
        parts.append("WHERE " + " AND ".join(conditions))
    if grouped:
        parts += _group_by(node, relation, composer)
    if node.sort and not to_many_spread:
        parts.append("ORDER BY " + ", ".join(sort_sql(relation, key, composer) for key in node.sort))
    parts += window_sql(node, composer)
    return Sql(" ".join(parts))


def _from(node: ReadNode, relation: str, parent: ReadNode | None) -> str:
    found = node.relationship
    if isinstance(found, ComputedRelationship):
        assert parent is not None
        row = f"{ident(parent.table_alias or parent.source.name)}::{qualified(found.source)}"
        return f"{qualified(found.function)}({row}) AS {relation}"
    source = qualified(node.source)
    if found is not None and found.junction is not None:
        return f"{source}, {qualified(found.junction.table)}"
    return f"{source} AS {relation}" if node.table_alias else source


def join_conditions(node: ReadNode, parent: ReadNode | None) -> list[str]:
    """What ties the rows of an embed to the row of its parent."""
    found = node.relationship
    if parent is None or found is None or isinstance(found, ComputedRelationship):
        return []
    relation, above = relation_of(node), relation_of(parent)
    if found.junction is None:
        return [f"{column_of(relation, theirs)} = {column_of(above, ours)}" for ours, theirs in found.pairs]
    junction = qualified(found.junction.table)
    return [
        *(f"{column_of(junction, own)} = {column_of(relation, theirs)}" for own, theirs in found.junction.target_pairs),
        *(f"{column_of(junction, own)} = {column_of(above, theirs)}" for own, theirs in found.junction.source_pairs),
    ]


def own_conditions(node: ReadNode, relation: str, composer: Composer) -> list[str]:
    """The tenant's condition and those that were asked for."""
    asked = (condition_sql(relation, item, composer, node.embeds) for item in node.conditions)
    return [*_tenant_condition(node, relation, composer), *asked]


def _tenant_condition(node: ReadNode, relation: str, composer: Composer) -> list[str]:
    tenant = node.table.tenant if node.table is not None else None
    if tenant is None or node.tenant is None:
        return []
    return [f"{column_of(relation, tenant.name)} = {composer.text(node.tenant, tenant.base_type)}"]


def window_sql(node: ReadNode, composer: Composer) -> list[str]:
    """Limit and offset, as far as there are any."""
    parts: list[str] = []
    for word, bound in (("LIMIT", node.limit), ("OFFSET", node.offset)):
        if bound is not None:
            value = composer.put(bound) if bound.constant is None else composer.text(bound)
            parts.append(f"{word} {value}::int8")
    return parts


# Outputs.


def output_sql(relation: str, output: Output, composer: Composer) -> str:
    """One item of a select list."""
    column = output.column
    if output.is_star:
        return f"{relation}.*"
    if output.whole_row:
        text = f"{relation}.*" if output.aggregate else relation
    else:
        text = field_sql(relation, column, output.path, composer)
    transformed = column.to_json is not None and not output.path and not output.aggregate and not output.cast
    if transformed:
        text = f"{column.to_json}({text})"
    if output.cast:
        text = f"CAST({text} AS {output.cast})"
    if output.aggregate:
        text = f"{output.aggregate.upper()}({text})"
    if output.aggregate and output.aggregate_cast:
        text = f"CAST({text} AS {output.aggregate_cast})"
    alias = output.alias or (column.name if transformed else None)
    return f"{text} AS {ident(alias)}" if alias else text


def _selected_embed(child: ReadNode, *, as_type: str) -> list[str]:
    """What an embed adds to the select list of its parent."""
    if is_empty(child):
        return []
    row = ident(child.row_alias)
    if child.spread:
        return [_spread_sql(row, field) for field in child.spread_fields]
    if child.is_to_one:
        return [f"row_to_json({row}.*){as_type} AS {ident(child.key)}"]
    return [f"COALESCE({row}.{row}, '[]'){as_type} AS {ident(child.key)}"]


def _spread_sql(row: str, field: SpreadField) -> str:
    if field.name == "*" and field.aggregate is None:
        return f"{row}.*"
    text = column_of(row, field.name)
    if field.aggregate:
        text = f"{field.aggregate.upper()}({text})"
    if field.aggregate_cast:
        text = f"CAST({text} AS {field.aggregate_cast})"
    return f"{text} AS {ident(field.alias)}" if field.alias else text


def _join(parent: ReadNode, child: ReadNode, composer: Composer, *, binary: bool) -> str:
    row = ident(child.row_alias)
    inner = tree(child, composer, parent=parent, binary=binary and child.spread)
    how = "INNER" if child.inner else "LEFT"
    if child.is_to_one:
        return f"{how} JOIN LATERAL ({inner}) AS {row} ON TRUE"
    on = f"{row} IS NOT NULL" if child.inner else "TRUE"
    gathered = _gathered(child, row, as_type="::jsonb" if binary else "")
    return f"{how} JOIN LATERAL (SELECT {gathered} FROM ({inner}) AS {row}) AS {row} ON {on}"


def _gathered(child: ReadNode, row: str, *, as_type: str) -> str:
    """The rows of a to-many embed as one array; of a spread, each of its fields as one."""
    parts = [f"json_agg({row}) AS {row}"]
    if child.spread:
        order = ", ".join(f"{row}.{_sort_name(n)}{_direction(key)}" for n, key in enumerate(child.sort))
        order = f" ORDER BY {order}" if order else ""
        for field in child.spread_fields:
            values = f"COALESCE(json_agg({column_of(row, field.name)}{order}), '[]'){as_type}"
            parts.append(f"{values} AS {ident(field.name)}")
    return ", ".join(parts)


def _sort_name(number: int) -> str:
    return ident(f"pgrst_order_{number}")


# Grouping, order.


def _has_aggregate(node: ReadNode) -> bool:
    own = any(output.aggregate for output in node.outputs)
    return own or any(field.aggregate for child in node.embeds for field in child.spread_fields)


def _group_by(node: ReadNode, relation: str, composer: Composer) -> list[str]:
    terms = [_grouping(relation, output, composer) for output in node.outputs if not output.aggregate]
    for child in node.embeds:
        if is_empty(child):
            continue
        row = ident(child.row_alias)
        if child.spread:
            terms += [column_of(row, field.name) for field in child.spread_fields if not field.aggregate]
        else:
            terms.append(ident(child.key))
    return [f"GROUP BY {', '.join(terms)}"] if terms else []


def _grouping(relation: str, output: Output, composer: Composer) -> str:
    if output.alias:
        return ident(output.alias)
    return field_sql(relation, output.column, output.path, composer)


def sort_sql(relation: str, key: SortKey, composer: Composer) -> str:
    """One term of an order."""
    return sort_key_sql(relation, key, composer) + _direction(key)


def sort_key_sql(relation: str, key: SortKey, composer: Composer) -> str:
    """What is ordered by."""
    owner = ident(key.relation) if key.relation else relation
    return field_sql(owner, key.column, key.path, composer)


def _direction(key: SortKey) -> str:
    text = "" if key.descending is None else " DESC" if key.descending else " ASC"
    if key.nulls_first is None:
        return text
    return text + (" NULLS FIRST" if key.nulls_first else " NULLS LAST")


# Counting.


def count_query(
    node: ReadNode,
    composer: Composer,
    *,
    parent: ReadNode | None = None,
    source: str | None = None,
    limit: int | None = None,
    images: bool = False,
) -> Sql:
    """One row for each row of a node that its conditions and its inner embeds let through: a 1, or its image."""
    relation = relation_of(node)
    conditions = [*join_conditions(node, parent), *_tenant_condition(node, relation, composer)]
    conditions += [_counted(node, relation, item, composer) for item in node.conditions]
    conditions += [f"EXISTS ({count_query(child, composer, parent=node)})" for child in node.embeds if child.inner]
    where = " WHERE " + " AND ".join(conditions) if conditions else ""
    at_most = f" LIMIT {composer.constant(str(limit), 'int8')}" if limit is not None else ""
    shown = f"({relation}.*)::text" if images else "1"
    return Sql(f"SELECT {shown} FROM {source or _from(node, relation, parent)}{where}{at_most}")


def _counted(node: ReadNode, relation: str, item: AnyCondition, composer: Composer) -> str:
    if isinstance(item, Group):
        inner = f" {item.operator.upper()} ".join(_counted(node, relation, term, composer) for term in item.terms)
        return f"NOT ({inner})" if item.negated else f"({inner})"
    if isinstance(item, EmbedCheck):
        exists = f"EXISTS ({count_query(node.embeds[item.embed], composer, parent=node)})"
        return f"NOT {exists}" if item.is_null else exists
    return condition_sql(relation, item, composer, node.embeds)
