"""`/api/v1`: what other people's programs read and write, with API tokens."""

from typing import Any

import httpx
import pytest
from app.main import create_app
from app.settings import Settings

from tests.accounts.conftest import NOBODYS, Member, bearer, signed_up, with_group
from tests.conftest import client_of, started
from tests.library.conftest import People, new_resource

V1 = "/api/v1"
COLUMNS = {"id", "title", "description", "category", "tags", "user_id", "created_at", "profiles"}


async def token_of(client: httpx.AsyncClient, member: Member, *scopes: str) -> dict[str, str]:
    body = {"name": "Programme", "scopes": ["read", *scopes]}
    answer = await client.post("/api/api-tokens", json=body, headers=member.headers)
    assert answer.status_code == 201, answer.text
    return bearer(answer.json()["token"])


@pytest.fixture
async def program(client: httpx.AsyncClient, people: People) -> dict[str, str]:
    """The headers of a program of the owner's."""
    return await token_of(client, people.owner, "write")


def refused(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code, if the error has the form that programs are promised."""
    told = answer.json()
    assert told.keys() == {"error"}
    assert isinstance(told["error"]["message"], str)
    return answer.status_code, told["error"]["code"]


async def test_a_program_makes_reads_changes_and_deletes(
    client: httpx.AsyncClient, people: People, program: dict[str, str]
) -> None:
    body = {"title": "Par programme", "description": "D", "tags": ["a"], "github_url": "https://x", "user_id": NOBODYS}
    made = await client.post(f"{V1}/resources", json=body, headers=program)
    assert made.status_code == 201, made.text
    told = made.json()["data"]
    assert told.keys() == COLUMNS
    assert (told["user_id"], told["tags"], told["category"]) == (people.owner.id, ["a"], "")
    assert told["profiles"].keys() == {"username", "full_name"}
    assert told["created_at"].endswith("Z")
    path = f"{V1}/resources/{told['id']}"
    assert (await client.get(path, headers=program)).json() == {"data": told}
    assert (await client.get(f"/api/resources/{told['id']}")).json()["resourceType"] == "github_repo"
    changed = await client.put(path, json={"title": "Autrement", "tags": ["b"]}, headers=program)
    assert (changed.json()["data"]["title"], changed.json()["data"]["tags"]) == ("Autrement", ["a"])
    assert (await client.put(path, json={}, headers=program)).json() == changed.json()
    gone = await client.delete(path, headers=program)
    assert (gone.status_code, gone.json()) == (200, {})
    assert refused(await client.get(path, headers=program)) == (404, "RESOURCE_NOT_FOUND")


async def test_lists_are_paged_and_narrowed(client: httpx.AsyncClient, people: People, program: dict[str, str]) -> None:
    for number, tags in enumerate((["Rouge"], ["bleu"], ["Rouge", "vert"])):
        await new_resource(client, people.owner, title=f"V{number}", tags=tags, category=f"v{number % 2}")

    async def titles(**params: Any) -> list[str]:
        asked = {"user_id": people.owner.id, **params}
        answer = await client.get(f"{V1}/resources", params=asked, headers=program)
        assert answer.status_code == 200, answer.text
        assert all(row.keys() == COLUMNS for row in answer.json()["data"])
        return [row["title"] for row in answer.json()["data"]]

    assert await titles() == ["V2", "V1", "V0"]
    assert await titles(category="v0") == ["V2", "V0"]
    assert await titles(tags="rouge") == ["V2", "V0"]
    assert await titles(tags="VERT, BLEU") == ["V2", "V1"]
    assert await titles(search="v1") == ["V1"]
    assert await titles(search="bleu") == ["V1"]
    assert await titles(search='a,b)"{}\\%*_') == []
    assert await titles(tags="rouge", category="v1") == []
    page = await client.get(
        f"{V1}/resources", params={"user_id": people.owner.id, "page": 2, "per_page": 2}, headers=program
    )
    assert page.json()["meta"] == {"total": 3, "page": 2, "per_page": 2}
    assert [row["title"] for row in page.json()["data"]] == ["V0"]


async def test_programs_are_under_the_rules_of_everybody(
    client: httpx.AsyncClient, people: People, program: dict[str, str]
) -> None:
    secret = await new_resource(client, people.other, visibility="private", title="Caché", tags=["rare-v1"])
    public = await new_resource(client, people.other)
    for params in ({}, {"search": "Caché"}, {"tags": "rare-v1"}, {"user_id": people.other.id}):
        listed = await client.get(f"{V1}/resources", params=params, headers=program)
        assert secret["id"] not in [row["id"] for row in listed.json()["data"]]
    for method in ("GET", "PUT", "DELETE"):
        body = {"json": {"title": "Pris"}} if method == "PUT" else {}
        hidden = await client.request(method, f"{V1}/resources/{secret['id']}", headers=program, **body)
        assert refused(hidden) == (404, "RESOURCE_NOT_FOUND")
        if method != "GET":
            others = await client.request(method, f"{V1}/resources/{public['id']}", headers=program, **body)
            assert refused(others) == (403, "NOT_OWNER")


async def test_a_profile_has_no_address(client: httpx.AsyncClient, people: People, program: dict[str, str]) -> None:
    told = (await client.get(f"{V1}/users/{people.other.id}", headers=program)).json()["data"]
    assert told["user_id"] == told["id"] == people.other.id
    assert told["role"] == "user"
    assert "email" not in told
    assert not any(name.lower() != name for name in told)
    for which in (NOBODYS, "nope", "%00", "x" * 3000):
        assert refused(await client.get(f"{V1}/users/{which}", headers=program)) == (404, "USER_NOT_FOUND")


async def test_totals_are_of_what_the_program_may_read(
    client: httpx.AsyncClient, people: People, program: dict[str, str]
) -> None:
    before = (await client.get(f"{V1}/stats", headers=program)).json()["data"]
    await new_resource(client, people.owner, visibility="private")
    await new_resource(client, people.other, visibility="private")
    event = {"event": "essai"}
    for who in (people.owner, people.other):
        answer = await client.post("/rest/v1/analytics_events", json=event, headers=who.headers)
        assert answer.status_code == 201, answer.text
    after = (await client.get(f"{V1}/stats", headers=program)).json()["data"]
    assert after["total_resources"] == before["total_resources"] + 1
    assert (after["total_events"], after["events_by_type"]) == (1, {"essai": 1})
    assert after["total_users"] >= 5
    everything = (await client.get(f"{V1}/stats", headers=people.admin.headers)).json()["data"]
    assert everything["events_by_type"]["essai"] == 2
    assert everything["total_events"] == sum(everything["events_by_type"].values())


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_is_not_there_is_not_found(
    client: httpx.AsyncClient, program: dict[str, str], method: str, which: str
) -> None:
    body = {"json": {"title": "T"}} if method == "PUT" else {}
    answer = await client.request(method, f"{V1}/resources/{which}", headers=program, **body)
    assert refused(answer) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "", "description": "D"},
        {"title": "x" * 501, "description": "D"},
        {"title": "T", "description": "D", "tags": "a"},
        {"title": "T", "description": "D", "visibility": "all"},
        {"title": "T\0", "description": "D"},
        [],
        "nonsense",
    ],
)
async def test_what_makes_no_resource_is_refused(client: httpx.AsyncClient, program: dict[str, str], body: Any) -> None:
    answer = await client.post(f"{V1}/resources", json=body, headers=program)
    assert refused(answer) == (400, "VALIDATION_ERROR")
    assert isinstance(answer.json()["error"]["details"], list)


async def test_errors_of_every_kind_have_the_form_of_this_api(
    client: httpx.AsyncClient, people: People, program: dict[str, str]
) -> None:
    reading = await token_of(client, people.owner)
    body = {"title": "T", "description": "D"}
    for answer, expected in (
        (await client.get(f"{V1}/resources"), (401, "AUTH_TOKEN_MISSING")),
        (await client.get(f"{V1}/stats", headers=bearer("hub_lib_" + "0" * 64)), (401, "API_TOKEN_INVALID")),
        (await client.get(f"{V1}/resources?page=0", headers=program), (400, "VALIDATION_ERROR")),
        (await client.get(f"{V1}/resources?per_page=0", headers=program), (400, "VALIDATION_ERROR")),
        (await client.post(f"{V1}/resources", json=body, headers=reading), (403, "INSUFFICIENT_SCOPE")),
        (
            await client.post(f"{V1}/resources", content=b"{", headers=program | {"content-type": "application/json"}),
            (400, "MALFORMED_REQUEST"),
        ),
    ):
        assert refused(answer) == expected


async def test_somebody_who_has_signed_in_may_try_it(client: httpx.AsyncClient, people: People) -> None:
    answer = await client.get(f"{V1}/stats", headers=people.owner.headers)
    assert answer.status_code == 200, answer.text


async def test_each_token_has_requests_of_its_own(cheap: Settings) -> None:
    async with started(create_app(with_group(cheap, "limits", external="3/60"))) as app, client_of(app) as client:
        member = await signed_up(client)
        tokens = [await token_of(client, member) for _ in range(2)]
        left = [(await client.get(f"{V1}/stats", headers=tokens[0])).headers["x-ratelimit-remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        over = await client.get(f"{V1}/stats", headers=tokens[0])
        assert refused(over) == (429, "RATE_LIMIT_EXCEEDED")
        assert (over.headers["x-ratelimit-remaining"], int(over.headers["retry-after"]) > 0) == ("0", True)
        assert (await client.get(f"{V1}/stats", headers=tokens[1])).status_code == 200
        assert (await client.get("/api/resources", headers=tokens[0])).status_code == 200
