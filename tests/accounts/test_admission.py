"""Who sends a body is asked before any of it is read."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from app.accounts.admission import LONGEST_OF_STRANGERS
from app.main import create_app
from app.settings import Settings

from tests.accounts.conftest import signed_up, with_group
from tests.conftest import client_of, started

JSON = {"Content-Type": "application/json"}


async def never_sent() -> AsyncGenerator[bytes]:
    pytest.fail("the body was read")
    yield b""


@pytest.mark.parametrize("token", ["", "Bearer nonsense"])
async def test_the_body_of_somebody_who_is_not_let_in_is_not_read(client: httpx.AsyncClient, token: str) -> None:
    headers = {**JSON, "Content-Length": str(20 * 1024 * 1024), **({"Authorization": token} if token else {})}
    code = "AUTH_TOKEN_INVALID" if token else "AUTH_TOKEN_MISSING"
    answer = await client.post("/api/resources", content=never_sent(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    headers["Content-Length"] = "1000"
    answer = await client.post("/api/v1/resources", content=never_sent(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


async def test_who_sends_a_body_is_counted_once_and_not_read_beyond_their_limit(cheap: Settings) -> None:
    app = create_app(with_group(cheap, "limits", writes="2/60"))
    async with started(app), client_of(app) as client:
        member = await signed_up(client)
        for _ in range(2):
            answer = await client.post("/api/resources", json={}, headers=member.headers)
            assert answer.status_code == 400
        answer = await client.post("/api/resources", content=never_sent(), headers={**member.headers, **JSON})
        assert answer.status_code == 429


async def test_strangers_send_less_than_members(client: httpx.AsyncClient) -> None:
    long = b'"' + b"x" * LONGEST_OF_STRANGERS + b'"'
    for path in ("/api/auth/signin", "/api/rpc/search_resources", "/auth/v1/token"):
        answer = await client.post(path, content=long, headers=JSON)
        assert answer.status_code == 413, answer.text
    member = await signed_up(client)
    for path in ("/api/resources", "/api/rpc/search_resources"):
        answer = await client.post(path, content=long, headers={**member.headers, **JSON})
        assert answer.status_code == 400, answer.text
