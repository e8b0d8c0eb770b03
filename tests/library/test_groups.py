"""`/api/groups`: who sees a group, who manages its members, and what is shared with it."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member, signed_up
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource, ranked

PATH = "/api/groups"


async def new_group(client: httpx.AsyncClient, owner: Member, **fields: Any) -> str:
    answer = await client.post(PATH, json={"name": "Un groupe", **fields}, headers=owner.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def joined(
    client: httpx.AsyncClient, by: Member, group: str, user: str, role: str | None = None
) -> httpx.Response:
    body = {"userId": user} if role is None else {"userId": user, "role": role}
    return await client.post(f"{PATH}/{group}/members", json=body, headers=by.headers)


async def peopled(client: httpx.AsyncClient, people: People, *others: tuple[Member, str]) -> str:
    group = await new_group(client, people.owner)
    for who, role in others:
        answer = await joined(client, people.owner, group, who.id, role)
        assert answer.status_code == 201, answer.text
    return group


async def group_of(client: httpx.AsyncClient, who: Member, group: str) -> dict[str, Any]:
    answer = await client.get(f"{PATH}/{group}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_whoever_makes_a_group_administers_it(client: httpx.AsyncClient, people: People) -> None:
    body = {"name": " Les autres ", "description": "d", "owner_id": people.other.id}
    made = (await client.post(PATH, json=body, headers=people.owner.headers)).json()
    assert made["name"] == "Les autres"
    assert made["ownerId"] == made["owner_id"] == made["owner"]["userId"] == people.owner.id
    told = await group_of(client, people.owner, made["id"])
    assert [(item["userId"], item["role"]) for item in told["members"]] == [(people.owner.id, "admin")]
    assert told["members"][0]["added_at"] == told["members"][0]["addedAt"]
    assert told["membersCount"] == told["members_count"] == told["_count"]["members"] == 1
    assert (told["isOwner"], told["is_owner"], told["userRole"], told["user_role"]) == (True, True, "admin", "admin")


async def test_a_group_says_how_its_reader_stands_in_it(client: httpx.AsyncClient, people: People) -> None:
    group = await peopled(client, people, (people.other, "member"), (people.moderator, "admin"))
    for who, role in ((people.other, "member"), (people.moderator, "admin"), (people.admin, None)):
        told = await group_of(client, who, group)
        assert (told["isOwner"], told["userRole"], told["membersCount"]) == (False, role, 3)
    assert [item["userId"] for item in told["members"]] == [people.owner.id, people.other.id, people.moderator.id]


async def test_the_list_has_the_groups_of_the_caller_alone(client: httpx.AsyncClient, people: People) -> None:
    first = await peopled(client, people, (people.other, "member"))
    second = await new_group(client, people.owner)
    third = await new_group(client, people.other)
    for who, groups in (
        (people.owner, [second, first]),
        (people.other, [third, first]),
        (people.admin, []),
        (people.moderator, []),
    ):
        answer = await client.get(PATH, headers=who.headers)
        assert [row["id"] for row in answer.json()["data"]] == groups
    told = (await client.get(PATH, headers=people.other.headers)).json()["data"][1]
    assert told["_count"] == {"members": 2}
    assert {item["userId"] for item in told["members"]} == {people.owner.id, people.other.id}
    assert told["owner"]["userId"] == people.owner.id
    assert "mine" not in told
    rows = (await client.get(PATH, params={"format": "rows"}, headers=people.other.headers)).json()
    assert [row["id"] for row in rows] == [third, first]
    assert (await client.get(PATH)).status_code == 401


async def test_a_group_of_others_is_not_there(client: httpx.AsyncClient, people: People) -> None:
    group = await new_group(client, people.owner)
    for method, tail, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("GET", "/resources", None),
        ("POST", "/members", {"userId": people.other.id}),
        ("PUT", f"/members/{people.owner.id}", {"role": "member"}),
        ("DELETE", f"/members/{people.owner.id}", None),
        ("DELETE", f"/members/{people.other.id}", None),
    ):
        for which in (group, NOBODYS, "nope", "%00", "x" * 3000):
            answer = await client.request(method, f"{PATH}/{which}{tail}", json=body, headers=people.other.headers)
            assert refusal(answer) == (404, "GROUP_NOT_FOUND"), (method, tail, which)
            assert answer.json()["error"] == "Groupe non trouvé"
        assert (await client.request(method, f"{PATH}/{group}{tail}", json=body)).status_code == 401


async def test_managers_change_a_group_and_members_do_not(client: httpx.AsyncClient, people: People) -> None:
    group = await peopled(client, people, (people.other, "member"), (people.moderator, "admin"))
    path = f"{PATH}/{group}"
    for who in (people.owner, people.moderator, people.admin):
        changed = await client.put(path, json={"name": who.email, "ownerId": people.other.id}, headers=who.headers)
        assert (changed.status_code, changed.json()["name"]) == (200, who.email)
        assert changed.json()["ownerId"] == people.owner.id
    refused = await client.put(path, json={"name": "x"}, headers=people.other.headers)
    assert refusal(refused) == (403, "INSUFFICIENT_PERMISSIONS")
    assert refused.json()["message"] == "Vous n'avez pas les permissions pour modifier ce groupe"
    assert (await client.put(path, json={}, headers=people.owner.headers)).status_code == 200


async def test_owners_delete_their_groups(client: httpx.AsyncClient, people: People) -> None:
    for who in (people.owner, people.admin):
        group = await peopled(client, people, (people.other, "member"), (people.moderator, "admin"))
        path = f"{PATH}/{group}"
        for other in (people.other, people.moderator):
            refused = await client.delete(path, headers=other.headers)
            assert refusal(refused) == (403, "NOT_OWNER")
            assert refused.json()["message"] == "Vous n'êtes pas propriétaire de ce groupe"
        gone = await client.delete(path, headers=who.headers)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await client.get(path, headers=people.owner.headers)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"name": " "}, {"name": None}, {"name": 3}, {"name": "x" * 256}, {"name": "x", "description": "x" * 1001}],
)
async def test_a_group_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, people: People, body: dict[str, Any]
) -> None:
    group = await new_group(client, people.owner)
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{group}")):
        answer = await client.request(method, path, json=body, headers=people.owner.headers)
        assert refusal(answer) == (400, "VALIDATION_ERROR")


async def test_guests_make_no_group(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    guest = await ranked(urls, people.other, "guest")
    assert refusal(await client.post(PATH, json={"name": "x"}, headers=guest.headers)) == (403, "ACCESS_DENIED")


async def test_managers_add_members_who_are_told(client: httpx.AsyncClient, people: People) -> None:
    group = await peopled(client, people, (people.moderator, "admin"))
    body = {"user_id": people.other.id}
    answer = await client.post(f"{PATH}/{group}/members", json=body, headers=people.moderator.headers)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["userId"], told["groupId"], told["role"]) == (people.other.id, group, "member")
    assert told["profile"]["userId"] == people.other.id
    assert refusal(await joined(client, people.owner, group, people.other.id)) == (409, "ALREADY_MEMBER")
    notes = (await client.get("/api/notifications", headers=people.other.headers)).json()["data"]
    assert [(note["type"], note["groupId"], note["group"]["id"]) for note in notes] == [
        ("group_invitation", group, group)
    ]
    stranger = await signed_up(client)
    refused = await joined(client, people.other, group, stranger.id)
    assert refusal(refused) == (403, "INSUFFICIENT_PERMISSIONS")
    assert refused.json()["error"] == "Vous n'avez pas les permissions pour ajouter des membres"
    assert (await joined(client, people.admin, group, stranger.id)).status_code == 201


async def test_only_people_are_added_as_members_or_administrators(client: httpx.AsyncClient, people: People) -> None:
    group = await new_group(client, people.owner)
    unknown = await joined(client, people.owner, group, NOBODYS)
    assert refusal(unknown) == (404, "USER_NOT_FOUND")
    assert unknown.json()["message"] == "Utilisateur non trouvé"
    for user, role in ((people.other.id, "owner"), (people.other.id, "x"), ("nope", "member"), (None, "member")):
        answer = await client.post(
            f"{PATH}/{group}/members", json={"userId": user, "role": role}, headers=people.owner.headers
        )
        assert refusal(answer) == (400, "VALIDATION_ERROR")


async def test_somebody_who_is_added_many_times_at_once_is_there_once(
    client: httpx.AsyncClient, people: People
) -> None:
    group = await new_group(client, people.owner)
    answers = await asyncio.gather(*(joined(client, people.owner, group, people.other.id) for _ in range(10)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (1, 9)
    assert (await group_of(client, people.owner, group))["membersCount"] == 2


async def test_members_leave_and_managers_remove_them(client: httpx.AsyncClient, people: People) -> None:
    third = await signed_up(client)
    group = await peopled(client, people, (people.other, "member"), (people.moderator, "admin"), (third, "member"))

    async def removed(by: Member, whom: str) -> httpx.Response:
        return await client.delete(f"{PATH}/{group}/members/{whom}", headers=by.headers)

    for whom in (third.id, people.moderator.id, people.owner.id, NOBODYS, "nope"):
        refused = await removed(people.other, whom)
        assert refusal(refused) == (403, "INSUFFICIENT_PERMISSIONS"), whom
        assert refused.json()["message"] == "Vous n'avez pas les permissions pour retirer des membres"
    assert (await removed(people.other, people.other.id)).status_code == 204
    assert (await client.get(f"{PATH}/{group}", headers=people.other.headers)).status_code == 404
    assert (await removed(people.moderator, third.id)).status_code == 204
    for by in (people.owner, people.moderator, people.admin):
        kept = await removed(by, people.owner.id)
        assert refusal(kept) == (403, "OWNER_CANNOT_LEAVE")
        assert kept.json()["message"] == "Le propriétaire du groupe ne peut pas se retirer"
        assert (await removed(by, third.id)).status_code == 204  # gone already
    assert (await removed(people.admin, people.moderator.id)).status_code == 204
    assert (await group_of(client, people.owner, group))["membersCount"] == 1


async def test_guests_leave_and_remove_nobody_else(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    group = await peopled(client, people, (people.other, "admin"), (people.moderator, "member"))
    guest = await ranked(urls, people.other, "guest")
    path = f"{PATH}/{group}/members"
    for whom in (people.moderator.id, people.owner.id):
        refused = await client.delete(f"{path}/{whom}", headers=guest.headers)
        assert refusal(refused) == (403, "INSUFFICIENT_PERMISSIONS")
    assert (await client.delete(f"{path}/{guest.id}", headers=guest.headers)).status_code == 204
    assert (await client.get(f"{PATH}/{group}", headers=guest.headers)).status_code == 404
    members = (await group_of(client, people.owner, group))["members"]
    assert [item["userId"] for item in members] == [people.owner.id, people.moderator.id]
    owner = await ranked(urls, people.owner, "guest")
    kept = await client.delete(f"{path}/{owner.id}", headers=owner.headers)
    assert refusal(kept) == (403, "OWNER_CANNOT_LEAVE")


async def test_managers_change_the_role_of_members(client: httpx.AsyncClient, people: People) -> None:
    group = await peopled(client, people, (people.other, "member"), (people.moderator, "member"))

    async def made(by: Member, whom: str, role: Any) -> httpx.Response:
        return await client.put(f"{PATH}/{group}/members/{whom}", json={"role": role}, headers=by.headers)

    refused = await made(people.moderator, people.other.id, "admin")
    assert refusal(refused) == (403, "INSUFFICIENT_PERMISSIONS")
    assert refusal(await made(people.other, people.other.id, "admin")) == (403, "INSUFFICIENT_PERMISSIONS")
    risen = await made(people.owner, people.other.id, "admin")
    assert (risen.status_code, risen.json()["role"], risen.json()["userId"]) == (200, "admin", people.other.id)
    assert (await made(people.other, people.moderator.id, "admin")).status_code == 200
    assert (await group_of(client, people.moderator, group))["userRole"] == "admin"
    assert refusal(await made(people.moderator, people.owner.id, "member")) == (403, "INSUFFICIENT_PERMISSIONS")
    for whom in (NOBODYS, "nope"):
        assert refusal(await made(people.owner, whom, "admin")) == (404, "MEMBER_NOT_FOUND")
    for role in ("owner", "x", None):
        assert refusal(await made(people.owner, people.other.id, role)) == (400, "VALIDATION_ERROR")


async def test_resources_that_are_shared_with_a_group(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    group = await peopled(client, people, (people.other, "member"))
    made = [
        await new_resource(client, people.owner, title=title, visibility="private") for title in ("Un", "Deux", "Trois")
    ]
    for resource, expires in zip(made, ("null", "now() + interval '1 day'", "now() - interval '1 day'"), strict=True):
        await run_sql(
            urls.admin,
            "insert into library.resource_shares (tenant_id, resource_id, shared_with_group_id, expires_at)"
            f" select tenant_id, id, '{group}', {expires} from library.resources where id = '{resource['id']}'",
        )
    for who in (people.owner, people.other, people.admin):
        answer = await client.get(f"{PATH}/{group}/resources", headers=who.headers)
        assert [row["title"] for row in answer.json()["data"]] == ["Deux", "Un"], answer.text
    assert answer.json()["data"][0]["profile"]["userId"] == people.owner.id
    assert answer.json()["data"][0]["viewsCount"] == answer.json()["data"][0]["views_count"] == 0
    called = await client.post(
        "/rest/v1/rpc/group_resources",
        json={"group_id": group},
        headers={**people.moderator.headers, "Content-Profile": "library"},
    )
    assert called.json() == []
