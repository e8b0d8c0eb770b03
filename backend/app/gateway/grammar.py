"""The query dialect's grammar: texts of the query string in, the types of `query.py` out.

Which parameter is what, percent-decoding, and whatever needs the catalog is not here. A text that is not of the
grammar is refused with PGRST100, which says where and why in the words of the dialect's reference implementation;
one that is nested too deeply with `TooDeep`. What follows a complete parse is ignored, but for orders.

How the parts are written is in `lexemes.py`, `select_grammar.py`, `filter_grammar.py` and `order_grammar.py`.
"""

from typing import TypeVar

from app.errors import AppError, ErrorSpec
from app.gateway.combinators import Parser, Unparsable, list_of, parse, token
from app.gateway.filter_grammar import OPERATION_PARSER, PLAIN, tree_grammar
from app.gateway.lexemes import COMMA, DELIMITER, JSON_PATH, NAME, name_of, names_of, steps_of
from app.gateway.order_grammar import ORDER
from app.gateway.query import EmbedPath, Field, Filter, Logic, Operation, OrderTerm, SelectItem
from app.gateway.regular import captured, separated, sequence
from app.gateway.remembered import remembered
from app.gateway.select_grammar import select_grammar

T = TypeVar("T")

MALFORMED_QUERY = ErrorSpec("PGRST100", 400, "The query string is not of the dialect")

#: How often an embed may stand inside an embed, and a logic tree inside a logic tree, the outermost counted.
MAX_DEPTH = 32


class TooDeep(Exception):
    """Embeds or logic trees are nested more deeply than `MAX_DEPTH`."""


_SELECT = select_grammar(max_depth=MAX_DEPTH, refusal=TooDeep)
_TREE = tree_grammar(max_depth=MAX_DEPTH, refusal=TooDeep)
_NAMES = list_of(token(NAME, lambda found: name_of(found[0])), COMMA)
_PATH = captured("names", separated(NAME, DELIMITER))
_TREE_PATH = token(
    sequence(_PATH, captured("path", JSON_PATH)), lambda found: (names_of(found["names"]), steps_of(found))
)
_LOGIC_PATH = token(_PATH, lambda found: names_of(found["names"]))


@remembered(256)
def parse_select(value: str) -> tuple[SelectItem, ...]:
    """What is to be shown. Nothing named, also by something that does not begin as an item, means all columns."""
    return _read(_SELECT, value, "select parameter", value)


@remembered(256)
def parse_columns(value: str) -> tuple[str, ...]:
    """The keys of a payload that are used, each once."""
    return tuple(dict.fromkeys(_read(_NAMES, value, "columns parameter", value)))


@remembered(256)
def parse_on_conflict(value: str) -> tuple[str, ...]:
    """The columns of a conflict target."""
    return _read(_NAMES, value, "on_conflict parameter", value)


@remembered(256)
def parse_order(value: str) -> tuple[OrderTerm, ...]:
    """Sort keys, the first one first."""
    return _read(ORDER, value, "order", value)


@remembered(256)
def parse_filter_key(key: str) -> tuple[EmbedPath, Field]:
    """The field that a filter is on, and the embed that it belongs to.

    >>> parse_filter_key("authors.data->>city")
    (('authors',), Field(name='data', path=(JsonStep(key='city', as_text=True, is_index=False),)))
    """
    names, steps = _read(_TREE_PATH, key, "tree path", key)
    return names[:-1], Field(names[-1], steps)


def parse_order_key(key: str) -> EmbedPath:
    """The embed that a key like `a.b.order` is for."""
    return parse_filter_key(key)[0]


def parse_window_key(key: str) -> EmbedPath:
    """The embed that a key like `a.b.limit` or `a.b.offset` is for."""
    return parse_filter_key(key)[0]


def parse_operation(value: str) -> Operation:
    """What a filter does with its field. In most of them the value follows the operator at once: they are not parsed.

    >>> parse_operation("not.eq(any).{1,2}")
    Operation(operator='eq', value='{1,2}', negated=True, quantifier='any', language=None)
    """
    operator, delimiter, rest = value.partition(".")
    if delimiter and operator in PLAIN:
        return Operation(operator, rest)
    return _read(OPERATION_PARSER, value, "filter", value)


def try_operation(value: str) -> Operation | None:
    """The same for a text that need not be an operation: None if it does not even begin as one."""
    operator, delimiter, rest = value.partition(".")
    if delimiter and operator in PLAIN:
        return Operation(operator, rest)
    # None, not False: it failed before anything that there is no way back from.
    if OPERATION_PARSER.fast(value, 0, 0) is None:
        return None
    return _read(OPERATION_PARSER, value, "filter", value)


@remembered(256)
def parse_logic_key(key: str) -> tuple[EmbedPath, bool, str]:
    """The embed that a key like `a.not.or` is for, whether it is negated, and its last word.

    That is `and` or `or`, unless a character that needs quotes hides it (`a:b.or` ends with `a`):
    the tree's parser says what is wrong then.
    """
    names = _read(_LOGIC_PATH, key, "logic path", key)
    return tuple(name for name in names[:-1] if name != "not"), "not" in names, names[-1]


def parse_logic_tree(operator_text: str, value: str) -> Filter | Logic:
    """The tree that an operator (`or`, `not.and`) and a value make, glued: without parentheses they are a filter.

    >>> parse_logic_tree("or", "a.eq.1").field.name
    'ora'
    """
    return _read(_TREE, operator_text + value, "logic tree", value)


def _read(parser: Parser[T], text: str, source: str, told: str) -> T:
    try:
        return parse(parser, text)
    except Unparsable as problem:
        message = f'"failed to parse {source} ({told})" (line 1, column {problem.position + 1})'
        raise AppError(MALFORMED_QUERY.code, MALFORMED_QUERY.status, message, problem.details) from None
