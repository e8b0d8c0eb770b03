"""Answers that a process gives again without asking Redis."""

import asyncio
from typing import Any

import httpx
import pytest
from app.adapters.redis import Command, Redis
from app.gateway import cache
from app.gateway.cache import Cache
from app.gateway.keeping import Keeping
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import with_group
from tests.cache.test_kept_answers import asked, eventually, lent, settled
from tests.conftest import Urls, client_of, started
from tests.library.conftest import People, new_resource


@pytest.fixture(scope="module")
def cheap(cheap: Settings) -> Settings:
    """Settings with answers at hand for longer than any of these tests."""
    return with_group(cheap, "cache", local_seconds=30.0)


async def test_nothing_at_hand_outlives_the_end_of_a_right(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    row = (await new_resource(client, people.owner, title="Jusqu'à", visibility="private"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    async with lent(urls, row, people.other, 1.5) as is_over:

        async def shared() -> bool:
            return bool((await asked(client, path, **people.other.headers))[1])

        await eventually(shared)
        for _ in range(2):
            assert await settled(client, path, **people.other.headers)
        await eventually(is_over)
        assert (await asked(client, path, **people.other.headers))[1] == []


async def test_a_write_through_the_same_process_shows_whoever_was_looking(
    client: httpx.AsyncClient, app: FastAPI, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (await new_resource(client, people.owner, title="0"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    assert await settled(client, path) == [{"title": "0"}]
    looked, written, look_up = asyncio.Event(), asyncio.Event(), Cache._looked_up

    async def slowly(self: Cache, keeping: Keeping) -> Any:
        found = await look_up(self, keeping)
        looked.set()
        await written.wait()
        return found

    app.state.relais.conductor.cache._at_hand.clear()
    monkeypatch.setattr(Cache, "_looked_up", slowly)
    reading = asyncio.create_task(asked(client, path))
    await looked.wait()
    change = {"title": "1"}
    answer = await client.patch(f"/rest/v1/resources?id=eq.{row}", json=change, headers=people.owner.headers)
    assert answer.status_code == 204
    written.set()
    assert await reading == ("hit", [{"title": "0"}])
    assert (await asked(client, path))[1] == [change]


async def test_a_look_before_redis_forgets_is_not_kept_at_hand(
    client: httpx.AsyncClient, app: FastAPI, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (await new_resource(client, people.owner, title="0"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    assert await settled(client, path) == [{"title": "0"}]
    redis: Redis = app.state.relais.redis
    run = redis.run

    async def read_first(*commands: Command) -> list[Any]:
        if commands[0][0] == "DEL":
            monkeypatch.setattr(redis, "run", run)
            assert await asked(client, path) == ("hit", [{"title": "0"}])
        return await run(*commands)

    monkeypatch.setattr(redis, "run", read_first)
    change = {"title": "1"}
    answer = await client.patch(f"/rest/v1/resources?id=eq.{row}", json=change, headers=people.owner.headers)
    assert answer.status_code == 204
    assert (await asked(client, path))[1] == [change]


async def test_an_answer_that_was_long_on_its_way_is_not_at_hand_for_longer(
    client: httpx.AsyncClient, cheap: Settings, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (await new_resource(client, people.owner, title="0"))["id"]
    path, change, seconds = f"/rest/v1/resources?select=title&id=eq.{row}", {"title": "1"}, 1.0
    async with started(create_app(with_group(cheap, "cache", local_seconds=seconds))) as app:
        async with client_of(app) as elsewhere:
            assert await settled(elsewhere, path) == [{"title": "0"}]
            redis: Redis = app.state.relais.redis
            run = redis.run

            async def late(*commands: Command) -> list[Any]:
                found = await run(*commands)
                if commands[0][0] is cache._LOOK_UP:
                    monkeypatch.setattr(redis, "run", run)
                    where = f"/rest/v1/resources?id=eq.{row}"
                    answer = await client.patch(where, json=change, headers=people.owner.headers)
                    assert answer.status_code == 204
                    await asyncio.sleep(seconds)
                return found

            app.state.relais.conductor.cache._at_hand.clear()
            monkeypatch.setattr(redis, "run", late)
            assert await asked(elsewhere, path) == ("hit", [{"title": "0"}])
            assert (await asked(elsewhere, path))[1] == [change]
