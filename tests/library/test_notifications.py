"""`/api/notifications`: everybody reads their own, and says what they want to be told."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource

PATH = "/api/notifications"


async def told_of_comments(client: httpx.AsyncClient, people: People, count: int) -> str:
    """A resource of the owner's on which somebody else commented this often."""
    resource = (await new_resource(client, people.owner, title="Le sujet"))["id"]
    for number in range(count):
        body = {"resourceId": resource, "content": f"Remarque {number}"}
        answer = await client.post("/api/comments", json=body, headers=people.other.headers)
        assert answer.status_code == 201, answer.text
    return resource


async def listed(client: httpx.AsyncClient, who: Member, **params: Any) -> dict[str, Any]:
    answer = await client.get(PATH, params=params, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_notifications_are_listed_with_what_they_are_about(client: httpx.AsyncClient, people: People) -> None:
    resource = await told_of_comments(client, people, 3)
    told = await listed(client, people.owner, limit=2)
    assert told["meta"] == {"total": 3, "page": 1, "limit": 2, "totalPages": 2, "unreadCount": 3}
    first = told["data"][0]
    assert first["userId"] == first["user_id"] == people.owner.id
    assert first["isRead"] is first["is_read"] is False
    assert (first["type"], first["title"]) == ("new_comment", "Nouveau commentaire")
    assert first["resourceId"] == first["resource_id"] == first["resource"]["id"] == resource
    assert first["resource"]["title"] == "Le sujet"
    assert (first["groupId"], first["group"]) == (None, None)
    assert [row["createdAt"] for row in told["data"]] == sorted(
        (row["createdAt"] for row in told["data"]), reverse=True
    )
    rows = (await client.get(PATH, params={"format": "rows"}, headers=people.owner.headers)).json()
    assert len(rows) == 3
    assert (await listed(client, people.other))["meta"]["total"] == 0


async def test_what_a_notification_is_about_is_told_to_those_who_may_read_it(
    client: httpx.AsyncClient, people: People
) -> None:
    resource = (await new_resource(client, people.owner, title="Le sujet"))["id"]
    body = {"resourceId": resource, "content": "un"}
    first = (await client.post("/api/comments", json=body, headers=people.other.headers)).json()
    reply = {**body, "parentId": first["id"]}
    await client.post("/api/comments", json=reply, headers=people.admin.headers)
    await client.put(f"/api/resources/{resource}", json={"visibility": "private"}, headers=people.owner.headers)
    (note,) = (await listed(client, people.other))["data"]
    assert (note["resourceId"], note["resource"]) == (resource, None)


async def test_a_list_is_narrowed_to_what_was_not_read(client: httpx.AsyncClient, people: People) -> None:
    await told_of_comments(client, people, 3)
    newest = (await listed(client, people.owner))["data"][0]["id"]
    read = await client.put(f"{PATH}/{newest}/read", headers=people.owner.headers)
    assert read.status_code == 200
    assert read.json()["isRead"] is read.json()["is_read"] is True
    assert "resource" not in read.json()
    for params, total in (
        ({"isRead": "true"}, 1),
        ({"is_read": "true"}, 1),
        ({"isRead": "false"}, 2),
        ({"unread": "true"}, 2),
        ({"unread": "false"}, 3),
        ({"type": "new_comment"}, 3),
        ({"type": "group_invitation"}, 0),
        ({"type": "new_comment", "isRead": "true"}, 1),
    ):
        told = await listed(client, people.owner, **params)
        assert (told["meta"]["total"], len(told["data"]), told["meta"]["unreadCount"]) == (total, total, 2), params
    count = await client.get(f"{PATH}/unread-count", headers=people.owner.headers)
    assert count.json() == {"count": 2}


@pytest.mark.parametrize(
    "params", [{"isRead": "maybe"}, {"unread": "x"}, {"page": 0}, {"limit": 0}, {"type": "x" * 51}, {"type": "a\0"}]
)
async def test_a_list_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, people: People, params: dict[str, Any]
) -> None:
    assert refusal(await client.get(PATH, params=params, headers=people.owner.headers)) == (400, "VALIDATION_ERROR")


async def test_all_are_read_at_once(client: httpx.AsyncClient, people: People) -> None:
    await told_of_comments(client, people, 3)
    await client.post(
        "/api/comments",
        json={"resourceId": (await new_resource(client, people.other))["id"], "content": "x"},
        headers=people.owner.headers,
    )
    answer = await client.put(f"{PATH}/read-all", headers=people.owner.headers)
    assert answer.json() == {"message": "Toutes les notifications ont été marquées comme lues", "count": 3}
    again = await client.put(f"{PATH}/read-all", headers=people.owner.headers)
    assert again.json()["count"] == 0
    assert (await client.get(f"{PATH}/unread-count", headers=people.other.headers)).json() == {"count": 1}


async def test_reading_all_at_the_same_time_counts_each_once(client: httpx.AsyncClient, people: People) -> None:
    await told_of_comments(client, people, 5)
    answers = await asyncio.gather(*(client.put(f"{PATH}/read-all", headers=people.owner.headers) for _ in range(5)))
    assert sum(answer.json()["count"] for answer in answers) == 5


async def test_nobody_touches_what_others_are_told(client: httpx.AsyncClient, people: People) -> None:
    await told_of_comments(client, people, 1)
    note = (await listed(client, people.owner))["data"][0]["id"]
    for who in (people.other, people.admin, people.super_admin):
        for method, tail in (("PUT", "/read"), ("DELETE", "")):
            answer = await client.request(method, f"{PATH}/{note}{tail}", headers=who.headers)
            assert refusal(answer) == (404, "NOTIFICATION_NOT_FOUND")
            assert answer.json()["message"] == "Notification non trouvée"
    gone = await client.delete(f"{PATH}/{note}", headers=people.owner.headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.delete(f"{PATH}/{note}", headers=people.owner.headers)).status_code == 404
    assert (await listed(client, people.owner))["data"] == []


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000])
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, people: People, which: str) -> None:
    for method, tail in (("PUT", "/read"), ("DELETE", "")):
        answer = await client.request(method, f"{PATH}/{which}{tail}", headers=people.owner.headers)
        assert refusal(answer) == (404, "NOTIFICATION_NOT_FOUND")


async def test_strangers_are_told_nothing(client: httpx.AsyncClient) -> None:
    for method, tail in (
        ("GET", ""),
        ("GET", "/unread-count"),
        ("GET", "/preferences"),
        ("PUT", "/preferences"),
        ("PUT", "/read-all"),
        ("PUT", f"/{NOBODYS}/read"),
        ("DELETE", f"/{NOBODYS}"),
    ):
        assert refusal(await client.request(method, PATH + tail, json={})) == (401, "AUTH_TOKEN_MISSING")


async def preferred(client: httpx.AsyncClient, who: Member, **body: Any) -> httpx.Response:
    return await client.put(f"{PATH}/preferences", json=body, headers=who.headers)


async def test_preferences_are_kept_and_changed_in_parts(client: httpx.AsyncClient, people: People) -> None:
    path = f"{PATH}/preferences"
    assert (await client.get(path, headers=people.owner.headers)).json() == {"digest": "never", "muted": []}
    await client.put(f"/api/profiles/{people.owner.id}", json={"preferredLayout": "grid"}, headers=people.owner.headers)
    assert (await preferred(client, people.owner, digest="weekly")).json() == {"digest": "weekly", "muted": []}
    both = {"digest": "weekly", "muted": ["new_comment"]}
    assert (await preferred(client, people.owner, muted=["new_comment"])).json() == both
    assert (await client.get(path, headers=people.owner.headers)).json() == both
    assert (await client.get(path, headers=people.other.headers)).json()["digest"] == "never"
    own = await client.get(f"/api/profiles/{people.owner.id}", headers=people.owner.headers)
    assert own.json()["preferredLayout"] == "grid"


async def test_two_devices_that_change_two_things_at_once_both_have_their_way(
    client: httpx.AsyncClient, people: People
) -> None:
    for digest in ("daily", "weekly") * 3:
        await preferred(client, people.owner, digest="never", muted=[])
        await asyncio.gather(
            preferred(client, people.owner, digest=digest), preferred(client, people.owner, muted=["new_comment"])
        )
        told = await client.get(f"{PATH}/preferences", headers=people.owner.headers)
        assert told.json() == {"digest": digest, "muted": ["new_comment"]}


async def test_what_the_column_holds_otherwise_is_not_told(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    await preferred(client, people.owner, digest="daily")
    for stored in ('["x"]', '{"digest": 5, "muted": {"a": 1}}', '{"digest": "hourly", "muted": [3]}', "null"):
        await run_sql(
            urls.admin,
            f"update library.profile_preferences set notifications = '{stored}' where user_id = '{people.owner.id}'",
        )
        told = await client.get(f"{PATH}/preferences", headers=people.owner.headers)
        assert told.json() == {"digest": "never", "muted": []}, stored
        await told_of_comments(client, people, 1)


@pytest.mark.parametrize(
    "body",
    [{"digest": "hourly"}, {"digest": None}, {"muted": "new_comment"}, {"muted": ["x y"]}, {"muted": ["a"] * 51}],
)
async def test_preferences_that_make_no_sense_are_refused(
    client: httpx.AsyncClient, people: People, body: dict[str, Any]
) -> None:
    assert refusal(await preferred(client, people.owner, **body)) == (400, "VALIDATION_ERROR")


async def test_the_owner_is_told_of_copies_that_others_make(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.owner, title="Le sujet"))["id"]
    for who in (people.owner, people.other):
        assert (await client.post(f"/api/resources/{resource}/fork", headers=who.headers)).status_code == 201
    (note,) = (await listed(client, people.owner))["data"]
    assert (note["type"], note["title"], note["resourceId"]) == ("resource_forked", "Ressource dupliquée", resource)
    assert note["message"].endswith(" a dupliqué « Le sujet »")
    assert (await listed(client, people.other))["data"] == []
    await preferred(client, people.owner, muted=["resource_forked"])
    await client.post("/rest/v1/rpc/fork_resource", json={"resource_id": resource}, headers=people.other.headers)
    assert (await listed(client, people.owner))["meta"]["total"] == 1


async def test_what_is_muted_is_not_told(client: httpx.AsyncClient, people: People) -> None:
    await preferred(client, people.owner, muted=["new_comment"])
    resource = await told_of_comments(client, people, 1)
    group = (await client.post("/api/groups", json={"name": "g"}, headers=people.other.headers)).json()["id"]
    body = {"userId": people.owner.id}
    await client.post(f"/api/groups/{group}/members", json=body, headers=people.other.headers)
    assert [row["type"] for row in (await listed(client, people.owner))["data"]] == ["group_invitation"]
    assert (await client.get(f"/api/comments/resource/{resource}")).json()["total"] == 1
    await preferred(client, people.owner, muted=[])
    await told_of_comments(client, people, 1)
    assert (await listed(client, people.owner))["meta"]["total"] == 2
