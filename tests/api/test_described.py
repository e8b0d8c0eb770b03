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


async def test_refusals_and_other_paths_are_not_looked_at() -> None:
    for path, status in (("/api/auth/session", 401), ("/rest/v1/resources", 200)):
        await must_be_as_described(httpx.Response(status, json=[], request=httpx.Request("GET", f"http://x{path}")))
