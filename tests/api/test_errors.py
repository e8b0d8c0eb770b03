"""One error shape, whoever says no, and nothing in it that helps an attacker."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from app.errors import AppError, ErrorSpec, declared_errors
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from tests.conftest import client_of, started


class Order(BaseModel):
    size: int
    milk: bool


@pytest.fixture
async def client(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(settings)
    _add_troublesome_routes(app)
    async with started(app), client_of(app) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/no/such/route", 404, "ROUTE_NOT_FOUND"),
        ("POST", "/live", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/test/declared", 418, "TEST_TEAPOT"),
        ("GET", "/test/framework", 403, "HTTP_ERROR"),
        ("GET", "/test/unexpected", 500, "INTERNAL_ERROR"),
        ("POST", "/test/order", 400, "VALIDATION_ERROR"),
        ("GET", "/test/number/seven", 400, "VALIDATION_ERROR"),
    ],
)
async def test_every_producer_of_errors_has_the_one_shape(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert sorted(body.keys() - {"path"}) == ["code", "details", "error", "hint", "message"]
    assert body.get("path", path) == path
    assert body["code"] == code
    assert body["message"] == body["error"] != ""


async def test_a_refused_body_is_told_field_by_field(client: httpx.AsyncClient) -> None:
    answer = await client.post("/test/order", json={"size": "huge"})
    assert [issue["path"] for issue in answer.json()["details"]] == ["size", "milk"]


async def test_malformed_json_is_the_callers_mistake(client: httpx.AsyncClient) -> None:
    answer = await client.post("/test/order", content=b'{"size": ', headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED_REQUEST")
    assert answer.json()["details"] == "Expecting value"


async def test_what_does_not_fit_is_told_in_words_for_people(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/signup", json={"email": "x", "username": "ab"})
    assert (answer.status_code, answer.json()["details"]) == (
        400,
        [
            {"path": "email", "message": "Adresse email invalide"},
            {"path": "password", "message": "Champ requis"},
            {"path": "username", "message": "Au moins 3 caractères"},
        ],
    )


async def test_an_unexpected_error_is_answered_with_its_request_id_and_without_its_cause(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/test/unexpected", headers={"X-Request-Id": "abc-123"})
    assert answer.json()["details"] == "request abc-123"
    assert "s3cr3t" not in answer.text
    logged = [record for record in caplog.records if record.getMessage() == "unexpected_error"]
    assert len(logged) == 1
    assert logged[0].__dict__["fields"]["request_id"] == "abc-123"
    assert "s3cr3t" in str(logged[0].exc_info)


async def test_an_error_after_half_an_answer_breaks_the_connection(client: httpx.AsyncClient) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # the client says no more
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    app = client._transport.app  # type: ignore[attr-defined]
    scope = {"type": "http", "method": "GET", "path": "/test/half", "raw_path": b"/test/half", "query_string": b""}
    with pytest.raises(RuntimeError, match="halfway"):
        await app(scope | {"headers": [], "scheme": "http", "server": ("t", 80), "root_path": ""}, receive, send)
    assert [message["type"] for message in sent].count("http.response.start") == 1


def test_messages_stay_readable_for_people_who_type_accents() -> None:
    body = AppError("X", 400, "Déjà utilisé", details="\udcff").body()
    assert "Déjà utilisé" in body.decode()
    assert json.loads(body)["message"] == "Déjà utilisé"


def test_a_code_cannot_be_declared_twice() -> None:
    with pytest.raises(RuntimeError, match="ROUTE_NOT_FOUND is declared twice"):
        ErrorSpec("ROUTE_NOT_FOUND", 404, "…")


def test_declared_errors_are_refusals() -> None:
    # 300: the dialect's way to say that a request may mean several things.
    assert all(spec.status == 300 or 400 <= spec.status < 600 for spec in declared_errors())


def _add_troublesome_routes(app: FastAPI) -> None:
    @app.get("/test/declared")
    async def declared() -> None:
        raise AppError("TEST_TEAPOT", 418, "Je suis une théière", "no coffee", "ask for tea")

    @app.get("/test/framework")
    async def framework() -> None:
        raise HTTPException(403, "not you")

    @app.get("/test/unexpected")
    async def unexpected() -> None:
        raise RuntimeError("s3cr3t")

    @app.post("/test/order")
    async def order(order: Order) -> Order:
        return order

    @app.get("/test/number/{number}")
    async def number(number: int) -> int:
        return number

    @app.get("/test/half")
    async def half() -> Any:
        from starlette.responses import StreamingResponse

        async def pieces() -> AsyncGenerator[bytes]:
            yield b"["
            raise RuntimeError("halfway")

        return StreamingResponse(pieces())
