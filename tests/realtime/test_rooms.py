"""Clients who hear the same channel talk to each other and know who is there, in whichever process they are."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.adapters.redis import Redis
from app.embedded import Servers
from app.realtime.rooms import Member as RoomMember
from app.realtime.rooms import Rooms
from app.realtime.subscriptions import Told

from tests.accounts.conftest import Member, signed_up
from tests.conftest import Urls, environment_for
from tests.own_redis import OwnRedis, own_redis
from tests.own_server import CHEAP, OwnServer, own_server
from tests.realtime.conftest import Ear, listening
from tests.realtime.test_events import ROWS, new_resource


@pytest.fixture(scope="module")
def redis() -> Generator[OwnRedis]:
    with own_redis() as redis:
        yield redis


@pytest.fixture(scope="module")
def environment(urls: Urls, servers: Servers, data_dir: Path, redis: OwnRedis) -> dict[str, str]:
    return {**environment_for(urls, servers, data_dir), **CHEAP, "RELAIS_REDIS_URL": redis.url}


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Generator[OwnServer]:
    with own_server(environment) as server:
        yield server


@pytest.fixture(scope="module")
def other(environment: dict[str, str]) -> Generator[OwnServer]:
    """Another process, at another port."""
    with own_server(environment) as server:
        yield server


async def channel_of(client: httpx.AsyncClient, owner: Member, visibility: str = "public") -> str:
    return f"resource:updates:{(await new_resource(client, owner, 'Lieu', visibility))['id']}"


async def in_room(stack: AsyncExitStack, server: OwnServer, who: Member, channel: str) -> Ear:
    ear = await stack.enter_async_context(listening(server.address, who.access_token))
    assert (await ear.subscribe({"channel": channel, "presence": True}))["channel"] == channel
    await ear.until(lambda ear: ear.of("presence_state"))
    return ear


def there(ear: Ear) -> dict[str, list[Any]]:
    """Who is there, as the client library of the browser puts it together."""
    state: dict[str, dict[str, Any]] = {}
    for name, told in ear.heard:
        if name == "presence_state":
            state = {user: {one["presence_ref"]: one for one in them} for user, them in told["state"].items()}
        elif name == "presence_diff":
            for user, them in told["joins"].items():
                state.setdefault(user, {}).update({one["presence_ref"]: one for one in them})
            for user, them in told["leaves"].items():
                for one in them:
                    state.get(user, {}).pop(one["presence_ref"], None)
    return {user: list(them.values()) for user, them in state.items() if them}


async def say(ear: Ear, channel: str, payload: Any, **more: Any) -> Any:
    return await ear.client.call("broadcast", {"channel": channel, "event": "typing", "payload": payload, **more})


def said(ear: Ear) -> list[Any]:
    return [one["payload"] for one in ear.of("broadcast")]


async def test_what_one_says_all_the_others_hear_in_order(
    server: OwnServer, other: OwnServer, client: httpx.AsyncClient
) -> None:
    owner, guest = await signed_up(client), await signed_up(client)
    channel = await channel_of(client, owner)
    async with AsyncExitStack() as stack:
        speaker = await in_room(stack, server, owner, channel)
        near = await in_room(stack, server, guest, channel)
        far = await in_room(stack, other, guest, channel)
        await heard_by(speaker, [near, far], channel)
        for number in range(20):
            assert "error" not in await say(speaker, channel, number)
        for ear in (near, far):
            await ear.until(lambda ear: 19 in said(ear))
            assert [one for one in said(ear) if isinstance(one, int)] == list(range(20))
            assert ear.of("broadcast")[-1] == {
                "channel": channel,
                "event": "typing",
                "payload": 19,
                "userId": owner.id,
            }
        assert not said(speaker)
        await say(speaker, channel, "moi", self=True)
        await speaker.until(lambda ear: said(ear) == ["moi"])


async def heard_by(speaker: Ear, ears: list[Ear], channel: str) -> None:
    """Have them all in touch: a process takes a moment to listen for a room that is new to it."""
    async with asyncio.timeout(10):
        while not all("test" in said(ear) for ear in ears):
            await say(speaker, channel, "test")
            await asyncio.sleep(0.05)


async def test_what_is_too_deep_to_be_written_disturbs_nobody(server: OwnServer, client: httpx.AsyncClient) -> None:
    owner, guest = await signed_up(client), await signed_up(client)
    channel = await channel_of(client, owner)
    async with AsyncExitStack() as stack:
        mine, theirs = [await in_room(stack, server, who, channel) for who in (owner, guest)]
        for depth in (249, 252, 254, 400):
            deep: Any = []
            for _ in range(depth - 1):
                deep = [deep]
            said = {"channel": channel, "event": "deep", "payload": deep, "state": {"deep": deep}}
            for event in ("broadcast", "track"):
                answer = await theirs.client.call(event, said, timeout=15)
                assert answer.get("error", {}).get("code", "REALTIME_BAD_MESSAGE") == "REALTIME_BAD_MESSAGE"
        await say(theirs, channel, "flat")
        await mine.until(lambda ear: [told for told in ear.of("broadcast") if told["payload"] == "flat"])


async def test_the_former_clients_messages_are_heard_on_all_devices(
    server: OwnServer, client: httpx.AsyncClient
) -> None:
    member = await signed_up(client)
    channel = f"notifications:{member.id}"
    async with (
        listening(server.address, member.access_token) as one,
        listening(server.address, member.access_token) as two,
    ):
        await one.subscribe(channel)
        await one.client.emit("message", {"channel": channel, "payload": {"a": 1}})
        # By the name that this device has for it: it was joined by itself.
        (told,) = await two.until(lambda ear: ear.of("broadcast"))
        assert told == {
            "channel": f"user:{member.id}",
            "event": "message",
            "payload": {"a": 1},
            "userId": member.id,
        }


async def test_who_is_there_is_known_everywhere(server: OwnServer, other: OwnServer, client: httpx.AsyncClient) -> None:
    owner, guest = await signed_up(client), await signed_up(client)
    channel = await channel_of(client, owner)
    async with AsyncExitStack() as stack:
        first = await in_room(stack, server, owner, channel)
        answer = await first.client.call("track", {"channel": channel, "state": {"page": 1}})
        await first.until(lambda ear: owner.id in there(ear))
        # Who comes later is told of those who were there before, in another process too.
        late = await in_room(stack, other, guest, channel)
        await late.until(lambda ear: owner.id in there(ear))
        assert there(late)[owner.id] == [{"page": 1, "presence_ref": answer["presence_ref"]}]
        assert guest.id not in there(first)

        async with AsyncExitStack() as brief:
            device = await in_room(brief, other, guest, channel)
            for ear in (late, device):
                await ear.client.call("track", {"channel": channel, "state": {"seen": True}})
            await first.until(lambda ear: len(there(ear).get(guest.id, [])) == 2)
        await first.until(lambda ear: len(there(ear)[guest.id]) == 1)

        await first.client.call("track", {"channel": channel, "state": {"page": 2}})
        await late.until(lambda ear: [one["page"] for one in there(ear)[owner.id]] == [2])
        await late.client.call("untrack", {"channel": channel})
        for ear in (first, late):
            await ear.until(lambda ear: guest.id not in there(ear))
        await first.client.emit("unsubscribe", channel)
        await late.until(lambda ear: not there(ear))


async def test_who_may_not_read_hears_nothing_and_is_shown_out(
    server: OwnServer, other: OwnServer, client: httpx.AsyncClient
) -> None:
    owner, guest = await signed_up(client), await signed_up(client)
    secret = await channel_of(client, owner, "private")
    channel = await channel_of(client, owner)
    async with AsyncExitStack() as stack:
        mine = await in_room(stack, server, owner, channel)
        theirs = await in_room(stack, other, guest, channel)
        assert (await theirs.subscribe({"channel": secret}))["error"]["code"] == "REALTIME_CHANNEL_REFUSED"
        for unheard in (secret, "rows", "suggestions:votes", f"user:{owner.id}"):
            await theirs.subscribe({"channel": "rows", "postgres_changes": ROWS})
            assert (await say(theirs, unheard, 1))["error"]["code"] == "REALTIME_NOT_SUBSCRIBED"
        await heard_by(mine, [theirs], channel)
        await theirs.client.call("track", {"channel": channel})
        await mine.until(lambda ear: guest.id in there(ear))

        identifier = channel.rpartition(":")[2]
        answer = await client.put(f"/api/resources/{identifier}", json={"visibility": "private"}, headers=owner.headers)
        assert answer.status_code == 200
        # A right that was looked at is believed in for a second.
        await asyncio.sleep(1.1)
        await say(mine, channel, "entre nous")
        (told,) = await theirs.until(lambda ear: [one for one in ear.of("error") if "channel" in one])
        assert (told["code"], told["channel"]) == ("REALTIME_CHANNEL_REFUSED", channel)
        await mine.until(lambda ear: guest.id not in there(ear))
        assert "entre nous" not in said(theirs)
        assert (await say(theirs, channel, 1))["error"]["code"] == "REALTIME_NOT_SUBSCRIBED"


async def test_nonsense_is_refused(server: OwnServer, client: httpx.AsyncClient) -> None:
    member = await signed_up(client)
    channel = await channel_of(client, member)
    async with AsyncExitStack() as stack:
        ear = await in_room(stack, server, member, channel)
        for event, wanted in (
            ("broadcast", {"channel": channel}),
            ("broadcast", {"channel": channel, "event": ""}),
            ("broadcast", {"channel": channel, "event": "e" * 65}),
            ("track", {"channel": channel, "state": {"text": "é" * 600}}),
        ):
            assert (await ear.client.call(event, wanted))["error"]["code"] == "REALTIME_BAD_MESSAGE"
        for wanted in (None, [], {"channel": ["a"]}, {"channel": {}}, 5):
            assert (await ear.client.call("untrack", wanted))["error"]["code"] == "REALTIME_NOT_SUBSCRIBED"
        # What is no object is no state.
        assert "presence_ref" in await ear.client.call("track", {"channel": channel, "state": ["__proto__"]})


async def test_without_redis_those_of_one_process_go_on_and_what_was_missed_is_made_up_for(
    server: OwnServer, other: OwnServer, client: httpx.AsyncClient, redis: OwnRedis
) -> None:
    owner, guest = await signed_up(client), await signed_up(client)
    channel = await channel_of(client, owner)
    async with AsyncExitStack() as stack:
        here = await in_room(stack, server, owner, channel)
        near = await in_room(stack, server, guest, channel)
        far = await in_room(stack, other, guest, channel)
        await heard_by(here, [near, far], channel)
        redis.kill()
        assert (await say(here, channel, "sans"))["partial"]
        await near.until(lambda ear: "sans" in said(ear))
        await here.client.call("track", {"channel": channel, "state": {}})
        await near.until(lambda ear: owner.id in there(ear))
        redis.start()
        await far.until(lambda ear: owner.id in there(ear))
        await heard_by(here, [far], channel)
        assert "sans" not in said(far)


async def test_a_process_that_says_nothing_takes_its_clients_along(
    redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.realtime.rooms._BEAT_SECONDS", 0.1)
    monkeypatch.setattr("app.realtime.rooms._GONE_SECONDS", 0.5)
    heard: list[Told] = []

    def member(sid: str) -> RoomMember:
        async def allowed() -> bool:
            return True

        return RoomMember(sid, "c", f"user of {sid}", lambda told: not heard.append(told), allowed, lambda: None, True)

    connections = [Redis(redis.settings), Redis(redis.settings)]
    alive, doomed = [Rooms(connection) for connection in connections]
    for rooms in (alive, doomed):
        rooms.start()
    try:
        alive.join("room", member("a"))
        victim = member("b")
        doomed.join("room", victim)
        doomed.track("room", victim, {})
        await until(lambda: sum(told.event == "presence_diff" and bool(told.payload["joins"]) for told in heard) == 2)
        # It goes on for as long as it says so.
        await asyncio.sleep(1)
        assert not any(told.payload.get("leaves") for told in heard)
        await doomed.stop()
        await until(lambda: [told.payload["leaves"] for told in heard if told.payload.get("leaves")])
    finally:
        await alive.stop()
        for connection in connections:
            await connection.close()


async def until(found: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not found():
            await asyncio.sleep(0.01)
