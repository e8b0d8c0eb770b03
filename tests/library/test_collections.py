"""`/api/collections`: who reads, fills, orders and changes what; what may not be read is left out everywhere."""

import asyncio
import random
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member
from tests.conftest import Urls
from tests.library.conftest import People, new_resource, ranked

PATH = "/api/collections"


async def new_collection(client: httpx.AsyncClient, owner: Member, **fields: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={"name": "Une collection", **fields}, headers=owner.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def filled(client: httpx.AsyncClient, owner: Member, *resources: str, **fields: Any) -> str:
    made = await new_collection(client, owner, **fields)
    for resource in resources:
        answer = await added(client, owner, made["id"], resource)
        assert answer.status_code == 201, answer.text
    return made["id"]


async def added(client: httpx.AsyncClient, who: Member, collection: str, resource: Any) -> httpx.Response:
    return await client.post(f"{PATH}/{collection}/resources", json={"resourceId": resource}, headers=who.headers)


async def entries(client: httpx.AsyncClient, collection: str, who: Member | None = None) -> list[str]:
    answer = await client.get(f"{PATH}/{collection}", headers=who.headers if who else {})
    assert answer.status_code == 200, answer.text
    return [item["resourceId"] for item in answer.json()["collectionResources"]]


async def listed(client: httpx.AsyncClient, who: Member | None = None, **params: Any) -> dict[str, Any]:
    answer = await client.get(PATH, params=params, headers=who.headers if who else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def resources_of(client: httpx.AsyncClient, owner: Member, count: int) -> list[str]:
    return [(await new_resource(client, owner, title=f"R{number}"))["id"] for number in range(count)]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_collection_is_told_in_both_casings(client: httpx.AsyncClient, people: People) -> None:
    body = {"name": " Ma liste ", "is_public": True, "cover_image_url": "https://x/y.png", "user_id": people.other.id}
    made = await new_collection(client, people.owner, **body)
    assert made["name"] == "Ma liste"
    assert made["isPublic"] is made["is_public"] is True
    assert made["coverImageUrl"] == made["cover_image_url"] == "https://x/y.png"
    assert made["userId"] == made["user_id"] == made["profile"]["userId"] == people.owner.id
    assert made["resourcesCount"] == made["resources_count"] == 0
    private = await new_collection(client, people.owner, coverImageUrl="", description=None)
    assert (private["isPublic"], private["coverImageUrl"]) == (False, None)


async def test_lists_hold_public_collections_and_to_their_owner_the_private_ones(
    client: httpx.AsyncClient, people: People
) -> None:
    shown = await new_collection(client, people.owner, name="Publique", isPublic=True)
    hidden = await new_collection(client, people.owner, name="Privée")
    mine = people.owner.id
    for spelling in ("userId", "user_id"):
        own = await listed(client, people.owner, **{spelling: mine})
        assert [row["id"] for row in own["data"]] == [hidden["id"], shown["id"]]
    assert own["meta"] == {"total": 2, "page": 1, "limit": 20, "totalPages": 1}
    for who in (None, people.other, people.admin):
        assert [row["id"] for row in (await listed(client, who, userId=mine))["data"]] == [shown["id"]]
        assert not (await listed(client, who, userId=mine, isPublic="false"))["data"]
        assert not (await listed(client, who, search="privée"))["data"]
    # Without a user: public ones alone, even to somebody who has private ones.
    everybody = await listed(client, people.owner, limit=100)
    assert {row["isPublic"] for row in everybody["data"]} == {True}
    assert shown["id"] in [row["id"] for row in everybody["data"]]
    rows = (await client.get(PATH, params={"format": "rows", "user_id": mine}, headers=people.owner.headers)).json()
    assert [row["id"] for row in rows] == [hidden["id"], shown["id"]]


async def test_a_list_counts_what_is_in_each(client: httpx.AsyncClient, people: People) -> None:
    one, two = await resources_of(client, people.owner, 2)
    await filled(client, people.owner, one, two, isPublic=True)
    (row,) = (await listed(client, userId=people.owner.id))["data"]
    assert row["_count"] == {"collectionResources": 2}
    assert row["resourcesCount"] == 2


async def test_a_collection_counts_what_its_reader_may_read(client: httpx.AsyncClient, people: People) -> None:
    (shown,) = await resources_of(client, people.owner, 1)
    secret = await new_resource(client, people.owner, visibility="private")
    collection = await filled(client, people.owner, shown, secret["id"], isPublic=True)
    for who, count in ((None, 1), (people.other, 1), (people.owner, 2), (people.moderator, 2), (None, 1)):
        headers = who.headers if who else {}
        told = (await client.get(f"{PATH}/{collection}", headers=headers)).json()
        assert told["resourcesCount"] == told["resources_count"] == len(told["collectionResources"]) == count
        (row,) = (await listed(client, who, userId=people.owner.id))["data"]
        assert (row["resourcesCount"], row["_count"]) == (count, {"collectionResources": count})
        (row,) = (await client.get(f"/api/profiles/{people.owner.id}/collections", headers=headers)).json()
        assert row["resourcesCount"] == count
        assert len((await listed(client, who, userId=people.owner.id, resourcesCount=2))["data"]) == count - 1
    share = {"resource_id": secret["id"], "shared_with_user_id": people.other.id}
    await client.post("/rest/v1/resource_shares", json=share, headers=people.owner.headers)
    told = (await client.get(f"{PATH}/{collection}", headers=people.other.headers)).json()
    assert told["resourcesCount"] == 2


async def test_the_last_changed_comes_first(client: httpx.AsyncClient, people: People) -> None:
    first = await new_collection(client, people.owner, name="un")
    second = await new_collection(client, people.owner, name="deux")
    await client.put(f"{PATH}/{first['id']}", json={"name": "un bis"}, headers=people.owner.headers)
    told = await listed(client, people.owner, userId=people.owner.id)
    assert [row["id"] for row in told["data"]] == [first["id"], second["id"]]


@pytest.mark.parametrize("params", [{"userId": "nope"}, {"page": 0}, {"limit": 0}, {"sortBy": "x"}, {"search": "\0"}])
async def test_a_list_that_makes_no_sense_is_refused(client: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await client.get(PATH, params=params)
    assert refusal(answer) == (400, "VALIDATION_ERROR")


async def test_resources_that_the_reader_may_not_read_are_left_out(client: httpx.AsyncClient, people: People) -> None:
    shown = await new_resource(client, people.owner)
    hidden = await new_resource(client, people.owner, visibility="private")
    collection = await filled(client, people.owner, hidden["id"], shown["id"], isPublic=True)
    for who, seen in (
        (people.owner, [hidden["id"], shown["id"]]),
        (people.moderator, [hidden["id"], shown["id"]]),
        (people.other, [shown["id"]]),
        (None, [shown["id"]]),
    ):
        assert await entries(client, collection, who) == seen
    told = (await client.get(f"{PATH}/{collection}", headers=people.owner.headers)).json()
    entry = told["collectionResources"][1]
    assert entry["resource"]["id"] == entry["resourceId"] == entry["resource_id"] == shown["id"]
    assert entry["resource"]["profile"]["userId"] == people.owner.id
    assert told["collectionResources"] == told["collection_resources"]
    assert [item["orderIndex"] for item in told["collectionResources"]] == [1, 2]


async def test_somebody_elses_private_collection_is_not_there(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.other))["id"]
    path = f"{PATH}/{(await new_collection(client, people.owner))['id']}"
    for who in (people.other, people.moderator, people.admin):
        for method, tail, body in (
            ("GET", "", None),
            ("PUT", "", {"name": "x"}),
            ("DELETE", "", None),
            ("POST", "/resources", {"resourceId": resource}),
            ("DELETE", f"/resources/{resource}", None),
            ("PUT", "/order", {"resourceIds": [resource]}),
        ):
            answer = await client.request(method, path + tail, json=body, headers=who.headers)
            assert refusal(answer) == (404, "COLLECTION_NOT_FOUND"), (method, tail)
            assert answer.json()["message"] == "Collection non trouvée"


async def test_somebody_elses_public_collection_is_theirs(client: httpx.AsyncClient, people: People) -> None:
    resource = (await new_resource(client, people.other))["id"]
    collection = await filled(client, people.owner, resource, isPublic=True)
    for method, tail, body in (
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/resources", {"resourceId": resource}),
        ("DELETE", f"/resources/{resource}", None),
        ("PUT", "/order", {"resourceIds": [resource]}),
    ):
        answer = await client.request(method, f"{PATH}/{collection}{tail}", json=body, headers=people.other.headers)
        assert refusal(answer) == (403, "NOT_OWNER"), (method, tail)
        assert answer.json()["error"] == "Vous n'êtes pas propriétaire de cette collection"
        assert (await client.request(method, f"{PATH}/{collection}{tail}", json=body)).status_code == 401
    assert await entries(client, collection) == [resource]
    renamed = await client.put(f"{PATH}/{collection}", json={"name": "Revu"}, headers=people.admin.headers)
    assert (renamed.status_code, renamed.json()["userId"]) == (200, people.owner.id)


async def test_owners_change_and_delete_their_collections(client: httpx.AsyncClient, people: People) -> None:
    made = await new_collection(client, people.owner, description="avant")
    path = f"{PATH}/{made['id']}"
    changes = {"isPublic": True, "resourcesCount": 9, "user_id": people.other.id}
    changed = (await client.put(path, json=changes, headers=people.owner.headers)).json()
    assert (changed["isPublic"], changed["description"], changed["name"]) == (True, "avant", made["name"])
    assert (changed["resourcesCount"], changed["userId"]) == (0, people.owner.id)
    same = await client.put(path, json={}, headers=people.owner.headers)
    assert (same.status_code, same.json()["name"]) == (200, made["name"])
    gone = await client.delete(path, headers=people.owner.headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get(path, headers=people.owner.headers)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 256},
        {"name": None},
        {"name": 5},
        {"name": "x", "description": "x" * 1001},
        {"name": "x", "isPublic": "peut-être"},
        {"name": "x", "coverImageUrl": "javascript:alert(1)"},
        {"name": "x", "coverImageUrl": "https://" + "x" * 2048},
        {"name": "a\0b"},
        [],
    ],
)
async def test_a_collection_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, people: People, body: Any
) -> None:
    made = await new_collection(client, people.owner)
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{made['id']}")):
        answer = await client.request(method, path, json=body, headers=people.owner.headers)
        assert refusal(answer) == (400, "VALIDATION_ERROR"), method


async def test_guests_and_strangers_make_no_collection(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    assert refusal(await client.post(PATH, json={"name": "x"})) == (401, "AUTH_TOKEN_MISSING")
    guest = await ranked(urls, people.other, "guest")
    assert refusal(await client.post(PATH, json={"name": "x"}, headers=guest.headers)) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000])
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, people: People, which: str) -> None:
    for method, tail, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/resources", {"resourceId": NOBODYS}),
        ("DELETE", f"/resources/{NOBODYS}", None),
        ("PUT", "/order", {"resourceIds": [NOBODYS]}),
    ):
        answer = await client.request(method, f"{PATH}/{which}{tail}", json=body, headers=people.owner.headers)
        assert refusal(answer) == (404, "COLLECTION_NOT_FOUND"), (method, tail)


async def test_what_is_added_must_be_readable_and_not_there_yet(client: httpx.AsyncClient, people: People) -> None:
    mine, hidden = (
        await new_resource(client, people.owner),
        await new_resource(client, people.other, visibility="private"),
    )
    collection = await filled(client, people.owner)
    entry = await added(client, people.owner, collection, mine["id"])
    assert entry.status_code == 201
    assert entry.json()["resource"]["title"] == mine["title"]
    assert entry.json()["orderIndex"] == 1
    again = await added(client, people.owner, collection, mine["id"])
    assert refusal(again) == (409, "RESOURCE_ALREADY_IN_COLLECTION")
    for unreadable in (hidden["id"], NOBODYS):
        assert refusal(await added(client, people.owner, collection, unreadable)) == (404, "RESOURCE_NOT_FOUND")
    assert refusal(await added(client, people.owner, collection, None)) == (400, "RESOURCE_ID_REQUIRED")
    assert refusal(await added(client, people.owner, collection, "nope")) == (400, "VALIDATION_ERROR")
    snake = {"resource_id": (await new_resource(client, people.other))["id"]}
    taken = await client.post(f"{PATH}/{collection}/resources", json=snake, headers=people.owner.headers)
    assert (taken.status_code, taken.json()["orderIndex"]) == (201, 2)


async def test_what_was_shared_may_be_added_until_it_is_not(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    hidden = (await new_resource(client, people.other, visibility="private"))["id"]
    share = {"resource_id": hidden, "shared_with_user_id": people.owner.id}
    made = await client.post(
        "/rest/v1/resource_shares",
        json=share,
        headers={**people.other.headers, "Content-Profile": "library", "Prefer": "return=representation"},
    )
    assert made.status_code == 201, made.text
    collection = await filled(client, people.owner, hidden, isPublic=True)
    assert await entries(client, collection, people.owner) == [hidden]
    assert await entries(client, collection) == []
    which = {"id": f"eq.{made.json()[0]['id']}"}
    headers = {**people.other.headers, "Content-Profile": "library"}
    assert (await client.delete("/rest/v1/resource_shares", params=which, headers=headers)).status_code == 204
    assert await entries(client, collection, people.owner) == []


async def test_what_is_taken_out_is_gone_and_taking_it_out_again_is_no_error(
    client: httpx.AsyncClient, people: People
) -> None:
    one, two = await resources_of(client, people.owner, 2)
    collection = await filled(client, people.owner, one, two)
    for which in (one, one, NOBODYS, "nope", "%00"):
        answer = await client.delete(f"{PATH}/{collection}/resources/{which}", headers=people.owner.headers)
        assert (answer.status_code, answer.content) == (204, b""), which
    assert await entries(client, collection, people.owner) == [two]
    told = (await client.get(f"{PATH}/{collection}", headers=people.owner.headers)).json()
    assert told["resourcesCount"] == 1


async def test_what_may_not_be_read_any_more_is_taken_out_all_the_same(
    client: httpx.AsyncClient, people: People
) -> None:
    theirs = (await new_resource(client, people.other))["id"]
    collection = await filled(client, people.owner, theirs)
    path = f"/api/resources/{theirs}"
    await client.put(path, json={"visibility": "private"}, headers=people.other.headers)
    assert await entries(client, collection, people.owner) == []
    answer = await client.delete(f"{PATH}/{collection}/resources/{theirs}", headers=people.owner.headers)
    assert answer.status_code == 204
    await client.put(path, json={"visibility": "public"}, headers=people.other.headers)
    told = (await client.get(f"{PATH}/{collection}", headers=people.owner.headers)).json()
    assert (told["collectionResources"], told["resourcesCount"]) == ([], 0)


async def ordered(client: httpx.AsyncClient, who: Member, collection: str, resources: Any) -> httpx.Response:
    body = {"resourceIds": resources}
    return await client.put(f"{PATH}/{collection}/order", json=body, headers=who.headers)


async def test_a_collection_is_put_in_order(client: httpx.AsyncClient, people: People) -> None:
    one, two, three, four = await resources_of(client, people.owner, 4)
    collection = await filled(client, people.owner, one, two, three, four)
    answer = await ordered(client, people.owner, collection, [three, one])
    assert answer.status_code == 200, answer.text
    assert [item["resourceId"] for item in answer.json()["collectionResources"]] == [three, one, two, four]
    assert [item["orderIndex"] for item in answer.json()["collectionResources"]] == [1, 2, 3, 4]
    assert await entries(client, collection, people.owner) == [three, one, two, four]
    five = (await new_resource(client, people.owner))["id"]
    await added(client, people.owner, collection, five)
    assert (await entries(client, collection, people.owner))[-1] == five
    called = await client.post(
        "/rest/v1/rpc/reorder_collection",
        json={"collection_id": collection, "resource_ids": [five]},
        headers={**people.owner.headers, "Content-Profile": "library"},
    )
    assert called.status_code == 204, called.text
    assert await entries(client, collection, people.owner) == [five, three, one, two, four]


@pytest.mark.parametrize("which", ["elsewhere", "twice", "unknown", "malformed", "none", "text"])
async def test_an_order_that_makes_no_sense_changes_nothing(
    client: httpx.AsyncClient, people: People, which: str
) -> None:
    one, two, elsewhere = await resources_of(client, people.owner, 3)
    collection = await filled(client, people.owner, one, two)
    wrong: Any = {
        "elsewhere": [two, elsewhere, one],
        "twice": [two, two],
        "unknown": [two, NOBODYS],
        "malformed": [two, "nope"],
        "none": [],
        "text": two,
    }[which]
    answer = await ordered(client, people.owner, collection, wrong)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["path"].startswith("resourceIds")
    assert await entries(client, collection, people.owner) == [one, two]


async def test_orders_at_the_same_time_are_never_mixed(client: httpx.AsyncClient, people: People) -> None:
    resources = await resources_of(client, people.owner, 6)
    collection = await filled(client, people.owner, *resources)
    wanted = [random.Random(seed).sample(resources, 6) for seed in range(12)]
    answers = await asyncio.gather(*(ordered(client, people.owner, collection, order) for order in wanted))
    assert {answer.status_code for answer in answers} == {200}
    assert await entries(client, collection, people.owner) in wanted


async def test_order_and_removal_at_the_same_time_both_end(client: httpx.AsyncClient, people: People) -> None:
    resources = await resources_of(client, people.owner, 8)
    collection = await filled(client, people.owner, *resources)
    for gone in resources[:6]:
        left = await entries(client, collection, people.owner)
        order, removal = await asyncio.gather(
            ordered(client, people.owner, collection, left[::-1]),
            client.delete(f"{PATH}/{collection}/resources/{gone}", headers=people.owner.headers),
        )
        assert removal.status_code == 204
        # Ordered before it went, or refused because it had gone.
        assert order.status_code in (200, 400), order.text
    told = (await client.get(f"{PATH}/{collection}", headers=people.owner.headers)).json()
    assert told["resourcesCount"] == len(told["collectionResources"]) == 2


async def test_one_resource_added_many_times_at_once_is_there_once(client: httpx.AsyncClient, people: People) -> None:
    resources = await resources_of(client, people.owner, 5)
    collection = await filled(client, people.owner)
    answers = await asyncio.gather(*(added(client, people.owner, collection, item) for item in resources * 4))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (5, 15)
    told = (await client.get(f"{PATH}/{collection}", headers=people.owner.headers)).json()
    assert told["resourcesCount"] == 5
    assert [item["orderIndex"] for item in told["collectionResources"]] == [1, 2, 3, 4, 5]
