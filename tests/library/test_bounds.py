"""How long rows may be, on every road: lists tell them whole, to everybody."""

from typing import Any

import httpx
import pytest
from app.modules.library import groups

from tests.accounts.conftest import Member
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource
from tests.library.test_templates import made as new_template

#: Characters that columns take which members write, by table.
LONGEST = {
    "resources": {"description": 50_000, "readme": 250_000, "github_url": 2048, "external_url": 2048, "file_path": 2048,
                  "file_url": 131_072},
    "resource_versions": {"description": 50_000, "readme": 250_000, "change_summary": 10_000},
    "resource_templates": {"description": 50_000, "readme": 250_000, "preview": 50_000},
    "resource_comments": {"content": 2000},
    "collections": {"description": 1000, "cover_image_url": 2048},
    "groups": {"description": 1000},
    "profiles": {"bio": 500, "avatar_url": 2048},
}  # fmt: skip
LONGEST_README = 250_000


async def written(client: httpx.AsyncClient, who: Member, table: str, row: dict[str, Any], which: str = "") -> int:
    """The status of a write by the gateway."""
    method = "PATCH" if which else "POST"
    answer = await client.request(method, f"/rest/v1/{table}{which}", json=row, headers=who.headers)
    if answer.status_code == 400:
        assert answer.json()["code"] == "22001"
    return answer.status_code


async def row_of(client: httpx.AsyncClient, people: People, table: str) -> tuple[dict[str, Any], str]:
    """What a new row of a table must say, and where there is one already if another cannot be made."""
    resource = (await new_resource(client, people.owner))["id"] if "version" in table or "comment" in table else ""
    return {
        "resources": ({"title": "T", "description": "D"}, ""),
        "resource_versions": ({"resource_id": resource, "title": "T", "description": "D"}, ""),
        "resource_templates": ({"name": "N"}, ""),
        "resource_comments": ({"resource_id": resource}, ""),
        "collections": ({"name": "N"}, ""),
        "groups": ({"name": "N"}, ""),
        "profiles": ({}, f"?user_id=eq.{people.owner.id}"),
    }[table]


@pytest.mark.parametrize("table", LONGEST)
async def test_a_text_of_a_member_has_its_bound_in_the_database(
    client: httpx.AsyncClient, people: People, table: str
) -> None:
    for column, longest in LONGEST[table].items():
        row, which = await row_of(client, people, table)
        begun = "https://x/" if column.endswith("_url") else ""
        assert await written(client, people.owner, table, {**row, column: begun.ljust(longest + 1, "é")}, which) == 400
        fits = {**row, column: begun.ljust(longest, "é")}
        assert await written(client, people.owner, table, fits, which) in (201, 204), column


@pytest.mark.parametrize(
    ("field", "longest"),
    [("description", 50_000), ("readme", LONGEST_README), ("githubUrl", 2048), ("externalUrl", 2048),
     ("filePath", 2048), ("fileUrl", 2048)],
)  # fmt: skip
async def test_a_resource_is_refused_for_a_text_beyond_its_bound(
    client: httpx.AsyncClient, people: People, field: str, longest: int
) -> None:
    begun = "https://x/" if field.endswith("Url") else ""
    body = {"title": "a", "description": "b", field: begun.ljust(longest + 1, "a")}
    resource = await new_resource(client, people.owner)
    for method, path in (("POST", "/api/resources"), ("PUT", f"/api/resources/{resource['id']}")):
        answer = await client.request(method, path, json=body, headers=people.owner.headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert [problem["path"] for problem in answer.json()["details"]] == [field]
    body[field] = begun.ljust(longest, "a")
    assert (await client.post("/api/resources", json=body, headers=people.owner.headers)).status_code == 201


async def test_what_a_template_says_is_bounded_like_a_resource(client: httpx.AsyncClient, people: People) -> None:
    data = {"title": "T", "description": "x" * 50_001}
    template = await new_template(client, people.owner, templateData=data)
    for path in (f"/api/templates/{template['id']}/use", "/api/rpc/use_template"):
        answer = await client.post(path, json={"template_id": template["id"]}, headers=people.owner.headers)
        assert answer.status_code == 400, answer.text
    row = {"name": "N", "template_data": {"readme": "x" * 500_000}}
    assert await written(client, people.owner, "resource_templates", row) == 400


async def test_what_is_longer_already_may_stay_and_is_kept_as_a_version(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    resource = await new_resource(client, people.owner, readme="court")
    path = f"/api/resources/{resource['id']}"
    await run_sql(
        urls.admin, f"update library.resources set readme = repeat('x', 300000) where id = '{resource['id']}'"
    )
    changed = await client.put(path, json={"title": "Autre"}, headers=people.owner.headers)
    assert (changed.status_code, len(changed.json()["readme"])) == (200, 300_000)
    where = f"?id=eq.{resource['id']}"
    whole = {"title": "Encore", "readme": "x" * 300_000}
    assert await written(client, people.owner, "resources", whole, where) == 204
    assert await written(client, people.owner, "resources", {"readme": "y" * 300_000}, where) == 400
    kept = await client.post(f"{path}/versions", headers=people.owner.headers)
    assert (kept.status_code, len(kept.json()["readme"])) == (201, 300_000)
    another = {"resource_id": resource["id"], "title": "T", "description": "D", "readme": "y" * 300_000}
    assert await written(client, people.owner, "resource_versions", another) == 400


async def test_lists_of_long_rows_have_pages(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    await run_sql(
        urls.admin,
        "insert into library.resource_versions (tenant_id, resource_id, version_number, title, description, created_by)"
        " select r.tenant_id, r.id, n, 'T', 'D', r.user_id from library.resources as r, generate_series(1, 101) as n"
        f" where r.id = '{resource}'",
        "insert into library.resource_templates (tenant_id, name, is_public, created_by)"
        " select r.tenant_id, 'N', true, r.user_id from library.resources as r, generate_series(1, 101) as n"
        f" where r.id = '{resource}'",
    )
    path = f"/api/resources/{resource}/versions"
    assert len((await client.get(path)).json()["versions"]) == 100
    assert [row["versionNumber"] for row in (await client.get(path, params={"page": 2})).json()["versions"]] == [1]
    assert len((await client.get("/api/templates")).json()) == 100
    assert (await client.get("/api/templates", params={"page": 2})).json()
    for table in ("resource_versions", "resource_templates"):
        assert len((await client.get(f"/api/{table}", params={"limit": 5000})).json()) == 100


async def test_a_tree_of_comments_has_pages(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    parent = None
    for content in ("un", "deux", "trois"):
        body = {"resourceId": resource, "content": content, "parentId": parent}
        made = await client.post("/api/comments", json=body, headers=people.other.headers)
        parent = made.json()["id"]
    path = f"/api/resources/{resource}/comments"
    first = (await client.get(path, params={"limit": 2})).json()
    assert (first["total"], first["data"][0]["content"]) == (3, "un")
    assert [reply["content"] for reply in first["data"][0]["replies"]] == ["deux"]
    assert first["data"][0]["replies"][0]["replies"] == []
    second = (await client.get(path, params={"limit": 2, "page": 2})).json()
    assert (second["total"], [item["content"] for item in second["data"]]) == (3, ["trois"])
    assert (await client.get(path, params={"limit": 3})).json()["total"] == 3


async def test_of_a_group_so_many_members_are_told_and_all_are_counted(
    client: httpx.AsyncClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_SHOWN", 2)
    monkeypatch.setattr(groups, "MOST_MEMBERS", 2)
    group = (await client.post("/api/groups", json={"name": "G"}, headers=people.owner.headers)).json()
    for member, role in ((people.moderator, "member"), (people.other, "admin")):
        body = {"userId": member.id, "role": role}
        added = await client.post(f"/api/groups/{group['id']}/members", json=body, headers=people.owner.headers)
        assert added.status_code == 201
    (listed,) = (await client.get("/api/groups", headers=people.other.headers)).json()["data"]
    alone = (await client.get(f"/api/groups/{group['id']}", headers=people.other.headers)).json()
    for told in (listed, alone):
        assert (len(told["members"]), told["membersCount"], told["_count"]["members"]) == (2, 3, 3)
    # Somebody who is not among those told knows how they stand all the same.
    assert people.other.id not in [member["userId"] for member in alone["members"]]
    assert (alone["isOwner"], alone["userRole"]) == (False, "admin")


async def test_what_is_shared_has_pages(client: httpx.AsyncClient, people: People) -> None:
    group = (await client.post("/api/groups", json={"name": "G"}, headers=people.owner.headers)).json()
    resources = [await new_resource(client, people.owner, visibility="shared_groups") for _ in range(2)]
    for resource in resources:
        body = {"sharedWithGroupId": group["id"]}
        path = f"/api/resources/{resource['id']}/share"
        assert (await client.post(path, json=body, headers=people.owner.headers)).status_code == 201
    body = {"sharedWithUserId": people.other.id}
    assert (await client.post(path, json=body, headers=people.owner.headers)).status_code == 201
    for where in (f"/api/groups/{group['id']}/resources", f"/api/resources/{resource['id']}/shares", "/api/groups"):
        pages = [
            await client.get(where, params={"limit": 1, "page": page}, headers=people.owner.headers)
            for page in (1, 2, 3)
        ]
        rows = [page.json() if isinstance(page.json(), list) else page.json()["data"] for page in pages]
        assert [len(found) for found in rows] == ([1, 0, 0] if where == "/api/groups" else [1, 1, 0]), where
