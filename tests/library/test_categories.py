"""`/api/categories` and their filters: a tree without loops, that administrators keep."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS
from tests.library.conftest import People

UNKNOWN = (NOBODYS, "nope", "%00", "x" * 3000)


async def made(client: httpx.AsyncClient, people: People, name: str, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/categories", json={"name": name, **fields}, headers=people.admin.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_categories_are_a_tree_and_a_list(client: httpx.AsyncClient, people: People) -> None:
    root = await made(client, people, "Racine", orderIndex=1000, description="En haut")
    second = await made(client, people, "Second", parentId=root["id"], orderIndex=2)
    first = await made(client, people, "Premier", parent_id=root["id"], order_index=1)
    leaf = await made(client, people, "Feuille", parentId=first["id"])
    hidden = await made(client, people, "Caché", parentId=root["id"], isActive=False)
    assert first["parent"] == {"id": root["id"], "name": "Racine"}
    told = (await client.get("/api/categories")).json()
    node = next(item for item in told["tree"] if item["id"] == root["id"])
    assert [child["id"] for child in node["children"]] == [first["id"], second["id"]]
    assert [child["id"] for child in node["children"][0]["children"]] == [leaf["id"]]
    assert "children" not in told["flat"][0]
    assert hidden["id"] not in {item["id"] for item in told["flat"]}
    everything = (await client.get("/api/categories", params={"includeInactive": "true", "tree": "false"})).json()
    assert everything.keys() == {"categories"}
    assert hidden["id"] in {item["id"] for item in everything["categories"]}
    one = (await client.get(f"/api/categories/{first['id']}")).json()
    assert one["parent"] == {"id": root["id"], "name": "Racine", "description": "En haut"}
    assert [child["name"] for child in one["children"]] == ["Feuille"]
    assert one["filters"] == []
    under = (await client.get(f"/api/categories/{root['id']}/children")).json()["children"]
    assert [item["name"] for item in under] == ["Premier", "Second"]
    all_under = await client.get(f"/api/categories/{root['id']}/children", params={"includeInactive": "true"})
    assert len(all_under.json()["children"]) == 3


async def test_a_category_never_comes_to_lie_under_itself(client: httpx.AsyncClient, people: People) -> None:
    top = await made(client, people, "Boucle")
    middle = await made(client, people, "Milieu", parentId=top["id"])
    bottom = await made(client, people, "Bas", parentId=middle["id"])
    who = people.admin.headers

    async def moved(what: dict[str, Any], where: str | None) -> tuple[int, str]:
        answer = await client.put(f"/api/categories/{what['id']}", json={"parentId": where}, headers=who)
        return answer.status_code, answer.json().get("code", "")

    assert await moved(top, top["id"]) == (400, "CATEGORY_IS_OWN_PARENT")
    assert await moved(top, bottom["id"]) == (400, "CATEGORY_LOOP")
    assert await moved(top, NOBODYS) == (404, "PARENT_CATEGORY_NOT_FOUND")
    assert (await moved(top, "nope"))[0] == 400
    assert await moved(bottom, None) == (200, "")
    assert await moved(middle, bottom["id"]) == (200, "")
    assert await moved(bottom, middle["id"]) == (400, "CATEGORY_LOOP")


async def test_two_who_move_at_once_make_no_loop(client: httpx.AsyncClient, people: People) -> None:
    pairs = [(await made(client, people, f"A{n}"), await made(client, people, f"B{n}")) for n in range(5)]
    for one, other in pairs:
        answers = await asyncio.gather(
            *(
                client.put(f"/api/categories/{what['id']}", json={"parentId": to["id"]}, headers=people.admin.headers)
                for what, to in ((one, other), (other, one))
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 400]


async def test_changes_leave_the_rest_as_it_is(client: httpx.AsyncClient, people: People) -> None:
    category = await made(client, people, "Avant", description="Reste", orderIndex=7)
    path = f"/api/categories/{category['id']}"
    await made(client, people, "Dessous", parentId=category["id"])
    changed = (await client.put(path, json={"name": " Après "}, headers=people.admin.headers)).json()
    assert (changed["name"], changed["description"], changed["orderIndex"]) == ("Après", "Reste", 7)
    assert [child["name"] for child in changed["children"]] == ["Dessous"]
    assert (await client.put(path, json={}, headers=people.admin.headers)).json()["name"] == "Après"
    same = await client.post("/api/categories", json={"name": "APRÈS"}, headers=people.admin.headers)
    assert (same.status_code, same.json()["code"]) == (409, "DUPLICATE_ENTRY")


async def test_only_a_leaf_is_deleted(client: httpx.AsyncClient, people: People) -> None:
    parent = await made(client, people, "Parent")
    child = await made(client, people, "Enfant", parentId=parent["id"])
    refused = await client.delete(f"/api/categories/{parent['id']}", headers=people.admin.headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "CATEGORY_HAS_CHILDREN")
    for category in (child, parent):
        gone = await client.delete(f"/api/categories/{category['id']}", headers=people.admin.headers)
        assert (gone.status_code, gone.json()) == (200, {"message": "Catégorie supprimée avec succès"})


async def test_nobody_but_administrators_changes_the_tree(client: httpx.AsyncClient, people: People) -> None:
    category = await made(client, people, "Gardée")
    path = f"/api/categories/{category['id']}"
    fields = {"filterKey": "k", "filterType": "text", "filterLabel": "L"}
    for headers, status in ((people.moderator.headers, 403), (people.other.headers, 403), ({}, 401)):
        answers = [
            await client.post("/api/categories", json={"name": "x"}, headers=headers),
            await client.put(path, json={"name": "x"}, headers=headers),
            await client.delete(path, headers=headers),
            await client.post(f"{path}/filters", json=fields, headers=headers),
            await client.put(f"/api/filters/{NOBODYS}", json=fields, headers=headers),
            await client.delete(f"/api/categories/filters/{NOBODYS}", headers=headers),
        ]
        assert {answer.status_code for answer in answers} == {status}


@pytest.mark.parametrize("which", UNKNOWN)
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, people: People, which: str) -> None:
    who = people.admin.headers
    path = f"/api/categories/{which}"
    fields = {"filterKey": "k", "filterType": "text", "filterLabel": "L"}
    answers = [
        await client.get(path),
        await client.get(f"{path}/children"),
        await client.get(f"{path}/filters"),
        await client.put(path, json={"name": "x"}, headers=who),
        await client.put(path, json={}, headers=who),
        await client.delete(path, headers=who),
        await client.post(f"{path}/filters", json=fields, headers=who),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "CATEGORY_NOT_FOUND")}
    for path in (f"/api/categories/filters/{which}", f"/api/filters/{which}"):
        gone = [
            await client.put(path, json={"filterLabel": "x"}, headers=who),
            await client.put(path, json={}, headers=who),
            await client.delete(path, headers=who),
        ]
        assert {(answer.status_code, answer.json()["code"]) for answer in gone} == {(404, "FILTER_NOT_FOUND")}
    under = await client.post("/api/categories", json={"name": "x", "parentId": NOBODYS}, headers=who)
    assert (under.status_code, under.json()["error"]) == (404, "Catégorie parente non trouvée")


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 256}, {"name": 1}, {"name": "x", "orderIndex": -1},
     {"name": "x", "parentId": "x"}, {"name": "x", "orderIndex": 2**31}, {"name": "x", "isActive": None}, []],
)  # fmt: skip
async def test_a_category_that_makes_no_sense_is_refused(client: httpx.AsyncClient, people: People, body: Any) -> None:
    answer = await client.post("/api/categories", json=body, headers=people.admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_filters_hang_on_a_category_under_both_spellings(client: httpx.AsyncClient, people: People) -> None:
    category = await made(client, people, "Filtrée")
    path, who = f"/api/categories/{category['id']}/filters", people.admin.headers
    one = {"filterKey": "niveau", "filterType": "select", "filterLabel": "Niveau", "filterOptions": ["bas", "haut"]}
    first = (await client.post(path, json=one, headers=who)).json()
    two = {
        "filter_key": "an",
        "filter_type": "range",
        "filter_label": "Année",
        "order_index": 0,
        "filter_options": None,
    }
    second = (await client.post(path, json=two, headers=who)).json()
    assert (first["filterOptions"], first["isRequired"], second["filterOptions"]) == (["bas", "haut"], False, [])
    listed = (await client.get(path)).json()["filters"]
    assert [item["filterKey"] for item in listed] == ["an", "niveau"]
    assert (await client.get(f"/api/categories/{category['id']}")).json()["filters"] == listed
    for spelling in ("/api/categories/filters", "/api/filters"):
        changed = await client.put(f"{spelling}/{first['id']}", json={"isRequired": True}, headers=who)
        assert (changed.status_code, changed.json()["filterKey"]) == (200, "niveau")
        wrong = await client.put(f"{spelling}/{first['id']}", json={"filterType": "x"}, headers=who)
        assert wrong.status_code == 400
    for spelling, item in (("/api/categories/filters", first), ("/api/filters", second)):
        gone = await client.delete(f"{spelling}/{item['id']}", headers=who)
        assert gone.json() == {"message": "Filtre supprimé avec succès"}
    assert (await client.get(path)).json() == {"filters": []}
