"""Bounds on one request: how large, and how long."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI, Request
from pydantic import BaseModel

from tests.conftest import client_of, started

LIMIT = 1024


class Text(BaseModel):
    text: str


@pytest.fixture
async def client(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    http = settings.http.model_copy(update={"body_limit_bytes": LIMIT, "timeout_seconds": 1.0})
    app = create_app(settings.model_copy(update={"http": http}))
    _add_routes(app)
    async with started(app), client_of(app) as client:
        yield client


async def test_a_body_at_the_limit_passes(client: httpx.AsyncClient) -> None:
    assert (await client.post("/test/length", content=b"x" * LIMIT)).text == str(LIMIT)


async def test_an_announced_body_over_the_limit_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    async def never_sent() -> AsyncGenerator[bytes]:
        pytest.fail("the body was read")
        yield b""

    answer = await client.post("/test/length", content=never_sent(), headers={"Content-Length": str(LIMIT + 1)})
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("path", ["/test/length", "/test/text"])
async def test_an_unannounced_body_over_the_limit_is_refused_when_it_shows(
    client: httpx.AsyncClient, path: str
) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(10):
            yield b"x" * 512

    answer = await client.post(path, content=pieces(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert answer.json()["details"] == "The limit is 1024 bytes"


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "٣"])
async def test_a_length_that_is_no_number_is_refused(client: httpx.AsyncClient, length: str) -> None:
    answer = await client.post("/test/length", content=b"", headers={b"Content-Length": length.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED_REQUEST")


async def test_a_length_of_a_thousand_digits_is_only_too_large(client: httpx.AsyncClient) -> None:
    answer = await client.post("/test/length", content=b"", headers={"Content-Length": "9" * 1000})
    assert answer.status_code == 413


async def test_a_request_that_takes_too_long_is_given_up_and_cancelled(client: httpx.AsyncClient) -> None:
    answer = await client.get("/test/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "REQUEST_TIMEOUT")
    assert answer.headers["retry-after"] == "1"
    assert (await client.get("/test/cancelled")).json() == 1


def _add_routes(app: FastAPI) -> None:
    cancelled = 0

    @app.post("/test/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.post("/test/text")
    async def text(text: Text) -> Text:
        return text

    @app.get("/test/slow")
    async def slow() -> None:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    @app.get("/test/cancelled")
    async def count() -> int:
        return cancelled
