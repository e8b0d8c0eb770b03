"""`/api/analytics`: what is taken, what comes of it, and who is shown whose numbers."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from app.adapters.postgres import SERVICE, Connection, Database
from app.jobs import buffers
from app.main import create_app
from app.modules.library import counters, events, retention
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import NOBODYS, Member, signed_up, with_group
from tests.accounts.ground import must_refuse
from tests.conftest import Urls, client_of, run_sql, started
from tests.library.conftest import People, new_resource

TAKEN = {"success": True, "message": "Événement enregistré"}
WANTED = 'Le champ "event" est requis et doit être une chaîne'


@pytest.fixture
async def context(app: FastAPI, urls: Urls) -> dict[str, Any]:
    """What the worker gives to what it does; nothing has been measured."""
    await run_sql(urls.admin, "delete from library.analytics_events", "delete from library.analytics_daily")
    state = app.state.relais
    return {"database": state.database, "redis": state.redis, "settings": state.settings}


async def track(client: httpx.AsyncClient, who: Member | None = None, **body: Any) -> httpx.Response:
    return await client.post("/api/analytics/track", json=body, headers=who.headers if who else {})


async def got(client: httpx.AsyncClient, path: str, who: Member | None = None, **params: Any) -> Any:
    answer = await client.get(f"/api/analytics/{path}", params=params, headers=who.headers if who else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def viewed(urls: Urls, resource: str, times: int, who: str = "") -> None:
    """Events of views that were written in another time."""
    person = f"'{who}'" if who else "null"
    await run_sql(
        urls.admin,
        "insert into library.analytics_events (tenant_id, event, resource_id, user_id)"
        f" select r.tenant_id, 'resource_view', r.id, {person} from library.resources as r, generate_series(1, {times})"
        f" where r.id = '{resource}'",
    )


async def stored(database: Database) -> list[tuple[Any, ...]]:
    rows = await database.fetch(
        SERVICE,
        "select event, user_id::text, resource_id::text, metadata::text from library.analytics_events order by event",
        mode="write",
    )
    return [tuple(row) for row in rows]


async def test_anybody_may_tell_of_an_event(client: httpx.AsyncClient, people: People, context: dict[str, Any]) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    for answer in (
        await track(client, event="a", metadata={"b": [1, "é"]}),
        await track(client, people.other, event="b", resourceId=resource, userId=people.admin.id),
        await track(client, people.other, event="c", resource_id=resource),
    ):
        assert (answer.status_code, answer.json()) == (200, TAKEN)
    assert await stored(context["database"]) == []
    await events.flush_events(context)
    assert await stored(context["database"]) == [
        ("a", None, None, '{"b": [1, "é"]}'),
        ("b", people.other.id, resource, None),
        ("c", people.other.id, resource, None),
    ]


async def test_an_event_of_what_the_caller_may_not_read_is_of_nothing(
    client: httpx.AsyncClient, people: People, context: dict[str, Any]
) -> None:
    private = (await new_resource(client, people.owner, visibility="private"))["id"]
    await track(client, people.other, event="a", resourceId=private)
    await track(client, people.owner, event="b", resourceId=private)
    await track(client, event="c", resourceId=NOBODYS)
    await track(client, event="d", resourceId="local_17")
    await events.flush_events(context)
    assert [(row[0], row[2], row[3]) for row in await stored(context["database"])] == [
        ("a", None, None),
        ("b", private, None),
        ("c", None, None),
        ("d", None, '{"resourceId": "local_17"}'),
    ]


@pytest.mark.parametrize("event", [None, "", "  ", 1, [], {}])
async def test_an_event_has_a_name(client: httpx.AsyncClient, event: Any) -> None:
    must_refuse(await track(client, event=event), 400, "VALIDATION_ERROR", WANTED)


@pytest.mark.parametrize(
    "body",
    [
        {"event": "x" * 256},
        {"event": "a\0"},
        {"event": "a\ud800"},
        {"event": "a", "metadata": "text"},
        {"event": "a", "metadata": {"a": "\0"}},
        {"event": "a", "metadata": {"a": [{"\0": 1}]}},
        {"event": "a", "metadata": {"a": "x" * 20000}},
        {"event": "a", "metadata": {"a": 10**30}},
    ],
)
async def test_what_cannot_be_stored_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post("/api/analytics/track", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_odd_ids_of_resources_are_no_mistake(client: httpx.AsyncClient, context: dict[str, Any]) -> None:
    for odd in ("a\0b", 7, ["x"], {}, "x" * 5000):
        assert (await track(client, event="a", resourceId=odd)).status_code == 200
    await events.flush_events(context)
    assert len(await stored(context["database"])) == 5


async def test_an_event_that_cannot_be_written_keeps_no_other_waiting(
    client: httpx.AsyncClient, context: dict[str, Any]
) -> None:
    redis = context["redis"]
    bad = b'{"tenant":"no id","event":"bad"}'
    await track(client, event="a")
    await redis.run(("RPUSH", events.gathered(redis).key, bad))
    await track(client, event="b")
    await events.flush_events(context)
    assert [row[0] for row in await stored(context["database"])] == ["a", "b"]
    await track(client, event="c")
    await events.flush_events(context)
    assert len(await stored(context["database"])) == 3


_POISON = """
    create function poisoned() returns trigger language plpgsql as $$
    begin raise exception using errcode = 'query_canceled'; end $$;
    create trigger poisoned before insert on library.analytics_events
    for each row when (new.event like 'poison%') execute function poisoned();
"""


async def test_a_batch_that_cannot_be_written_stops_no_other(
    client: httpx.AsyncClient, context: dict[str, Any], urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffers, "PART_ITEMS", 2)
    monkeypatch.setattr(buffers, "MOST_WAITING", 2)

    async def written(*names: str) -> list[str]:
        for name in names:
            await track(client, event=name)
        await events.flush_events(context)
        return [row[0] for row in await stored(context["database"])]

    await run_sql(urls.admin, _POISON)
    assert await written("a", "poison 1", "b", "c", "d") == ["b", "c", "d"]
    # Two wait: what comes now stays where its number is looked at.
    assert await written("poison 2", "e", "f") == ["b", "c", "d"]
    assert await context["redis"].run(("LLEN", events.gathered(context["redis"]).key)) == [1]
    await run_sql(urls.admin, "drop function poisoned() cascade")
    assert await written() == ["a", "b", "c", "d", "e", "f", "poison 1", "poison 2"]


async def test_batches_are_small(
    client: httpx.AsyncClient, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer, sizes = events.gathered(context["redis"]), list[int]()

    async def note_size(_: Connection, content: Sequence[bytes]) -> None:
        sizes.append(len(content))

    for items, size in ((3, 1000), (1000, 1000), (1000, 1)):
        monkeypatch.setattr(buffers, "PART_ITEMS", items)
        monkeypatch.setattr(buffers, "PART_BYTES", size)
        await context["redis"].run(*(("RPUSH", buffer.key, b"x" * 300) for _ in range(4)))
        await buffer.flush(context["database"], note_size)
    assert sizes == [3, 1, 3, 1, 1, 1, 1, 1]


async def test_large_events_find_less_room(
    client: httpx.AsyncClient, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_BYTES", 1000)
    await track(client, event="gathered")
    await track(client, event="straight", metadata={"a": "x" * 400})
    assert [row[0] for row in await stored(context["database"])] == ["straight"]
    await events.flush_events(context)


async def test_without_redis_events_are_written_straight(cheap: Settings, context: dict[str, Any]) -> None:
    gone = with_group(cheap, "redis", url=SecretStr("redis://127.0.0.1:9/0"))
    async with started(create_app(gone)) as app, client_of(app) as client:
        assert (await track(client, event="straight")).json() == TAKEN
    assert [row[0] for row in await stored(context["database"])] == ["straight"]


async def test_a_buffer_that_nobody_empties_is_gone_round(
    client: httpx.AsyncClient, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_GATHERED", 1)
    await track(client, event="gathered")
    await track(client, event="straight")
    assert [row[0] for row in await stored(context["database"])] == ["straight"]
    await events.flush_events(context)
    assert [row[0] for row in await stored(context["database"])] == ["gathered", "straight"]


async def test_numbers_of_everybody_and_of_the_caller(
    client: httpx.AsyncClient, people: People, context: dict[str, Any], urls: Urls
) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    await viewed(urls, resource, 3, people.other.id)
    await track(client, event="page_view")
    await events.flush_events(context)
    told = await got(client, "stats")
    assert told.keys() == {"totalEvents", "eventsByType", "recentEvents"}
    assert (told["totalEvents"], told["eventsByType"]) == (4, {"resource_view": 3, "page_view": 1})
    (views, pages) = told["recentEvents"]
    assert (views["event"], views["count"], pages["event"], pages["count"]) == ("resource_view", 3, "page_view", 1)
    assert len(views["date"]) == len("2026-01-01")
    mine = await got(client, "stats", people.other)
    assert (mine["userEvents"], mine["userEventsByType"]) == (3, {"resource_view": 3})
    assert mine["userTopResources"] == [{"resourceId": resource, "views": 3}]
    assert mine["userActivityByDay"] == [{"date": views["date"], "count": 3}]
    of_one = await got(client, "stats", people.other, event="page_view")
    assert of_one == {"totalEvents": 1, "recentEvents": [pages]}


async def test_days_bound_the_numbers(client: httpx.AsyncClient, urls: Urls, context: dict[str, Any]) -> None:
    await run_sql(
        urls.admin,
        "insert into library.analytics_events (tenant_id, event, created_at, updated_at)"
        " select relais.default_tenant_id(), 'old', now() - n * interval '1 day', now() from generate_series(0, 9) n",
    )
    assert (await got(client, "stats"))["totalEvents"] == 7
    assert (await got(client, "stats", days=2))["totalEvents"] == 2
    assert (await got(client, "stats", days=365))["totalEvents"] == 10


@pytest.mark.parametrize("query", ["days=0", "days=366", "days=x", "days=99999999999999", "event=%00", "event="])
async def test_numbers_that_cannot_be_asked_for(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/analytics/stats?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_only_public_resources_are_popular(
    client: httpx.AsyncClient, people: People, context: dict[str, Any], urls: Urls
) -> None:
    resources = [await new_resource(client, people.owner, title=f"P{number}") for number in range(3)]
    private = await new_resource(client, people.owner, visibility="private")
    for times, resource in enumerate((resources[2], resources[0], private), 1):
        await viewed(urls, resource["id"], times)
    await client.post(f"/api/resources/{resources[1]['id']}/view")
    await track(client, people.owner, event="resource_click", resourceId=resources[1]["id"])
    await counters.flush_views(context)
    await events.flush_events(context)
    expected = [{"resourceId": resources[0]["id"], "views": 2}]
    assert await got(client, "popular-resources", limit=1) == expected
    told = await got(client, "popular-resources")
    assert told[0] == expected[0]
    assert sorted((row["resourceId"], row["views"]) for row in told[1:]) == sorted(
        (resource["id"], 1) for resource in resources[1:]
    )
    await client.delete(f"/api/resources/{resources[0]['id']}", headers=people.owner.headers)
    assert len(await got(client, "popular-resources", people.admin)) == 2


async def test_nobody_makes_a_resource_popular_by_telling_of_it(
    client: httpx.AsyncClient, people: People, context: dict[str, Any]
) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    for name in ("resource_view", "resource_download", "resource_click"):
        for who in (None, None, people.other, people.other):
            assert (await track(client, who, event=name, resourceId=resource)).json() == TAKEN
    # A view that is told and counted is one.
    await client.post(f"/api/resources/{resource}/view")
    await client.post(f"/api/resources/{resource}/view", headers=people.owner.headers)
    await track(client, people.owner, event="resource_view", resourceId=resource)
    for name in ("resource_view", "resource_download"):
        row = {"event": name, "resource_id": resource}
        assert (await client.post("/rest/v1/analytics_events", json=row)).status_code == 401
    await counters.flush_views(context)
    await events.flush_events(context)
    told = (await got(client, "stats"))["eventsByType"]
    assert told == {"resource_click": 4, "resource_view": 3, "resource_download": 2}
    assert await got(client, "popular-resources") == [{"resourceId": resource, "views": 3}]
    assert (await client.get(f"/api/resources/{resource}")).json()["viewsCount"] == 2


async def test_somebodys_numbers_are_for_themselves_and_for_administrators(
    client: httpx.AsyncClient, people: People, context: dict[str, Any]
) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    await track(client, people.owner, event="resource_view", resourceId=resource)
    await track(client, people.owner, event="page_view")
    await events.flush_events(context)
    for who in (people.owner, people.admin, people.super_admin):
        told = await got(client, f"user/{people.owner.id}/stats", who)
        assert told["userId"] == people.owner.id
        assert told["period"]["days"] == 30
        assert told["period"]["from"] < told["period"]["to"]
        assert told["events"] == {"total": 2, "byType": {"page_view": 1, "resource_view": 1}}
        assert told["topResources"] == [{"resourceId": resource, "views": 1}]
        assert [day["count"] for day in told["activityByDay"]] == [2]
        assert told["content"] == {"resourcesCreated": 1, "resourcesSaved": 0, "commentsCreated": 0}
    url = f"/api/analytics/user/{people.owner.id}/stats"
    for who in (people.other, people.moderator):
        must_refuse(await client.get(url, headers=who.headers), 403, "ACCESS_DENIED", "Accès refusé")
    assert (await client.get(url)).json()["code"] == "AUTH_TOKEN_MISSING"


@pytest.mark.parametrize("user_id", [NOBODYS, "1", "x" * 300, "%00", "é"])
async def test_who_is_nobody_is_told_to_administrators_only(
    client: httpx.AsyncClient, people: People, user_id: str
) -> None:
    url = f"/api/analytics/user/{user_id}/stats"
    must_refuse(await client.get(url, headers=people.admin.headers), 404, "USER_NOT_FOUND", "Utilisateur non trouvé")
    must_refuse(await client.get(url, headers=people.other.headers), 403, "ACCESS_DENIED", "Accès refusé")


async def test_numbers_outlive_their_events_and_can_be_counted_anew(
    client: httpx.AsyncClient, context: dict[str, Any], urls: Urls
) -> None:
    old = "now() - interval '400 days'"
    await run_sql(
        urls.admin,
        "insert into library.analytics_events (tenant_id, event, created_at, updated_at)"
        f" select relais.default_tenant_id(), 'old', {old}, now() from generate_series(1, 3)",
    )
    await track(client, event="new")
    await events.flush_events(context)
    await retention.retire_library_rows(context)
    assert [row[0] for row in await stored(context["database"])] == ["new"]
    count = "select coalesce(sum(count), 0) from library.analytics_daily where event = $1"
    assert (await context["database"].fetch(SERVICE, count, "old", mode="write"))[0][0] == 3
    await run_sql(urls.admin, "update library.analytics_daily set count = 50 where event = 'new'")
    async with context["database"].transaction(SERVICE) as connection:
        await connection.execute(retention._RECOUNT)  # pyright: ignore[reportPrivateUsage]
    assert (await context["database"].fetch(SERVICE, count, "new", mode="write"))[0][0] == 1
    assert (await context["database"].fetch(SERVICE, count, "old", mode="write"))[0][0] == 3


async def test_read_notifications_go_after_their_time(context: dict[str, Any], cheap: Settings, urls: Urls) -> None:
    async with started(create_app(cheap)) as app, client_of(app) as client:
        somebody = await signed_up(client)
    rows = ", ".join(
        f"(relais.default_tenant_id(), '{somebody.id}', 'info', '{title}', 'm', {read}, now() - {days} * interval '1d')"
        for title, read, days in (("old read", "true", 91), ("read", "true", 89), ("old unread", "false", 500))
    )
    await run_sql(
        urls.admin,
        "insert into library.notifications (tenant_id, user_id, type, title, message, is_read, created_at)"
        f" values {rows}",
    )
    await retention.retire_library_rows(context)
    left = await context["database"].fetch(
        SERVICE,
        "select title from library.notifications where user_id = $1::text::uuid order by 1",
        somebody.id,
        mode="write",
    )
    assert [row[0] for row in left] == ["old unread", "read"]


async def test_records_of_changes_go_after_their_time_if_they_have_one(
    context: dict[str, Any], cheap: Settings, urls: Urls
) -> None:
    of_days = "'days ' || days, now() - days * interval '1 day' from unnest(array[364, 366]) as days"
    await run_sql(
        urls.admin,
        "insert into library.permission_audit_logs (tenant_id, action, permission_name, created_at)"
        f" select relais.default_tenant_id(), 'PERMISSION_CREATED', {of_days}",
        "insert into library.admin_config_audit_logs (tenant_id, key, created_at)"
        f" select relais.default_tenant_id(), {of_days}",
    )

    async def kept() -> list[str]:
        statement = """
            select name from (
              select permission_name from library.permission_audit_logs
              union all select key from library.admin_config_audit_logs) as u (name)
            where name like 'days %' order by 1
        """
        return [row[0] for row in await context["database"].fetch(SERVICE, statement, mode="write")]

    await retention.retire_library_rows(context)
    assert await kept() == ["days 364", "days 364", "days 366", "days 366"]
    await retention.retire_library_rows({**context, "settings": with_group(cheap, "retention", audit_days=365)})
    assert await kept() == ["days 364", "days 364"]
