"""Notifications: pushed at once, the same on every device, made by the worker as well, and not made if not wanted."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls
from tests.library.conftest import new_resource, ranked
from tests.library.test_suggestions import proposed, voted
from tests.own_server import OwnServer
from tests.realtime.conftest import Ear, listening
from tests.realtime.library_ground import MOMENT_SECONDS, asked, client, redis, server

__all__ = ["client", "redis", "server"]
PATH = "/api/notifications"


async def devices(stack: AsyncExitStack, server: OwnServer, who: Member, count: int = 4) -> list[Ear]:
    """Of one user, some of which name the channel; connections are spread over both processes."""
    ears = [await stack.enter_async_context(listening(server.address, who.access_token)) for _ in range(count)]
    for ear in ears[::2]:
        await ear.subscribe(f"notifications:{who.id}")
    return ears


async def each(ears: list[Ear], event: str, count: int = 1) -> list[list[dict[str, Any]]]:
    """What every device was told, this often."""
    for ear in ears:
        await ear.until(lambda ear: len(ear.of(event)) >= count)
    await asyncio.sleep(MOMENT_SECONDS)
    found = [ear.of(event) for ear in ears]
    assert [len(told) for told in found] == [count] * len(ears)
    for ear in ears:
        ear.heard.clear()
    return found


async def comment(client: httpx.AsyncClient, who: Member, resource: str) -> None:
    await asked(client, who, "POST", "/api/comments", {"resourceId": resource, "content": "Bien"})


async def test_all_devices_hear_of_what_is_made_read_and_deleted(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    resource = (await new_resource(client, owner))["id"]
    async with AsyncExitStack() as stack:
        ears = await devices(stack, server, owner)
        theirs = await stack.enter_async_context(listening(server.address, other.access_token))
        for number in range(1, 4):
            await comment(client, other, resource)
            for (note,) in await each(ears, "notification"):
                assert note["unreadCount"] == number
                (listed,) = (await asked(client, owner, "GET", f"{PATH}?limit=1"))["data"]
                shown = {name: value for name, value in listed.items() if name not in ("resource", "group")}
                assert shown.items() <= note.items()
        await asked(client, owner, "PUT", f"{PATH}/{listed['id']}/read")
        for (note,) in await each(ears, "notification:update"):
            assert (note["id"], note["isRead"], note["is_read"], note["unreadCount"]) == (listed["id"], True, True, 2)
        assert await asked(client, owner, "GET", f"{PATH}/unread-count") == {"count": 2}
        assert (await asked(client, owner, "PUT", f"{PATH}/read-all"))["count"] == 2
        for notes in await each(ears, "notification:update", 2):
            assert {note["isRead"] for note in notes} == {True}
            assert notes[-1]["unreadCount"] == 0
        await asked(client, owner, "DELETE", f"{PATH}/{listed['id']}")
        for (note,) in await each(ears, "notification:delete"):
            assert (note["id"], note["userId"]) == (listed["id"], owner.id)
            assert "message" not in note
        assert not [name for name, _ in theirs.heard if name.startswith("notification")]


async def test_a_channel_that_is_left_leaves_the_one_that_is_joined_by_itself(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    resource = (await new_resource(client, owner))["id"]
    channel = f"notifications:{owner.id}"
    async with listening(server.address, owner.access_token) as ear:
        await ear.subscribe(channel)
        await comment(client, other, resource)
        ((note,),) = await each([ear], "notification")
        assert note["channel"] == channel
        await ear.client.call("unsubscribe", channel)
        await comment(client, other, resource)
        ((note,),) = await each([ear], "notification")
        assert note["channel"] == f"user:{owner.id}"
        await ear.client.call("unsubscribe", f"user:{owner.id}")
        await comment(client, other, resource)
        await asyncio.sleep(MOMENT_SECONDS)
        assert not ear.of("notification")


async def test_a_device_that_was_away_is_told_what_came_and_was_read(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    resource = (await new_resource(client, owner))["id"]
    channel = f"notifications:{owner.id}"
    async with listening(server.address, owner.access_token) as ear:
        await ear.subscribe(channel)
        await comment(client, other, resource)
        (first,) = await ear.until(lambda ear: ear.of("notification"))
    await comment(client, other, resource)
    await asked(client, owner, "PUT", f"{PATH}/{first['id']}/read")
    async with listening(server.address, owner.access_token) as ear:
        await ear.subscribe({"channel": channel, "since": first["position"]})

        def told() -> list[tuple[str, bool]]:
            # Whoever connects hears of what comes by another name, before they ask for what was.
            heard = [(name, note) for name, note in ear.heard if name.startswith("notification")]
            return [(name, note["isRead"]) for name, note in heard if note["channel"] == channel]

        await ear.until(lambda ear: len(told()) == 2)
        await asyncio.sleep(MOMENT_SECONDS)
        assert told() == [("notification", False), ("notification:update", True)]
        assert ear.of("notification:update")[-1]["unreadCount"] == 1


@pytest.mark.parametrize("road", [PATH, "/rest/v1/notifications"])
async def test_what_is_muted_is_neither_kept_nor_pushed(
    server: OwnServer, client: httpx.AsyncClient, road: str
) -> None:
    owner, other = await signed_up(client), await signed_up(client)
    resource = (await new_resource(client, owner))["id"]
    await asked(client, owner, "PUT", f"{PATH}/preferences", {"muted": ["new_comment"]})
    async with AsyncExitStack() as stack:
        ears = await devices(stack, server, owner)
        await comment(client, other, resource)
        await asked(client, other, "POST", f"/api/resources/{resource}/fork")
        assert {note["type"] for (note,) in await each(ears, "notification")} == {"resource_forked"}
        kept = await asked(client, owner, "GET", road)
        assert [note["type"] for note in (kept if isinstance(kept, list) else kept["data"])] == ["resource_forked"]
        await asked(client, owner, "PUT", f"{PATH}/preferences", {"muted": []})
        await comment(client, other, resource)
        assert {note["type"] for (note,) in await each(ears, "notification")} == {"new_comment"}


async def test_what_the_worker_decides_is_pushed_by_both_processes(
    server: OwnServer, client: httpx.AsyncClient, urls: Urls
) -> None:
    author, admin = await signed_up(client), await signed_up(client)
    await ranked(urls, admin, "super_admin")
    made = await proposed(client, author, "Au seuil", "filter")
    await voted(client, author, made["id"])
    async with AsyncExitStack() as stack:
        ears = await devices(stack, server, author, 6)
        assert all(server.holds()), "all connections are with one process"
        config = "/api/admin/config/auto_approval_vote_threshold_filter"
        await asked(client, admin, "PUT", config, {"value": 1})
        for (note,) in await each(ears, "notification"):
            assert (note["type"], note["title"]) == ("suggestion_approved", "Suggestion approuvée")
