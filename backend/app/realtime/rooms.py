"""Rooms: what clients say to each other, and who of them lets it be known that they are there.

Nothing of it is kept. A process knows its own clients and hears of the others' from the processes that they are
connected to; each of these numbers what it tells of its own, says its number now and then, and is asked for all of them
by whoever finds that they have missed something. A process that says nothing for a while takes its clients along.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.adapters.bus import Bus
from app.adapters.redis import Redis
from app.realtime.subscriptions import Told

_BEAT_SECONDS = 8.0
#: A process that has not been heard of for so long is gone.
_GONE_SECONDS = 25.0
#: Whoever was in their right so long ago still is.
_TRUSTED_SECONDS = 1.0
_LONGEST_LOOK_SECONDS = 5.0
#: What waits to be handed out in a room: more than that is more than anybody listens to.
_MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody who is there: as often as they have said so, each time with a reference of its own."""

    ref: str
    user_id: str
    state: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Member:
    """A client in a room."""

    sid: str
    #: The room, as the client calls it.
    channel: str
    user_id: str
    deliver: Callable[[Told], bool]
    #: Whether they may still be there: asked anew before they are told of anything. None: nobody knows at the moment.
    allowed: Callable[[], Awaitable[bool | None]]
    #: Called when they may not.
    shown_out: Callable[[], None]
    #: Wants to be told who is there.
    watches: bool = False
    presence: Presence | None = None
    #: Was not told of something: what they know of who is there is not true any more.
    behind: bool = False
    looked_at: float = field(default_factory=time.monotonic)

    @property
    def key(self) -> "_Key":
        """Tells them from all others, and from themselves by another name of the room."""
        return self.sid, self.channel


@dataclass(slots=True)
class _Elsewhere:
    """What another process has said of its own."""

    version: int = 0
    present: dict[str, Presence] = field(default_factory=dict[str, Presence])
    heard_at: float = field(default_factory=time.monotonic)


_Key = tuple[str, str]
#: What a member is told, if anything.
_Telling = Callable[[Member], Told | None]


@dataclass(slots=True, eq=False)
class _Room:
    name: str
    members: dict[_Key, Member] = field(default_factory=dict[_Key, Member])
    elsewhere: dict[str, _Elsewhere] = field(default_factory=dict[str, _Elsewhere])
    #: Of what this process tells of its own.
    version: int = 0
    waiting: list[_Telling] = field(default_factory=list["_Telling"])
    #: While something waits.
    handing_out: asyncio.Task[None] | None = None

    def present(self) -> Iterable[Presence]:
        """All who are there, as far as is known."""
        yield from (member.presence for member in self.members.values() if member.presence is not None)
        for process in self.elsewhere.values():
            yield from process.present.values()


class Rooms:
    """One process's part."""

    def __init__(self, redis: Redis) -> None:
        self._process = secrets.token_hex(8)
        self._rooms: dict[str, _Room] = {}
        self._bus = Bus(redis=redis, heard=self._heard, begun=self._begun)
        self._saying: set[asyncio.Task[bool]] = set()
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Hear what is said elsewhere."""
        self._bus.start()
        self._beating = asyncio.create_task(self._beat())

    async def stop(self) -> None:
        """No more of it. Whoever was here has left."""
        tasks = [self._beating, *(room.handing_out for room in self._rooms.values())]
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        await asyncio.gather(*self._saying, return_exceptions=True)
        await self._bus.stop()

    # What clients do.

    def join(self, name: str, member: Member) -> None:
        """Let somebody in, who may be there."""
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = _Room(name)
            self._bus.listen(_channel(name))
        room.members[member.key] = member
        if member.watches:
            state = _state(room)
            self._put(room, lambda one: state(one) if one is member else None)

    def leave(self, name: str, member: Member) -> None:
        """Somebody is not there any more."""
        room = self._rooms.get(name)
        if room is None or room.members.get(member.key) is not member:
            return
        self.untrack(name, member)
        del room.members[member.key]
        if not room.members:
            del self._rooms[name]
            if room.handing_out is not None:
                room.handing_out.cancel()
            self._bus.ignore(_channel(name))

    def track(self, name: str, member: Member, state: Mapping[str, Any]) -> Presence:
        """Let it be known that somebody is there."""
        former, member.presence = member.presence, Presence(secrets.token_hex(6), member.user_id, state)
        self._tell_of_ours(self._rooms[name], [member.presence], [former])
        return member.presence

    def untrack(self, name: str, member: Member) -> None:
        """Let it be known no more."""
        if member.presence is not None:
            former, member.presence = member.presence, None
            self._tell_of_ours(self._rooms[name], [], [former])

    async def say(self, name: str, member: Member, event: str, payload: Any, *, to_self: bool = False) -> bool:
        """Tell all the others; False: those of other processes could not be told."""
        # What cannot be written is told to nobody.
        packed = self._packed("said", user=member.user_id, event=event, payload=payload)
        telling, sid = _said(event, payload, member.user_id), "" if to_self else member.sid
        self._put(self._rooms[name], lambda one: None if one.sid == sid else telling(one))
        return await self._bus.say(_channel(name), packed)

    # What is said elsewhere.

    def _begun(self, channel: str) -> None:
        room = self._rooms.get(_name(channel))
        if room is not None:
            self._say(room, "who")
            if room.version:
                self._say(room, "at", version=room.version)

    def _heard(self, channel: str, message: bytes) -> None:
        room = self._rooms.get(_name(channel))
        said: dict[str, Any] = orjson.loads(message)
        process, kind = said["from"], said["kind"]
        if room is None or process == self._process or said.get("to", self._process) != self._process:
            return
        if kind == "said":
            self._put(room, _said(said["event"], said["payload"], said["user"]))
        elif kind == "who":
            if room.version:
                present = [member.presence for member in room.members.values() if member.presence is not None]
                self._say(room, "here", to=process, version=room.version, present=present)
        else:
            self._heard_of_theirs(room, process, kind, said)

    def _heard_of_theirs(self, room: _Room, process: str, kind: str, said: Mapping[str, Any]) -> None:
        theirs = room.elsewhere.setdefault(process, _Elsewhere())
        theirs.heard_at = time.monotonic()
        version: int = said["version"]
        if kind == "here":
            known, theirs.version = theirs.present, version
            theirs.present = {one["ref"]: Presence(**one) for one in said["present"]}
            self._put_difference(
                room,
                [one for ref, one in theirs.present.items() if ref not in known],
                [one for ref, one in known.items() if ref not in theirs.present],
            )
        elif kind == "moved" and version == theirs.version + 1:
            theirs.version = version
            joins = [Presence(**one) for one in said["joins"]]
            leaves = [one for ref in said["leaves"] if (one := theirs.present.pop(ref, None)) is not None]
            theirs.present.update((one.ref, one) for one in joins)
            self._put_difference(room, joins, leaves)
        elif version != theirs.version:
            self._say(room, "who", to=process)

    # What is told here.

    def _tell_of_ours(self, room: _Room, joins: Sequence[Presence], leaves: Sequence[Presence | None]) -> None:
        gone = [one for one in leaves if one is not None]
        room.version += 1
        self._put_difference(room, joins, gone)
        self._say(room, "moved", version=room.version, joins=joins, leaves=[one.ref for one in gone])

    def _put_difference(self, room: _Room, joins: Sequence[Presence], leaves: Sequence[Presence]) -> None:
        if joins or leaves:
            self._put(room, _difference(joins, leaves))

    def _put(self, room: _Room, telling: _Telling) -> None:
        if len(room.waiting) < _MOST_WAITING:
            room.waiting.append(telling)
            if room.handing_out is None:
                room.handing_out = asyncio.create_task(self._hand_out(room))
            return
        for member in room.members.values():
            member.behind = True

    async def _hand_out(self, room: _Room) -> None:
        """One thing after the other: everybody is told in the same order."""
        try:
            while room.waiting:
                await self._tell(room, room.waiting.pop(0))
        finally:
            room.handing_out = None

    async def _tell(self, room: _Room, telling: _Telling) -> None:
        concerned = [(member, told) for member in room.members.values() if (told := telling(member)) is not None]
        unsure = await self._look(room, [member for member, _ in concerned])
        for member, told in concerned:
            if room.members.get(member.key) is not member:
                continue
            if member in unsure or not member.deliver(told):
                member.behind = True

    async def _look(self, room: _Room, members: Sequence[Member]) -> Collection[Member]:
        """Show out whoever may not be there any more; those of whom that is not known."""
        now = time.monotonic()
        unsure = set[Member]()

        async def look(member: Member) -> None:
            allowed = None
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_LOOK_SECONDS):
                    allowed = await member.allowed()
            if allowed:
                member.looked_at = now
            elif allowed is None:
                unsure.add(member)
            elif room.members.get(member.key) is member:
                member.shown_out()

        await asyncio.gather(*(look(member) for member in members if now - member.looked_at > _TRUSTED_SECONDS))
        return unsure

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            now = time.monotonic()
            for room in list(self._rooms.values()):
                for process, theirs in list(room.elsewhere.items()):
                    if now - theirs.heard_at > _GONE_SECONDS:
                        del room.elsewhere[process]
                        self._put_difference(room, [], list(theirs.present.values()))
                if room.version:
                    self._say(room, "at", version=room.version)
                # Whoever is shown as being there has to be in their right.
                behind = [member for member in room.members.values() if member.behind]
                shown = [member for member in room.members.values() if member.presence is not None]
                unsure = await self._look(room, [*behind, *shown])
                for member in behind:
                    if member not in unsure and room.members.get(member.key) is member:
                        member.behind = member.watches and not member.deliver(_state(room)(member))

    def _say(self, room: _Room, kind: str, **said: Any) -> None:
        task = asyncio.create_task(self._bus.say(_channel(room.name), self._packed(kind, **said)))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    def _packed(self, kind: str, **said: Any) -> bytes:
        return orjson.dumps({"from": self._process, "kind": kind, **said})


def _state(room: _Room) -> Callable[[Member], Told]:
    state = _by_user(room.present())
    return lambda member: Told("presence_state", {"channel": member.channel, "state": state})


def _difference(joins: Sequence[Presence], leaves: Sequence[Presence]) -> _Telling:
    told = {"joins": _by_user(joins), "leaves": _by_user(leaves)}
    return lambda member: Told("presence_diff", {"channel": member.channel, **told}) if member.watches else None


def _said(event: str, payload: Any, user_id: str) -> _Telling:
    told = {"event": event, "payload": payload, "userId": user_id}
    return lambda member: Told("broadcast", {"channel": member.channel, **told})


def _by_user(present: Iterable[Presence]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in present:
        found.setdefault(one.user_id, []).append({**one.state, "presence_ref": one.ref})
    return found


def _channel(name: str) -> str:
    return f"room:{name}"


def _name(channel: str) -> str:
    return channel.removeprefix("room:")
