"""`/api/<table>` and `/api/rpc/<function>`: what the shipped client asks for by name."""

from time import perf_counter
from typing import Any

import httpx
import pytest
from app.adapters.postgres import SERVICE
from app.modules.library import counters, events
from app.modules.library.table_rows import NAMES
from fastapi import FastAPI

from tests.accounts.conftest import NOBODYS
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource

UNKNOWN = (NOBODYS, "nope", "%00", "x" * 3000)
ODD = (
    {"id": "x"},
    {"id__in": "x,y"},
    {"created_at": "x"},
    {"sortBy": "x"},
    {"sortOrder": "x"},
    {"limit": "x"},
    {"limit": "-1"},
    {"limit": "0" * 5000},
    {"page": "0" * 5000 + "1"},
    {"page": "99999999999999999999"},
    {"offset": "x"},
    {"user_id": "\0"},
    {"x" * 1000: "y"},
    {"id__not_null": "x"},
    {"tags__overlaps": "a,b"},
    {"tags": "x" * 5000},
)


async def rows(client: httpx.AsyncClient, table: str, who: dict[str, str], **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/{table}", params=params, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("table", NAMES)
async def test_no_question_about_a_table_is_an_error_of_ours(
    client: httpx.AsyncClient, people: People, table: str
) -> None:
    for who in ({}, people.other.headers, people.super_admin.headers):
        for params in ({}, *ODD):
            answer = await client.get(f"/api/{table}", params=params, headers=who)
            assert answer.status_code in (200, 400, 401, 403), (params, answer.text)
        for which in UNKNOWN:
            assert (await client.get(f"/api/{table}/{which}", headers=who)).status_code in (401, 404)
            changed = await client.put(f"/api/{table}/{which}", json={"id": which}, headers=who)
            assert changed.status_code in (401, 403, 404), changed.text
            gone = await client.delete(f"/api/{table}/{which}", headers=who)
            assert gone.status_code in (401, 403, 404), gone.text
        for body in ({}, [], [{}], [1], "x", None, {"id": "x"}, {"tenant_id": NOBODYS}, {"name": {"a": "\0"}}):
            answer = await client.post(f"/api/{table}", json=body, headers=who)
            assert answer.status_code in (201, 400, 401, 403, 409), (body, answer.text)


async def test_rows_are_bare_and_in_snake_case(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner, title="Versionnée")
    body = {"resource_id": resource["id"], "title": "Un", "description": "D", "version_number": 9, "nonsense": 1}
    made = await client.post("/api/resource_versions", json=body, headers=people.owner.headers)
    assert made.status_code == 201, made.text
    assert (made.json()["version_number"], made.json()["created_by"]) == (1, people.owner.id)
    assert made.json()["created_at"].endswith("Z")
    assert "tenant_id" not in made.json()
    camel = {**body, "resourceId": resource["id"], "title": "Deux", "changeSummary": "Mieux"}
    second = (await client.post("/api/resource_versions", json=camel, headers=people.owner.headers)).json()
    assert (second["version_number"], second["change_summary"]) == (2, "Mieux")
    found = await rows(
        client, "resource_versions", {}, resource_id=resource["id"], sortBy="version_number", sortOrder="desc"
    )
    assert [row["title"] for row in found] == ["Deux", "Un"]
    assert await client.get(f"/api/resource_versions/{second['id']}?") is not None
    assert (await client.get(f"/api/resource_versions/{second['id']}")).json() == second
    newer = await rows(client, "resource_versions", {}, resource_id=resource["id"], version_number__gt=1)
    assert newer == [second]
    page = await rows(
        client, "resource_versions", {}, resource_id=resource["id"], limit=1, page=2, sortBy="versionNumber"
    )
    assert [row["version_number"] for row in page] == [1]
    path = f"/api/resource_versions/{made.json()['id']}"
    refused = await client.delete(path, headers=people.other.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCESS_DENIED")
    gone = await client.delete(path, headers=people.owner.headers)
    assert (gone.status_code, gone.content) == (204, b"")
    again = await client.delete(path, headers=people.owner.headers)
    assert (again.status_code, again.json()["code"]) == (404, "NOT_FOUND")


async def test_nobody_reads_more_by_name_than_elsewhere(client: httpx.AsyncClient, people: People) -> None:
    secret = await new_resource(client, people.owner, visibility="private")
    body = {"resource_id": secret["id"], "title": "Un", "description": "D"}
    made = (await client.post("/api/resource_versions", json=body, headers=people.owner.headers)).json()
    for who in ({}, people.other.headers):
        assert await rows(client, "resource_versions", who, resource_id=secret["id"]) == []
        assert (await client.get(f"/api/resource_versions/{made['id']}", headers=who)).status_code == 404
    foreign = await client.post("/api/resource_versions", json=body, headers=people.other.headers)
    assert foreign.status_code == 403
    saved = {"resource_id": secret["id"], "user_id": people.owner.id}
    assert (await client.post("/api/saved_resources", json=saved, headers=people.owner.headers)).status_code == 201
    assert len(await rows(client, "saved_resources", people.owner.headers)) == 1
    assert await rows(client, "saved_resources", people.other.headers) == []
    assert (await client.get("/api/saved_resources")).status_code == 401
    roles = await rows(client, "user_roles", people.other.headers)
    assert [(row["user_id"], row["role"]) for row in roles] == [(people.other.id, "user")]
    raised = await client.put(f"/api/user_roles/{roles[0]['id']}", json={"role": "admin"}, headers=people.other.headers)
    assert (raised.status_code, raised.json()["code"]) == (403, "ACCESS_DENIED")


async def test_several_rows_are_made_at_once_or_none(client: httpx.AsyncClient, people: People) -> None:
    who = people.admin.headers
    body = [{"name": f"En nombre {number}", "order": number} for number in range(3)]
    made = await client.post("/api/category_hierarchy", json=body, headers=who)
    assert made.status_code == 201, made.text
    assert [row["order_index"] for row in made.json()] == [0, 1, 2]
    path = f"/api/category_hierarchy/{made.json()[0]['id']}"
    changed = await client.put(path, json={"name": "Changée", "updated_at": "x"}, headers=who)
    assert changed.status_code in (200, 400)
    changed = await client.put(path, json={"name": "Changée"}, headers=who)
    assert (changed.status_code, changed.json()["name"]) == (200, "Changée")
    twice = await client.post("/api/category_hierarchy", json=[{"name": "Neuve"}, {"name": "neuve"}], headers=who)
    assert twice.status_code == 409
    assert await rows(client, "category_hierarchy", {}, name="Neuve") == []


async def test_no_other_path_is_taken_for_a_table(client: httpx.AsyncClient, people: People) -> None:
    for name in ("nothing", "admin_configs", "users", "sessions", "pg_class", "user_roles2"):
        answer = await client.get(f"/api/{name}", headers=people.super_admin.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "ROUTE_NOT_FOUND")


async def test_views_and_downloads_are_counted_by_name_as_by_their_routes(
    client: httpx.AsyncClient, app: FastAPI, people: People
) -> None:
    state = app.state.relais
    context = {"database": state.database, "redis": state.redis}
    public = (await new_resource(client, people.owner))["id"]
    private = (await new_resource(client, people.owner, visibility="private"))["id"]
    for resource in (public, public.upper(), private, NOBODYS):
        for name in ("views", "downloads"):
            call = f"/api/rpc/increment_resource_{name}"
            answer = await client.post(call, json={"resource_id": resource}, headers=people.other.headers)
            assert (answer.status_code, answer.json()) == (200, None)
    await client.post(f"/api/resources/{public}/view", headers=people.other.headers)
    query = """
        select r.id::text, r.views_count, r.downloads_count,
               array(select e.event from library.analytics_events as e where e.resource_id = r.id order by 1)
        from library.resources as r where r.user_id = $1::text::uuid
    """
    assert {row[1] for row in await state.database.fetch(SERVICE, query, people.owner.id, mode="write")} == {0}
    await counters.flush_views(context)
    await events.flush_events(context)
    rows = await state.database.fetch(SERVICE, query, people.owner.id, mode="write")
    assert {row[0]: tuple(row)[1:] for row in rows} == {
        public: (1, 2, ["resource_download", "resource_download", "resource_view"]),
        private: (0, 0, []),
    }


async def test_functions_are_called_by_name(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner)
    body = {"resource_id": resource["id"]}
    viewed = await client.post("/api/rpc/increment_resource_views", json=body)
    assert (viewed.status_code, viewed.json()) == (200, None)
    assert (await client.post("/api/rpc/increment_resource_downloads", json={"resource_id": NOBODYS})).json() is None
    role = {"_user_id": people.admin.id, "_role": "admin"}
    assert (await client.post("/api/rpc/has_role", json=role)).json() is True
    forked = await client.post("/api/rpc/fork_resource", json=body, headers=people.other.headers)
    assert (forked.status_code, forked.json()["user_id"]) == (200, people.other.id)
    for name in ("nothing", "pg_sleep", "has_rank", "x" * 3000, "%00", "has_role"):
        unknown = await client.post(f"/api/rpc/{name}", json={"x": 1})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "UNKNOWN_FUNCTION"), unknown.text
        assert unknown.json()["message"] == "Fonction RPC inconnue"
    for wrong in ([], "x", 1, {"resource_id": "\0"}):
        assert (await client.post("/api/rpc/increment_resource_views", json=wrong)).status_code == 400
    malformed = await client.post("/api/rpc/increment_resource_views", json={"resource_id": "x"})
    assert malformed.status_code == 400


_MADE = """
    insert into library.resources (tenant_id, user_id, title, description)
    select r.tenant_id, r.user_id, 'Comptée ' || number, 'x'
    from library.resources as r cross join generate_series(1, 1100) as number where r.id = '{like}'
"""


@pytest.mark.parametrize("sorting", [{}, {"sortBy": "views_count"}, {"sortBy": "title"}, {"category": ""}])
async def test_statistics_are_counted_for_the_rows_of_the_answer_alone(
    client: httpx.AsyncClient, people: People, urls: Urls, sorting: dict[str, str]
) -> None:
    first = await new_resource(client, people.owner, title="Comptée")
    await run_sql(urls.admin, _MADE.format(like=first["id"]))

    async def took(limit: int) -> float:
        spent: list[float] = []
        for _ in range(3):
            started = perf_counter()
            assert len(await rows(client, "resource_statistics", {}, limit=limit, **sorting)) == min(limit, 1000)
            spent.append(perf_counter() - started)
        return min(spent)

    try:
        # More than a thousand are not told at once; and one is told long before they are.
        assert await took(1) * 3 < await took(2000)
    finally:
        await run_sql(urls.admin, "delete from library.resources where title like 'Comptée%'")


async def test_statistics_come_in_the_order_that_is_asked_for(client: httpx.AsyncClient, people: People) -> None:
    made = [(await new_resource(client, people.owner, title=title))["id"] for title in ("b", "c", "a")]
    for params, wanted in (
        ({}, [made[2], made[1], made[0]]),
        ({"sortBy": "title", "sortOrder": "asc"}, [made[2], made[0], made[1]]),
        ({"sortBy": "title", "limit": 1, "page": 2}, [made[0]]),
        ({"sortBy": "commentsCount", "comments_count": 0}, [made[2], made[1], made[0]]),
        ({"title": "nothing"}, []),
    ):
        told = await rows(client, "resource_statistics", {}, user_id=people.owner.id, **params)
        assert [row["id"] for row in told] == wanted, params
