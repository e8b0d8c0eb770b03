"""`/api/resources/:id/share`, `/shares` and `/permissions`: who opens a resource to whom, until when."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.accounts.conftest import NOBODYS
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource


async def shared(client: httpx.AsyncClient, people: People, path: str, **body: Any) -> httpx.Response:
    return await client.post(f"{path}/share", json=body, headers=people.owner.headers)


@pytest.fixture
async def path(client: httpx.AsyncClient, people: People) -> str:
    made = await new_resource(client, people.owner, visibility="private", title="Le secret")
    return f"/api/resources/{made['id']}"


async def new_group(urls: Urls, owner: str, *members: str) -> str:
    identifier = str(uuid4())
    tenant = f"(select tenant_id from library.profiles where user_id = '{owner}')"
    group = "insert into library.groups (tenant_id, id, name, owner_id) values"
    member = "insert into library.group_members (tenant_id, group_id, user_id) values"
    await run_sql(
        urls.admin,
        f"{group} ({tenant}, '{identifier}', 'Cercle', '{owner}')",
        *[f"{member} ({tenant}, '{identifier}', '{who}')" for who in members],
    )
    return identifier


async def test_whom_it_is_shared_with_reads_it_and_is_told(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    assert (await client.get(path, headers=people.other.headers)).status_code == 404
    made = await shared(client, people, path, sharedWithUserId=people.other.id)
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["sharedWithUserId"] == people.other.id == told["sharedWithUser"]["userId"]
    assert (told["permission"], told["expiresAt"], told["sharedWithGroup"]) == ("read", None, None)
    assert (await client.get(path, headers=people.other.headers)).json()["title"] == "Le secret"
    notices = await client.get(
        "/rest/v1/notifications?type=eq.resource_shared&select=message", headers=people.other.headers
    )
    assert len(notices.json()) == 1


async def test_sharing_again_changes_the_share(client: httpx.AsyncClient, people: People, path: str) -> None:
    first = await shared(client, people, path, shared_with_user_id=people.other.id)
    again = await shared(client, people, path, shared_with_user_id=people.other.id, permission="write")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["createdAt"] == first.json()["createdAt"]
    listed = await client.get(f"{path}/shares", headers=people.owner.headers)
    assert [item["permission"] for item in listed.json()] == ["write"]


async def test_shares_with_one_target_at_the_same_moment_are_one(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    answers = await asyncio.gather(*[shared(client, people, path, sharedWithUserId=people.other.id) for _ in range(12)])
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    listed = await client.get(f"{path}/shares", headers=people.owner.headers)
    assert len(listed.json()) == 1


async def test_a_group_is_shared_with_by_whoever_is_in_it(
    client: httpx.AsyncClient, people: People, urls: Urls, path: str
) -> None:
    group = await new_group(urls, people.owner.id, people.other.id)
    made = await shared(client, people, path, sharedWithGroupId=group)
    assert made.status_code == 201
    assert made.json()["sharedWithGroup"] == {"id": group, "name": "Cercle", "description": None}
    assert (await client.get(path, headers=people.other.headers)).status_code == 200
    foreign = await new_group(urls, people.admin.id)
    refused = await shared(client, people, path, sharedWithGroupId=foreign)
    assert (refused.status_code, refused.json()["code"]) == (404, "GROUP_NOT_FOUND")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("2099-01-31T12:00", "2099-01-31T12:00:00.000Z"),
        ("2099-01-31T12:00:05", "2099-01-31T12:00:05.000Z"),
        ("2099-01-31T12:00:00+02:00", "2099-01-31T10:00:00.000Z"),
        ("2099-01-31T12:00:00.5Z", "2099-01-31T12:00:00.500Z"),
        ("", None),
        (None, None),
    ],
)
async def test_the_end_of_a_share_is_read_as_forms_write_it(
    client: httpx.AsyncClient, people: People, path: str, said: str | None, told: str | None
) -> None:
    made = await shared(client, people, path, sharedWithUserId=people.other.id, expiresAt=said)
    assert (made.status_code, made.json()["expiresAt"]) == (201, told)


@pytest.mark.parametrize("said", ["demain", "2099-13-01T00:00", 12, "0001-01-01T00:00+14:00", ["2099"], "9" * 99, True])
async def test_what_is_no_time_is_refused(client: httpx.AsyncClient, people: People, path: str, said: Any) -> None:
    refused = await shared(client, people, path, sharedWithUserId=people.other.id, expiresAt=said)
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert refused.json()["details"][0] == {"path": "expiresAt", "message": "Date invalide"}


async def test_an_expired_share_opens_nothing(client: httpx.AsyncClient, people: People, path: str) -> None:
    made = await shared(client, people, path, sharedWithUserId=people.other.id, expiresAt="2001-01-01T00:00")
    assert made.status_code == 201
    assert (await client.get(path, headers=people.other.headers)).status_code == 404
    assert len((await client.get(f"{path}/shares", headers=people.owner.headers)).json()) == 1


async def test_exactly_one_target_is_shared_with(client: httpx.AsyncClient, people: People, path: str) -> None:
    for body in (
        {},
        {"sharedWithUserId": people.other.id, "sharedWithGroupId": NOBODYS},
        {"sharedWithUserId": "", "sharedWithGroupId": ""},
    ):
        refused = await shared(client, people, path, **body)
        assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_INPUT"), body
    assert refused.json()["error"] == "Un utilisateur ou un groupe doit être spécifié"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"sharedWithUserId": NOBODYS}, 404, "USER_NOT_FOUND"),
        ({"sharedWithGroupId": NOBODYS}, 404, "GROUP_NOT_FOUND"),
        ({"sharedWithUserId": "nope"}, 400, "VALIDATION_ERROR"),
        ({"sharedWithUserId": NOBODYS, "permission": "own"}, 400, "VALIDATION_ERROR"),
        ([], 400, "VALIDATION_ERROR"),
    ],
)
async def test_a_target_that_is_none_is_refused(
    client: httpx.AsyncClient, people: People, path: str, body: Any, status: int, code: str
) -> None:
    answer = await client.post(f"{path}/share", json=body, headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_the_owner_manages_shares(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner)
    path = f"/api/resources/{made['id']}"
    share = (await shared(client, people, path, sharedWithUserId=people.other.id)).json()["id"]
    words = {
        ("POST", f"{path}/share"): "Seul le propriétaire peut partager cette ressource",
        ("GET", f"{path}/shares"): "Seul le propriétaire peut voir les partages",
        ("PUT", f"{path}/shares/{share}"): "Seul le propriétaire peut mettre à jour un partage",
        ("DELETE", f"{path}/shares/{share}"): "Seul le propriétaire peut retirer un partage",
        ("DELETE", f"{path}/share/{people.other.id}"): "Seul le propriétaire peut retirer un partage",
    }
    for (method, url), message in words.items():
        body = {"json": {"sharedWithUserId": people.other.id}} if method in ("POST", "PUT") else {}
        assert (await client.request(method, url, **body)).status_code == 401
        for who in (people.other, people.moderator, people.admin, people.super_admin):
            refused = await client.request(method, url, headers=who.headers, **body)
            assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
            assert refused.json()["error"] == message


async def test_a_share_is_changed_and_taken_back(client: httpx.AsyncClient, people: People, path: str) -> None:
    share = (await shared(client, people, path, sharedWithUserId=people.other.id, expiresAt="2099-01-01T00:00")).json()
    one = f"{path}/shares/{share['id']}"
    headers = people.owner.headers
    changed = await client.put(one, json={"permission": "write"}, headers=headers)
    assert (changed.json()["permission"], changed.json()["expiresAt"]) == ("write", "2099-01-01T00:00:00.000Z")
    assert (await client.put(one, json={}, headers=headers)).json() == changed.json()
    cleared = await client.put(one, json={"expiresAt": None}, headers=headers)
    assert (cleared.json()["permission"], cleared.json()["expiresAt"]) == ("write", None)
    assert "message" in (await client.delete(one, headers=headers)).json()
    assert (await client.get(path, headers=people.other.headers)).status_code == 404
    for gone in (
        await client.delete(one, headers=headers),
        await client.put(one, json={"permission": "read"}, headers=headers),
        await client.delete(f"{path}/share/{people.other.id}", headers=headers),
        await client.delete(f"{path}/shares/nope", headers=headers),
        await client.put(f"{path}/shares/nope", json={}, headers=headers),
        await client.delete(f"{path}/share/nope", headers=headers),
    ):
        assert (gone.status_code, gone.json()["code"]) == (404, "SHARE_NOT_FOUND")


async def test_a_share_is_taken_back_by_the_user_and_by_no_other_resource(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    share = (await shared(client, people, path, sharedWithUserId=people.other.id)).json()["id"]
    another = f"/api/resources/{(await new_resource(client, people.owner))['id']}"
    wrong = await client.delete(f"{another}/shares/{share}", headers=people.owner.headers)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "SHARE_NOT_FOUND")
    gone = await client.delete(f"{path}/share/{people.other.id}", headers=people.owner.headers)
    assert gone.status_code == 200
    assert (await client.get(f"{path}/shares", headers=people.owner.headers)).json() == []


async def test_a_share_to_write_lets_somebody_change_the_words_and_not_who_reads(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    await shared(client, people, path, sharedWithUserId=people.other.id)
    refused = await client.put(path, json={"title": "Pris"}, headers=people.other.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_OWNER")
    await shared(client, people, path, sharedWithUserId=people.other.id, permission="write")
    changed = await client.put(path, json={"title": "À deux", "visibility": "public"}, headers=people.other.headers)
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["visibility"]) == ("À deux", "private")
    assert changed.json()["userId"] == people.owner.id
    assert (await client.delete(path, headers=people.other.headers)).status_code == 403
    assert (await client.get(f"{path}/shares", headers=people.other.headers)).status_code == 403


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000])
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("POST", "share"),
        ("GET", "shares"),
        ("PUT", f"shares/{NOBODYS}"),
        ("DELETE", f"shares/{NOBODYS}"),
        ("DELETE", f"share/{NOBODYS}"),
        ("GET", "permissions"),
        ("POST", "permissions"),
        ("DELETE", f"permissions/{NOBODYS}"),
    ],
)
async def test_nothing_is_shared_of_what_is_not_there(
    client: httpx.AsyncClient, people: People, method: str, rest: str, which: str
) -> None:
    body = {"sharedWithUserId": people.other.id, "userId": people.other.id, "permission": "read"}
    answer = await client.request(method, f"/api/resources/{which}/{rest}", json=body, headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_FOUND")


async def test_what_somebody_may_not_read_is_not_there_to_be_shared(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    answer = await client.post(
        f"{path}/share", json={"sharedWithUserId": people.other.id}, headers=people.other.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_FOUND")


async def test_the_owner_and_administrators_give_rights(client: httpx.AsyncClient, people: People, path: str) -> None:
    given = {"userId": people.other.id, "permission": "resource:update", "expiresAt": "2099-01-31T12:00"}
    made = await client.post(f"{path}/permissions", json=given, headers=people.owner.headers)
    assert made.status_code == 201
    assert made.json().keys() == {
        "id", "resourceId", "userId", "groupId", "permission", "expiresAt", "createdAt",
    }  # fmt: skip
    assert made.json()["expiresAt"] == "2099-01-31T12:00:00.000Z"
    changed = await client.put(path, json={"title": "Permis"}, headers=people.other.headers)
    assert changed.status_code == 200
    other = await client.post(
        f"{path}/permissions", json={"userId": people.moderator.id, "permission": "read"}, headers=people.admin.headers
    )
    assert other.status_code == 201
    listed = await client.get(f"{path}/permissions", headers=people.admin.headers)
    assert [item["permission"] for item in listed.json()] == ["read", "resource:update"]
    gone = await client.delete(f"{path}/permissions/{made.json()['id']}", headers=people.owner.headers)
    assert gone.status_code == 200
    assert (await client.get(path, headers=people.other.headers)).status_code == 404
    for which in (made.json()["id"], "nope"):
        again = await client.delete(f"{path}/permissions/{which}", headers=people.owner.headers)
        assert (again.status_code, again.json()["code"]) == (404, "RESOURCE_PERMISSION_NOT_FOUND")


async def test_the_addresses_of_whom_rights_were_given_are_for_administrators(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    given = {"userId": people.other.id, "permission": "read"}
    await client.post(f"{path}/permissions", json=given, headers=people.owner.headers)
    shown = {
        who.id: (await client.get(f"{path}/permissions", headers=who.headers)).json()[0]["user"]
        for who in (people.owner, people.admin)
    }
    assert shown[people.owner.id]["email"] is None
    assert shown[people.admin.id]["email"] == people.other.email
    assert shown[people.admin.id]["userId"] == people.other.id


async def test_nobody_else_gives_rights(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner)
    path = f"/api/resources/{made['id']}/permissions"
    given = {"userId": people.other.id, "permission": "read"}
    kept = (await client.post(path, json=given, headers=people.owner.headers)).json()["id"]
    for who in (people.other, people.moderator):
        answers = [
            await client.get(path, headers=who.headers),
            await client.post(path, json=given, headers=who.headers),
            await client.delete(f"{path}/{kept}", headers=who.headers),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "FORBIDDEN")] * 3
    assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"permission": "read"}, 400, "INVALID_INPUT"),
        ({"permission": "read", "userId": NOBODYS, "groupId": NOBODYS}, 400, "INVALID_INPUT"),
        ({"permission": "read", "userId": NOBODYS}, 404, "USER_NOT_FOUND"),
        ({"permission": "read", "groupId": NOBODYS}, 404, "GROUP_NOT_FOUND"),
        ({"permission": "read", "userId": "alice@example.org"}, 400, "VALIDATION_ERROR"),
        ({"permission": "r", "userId": NOBODYS}, 400, "VALIDATION_ERROR"),
        ({"permission": "r" * 101, "userId": NOBODYS}, 400, "VALIDATION_ERROR"),
        ({"permission": "re\0ad", "userId": NOBODYS}, 400, "VALIDATION_ERROR"),
        ({"userId": NOBODYS}, 400, "VALIDATION_ERROR"),
    ],
)
async def test_a_right_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, people: People, path: str, body: Any, status: int, code: str
) -> None:
    answer = await client.post(f"{path}/permissions", json=body, headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
