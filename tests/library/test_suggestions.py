"""`/api/suggestions` and `/api/admin/suggestions`: who proposes, reads and decides what."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import NOBODYS, Member
from tests.conftest import Urls, run_sql
from tests.library.conftest import People

UNKNOWN = (NOBODYS, "nope", "existing-tag-React", "%00", "x" * 3000)


async def proposed(client: httpx.AsyncClient, who: Member, name: str, kind: str = "tag", **more: Any) -> dict[str, Any]:
    body = {"name": name, "type": kind, **more}
    answer = await client.post("/api/suggestions", json=body, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def voted(client: httpx.AsyncClient, who: Member, suggestion: str, vote: str = "upvote") -> dict[str, Any]:
    answer = await client.post(f"/api/suggestions/{suggestion}/vote", json={"voteType": vote}, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(client: httpx.AsyncClient, who: Member, kinds: str = "not.eq.suggestion_vote") -> list[tuple[str, str]]:
    """What somebody was told; of votes if they are asked for."""
    path = f"/rest/v1/notifications?select=type,message&order=created_at&type={kinds}"
    return [(row["type"], row["message"]) for row in (await client.get(path, headers=who.headers)).json()]


async def test_whoever_proposed_is_told_of_votes_once_a_day(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    made = await proposed(client, people.owner, "Écho")
    votes = "eq.suggestion_vote"
    await voted(client, people.owner, made["id"])
    assert await told(client, people.owner, votes) == []
    await asyncio.gather(*(voted(client, who, made["id"]) for who in (people.other, people.moderator, people.admin)))
    row = {"suggestion_id": made["id"]}
    await client.post("/rest/v1/suggestion_votes", json=row, headers=people.super_admin.headers)
    once = ("suggestion_vote", "Votre suggestion « Écho » a reçu un vote")
    assert await told(client, people.owner, votes) == [once]
    yesterday = "created_at = created_at - interval '25 hours'"
    await run_sql(urls.admin, f"update library.notifications set {yesterday} where type = 'suggestion_vote'")
    for _ in range(3):
        await voted(client, people.other, made["id"])
    assert await told(client, people.owner, votes) == [once, once]
    preferences = {"muted": ["suggestion_vote"]}
    await client.put("/api/notifications/preferences", json=preferences, headers=people.owner.headers)
    await voted(client, people.other, (await proposed(client, people.owner, "Silence"))["id"])
    assert len(await told(client, people.owner, votes)) == 2


async def test_what_somebody_proposes_waits_in_their_name(client: httpx.AsyncClient, people: People) -> None:
    body = {"status": "approved", "votesCount": 99, "suggestedBy": people.other.id, "action": "x"}
    made = await proposed(client, people.owner, "  Rust  ", description="Un langage", **body)
    assert (made["name"], made["status"], made["votesCount"], made["action"]) == ("Rust", "pending", 0, "add")
    assert made["suggestedBy"] == made["suggested_by"] == people.owner.id
    assert made["suggestedByProfile"].keys() == {"userId", "username", "fullName"}
    got = (await client.get(f"/api/suggestions/{made['id']}")).json()
    assert got["suggestedByProfile"].keys() == {"userId", "username", "fullName", "avatarUrl"}
    assert got["reviewedByProfile"] is None
    assert got["suggestionVotes"] == []
    assert "userVote" not in got
    mine = await client.get(f"/api/suggestions/{made['id']}", headers=people.owner.headers)
    assert mine.json()["userVote"] is None


async def test_nothing_is_proposed_twice_in_capitals_or_not(client: httpx.AsyncClient, people: People) -> None:
    made = await proposed(client, people.owner, "Elixir")
    again = await client.post("/api/suggestions", json={"name": "ELIXIR ", "type": "tag"}, headers=people.other.headers)
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_PENDING")
    assert again.json()["error"] == "Une suggestion similaire est déjà en attente"
    await proposed(client, people.other, "Elixir", "category")
    for verdict, code in (("approve", "ALREADY_APPROVED"), ("reject", "DUPLICATE_ENTRY")):
        decided = await client.put(f"/api/admin/suggestions/{made['id']}/{verdict}", headers=people.moderator.headers)
        assert decided.status_code == 200
        refused = await client.post(
            "/api/suggestions", json={"name": "elixir", "type": "tag"}, headers=people.other.headers
        )
        assert (refused.status_code, refused.json()["code"]) == (409, code)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "type": "tag"},
        {"name": "   ", "type": "tag"},
        {"name": "x" * 256, "type": "tag"},
        {"name": "x", "type": "colour"},
        {"name": "x"},
        {"name": "x", "type": "tag", "description": "x" * 1001},
        {"name": "a\0b", "type": "tag"},
        {"name": ["x"], "type": "tag"},
        [],
        "x",
        None,
    ],
)
async def test_a_proposal_that_makes_no_sense_is_refused(client: httpx.AsyncClient, people: People, body: Any) -> None:
    answer = await client.post("/api/suggestions", json=body, headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert (await client.post("/api/suggestions", json=body)).status_code == 401


async def test_a_list_is_narrowed_ordered_and_told_as_asked(client: httpx.AsyncClient, people: People) -> None:
    first = await proposed(client, people.owner, "Liste un", "filter")
    second = await proposed(client, people.other, "Liste deux", "filter")
    await voted(client, people.owner, second["id"])

    async def names(who: Member | None = None, **params: Any) -> list[str]:
        answer = await client.get("/api/suggestions", params=params, headers=who.headers if who else {})
        assert answer.status_code == 200, answer.text
        rows = answer.json()
        return [row["name"] for row in (rows if isinstance(rows, list) else rows["data"])]

    pending = {"type": "filter", "status": "pending", "suggestedBy__not_null": "true"}
    assert await names(**pending) == ["Liste deux", "Liste un"]
    assert await names(**pending, sortBy="created_at", sortOrder="asc") == ["Liste un", "Liste deux"]
    assert await names(**pending, sortBy="createdAt", action="add") == ["Liste deux", "Liste un"]
    assert await names(**pending, format="rows", limit=1) == ["Liste deux"]
    assert await names(**pending, name__in="Liste un, Autre") == ["Liste un"]
    assert await names(**pending, name__ne="Liste un") == ["Liste deux"]
    assert await names(people.owner, **pending, suggestedBy="me") == ["Liste un"]
    assert await names(people.other, **pending, suggested_by="me") == ["Liste deux"]
    assert await names(**pending, suggestedBy=people.owner.id) == ["Liste un"]
    assert await names(id=first["id"]) == ["Liste un"]
    listed = await client.get("/api/suggestions", params=pending, headers=people.owner.headers)
    assert [row["userVote"] for row in listed.json()["data"]] == ["upvote", None]
    assert [row["_count"] for row in listed.json()["data"]] == [{"suggestionVotes": 1}, {"suggestionVotes": 0}]
    assert listed.json()["data"][0]["votesCount"] == listed.json()["data"][0]["votes_count"] == 1
    assert listed.json()["meta"]["total"] == 2
    assert "userVote" not in (await client.get("/api/suggestions", params=pending)).json()["data"][0]


@pytest.mark.parametrize(
    "params",
    [
        {"status": "x"},
        {"type": "x"},
        {"type__in": "x,y"},
        {"id": "x"},
        {"sortBy": "x"},
        {"sortOrder": "x"},
        {"page": 0},
        {"limit": 0},
        {"suggestedBy": "x"},
        {"votes_count__gt": "x"},
        {"name": "a\0b"},
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(client: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await client.get("/api/suggestions", params=params)
    assert answer.status_code == 400, answer.text


async def test_nobody_has_suggestions_of_their_own_without_signing_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/suggestions", params={"suggestedBy": "me"})
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_MISSING")


@pytest.mark.parametrize("which", UNKNOWN)
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, people: People, which: str) -> None:
    who = people.moderator.headers
    path = f"/api/suggestions/{which}"
    answers = [
        await client.get(path),
        await client.post(f"{path}/vote", json={"voteType": "upvote"}, headers=who),
        await client.get(f"{path}/votes"),
        await client.put(f"/api/admin/suggestions/{which}/approve", headers=who),
        await client.put(f"/api/admin/suggestions/{which}/reject", headers=who),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "SUGGESTION_NOT_FOUND")}
    gone = await client.delete(f"{path}/vote", headers=who)
    assert (gone.status_code, gone.json()["code"]) == (404, "VOTE_NOT_FOUND")


async def test_moderators_decide_and_whoever_proposed_is_told_once(client: httpx.AsyncClient, people: People) -> None:
    made = await proposed(client, people.owner, "Kotlin")
    path = f"/api/admin/suggestions/{made['id']}/approve"
    assert (await client.put(path)).status_code == 401
    refused = await client.put(path, headers=people.other.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "INSUFFICIENT_ROLE")
    assert (refused.json()["required"]) == "moderator"
    for _ in range(2):
        approved = (await client.put(path, headers=people.moderator.headers)).json()
        assert (approved["status"], approved["reviewedBy"]) == ("approved", people.moderator.id)
        assert approved["reviewedAt"].endswith("Z")
    assert await told(client, people.owner) == [("suggestion_approved", "Votre suggestion « Kotlin » a été approuvée")]
    rejected = await client.put(f"/api/admin/suggestions/{made['id']}/reject", headers=people.admin.headers)
    assert rejected.json()["status"] == "rejected"
    assert [kind for kind, _ in await told(client, people.owner)] == ["suggestion_approved", "suggestion_rejected"]


async def test_moderators_see_what_waits_with_its_votes(client: httpx.AsyncClient, people: People) -> None:
    made = await proposed(client, people.owner, "File", "resource_type")
    await proposed(client, people.owner, "Autre file", "resource_type")
    await voted(client, people.other, made["id"])
    for path in ("/api/admin/suggestions", "/api/admin/suggestions/pending"):
        answer = await client.get(path, params={"type": "resource_type"}, headers=people.moderator.headers)
        assert answer.status_code == 200, answer.text
        first = answer.json()["data"][0]
        assert (first["id"], first["_count"]) == (made["id"], {"suggestionVotes": 1})
        assert first["suggestionVotes"][0]["voteType"] == "upvote"
        assert first["suggestionVotes"][0]["profile"]["userId"] == people.other.id
        assert answer.json()["meta"]["total"] == 2
        assert (await client.get(path, headers=people.other.headers)).status_code == 403
        assert (await client.get(path)).status_code == 401
    wrong = await client.get("/api/admin/suggestions", params={"status": "x"}, headers=people.moderator.headers)
    assert wrong.status_code == 400


async def test_what_is_in_use_is_recorded_as_approved(client: httpx.AsyncClient, people: People) -> None:
    waiting = await proposed(client, people.owner, "Semence")
    items = [{"name": "Semence", "type": "tag"}, {"name": "Graine", "type": "tag", "votesCount": 8}]
    path, who = "/api/admin/seed-suggestions", people.admin.headers
    answer = await client.post(path, json={"suggestions": items}, headers=who)
    assert answer.status_code == 201, answer.text
    rows = {row["name"]: row for row in answer.json()["suggestions"]}
    assert rows["Semence"]["id"] == waiting["id"]
    assert {row["status"] for row in rows.values()} == {"approved"}
    assert rows["Graine"]["votesCount"] == 8
    again = await client.post(path, json={"suggestions": items}, headers=who)
    assert (again.status_code, again.json()["suggestions"]) == (201, [])
    for wrong in ({}, {"suggestions": "x"}, {"suggestions": [{"name": "x"}]}, {"suggestions": [1]}):
        refused = await client.post(path, json=wrong, headers=who)
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    told_why = await client.post(path, json={"suggestions": "x"}, headers=who)
    assert told_why.json()["details"][0]["message"] == "suggestions doit être un tableau"
    assert (await client.post(path, json={"suggestions": items}, headers=people.moderator.headers)).status_code == 403


async def test_guests_read_and_propose_nothing(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    made = await proposed(client, people.owner, "Pour les invités")
    await run_sql(urls.admin, f"update library.user_roles set role = 'guest' where user_id = '{people.other.id}'")
    who = people.other.headers
    assert (await client.get("/api/suggestions", headers=who)).status_code == 200
    refused = [
        await client.post("/api/suggestions", json={"name": "Non", "type": "tag"}, headers=who),
        await client.post(f"/api/suggestions/{made['id']}/vote", json={"voteType": "upvote"}, headers=who),
    ]
    assert [answer.status_code for answer in refused] == [403, 403]


async def test_query_builders_read_bare_rows(client: httpx.AsyncClient, people: People) -> None:
    made = await proposed(client, people.owner, "Sans page", "category")
    for who in (people.owner, people.other):
        await voted(client, who, made["id"])
    # As the shipped client asks: for the votes on a suggestion, and for suggestions of a type.
    votes = await client.get("/api/suggestions", params={"suggestion_id": made["id"]})
    assert {(row["user_id"], row["vote_type"]) for row in votes.json()} == {
        (people.owner.id, "upvote"),
        (people.other.id, "upvote"),
    }
    rows = await client.get("/api/suggestions", params={"type": "category", "action": "add"})
    assert made["id"] in [row["id"] for row in rows.json()]
    # Whoever names a page gets one.
    for params in ({"suggestion_id": made["id"], "limit": 1}, {"name": "Sans page", "action": "add", "page": 1}):
        assert (await client.get("/api/suggestions", params=params)).json().keys() == {"data", "meta"}
    assert (await client.get("/api/suggestions", params={"suggestion_id": "nope"})).status_code == 400


async def test_the_words_of_the_application_are_there_before_anybody_proposes_them(
    client: httpx.AsyncClient, people: People
) -> None:
    # What the shipped client does on its first visit, in the name of whoever visits.
    headers = people.other.headers
    for name, kind in (("Développement", "category"), ("react", "tag"), ("file_upload", "resource_type")):
        word = {"name": name, "type": kind, "description": "d", "votesCount": 10}
        refused = await client.post("/api/admin/seed-suggestions", json={"suggestions": [word]}, headers=headers)
        assert refused.status_code == 403
        known = await client.post("/api/suggestions", json=word, headers=headers)
        assert (known.status_code, known.json()["code"]) == (409, "ALREADY_APPROVED")
    pending = await client.post("/api/suggestions", json={"name": "API REST", "type": "filter"}, headers=headers)
    assert (pending.status_code, pending.json()["code"]) == (409, "ALREADY_PENDING")
    mine = await client.get("/api/suggestions", params={"suggestedBy": "me"}, headers=headers)
    assert mine.json()["data"] == []
