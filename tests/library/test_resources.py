"""`/api/resources`: who reads, makes, changes and deletes what, in the shapes that the frontend reads."""

import re
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS
from tests.library.conftest import People, new_resource

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")


async def listed(client: httpx.AsyncClient, who: dict[str, str] | None = None, **params: Any) -> dict[str, Any]:
    answer = await client.get("/api/resources", params=params, headers=who or {})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_resource_is_told_in_both_casings_with_its_author(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner, tags=["a", "b"], resource_type="github_repo", githubUrl="https://x")
    assert made["userId"] == made["user_id"] == people.owner.id
    assert made["resourceType"] == made["resource_type"] == "github_repo"
    assert made["githubUrl"] == made["github_url"] == "https://x"
    assert made["averageRating"] == 0
    assert MOMENT.match(made["createdAt"])
    assert made["createdAt"] == made["created_at"]
    assert made["profile"]["userId"] == people.owner.id
    got = await client.get(f"/api/resources/{made['id']}")
    assert got.json()["profile"].keys() == {"userId", "username", "fullName", "avatarUrl", "bio"}
    assert got.json()["tags"] == ["a", "b"]


async def test_a_list_has_pages(client: httpx.AsyncClient, people: People) -> None:
    for number in range(3):
        await new_resource(client, people.owner, title=f"Page {number}", category="pages")
    first = await listed(client, category="pages", limit=2, sortBy="createdAt", sortOrder="asc")
    assert [row["title"] for row in first["data"]] == ["Page 0", "Page 1"]
    assert first["meta"] == {"total": 3, "page": 1, "limit": 2, "totalPages": 2}
    second = await listed(client, category="pages", limit=2, page=2, sortBy="created_at", sortOrder="asc")
    assert [row["title"] for row in second["data"]] == ["Page 2"]
    rows = await client.get("/api/resources", params={"category": "pages", "format": "rows"})
    assert len(rows.json()) == 3


async def test_no_parameter_widens_what_a_caller_may_read(client: httpx.AsyncClient, people: People) -> None:
    secret = await new_resource(client, people.owner, title="Secret", visibility="private", tags=["Cachette"])
    for params in (
        {"visibility": "private"},
        {"search": "secret"},
        {"authorId": people.owner.id},
        {"tags__overlaps": "cachette"},
    ):
        for who in ({}, people.other.headers):
            assert not (await listed(client, who, **params))["data"], params
    assert (await client.get(f"/api/resources/{secret['id']}", headers=people.other.headers)).status_code == 404
    mine = await listed(client, people.owner.headers, visibility="private")
    assert [row["id"] for row in mine["data"]] == [secret["id"]]


@pytest.mark.parametrize(
    ("params", "titles"),
    [
        ({"search": "PÉPITE"}, {"Une pépite"}),
        ({"search": "100%"}, {"Le 100% pur"}),
        ({"tags": ["rare"]}, {"Une pépite"}),
        ({"tags": ["rare", "or"]}, {"Une pépite"}),
        ({"tags__overlaps": "or,argent"}, {"Une pépite"}),
        ({"tags__overlaps": "RARE, cuivre"}, {"Une pépite", "Le 100% pur"}),
        ({"tags__overlaps": "élégant", "language": "Zig"}, {"Le 100% pur"}),
        ({"tags__overlaps": "rar"}, set()),
        ({"tags__overlaps": ""}, set()),
        ({"tags__overlaps": ["OR", "rare"]}, {"Une pépite"}),
        ({"tags__overlaps": 'a"b}{\\,or', "search": "pépite"}, {"Une pépite"}),
        ({"language": "Zig"}, {"Le 100% pur"}),
        ({"language__ne": "Zig"}, {"Une pépite"}),
        ({"title__in": "Une pépite,Autre"}, {"Une pépite"}),
        ({"readme__not_null": "true"}, {"Une pépite"}),
    ],
)
async def test_a_list_is_narrowed(
    client: httpx.AsyncClient, people: People, params: dict[str, Any], titles: set[str]
) -> None:
    await new_resource(client, people.owner, title="Une pépite", tags=["rare", "or"], language="Ada", readme="Lisez")
    await new_resource(client, people.owner, title="Le 100% pur", tags=["Rare", "Élégant"], language="Zig")
    found = await listed(client, userId=people.owner.id, **params)
    assert {row["title"] for row in found["data"]} == titles


@pytest.mark.parametrize(
    "params",
    [
        {"page": 0},
        {"limit": 0},
        {"page": "x"},
        {"sortBy": "password"},
        {"sortOrder": "up"},
        {"page": 10**10},
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(client: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await client.get("/api/resources", params=params)
    assert answer.status_code == 400
    told = answer.json()
    assert told["code"] == "VALIDATION_ERROR"
    assert told["details"][0]["path"]


async def test_owners_change_and_delete_what_is_theirs(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner)
    path = f"/api/resources/{made['id']}"
    changed = await client.put(path, json={"title": "Autre", "viewsCount": 99}, headers=people.owner.headers)
    assert (changed.status_code, changed.json()["title"]) == (200, "Autre")
    assert (changed.json()["viewsCount"], changed.json()["description"]) == (0, made["description"])
    refused = await client.put(path, json={"title": "Pris"}, headers=people.other.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_OWNER")
    assert refused.json()["error"] == refused.json()["message"] == "Vous n'êtes pas propriétaire de cette ressource"
    assert (await client.delete(path, headers=people.other.headers)).status_code == 403
    assert (await client.delete(path)).status_code == 401
    gone = await client.delete(path, headers=people.owner.headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_is_not_there_is_not_found(
    client: httpx.AsyncClient, people: People, method: str, which: str
) -> None:
    answer = await client.request(method, f"/api/resources/{which}", json={"title": "x"}, headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/resources?limit=101", 100),
        ("/api/resources?search=x&limit=5000", 100),
        ("/api/search?q=x&limit=101", 100),
        ("/api/collections?limit=99999999999999999999", 100),
        ("/api/suggestions?limit=1000", 100),
        ("/api/profiles?limit=1000", 100),
        ("/api/admin/users?limit=1000", 100),
        ("/api/permissions/audit?limit=1000", 100),
        ("/api/notifications?limit=1000", 100),
    ],
)
async def test_more_rows_than_are_told_at_once_are_as_many_as_are(
    client: httpx.AsyncClient, people: People, path: str, most: int
) -> None:
    answer = await client.get(path, headers=people.super_admin.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["meta"]["limit"] == most


@pytest.mark.parametrize("path", ["/api/profiles/{}/collections", "/api/analytics/popular-resources"])
async def test_lists_without_a_place_are_as_long_as_they_may_be(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    answer = await client.get(path.format(people.owner.id), params={"limit": 5000})
    assert answer.status_code == 200, answer.text
