"""The checker of answers by their description itself: what it finds, and that every client of the tests has it."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from tests.conftest import client_of
from tests.described import must_be_as_described, problems

ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "bio": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["id"],
}
ID = "0193f2a0-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"id": ID, "bio": None}, ROW),
        ([{"id": ID}], {"type": "array", "items": ROW}),
        ({"x": 1}, {"type": "object", "additionalProperties": {"type": "integer"}}),
        ({"x": [1]}, {"type": "object", "additionalProperties": True}),
        ({"id": ID, "x": 1}, {**ROW, "additionalProperties": True}),
        ("2024-01-01T00:00:00.000Z", {"type": "string", "format": "date-time"}),
        ({"message": "Fait"}, {"$ref": "#/components/schemas/Message"}),
        ({}, {"$ref": "#/components/schemas/Nothing"}),
    ],
)
def test_what_is_as_described_has_no_problems(value: Any, schema: dict[str, Any]) -> None:
    assert list(problems(value, schema)) == []


@pytest.mark.parametrize(
    ("value", "schema", "at"),
    [
        ({"bio": None}, ROW, "answer.id"),
        ({"id": "x"}, ROW, "answer.id"),
        ({"id": ID, "bio": 1}, ROW, "answer.bio"),
        ({"id": ID, "x": 1}, ROW, "answer.x"),
        ([1], {"type": "array", "items": {"type": "string"}}, "answer[0]"),
        ({"x": "1"}, {"type": "object", "additionalProperties": {"type": "integer"}}, "answer.x"),
        ("c", {"enum": ["a", "b"]}, "answer"),
        (False, {"type": "boolean", "const": True}, "answer"),
        (True, {"type": "integer"}, "answer"),
        ("2024-01-01T00:00:00+00:00", {"type": "string", "format": "date-time"}, "answer"),
        ({}, {"$ref": "#/components/schemas/Message"}, "answer.message"),
        ({"x": 1}, {"$ref": "#/components/schemas/Nothing"}, "answer.x"),
    ],
)
def test_what_is_not_is_told_with_its_place(value: Any, schema: dict[str, Any], at: str) -> None:
    [told] = problems(value, schema)
    assert told.startswith(f"{at}:")


@pytest.mark.parametrize(
    ("method", "path", "status", "content"),
    [
        ("GET", "/api/auth/session", 200, b"{}"),
        ("GET", "/api/auth/session", 200, b""),
        ("POST", "/api/auth/signin", 202, b"{}"),
        ("DELETE", f"/api/comments/{ID}", 204, b"{}"),
    ],
)
async def test_every_client_looks_at_what_is_answered(method: str, path: str, status: int, content: bytes) -> None:
    other = FastAPI()
    other.add_api_route(path, lambda: Response(content, status, media_type="application/json"), methods=[method])
    async with client_of(other) as client:
        with pytest.raises(AssertionError, match=path):
            await client.request(method, path)


def _told(code: str) -> dict[str, Any]:
    return {"code": code, "details": None, "error": "Non", "hint": None, "message": "Non"}


GOTRUE = {"code": "no_authorization", "error_code": "no_authorization", "msg": "Non", "message": "Non"}
EXTERNAL = {"error": {"message": "Non", "code": "RESOURCE_NOT_FOUND", "details": None}}


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/api/auth/session", 401, _told("SESSION_ENDED")),
        ("/api/auth/session", 503, _told("PGRST000") | {"retryAfter": 1}),
        ("/api/auth/session", 500, _told("57014")),
        ("/auth/v1/user", 401, GOTRUE | {"code": 401}),
        (f"/api/v1/resources/{ID}", 404, EXTERNAL),
        ("/rest/v1/resources", 200, []),
        ("/rest/v1/resources", 404, []),
        ("/api/nowhere", 404, _told("ROUTE_NOT_FOUND")),
    ],
)
async def test_described_refusals_pass_and_other_paths_are_not_looked_at(path: str, status: int, body: Any) -> None:
    await must_be_as_described(httpx.Response(status, json=body, request=httpx.Request("GET", f"http://x{path}")))


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/api/auth/session", 401, _told("INVALID_CREDENTIALS")),
        ("/api/auth/session", 403, _told("SESSION_ENDED")),
        ("/api/auth/session", 418, _told("SESSION_ENDED")),
        ("/api/auth/session", 503, _told("TOO_BUSY")),
        ("/api/auth/session", 401, {"code": "SESSION_ENDED"}),
        ("/auth/v1/user", 401, GOTRUE | {"error_code": "bad_jwt"}),
        (f"/api/v1/resources/{ID}", 404, {"error": EXTERNAL["error"] | {"code": "NOT_OWNER"}}),
    ],
)
async def test_a_refusal_that_is_not_described_is_found(path: str, status: int, body: Any) -> None:
    answer = httpx.Response(status, json=body, request=httpx.Request("GET", f"http://x{path}"))
    with pytest.raises(AssertionError, match=path):
        await must_be_as_described(answer)
