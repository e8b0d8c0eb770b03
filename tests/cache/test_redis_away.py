"""One process cannot reach Redis, another one can."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from app.adapters.postgres import unavailable
from app.adapters.redis import Redis
from app.gateway import cache
from app.gateway.cache import Cache
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.cache.test_kept_answers import asked, settled
from tests.conftest import client_of, started
from tests.library.conftest import People, new_resource


@pytest.fixture
async def elsewhere(cheap: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of another process."""
    async with started(create_app(cheap)) as other, client_of(other) as client:
        yield client


@pytest.mark.parametrize("failures", [0, 2])
async def test_a_write_is_answered_when_others_have_heard_of_it(
    client: httpx.AsyncClient,
    elsewhere: httpx.AsyncClient,
    app: FastAPI,
    people: People,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
) -> None:
    row = (await new_resource(client, people.owner, title="Avant"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    assert await settled(elsewhere, path) == [{"title": "Avant"}]
    hear, database, redis = Cache._heard, app.state.relais.database, app.state.relais.redis
    fetch, left = database.fetch, failures

    def late(self: Cache, table: str) -> None:
        asyncio.get_running_loop().call_later(0.03, hear, self, table)

    async def failing(stamp: Any, statement: str, *values: Any, **options: Any) -> Any:
        nonlocal left
        if statement == cache._ANNOUNCE and left:
            left -= 1
            raise unavailable(OSError("away"))
        return await fetch(stamp, statement, *values, **options)

    monkeypatch.setattr(Cache, "_heard", late)
    monkeypatch.setattr(database, "fetch", failing)
    await _lose(redis)
    try:
        change = {"title": "Après"}
        answer = await client.patch(f"/rest/v1/resources?id=eq.{row}", json=change, headers=people.owner.headers)
        assert answer.status_code == 204
        assert (await asked(elsewhere, path))[1] == [change]
    finally:
        redis._away = False


async def _lose(redis: Redis) -> None:
    redis._away, redis._look_at = True, float("inf")
    await redis._line.disconnect()
