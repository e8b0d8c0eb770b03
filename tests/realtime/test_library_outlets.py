"""Channels of Redis for programs beside this one: each change once, whoever made it and whichever process is killed."""

import asyncio
import os
import signal

import httpx
import psutil

from tests.accounts.conftest import signed_up
from tests.library.conftest import new_resource
from tests.library.test_suggestions import proposed, voted
from tests.own_redis import OwnRedis
from tests.own_server import OwnServer
from tests.realtime.library_ground import MOMENT_SECONDS, asked, client, outsider, redis, server

__all__ = ["client", "redis", "server"]
PATTERNS = ("notifications:*", "suggestions:*", "resource:updates:*")


async def test_every_change_is_published_once_in_order_and_without_saying_who_voted(
    client: httpx.AsyncClient, redis: OwnRedis
) -> None:
    author, *voters = [await signed_up(client) for _ in range(9)]
    made = await proposed(client, author, "Diffusé", "category")
    async with outsider(redis, *PATTERNS) as ear:
        await asyncio.gather(*(voted(client, voter, made["id"], "downvote") for voter in voters[:2]))
        await asyncio.gather(*(voted(client, voter, made["id"]) for voter in voters))
        await asked(client, voters[0], "DELETE", f"/api/suggestions/{made['id']}/vote")
        await ear.until(lambda ear: len(ear.of("suggestions:votes")) >= 11)
        await asyncio.sleep(MOMENT_SECONDS)
        found = ear.of("suggestions:votes")
        assert len(found) == 11
        assert [vote["position"] for vote in found] == sorted({vote["position"] for vote in found})
        last = found[-1]
        assert (last["voteType"], last["userVote"], last["totalUpvotes"], last["votesCount"]) == ("upvote", None, 7, 7)
        assert {vote["suggestionId"] for vote in found} == {made["id"]}
        assert not [voter.id for voter in voters if voter.id in str(found)]
        # A suggestion's author is told of votes once a day.
        notes = {note["type"]: note for note in ear.of(f"notifications:{author.id}")}
        assert len(ear.of(f"notifications:{author.id}")) == len(notes) == 2
        assert (notes["suggestion_vote"]["userId"], notes["suggestion_approved"]["isRead"]) == (author.id, False)


async def test_outsiders_are_told_what_anybody_may_read_and_of_notifications_their_own(
    client: httpx.AsyncClient, redis: OwnRedis
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    secret = await new_resource(client, owner, title="Secret", visibility="private")
    shown = await new_resource(client, owner, title="Montré")
    async with outsider(redis, *PATTERNS) as ear:
        await asked(client, owner, "PUT", f"/api/resources/{secret['id']}", {"title": "Secret encore"})
        await asked(client, owner, "POST", f"/api/resources/{secret['id']}/share", {"sharedWithUserId": other.id})
        await asked(client, owner, "POST", "/api/comments", {"resourceId": secret["id"], "content": "Secret aussi"})
        await asked(client, other, "POST", "/api/comments", {"resourceId": shown["id"], "content": "Bien"})
        await asked(client, other, "POST", f"/api/resources/{shown['id']}/view")
        channel = f"resource:updates:{shown['id']}"
        await ear.until(lambda ear: len(ear.of(channel)) == 2)
        await asked(client, owner, "PUT", f"/api/resources/{shown['id']}", {"visibility": "private", "title": "Caché"})
        await ear.until(lambda ear: len(ear.of(channel)) == 3)
        await asyncio.sleep(MOMENT_SECONDS)
        comments, views, gone = ear.of(channel)
        assert comments["update"]["commentsCount"] == 1
        assert views["update"]["viewsCount"] == 1
        assert (gone["update"], gone["resourceId"], gone["channel"]) == ({"deleted": True}, shown["id"], channel)
        assert gone["timestamp"].endswith("Z")
        assert not ear.of(f"resource:updates:{secret['id']}")
        assert "Caché" not in str(ear.heard)
        assert not [name for name, message in ear.heard if "encore" in str(message) and "notifications" not in name]
        assert [note["type"] for note in ear.of(f"notifications:{other.id}")] == ["resource_shared"]
        assert [note["type"] for note in ear.of(f"notifications:{owner.id}")] == ["new_comment"]


async def test_without_redis_writes_go_on_and_what_waits_is_published_once_it_is_back(
    client: httpx.AsyncClient, redis: OwnRedis
) -> None:
    owner = await signed_up(client)
    made = await new_resource(client, owner)
    path, channel = f"/api/resources/{made['id']}", f"resource:updates:{made['id']}"
    async with outsider(redis, *PATTERNS) as ear:
        await asked(client, owner, "PUT", path, {"title": "Avant"})
        await ear.until(lambda ear: ear.of(channel))
    redis.kill()
    for number in range(3):
        await asked(client, owner, "PUT", path, {"title": f"Pendant {number}"})
    redis.start()
    async with outsider(redis, *PATTERNS) as ear:
        await asyncio.sleep(2.5)
        await asked(client, owner, "PUT", path, {"title": "Après"})
        await ear.until(lambda ear: [told for told in ear.of(channel) if told["update"]["title"] == "Après"])
        await asyncio.sleep(MOMENT_SECONDS)
        titles = [told["update"]["title"] for told in ear.of(channel)]
        assert titles == [*[f"Pendant {number}" for number in range(3)][-len(titles) + 1 :], "Après"][-len(titles) :]
        assert len(set(titles)) == len(titles)


def serving(server: OwnServer) -> list[int]:
    """Processes that answer."""
    living = [child for child in psutil.Process(server.pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child.pid for child in living if "resource_tracker" not in " ".join(child.cmdline())]


async def test_another_process_goes_on_where_one_was_killed(
    server: OwnServer, client: httpx.AsyncClient, redis: OwnRedis
) -> None:
    owner = await signed_up(client)
    made = await new_resource(client, owner)
    path, channel = f"/api/resources/{made['id']}", f"resource:updates:{made['id']}"
    async with outsider(redis, *PATTERNS) as ear:
        for number in range(6):
            if number in (2, 4):
                processes = serving(server)
                os.kill(processes[number // 2 % len(processes)], signal.SIGKILL)
                await asyncio.sleep(0.1)
            while True:
                try:
                    await asked(client, owner, "PUT", path, {"title": f"Titre {number}"})
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        await ear.until(lambda ear: [told for told in ear.of(channel) if told["update"]["title"] == "Titre 5"])
        await asyncio.sleep(MOMENT_SECONDS)
        assert [told["update"]["title"] for told in ear.of(channel) if "title" in told["update"]] == [
            f"Titre {number}" for number in range(6)
        ]
