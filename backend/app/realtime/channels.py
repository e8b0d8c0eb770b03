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


async def topic_of(kinds: Sequence[Kind], subscriber: Subscriber, channel: str) -> Topic:
    """What a channel is, or an `AppError`: who may not hear it is not told whether there is anything."""
    for kind in kinds:
        match = kind.pattern.fullmatch(channel)
        topic = await kind.open(subscriber, match) if match is not None else None
        if topic is not None:
            return topic
    raise refuse(CHANNEL_REFUSED)
