"""`/api/templates`: who reads, makes, changes, deletes and uses what."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member
from tests.library.conftest import People

UNKNOWN = (NOBODYS, "nope", "template-1", "%00", "x" * 3000)
DATA = {
    "title": "Mon composant",
    "category": "Code & Scripts",
    "language": "TypeScript",
    "readme": "# Lisez-moi",
    "resource_type": "github_repo",
    "visibility": "private",
    "tags": ["react"],
}


async def made(client: httpx.AsyncClient, who: Member, **fields: Any) -> dict[str, Any]:
    body = {"name": "Un template", "templateData": DATA, **fields}
    answer = await client.post("/api/templates", json=body, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_template_says_of_itself_what_its_data_says(client: httpx.AsyncClient, people: People) -> None:
    template = await made(client, people.owner, description=None, usageCount=99, createdBy=people.other.id)
    assert (template["description"], template["category"]) == ("", "Code & Scripts")
    assert (template["language"], template["readme"], template["tags"]) == ("TypeScript", "# Lisez-moi", [])
    assert (template["usageCount"], template["isPublic"], template["createdBy"]) == (0, False, people.owner.id)
    assert template["templateData"] == DATA
    assert template["creator"]["userId"] == people.owner.id
    own = await made(client, people.owner, category="Autre", tags=["a"], icon="code", preview="x", is_public=True)
    assert (own["category"], own["tags"], own["icon"], own["preview"]) == ("Autre", ["a"], "code", "x")
    assert own["isPublic"] is True


async def test_private_templates_are_their_makers(client: httpx.AsyncClient, people: People) -> None:
    private = await made(client, people.owner, name="Privé")
    public = await made(client, people.owner, name="Public", isPublic=True)

    async def seen(who: dict[str, str], **params: str) -> set[str]:
        rows = (await client.get("/api/templates", headers=who, params=params)).json()
        return {row["id"] for row in rows} & {private["id"], public["id"]}

    assert await seen({}) == await seen(people.other.headers) == {public["id"]}
    assert await seen(people.owner.headers) == {private["id"], public["id"]}
    assert await seen(people.owner.headers, isPublic="true") == {public["id"]}
    path = f"/api/templates/{private['id']}"
    assert (await client.get(path, headers=people.owner.headers)).json()["name"] == "Privé"
    for who in (people.other.headers, {}):
        hidden = await client.get(path, headers=who)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "TEMPLATE_NOT_FOUND")
    used = await client.post(f"{path}/use", headers=people.other.headers)
    assert (used.status_code, used.json()["code"]) == (404, "TEMPLATE_NOT_FOUND")


async def test_makers_change_and_delete_their_templates(client: httpx.AsyncClient, people: People) -> None:
    template = await made(client, people.owner, isPublic=True, tags=["a"])
    path = f"/api/templates/{template['id']}"
    changed = (await client.put(path, json={"name": "Autre", "usageCount": 9}, headers=people.owner.headers)).json()
    assert (changed["name"], changed["tags"], changed["usageCount"]) == ("Autre", ["a"], 0)
    assert changed["templateData"] == DATA
    for who in (people.other, people.admin):
        refused = await client.put(path, json={"name": "x"}, headers=who.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
        assert refused.json()["error"] == "Seul le créateur peut modifier ce template"
    kept = await client.delete(path, headers=people.other.headers)
    assert (kept.status_code, kept.json()["error"]) == (403, "Seul le créateur ou un admin peut supprimer ce template")
    assert (await client.delete(path)).status_code == 401
    assert (await client.delete(path, headers=people.owner.headers)).json() == {
        "message": "Template supprimé avec succès"
    }
    other = await made(client, people.owner, isPublic=True)
    assert (await client.delete(f"/api/templates/{other['id']}", headers=people.moderator.headers)).status_code == 200


async def test_using_a_template_makes_a_resource_and_counts(client: httpx.AsyncClient, people: People) -> None:
    template = await made(client, people.owner, isPublic=True, description="Pour commencer", tags=["modèle"])
    path = f"/api/templates/{template['id']}/use"
    resource = await client.post(path, headers=people.other.headers)
    assert resource.status_code == 201, resource.text
    told = resource.json()
    assert (told["title"], told["description"], told["tags"]) == ("Mon composant", "Pour commencer", ["react"])
    assert (told["resourceType"], told["visibility"], told["userId"]) == ("github_repo", "private", people.other.id)
    changes = {"title": "À moi", "visibility": "public", "tags": ["x"], "userId": people.owner.id, "viewsCount": 9}
    own = (await client.post(path, json=changes, headers=people.other.headers)).json()
    assert (own["title"], own["visibility"], own["tags"], own["readme"]) == ("À moi", "public", ["x"], "# Lisez-moi")
    assert (own["userId"], own["viewsCount"]) == (people.other.id, 0)
    await asyncio.gather(*(client.post(path, headers=people.other.headers) for _ in range(10)))
    now = (await client.get(f"/api/templates/{template['id']}")).json()
    assert now["usageCount"] == 12
    assert now["updatedAt"] == template["updatedAt"]
    assert (await client.post(path)).status_code == 401
    called = await client.post(
        "/rest/v1/rpc/use_template", json={"template_id": template["id"]}, headers=people.other.headers
    )
    assert (called.status_code, called.json()["title"]) == (200, "Mon composant")


async def test_the_most_used_come_first(client: httpx.AsyncClient, people: People) -> None:
    rare = await made(client, people.owner, isPublic=True, name="Rare")
    often = await made(client, people.owner, isPublic=True, name="Souvent")
    for _ in range(3):
        await client.post(f"/api/templates/{often['id']}/use", headers=people.owner.headers)
    order = [row["id"] for row in (await client.get("/api/templates")).json()]
    assert order.index(often["id"]) < order.index(rare["id"])


@pytest.mark.parametrize(
    "data", [{"resource_type": "x"}, {"visibility": 1}, {"tags": "x"}, {"title": "x" * 501}, {"title": {"a": 1}}, {}]
)
async def test_data_that_no_resource_can_be_made_of_is_no_error_of_ours(
    client: httpx.AsyncClient, people: People, data: Any
) -> None:
    template = await made(client, people.owner, templateData=data)
    answer = await client.post(f"/api/templates/{template['id']}/use", headers=people.owner.headers)
    assert answer.status_code in (201, 400), answer.text
    if not data:
        assert answer.json()["title"] == "Un template"


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "x"}, {"name": "", "templateData": {}}, {"name": "x", "templateData": "x"},
     {"name": "x" * 256, "templateData": {}}, {"name": "x", "templateData": {"a": "b\0"}},
     {"name": "x", "templateData": {"a": 10**30}}, {"name": "x", "templateData": {}, "tags": "x"}, [], "x"],
)  # fmt: skip
async def test_a_template_that_makes_no_sense_is_refused(client: httpx.AsyncClient, people: People, body: Any) -> None:
    answer = await client.post("/api/templates", json=body, headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_data_that_is_nested_too_deeply_is_refused(client: httpx.AsyncClient, people: People) -> None:
    for depth in (150, 5000):
        body = '{"name":"x","templateData":{"a":' + "[" * depth + "]" * depth + "}}"
        headers = {**people.owner.headers, "Content-Type": "application/json"}
        answer = await client.post("/api/templates", content=body, headers=headers)
        assert answer.status_code == 400, (depth, answer.text)
    lone = await client.post("/api/templates", content=b'{"name":"x","templateData":{"a":"\\ud800"}}', headers=headers)
    assert lone.status_code == 400


@pytest.mark.parametrize("which", UNKNOWN)
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, people: People, which: str) -> None:
    path, who = f"/api/templates/{which}", people.owner.headers
    answers = [
        await client.get(path),
        await client.put(path, json={"name": "x"}, headers=who),
        await client.delete(path, headers=who),
        await client.post(f"{path}/use", json={}, headers=who),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "TEMPLATE_NOT_FOUND")}
