"""Channels by name: what a module offers under names like `resource:updates:{id}`."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.adapters.postgres import Database, Stamp
from app.errors import ErrorSpec, refuse
from app.realtime.subscriptions import Topic

CHANNEL_REFUSED = ErrorSpec("REALTIME_CHANNEL_REFUSED", 403, "Canal non autorisé")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Whoever wants to hear."""

    database: Database
    stamp: Stamp
    user_id: str

    async def sees(self, statement: str, *args: Any) -> bool:
        """Whether they are shown a row by a statement."""
        return bool(await self.database.fetch(self.stamp, statement, *args, mode="write"))


@dataclass(frozen=True, slots=True)
class Kind:
    """Channels whose names are of one form."""

    pattern: re.Pattern[str]
    #: The topic, for somebody who may hear it; None: they may not.
    open: Callable[[Subscriber, re.Match[str]], Awaitable[Topic | None]]
    #: Whoever connects hears them from the beginning: the name, given a user.
    joined: Callable[[str], str] | None = None
    #: The room in which whoever hears them meets the others; None: they do not meet.
    room: Callable[[re.Match[str]], str] | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A channel that somebody may hear."""

    topic: Topic
    #: Of this installation; empty where nobody meets.
    room: str = ""


async def opened(kinds: Sequence[Kind], subscriber: Subscriber, channel: str) -> Opened:
    """What a channel is, or an `AppError`: who may not hear it is not told whether there is anything."""
    for kind in kinds:
        match = kind.pattern.fullmatch(channel)
        topic = await kind.open(subscriber, match) if match is not None else None
        if match is not None and topic is not None:
            return Opened(topic, f"{subscriber.stamp.tenant_id}:{kind.room(match)}" if kind.room is not None else "")
    raise refuse(CHANNEL_REFUSED)
