"""`resource:update` and `suggestion:vote`: what becomes of a resource, and how votes stand, from end to end."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls, run_sql
from tests.library.conftest import new_resource, ranked
from tests.library.test_suggestions import proposed, voted
from tests.own_server import OwnServer
from tests.realtime.conftest import Ear, listening
from tests.realtime.library_ground import MOMENT_SECONDS, asked, client, redis, server, updates

__all__ = ["client", "redis", "server"]


async def told(ear: Ear, expected: dict[str, Any]) -> None:
    """It is told once, and nothing else."""
    await ear.until(lambda ear: expected in updates(ear))
    await asyncio.sleep(0.1)
    assert updates(ear) == [expected]
    ear.heard.clear()


async def test_whatever_becomes_of_a_resource_is_told_with_what_is_different(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    made = await new_resource(client, owner, title="Suivi")
    path = f"/api/resources/{made['id']}"
    async with listening(server.address, other.access_token) as ear:
        await ear.subscribe(f"resource:updates:{made['id']}")
        row = await asked(client, owner, "PUT", path, {"title": "Changé", "tags": ["a"]})
        await ear.until(updates)
        message = ear.of("resource:update")[0]
        assert (message["resourceId"], message["channel"]) == (made["id"], f"resource:updates:{made['id']}")
        assert message["timestamp"].endswith("Z")
        assert message["update"]["updated_at"] == row["updatedAt"]
        await told(ear, {"title": "Changé", "tags": ["a"], "updatedAt": row["updatedAt"]})
        await asked(client, other, "POST", f"{path}/view")
        await told(ear, {"viewsCount": 1})
        await asked(client, other, "POST", f"{path}/view")
        await asked(client, other, "POST", f"{path}/download")
        await told(ear, {"downloadsCount": 1})
        await asked(client, other, "POST", f"{path}/rating", {"rating": 4})
        await told(ear, {"averageRating": 4.0, "ratingsCount": 1})
        await asked(client, owner, "POST", f"{path}/rating", {"rating": 3})
        await told(ear, {"averageRating": 3.5, "ratingsCount": 2})
        await asked(client, owner, "DELETE", f"{path}/rating")
        await told(ear, {"averageRating": 4.0, "ratingsCount": 1})
        comment = await asked(client, other, "POST", "/api/comments", {"resourceId": made["id"], "content": "Bien"})
        await told(ear, {"commentsCount": 1})
        reply = {"resourceId": made["id"], "content": "Merci", "parentId": comment["id"]}
        await asked(client, owner, "POST", "/api/comments", reply)
        await told(ear, {"commentsCount": 2})
        await asked(client, other, "PUT", f"/api/comments/{comment['id']}", {"content": "Très bien"})
        await asyncio.sleep(MOMENT_SECONDS)
        assert not updates(ear)
        await asked(client, other, "DELETE", f"/api/comments/{comment['id']}")
        # With the reply: each that goes is a change, and the number is that of now.
        await ear.until(lambda ear: len(updates(ear)) == 2)
        assert updates(ear) == [{"commentsCount": 0}] * 2
        ear.heard.clear()
        await asked(client, owner, "DELETE", path)
        await told(ear, {"deleted": True})


async def test_who_may_see_a_share_is_told_of_it_and_whoever_lost_theirs_that_it_is_gone(
    server: OwnServer, client: httpx.AsyncClient, urls: Urls
) -> None:
    owner, target, moderator = await signed_up(client), await signed_up(client), await signed_up(client)
    await ranked(urls, moderator, "moderator")
    made = await new_resource(client, owner, title="Partagé", visibility="private")
    path, channel = f"/api/resources/{made['id']}", f"resource:updates:{made['id']}"
    async with (
        listening(server.address, owner.access_token) as mine,
        listening(server.address, target.access_token) as theirs,
        listening(server.address, moderator.access_token) as above,
    ):
        assert "error" in await theirs.subscribe(channel)
        await mine.subscribe(channel)
        await above.subscribe(channel)
        share = await asked(client, owner, "POST", f"{path}/share", {"sharedWithUserId": target.id})
        await told(mine, {"sharesCount": 1})
        await theirs.subscribe(channel)
        # A process that has not read of the share yet tells of it.
        await asyncio.sleep(2 * MOMENT_SECONDS)
        theirs.heard.clear()
        await asked(client, owner, "PUT", f"{path}/shares/{share['id']}", {"permission": "write"})
        await told(mine, {"sharesCount": 1})
        await told(theirs, {"sharesCount": 1})
        await asked(client, owner, "PUT", path, {"title": "Encore"})
        for ear in (mine, theirs, above):
            await ear.until(updates)
            ear.heard.clear()
        await asked(client, owner, "DELETE", f"{path}/shares/{share['id']}")
        await told(mine, {"sharesCount": 0})
        await told(theirs, {"deleted": True})
        await asked(client, owner, "PUT", path, {"title": "Secret"})
        for ear in (mine, above):
            await ear.until(updates)
        await asyncio.sleep(MOMENT_SECONDS)
        assert not updates(theirs)
        assert [update["title"] for update in updates(above)] == ["Secret"]
        await asked(client, owner, "POST", f"{path}/share", {"sharedWithUserId": target.id})
        await told(theirs, {"sharesCount": 1})
        await asked(client, owner, "DELETE", path)
        await told(theirs, {"deleted": True})


async def test_a_resource_under_two_spellings_of_its_name_is_told_once(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    owner = await signed_up(client)
    made = await new_resource(client, owner)
    async with listening(server.address, owner.access_token) as ear:
        await ear.subscribe(f"resource:updates:{made['id']}")
        await ear.client.call("subscribe:resource", made["id"].upper())
        await asked(client, owner, "POST", f"/api/resources/{made['id']}/download")
        await told(ear, {"downloadsCount": 1})


async def test_a_long_readme_that_is_left_out_of_images_is_told_to_have_changed(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    owner = await signed_up(client)
    made = await new_resource(client, owner, readme="a" * 40_000)
    async with listening(server.address, owner.access_token) as ear:
        await ear.subscribe(f"resource:updates:{made['id']}")
        row = await asked(client, owner, "PUT", f"/api/resources/{made['id']}", {"readme": "b" * 40_000})
        await told(ear, {"updatedAt": row["updatedAt"]})


def votes(ear: Ear) -> list[dict[str, Any]]:
    kept = ("suggestionId", "voteType", "totalUpvotes", "totalDownvotes", "votesCount", "status", "userVote")
    return [{name: vote[name] for name in kept} for vote in ear.of("suggestion:vote")]


async def next_votes(ears: list[Ear]) -> list[dict[str, Any]]:
    """What each of them is told, once; without their own vote it is the same."""
    for ear in ears:
        await ear.until(votes)
    await asyncio.sleep(MOMENT_SECONDS)
    found = [votes(ear) for ear in ears]
    assert [len(each) for each in found] == [1] * len(ears), found
    for ear in ears:
        ear.heard.clear()
    return [each[0] for each in found]


@pytest.mark.parametrize("road", ["/api", "/rest/v1"])
async def test_votes_are_told_to_everybody_with_nobodys_vote_but_their_own(
    server: OwnServer, client: httpx.AsyncClient, road: str
) -> None:
    author, voter, other = [await signed_up(client) for _ in range(3)]
    made = await proposed(client, author, f"Vote {road}", "category")

    async def vote(who: Member, kind: str) -> None:
        if road == "/api":
            await voted(client, who, made["id"], kind)
            return
        row = {"suggestion_id": made["id"], "user_id": who.id, "vote_type": kind}
        where = f"/rest/v1/suggestion_votes?suggestion_id=eq.{made['id']}&user_id=eq.{who.id}"
        held = await asked(client, who, "GET", where)
        if not held:
            await asked(client, who, "POST", "/rest/v1/suggestion_votes", row)
        elif held[0]["vote_type"] == kind:
            await asked(client, who, "DELETE", where)
        else:
            await asked(client, who, "PATCH", where, {"vote_type": kind})

    async with (
        listening(server.address, voter.access_token) as mine,
        listening(server.address, other.access_token) as theirs,
    ):
        for ear in (mine, theirs):
            await ear.subscribe("suggestions:votes")
        for kind, totals, held in (
            ("upvote", (1, 0, 1), "upvote"),
            ("downvote", (0, 1, -1), "downvote"),
            ("downvote", (0, 0, 0), None),
        ):
            await vote(voter, kind)
            own, shown = await next_votes([mine, theirs])
            assert (own["totalUpvotes"], own["totalDownvotes"], own["votesCount"]) == totals
            assert (own["suggestionId"], own["voteType"], own["status"]) == (made["id"], kind, "pending")
            assert (own["userVote"], shown["userVote"]) == (held, None)
            assert {**own, "userVote": None} == shown
        await vote(other, "upvote")
        own, shown = await next_votes([mine, theirs])
        assert (own["userVote"], shown["userVote"]) == (None, "upvote")
    assert voter.id not in str(theirs.heard)


async def test_verdicts_and_mended_counts_are_told_without_a_vote(
    server: OwnServer, client: httpx.AsyncClient, urls: Urls
) -> None:
    author, moderator = await signed_up(client), await signed_up(client)
    await ranked(urls, moderator, "moderator")
    made = await proposed(client, author, "Verdict")
    async with listening(server.address, author.access_token) as ear:
        await ear.subscribe("suggestions:votes")
        await voted(client, author, made["id"])
        await next_votes([ear])
        await asked(client, moderator, "PUT", f"/api/admin/suggestions/{made['id']}/approve")
        (verdict,) = await next_votes([ear])
        assert (verdict["status"], verdict["voteType"], verdict["userVote"]) == ("approved", None, "upvote")
        await run_sql(
            urls.admin, f"update library.category_tag_suggestions set votes_count = 9 where id = '{made['id']}'"
        )
        (mended,) = await next_votes([ear])
        assert (mended["votesCount"], mended["totalUpvotes"]) == (9, 1)


async def test_votes_that_decide_are_told_with_their_verdict(server: OwnServer, client: httpx.AsyncClient) -> None:
    voters = [await signed_up(client) for _ in range(6)]
    made = await proposed(client, voters[0], "Décidé", "tag")
    async with listening(server.address, voters[0].access_token) as ear:
        await ear.subscribe("suggestions:votes")
        for voter in voters[1:]:
            await voted(client, voter, made["id"])
        await ear.until(lambda ear: len(votes(ear)) >= 5)
        await asyncio.sleep(MOMENT_SECONDS)
        found = votes(ear)
        assert [vote["voteType"] for vote in found] == ["upvote"] * 5
        assert (found[-1]["status"], found[-1]["totalUpvotes"]) == ("approved", 5)
