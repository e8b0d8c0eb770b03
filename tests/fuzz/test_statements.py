"""The text of a statement depends on the shape of a request and on nothing else: no value ever gets into it."""

import json
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import replace
from urllib.parse import quote

import pytest
from app.errors import AppError
from app.gateway.engine import Engine
from app.gateway.execute import _arguments, _inputs
from app.gateway.grammar import TooDeep
from app.gateway.parse import Head, parse_path, parse_request
from app.gateway.prepare import Prepared
from app.gateway.types import ApiRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import PLAIN, Gateways
from .strategies import NASTY

Values = dict[str, str]
#: Every place where a request says a value, not a name. `{a}` to `{d}` are texts, `{n}` and `{m}` are numbers.
TEMPLATES = (
    "GET /books?title=eq.{a}&price=gt.{n}&limit={n}&offset={m}",
    "GET /books?title=in.({a},{b})&blurb=like.{c}&tags=cs.{a}&order=id",
    "GET /books?title=eq(any).{a}&isbn=not.ilike(all).{b}&id=neq.{c}",
    "GET /books?or=(title.eq.{qa},and(id.gt.{n},blurb.not.match.{qb}),tags.ov.{qc})",
    "GET /books?document=fts(english).{a}&blurb=wfts.{b}&title=isdistinct.{c}&data->a->>b=eq.{d}",
    "GET /books?select=id,authors!author_id(name)&authors.name=eq.{a}&authors.limit={n}&authors.or=(name.eq.{qb})",
    "GET /spans?select=*&a=sl.{a}&b=adj.{b}&c=nxr.{c}",
    "GET /profiles?theme=eq.{a}&theme=in.({a},{b})",
    "GET /rpc/add?a={a}&b={b}",
    "GET /rpc/join_all?v={a}&v={b}",
    "GET /rpc/some_books?title=eq.{a}&limit={n}",
    "POST /labels {json}",
    "POST /labels?columns=id,label {json}",
    "POST /labels?on_conflict=id {json} prefer:resolution=merge-duplicates",
    "PATCH /labels?id=eq.{a} {json}",
    "PUT /labels?id=eq.{a} {json}",
    "DELETE /labels?id=eq.{a}&label=in.({b},{c}) prefer:handling=strict,max-affected={n}",
    "POST /rpc/add {arguments}",
    "GET /books?id=eq.{a} prefer:timezone={z},count=exact range:{n}-{s} x-anything:{z}",
)
#: `limit=0` and `offset=0` are shapes of their own.
NUMBERS = st.integers(1, 2**62)
TEXTS = st.one_of(
    st.text(max_size=12), st.sampled_from(NASTY), st.binary(max_size=9).map(lambda b: b.decode("latin-1"))
)
VALUES = st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, NUMBERS, NUMBERS)
#: What is left of a statement without its quoted names and strings: words of SQL, functions and types of PostgreSQL.
UNQUOTED = re.compile(r'"(?:[^"]|"")*"|E?\'(?:[^\'\\]|\'\'|\\.)*\'', re.DOTALL)


class Planner:
    """An engine that can be told of in a word, as hypothesis wants to."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __repr__(self) -> str:
        return "Planner"

    def parsed(self, head: Head, body: bytes = b"") -> ApiRequest:
        return parse_request(head, parse_path(head.path), body, schemas=self.engine.schemas, caps=self.engine.caps)

    def prepared(self, request: ApiRequest) -> Prepared:
        return self.engine.prepared(request)

    def remembered(self) -> int:
        return len(self.engine._prepared)


@pytest.fixture(scope="module")
async def planner(gateway: Gateways) -> AsyncGenerator[Planner]:
    """The engine of the awkward database: everything here happens without asking PostgreSQL anything."""
    async with gateway(PLAIN) as app:
        yield Planner(app.state.relais.engines.current)


def asked(planner: Planner, template: str, values: tuple[str, str, str, str, int, int]) -> ApiRequest:
    """A request of a template, with these values."""
    *texts, n, m = values
    words = template.split(" ")
    path, _, query = words[1].partition("?")
    headers = {
        name.encode(): value.encode() for word in words[2:] if ":" in word for name, value in [word.split(":", 1)]
    }
    filled = _fill(query, texts, (n, m))
    headers = {
        name: _fill(value.decode(), texts, (n, m)).encode("latin-1", "replace") for name, value in headers.items()
    }
    row = {"id": m, "label": texts[0], "level": texts[1]}
    body = {"{json}": row, "{arguments}": {"a": texts[2], "b": n}}
    payload = next((json.dumps(body[word]).encode() for word in words if word in body), b"")
    head = Head(words[0], path, filled, headers)
    return planner.parsed(head, payload)


def _fill(template: str, texts: list[str], numbers: tuple[int, int]) -> str:
    known = {name: quote(text.encode("utf-8", "replace"), safe="") for name, text in zip("abcd", texts, strict=True)}
    known |= {
        f"q{name}": quote(_quoted(text).encode("utf-8", "replace"), safe="")
        for name, text in zip("abc", texts, strict=False)
    }
    known |= {"n": str(numbers[0]), "m": str(numbers[1]), "s": str(numbers[0] + numbers[1])}
    known["z"] = re.sub(r"[^A-Za-z0-9/]", "", texts[0]) + str(numbers[0])
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], template)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def inputs_of(prepared: Prepared, request: ApiRequest) -> list[object]:
    """What goes to PostgreSQL beside the text."""
    return [*_inputs(prepared, request, "tenant"), request.prefer.timezone, request.prefer.max_affected]


@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(one=VALUES, other=VALUES)
def test_other_values_make_no_other_statement(planner: Planner, template: str, one: tuple, other: tuple) -> None:
    first, second = asked(planner, template, one), asked(planner, template, other)
    prepared = planner.prepared(first)
    assert planner.prepared(second) is prepared
    plain = Planner(replace(planner.engine, _prepared=OrderedDict()))
    assert plain.prepared(second).statement == prepared.statement
    if one != other and all(a != b for a, b in zip(one, other, strict=True)):
        assert inputs_of(prepared, first) != inputs_of(prepared, second)


@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=10, deadline=None, derandomize=True, database=None)
@given(
    token=st.from_regex(r"zq[a-z0-9]{12}", fullmatch=True),
    number=st.integers(10**9, 10**15),
    nasty=st.sampled_from(NASTY),
)
def test_a_value_is_nowhere_in_the_text(planner: Planner, template: str, token: str, number: int, nasty: str) -> None:
    texts = [f"{token}{letter}{nasty}" for letter in "abcd"]
    request = asked(planner, template, (*texts, number, number + 1))
    prepared = planner.prepared(request)
    for statement in filter(None, (prepared.statement, prepared.count)):
        assert token not in statement.text
        assert str(number)[:9] not in statement.text
        constants = [argument.constant or "" for argument in statement.arguments]
        assert not any(token in constant for constant in constants)
        assert statement.text.count("$") >= len(statement.arguments)


def test_values_do_not_fill_the_memory(planner: Planner) -> None:
    def rounds(start: int, stop: int) -> int:
        for n in range(start, stop):
            for template in TEMPLATES:
                planner.prepared(asked(planner, template, (f"a{n}", f"b{n}", f"c{n}", f"d{n}", n + 1, n + 2)))
        return planner.remembered()

    assert rounds(0, 1) == rounds(1, 150)


def test_a_request_of_a_huge_shape_is_answered_and_not_remembered(planner: Planner) -> None:
    before = planner.remembered()
    columns = ",".join(f"a{n}:id" for n in range(1500))
    head = Head("GET", "/books", f"select={columns}", {})
    request = planner.parsed(head)
    assert '"a1499"' in planner.prepared(request).statement.text
    form = b"&".join(b"id=%d" % n for n in range(20_000))
    head = Head("POST", "/labels", "", {b"content-type": b"application/x-www-form-urlencoded"})
    request = planner.parsed(head, form)
    assert len(repr(request.shape)) < 1000
    planner.prepared(request)
    assert planner.remembered() == before + 1


#: Every place where a client's name becomes part of a statement, as query strings on `/books`.
NAMED = (
    "select={q}",
    "select={q}:id",
    "select={q}::text",
    "select={q}.sum()",
    "select=id,{q}:authors!author_id(name)",
    "select=id,{q}:authors!author_id({q})",
    "select=id,...authors!author_id({q}:name)",
    "select=data->{q}",
    "select=id,data->>{q}::text",
    "{q}=eq.1",
    "data->{q}=eq.1",
    "or=({q}.eq.1,id.eq.2)",
    "order={q}.desc",
    "order=data->{q}",
    "select=id,authors!author_id(*)&order=authors({q})",
    "select=id,{q}:authors!author_id(*)&order={q}(name)&{q}.name=eq.1",
)


@pytest.mark.parametrize("template", NAMED)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(text=st.one_of(st.text(max_size=20), st.lists(st.sampled_from(NASTY), max_size=4).map("".join)))
def test_a_name_is_quoted_wherever_it_stands(planner: Planner, template: str, text: str) -> None:
    name = f"zq{text}qz"
    query = template.replace("{q}", quote(_quoted(name).encode("utf-8", "replace"), safe=""))
    head = Head("GET", "/books", query, {})
    try:
        request = planner.parsed(head)
        statement = planner.prepared(request).statement
    except (AppError, TooDeep) as refused:
        # A NUL is in no name of PostgreSQL's.
        assert "\0" in name, refused  # noqa: PT017 - whether it is refused depends on the name
        return
    shown = name.encode("utf-8", "replace").decode()
    constants = [argument.constant for argument in statement.arguments]
    if shown not in constants and len(shown.encode()) < 50:
        assert '"' + shown.replace('"', '""') + '"' in statement.text
    assert "zq" not in UNQUOTED.sub("", statement.text)
    assert "'" not in UNQUOTED.sub("", statement.text)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.one_of(
        st.text(max_size=12), st.lists(st.sampled_from((*NASTY, "text", "int", " ", "$$")), max_size=4).map("".join)
    )
)
def test_a_cast_cannot_end_itself(planner: Planner, text: str) -> None:
    # A comma is where the next item begins, two colons are where the cast of an aggregate does.
    kind = quote(text.replace(",", "").replace(":", "").encode("utf-8", "replace"), safe="")
    head = Head("GET", "/books", f"select=id::{kind}", {})
    try:
        request = planner.parsed(head)
    except AppError as refused:
        assert refused.code == "PGRST100"  # noqa: PT017 - whether it is refused depends on the text
        return
    found = re.fullmatch(
        r'SELECT .* FROM \(SELECT (.*) FROM "api"."books"\) _pgrst_row', planner.prepared(request).statement.text
    )
    assert found is not None
    if found[1] != '"api"."books".*':
        assert re.fullmatch(r'CAST\("api"\."books"\."id" AS [\w $]+\)', found[1]), found[1]


async def test_quoted_names_reach_postgresql_as_they_are(gateway: Gateways) -> None:
    from .asking import Raw, ask

    async with gateway(PLAIN) as app:
        for name in (*NASTY, "ü" * 31, "a" * 63):
            if "\0" in name:
                continue
            encoded = quote(_quoted(name).encode(), safe="").encode()
            reply = await ask(app, Raw("GET", b"/books", b"select=" + encoded + b":id&limit=1"))
            assert reply.status == 200, (name, reply)
            assert json.loads(reply.body) == [{name.encode()[:63].decode("utf-8", "ignore"): 1}]


def test_long_values_are_values(planner: Planner) -> None:
    text = "v" * 40_000
    long, short = (asked(planner, TEMPLATES[0], (value, "", "", "", 1, 1)) for value in (text, "v"))
    prepared = planner.prepared(long)
    assert prepared is planner.prepared(short)
    assert text in _arguments(prepared.statement, inputs_of(prepared, long))
