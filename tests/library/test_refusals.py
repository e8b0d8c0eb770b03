"""What PostgreSQL refuses is told in the words of users, on every explicit route."""

from typing import Any

import httpx
import pytest

from tests.accounts.conftest import Member
from tests.conftest import Urls
from tests.library.conftest import People, new_resource, ranked

PROPOSAL = {"name": "Céramique", "type": "category"}
TEMPLATE = {"name": "N", "templateData": {"title": "T"}}


@pytest.mark.parametrize(
    "query", ["visibility=foo", "user_id=nope", "authorId=nope", "created_at=nope", "views_count=99999999999"]
)
async def test_a_value_of_another_type_is_not_valid(client: httpx.AsyncClient, people: People, query: str) -> None:
    for who in ({}, people.other.headers):
        answer = await client.get(f"/api/resources?{query}", headers=who)
        told = answer.json()
        assert (answer.status_code, told["code"], told["error"]) == (400, "VALIDATION_ERROR", "Erreur de validation")
    plain = await client.get("/rest/v1/resources?visibility=eq.foo")
    assert plain.json()["code"] == "22P02"
    program = await client.get("/api/v1/resources?user_id=nope", headers=people.other.headers)
    assert (program.status_code, program.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.fixture
async def guest(people: People, urls: Urls) -> Member:
    return await ranked(urls, people.other, "guest")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/suggestions", PROPOSAL),
        ("/api/templates", TEMPLATE),
        ("/api/resources", {"title": "T", "description": "D"}),
    ],
)
async def test_a_guest_is_told_which_rank_it_takes(
    client: httpx.AsyncClient, guest: Member, path: str, body: dict[str, Any]
) -> None:
    answer = await client.post(path, json=body, headers=guest.headers)
    told = answer.json()
    assert (answer.status_code, told["code"], told["required"]) == (403, "INSUFFICIENT_ROLE", "user"), answer.text


async def test_what_no_route_foresees_is_told_as_a_refusal(
    client: httpx.AsyncClient, people: People, guest: Member
) -> None:
    resource = await new_resource(client, people.owner)
    row = {"resource_id": resource["id"], "title": "T", "description": "D"}
    answer = await client.post("/api/resource_versions", json=row, headers=guest.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_ROLE")
    assert "row-level" not in answer.text
    answer = await client.post(
        "/api/resource_versions", json={"resource_id": resource["id"]}, headers=people.owner.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert "null value" not in answer.text
