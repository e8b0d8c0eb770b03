"""What texts of the query dialect mean."""

import doctest
import re
import sys
from collections.abc import Callable
from types import ModuleType

import pytest
from app.gateway import combinators, explanations, filter_grammar, grammar, lexemes, regular
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
from app.gateway.lexemes import IDENTIFIER
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


def column(name: str) -> SelectField:
    return SelectField(Field(name))


def key(name: str) -> JsonStep:
    return JsonStep(name, as_text=False, is_index=False)


def index(number: str) -> JsonStep:
    return JsonStep(number, as_text=False, is_index=True)


def text(name: str) -> JsonStep:
    return JsonStep(name, as_text=True, is_index=False)


def condition(name: str, operator: str, value: str | tuple[str, ...]) -> Filter:
    return Filter(Field(name), Operation(operator, value))


ID = column("id")

NAMES = [
    ("title", "title"),
    ("first name", "first name"),
    ("  title ", "title"),
    ("first-name", "first-name"),
    ("a - b", "a-b"),
    ("$x_1", "$x_1"),
    ("12", "12"),
    ("prénom", "prénom"),
    ("名前", "名前"),
    ('"a.b,c:d(e)*!/"', "a.b,c:d(e)*!/"),
    ('" a "', " a "),
    (r'"a\"b\\c\d"', r'a"b\cd'),
    ('""', ""),
    ("x²", "x"),
    ("x٣", "x"),
    ("e\u0301", "e"),
]


@pytest.mark.parametrize(("written", "name"), NAMES)
def test_a_name_is_letters_digits_and_little_more_or_quoted(written: str, name: str) -> None:
    assert parse_on_conflict(written) == (name,)


def test_letters_are_those_of_unicode_and_digits_are_ten() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    allowed = "".join(re.findall(IDENTIFIER.pattern, every))
    assert set(allowed) == {one for one in every if one.isalpha() or one in "0123456789_ $"}


SELECTS: list[tuple[str, tuple[SelectItem, ...]]] = [
    ("", ()),
    ("(id)", ()),
    ("...authors", ()),
    (",id", ()),
    ("*", (column("*"),)),
    ("* ,id", ()),
    ("id", (ID,)),
    (" id , title\t", (ID, column("title"))),
    ("id,id", (ID, ID)),
    ("title)x", (column("title"),)),
    ('"order",first name,first-name', (column("order"), column("first name"), column("first-name"))),
    ("t:title", (SelectField(Field("title"), "t"),)),
    ('"a:b":title', (SelectField(Field("title"), "a:b"),)),
    ("price::text", (SelectField(Field("price"), cast="text"),)),
    ("price:: double precision ", (SelectField(Field("price"), cast="double precision"),)),
    ("p:price::text", (SelectField(Field("price"), "p", "text"),)),
    ("price.sum()", (SelectField(Field("price"), aggregate="sum"),)),
    ("a.sum(),b.avg()", (SelectField(Field("a"), aggregate="sum"), SelectField(Field("b"), aggregate="avg"))),
    ("a.max(),b.min()", (SelectField(Field("a"), aggregate="max"), SelectField(Field("b"), aggregate="min"))),
    ("a.count()", (SelectField(Field("a"), aggregate="count"),)),
    ("price::int.avg()::text", (SelectField(Field("price"), None, "int", "avg", "text"),)),
    ("p:price.max()::text", (SelectField(Field("price"), "p", None, "max", "text"),)),
    ("count", (column("count"),)),
    ("count()", (SelectField(Field("*"), aggregate="count"),)),
    ("n:count()::int", (SelectField(Field("*"), "n", None, "count", "int"),)),
    ("data->a", (SelectField(Field("data", (key("a"),))),)),
    ("data->a->>0", (SelectField(Field("data", (key("a"), JsonStep("0", as_text=True, is_index=True)))),)),
    ("data->-1::int", (SelectField(Field("data", (index("-1"),)), cast="int"),)),
    ('data->"0"', (SelectField(Field("data", (key("0"),))),)),
    ('data->"a->b"->>c d-e', (SelectField(Field("data", (key("a->b"), text("c d-e")))),)),
    ("data-> a ->0.max()", (SelectField(Field("data", (key("a"), index("0"))), aggregate="max"),)),
    ("d:data->0x", (SelectField(Field("data", (key("0x"),)), "d"),)),
    ("first-name->a", (SelectField(Field("first-name", (key("a"),))),)),
    ("authors()", (SelectEmbed("authors", ()),)),
    ("authors(*)", (SelectEmbed("authors", (column("*"),)),)),
    ("authors(name)zz", (SelectEmbed("authors", (column("name"),)),)),
    ("authors (id) ,id", (SelectEmbed("authors", (ID,)), ID)),
    ("a:authors!inner(id)", (SelectEmbed("authors", (ID,), "a", inner=True),)),
    ("authors!left(id)", (SelectEmbed("authors", (ID,)),)),
    ("authors!fk(id)", (SelectEmbed("authors", (ID,), hint="fk"),)),
    ("authors!fk!inner(id)", (SelectEmbed("authors", (ID,), hint="fk", inner=True),)),
    ("authors!inner!fk(id)", (SelectEmbed("authors", (ID,), hint="fk", inner=True),)),
    ("authors!left!inner(id)", (SelectEmbed("authors", (ID,)),)),
    ("authors!a!b(id)", (SelectEmbed("authors", (ID,), hint="a"),)),
    ('authors!"inner_fk"(id)', (SelectEmbed("authors", (ID,), hint="inner_fk"),)),
    ("...authors(id)", (SelectEmbed("authors", (ID,), spread=True),)),
    ("...authors!fk!inner(id)", (SelectEmbed("authors", (ID,), hint="fk", inner=True, spread=True),)),
    ("a(b(c(id)),id),id", (SelectEmbed("a", (SelectEmbed("b", (SelectEmbed("c", (ID,)),)), ID)), ID)),
    # Right before a parenthesis, a number is a key.
    ("a(data->0)", (SelectEmbed("a", (SelectField(Field("data", (key("0"),))),)),)),
    ("a(data->0,id)", (SelectEmbed("a", (SelectField(Field("data", (index("0"),))), ID)),)),
]


@pytest.mark.parametrize(("value", "items"), SELECTS)
def test_a_select_is_a_list_of_fields_and_embeds(value: str, items: tuple[SelectItem, ...]) -> None:
    assert parse_select(value) == items


OPERATIONS = [
    ("eq.5", Operation("eq", "5")),
    ("eq.", Operation("eq", "")),
    ('eq."A"', Operation("eq", '"A"')),
    ("eq.a,b)(c.d\n", Operation("eq", "a,b)(c.d\n")),
    ("eq.null", Operation("eq", "null")),
    ("not.eq.5", Operation("eq", "5", negated=True)),
    ("eq(any).{1,2}", Operation("eq", "{1,2}", quantifier="any")),
    ("not.ilike(all).{A*,*b}", Operation("ilike", "{A*,*b}", negated=True, quantifier="all")),
    ("fts.chat", Operation("fts", "chat")),
    ("wfts(french).le chat", Operation("wfts", "le chat", language="french")),
    ("not.plfts( pg catalog ).x", Operation("plfts", "x", negated=True, language="pg catalog")),
    ("isdistinct.5", Operation("isdistinct", "5")),
    ("is.null", Operation("is", "null")),
    ("is.NULL", Operation("is", "null")),
    ("is.Not_Null", Operation("is", "not_null")),
    ("not.is.true", Operation("is", "true", negated=True)),
    ("is.nullish", Operation("is", "null")),
    ("in.(1,2)", Operation("in", ("1", "2"))),
    ("in.(1,2)zz", Operation("in", ("1", "2"))),
    ("not.in.( 1 ,2)", Operation("in", ("1 ", "2"), negated=True)),
    ('in.("a,b","c)d",e)', Operation("in", ("a,b", "c)d", "e"))),
    (r'in.("a\"b\\c", "d")', Operation("in", ('a"b\\c', ' "d"'))),
    ('in.("a"b,c)', Operation("in", ('"a"b', "c"))),
    ('in.("a"b,c")', Operation("in", ('"a"b', 'c"'))),
    ("in.()", Operation("in", ())),
    ('in.("")', Operation("in", ())),
    ("in.(,)", Operation("in", ("", ""))),
    ('in.("",)', Operation("in", ("", ""))),
]
PLAIN = (
    "eq gt gte lt lte neq like ilike match imatch fts plfts phfts wfts isdistinct cs cd ov sl sr nxr nxl adj".split()
)


@pytest.mark.parametrize(("value", "operation"), OPERATIONS)
def test_an_operation_is_an_operator_and_its_value(value: str, operation: Operation) -> None:
    assert parse_operation(value) == operation
    assert try_operation(value) == operation


@pytest.mark.parametrize("operator", PLAIN)
def test_every_operator_is_known(operator: str) -> None:
    assert parse_operation(f"{operator}.x") == Operation(operator, "x")
    assert parse_operation(f"not.{operator}.x") == Operation(operator, "x", negated=True)


@pytest.mark.parametrize(
    "value", ["", "5", "abc", "eq", "eq5", "EQ.5", "neq(any).{1}", "inn", "not", "notes", "is", "é"]
)
def test_what_does_not_begin_as_an_operation_is_none(value: str) -> None:
    assert try_operation(value) is None


TREES = [
    ("or", "(a.eq.1,b.eq.2)", Logic("or", (condition("a", "eq", "1"), condition("b", "eq", "2")))),
    ("and", "( a.eq.1 , b.eq.2 )", Logic("and", (condition("a", "eq", "1 "), condition("b", "eq", "2 ")))),
    ("not.or", "(a.eq.1)", Logic("or", (condition("a", "eq", "1"),), negated=True)),
    ("or", "a.eq.1", condition("ora", "eq", "1")),
    ("or", "a.eq.1,b", condition("ora", "eq", "1")),
    ("or", "(a.eq.f(x),b.eq.1)", Logic("or", (condition("a", "eq", "f(x"),))),
    ("or", "(id.in.(1,2),id.gt.9)", Logic("or", (condition("id", "in", ("1", "2")), condition("id", "gt", "9")))),
    (
        "or",
        '(id.in.("a,b",c) ,d.is.null)zz',
        Logic("or", (condition("id", "in", ("a,b", "c")), condition("d", "is", "null"))),
    ),
    ("or", '(a.eq."x,y)",b.eq."z"w)', Logic("or", (condition("a", "eq", "x,y)"), condition("b", "eq", '"z"w')))),
    ("or", '(a.eq."x" )', Logic("or", (condition("a", "eq", '"x" '),))),
    ("or", '(a.eq.,b.eq."")', Logic("or", (condition("a", "eq", ""), condition("b", "eq", "")))),
    ("or", "(tags.cs.{a,b},x.eq.{1})", Logic("or", (condition("tags", "cs", "{a,b}"), condition("x", "eq", "{1}")))),
    ("or", "(tags.cs.{{1,x.eq.1)", Logic("or", (condition("tags", "cs", "{{1"), condition("x", "eq", "1")))),
    ("or", "(not.eq.1,and.is.null)", Logic("or", (condition("not", "eq", "1"), condition("and", "is", "null")))),
    (
        "or",
        "(price.lt.5,not.and(title.like.A*,tags.cs.{x}))",
        Logic(
            "or",
            (
                condition("price", "lt", "5"),
                Logic("and", (condition("title", "like", "A*"), condition("tags", "cs", "{x}")), negated=True),
            ),
        ),
    ),
    (
        "and",
        "(authors.is.null,labels.not.is.null)",
        Logic(
            "and", (condition("authors", "is", "null"), Filter(Field("labels"), Operation("is", "null", negated=True)))
        ),
    ),
    (
        "or",
        "(a->b->>0.eq(any).{1},c.fts(fr).x)",
        Logic(
            "or",
            (
                Filter(
                    Field("a", (key("b"), JsonStep("0", as_text=True, is_index=True))),
                    Operation("eq", "{1}", quantifier="any"),
                ),
                Filter(Field("c"), Operation("fts", "x", language="fr")),
            ),
        ),
    ),
    (
        "and",
        "(a.eq.1,or (b.eq.2))",
        Logic("and", (condition("a", "eq", "1"), Logic("or", (condition("b", "eq", "2"),)))),
    ),
]


@pytest.mark.parametrize(("operator", "value", "tree"), TREES)
def test_a_tree_joins_filters_and_trees(operator: str, value: str, tree: Filter | Logic) -> None:
    assert parse_logic_tree(operator, value) == tree


ORDERS = [
    ("title", OrderTerm(Field("title"))),
    (" title ", OrderTerm(Field("title"))),
    ("title.asc", OrderTerm(Field("title"), descending=False)),
    ("title.desc", OrderTerm(Field("title"), descending=True)),
    ("title.nullsfirst", OrderTerm(Field("title"), nulls_first=True)),
    ("title.desc.nullslast", OrderTerm(Field("title"), descending=True, nulls_first=False)),
    ("data->a->>0.desc", OrderTerm(Field("data", (key("a"), JsonStep("0", as_text=True, is_index=True))), None, True)),
    ("authors(name)", OrderTerm(Field("name"), "authors")),
    ("authors( name ).desc.nullsfirst", OrderTerm(Field("name"), "authors", descending=True, nulls_first=True)),
    ("authors(data->0).asc", OrderTerm(Field("data", (key("0"),)), "authors", descending=False)),
    ('"a b"("c.d")', OrderTerm(Field("c.d"), "a b")),
]


@pytest.mark.parametrize(("value", "term"), ORDERS)
def test_an_order_is_a_list_of_sort_keys(value: str, term: OrderTerm) -> None:
    assert parse_order(value) == (term,)
    assert parse_order(f"id,{value}") == (OrderTerm(Field("id")), term)


KEYS = [
    ("title", (), Field("title")),
    ('"order"', (), Field("order")),
    ('"a.b"', (), Field("a.b")),
    ("authors.name", ("authors",), Field("name")),
    ('a."b.c".d', ("a", "b.c"), Field("d")),
    ("data->a->>0", (), Field("data", (key("a"), JsonStep("0", as_text=True, is_index=True)))),
    ("a.b->c", ("a",), Field("b", (key("c"),))),
    ("title:x", (), Field("title")),
    ("authors.select", ("authors",), Field("select")),
]


@pytest.mark.parametrize(("written", "path", "field"), KEYS)
def test_a_key_names_embeds_and_a_field(written: str, path: tuple[str, ...], field: Field) -> None:
    assert parse_filter_key(written) == (path, field)


@pytest.mark.parametrize(("prefix", "path"), [("", ()), ("a.", ("a",)), ("a.b.", ("a", "b")), ('"x.y".', ("x.y",))])
def test_a_key_of_an_order_or_a_window_names_an_embed(prefix: str, path: tuple[str, ...]) -> None:
    assert parse_order_key(f"{prefix}order") == path
    assert parse_window_key(f"{prefix}limit") == path
    assert parse_window_key(f"{prefix}offset") == path


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("or", ((), False, "or")),
        ("not.and", ((), True, "and")),
        ("a.b.or", (("a", "b"), False, "or")),
        ("a.b.not.or", (("a", "b"), True, "or")),
        ("not.a.and", (("a",), True, "and")),
        ('"a.b".and', (("a.b",), False, "and")),
        # What needs quotes ends the path; the tree is then parsed with whatever is there.
        ("x:y.or", ((), False, "x")),
    ],
)
def test_a_key_of_a_tree_names_an_embed_and_an_operator(written: str, found: tuple[object, ...]) -> None:
    assert parse_logic_key(written) == found


@pytest.mark.parametrize("parsed", [parse_columns, parse_on_conflict])
def test_columns_and_conflict_targets_are_lists_of_names(parsed: Callable[[str], tuple[str, ...]]) -> None:
    assert parsed("a") == ("a",)
    assert parsed('a b, "c,d" ,e-f') == ("a b", "c,d", "e-f")
    assert parsed("a.b") == ("a",)
    assert parsed("a->b,c") == ("a",)


def test_a_column_that_is_named_twice_is_one_column() -> None:
    assert parse_columns("b,a,b") == ("b", "a")


def test_nesting_ends_at_its_limit() -> None:
    within = "a(" * MAX_DEPTH + "id" + ")" * MAX_DEPTH
    assert depth_of(parse_select(within)[0]) == MAX_DEPTH
    with pytest.raises(TooDeep):
        parse_select(f"a({within})")
    trees = "(and" * (MAX_DEPTH - 1) + "(a.eq.1)" + ")" * (MAX_DEPTH - 1)
    assert isinstance(parse_logic_tree("or", trees), Logic)
    with pytest.raises(TooDeep):
        parse_logic_tree("or", f"(and{trees})")


def depth_of(item: SelectItem) -> int:
    return 1 + depth_of(item.select[0]) if isinstance(item, SelectEmbed) else 0


def test_short_texts_are_remembered_and_long_ones_are_not() -> None:
    short, long = "remembered,title,authors(name)", ",".join(["title"] * 200)
    assert parse_select(short) is parse_select(short)
    assert parse_select(long) is not parse_select(long)


@pytest.mark.parametrize("module", [combinators, explanations, filter_grammar, grammar, lexemes, regular])
def test_examples_in_docstrings_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
