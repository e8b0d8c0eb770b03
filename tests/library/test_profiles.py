"""`/api/profiles`: who is shown what of whom, who changes it, and the totals of what the reader may read."""

import asyncio
import secrets
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member, signed_up
from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource

#: The smallest picture.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
PATH = "/api/profiles"


async def profile(client: httpx.AsyncClient, which: str, who: Member | None = None) -> dict[str, Any]:
    answer = await client.get(f"{PATH}/{which}", headers=who.headers if who else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def changed(client: httpx.AsyncClient, who: Member, which: str, **body: Any) -> httpx.Response:
    return await client.put(f"{PATH}/{which}", json=body, headers=who.headers)


async def found(client: httpx.AsyncClient, who: Member | None = None, **params: Any) -> list[str]:
    answer = await client.get(PATH, params=params, headers=who.headers if who else {})
    assert answer.status_code == 200, answer.text
    return [row["userId"] for row in answer.json()["data"]]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def some_name() -> str:
    return f"nom-{secrets.token_hex(6)}"


async def test_a_profile_is_told_in_both_casings_without_what_is_private(
    client: httpx.AsyncClient, people: People
) -> None:
    told = await profile(client, people.moderator.id)
    assert told["id"] == told["userId"] == told["user_id"] == people.moderator.id
    assert told["role"] == "moderator"
    assert {"fullName", "full_name", "avatarUrl", "githubUsername", "github_username", "createdAt"} <= told.keys()
    for who in (None, people.other, people.admin):
        assert not {"email", "preferredLayout"} & (await profile(client, people.moderator.id, who)).keys()
    own = await profile(client, people.moderator.id, people.moderator)
    assert (own["email"], own["preferredLayout"]) == (people.moderator.email, None)


async def test_a_profile_is_found_by_its_user_name(client: httpx.AsyncClient, people: People) -> None:
    name = some_name()
    assert (await changed(client, people.owner, people.owner.id, username=name)).status_code == 200
    assert (await profile(client, name))["userId"] == people.owner.id
    assert (await profile(client, name, people.owner))["email"] == people.owner.email
    assert await found(client, username=name) == [people.owner.id]
    assert await found(client, username=name[:-1]) == []
    assert (await client.get(f"{PATH}/{name}/stats")).status_code == 200
    await new_resource(client, people.owner)
    assert (await client.get(f"{PATH}/{name}/resources")).json()["meta"]["total"] == 1


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000, "a,b)", "eq.x"])
async def test_nobodys_profile_is_not_found(client: httpx.AsyncClient, people: People, which: str) -> None:
    for path in (f"{PATH}/{which}", f"{PATH}/{which}/stats"):
        answer = await client.get(path)
        assert refusal(answer) == (404, "PROFILE_NOT_FOUND"), path
        assert answer.json()["error"] == "Profil non trouvé"
    for who in (people.other, people.admin):
        assert refusal(await changed(client, who, which, bio="x")) == (404, "NOT_FOUND")
    if which != "%00":
        assert (await client.get(f"{PATH}/{which}/resources")).json()["data"] == []
        assert (await client.get(f"{PATH}/{which}/collections")).json() == []


async def test_people_are_found_by_a_part_of_their_names(client: httpx.AsyncClient, people: People) -> None:
    mark = secrets.token_hex(5)
    await changed(client, people.owner, people.owner.id, fullName=f"Éloïse {mark}")
    await changed(client, people.other, people.other.id, username=f"{mark}-eloise")
    for text in (f"ELOISE {mark}", f"loïse {mark}"):
        assert await found(client, people.moderator, search=text) == [people.owner.id]
    for who in (people.moderator, None):
        assert set(await found(client, who, search=mark)) == {people.owner.id, people.other.id}
        assert await found(client, who, search="100%_*") == []
    rows = await client.get(PATH, params={"search": mark, "format": "rows", "limit": 1})
    assert len(rows.json()) == 1


async def test_people_are_found_by_their_identifiers(client: httpx.AsyncClient, people: People) -> None:
    wanted = {people.owner.id, people.other.id}
    ids = f"{people.owner.id}, {people.other.id},{NOBODYS}"
    for key in ("userId__in", "user_id__in"):
        assert set(await found(client, None, **{key: ids})) == wanted
    # A query builder asks like this, and reads the bare rows.
    rows = await client.get(PATH, params={"id__in": ids})
    assert {row["id"] for row in rows.json()} == wanted
    answer = await client.get(PATH, params={"id__in": people.owner.id, "limit": 5})
    assert answer.json()["meta"] == {"total": 1, "page": 1, "limit": 5, "totalPages": 1}


@pytest.mark.parametrize(
    "params",
    [
        {"search": "x"},
        {"search": ""},
        {"search": "a\0b"},
        {"id__in": "nope"},
        {"page": 0},
        {"limit": 0},
        {"sortBy": "password"},
        {"role": "king"},
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(client: httpx.AsyncClient, params: dict[str, Any]) -> None:
    assert refusal(await client.get(PATH, params=params)) == (400, "VALIDATION_ERROR")


async def test_a_search_finds_nobody_by_their_address(client: httpx.AsyncClient, people: People) -> None:
    await changed(client, people.owner, people.owner.id, username=some_name(), fullName="Sans adresse")
    for params in ({"search": people.owner.email}, {"search": people.owner.email.split("@")[0]}):
        assert await found(client, people.other, **params) == []


async def test_people_change_their_own_profile(client: httpx.AsyncClient, people: People) -> None:
    name = some_name()
    answer = await changed(
        client,
        people.owner,
        people.owner.id,
        username=name,
        full_name=" Ada L ",
        bio="",
        githubUsername="ada",
        avatar_url=f"data:image/png;base64,{PNG}",
        preferredLayout="grid",
        email="pris@example.org",
        role="super_admin",
        user_id=people.other.id,
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["username"], told["fullName"], told["bio"], told["github_username"]) == (name, "Ada L", "", "ada")
    # What the form embeds is kept as a file.
    assert "/api/files/" in told["avatarUrl"]
    assert (told["preferredLayout"], told["preferred_layout"]) == ("grid", "grid")
    assert (told["email"], told["role"], told["userId"]) == (people.owner.email, "user", people.owner.id)
    again = (await changed(client, people.owner, people.owner.id, fullName=None, avatarUrl="")).json()
    assert (again["fullName"], again["avatarUrl"], again["username"]) == (None, None, name)
    assert again["preferredLayout"] == "grid"
    alone = (await changed(client, people.owner, people.owner.id, preferredLayout="list")).json()
    assert (alone["preferredLayout"], alone["username"]) == ("list", name)
    assert (await profile(client, people.owner.id, people.owner))["preferredLayout"] == "list"


async def test_others_are_changed_by_administrators_alone(client: httpx.AsyncClient, people: People) -> None:
    for body in ({"bio": "pris"}, {"preferredLayout": "grid"}, {}):
        for who in (people.other, people.moderator):
            refused = await changed(client, who, people.owner.id, **body)
            assert refusal(refused) == (403, "NOT_OWNER")
            assert refused.json()["message"] == "Vous ne pouvez mettre à jour que votre propre profil"
    assert (await client.put(f"{PATH}/{people.owner.id}", json={"bio": "x"})).status_code == 401
    answer = await changed(client, people.admin, people.owner.id, bio="Revu", preferredLayout="grid")
    assert (answer.status_code, answer.json()["bio"]) == (200, "Revu")
    assert (answer.json()["email"], answer.json()["preferredLayout"]) == (people.owner.email, None)


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ab"},
        {"username": "x" * 51},
        {"username": 5},
        {"fullName": "x"},
        {"fullName": "x" * 101},
        {"bio": "x" * 501},
        {"bio": "a\0b"},
        {"avatarUrl": "javascript:alert(1)"},
        {"avatarUrl": "data:text/html,x"},
        {"githubUsername": "x" * 101},
        {"preferredLayout": "x" * 51},
        {"preferredLayout": ["grid"]},
    ],
)
async def test_a_profile_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, people: People, body: dict[str, Any]
) -> None:
    before = await profile(client, people.owner.id, people.owner)
    answer = await client.put(f"{PATH}/{people.owner.id}", json=body, headers=people.owner.headers)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert await profile(client, people.owner.id, people.owner) == before


async def test_a_user_name_is_one_persons_even_when_many_want_it(client: httpx.AsyncClient, people: People) -> None:
    name = some_name()
    everybody = [await signed_up(client) for _ in range(8)]
    answers = await asyncio.gather(
        *(changed(client, who, who.id, username=name, preferredLayout="grid") for who in everybody)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    for who, answer in zip(everybody, answers, strict=True):
        if answer.status_code == 409:
            assert refusal(answer) == (409, "USERNAME_TAKEN")
            assert answer.json()["error"] == "Ce nom d'utilisateur est déjà pris"
            assert (await profile(client, who.id, who))["preferredLayout"] is None
    assert len(await found(client, username=name)) == 1


async def test_resources_of_somebody_are_those_that_the_reader_may_read(
    client: httpx.AsyncClient, people: People
) -> None:
    shown = await new_resource(client, people.owner, title="Publique")
    hidden = await new_resource(client, people.owner, title="Privée", visibility="private")
    path = f"{PATH}/{people.owner.id}/resources"
    for who, seen in (
        ({}, [shown["id"]]),
        (people.other.headers, [shown["id"]]),
        (people.owner.headers, [hidden["id"], shown["id"]]),
        (people.moderator.headers, [hidden["id"], shown["id"]]),
    ):
        told = (await client.get(path, headers=who)).json()
        assert [row["id"] for row in told["data"]] == seen
        assert told["meta"]["total"] == len(seen)
    page = (await client.get(path, params={"page": 2, "limit": 1}, headers=people.owner.headers)).json()
    assert [row["id"] for row in page["data"]] == [shown["id"]]
    assert page["data"][0]["profile"]["userId"] == people.owner.id
    for odd, used in ({"page": "x", "limit": "-3"}, (1, 20)), ({"page": "0", "limit": "9" * 5000}, (1, 100)):
        meta = (await client.get(path, params=odd)).json()["meta"]
        assert (meta["page"], meta["limit"]) == used


async def counted(urls: Urls, resource: str, **columns: Any) -> None:
    changes = ", ".join(f"{name} = {value}" for name, value in columns.items())
    await run_sql(urls.admin, f"update library.resources set {changes} where id = '{resource}'")


async def test_totals_count_what_the_reader_may_read(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    one = await new_resource(client, people.owner)
    two = await new_resource(client, people.owner, visibility="private")
    await new_resource(client, people.owner)  # nobody rated it
    theirs = await new_resource(client, people.other, visibility="private")
    await counted(urls, one["id"], views_count=5, downloads_count=2, average_rating=4, ratings_count=3)
    await counted(urls, two["id"], views_count=7, downloads_count=1, average_rating=2, ratings_count=1)
    for saved in (one, two, theirs):
        await run_sql(
            urls.admin,
            "insert into library.saved_resources (tenant_id, user_id, resource_id)"
            f" select tenant_id, '{people.owner.id}', id from library.resources where id = '{saved['id']}'",
        )
    path = f"{PATH}/{people.owner.id}/stats"
    in_full = {
        "resources": {"total": 3, "public": 2, "private": 1},
        "views": 12,
        "downloads": 3,
        "ratings": {"total": 4, "average": 3},
    }
    assert (await client.get(path, headers=people.owner.headers)).json() == {**in_full, "savedCount": 2}
    assert (await client.get(path, headers=people.moderator.headers)).json() == {**in_full, "savedCount": 0}
    for who in ({}, people.other.headers):
        assert (await client.get(path, headers=who)).json() == {
            "resources": {"total": 2, "public": 2, "private": 0},
            "views": 5,
            "downloads": 2,
            "ratings": {"total": 3, "average": 4},
            "savedCount": 0,
        }
    called = await client.post(
        "/rest/v1/rpc/profile_stats", json={"user_id": people.owner.id}, headers={"Content-Profile": "library"}
    )
    assert called.json()[0]["resources_total"] == 2
    fresh = await signed_up(client)
    nothing = (await client.get(f"{PATH}/{fresh.id}/stats")).json()
    assert nothing["ratings"] == {"total": 0, "average": 0}
    assert nothing["resources"] == {"total": 0, "public": 0, "private": 0}


async def test_collections_of_somebody_show_ten_resources_each(client: httpx.AsyncClient, people: People) -> None:
    hidden = await new_resource(client, people.owner, visibility="private")
    resources = [hidden, *[await new_resource(client, people.owner, title=f"R{number}") for number in range(11)]]
    made: list[str] = []
    for name, public in (("Publique", True), ("Privée", False)):
        body = {"name": name, "isPublic": public}
        made.append((await client.post("/api/collections", json=body, headers=people.owner.headers)).json()["id"])
    for resource in resources:
        body = {"resourceId": resource["id"]}
        answer = await client.post(f"/api/collections/{made[0]}/resources", json=body, headers=people.owner.headers)
        assert answer.status_code == 201
    path = f"{PATH}/{people.owner.id}/collections"
    for who, seen, first in (
        (people.owner.headers, [made[1], made[0]], 0),
        (people.other.headers, [made[0]], 1),
        ({}, [made[0]], 1),
    ):
        told = (await client.get(path, headers=who)).json()
        assert [row["id"] for row in told] == seen
        entries = told[-1]["collectionResources"]
        assert [item["resourceId"] for item in entries] == [item["id"] for item in resources[first : first + 10]]
    assert entries[0]["resource"].keys() == {
        "id", "title", "description", "category", "tags", "resourceType", "visibility", "fileUrl", "externalUrl",
        "githubUrl", "viewsCount", "downloadsCount", "averageRating",
    }  # fmt: skip
    assert (told[0]["resourcesCount"], told[0]["isPublic"]) == (11, True)
    assert len((await client.get(path, params={"limit": 1}, headers=people.owner.headers)).json()) == 1
