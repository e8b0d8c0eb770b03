"""Requests that are huge, deep, cut off or not what they say they are: refused in words, or answered."""

import json
from collections.abc import AsyncGenerator

import pytest
from fastapi import FastAPI

from .asking import Raw, Reply, ask
from .conftest import PLAIN, UNDONE, Gateways
from .health import assert_well, until_nothing_is_lent
from .invariants import problems_of
from .oddities import ANSWERED, CSV, FORM, JSON, REFUSED


@pytest.fixture(scope="module")
async def undone(gateway: Gateways) -> AsyncGenerator[FastAPI]:
    async with gateway(UNDONE) as app:
        yield app


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_in_words(undone: FastAPI, name: str) -> None:
    request, status, code = REFUSED[name]
    reply = await ask(undone, request)
    assert problems_of(request, reply) == []
    assert (reply.status, json.loads(reply.body)["code"]) == (status, code), reply.body[:300]
    await assert_well(undone)
    await until_nothing_is_lent(undone)


@pytest.mark.parametrize("name", ANSWERED)
async def test_it_is_answered(undone: FastAPI, name: str) -> None:
    request, status = ANSWERED[name]
    reply = await ask(undone, request)
    assert problems_of(request, reply) == []
    assert reply.status == status, reply.body[:300]


@pytest.mark.parametrize(
    ("headers", "body"),
    [((CSV,), b"id,label\n9000,x\n9001,y\n"), ((FORM,), b"id=9000&label=x"), ((JSON,), b'{"id":9000,"label":"x"}')],
)
async def test_a_body_whose_end_never_came_is_not_written(
    gateway: Gateways, headers: tuple[tuple[bytes, bytes], ...], body: bytes
) -> None:
    async with gateway(PLAIN) as app:
        request = Raw("POST", b"/labels", b"columns=id,label" if JSON in headers else b"", headers, body)
        for pieces in ([body], [body, b""], [], [b"", body]):
            assert await ask(app, request, pieces=pieces, hangs_up=True) == Reply()
        found = await ask(app, Raw("GET", b"/labels", b"id=gte.9000"))
        assert found.body == b"[]"


async def test_a_body_in_pieces_is_one_body(undone: FastAPI) -> None:
    body = '{"id":9000,"label":"ü"}'.encode()
    pieces = [body[n : n + 1] for n in range(len(body))]
    reply = await ask(
        undone, Raw("POST", b"/labels", b"", (JSON, (b"prefer", b"return=representation")), body), pieces=pieces
    )
    assert (reply.status, json.loads(reply.body)[0]["label"]) == (201, "ü")
