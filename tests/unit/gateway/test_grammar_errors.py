"""What is said of texts that are not of the query dialect: the source, the column, what was met and expected."""

from collections.abc import Callable

import pytest
from app.errors import AppError, declared_errors
from app.gateway.grammar import (
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

NAME = "field name (* or [a..z0..9_$])"
OPERATOR = "operator (eq, gt, ...)"
DOT = "delimiter (.)"
IS = "isVal: (null, not_null, true, false, unknown)"
KEY = "any non reserved character different from: .,>()"
NOT = "negation operator (not)"
LOGIC = "logic operator (and, or)"
ITEM = f'"...", {NAME}, "*"'
AFTER_NAME = 'letter, digit, "-", "->>", "->"'
AFTER_FIELD = f'{AFTER_NAME}, "::", ".", ")", "," or end of input'

FILTERS = [
    ("foo.1", 1, f'unexpected "f" expecting "not" or {OPERATOR}'),
    ("", 1, f'unexpected end of input expecting "not" or {OPERATOR}'),
    ('"', 1, f'unexpected "\\"" expecting "not" or {OPERATOR}'),
    ("é", 1, f'unexpected "\\233" expecting "not" or {OPERATOR}'),
    ("\t", 1, f'unexpected "\\t" expecting "not" or {OPERATOR}'),
    ("\x00\x7f", 1, f'unexpected "\\NUL" expecting "not" or {OPERATOR}'),
    ("nope.1", 1, f'unexpected "p" expecting "not" or {OPERATOR}'),
    ("not", 4, f"unexpected end of input expecting {DOT}"),
    ("not.5", 5, f'unexpected "5" expecting {OPERATOR}'),
    ("not.not.eq.5", 5, f'unexpected "n" expecting {OPERATOR}'),
    ("eq", 3, f"unexpected end of input expecting {OPERATOR}"),
    ("eqx.1", 3, f'unexpected "x" expecting {OPERATOR}'),
    ("EQ.1", 1, f'unexpected "E" expecting "not" or {OPERATOR}'),
    ("eq(any", 7, f"unexpected end of input expecting {OPERATOR}"),
    ("eq(foo).1", 4, f'unexpected "f" expecting {OPERATOR}'),
    ("neq(any).{1}", 4, f'unexpected "(" expecting {OPERATOR}'),
    ("fts(a b.", 8, f'unexpected "." expecting {OPERATOR}'),
    ("is.maybe", 4, f'unexpected "m" expecting {IS}'),
    ("is.nul", 7, f"unexpected end of input expecting {IS}"),
    ("is.nope", 6, f'unexpected "p" expecting {IS}'),
    ("is.", 4, f"unexpected end of input expecting {IS}"),
    ("in.5", 4, 'unexpected "5" expecting "("'),
    ("in.(1", 6, 'unexpected end of input expecting "," or ")"'),
    ('in.("abc', 9, 'unexpected end of input expecting "," or ")"'),
    ('in.("abc",', 11, 'unexpected end of input expecting "," or ")"'),
]

ORDERS = [
    ("", 1, f"unexpected end of input expecting {NAME}"),
    ("title,", 7, f"unexpected end of input expecting {NAME}"),
    ("title.up", 7, 'unexpected "u" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
    ("titlé.up", 7, 'unexpected "u" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
    ("title.desc.asc", 12, 'unexpected "a" expecting "nullsfirst" or "nullslast"'),
    ("title.desc ,id", 11, f"unexpected ' ' expecting {DOT}, \",\" or end of input"),
    ("title.desc\t,id", 11, f"unexpected '\\t' expecting {DOT}, \",\" or end of input"),
    ("a(b", 2, f"unexpected '(' expecting {AFTER_NAME}, {DOT}, \",\" or end of input"),
    ("data->", 7, f'unexpected end of input expecting "-", digit or {KEY}'),
    ("data->-a", 8, 'unexpected "a" expecting digit'),
    ("data->a->b(", 11, f'unexpected \'(\' expecting "-", "->>", "->", {DOT}, "," or end of input'),
    ('data->"a"(', 10, f'unexpected \'(\' expecting "->>", "->", {DOT}, "," or end of input'),
    ("id!'", 3, f"unexpected '!' expecting {AFTER_NAME}, {DOT}, \",\" or end of input"),
    ("id'", 3, f"unexpected '\\'' expecting {AFTER_NAME}, {DOT}, \",\" or end of input"),
]

SELECTS = [
    ("title,,id", 7, f'unexpected "," expecting {ITEM} or "count()"'),
    ("title,", 7, f'unexpected end of input expecting {ITEM} or "count()"'),
    (" ", 2, f'unexpected end of input expecting "*", {NAME} or "count()"'),
    ("title!x", 6, f"unexpected '!' expecting {AFTER_FIELD}"),
    ("a-b!x", 4, 'unexpected \'!\' expecting "-", "->>", "->", "::", ".", ")", "," or end of input'),
    ("a-(x)", 3, 'unexpected "(" expecting ">", letter or digit'),
    ("a--b", 3, 'unexpected "-" expecting ">", letter or digit'),
    ("a:", 3, f'unexpected end of input expecting ":" or {NAME}'),
    ("title::", 8, "unexpected end of input expecting letter or digit"),
    ("price::numeric(10,2)", 15, 'unexpected \'(\' expecting letter, digit, ".", "::", ")", "," or end of input'),
    ("data->a:x", 8, 'unexpected "x" expecting "::"'),
    ("title.foo()", 7, 'unexpected "f" expecting "sum", "avg", "count", "max" or "min"'),
    ("title.su()", 7, 'unexpected "(" expecting "sum"'),
    ("title.c()", 7, 'unexpected "(" expecting "count"'),
    ("title.m()", 7, 'unexpected "m" expecting "sum", "avg", "count", "max" or "min"'),
    ("title.sumx()", 10, 'unexpected "x" expecting "()"'),
    ("title.sum()x", 12, 'unexpected \'x\' expecting "::", ")", "," or end of input'),
    ('"abc', 5, 'unexpected end of input expecting "\\\\" or "\\""'),
    ('"abc"d', 6, 'unexpected \'d\' expecting "->>", "->", "::", ".", ")", "," or end of input'),
    ("count(id)", 6, f"unexpected '(' expecting {AFTER_FIELD}"),
    ("a(b,c", 6, 'unexpected end of input expecting "," or ")"'),
    ("a(b,,c)", 5, f'unexpected "," expecting {ITEM} or "count()"'),
    ("...a(b,,c)", 8, f'unexpected "," expecting {ITEM} or "count()"'),
    ("a(.id)", 3, f'unexpected "i" expecting {ITEM}, "count()" or ")"'),
    ("id,...a", 8, 'unexpected end of input expecting letter, digit, "-", "!" or "("'),
    ("a( )", 4, f'unexpected ")" expecting "*", {NAME} or "count()"'),
    ("é!", 2, f"unexpected '!' expecting {AFTER_FIELD}"),
    ("x²", 2, f"unexpected '\\178' expecting {AFTER_FIELD}"),
]

KEYS = [
    ("", 1, f"unexpected end of input expecting {NAME}"),
    ("!", 1, f'unexpected "!" expecting {NAME}'),
    ("a.", 3, f"unexpected end of input expecting {NAME}"),
    ("a..b", 3, f'unexpected "." expecting {NAME}'),
    ("a.b->", 6, f'unexpected end of input expecting "-", digit or {KEY}'),
    ('a."b', 5, 'unexpected end of input expecting "\\\\" or "\\""'),
]

NAMES = [
    ("", 1, f"unexpected end of input expecting {NAME}"),
    ("a,", 3, f"unexpected end of input expecting {NAME}"),
    ("a, (b)", 4, f'unexpected "(" expecting {NAME}'),
    ("a\tb", 3, 'unexpected "b" expecting ","'),
]

TREES = [
    ("or", "(price.eq.1", 14, 'unexpected end of input expecting "," or ")"'),
    ("not.and", "(price.eq.1", 19, 'unexpected end of input expecting "," or ")"'),
    ("or", "()", 4, f'unexpected ")" expecting {NAME}, {NOT} or {LOGIC}'),
    ("or", "", 3, 'unexpected end of input expecting "("'),
    ("or", "x", 3, 'unexpected "x" expecting "("'),
    ("or", "(a.eq.", 9, 'unexpected end of input expecting "\\"", "{", "," or ")"'),
    ("or", "(a.eq.1,)", 11, f'unexpected ")" expecting {NAME}, {NOT} or {LOGIC}'),
    ("or", "(a.eq.{x}y)", 12, 'unexpected "y" expecting "," or ")"'),
    ("or", "(a.is.maybe)", 9, f'unexpected "m" expecting {IS}'),
    ("or", "(a.is.nullish)", 13, 'unexpected "i" expecting "," or ")"'),
    ("or", "(a.in.(1,2)zz)", 14, 'unexpected "z" expecting "," or ")"'),
    ("or", "(a.not.foo)", 10, f'unexpected "f" expecting {OPERATOR}'),
    ("or", "(a.foo.1)", 6, f'unexpected "f" expecting "not" or {OPERATOR}'),
    ("or", "(not.foo)", 8, f'unexpected "f" expecting {LOGIC}'),
    ("or", "(rel.name.eq.x)", 8, f'unexpected "a" expecting "not" or {OPERATOR}'),
    ("or", "(a->b(.eq.1)", 8, f'unexpected "(" expecting "-", "->>", "->" or {DOT}'),
    ("or", "(and(a.eq.1,or())", 18, f'unexpected ")" expecting {NAME}, {NOT} or {LOGIC}'),
    ("x", "(a.eq.1)", 2, f'unexpected "(" expecting {AFTER_NAME} or {DOT}'),
]


def refusal(parsed: Callable[[str], object], text: str) -> AppError:
    with pytest.raises(AppError) as caught:
        parsed(text)
    assert (caught.value.code, caught.value.status, caught.value.hint) == ("PGRST100", 400, None)
    return caught.value


def assert_refused(parsed: Callable[[str], object], text: str, *, source: str, column: int, details: str) -> None:
    error = refusal(parsed, text)
    assert error.message == f'"failed to parse {source} ({text})" (line 1, column {column})'
    assert error.details == details


@pytest.mark.parametrize(("value", "column", "details"), FILTERS)
def test_a_broken_filter_is_explained(value: str, column: int, details: str) -> None:
    assert_refused(parse_operation, value, source="filter", column=column, details=details)


@pytest.mark.parametrize(("value", "column", "details"), ORDERS)
def test_a_broken_order_is_explained(value: str, column: int, details: str) -> None:
    assert_refused(parse_order, value, source="order", column=column, details=details)


@pytest.mark.parametrize(("value", "column", "details"), SELECTS)
def test_a_broken_select_is_explained(value: str, column: int, details: str) -> None:
    assert_refused(parse_select, value, source="select parameter", column=column, details=details)


@pytest.mark.parametrize("parsed", [parse_filter_key, parse_order_key, parse_window_key])
@pytest.mark.parametrize(("key", "column", "details"), KEYS)
def test_a_broken_key_is_explained(parsed: Callable[[str], object], key: str, column: int, details: str) -> None:
    assert_refused(parsed, key, source="tree path", column=column, details=details)


@pytest.mark.parametrize(("key", "column", "details"), [row for row in KEYS if "->" not in row[0]])
def test_a_broken_key_of_a_tree_is_explained(key: str, column: int, details: str) -> None:
    assert_refused(parse_logic_key, key, source="logic path", column=column, details=details)


@pytest.mark.parametrize(("value", "column", "details"), NAMES)
def test_a_broken_list_of_names_is_explained(value: str, column: int, details: str) -> None:
    assert_refused(parse_columns, value, source="columns parameter", column=column, details=details)
    assert_refused(parse_on_conflict, value, source="on_conflict parameter", column=column, details=details)


@pytest.mark.parametrize(("operator", "value", "column", "details"), TREES)
def test_columns_of_a_broken_tree_count_its_operator(operator: str, value: str, column: int, details: str) -> None:
    def parsed(text: str) -> object:
        return parse_logic_tree(operator, text)

    assert_refused(parsed, value, source="logic tree", column=column, details=details)


@pytest.mark.parametrize(("value", "column"), [("not.x", 5), ("in.x", 4), ("is.x", 4), ("not.in.(1", 10), ("in.(1", 6)])
def test_what_begins_as_an_operation_must_end_as_one(value: str, column: int) -> None:
    error = refusal(try_operation, value)
    assert error.message == f'"failed to parse filter ({value})" (line 1, column {column})'


def test_the_error_is_declared() -> None:
    assert [spec.status for spec in declared_errors() if spec.code == "PGRST100"] == [400]


def test_a_refusal_is_not_remembered_as_an_answer() -> None:
    first, second = refusal(parse_select, "a,,b"), refusal(parse_select, "a,,b")
    assert first is not second
    assert first.details == second.details


HOSTILE = [
    *'()"-\\ \t.,:!>a²{0',
    "->a",
    "a.",
    "a,",
    "a(",
    "a->",
    '"a",',
    '"\\',
    "a::b",
    "->0",
    "and(",
    "a.eq.1,",
    "not.",
]
BEGINNINGS = ["", "a", "(", '"', "a->", 'in.("', "(a.eq.1,", "a(b,", "eq(", "(a.in.("]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_long_hostile_texts_are_parsed_or_refused(beginning: str) -> None:
    """In linear time: were anything in it quadratic, this would take many minutes."""
    for piece in HOSTILE:
        hostile = beginning + piece * (20_000 // len(piece))
        for parsed in (parse_select, parse_order, parse_filter_key, parse_operation, as_tree):
            try:
                parsed(hostile)
            except (AppError, TooDeep):
                continue


def as_tree(text: str) -> object:
    return parse_logic_tree("or", text)
