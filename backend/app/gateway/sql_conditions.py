"""SQL of conditions: filters, and groups of them, as they stand in WHERE."""

from collections.abc import Sequence

from app.catalog.types import INFERRED
from app.errors import AppError
from app.gateway.operators import KEYWORDS, OPERATORS, PATTERN_TYPES, TEXT_SEARCH, TEXT_TYPES
from app.gateway.sql import Composer, field_sql, ident
from app.gateway.types import AnyCondition, Argument, Condition, EmbedCheck, Group, ReadNode


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
    array = _array(value_type, composer, item.argument)
    if item.is_long and value_type != INFERRED:
        # A cast from text to an array is no constant: PostgreSQL would read the list anew for each row.
        array = f"SELECT unnest({array})"
    return f"ANY ({array})"


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
