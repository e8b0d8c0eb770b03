"""Answers are kept, for whom they were made, until something that they depend on is written to."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app.adapters.redis import Redis
from fastapi import FastAPI

from tests.accounts.conftest import Member
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource

LIST = "/rest/v1/resources?select=id,title,profiles!user_id(username)&order=created_at.desc&limit=5"
_CACHE = re.compile(r"cache;desc=(\w+)")


async def asked(client: httpx.AsyncClient, path: str = LIST, **headers: str) -> tuple[str, Any]:
    """Whether an answer was kept, and the answer."""
    answer = await client.get(path, headers=headers)
    assert answer.status_code in (200, 206), answer.text
    found = _CACHE.search(answer.headers["server-timing"])
    return found[1] if found else "", answer.json()


async def settled(client: httpx.AsyncClient, path: str = LIST, **headers: str) -> Any:
    """The answer, once it is kept."""
    for _ in range(200):
        said, told = await asked(client, path, **headers)
        if said == "hit":
            return told
        await asyncio.sleep(0.01)
    raise AssertionError("never kept")


async def eventually(seen: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(300):
        if await seen():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def test_an_answer_is_given_again_and_is_the_same(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner)
    _, told = await asked(client)
    assert await settled(client) == told
    assert len(told) >= 1


async def test_a_count_and_a_range_are_kept_with_the_rows(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner)
    first = await client.get(LIST, headers={"Prefer": "count=exact"})
    await settled(client, Prefer="count=exact")
    again = await client.get(LIST, headers={"Prefer": "count=exact"})
    for header in ("content-range", "content-type", "content-location", "preference-applied"):
        assert again.headers.get(header) == first.headers.get(header)
    assert (again.status_code, again.content) == (first.status_code, first.content)


WRITES: dict[str, Callable[[httpx.AsyncClient, People, str], Awaitable[Any]]] = {
    "a new row": lambda client, people, _: new_resource(client, people.owner, title="Neuve"),
    "a change": lambda client, people, row: client.patch(
        f"/rest/v1/resources?id=eq.{row}", json={"title": "Autre"}, headers=people.owner.headers
    ),
    "a removal": lambda client, people, row: client.delete(
        f"/rest/v1/resources?id=eq.{row}", headers=people.owner.headers
    ),
    "a function": lambda client, people, row: client.post(
        "/rest/v1/rpc/increment_resource_views", json={"resource_id": row}, headers=people.owner.headers
    ),
    "a trigger": lambda client, people, row: client.post(
        "/rest/v1/resource_ratings", json={"resource_id": row, "rating": 5}, headers=people.other.headers
    ),
    "an explicit route": lambda client, people, row: client.put(
        f"/api/resources/{row}", json={"title": "Encore"}, headers=people.owner.headers
    ),
    "a write to what is embedded": lambda client, people, _: client.patch(
        f"/rest/v1/profiles?user_id=eq.{people.owner.id}", json={"bio": uuid4().hex}, headers=people.owner.headers
    ),
}


@pytest.mark.parametrize("what", list(WRITES))
async def test_after_a_write_nobody_is_given_what_was_before(
    client: httpx.AsyncClient, people: People, what: str
) -> None:
    row = (await new_resource(client, people.owner))["id"]
    await settled(client)
    answer = await WRITES[what](client, people, row)
    assert isinstance(answer, dict) or answer.status_code < 300, answer.text
    said, told = await asked(client)
    assert said == "miss"
    assert told == (await client.get(LIST, headers={"Prefer": "handling=lenient"})).json()


async def test_what_is_embedded_counts_though_it_has_no_lifetime_of_its_own(
    client: httpx.AsyncClient, people: People
) -> None:
    path = f"/rest/v1/profiles?select=username,profile_preferences(preferred_layout)&user_id=eq.{people.owner.id}"
    for layout in ("grid", "list"):
        wish = {"user_id": people.owner.id, "preferred_layout": layout}
        headers = {**people.owner.headers, "Prefer": "resolution=merge-duplicates"}
        assert (await client.post("/rest/v1/profile_preferences", json=wish, headers=headers)).status_code < 300
        told = await settled(client, path, **people.owner.headers)
        assert layout in str(told)


async def test_writes_on_another_road_are_heard_of(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    row = (await new_resource(client, people.owner))["id"]
    await settled(client)
    await run_sql(urls.admin, f"update library.resources set title = 'Par la console' where id = '{row}'")

    async def seen() -> bool:
        return (await asked(client))[1][0]["title"] == "Par la console"

    await eventually(seen)


async def test_a_rule_that_changes_holds_for_what_was_kept(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    await new_resource(client, people.owner, title="Vue de tous")
    assert await settled(client)
    hidden = "create policy hidden on library.resources as restrictive for select to anon using (false)"
    await run_sql(urls.admin, hidden)
    try:

        async def nothing_is_seen() -> bool:
            return (await asked(client))[1] == []

        await eventually(nothing_is_seen)
    finally:
        await run_sql(urls.admin, "drop policy hidden on library.resources")

    async def is_seen_again() -> bool:
        return (await asked(client))[1] != []

    await eventually(is_seen_again)


async def test_a_tightened_rule_holds_though_the_catalog_cannot_be_read(
    client: httpx.AsyncClient, app: FastAPI, people: People, urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    await new_resource(client, people.owner, title="Vue de tous")
    assert await settled(client)

    async def fails(_: object) -> None:
        raise ValueError("not now")

    hidden = "create policy hidden on library.resources as restrictive for select to anon using (false)"
    with monkeypatch.context() as patched:
        patched.setattr(type(app.state.relais.engines), "_load", fails)
        await run_sql(urls.admin, hidden)
        try:

            async def nothing_is_seen() -> bool:
                return (await asked(client))[1] == []

            await eventually(nothing_is_seen)
        finally:
            await run_sql(urls.admin, "drop policy hidden on library.resources")


async def test_a_write_that_is_taken_back_leaves_what_was_kept_right(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner, title="Reste")
    before = await settled(client)
    refused = await client.post(
        "/rest/v1/resources", json={"title": None, "description": "x"}, headers=people.owner.headers
    )
    assert refused.status_code == 400
    assert (await asked(client))[1] == before


async def test_each_caller_has_answers_of_their_own(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner, title="Secret", visibility="private")
    mine = await settled(client, **people.owner.headers)
    assert mine[0]["title"] == "Secret"
    assert "Secret" not in {row["title"] for row in await settled(client)}
    assert "Secret" not in {row["title"] for row in await settled(client, **people.other.headers)}


async def test_a_right_that_is_given_or_taken_shows_at_once(client: httpx.AsyncClient, people: People) -> None:
    row = (await new_resource(client, people.owner, title="Prêtée", visibility="private"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    assert await settled(client, path, **people.other.headers) == []
    share = {"resource_id": row, "shared_with_user_id": people.other.id}
    made = await client.post(
        "/rest/v1/resource_shares",
        json=share,
        headers={**people.owner.headers, "Prefer": "return=representation"},
    )
    assert made.status_code == 201, made.text
    assert await settled(client, path, **people.other.headers) == [{"title": "Prêtée"}]
    gone = await client.delete(f"/rest/v1/resource_shares?resource_id=eq.{row}", headers=people.owner.headers)
    assert gone.status_code == 204
    assert (await asked(client, path, **people.other.headers))[1] == []


@asynccontextmanager
async def lent(urls: Urls, row: str, member: Member, seconds: float) -> AsyncGenerator[Callable[[], Awaitable[bool]]]:
    """Share a resource with somebody for a moment; tells whether the moment is over."""
    connection = cast("Any", await asyncpg.connect(urls.admin))
    try:
        ends = await connection.fetchval(
            "insert into library.resource_shares (tenant_id, resource_id, shared_with_user_id, expires_at)"
            " select tenant_id, id, $2::text::uuid, now() + $3 * interval '1 second'"
            " from library.resources where id = $1::text::uuid returning expires_at",
            row,
            member.id,
            seconds,
        )

        async def is_over() -> bool:
            return await connection.fetchval("select clock_timestamp() >= $1", ends)

        yield is_over
    finally:
        await connection.close()


async def test_nothing_outlives_the_end_of_a_right(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    row = (await new_resource(client, people.owner, title="Jusqu'à", visibility="private"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    async with lent(urls, row, people.other, 1.5) as is_over:

        async def shared() -> bool:
            return bool((await asked(client, path, **people.other.headers))[1])

        await eventually(shared)
        assert await settled(client, path, **people.other.headers)
        await eventually(is_over)
        assert (await asked(client, path, **people.other.headers))[1] == []


async def test_a_right_that_ends_while_an_answer_is_computed_is_not_kept_in_it(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    row = (await new_resource(client, people.owner, title="Encore", visibility="private"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    assert await settled(client, path, **people.other.headers) == []
    holding = cast("Any", await asyncpg.connect(urls.admin))
    try:
        async with lent(urls, row, people.other, 0.8) as is_over:
            await asyncio.sleep(0.2)
            async with holding.transaction():
                await holding.execute("lock table library.resources in access exclusive mode")
                # As many as it takes for an answer to be kept.
                reading = asyncio.gather(*(asked(client, path, **people.other.headers) for _ in range(3)))
                await eventually(is_over)
            await reading
            # Time enough to keep what was read, before another answer takes its place.
            await asyncio.sleep(0.4)
            assert (await asked(client, path, **people.other.headers))[1] == []
    finally:
        await holding.close()


@pytest.mark.parametrize(
    "path",
    [
        "/rest/v1/resources?select=id&created_at=lt.now",
        "/rest/v1/notifications?select=id",
        "/rest/v1/resource_statistics?select=id&limit=1",
    ],
)
async def test_what_changes_by_itself_or_has_no_lifetime_is_not_kept(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    for _ in range(3):
        assert (await asked(client, path, **people.owner.headers))[0] == ""


async def test_without_redis_every_answer_is_computed(client: httpx.AsyncClient, app: FastAPI, people: People) -> None:
    await new_resource(client, people.owner, title="Sans Redis")
    await settled(client)
    redis: Redis = app.state.relais.redis
    redis._away, redis._look_at = True, float("inf")  # pyright: ignore[reportPrivateUsage]
    await new_resource(client, people.owner, title="Écrite sans Redis")
    assert (await asked(client))[1][0]["title"] == "Écrite sans Redis"
    # It is back, with all that it knew: a new connection is made, and nothing of before counts.
    await redis._line.disconnect()  # pyright: ignore[reportPrivateUsage]
    redis._away = False  # pyright: ignore[reportPrivateUsage]
    said, told = await asked(client)
    assert (said, told[0]["title"]) == ("miss", "Écrite sans Redis")


async def test_a_crowd_that_asks_for_the_same_computes_it_once(
    client: httpx.AsyncClient, app: FastAPI, people: People
) -> None:
    await new_resource(client, people.owner)
    counts = app.state.relais.conductor.cache.counts
    database, ran = app.state.relais.database, 0
    fetch = database.fetch_one

    async def counted(*args: Any, **options: Any) -> Any:
        nonlocal ran
        ran += 1
        await asyncio.sleep(0.05)
        return await fetch(*args, **options)

    await asked(client, "/rest/v1/profiles?select=username&limit=1")
    database.fetch_one = counted
    try:
        told = await asyncio.gather(*(asked(client) for _ in range(30)))
    finally:
        database.fetch_one = fetch
    assert ran <= 2
    assert counts.misses >= 1
    assert len({str(rows) for _, rows in told}) == 1


async def test_what_nobody_asks_for_twice_is_not_kept(client: httpx.AsyncClient, app: FastAPI, people: People) -> None:
    await new_resource(client, people.owner)
    redis: Redis = app.state.relais.redis

    async def kept() -> set[bytes]:
        (found,) = await redis.run(("KEYS", redis.key("cache", "resources:*")))
        return set(found)

    before = await kept()
    for _ in range(5):
        assert (await asked(client, f"{LIST}&title=neq.{uuid4().hex}"))[0] == "miss"
    path = f"{LIST}&title=neq.{uuid4().hex}"
    await asked(client, path)
    await asyncio.sleep(0.1)
    assert await kept() <= before
    await settled(client, path)
    assert len(await kept() - before) == 1
