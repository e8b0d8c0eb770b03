"""What clients say to each other, and that they are there: events for those who hear the same channel."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from app.errors import AppError, ErrorSpec, refuse
from app.realtime.rooms import Member, Rooms
from app.sockets.client import Client
from app.sockets.messages import BAD_MESSAGE, SLOWER, named, object_of

NOT_SUBSCRIBED = ErrorSpec("REALTIME_NOT_SUBSCRIBED", 409, "Canal non souscrit, ou sans échanges")
_LONGEST_EVENT = 64
_LONGEST_STATE_BYTES = 1024
Handler = Callable[..., Awaitable[Any]]
_Do = Callable[[str, Member, Mapping[str, Any]], Awaitable[Any]]


class Talk:
    """Handlers of one process."""

    def __init__(
        self, rooms: Rooms, heard: Callable[[str], Client | None], refused: Callable[[Client, AppError], Any]
    ) -> None:
        self._rooms, self._heard, self._refused = rooms, heard, refused

    def handlers(self) -> Sequence[tuple[str, Handler]]:
        """By event."""
        said: Sequence[tuple[str, _Do]] = (
            ("broadcast", self._broadcast),
            ("message", self._message),
            ("track", self._track),
            ("untrack", self._untrack),
        )
        return [(event, self._handler(do)) for event, do in said]

    def _handler(self, do: _Do) -> Handler:
        async def handler(sid: str, *args: Any) -> Any:
            client = self._heard(sid)
            if client is None:
                return SLOWER
            wanted = named(args)
            channel = wanted.get("channel")
            try:
                place = client.places.get(channel) if isinstance(channel, str) else None
                if place is None:
                    raise refuse(NOT_SUBSCRIBED)
                return {"channel": channel, **await do(*place, wanted)}
            except orjson.JSONEncodeError:
                # It was read, but is too deep to be written.
                return self._refused(client, refuse(BAD_MESSAGE, "depth"))
            except AppError as error:
                return self._refused(client, error)

        return handler

    async def _broadcast(self, room: str, member: Member, wanted: Mapping[str, Any]) -> Any:
        event = wanted.get("event")
        if not isinstance(event, str) or not 0 < len(event) <= _LONGEST_EVENT:
            raise refuse(BAD_MESSAGE, "event")
        everywhere = await self._rooms.say(
            room, member, event, wanted.get("payload"), to_self=wanted.get("self") is True
        )
        return {} if everywhere else {"partial": True}

    async def _message(self, room: str, member: Member, wanted: Mapping[str, Any]) -> Any:
        """What the former client calls it, which has no events."""
        return await self._broadcast(room, member, {**wanted, "event": "message"})

    async def _track(self, room: str, member: Member, wanted: Mapping[str, Any]) -> Any:
        state = object_of(wanted.get("state"))
        if len(orjson.dumps([[[[[state]]]]])) > _LONGEST_STATE_BYTES + 2 * 5:
            # As deep as it lies in what others are told.
            raise refuse(BAD_MESSAGE, "state")
        return {"presence_ref": self._rooms.track(room, member, state).ref}

    async def _untrack(self, room: str, member: Member, _: Mapping[str, Any]) -> Any:
        self._rooms.untrack(room, member)
        return {}
