"""Comments: the tree, who writes, and what is refused, under both of their addresses."""

import asyncio
from typing import Any

import httpx
import pytest
from app.modules.library.comments import DEEPEST, nested

from tests.accounts.conftest import NOBODYS, Member
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource, ranked

TREES = ("/api/comments/resource/{}", "/api/resources/{}/comments")


async def commented(
    client: httpx.AsyncClient, who: Member, resource: str, content: str, parent: str | None = None
) -> dict[str, Any]:
    body = {"resourceId": resource, "content": content, "parentId": parent}
    answer = await client.post("/api/comments", json=body, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def tree(client: httpx.AsyncClient, resource: str, who: Member | None = None) -> dict[str, Any]:
    answer = await client.get(f"/api/comments/resource/{resource}", headers=who.headers if who else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def outline(comments: list[dict[str, Any]]) -> list[Any]:
    return [(item["content"], outline(item["replies"])) for item in comments]


async def test_comments_are_a_tree_oldest_first(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    first = await commented(client, people.other, resource, "  un  ")
    second = await commented(client, people.owner, resource, "deux")
    reply = await commented(client, people.owner, resource, "un.un", first["id"])
    await commented(client, people.other, resource, "deux.un", second["id"])
    await commented(client, people.other, resource, "un.un.un", reply["id"])
    await commented(client, people.other, resource, "un.deux", first["id"])
    assert first["content"] == "un"
    assert first["userId"] == people.other.id
    assert first["profile"].keys() == {"userId", "username", "fullName", "avatarUrl"}
    for path in TREES:
        told = (await client.get(path.format(resource))).json()
        assert told["total"] == 6
        assert outline(told["data"]) == [
            ("un", [("un.un", [("un.un.un", [])]), ("un.deux", [])]),
            ("deux", [("deux.un", [])]),
        ]


def row(key: str, parent: str | None) -> dict[str, Any]:
    columns = {"id": key, "parent_id": parent, "resource_id": "r", "user_id": "u", "content": key}
    author = {"user_id": "u", "username": None, "full_name": None, "avatar_url": None}
    stamp = "2026-01-01T00:00:00+00:00"
    return {**columns, "created_at": stamp, "updated_at": stamp, "profile": author}


def test_a_reply_without_its_parent_is_told_at_the_top() -> None:
    assert outline(nested([row("a", "gone"), row("b", "a"), row("c", None)])) == [("a", [("b", [])]), ("c", [])]


def test_a_reply_that_is_older_than_its_parent_is_under_it_all_the_same() -> None:
    assert outline(nested([row("b", "a"), row("a", None)])) == [("a", [("b", [])])]


def test_comments_that_answer_each_other_are_all_told() -> None:
    assert outline(nested([row("a", "b"), row("b", "a"), row("c", "c")])) == [("a", [("b", [])]), ("c", [])]


def test_replies_that_are_too_deep_are_told_beside_each_other() -> None:
    rows = [row("0", None), *(row(str(number), str(number - 1)) for number in range(1, 400))]
    level, depth = nested(rows), 1
    while len(level) == 1 and level[0]["replies"]:
        level, depth = level[0]["replies"], depth + 1
    assert depth == DEEPEST
    assert [item["content"] for item in level] == [str(number) for number in range(DEEPEST - 1, 400)]


async def test_four_hundred_replies_to_replies_are_read(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    first = await commented(client, people.other, resource, "0")
    await run_sql(
        urls.admin,
        "do $$ declare above uuid := '" + first["id"] + "'; begin for number in 1..400 loop"
        " insert into library.resource_comments (tenant_id, resource_id, user_id, parent_id, content)"
        " select tenant_id, resource_id, user_id, above, number::text from library.resource_comments where id = above"
        " returning id into above; end loop; end $$",
    )
    assert (await tree(client, resource))["total"] == 401


@pytest.mark.parametrize("path", TREES)
async def test_comments_are_read_by_whoever_reads_the_resource(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    secret = (await new_resource(client, people.owner, visibility="private"))["id"]
    await commented(client, people.owner, secret, "entre nous")
    for who, status in (({}, 404), (people.other.headers, 404), (people.owner.headers, 200)):
        assert (await client.get(path.format(secret), headers=who)).status_code == status
    assert (await tree(client, secret, people.moderator))["total"] == 1


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000])
async def test_comments_of_what_is_not_there_are_not_found(
    client: httpx.AsyncClient, people: People, which: str
) -> None:
    who = people.other.headers
    for path in TREES:
        answer = await client.get(path.format(which), headers=who)
        assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_FOUND"), path
    answer = await client.post(f"/api/resources/{which}/comments", json={"content": "x"}, headers=who)
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
    for method in ("PUT", "DELETE"):
        answer = await client.request(method, f"/api/comments/{which}", json={"content": "x"}, headers=who)
        assert (answer.status_code, answer.json()["code"]) == (404, "COMMENT_NOT_FOUND")
        assert answer.json()["error"] == "Commentaire non trouvé"


@pytest.mark.parametrize(
    "body",
    [
        {"content": "   "},
        {"content": "\u3000\t\n"},
        {"content": "x" * 2001},
        {"content": "a\0b"},
        {"content": 7},
        {"content": None},
        {},
        {"content": "x", "parentId": "nope"},
        {"content": "x", "parentId": 3},
    ],
)
async def test_a_comment_that_says_nothing_is_refused(
    client: httpx.AsyncClient, people: People, body: dict[str, Any]
) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    for path, extra in (("/api/comments", {"resourceId": resource}), (f"/api/resources/{resource}/comments", {})):
        answer = await client.post(path, json={**extra, **body}, headers=people.other.headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), path
    assert (await tree(client, resource))["total"] == 0


async def test_both_spellings_of_a_body_are_taken(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    first = await commented(client, people.owner, resource, "un")
    body = {"resource_id": resource, "content": "deux", "parent_id": first["id"], "user_id": people.admin.id}
    answer = await client.post("/api/comments", json=body, headers=people.other.headers)
    assert answer.status_code == 201
    assert answer.json()["parentId"] == first["id"]
    assert answer.json()["userId"] == people.other.id


async def test_a_reply_is_to_a_comment_on_the_same_resource(client: httpx.AsyncClient, people: People) -> None:
    here = (await new_resource(client, people.owner))["id"]
    there = (await new_resource(client, people.owner))["id"]
    secret = (await new_resource(client, people.owner, visibility="private"))["id"]
    elsewhere = await commented(client, people.owner, there, "ailleurs")
    hidden = await commented(client, people.owner, secret, "caché")
    path = f"/api/resources/{here}/comments"
    for parent, status, code in (
        (elsewhere["id"], 400, "INVALID_PARENT"),
        (NOBODYS, 404, "PARENT_COMMENT_NOT_FOUND"),
        (hidden["id"], 404, "PARENT_COMMENT_NOT_FOUND"),
    ):
        answer = await client.post(path, json={"content": "x", "parentId": parent}, headers=people.other.headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_who_may_not_comment(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    secret = (await new_resource(client, people.owner, visibility="private"))["id"]
    body = {"content": "x"}
    assert (await client.post(f"/api/resources/{resource}/comments", json=body)).status_code == 401
    hidden = await client.post(f"/api/resources/{secret}/comments", json=body, headers=people.other.headers)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
    guest = await ranked(urls, people.other, "guest")
    refused = await client.post(f"/api/resources/{resource}/comments", json=body, headers=guest.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCESS_DENIED")
    assert refused.json()["message"] == "Vous ne pouvez pas commenter cette ressource"


async def test_authors_change_their_comments_and_moderators_remove_them(
    client: httpx.AsyncClient, people: People
) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    made = await commented(client, people.other, resource, "avant")
    path = f"/api/comments/{made['id']}"
    changed = await client.put(path, json={"content": " après ", "userId": NOBODYS}, headers=people.other.headers)
    assert (changed.status_code, changed.json()["content"]) == (200, "après")
    assert changed.json()["userId"] == people.other.id
    for who in (people.owner, people.moderator):
        refused = await client.put(path, json={"content": "pris"}, headers=who.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "NOT_OWNER")
        assert refused.json()["error"] == "Vous n'êtes pas propriétaire de ce commentaire"
    assert (await client.put(path, json={"content": "corrigé"}, headers=people.admin.headers)).status_code == 200
    assert (await client.put(path, json={"content": "  "}, headers=people.other.headers)).status_code == 400
    assert (await client.delete(path)).status_code == 401
    assert (await client.delete(path, headers=people.owner.headers)).status_code == 403
    await commented(client, people.owner, resource, "réponse", made["id"])
    gone = await client.delete(path, headers=people.moderator.headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await tree(client, resource)) == {"data": [], "total": 0}


async def test_replies_at_the_same_time_are_all_there(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    first = await commented(client, people.owner, resource, "un")
    await asyncio.gather(
        *(commented(client, people.other, resource, f"réponse {number}", first["id"]) for number in range(20))
    )
    told = await tree(client, resource)
    assert told["total"] == 21
    assert len(told["data"][0]["replies"]) == 20


async def test_a_reply_while_its_parent_goes_leaves_nothing_behind(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    for _ in range(10):
        parent = await commented(client, people.owner, resource, "un")
        body = {"resourceId": resource, "content": "réponse", "parentId": parent["id"]}
        answer, gone = await asyncio.gather(
            client.post("/api/comments", json=body, headers=people.other.headers),
            client.delete(f"/api/comments/{parent['id']}", headers=people.owner.headers),
        )
        assert gone.status_code == 204
        assert (answer.status_code, answer.json().get("code")) in [(201, None), (404, "PARENT_COMMENT_NOT_FOUND")]
    assert (await tree(client, resource))["total"] == 0


async def test_the_owner_and_whoever_is_answered_are_told(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.owner))["id"]
    first = await commented(client, people.other, resource, "un")
    await commented(client, people.admin, resource, "deux", first["id"])
    for who, count in ((people.owner, 2), (people.other, 1), (people.admin, 0)):
        told = await client.get("/api/notifications", params={"type": "new_comment"}, headers=who.headers)
        assert told.json()["meta"]["total"] == count
