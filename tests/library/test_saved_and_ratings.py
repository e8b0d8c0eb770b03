"""`/api/resources/saved`, `/:id/save`, `/rating`, `/ratings` and `/fork`: what people do with a resource."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member, signed_up
from tests.conftest import Urls
from tests.library.conftest import People, new_resource, ranked

ABSENT = [NOBODYS, "nope", "%00", "x" * 3000]


@pytest.fixture
async def path(client: httpx.AsyncClient, people: People) -> str:
    return f"/api/resources/{(await new_resource(client, people.owner))['id']}"


async def rated(client: httpx.AsyncClient, path: str, who: Member, mark: Any, method: str = "POST") -> httpx.Response:
    return await client.request(method, f"{path}/rating", json={"rating": mark}, headers=who.headers)


async def standing(client: httpx.AsyncClient, path: str) -> tuple[float, int]:
    told = (await client.get(path)).json()
    return told["averageRating"], told["ratingsCount"]


async def titles(client: httpx.AsyncClient, who: Member, **params: Any) -> list[str]:
    answer = await client.get("/api/resources/saved", params=params, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return [row["title"] for row in answer.json()["data"]]


async def test_a_resource_is_saved_once_and_let_go_once(client: httpx.AsyncClient, people: People, path: str) -> None:
    headers = people.other.headers
    saved = await client.post(f"{path}/save", headers=headers)
    assert saved.status_code == 201
    assert saved.json().keys() == {"id", "userId", "resourceId", "createdAt", "resource"}
    assert saved.json()["userId"] == people.other.id
    assert saved.json()["resource"]["profile"]["userId"] == people.owner.id
    again = await client.post(f"{path}/save", headers=headers)
    assert (again.status_code, again.json()["code"]) == (400, "ALREADY_SAVED")
    assert again.json()["message"] == "Ressource déjà sauvegardée"
    assert "message" in (await client.delete(f"{path}/save", headers=headers)).json()
    gone = await client.delete(f"{path}/save", headers=headers)
    assert (gone.status_code, gone.json()["code"]) == (404, "NOT_SAVED")
    assert (await client.post(f"{path}/save")).status_code == 401
    assert (await client.get("/api/resources/saved")).status_code == 401


async def test_two_clicks_save_once(client: httpx.AsyncClient, people: People, path: str) -> None:
    answers = await asyncio.gather(*[client.post(f"{path}/save", headers=people.other.headers) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7


async def test_what_is_saved_is_listed_the_last_first_and_narrowed_like_the_resources(
    client: httpx.AsyncClient, people: People
) -> None:
    for number, tags in enumerate((["Rouge"], ["bleu"], ["Rouge", "vert"])):
        made = await new_resource(
            client, people.owner, title=f"R{number}", tags=tags, category=f"c{number % 2}", readme=f"lisez{number}"
        )
        await client.post(f"/api/resources/{made['id']}/save", headers=people.other.headers)
        await client.post(f"/api/resources/{made['id']}/view")
    who = people.other
    assert await titles(client, who) == ["R2", "R1", "R0"]
    assert await titles(client, who, sortOrder="asc") == ["R0", "R1", "R2"]
    assert await titles(client, who, sortBy="title", sortOrder="asc") == ["R0", "R1", "R2"]
    assert await titles(client, who, category="c0") == ["R2", "R0"]
    assert await titles(client, who, search="LISEZ1") == ["R1"]
    assert await titles(client, who, tags="Rouge") == ["R2", "R0"]
    assert await titles(client, who, tags__overlaps="rouge,BLEU") == ["R2", "R1", "R0"]
    assert await titles(client, who, authorId=people.admin.id) == []
    assert await titles(client, people.owner) == []
    page = await client.get("/api/resources/saved?limit=2&page=2", headers=who.headers)
    assert page.json()["meta"] == {"total": 3, "page": 2, "limit": 2, "totalPages": 2}
    assert [row["title"] for row in page.json()["data"]] == ["R0"]
    assert page.json()["data"][0].keys() >= {"userId", "user_id", "profile"}


async def test_what_may_not_be_read_any_more_is_left_out_and_can_be_let_go(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    await client.post(f"{path}/save", headers=people.other.headers)
    await client.put(path, json={"visibility": "private"}, headers=people.owner.headers)
    assert await titles(client, people.other) == []
    page = await client.get("/api/resources/saved", headers=people.other.headers)
    assert page.json()["meta"]["total"] == 0
    assert (await client.delete(f"{path}/save", headers=people.other.headers)).status_code == 200


async def test_marks_are_given_changed_and_taken_back(client: httpx.AsyncClient, people: People, path: str) -> None:
    first = await rated(client, path, people.other, 4)
    assert first.status_code == 201
    assert first.json().keys() == {"id", "userId", "resourceId", "rating", "createdAt", "updatedAt"}
    again = await rated(client, path, people.other, 5)
    assert (again.status_code, again.json()["code"]) == (400, "ALREADY_RATED")
    assert again.json()["error"] == "Ressource déjà notée. Utilisez PUT pour modifier."
    await rated(client, path, people.admin, 1)
    assert await standing(client, path) == (2.5, 2)
    changed = await rated(client, path, people.other, 2, "PUT")
    assert (changed.status_code, changed.json()["rating"]) == (200, 2)
    assert await standing(client, path) == (1.5, 2)
    listed = (await client.get(f"{path}/ratings")).json()
    assert [(item["userId"], item["rating"]) for item in listed] == [(people.admin.id, 1), (people.other.id, 2)]
    assert listed[0]["profile"].keys() == {"userId", "username", "fullName", "avatarUrl"}
    assert (await client.get(f"{path}/ratings?limit=1&page=2")).json() == listed[1:]
    assert (await client.get(f"{path}/ratings?limit=0")).status_code == 400
    for who in (people.other, people.admin):
        assert (await client.delete(f"{path}/rating", headers=who.headers)).status_code == 200
    assert await standing(client, path) == (0, 0)
    gone = await client.delete(f"{path}/rating", headers=people.other.headers)
    assert (gone.status_code, gone.json()["code"], gone.json()["error"]) == (
        404,
        "RATING_NOT_FOUND",
        "Note non trouvée",
    )
    none = await rated(client, path, people.other, 3, "PUT")
    assert (none.status_code, none.json()["code"]) == (404, "RATING_NOT_FOUND")
    assert none.json()["error"] == "Note non trouvée. Utilisez POST pour créer."


@pytest.mark.parametrize("mark", [0, 6, -1, 3.5, "3", True, None, 10**30])
async def test_a_mark_is_a_whole_number_from_one_to_five(
    client: httpx.AsyncClient, people: People, path: str, mark: Any
) -> None:
    for method in ("POST", "PUT"):
        answer = await rated(client, path, people.other, mark, method)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert await standing(client, path) == (0, 0)


async def test_fifty_people_at_once_are_all_counted(client: httpx.AsyncClient, people: People, path: str) -> None:
    crowd = [await signed_up(client) for _ in range(50)]
    marks = [1 + place % 5 for place in range(50)]
    answers = await asyncio.gather(*[rated(client, path, *pair) for pair in zip(crowd, marks, strict=True)])
    assert {answer.status_code for answer in answers} == {201}
    assert await standing(client, path) == (3.0, 50)
    # Half of them change their minds while the other half takes theirs back.
    await asyncio.gather(
        *[rated(client, path, who, 5, "PUT") for who in crowd[:25]],
        *[client.delete(f"{path}/rating", headers=who.headers) for who in crowd[25:]],
    )
    assert await standing(client, path) == (5.0, 25)


async def test_clicking_twice_rates_once(client: httpx.AsyncClient, people: People, path: str) -> None:
    answers = await asyncio.gather(*[rated(client, path, people.other, 4) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7
    assert await standing(client, path) == (4.0, 1)


async def test_a_fork_is_private_unless_somebody_says_otherwise(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner, tags=["a"], license="MIT", readme="R", category="c")
    path = f"/api/resources/{made['id']}/fork"
    headers = people.other.headers
    fork = await client.post(path, headers=headers)
    assert fork.status_code == 201
    told = fork.json()
    assert (told["title"], told["visibility"]) == ("Une ressource (Fork)", "private")
    assert (told["userId"], told["profile"]["userId"]) == (people.other.id, people.other.id)
    assert [told[name] for name in ("tags", "license", "readme", "category")] == [["a"], "MIT", "R", "c"]
    assert (told["viewsCount"], told["ratingsCount"]) == (0, 0)
    assert (await client.get(f"/api/resources/{told['id']}")).status_code == 404
    for answer in (
        await client.post(f"{path}?visibility=public", headers=headers),
        await client.post(path, json={"visibility": "public"}, headers=headers),
    ):
        assert (answer.status_code, answer.json()["visibility"]) == (201, "public")
    assert (await client.post(path, json={}, headers=headers)).json()["visibility"] == "private"
    for wrong in (
        await client.post(f"{path}?visibility=all", headers=headers),
        await client.post(path, json={"visibility": 3}, headers=headers),
    ):
        assert (wrong.status_code, wrong.json()["code"]) == (400, "VALIDATION_ERROR")
    assert (await client.post(path)).status_code == 401


async def test_a_call_by_name_forks_as_the_route_does(client: httpx.AsyncClient, people: People, path: str) -> None:
    which = path.rpartition("/")[2]
    for arguments, visibility in (({}, "private"), ({"visibility": "public"}, "public")):
        answer = await client.post(
            "/rest/v1/rpc/fork_resource", json={"resource_id": which, **arguments}, headers=people.other.headers
        )
        assert (answer.status_code, answer.json()["visibility"]) == (200, visibility)


@pytest.mark.parametrize(
    ("method", "rest", "code"),
    [
        ("POST", "fork", "RESOURCE_NOT_FOUND"),
        ("POST", "save", "RESOURCE_NOT_FOUND"),
        ("DELETE", "save", "NOT_SAVED"),
        ("POST", "rating", "RESOURCE_NOT_FOUND"),
        ("PUT", "rating", "RATING_NOT_FOUND"),
        ("DELETE", "rating", "RATING_NOT_FOUND"),
        ("GET", "ratings", "RESOURCE_NOT_FOUND"),
    ],
)
async def test_nothing_is_done_with_what_is_not_there_or_may_not_be_read(
    client: httpx.AsyncClient, people: People, method: str, rest: str, code: str
) -> None:
    secret = (await new_resource(client, people.owner, visibility="private"))["id"]
    for which in (*ABSENT, secret):
        body = {"json": {"rating": 3}} if rest == "rating" else {}
        answer = await client.request(method, f"/api/resources/{which}/{rest}", headers=people.other.headers, **body)
        assert (answer.status_code, answer.json()["code"]) == (404, code), which
    assert await standing(client, f"/api/resources/{(await new_resource(client, people.owner))['id']}") == (0, 0)


async def test_guests_read_and_do_nothing_else(
    client: httpx.AsyncClient, people: People, urls: Urls, path: str
) -> None:
    guest = await ranked(urls, await signed_up(client), "guest")
    for answer in (
        await client.post(f"{path}/save", headers=guest.headers),
        await client.post(f"{path}/fork", headers=guest.headers),
        await rated(client, path, guest, 3),
        await client.post("/api/resources", json={"title": "T", "description": "D"}, headers=guest.headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_ROLE")
    assert (await client.get(f"{path}/ratings", headers=guest.headers)).json() == []
