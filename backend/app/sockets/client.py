"""One connection: who it is, what it hears, and what waits to be sent to it."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from engineio import packet

from app.adapters.postgres import Stamp
from app.auth.caller import Caller
from app.realtime.rooms import Member
from app.realtime.subscriptions import Subscription, Told
from app.settings import RealtimeSettings
from app.sockets.outbox import Outbox


@dataclass(slots=True, eq=False)
class Client:
    """Whoever is connected."""

    sid: str
    address: str
    settings: RealtimeSettings
    caller: Caller
    stamp: Stamp
    #: When its token ends, by the clock on the wall.
    expires: float | None
    #: What waits to be sent. Only what is ours to leave out is ever left out.
    queue: Outbox
    #: What the process has told and refused: added to.
    counts: Counter[str]
    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])
    #: By channel, where others are met: the name of the room, and what it knows of this client.
    places: dict[str, tuple[str, Member]] = field(default_factory=dict[str, tuple[str, Member]])
    #: There was no room: nothing more is sent until there is, and then what is missing is told.
    lagging: bool = False
    warned: bool = False
    _allowance: float = field(init=False)
    _allowed_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._allowance = float(self.settings.events_at_once)

    def may_send(self) -> bool:
        """Whether it has not sent too many events lately."""
        now = time.monotonic()
        grown = self._allowance + (now - self._allowed_at) * self.settings.events_per_second
        self._allowance, self._allowed_at = min(grown, self.settings.events_at_once), now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def has_room(self) -> bool:
        """Whether what can wait need not."""
        return not self.lagging and self._filled() < 0.5

    def _filled(self) -> float:
        settings = self.settings
        return max(self.queue.qsize() / settings.backlog_events, self.queue.size / settings.backlog_bytes)

    def deliver(self, told: Told) -> bool:
        """Put an event into the queue; False if there is no room."""
        if self.lagging or self._filled() >= 1:
            self.lagging = True
            return False
        if told.wire is None:
            told.wire = _packet(told.event, told.payload)
        self._put(told.wire)
        return True

    def send(self, event: str, payload: Mapping[str, Any]) -> None:
        """Put an event into the queue, come what may."""
        self._put(_packet(event, payload))

    def _put(self, written: packet.Packet) -> None:
        self.queue.put_nowait(written)
        self.counts["sent"] += 1

    def look_for_room(self) -> None:
        """If everything has been sent, say what was left out and go on."""
        if not self.lagging or not self.queue.empty():
            return
        self.lagging = False
        for channel, subscription in self.subscriptions.items():
            missed, subscription.missed_since = subscription.missed_since, None
            if missed is not None:
                self.gap(channel, missed, subscription.position)

    def gap(self, channel: str, since: int, position: int) -> None:
        """Say that something of a channel was left out."""
        self.counts["gaps"] += 1
        self.send("gap", {"channel": channel, "since": since, "position": position})


class _Written(packet.Packet):
    """A packet that is sent to many: it is written once."""

    def __init__(self, text: str) -> None:
        super().__init__(packet.MESSAGE, data=text)
        self._text = f"{packet.MESSAGE}{text}"

    def encode(self, b64: bool = False) -> str:
        """As it is sent."""
        return self._text


def _packet(event: str, payload: Mapping[str, Any]) -> packet.Packet:
    return _Written(f"2[{orjson.dumps(event).decode()},{orjson.dumps(payload).decode()}]")
