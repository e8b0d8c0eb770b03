"""The one place, with its neighbours `sql_write.py` and `sql_call.py`, where SQL is composed.

Every name is quoted by `ident`, every value is an `Argument` that becomes `$n`, read by PostgreSQL from text. Types
that casts of a request name have passed the grammar: letters, digits, spaces, nothing that could end them.
"""

from collections.abc import Sequence

from app.catalog.types import INFERRED, ComputedRelationship, Name
from app.errors import AppError
from app.gateway.operators import KEYWORDS, OPERATORS, PATTERN_TYPES, TEXT_SEARCH, TEXT_TYPES
from app.gateway.plan_read import is_empty
from app.gateway.query import JsonStep
from app.gateway.types import (
    AnyCondition,
    Argument,
    ColumnRef,
    Condition,
    EmbedCheck,
    Group,
    Output,
    ReadNode,
    SortKey,
    SpreadField,
    Sql,
)

SOURCE = "pgrst_source"


class Composer:
    """Collects the arguments of one statement."""

    def __init__(self, *, exact_embeds: bool = False) -> None:
        self.arguments: list[Argument] = []
        self.exact_embeds = exact_embeds

    def put(self, argument: Argument) -> str:
        """The placeholder of a value."""
        self.arguments.append(argument)
        return f"${len(self.arguments)}"

    def text(self, argument: Argument, as_type: str | None = None) -> str:
        """A value that travels as text, read as a type."""
        if as_type == INFERRED:
            return self.put(argument)
        placeholder = f"{self.put(argument)}::text"
        return placeholder if as_type is None or as_type in TEXT_TYPES else f"{placeholder}::{as_type}"

    def constant(self, value: str, as_type: str | None = None) -> str:
        """A value of the plan."""
        return self.text(Argument(-1, value), as_type)


def ident(name: str) -> str:
    """A quoted identifier."""
    if "\0" in name:
        raise AppError("22021", 400, 'invalid byte sequence for encoding "UTF8": 0x00')
    return '"' + name.replace('"', '""') + '"'


def qualified(name: Name) -> str:
    """A quoted name in its schema."""
    return f"{ident(name.schema)}.{ident(name.name)}"


def function_call(name: str) -> Sql:
    """The call of a function that settings name, with its schema or without."""
    return Sql(f"SELECT {'.'.join(ident(part.strip().strip(chr(34))) for part in name.split('.', 1))}()")


def relation_of(node: ReadNode) -> str:
    """What columns of a node are qualified with."""
    return ident(node.table_alias) if node.table_alias else qualified(node.source)


def column_of(relation: str, name: str) -> str:
    """A column, qualified."""
    return f"{relation}.{ident(name)}"


# Reading: one table and what is embedded in it.


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
    tenant = node.table.tenant if node.table is not None else None
    found: list[str] = []
    if tenant is not None and node.tenant is not None:
        found.append(f"{column_of(relation, tenant.name)} = {composer.text(node.tenant, tenant.base_type)}")
    return found + [condition_sql(relation, item, composer, node.embeds) for item in node.conditions]


def window_sql(node: ReadNode, composer: Composer) -> list[str]:
    """Limit and offset, as far as there are any."""
    parts: list[str] = []
    for word, bound in (("LIMIT", node.limit), ("OFFSET", node.offset)):
        if bound is not None:
            value = composer.put(bound) if bound.constant is None else composer.text(bound)
            parts.append(f"{word} {value}::int8")
    return parts


# Outputs.


def field_sql(relation: str, column: ColumnRef, path: Sequence[JsonStep], composer: Composer) -> str:
    """A column, or what is at a path inside of it."""
    text = column_of(relation, column.name)
    if not path:
        return text
    if not column.is_json:
        text = f"to_jsonb({text})"
    for step in path:
        key = composer.constant(step.key, "int" if step.is_index else None)
        text += f"{'->>' if step.as_text else '->'}{key}"
    return text


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


# Conditions.


def condition_sql(relation: str, item: AnyCondition, composer: Composer, embeds: Sequence[ReadNode]) -> str:
    """A condition, or a group of them, as it stands in WHERE."""
    if isinstance(item, Group):
        inner = f" {item.operator.upper()} ".join(condition_sql(relation, t, composer, embeds) for t in item.terms)
        return f"NOT ({inner})" if item.negated else f"({inner})"
    if isinstance(item, EmbedCheck):
        how = "IS NOT DISTINCT FROM" if item.is_null else "IS DISTINCT FROM"
        return f"{ident(embeds[item.embed].row_alias)} {how} NULL"
    text = comparison_sql(relation, item, composer)
    return f"NOT {text}" if item.negated else text


def comparison_sql(relation: str, item: Condition, composer: Composer) -> str:
    """A filter without its negation."""
    left = field_sql(relation, item.column, item.path, composer)
    if item.operator == "is":
        return f"{left} IS {KEYWORDS[item.keyword]}"
    if item.operator in TEXT_SEARCH:
        return _text_search(left, item, composer)
    value_type = _type_of(item)
    if item.operator == "in":
        return f"{left} = {_any_of(item, value_type, composer)}"
    operator = OPERATORS[item.operator]
    if operator.value == "text" and value_type not in PATTERN_TYPES:
        value_type = None
    elif operator.of_sets and (value_type is None or value_type in TEXT_TYPES):
        # Text has none of these: PostgreSQL says so best when it is not told of a type.
        value_type = INFERRED
    reads = item.column.from_text if not item.path and operator.value == "column" else None
    if reads is not None and item.operator != "isdistinct":
        value = f"{reads}({composer.text(item.argument)})"
    elif item.quantifier:
        value = _array(value_type, composer, item.argument)
    else:
        value = composer.text(item.argument, value_type)
    return f"{left} {operator.symbol} {f'{item.quantifier.upper()}({value})' if item.quantifier else value}"


def _any_of(item: Condition, value_type: str | None, composer: Composer) -> str:
    if item.column.from_text is not None and not item.path:
        return f"ANY ((SELECT {item.column.from_text}(unnest({composer.text(item.argument)}::text[]))))"
    return f"ANY ({_array(value_type, composer, item.argument)})"


def _array(value_type: str | None, composer: Composer, argument: Argument) -> str:
    if value_type == INFERRED:
        return composer.put(argument._replace(is_array=True))
    element = value_type or "text"
    if element.endswith("[]"):
        raise AppError("42704", 400, f"could not find array type for data type {element}")
    return f"{composer.text(argument)}::{element}[]"


def _type_of(item: Condition) -> str | None:
    """What a value is read as to be compared with this field."""
    if not item.path:
        return item.column.base_type
    if item.path[-1].as_text:
        return None
    return "json" if item.column.base_type == "json" and item.column.is_json else "jsonb"


def _text_search(left: str, item: Condition, composer: Composer) -> str:
    language = composer.constant(item.language, "regconfig") + ", " if item.language else ""
    if item.path or item.column.base_type != "tsvector":
        left = f"to_tsvector({language}{left})"
        language = composer.constant(item.language, "regconfig") + ", " if item.language else ""
    return f"{left} @@ {TEXT_SEARCH[item.operator]}({language}{composer.text(item.argument)})"


# Counting.


def count_query(
    node: ReadNode,
    composer: Composer,
    *,
    parent: ReadNode | None = None,
    source: str | None = None,
    limit: int | None = None,
) -> Sql:
    """One row for each row of a node that its conditions and its inner embeds let through."""
    relation = relation_of(node)
    tenant = node.table.tenant if node.table is not None else None
    conditions = join_conditions(node, parent)
    if tenant is not None and node.tenant is not None:
        conditions.append(f"{column_of(relation, tenant.name)} = {composer.text(node.tenant, tenant.base_type)}")
    conditions += [_counted(node, relation, item, composer) for item in node.conditions]
    conditions += [f"EXISTS ({count_query(child, composer, parent=node)})" for child in node.embeds if child.inner]
    where = " WHERE " + " AND ".join(conditions) if conditions else ""
    at_most = f" LIMIT {composer.constant(str(limit), 'int8')}" if limit is not None else ""
    return Sql(f"SELECT 1 FROM {source or _from(node, relation, parent)}{where}{at_most}")


def _counted(node: ReadNode, relation: str, item: AnyCondition, composer: Composer) -> str:
    if isinstance(item, Group):
        inner = f" {item.operator.upper()} ".join(_counted(node, relation, term, composer) for term in item.terms)
        return f"NOT ({inner})" if item.negated else f"({inner})"
    if isinstance(item, EmbedCheck):
        exists = f"EXISTS ({count_query(node.embeds[item.embed], composer, parent=node)})"
        return f"NOT {exists}" if item.is_null else exists
    return condition_sql(relation, item, composer, node.embeds)
