"""Embeds, spreads, aggregates and relationships as they are since 12.0.2, which the differential test cannot tell."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from app.gateway.parse import PREFIX
from app.settings import Settings

from .test_openapi import serving
from .tracker import LEGACY_WARNING


@pytest.fixture
async def tracker(settings: Settings, tracker_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the tracker's tables."""
    async with serving(settings, tracker_url, db_schemas="tracker", db_aggregates_enabled=True) as (_, client):
        yield client


async def rows(client: httpx.AsyncClient, target: str) -> Any:
    """What a read of this answers."""
    answer = await client.get(PREFIX + target)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refusal(client: httpx.AsyncClient, target: str) -> tuple[int, dict[str, Any]]:
    """Status and body of an error."""
    answer = await client.get(PREFIX + target)
    return answer.status_code, answer.json()


# Spreads of many.


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(
            "/clients?select=id,...projects(n:name,hours)&order=id",
            [
                {"id": 1, "n": ["roof", "wall"], "hours": [10, 2.5]},
                {"id": 2, "n": ["door", "well"], "hours": [None, 4]},
                {"id": 3, "n": [], "hours": []},
            ],
            id="one array a field, nulls kept, none is empty",
        ),
        pytest.param(
            "/clients?select=id,...projects(n:name)&projects.order=hours.desc.nullslast&order=id&limit=2",
            [{"id": 1, "n": ["roof", "wall"]}, {"id": 2, "n": ["well", "door"]}],
            id="ordered by what is not shown",
        ),
        pytest.param(
            "/clients?select=id,...projects(n:name,...details(budget))&projects.order=details(budget).desc&limit=1",
            [{"id": 1, "n": ["wall", "roof"], "budget": [None, 100]}],
            id="ordered by a related column",
        ),
        pytest.param(
            "/clients?select=id,...projects(*)&id=eq.1",
            [
                {
                    "id": [1, 2],
                    "name": ["roof", "wall"],
                    "client_id": [1, 1],
                    "doc": [{"a": {"n": 5}}, {"a": {"n": 7}}],
                    "hours": [10, 2.5],
                    "started": ["2020-01-01", None],
                }
            ],
            id="all columns",
        ),
        pytest.param(
            "/clients?select=id,...projects(n:name,...details(*))&id=eq.1",
            [{"id": 1, "n": ["roof", "wall"], "project_id": [1, None], "budget": [100, None], "note": ["x", None]}],
            id="all columns of one that is spread inside",
        ),
        pytest.param(
            "/clients?select=id,...projects(n:name,...tasks(t:id))&projects.tasks.order=id.desc&id=eq.2",
            [{"id": 2, "n": ["door", "well"], "t": [[6, 5], [8, 7]]}],
            id="arrays of arrays",
        ),
        pytest.param(
            "/users?select=name,...tasks(t:id,...projects(p:name))&tasks.order=id.desc&id=eq.1",
            [{"name": "Ann", "t": [3, 2, 1], "p": ["wall", "roof", "roof"]}],
            id="through a junction",
        ),
        pytest.param(
            "/projects?select=id,...tasks_of(t:id)&id=eq.2", [{"id": 2, "t": [3, 4]}], id="of a computed relationship"
        ),
        pytest.param(
            "/clients?select=id,...projects!inner(n:name)&projects.name=like.w*",
            [{"id": 1, "n": ["wall"]}, {"id": 2, "n": ["well"]}],
            id="inner",
        ),
        pytest.param("/clients?select=id,...projects(n:name)&projects=is.null", [{"id": 3, "n": []}], id="null filter"),
        pytest.param(
            "/rpc/projects_to?n=2&select=id,...tasks(t:id)&order=id",
            [{"id": 1, "t": [1, 2, 9]}, {"id": 2, "t": [3, 4]}],
            id="of what a function returns",
        ),
    ],
)
async def test_a_spread_of_many_is_an_array_for_each_field(
    tracker: httpx.AsyncClient, target: str, expected: object
) -> None:
    assert await rows(tracker, target) == expected


@pytest.mark.parametrize("inside", ["hours.sum()", "name,...details(budget.sum())"])
async def test_a_spread_of_many_has_no_aggregates(tracker: httpx.AsyncClient, inside: str) -> None:
    status, body = await refusal(tracker, f"/clients?select=id,...projects({inside})")
    told = "Aggregates are not implemented for one-to-many or many-to-many spreads."
    assert (status, body["code"], body["details"]) == (400, "PGRST127", told)


# Aggregates.


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(
            "/projects?select=...clients(client:name),hours.sum(),count()&client_id=eq.1",
            [{"client": "Oak", "sum": 12.5, "count": 2}],
            id="grouped by what is spread",
        ),
        pytest.param(
            "/tasks?select=...projects(hours.max(),...clients(client:name,least:id.min()))&project_id=lt.3",
            [{"max": 10, "client": "Oak", "least": 1}],
            id="from spreads in spreads",
        ),
        pytest.param(
            "/projects?select=name,...clients(n:count())&id=gte.4&order=id",
            None,
            id="ordered by what is not grouped",
        ),
        pytest.param(
            "/projects?select=id,...clients(n:count())&id=gte.4&order=id",
            [{"id": 4, "n": 1}, {"id": 5, "n": 0}],
            id="rows that were joined",
        ),
        pytest.param(
            "/clients?select=id.max(),...projects(n:name)&id=eq.3", [{"max": 3, "n": []}], id="grouped by arrays"
        ),
        pytest.param(
            "/projects?select=count(),...clients(client:name,projects(id))&client_id=eq.2",
            [{"count": 2, "client": "Elm", "projects": [{"id": 3}, {"id": 4}]}],
            id="grouped by an embed inside of a spread",
        ),
        pytest.param(
            "/projects?select=...details(budget.sum(),...remarks(r:remark))&id=eq.1",
            [{"sum": 100, "r": ["first", "second"]}],
            id="beside arrays in a spread",
        ),
        pytest.param("/projects?select=doc->a->>n::integer.sum()", [{"sum": 12}], id="of a path"),
        pytest.param("/projects?select=doc->a.count()", [{"count": 2}], id="named by the function, not the path"),
        pytest.param(
            "/projects?select=id,tasks(count())&id=eq.5", [{"id": 5, "tasks": [{"count": 0}]}], id="of an empty embed"
        ),
        pytest.param(
            "/projects?select=id,tasks(done,count())&id=eq.5", [{"id": 5, "tasks": []}], id="of no groups in an embed"
        ),
    ],
)
async def test_aggregates_belong_to_the_nearest_table_that_is_not_spread(
    tracker: httpx.AsyncClient, target: str, expected: object
) -> None:
    if expected is None:
        status, body = await refusal(tracker, target)
        assert (status, body["code"]) == (400, "42803")
    else:
        assert await rows(tracker, target) == expected


# Which relationship.


async def test_kinds_of_relationships_are_told_in_the_dialects_order(tracker: httpx.AsyncClient) -> None:
    status, body = await refusal(tracker, "/berths?select=ships(*)")
    assert (status, body["code"]) == (300, "PGRST201")
    kinds = [(item["cardinality"], item["relationship"].split()[0]) for item in body["details"]]
    assert kinds == [
        ("many-to-one", "berths_a_guest_fkey"),
        ("many-to-one", "berths_z_guest_fkey"),
        ("one-to-one", "berths_owner_fkey"),
    ]
    assert "'ships!berths_a_guest_fkey', 'ships!berths_z_guest_fkey', 'ships!berths_owner_fkey'" in body["hint"]


async def test_a_function_of_another_schema_makes_no_relationship(settings: Settings, tracker_url: str) -> None:
    async with serving(settings, tracker_url, db_schemas="tracker,elsewhere") as (_, client):
        status, body = await refusal(client, "/projects?select=id,far_tasks(id)")
        assert (status, body["code"]) == (400, "PGRST200")
        status, body = await refusal(client, "/projects?select=id,invoices(id)")
        assert (status, body["code"]) == (400, "PGRST200")


async def test_a_name_that_differs_in_case_alone_is_not_suggested(tracker: httpx.AsyncClient) -> None:
    _, body = await refusal(tracker, "/projects?select=Clients(id)")
    assert (body["code"], body["hint"]) == ("PGRST200", None)
    _, body = await refusal(tracker, "/projects?select=client(id)")
    assert (body["code"], body["hint"]) == ("PGRST200", "Perhaps you meant 'clients' instead of 'client'.")


async def test_a_related_order_names_the_table_not_the_key(tracker: httpx.AsyncClient) -> None:
    target = "/tasks?select=id,project_id(id,tasks(id))&project_id.order=tasks(id)"
    status, body = await refusal(tracker, target)
    assert (status, body["code"]) == (400, "PGRST118")
    assert body["details"] == "'projects' and 'tasks' do not form a many-to-one or one-to-one relationship"


# Names of embeds in parameters.


@pytest.mark.parametrize(
    "param", ["clients.name=eq.Oak", "clients.order=id", "clients.limit=1", "clients.or=(id.gt.0)"]
)
async def test_an_alias_need_not_be_used_but_should_be(tracker: httpx.AsyncClient, param: str) -> None:
    answer = await tracker.get(f"{PREFIX}/projects?select=id,c:clients(name)&id=eq.1&{param}")
    assert answer.json() == [{"id": 1, "c": {"name": "Oak"}}]
    assert LEGACY_WARNING.fullmatch(answer.headers["warning"]), answer.headers["warning"]
    answer = await tracker.get(f"{PREFIX}/projects?select=id,c:clients(name)&id=eq.1&{param.replace('clients', 'c')}")
    assert answer.json() == [{"id": 1, "c": {"name": "Oak"}}]
    assert "warning" not in answer.headers


async def test_null_filters_and_related_orders_know_an_embed_by_its_alias_only(tracker: httpx.AsyncClient) -> None:
    assert await rows(tracker, "/projects?select=id,c:clients()&c=is.null") == [{"id": 5}]
    status, body = await refusal(tracker, "/projects?select=id,c:clients()&clients=is.null")
    assert (status, body["code"]) == (400, "42703")
    status, body = await refusal(tracker, "/projects?select=id,c:clients()&order=clients(name)")
    assert (status, body["code"]) == (400, "PGRST108")


async def test_the_name_of_an_aliased_embed_can_be_forbidden(settings: Settings, tracker_url: str) -> None:
    off = serving(settings, tracker_url, db_schemas="tracker", url_use_legacy_target_names=False)
    async with off as (_, client):
        status, body = await refusal(client, "/projects?select=id,c:clients(name)&clients.name=eq.Oak")
    assert status == 400
    assert body == {
        "code": "PGRST108",
        "details": "Target names are not allowed in filters if they have an alias",
        "hint": "Change 'clients' to 'c' in filters, orders or limits.",
        "message": "'clients' is not an embedded resource in this request",
    }
