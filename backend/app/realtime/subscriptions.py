"""What somebody wants to hear of, and what they are told of a change."""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.adapters.postgres import Stamp
from app.catalog.types import Name
from app.realtime.filters import Filter
from app.realtime.log import Change, Image

ALL = frozenset({"INSERT", "UPDATE", "DELETE"})


@dataclass(slots=True, eq=False)
class Told:
    """An event on its way."""

    event: str
    payload: Mapping[str, Any]
    #: As it is sent, once somebody has written it: to many readers the same is sent.
    wire: Any = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may see of a change: images of it, with the columns that they may read."""

    change: Change
    old: Image | None
    new: Image | None
    #: What is made of it, for those who are told the same.
    made: dict[Hashable, Told] = field(default_factory=dict[Hashable, Told], compare=False)

    @property
    def is_gone(self) -> bool:
        """The row was there for the reader, and is no more: deleted, or out of their sight."""
        return self.new is None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What images do not say: asked once for all changes of a batch, in each reader's name.

    So it is what they see; and as it is now, not as it was when the change was made.
    """

    #: Given an array of keys as texts: rows of a key and JSON. A key that is left out is nothing to the reader.
    statement: str
    #: Where an image has the key.
    column: str


class Topic(Protocol):
    """What a subscription is to."""

    @property
    def channel(self) -> str:
        """As the client calls it."""
        ...

    @property
    def tables(self) -> Collection[Name]:
        """Those that it is about."""
        ...

    @property
    def subject(self) -> object:
        """What it is about: a connection that has two names for the same thing is told of it under the later one."""
        ...

    @property
    def lookups(self) -> Mapping[Name, Lookup]:
        """What is asked besides, by the table that was changed."""
        ...

    def concerns(self, change: Change) -> bool:
        """Whether a change is of any interest, whoever may see it."""
        ...

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        """What a reader is told, given what was looked up."""
        ...


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Changes to the rows of a table, as `postgres_changes` of the client library takes them."""

    channel: str
    table: Name
    events: frozenset[str] = ALL
    filter: Filter | None = None
    #: The client's own number for it.
    id: str | float | None = None
    #: The client's own name for the schema, if it is another.
    schema: str = ""

    @property
    def tables(self) -> tuple[Name, ...]:
        """The one that it is about."""
        return (self.table,)

    @property
    def subject(self) -> object:
        """Two of them may differ in anything: each is told apart."""
        return self.channel

    @property
    def lookups(self) -> Mapping[Name, Lookup]:
        """Nothing."""
        return {}

    def concerns(self, change: Change) -> bool:
        """Whether it is of the kind that is asked for. A row that gets out of sight is one that goes."""
        if change.operation not in self.events and not ("DELETE" in self.events and change.operation == "UPDATE"):
            return False
        images = [image for image in (change.new, change.old) if image is not None]
        return self.filter is None or any(map(self.filter.matches, images))

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        """In the form of the client library. Of a row that is gone nothing but its key is told."""
        change = sight.change
        kind = "DELETE" if sight.is_gone else change.operation
        if kind not in self.events:
            return None
        if self.filter is not None and sight.new is not None and not self.filter.matches(sight.new):
            return None
        like = self.channel, self.id, self.schema
        made = sight.made.get(like)
        if made is None:
            made = sight.made[like] = Told("postgres_changes", self._payload(kind, sight))
        return made

    def _payload(self, kind: str, sight: Sight) -> dict[str, Any]:
        change = sight.change
        payload: dict[str, Any] = {
            "channel": self.channel,
            "position": change.position,
            "schema": self.schema or change.table.schema,
            "table": change.table.name,
            "eventType": kind,
            "commit_timestamp": change.at,
            "new": sight.new or {},
            "old": change.key if kind != "INSERT" else {},
            "errors": None,
        }
        if self.id is not None:
            payload["id"] = self.id
        return payload


@dataclass(slots=True, eq=False)
class Subscription:
    """One topic of one connection."""

    topic: Topic
    stamp: Stamp
    #: Takes an event; False: there is no room for it.
    deliver: Callable[[Told], bool]
    #: Whether it has room enough for what can wait.
    has_room: Callable[[], bool] = lambda: True
    #: What it has been told of, or need not be.
    position: int = 0
    #: It is told what was before it came, and takes part when it has caught up.
    catching_up: bool = False
    #: Positions from which on something was left out for want of room.
    missed_since: int | None = None
    ended: bool = field(default=False)
