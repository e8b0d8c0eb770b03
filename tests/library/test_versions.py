"""`/api/resources/:id/versions`: kept, listed, compared, brought back, deleted but for the newest."""

import asyncio
import random
from typing import Any

import httpx
import pytest
from app.modules.library.line_diff import MOST_EDITS, compared, hunks

from tests.accounts.conftest import NOBODYS, Member
from tests.library.conftest import People, new_resource


@pytest.fixture
async def path(client: httpx.AsyncClient, people: People) -> str:
    made = await new_resource(client, people.owner, title="Un", tags=["a"], readme="1\n2\n3", category="c")
    return f"/api/resources/{made['id']}"


async def kept(client: httpx.AsyncClient, path: str, who: Member, **body: Any) -> httpx.Response:
    return await client.post(f"{path}/versions", json=body, headers=who.headers)


async def opened(client: httpx.AsyncClient, path: str, people: People, permission: str) -> None:
    body = {"sharedWithUserId": people.other.id, "permission": permission}
    await client.post(f"{path}/share", json=body, headers=people.owner.headers)


async def test_a_version_is_the_resource_as_it_was(client: httpx.AsyncClient, people: People, path: str) -> None:
    made = await kept(client, path, people.owner, changeSummary="Premier jet")
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["versionNumber"], told["title"], told["tags"], told["readme"]) == (1, "Un", ["a"], "1\n2\n3")
    assert (told["changeSummary"], told["resourceId"]) == ("Premier jet", path.rpartition("/")[2])
    assert told["creator"]["userId"] == people.owner.id
    await client.put(path, json={"title": "Deux"}, headers=people.owner.headers)
    bare = await client.post(f"{path}/versions", headers=people.owner.headers)
    assert (bare.json()["versionNumber"], bare.json()["changeSummary"]) == (2, None)
    listed = (await client.get(f"{path}/versions")).json()
    assert listed["resourceId"] == told["resourceId"]
    assert [(item["versionNumber"], item["title"]) for item in listed["versions"]] == [(2, "Deux"), (1, "Un")]
    assert (await client.get(f"{path}/versions?limit=1&page=2")).json()["versions"] == listed["versions"][1:]
    assert (await client.get(f"{path}/versions/1")).json() == {**told, "creator": {**told["creator"], "email": None}}


async def test_the_address_of_whoever_kept_a_version_is_told_to_whoever_may_know_it(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    await kept(client, path, people.owner)
    for who, shown in (
        (None, None),
        (people.other, None),
        (people.moderator, None),
        (people.owner, people.owner.email),
        (people.admin, people.owner.email),
    ):
        headers = who.headers if who else {}
        one = (await client.get(f"{path}/versions/1", headers=headers)).json()
        every = (await client.get(f"{path}/versions", headers=headers)).json()["versions"]
        assert one["creator"]["email"] == every[0]["creator"]["email"] == shown


async def test_twenty_at_once_have_twenty_numbers(client: httpx.AsyncClient, people: People, path: str) -> None:
    row = {"resource_id": path.rpartition("/")[2], "title": "T", "description": "D", "version_number": 1}
    by_hand = [
        client.post("/rest/v1/resource_versions", json=row, headers=people.owner.headers | {"prefer": "return=minimal"})
        for _ in range(10)
    ]
    answers = await asyncio.gather(*[kept(client, path, people.owner) for _ in range(20)], *by_hand)
    assert {answer.status_code for answer in answers} == {201}
    listed = (await client.get(f"{path}/versions")).json()["versions"]
    assert [item["versionNumber"] for item in listed] == list(range(30, 0, -1))


async def test_a_version_is_brought_back_and_what_it_replaced_is_kept(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    await kept(client, path, people.owner)
    await client.put(path, json={"title": "Deux", "readme": None, "tags": []}, headers=people.owner.headers)
    restored = await client.post(f"{path}/versions/1/restore", headers=people.owner.headers)
    assert restored.status_code == 200, restored.text
    told = restored.json()
    assert (told["restoredVersion"], told["backupVersion"]) == (1, 2)
    assert (told["resource"]["title"], told["resource"]["tags"]) == ("Un", ["a"])
    assert told["resource"].keys() >= {"id", "githubUrl", "filePath", "readme", "updatedAt"}
    assert isinstance(told["message"], str)
    assert (await client.get(path)).json()["readme"] == "1\n2\n3"
    backup = (await client.get(f"{path}/versions/2")).json()
    assert (backup["title"], backup["readme"]) == ("Deux", None)
    assert backup["changeSummary"] == "Sauvegarde avant la restauration de la version 1"


async def test_bringing_back_and_keeping_at_once_loses_nothing(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    await kept(client, path, people.owner)
    row = {"resource_id": path.rpartition("/")[2], "title": "T", "description": "D"}
    answers = await asyncio.gather(
        *[client.post(f"{path}/versions/1/restore", headers=people.owner.headers) for _ in range(8)],
        *[client.post("/rest/v1/resource_versions", json=row, headers=people.owner.headers) for _ in range(8)],
        *[client.put(path, json={"title": f"T{number}"}, headers=people.owner.headers) for number in range(8)],
    )
    assert [answer.status_code for answer in answers] == [200] * 8 + [201] * 8 + [200] * 8
    numbers = [item["versionNumber"] for item in (await client.get(f"{path}/versions")).json()["versions"]]
    assert numbers == list(range(17, 0, -1))
    backups = {answer.json()["backupVersion"] for answer in answers[:8]}
    assert len(backups) == 8


async def test_every_version_but_the_newest_is_deleted(client: httpx.AsyncClient, people: People, path: str) -> None:
    for _ in range(2):
        await kept(client, path, people.owner)
    refused = await client.delete(f"{path}/versions/2", headers=people.owner.headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "NEWEST_VERSION")
    assert refused.json()["error"] == "Impossible de supprimer la version la plus récente"
    assert "message" in (await client.delete(f"{path}/versions/1", headers=people.owner.headers)).json()
    gone = await client.delete(f"{path}/versions/1", headers=people.owner.headers)
    assert (gone.status_code, gone.json()["code"]) == (404, "VERSION_NOT_FOUND")
    assert (await kept(client, path, people.owner)).json()["versionNumber"] == 3


async def test_versions_are_for_whoever_may_change_the_resource(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    await kept(client, path, people.owner)
    await opened(client, path, people, "read")
    words = {
        ("POST", ""): "Seul le propriétaire peut créer des versions",
        ("POST", "/1/restore"): "Seul le propriétaire peut restaurer une version",
        ("DELETE", "/1"): "Seul le propriétaire peut supprimer une version",
    }
    for (method, rest), message in words.items():
        url = f"{path}/versions{rest}"
        assert (await client.request(method, url)).status_code == 401
        for who in (people.other, people.moderator):
            refused = await client.request(method, url, headers=who.headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "ACCESS_DENIED"), url
            assert refused.json()["error"] == message
    await opened(client, path, people, "write")
    assert (await kept(client, path, people.other)).json()["creator"]["userId"] == people.other.id
    assert (await client.post(f"{path}/versions/1/restore", headers=people.other.headers)).status_code == 200
    assert (await client.delete(f"{path}/versions/1", headers=people.other.headers)).status_code == 403
    assert (await kept(client, path, people.admin)).status_code == 201


async def test_versions_are_read_like_their_resource(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner, visibility="shared_users")
    path = f"/api/resources/{made['id']}"
    await kept(client, path, people.owner)
    rests = ("versions", "versions/1", "versions/1/diff/current")
    for rest in rests:
        for headers in ({}, people.other.headers):
            hidden = await client.get(f"{path}/{rest}", headers=headers)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
    for method, rest in (("POST", "versions"), ("POST", "versions/1/restore"), ("DELETE", "versions/1")):
        hidden = await client.request(method, f"{path}/{rest}", headers=people.other.headers)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
    await opened(client, path, people, "read")
    for rest in rests:
        assert (await client.get(f"{path}/{rest}", headers=people.other.headers)).status_code == 200


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("0", 400, "INVALID_VERSION"),
        ("-1", 400, "INVALID_VERSION"),
        ("1.5", 400, "INVALID_VERSION"),
        ("un", 400, "INVALID_VERSION"),
        ("١", 400, "INVALID_VERSION"),
        ("%00", 400, "INVALID_VERSION"),
        ("0" * 5000, 400, "INVALID_VERSION"),
        ("7", 404, "VERSION_NOT_FOUND"),
        ("9" * 30, 404, "VERSION_NOT_FOUND"),
        ("9" * 5000, 404, "VERSION_NOT_FOUND"),
        (NOBODYS, 400, "INVALID_VERSION"),
    ],
)
async def test_a_number_that_no_version_has_is_refused(
    client: httpx.AsyncClient, people: People, path: str, number: str, status: int, code: str
) -> None:
    headers = people.owner.headers
    await kept(client, path, people.owner)
    for answer in (
        await client.get(f"{path}/versions/{number}"),
        await client.get(f"{path}/versions/{number}/diff/1"),
        await client.get(f"{path}/versions/1/diff/{number}"),
        await client.post(f"{path}/versions/{number}/restore", headers=headers),
        await client.delete(f"{path}/versions/{number}", headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("which", [NOBODYS, "nope", "%00", "x" * 3000])
async def test_what_is_not_there_has_no_versions(client: httpx.AsyncClient, people: People, which: str) -> None:
    path = f"/api/resources/{which}/versions"
    for answer in (
        await client.get(path),
        await client.get(f"{path}/1"),
        await client.get(f"{path}/1/diff/2"),
        await client.post(path, json={}, headers=people.owner.headers),
        await client.post(f"{path}/1/restore", headers=people.owner.headers),
        await client.delete(f"{path}/1", headers=people.owner.headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize("summary", [3, ["a"], "x" * 10_001, "a\0b"])
async def test_a_summary_is_a_text(client: httpx.AsyncClient, people: People, path: str, summary: Any) -> None:
    answer = await kept(client, path, people.owner, changeSummary=summary)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert (await client.get(f"{path}/versions")).json()["versions"] == []


async def test_two_versions_are_compared_field_by_field_and_line_by_line(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    await kept(client, path, people.owner)
    changes = {"title": "Deux", "readme": "1\nII\n3\n4", "githubUrl": "https://x", "tags": ["a", "b"]}
    await client.put(path, json=changes, headers=people.owner.headers)
    await kept(client, path, people.owner)
    told = (await client.get(f"{path}/versions/1/diff/2")).json()
    assert (told["from"], told["to"], told["resourceId"]) == (1, 2, path.rpartition("/")[2])
    found = {change["field"]: change for change in told["changes"]}
    assert found.keys() == {"title", "readme", "githubUrl", "tags"}
    assert found["title"] == {"field": "title", "before": "Un", "after": "Deux"}
    assert (found["githubUrl"]["before"], found["githubUrl"]["after"]) == (None, "https://x")
    assert (found["tags"]["before"], found["tags"]["after"]) == (["a"], ["a", "b"])
    (hunk,) = found["readme"]["hunks"]
    assert (hunk["beforeStart"], hunk["afterStart"]) == (1, 1)
    assert [(line["kind"], line["text"]) for line in hunk["lines"]] == [
        ("kept", "1"),
        ("removed", "2"),
        ("added", "II"),
        ("kept", "3"),
        ("added", "4"),
    ]
    back = (await client.get(f"{path}/versions/2/diff/1")).json()["changes"]
    assert next(change["before"] for change in back if change["field"] == "title") == "Deux"
    assert (await client.get(f"{path}/versions/2/diff/current")).json()["changes"] == []
    now = (await client.get(f"{path}/versions/1/diff/current")).json()
    assert (now["to"], now["changes"]) == ("current", told["changes"])


def test_a_comparison_leads_from_one_text_to_the_other_by_the_shortest_way() -> None:
    chance = random.Random(5)
    for _ in range(1500):
        before = [chance.choice("abc") for _ in range(chance.randint(0, 12))]
        after = [chance.choice("abc") for _ in range(chance.randint(0, 12))]
        lines = list(compared(before, after))
        assert [line.text for line in lines if line.kind != "added"] == before
        assert [line.text for line in lines if line.kind != "removed"] == after
        assert sum(line.kind == "kept" for line in lines) == _longest_in_common(before, after)


def _longest_in_common(one: list[str], other: list[str]) -> int:
    row = [0] * (len(other) + 1)
    for left in one:
        last = 0
        for place, right in enumerate(other):
            last, row[place + 1] = row[place + 1], last + 1 if left == right else max(row[place + 1], row[place])
    return row[-1]


def test_texts_with_little_in_common_are_told_as_one_that_went_and_one_that_came() -> None:
    before = [str(number) for number in range(MOST_EDITS)]
    after = [*(f"x{number}" for number in range(MOST_EDITS)), "5"]
    lines = list(compared(before, after))
    assert [line.text for line in lines] == before + after
    assert {line.kind for line in lines} == {"removed", "added"}


def test_what_changed_is_shown_with_its_surroundings_only() -> None:
    before = [str(number) for number in range(1, 41)]
    after = [*before[:9], "neuf", *before[9:29], *before[30:]]
    first, second = hunks("\n".join(before), "\n".join(after))
    assert (first.before_start, first.after_start, second.before_start, second.after_start) == (7, 7, 27, 28)
    assert [line.text for line in first.lines] == ["7", "8", "9", "neuf", "10", "11", "12"]
    assert [line.text for line in second.lines] == ["27", "28", "29", "30", "31", "32", "33"]
    assert hunks("même", "même") == []
    assert len(hunks("", "a")) == 1
