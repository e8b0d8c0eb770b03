"""`/api/admin`: figures, people, ranks, and what waits to be looked at."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member, signed_up
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource, ranked

PAGES = ("/api/admin/stats", "/api/admin/users", "/api/admin/moderation")


async def give(client: httpx.AsyncClient, who: Member, whom: str, rank: Any) -> httpx.Response:
    return await client.put(f"/api/admin/users/{whom}/role", json={"role": rank}, headers=who.headers)


async def figures(client: httpx.AsyncClient, people: People, **params: Any) -> dict[str, Any]:
    answer = await client.get("/api/admin/stats", params=params, headers=people.admin.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", PAGES)
async def test_pages_of_administration_are_for_those_of_rank(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    assert (await client.get(path)).json()["code"] == "AUTH_TOKEN_MISSING"
    for who in (people.owner, people.other):
        refused = await client.get(path, headers=who.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "INSUFFICIENT_ROLE")
    moderators = await client.get(path, headers=people.moderator.headers)
    assert moderators.status_code == (200 if path.endswith("moderation") else 403)
    for who in (people.admin, people.super_admin):
        assert (await client.get(path, headers=who.headers)).status_code == 200


@pytest.mark.parametrize("function", ["admin_stats", "admin_users"])
async def test_what_administrators_are_shown_is_closed_on_the_gateway_too(
    client: httpx.AsyncClient, people: People, function: str
) -> None:
    assert (await client.post(f"/rest/v1/rpc/{function}", json={})).status_code == 401
    for who, status in ((people.moderator, 403), (people.admin, 200)):
        answer = await client.post(f"/rest/v1/rpc/{function}", json={}, headers=who.headers)
        assert answer.status_code == status, answer.text


async def test_figures_count_what_there_is(client: httpx.AsyncClient, people: People) -> None:
    before = await figures(client, people)
    await new_resource(client, people.owner)
    await new_resource(client, people.owner, visibility="private")
    await new_resource(client, people.owner, visibility="shared_users")
    after = await figures(client, people)
    grown = {key: after["resources"][key] - before["resources"][key] for key in after["resources"]}
    assert grown == {"total": 3, "public": 1, "private": 1, "shared": 1, "views": 0, "downloads": 0}
    assert after["activity"][-1]["resources"] - before["activity"][-1]["resources"] == 3
    assert after["users"]["total"] == sum(after["users"]["byRole"].values()) >= 5
    assert after["users"]["byRole"]["moderator"] >= 1
    assert after.keys() >= {"users", "resources", "collections", "comments", "groups", "notifications", "storage"}
    assert after["storage"].keys() == {"files", "bytes"}


async def test_activity_has_a_row_for_each_day(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    made = await new_resource(client, people.owner)
    await run_sql(
        urls.admin, f"update library.resources set created_at = now() - interval '2 days' where id = '{made['id']}'"
    )
    days = (await figures(client, people, days=3))["activity"]
    assert len(days) == 3
    assert days[0]["resources"] == 1
    assert [day["date"] for day in days] == sorted(day["date"] for day in days)
    refused = await client.get("/api/admin/stats", params={"days": 367}, headers=people.admin.headers)
    assert refused.status_code == 400


async def test_people_are_found_by_name_and_address(client: httpx.AsyncClient, people: People) -> None:
    member = await signed_up(client, username="Zébulon_77")
    await new_resource(client, member)
    for text in ("zÉBULON_77", member.email.upper(), member.email[:12]):
        answer = await client.get("/api/admin/users", params={"search": text}, headers=people.admin.headers)
        assert answer.status_code == 200, answer.text
        [found] = [row for row in answer.json()["data"] if row["userId"] == member.id]
        assert (found["email"], found["username"], found["role"]) == (member.email, "Zébulon_77", "user")
        assert found["userRole"] == {"role": "user"}
        assert found["_count"] == {"resources": 1, "collections": 0}
        assert (found["resourcesCount"], found["collectionsCount"]) == (1, 0)
        assert found["createdAt"].endswith("Z")


async def test_percent_signs_and_backslashes_are_only_letters(client: httpx.AsyncClient, people: People) -> None:
    for text in ("%", "\\", "_%_", "'"):
        answer = await client.get("/api/admin/users", params={"search": text}, headers=people.admin.headers)
        assert (answer.status_code, answer.json()["meta"]["total"]) == (200, 0)
    nul = await client.get("/api/admin/users", params={"search": "a\0"}, headers=people.admin.headers)
    assert nul.status_code == 400


async def test_people_come_in_pages_the_newest_first(client: httpx.AsyncClient, people: People) -> None:
    newest = await signed_up(client)
    first = await client.get("/api/admin/users", params={"limit": 2}, headers=people.admin.headers)
    second = await client.get("/api/admin/users", params={"limit": 2, "page": 2}, headers=people.admin.headers)
    assert first.json()["data"][0]["userId"] == newest.id
    ids = [row["id"] for page in (first, second) for row in page.json()["data"]]
    assert len(set(ids)) == 4
    assert first.json()["meta"]["total"] >= 6
    assert first.json()["meta"]["totalPages"] == -(-first.json()["meta"]["total"] // 2)
    beyond = await client.get("/api/admin/users", params={"page": 10**8}, headers=people.admin.headers)
    assert beyond.json()["data"] == []
    none = await client.get("/api/admin/users", params={"limit": 0}, headers=people.admin.headers)
    assert none.status_code == 400


@pytest.mark.parametrize("rank", ["guest", "user", "moderator"])
async def test_administrators_give_the_ranks_below_their_own(
    client: httpx.AsyncClient, people: People, rank: str
) -> None:
    given = await give(client, people.admin, people.other.id, rank)
    assert given.status_code == 200, given.text
    assert given.json().keys() == {"id", "userId", "role", "expiresAt", "createdAt", "updatedAt"}
    assert (given.json()["userId"], given.json()["role"]) == (people.other.id, rank)


async def test_only_super_administrators_touch_administrators(client: httpx.AsyncClient, people: People) -> None:
    for whom, rank in (
        (people.other, "admin"),
        (people.other, "super_admin"),
        (people.admin, "user"),
        (people.super_admin, "user"),
    ):
        refused = await give(client, people.admin, whom.id, rank)
        assert (refused.status_code, refused.json()["code"]) == (403, "INSUFFICIENT_ROLE"), rank
        assert refused.json()["required"] == "super_admin"
    assert (await give(client, people.super_admin, people.other.id, "super_admin")).json()["role"] == "super_admin"
    assert (await give(client, people.super_admin, people.other.id, "user")).json()["role"] == "user"


async def test_a_rank_counts_at_once_and_so_does_its_end(client: httpx.AsyncClient, people: People) -> None:
    await give(client, people.super_admin, people.other.id, "admin")
    wanted = {"name": "outil", "scopes": ["admin"]}
    made = await client.post("/api/api-tokens", json=wanted, headers=people.other.headers)
    assert made.status_code == 201, made.text
    token = {"Authorization": f"Bearer {made.json()['token']}"}
    for rank, status in (("user", 403), ("admin", 200)):
        assert (await give(client, people.super_admin, people.other.id, rank)).status_code == 200
        for headers in (people.other.headers, token):
            assert (await client.get("/api/admin/stats", headers=headers)).status_code == status


async def test_a_rank_that_would_have_expired_is_replaced_for_good(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    await run_sql(
        urls.admin,
        f"update library.user_roles set expires_at = now() - interval '1 day' where user_id = '{people.other.id}'",
    )
    given = await give(client, people.admin, people.other.id, "moderator")
    assert given.json()["expiresAt"] is None
    assert (await client.get("/api/admin/moderation", headers=people.other.headers)).status_code == 200


@pytest.mark.parametrize("whom", [NOBODYS, "42", "'; drop table x", "é" * 300])
async def test_nobody_has_no_rank(client: httpx.AsyncClient, people: People, whom: str) -> None:
    refused = await give(client, people.admin, whom, "user")
    assert (refused.status_code, refused.json()["code"]) == (400, "FOREIGN_KEY_CONSTRAINT")


async def test_there_are_five_ranks(client: httpx.AsyncClient, people: People) -> None:
    for rank in ("owner", "", "ADMIN", "user "):
        refused = await give(client, people.super_admin, people.other.id, rank)
        assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_ROLE"), rank
    for rank in (None, 5, ["user"]):
        assert (await give(client, people.super_admin, people.other.id, rank)).json()["code"] == "VALIDATION_ERROR"


async def test_somebody_without_rank_gives_none(client: httpx.AsyncClient, people: People) -> None:
    for who in (people.owner, people.moderator):
        assert (await give(client, who, people.other.id, "guest")).status_code == 403
    anonymous = await client.put(f"/api/admin/users/{people.other.id}/role", json={"role": "guest"})
    assert anonymous.status_code == 401


async def test_the_last_super_administrator_stays_even_when_two_step_down_at_once(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    first, second = people.super_admin, people.other
    await run_sql(urls.admin, "update library.user_roles set role = 'user' where role = 'super_admin'")
    for who in (first, second):
        await ranked(urls, who, "super_admin")
    answers = await asyncio.gather(give(client, first, second.id, "user"), give(client, second, first.id, "user"))
    # Whoever was second lost the rank while asking, or is the last one.
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert {answer.status_code for answer in answers} <= {200, 403, 409}
    connection = await asyncpg.connect(urls.admin)
    try:
        left = await connection.fetch("select user_id::text from library.user_roles where role = 'super_admin'")
    finally:
        await connection.close()
    assert len(left) == 1
    last = first if left[0][0] == first.id else second
    refused = await give(client, last, last.id, "admin")
    assert (refused.status_code, refused.json()["code"]) == (409, "LAST_SUPER_ADMIN")


async def test_who_gave_whom_which_rank_is_noted(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    await give(client, people.admin, people.other.id, "moderator")
    await give(client, people.admin, people.other.id, "moderator")
    connection = await asyncpg.connect(urls.admin)
    try:
        notes = await connection.fetch(
            "select actor_id::text, details ->> 'from' as before, details ->> 'to' as after from relais.audit_log"
            " where action = 'RANK_CHANGED' and target = $1 order by id",
            people.other.id,
        )
    finally:
        await connection.close()
    assert tuple(notes[0]) == (people.admin.id, "user", "moderator")


async def test_moderators_see_what_waits_and_what_newcomers_brought(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    await run_sql(
        urls.admin,
        f"update library.profiles set created_at = now() - interval '60 days' where user_id = '{people.owner.id}'",
    )
    old, new = await new_resource(client, people.owner), await new_resource(client, people.other, visibility="private")
    for who in (people.owner, people.other):
        body = {"resource_id": old["id"], "content": "Bien vu"}
        said = await client.post("/rest/v1/resource_comments", json=body, headers=who.headers)
        assert said.status_code == 201, said.text
    proposal = {"name": "file-d-attente", "type": "tag"}
    await client.post("/rest/v1/category_tag_suggestions", json=proposal, headers=people.other.headers)
    answer = await client.get("/api/admin/moderation", headers=people.moderator.headers)
    queue = answer.json()
    resources = [row["id"] for row in queue["resources"]]
    assert new["id"] in resources
    assert old["id"] not in resources
    authors = {row["userId"] for row in queue["comments"]}
    assert people.other.id in authors
    assert people.owner.id not in authors
    assert "file-d-attente" in [row["name"] for row in queue["suggestions"]]
    assert queue["pending"] >= 1
    assert queue["comments"][0]["profile"]["userId"]
