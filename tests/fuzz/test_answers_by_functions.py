"""Functions of the database make answers of their own: whatever they say, it is one answer that clients can read."""

import json
from collections.abc import AsyncGenerator

import pytest
from fastapi import FastAPI

from .asking import Raw, ask
from .conftest import UNDONE, Gateways
from .invariants import problems_of
from .oddities import posted


@pytest.fixture(scope="module")
async def undone(gateway: Gateways) -> AsyncGenerator[FastAPI]:
    async with gateway(UNDONE) as app:
        yield app


def raised(said: dict[str, object], detail: dict[str, object]) -> Raw:
    body = {"message": json.dumps(said), "detail": json.dumps(detail)}
    return posted(json.dumps(body).encode(), path=b"/rpc/raise_pgrst")


@pytest.mark.parametrize(
    ("request_", "status", "header"),
    [
        (
            raised({"code": "a\r\nX: y", "message": "m"}, {"status": 400, "headers": {}}),
            400,
            (b"proxy-status", b"PostgREST; error=a  X: y"),
        ),
        (
            raised(
                {"code": "c", "message": "m"}, {"status": 400, "headers": {"X-Ü": "1", "a b": "2", "x-c": "3\r\n4\0"}}
            ),
            400,
            (b"x-c", b"3  4 "),
        ),
        (
            raised(
                {"code": "c", "message": "m"},
                {"status": 404, "headers": {"Content-Length": "1", "Connection": "close"}},
            ),
            404,
            None,
        ),
        (raised({"code": "c", "message": "m"}, {"status": 204, "headers": {}}), 204, None),
        (raised({"code": "c", "message": "m"}, {"status": 304, "headers": {}}), 304, None),
        (raised({"code": "c", "message": "m"}, {"status": 101, "headers": {}}), 500, None),
        (raised({"code": "c", "message": "m"}, {"status": 700, "headers": {}}), 500, None),
        (Raw("GET", b"/rpc/raise_full", b"code=PT204"), 204, None),
        (Raw("GET", b"/rpc/raise_full", b"code=PT000"), 500, None),
        (Raw("GET", b"/rpc/raise_full", b"code=PT100"), 500, None),
        (Raw("GET", b"/rpc/raise_full", b"code=PT999"), 500, None),
        (Raw("GET", b"/rpc/say_headers", b"status=204&headers="), 204, None),
        (Raw("GET", b"/rpc/say_headers", b"status=101&headers="), 500, None),
        (Raw("GET", b"/rpc/say_headers", b"status=600&headers="), 500, None),
        (
            Raw("GET", b"/rpc/say_headers", b'status=&headers=[{"X-A":"1\\u0000\\u0001\\r\\nX-B: 2"}]'),
            200,
            (b"x-a", b"1    X-B: 2"),
        ),
        (
            Raw(
                "GET", b"/rpc/say_headers", b'status=&headers=[{"Content-Length":"1"},{"Transfer-Encoding":"chunked"}]'
            ),
            200,
            None,
        ),
        (Raw("GET", b"/rpc/say_headers", b'status=&headers=[{"a b":"1"}]'), 500, None),
        (Raw("GET", b"/rpc/say_headers", b'status=&headers=[{"\xc3\xa9":"1"}]'), 500, None),
    ],
)
async def test_a_function_cannot_break_an_answer(
    undone: FastAPI, request_: Raw, status: int, header: tuple[bytes, bytes] | None
) -> None:
    reply = await ask(undone, request_)
    assert problems_of(request_, reply) == []
    assert reply.status == status, reply.body
    assert header is None or header in reply.headers


async def test_an_alias_cannot_become_a_header(undone: FastAPI) -> None:
    query = b'select=id,"a%0d%0aSet-Cookie:%20x":authors!author_id(id)&authors.id=eq.1&limit=1'
    reply = await ask(undone, Raw("GET", b"/books", query))
    assert reply.status == 200
    warning = reply.header(b"warning") or b""
    assert b"`a  Set-Cookie: x`" in warning
    assert b"\n" not in warning


async def test_a_header_that_looks_like_an_escape_reaches_functions_as_it_is(undone: FastAPI) -> None:
    reply = await ask(undone, Raw("GET", b"/rpc/header", b"name=x-y", ((b"x-y", rb"a\u0000b\\u0000"),)))
    assert json.loads(reply.body) == r"a\u0000b\\u0000"
