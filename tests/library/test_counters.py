"""Views and downloads: who counts, how often, and that nothing is lost or counted twice whatever ends when."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from app.adapters.postgres import SERVICE, Connection, Database
from app.adapters.redis import Redis, RedisUnavailable
from app.embedded import Servers
from app.main import create_app
from app.modules.library import counters, events
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import NOBODYS, signed_up, with_group
from tests.accounts.ground import must_refuse
from tests.conftest import Urls, client_of, environment_for, run_sql, started
from tests.library.conftest import People, new_resource

NOT_FOUND = (404, "RESOURCE_NOT_FOUND", "Ressource non trouvée")


@pytest.fixture
async def context(app: FastAPI) -> dict[str, Any]:
    """What the worker gives to what it does."""
    state = app.state.relais
    return {"database": state.database, "redis": state.redis, "settings": state.settings}


@pytest.fixture
async def private_redis(settings: Settings) -> AsyncGenerator[Redis]:
    """Keys that no other test has."""
    redis = Redis(settings.redis.model_copy(update={"prefix": f"t{uuid4().hex[:8]}:"}))
    yield redis
    await redis.close()


async def view(client: httpx.AsyncClient, resource_id: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return await client.post(f"/api/resources/{resource_id}/view", headers=headers or {})


async def numbers(database: Database, resource_id: str) -> tuple[int, int]:
    (row,) = await database.fetch(
        SERVICE,
        "select views_count, downloads_count from library.resources where id = $1::text::uuid",
        resource_id,
        mode="write",
    )
    return row[0], row[1]


async def test_a_view_is_counted_once_a_visitor_and_window(
    client: httpx.AsyncClient, people: People, context: dict[str, Any]
) -> None:
    resource = await new_resource(client, people.owner)
    for headers in (people.owner.headers, people.other.headers, people.other.headers, {}, {}):
        answer = await view(client, resource["id"], headers)
        assert (answer.status_code, answer.json()) == (200, {"message": "Vue incrémentée"})
    assert (await numbers(context["database"], resource["id"]))[0] == 0
    await counters.flush_views(context)
    assert await numbers(context["database"], resource["id"]) == (3, 0)
    await counters.flush_views(context)
    assert await numbers(context["database"], resource["id"]) == (3, 0)
    told = (await client.get(f"/api/resources/{resource['id']}")).json()
    assert told["viewsCount"] == 3
    assert told["updatedAt"] == resource["updatedAt"]


async def test_when_the_window_is_over_a_visitor_counts_again(cheap: Settings) -> None:
    async with started(create_app(with_group(cheap, "jobs", view_window_seconds=1))) as app, client_of(app) as client:
        state = app.state.relais
        owner = await signed_up(client)
        resource = await new_resource(client, owner)
        context = {"database": state.database, "redis": state.redis}
        async with asyncio.timeout(20):
            while (await numbers(state.database, resource["id"]))[0] < 2:
                await view(client, resource["id"])
                await counters.flush_views(context)
                await asyncio.sleep(0.1)


async def test_each_download_is_counted_at_once(
    client: httpx.AsyncClient, people: People, context: dict[str, Any]
) -> None:
    resource = await new_resource(client, people.owner)
    url = f"/api/resources/{resource['id']}/download"
    answers = await asyncio.gather(*(client.post(url, headers=people.other.headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json() == {"message": "Téléchargement incrémenté"}
    assert await numbers(context["database"], resource["id"]) == (0, 20)
    assert (await client.get(f"/api/resources/{resource['id']}")).json()["updatedAt"] == resource["updatedAt"]


@pytest.mark.parametrize("what", ["view", "download"])
async def test_what_a_caller_may_not_read_is_not_counted(
    client: httpx.AsyncClient, people: People, context: dict[str, Any], what: str
) -> None:
    resource = await new_resource(client, people.owner, visibility="private")
    url = f"/api/resources/{resource['id']}/{what}"
    for headers in ({}, people.other.headers):
        must_refuse(await client.post(url, headers=headers), *NOT_FOUND)
    for headers in (people.owner.headers, people.moderator.headers, people.admin.headers):
        assert (await client.post(url, headers=headers)).status_code == 200
    await counters.flush_views(context)
    assert sum(await numbers(context["database"], resource["id"])) == 3


@pytest.mark.parametrize("what", ["view", "download"])
@pytest.mark.parametrize("resource_id", [NOBODYS, "1", "x" * 3000, "%00", "' or 1=1", "é"])
async def test_what_is_no_resource_is_not_found(client: httpx.AsyncClient, what: str, resource_id: str) -> None:
    must_refuse(await client.post(f"/api/resources/{resource_id}/{what}"), *NOT_FOUND)


async def test_both_leave_an_event(client: httpx.AsyncClient, people: People, context: dict[str, Any]) -> None:
    resource = await new_resource(client, people.owner)
    await view(client, resource["id"], people.other.headers)
    await client.post(f"/api/resources/{resource['id']}/download", headers=people.other.headers)
    await events.flush_events(context)
    rows = await context["database"].fetch(
        SERVICE,
        "select event, user_id::text from library.analytics_events where resource_id = $1::text::uuid order by event",
        resource["id"],
        mode="write",
    )
    assert [tuple(row) for row in rows] == [
        ("resource_download", people.other.id),
        ("resource_view", people.other.id),
    ]


async def test_without_redis_views_and_downloads_are_written_straight(cheap: Settings) -> None:
    gone = with_group(cheap, "redis", url=SecretStr("redis://127.0.0.1:9/0"))
    async with started(create_app(gone)) as app, client_of(app) as client:
        owner = await signed_up(client)
        resource = await new_resource(client, owner)
        for what in ("view", "download"):
            assert (await client.post(f"/api/resources/{resource['id']}/{what}")).status_code == 200
        database = app.state.relais.database
        assert await numbers(database, resource["id"]) == (1, 1)
        events_of = "select count(*) from library.analytics_events where resource_id = $1::text::uuid"
        (row,) = await database.fetch(SERVICE, events_of, resource["id"], mode="write")
        assert row[0] == 2


class _Interrupted(Redis):
    """Ends its process, as it were, before a command of this name."""

    before = ""

    async def run(self, *commands: Any) -> list[Any]:
        if any(command[0] == self.before for command in commands):
            raise RedisUnavailable("killed")
        return await super().run(*commands)


async def test_a_batch_that_was_written_and_not_thrown_away_is_not_written_again(
    client: httpx.AsyncClient, people: People, context: dict[str, Any], settings: Settings
) -> None:
    resource = await new_resource(client, people.owner)
    tenant = await _tenant(context["database"])
    redis = _Interrupted(settings.redis.model_copy(update={"prefix": f"t{uuid4().hex[:8]}:"}))
    field = f"{tenant}:{resource['id']}"
    await redis.run(("HINCRBY", counters.gathered(redis).key, field, 5))
    killed = {**context, "redis": redis}
    for before, views in (("HGETALL", 0), ("DEL", 5), ("DEL", 5), ("nothing", 5), ("nothing", 5)):
        redis.before = before
        try:
            await counters.flush_views(killed)
        except RedisUnavailable:
            assert before != "nothing"
        assert (await numbers(context["database"], resource["id"]))[0] == views
    assert await redis.client.keys(redis.key("*")) == []
    await redis.close()


async def test_a_batch_whose_transaction_fails_waits_for_the_next_round(
    client: httpx.AsyncClient, people: People, context: dict[str, Any], private_redis: Redis
) -> None:
    resource = await new_resource(client, people.owner)
    buffer = counters.gathered(private_redis)
    field = f"{await _tenant(context['database'])}:{resource['id']}"
    await private_redis.run(("HINCRBY", buffer.key, field, 2))

    async def fail(connection: Connection, content: Any) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await buffer.flush(context["database"], fail)
    await private_redis.run(("HINCRBY", buffer.key, field, 3), ("HINCRBY", buffer.key, "odd", 1))
    flushes = (counters.flush_views({**context, "redis": private_redis}) for _ in range(6))
    await asyncio.gather(*flushes)
    assert (await numbers(context["database"], resource["id"]))[0] == 5


async def test_a_counter_at_its_largest_value_stays_there(
    client: httpx.AsyncClient, people: People, context: dict[str, Any], private_redis: Redis, urls: Urls
) -> None:
    resource = await new_resource(client, people.owner)
    await run_sql(urls.admin, f"update library.resources set views_count = 2147483600 where id = '{resource['id']}'")
    field = f"{await _tenant(context['database'])}:{resource['id']}"
    await private_redis.run(("HINCRBY", counters.gathered(private_redis).key, field, 10**9))
    await counters.flush_views({**context, "redis": private_redis})
    assert (await numbers(context["database"], resource["id"]))[0] == 2147483647


async def test_workers_that_are_killed_lose_no_view_and_count_none_twice(
    client: httpx.AsyncClient,
    people: People,
    context: dict[str, Any],
    private_redis: Redis,
    urls: Urls,
    servers: Servers,
    data_dir: Path,
) -> None:
    tenant = await _tenant(context["database"])
    resources = [(await new_resource(client, people.owner))["id"] for _ in range(3)]
    environment = environment_for(urls, servers, data_dir) | {"RELAIS_REDIS_PREFIX": private_redis.key("")}
    command = [sys.executable, "-m", "app.cli", "worker"]
    workers = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(2)]
    key, total, enough = counters.gathered(private_redis).key, 0, asyncio.Event()

    async def visit() -> None:
        nonlocal total
        while not enough.is_set():
            await private_redis.run(("HINCRBY", key, f"{tenant}:{resources[total % 3]}", 1))
            total += 1
            await asyncio.sleep(0)

    async def counted() -> int:
        return sum([(await numbers(context["database"], resource))[0] for resource in resources])

    visiting = asyncio.create_task(visit())
    try:
        async with asyncio.timeout(110):
            for turn in range(3):
                before = await counted()
                while await counted() == before:
                    await asyncio.sleep(0.01)
                workers[turn % 2].kill()
                workers[turn % 2].wait(30)
                workers[turn % 2] = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            enough.set()
            await visiting
            while await counted() < total:
                await asyncio.sleep(0.05)
            await counters.flush_views({**context, "redis": private_redis})
        assert await counted() == total
    finally:
        visiting.cancel()
        for worker in workers:
            worker.kill()
            worker.wait(30)


async def _tenant(database: Database) -> str:
    (row,) = await database.fetch(SERVICE, "select relais.default_tenant_id()::text", mode="write")
    return str(row[0])
