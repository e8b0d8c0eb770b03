"""What holds for every text, and for every query that can be written."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from app.errors import AppError
from app.gateway import filter_grammar, lexemes, order_grammar, select_grammar
from app.gateway.combinators import Failure, Parser, Success, Unparsable, parse
from app.gateway.filter_grammar import FULL_TEXT, IS_VALUES, OPERATION_PARSER, QUANTIFIED, SIMPLE, tree_grammar
from app.gateway.grammar import (
    MAX_DEPTH,
    TooDeep,
    parse_columns,
    parse_filter_key,
    parse_logic_key,
    parse_logic_tree,
    parse_on_conflict,
    parse_operation,
    parse_order,
    parse_order_key,
    parse_select,
    parse_window_key,
    try_operation,
)
from app.gateway.order_grammar import ORDER
from app.gateway.query import (
    Field,
    Filter,
    JsonStep,
    Logic,
    Operation,
    OrderTerm,
    SelectEmbed,
    SelectField,
    SelectItem,
)
from app.gateway.regular import Rule
from app.gateway.select_grammar import select_grammar as select_parser
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = [
    *'()[]{}<>.,:;!?*"\\-+/ \t\n019_$aAzéß²٣\u0301',
    *(
        "->",
        "->>",
        "::",
        "...",
        "not.",
        "and",
        "or",
        "and(",
        "or(",
        "id",
        "a b",
        '"a"',
        '"x\\"',
        "{a}",
        "(any)",
        "(all)",
    ),
    *("count()", ".sum()", "max", "left", "inner", "asc", "desc", "nullsfirst", ".nullslast", "eq.", ".eq.1", "a.eq.1"),
    *("in.", "in.(", ".in.(1,2)", "is.", ".is.null", "fts", "fts(", "neq.", "isdistinct.", "like", "is.NOT_null"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=12)
PARSERS: dict[str, Parser[Any]] = {
    "select": select_parser(max_depth=MAX_DEPTH, refusal=TooDeep),
    "tree": tree_grammar(max_depth=MAX_DEPTH, refusal=TooDeep),
    "order": ORDER,
    "operation": OPERATION_PARSER,
}
RULES = {
    "name": lexemes.NAME,
    "identifier": lexemes.IDENTIFIER,
    "quoted": lexemes.QUOTED,
    "path": lexemes.JSON_PATH,
    "column": lexemes.column(),
    "head": select_grammar.HEAD,
    "field": select_grammar.FIELD,
    "operation": filter_grammar.OPERATION,
    "condition": filter_grammar.CONDITION,
    "group": filter_grammar.GROUP,
    "term": order_grammar.TERM,
}


def parse_tree(text: str) -> Filter | Logic:
    return parse_logic_tree("or", text)


EVERY_FUNCTION: list[Callable[[str], object]] = [
    parse_select,
    parse_columns,
    parse_on_conflict,
    parse_order,
    parse_filter_key,
    parse_order_key,
    parse_window_key,
    parse_operation,
    try_operation,
    parse_logic_key,
    parse_tree,
]


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    refusals = [error for parsed in EVERY_FUNCTION if (error := refusal(parsed, text))]
    assert {error.code for error in refusals} <= {"PGRST100"}
    assert all(re.search(r"\(line 1, column [1-9]\d*\)\Z", error.message) for error in refusals)
    assert all(str(error.details).startswith("unexpected ") for error in refusals)


def refusal(parsed: Callable[[str], object], text: str) -> AppError | None:
    try:
        parsed(text)
    except AppError as error:
        return error
    except TooDeep:
        return None
    return None


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_both_readings_decide_alike(name: str, text: str) -> None:
    parser = PARSERS[name]
    fast, explained = parser.fast(text, 0, 0), parser.explain(text, 0, 0)
    if isinstance(explained, Success):
        assert fast == (explained.value, explained.end)
    else:
        assert isinstance(explained, Failure)
        assert fast is (False if explained.consumed else None)
        assert explained.why() is not None


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=120, deadline=None)
@given(text=TEXTS)
def test_the_pattern_of_a_rule_decides_as_its_steps_do(name: str, text: str) -> None:
    rule = RULES[name]
    for position in range(len(text) + 1):
        reply = rule.explain(text, position)
        assert end_of(rule, text, position) == reply.end
        if reply.end < 0:
            assert is_trapped(rule, text, position) == reply.consumed


def end_of(rule: Rule, text: str, position: int) -> int:
    found = re.compile(rule.pattern).match(text, position)
    return found.end() if found else -1


def is_trapped(rule: Rule, text: str, position: int) -> bool:
    return rule.trap is not None and re.compile(rule.trap).match(text, position) is not None


OPERATORS = (*SIMPLE, *QUANTIFIED, *FULL_TEXT, "isdistinct", "in", "is", "not", "eqq", "e")


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(OPERATORS), st.sampled_from(["", ".", "..", "(any).", "(fr)."]), st.text(max_size=8))
def test_the_short_way_to_an_operation_leads_to_the_same(operator: str, dot: str, value: str) -> None:
    text = f"{operator}{dot}{value}"
    assert outcome(parse_operation, text) == outcome(lambda text: parse(OPERATION_PARSER, text), text)


def outcome(parsed: Callable[[str], object], text: str) -> object:
    try:
        return parsed(text)
    except (AppError, Unparsable) as refused:
        return refused.details


# What a query is made of, and how it is written. Names are written with quotes unless they are plain.

ANY_NAME = st.sampled_from(["id", "title", "first name", "a-b", "count", "not", "and", "is", "x"]) | st.text(max_size=5)
PLAIN_NAME = re.compile(r"[A-Za-z0-9_$]+(?:[ -][A-Za-z0-9_$]+)*\Z")
#: An index is one only where nothing but certain characters can follow; keys that look like one are quoted.
STEPS = st.builds(JsonStep, ANY_NAME, st.booleans(), st.just(False)) | st.builds(
    JsonStep, st.integers(-99, 99).map(str), st.booleans(), st.just(True)
)
KEY_STEPS = st.builds(JsonStep, ANY_NAME, st.booleans(), st.just(False))
TYPES = st.sampled_from(["int", "text", "double precision", "numeric"])
AGGREGATES = st.sampled_from(["sum", "avg", "count", "max", "min"])


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_text(name: str) -> str:
    return name if PLAIN_NAME.match(name) else quoted(name)


def hint_text(name: str) -> str:
    return quoted(name) if name.startswith(("left", "inner")) else name_text(name)


def field_text(field: Field) -> str:
    return name_text(field.name) + "".join(step_text(step) for step in field.path)


def step_text(step: JsonStep) -> str:
    return ("->>" if step.as_text else "->") + (step.key if step.is_index else quoted(step.key))


def fields(steps: st.SearchStrategy[JsonStep]) -> st.SearchStrategy[Field]:
    return st.builds(Field, ANY_NAME, st.lists(steps, max_size=2).map(tuple))


#: The last step may be followed by a parenthesis: no index there.
SELECT_FIELDS = st.builds(
    SelectField, fields(KEY_STEPS), st.none() | ANY_NAME, st.none() | TYPES, st.none() | AGGREGATES, st.none()
) | st.builds(SelectField, st.just(Field("*")), st.none() | ANY_NAME, st.none(), st.just("count"), st.none() | TYPES)


def embeds(items: st.SearchStrategy[SelectItem]) -> st.SearchStrategy[SelectItem]:
    inside = st.lists(items, max_size=3).map(tuple)
    # An embed that is called count would be an aggregate.
    names = ANY_NAME.filter(lambda name: name != "count")
    hints = st.none() | ANY_NAME
    spread = st.builds(SelectEmbed, ANY_NAME, inside, st.none(), hints, st.booleans(), st.just(True))
    return spread | st.builds(SelectEmbed, names, inside, st.none() | ANY_NAME, hints, st.booleans())


ITEMS: st.SearchStrategy[SelectItem] = st.recursive(SELECT_FIELDS, embeds, max_leaves=8)


def item_text(item: SelectItem) -> str:
    alias = "" if item.alias is None else f"{name_text(item.alias)}:"
    if isinstance(item, SelectEmbed):
        hint = "" if item.hint is None else f"!{hint_text(item.hint)}"
        inside = ",".join(map(item_text, item.select))
        target = f"{alias}{name_text(item.name)}{hint}{'!inner' if item.inner else ''}"
        return f"{'...' if item.spread else ''}{target}({inside})"
    if item.field.name == "*" and item.aggregate == "count" and not item.field.path:
        counted = "count()"
    else:
        counted = field_text(item.field) + (f"::{item.cast}" if item.cast else "")
        counted += f".{item.aggregate}()" if item.aggregate else ""
    return alias + counted + (f"::{item.aggregate_cast}" if item.aggregate_cast else "")


@settings(max_examples=120, deadline=None)
@given(st.lists(ITEMS, max_size=4).map(tuple))
def test_a_select_that_is_written_is_read_again(items: tuple[SelectItem, ...]) -> None:
    assert parse_select(",".join(map(item_text, items))) == items
    assert parse_select(", ".join(map(item_text, items))) == items


@settings(max_examples=120, deadline=None)
@given(st.lists(ANY_NAME, max_size=3).map(tuple), fields(STEPS))
def test_a_key_that_is_written_is_read_again(path: tuple[str, ...], field: Field) -> None:
    assert parse_filter_key("".join(f"{name_text(name)}." for name in path) + field_text(field)) == (path, field)


@settings(max_examples=120, deadline=None)
@given(st.lists(ANY_NAME, min_size=1, max_size=4, unique=True).map(tuple))
def test_names_that_are_written_are_read_again(names: tuple[str, ...]) -> None:
    assert parse_columns(",".join(map(name_text, names))) == names
    assert parse_on_conflict(" , ".join(map(name_text, names))) == names


MAYBE = st.none() | st.booleans()
TERMS = st.builds(OrderTerm, fields(STEPS), st.none(), MAYBE, MAYBE) | st.builds(
    OrderTerm, fields(KEY_STEPS), ANY_NAME, MAYBE, MAYBE
)


def term_text(term: OrderTerm) -> str:
    field = field_text(term.field)
    text = field if term.relation is None else f"{name_text(term.relation)}({field})"
    text += "" if term.descending is None else ".desc" if term.descending else ".asc"
    return text + ("" if term.nulls_first is None else ".nullsfirst" if term.nulls_first else ".nullslast")


@settings(max_examples=120, deadline=None)
@given(st.lists(TERMS, min_size=1, max_size=3).map(tuple))
def test_an_order_that_is_written_is_read_again(terms: tuple[OrderTerm, ...]) -> None:
    assert parse_order(",".join(map(term_text, terms))) == terms


#: A list of one empty element is the empty list.
ELEMENTS = st.lists(st.text(max_size=4), max_size=3).map(tuple).filter(lambda elements: elements != ("",))
OPERATIONS = (
    st.builds(Operation, st.sampled_from((*SIMPLE, "isdistinct")), st.text(max_size=6), st.booleans())
    | st.builds(
        Operation,
        st.sampled_from(QUANTIFIED),
        st.text(max_size=6),
        st.booleans(),
        st.sampled_from([None, "any", "all"]),
    )
    | st.builds(Operation, st.sampled_from(FULL_TEXT), st.text(max_size=6), st.booleans(), st.none(), st.none() | TYPES)
    | st.builds(Operation, st.just("is"), st.sampled_from(IS_VALUES), st.booleans())
    | st.builds(Operation, st.just("in"), ELEMENTS, st.booleans())
)


def operation_text(operation: Operation, *, in_tree: bool) -> str:
    value = operation.value
    if isinstance(value, tuple):
        written = f"({','.join(map(quoted, value))})"
    else:
        written = quoted(value) if in_tree and operation.operator != "is" else value
    extra = operation.quantifier or operation.language
    return f"{'not.' if operation.negated else ''}{operation.operator}{f'({extra})' if extra else ''}.{written}"


@settings(max_examples=120, deadline=None)
@given(OPERATIONS)
def test_an_operation_that_is_written_is_read_again(operation: Operation) -> None:
    assert parse_operation(operation_text(operation, in_tree=False)) == operation
    assert try_operation(operation_text(operation, in_tree=False)) == operation


def groups(terms: st.SearchStrategy[Filter | Logic]) -> st.SearchStrategy[Filter | Logic]:
    inside = st.lists(terms, min_size=1, max_size=3).map(tuple)
    return st.builds(Logic, st.sampled_from(["and", "or"]), inside, st.booleans())


FILTERS: st.SearchStrategy[Filter | Logic] = st.builds(Filter, fields(STEPS), OPERATIONS)
TREES = groups(st.recursive(FILTERS, groups, max_leaves=8))


def tree_text(tree: Filter | Logic) -> str:
    if isinstance(tree, Filter):
        return f"{field_text(tree.field)}.{operation_text(tree.operation, in_tree=True)}"
    inside = ",".join(map(tree_text, tree.terms))
    return f"{'not.' if tree.negated else ''}{tree.operator}({inside})"


@settings(max_examples=120, deadline=None)
@given(TREES)
def test_a_tree_that_is_written_is_read_again(tree: Logic) -> None:
    operator, opening, inside = tree_text(tree).partition("(")
    assert parse_logic_tree(operator, opening + inside) == tree


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 200, 50_000])
def test_nesting_without_end_is_refused_before_the_stack_ends(depth: int) -> None:
    with pytest.raises(TooDeep):
        parse_select("a(" * depth)
    with pytest.raises(TooDeep):
        parse_tree("(and" * depth + "(")
