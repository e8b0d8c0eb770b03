"""What somebody wants to hear of, and what they are told of a change."""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.adapters.postgres import Stamp
from app.catalog.types import Name
from app.realtime.filters import Filter
from app.realtime.log import Change, Image

#: Rows that a subscription remembers to have told to be gone.
_REMEMBERED = 1000
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
    """What a reader may see of a change: the row as it is now, with the columns that they may read.

    Without one they could read it as it was before.
    """

    change: Change
    new: Image | None
    #: Of one that is gone, what they could read of it before: it is not told, but looked at.
    old: Image | None = None
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
class Right:
    """Rows of another table that let somebody read rows of this one."""

    #: Tells which of these rows somebody still sees.
    lookup: Lookup
    #: Where it is said whom they let read.
    user_column: str


@dataclass(slots=True, eq=False)
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
    #: By table, what rights to rows of this one hang on, and whose are looked at.
    rights: Mapping[Name, Right] = field(default_factory=dict[Name, Right])
    user_id: str = ""
    #: The one that it is about, and those that rights to it hang on.
    tables: tuple[Name, ...] = field(init=False)
    #: Whether a row is still to be seen without the right that went.
    lookups: Mapping[Name, Lookup] = field(init=False)
    #: Rows that were told to be gone lately: they may go with the right to them, which is told as well.
    _gone: dict[Any, None] = field(default_factory=dict[Any, None])

    def __post_init__(self) -> None:
        self.tables = (self.table, *self.rights)
        self.lookups = {table: right.lookup for table, right in self.rights.items()}

    @property
    def subject(self) -> object:
        """Two of them may differ in anything: each is told apart."""
        return self.channel

    def concerns(self, change: Change) -> bool:
        """Whether it is of the kind that is asked for. A row that gets out of sight is one that goes."""
        right = self.rights.get(change.table) if change.table != self.table else None
        if right is not None:
            was, now = ((image or {}).get(right.user_column) for image in (change.old, change.new))
            return "DELETE" in self.events and was != now and self.user_id in (was, now)
        if change.operation not in self.events and not ("DELETE" in self.events and change.operation == "UPDATE"):
            return False
        images = [image for image in (change.new, change.old) if image is not None]
        return self.filter is None or any(map(self.filter.matches, images))

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        """In the form of the client library. Of a row that is gone nothing but its key is told."""
        change = sight.change
        if change.table != self.table:
            return self._told_of_right(change, self.rights[change.table], found)
        kind = "DELETE" if sight.is_gone else change.operation
        if kind != "DELETE":
            self._gone.pop(change.key.get("id"), None)
        if kind not in self.events:
            return None
        seen = (sight.old if sight.is_gone else sight.new) or {}
        # What a reader may not see is not to be found out by asking for it.
        if self.filter is not None and not self.filter.matches(seen):
            return None
        key = {name: seen[name] for name in change.key if name in seen}
        if kind == "DELETE" and self.rights and not self._goes(key.get("id")):
            return None
        like = self.channel, self.id, self.schema
        made = sight.made.get(like)
        if made is None:
            old: Image = key if kind != "INSERT" else dict[str, Any]()
            made = sight.made[like] = Told("postgres_changes", self._payload(kind, change, old, sight.new))
        return made

    def _told_of_right(self, change: Change, right: Right, found: Any) -> Told | None:
        """That a row is gone with the right to it. Whoever is given one may lose the row anew."""
        # Only a key of one column is named elsewhere.
        column, new = right.lookup.column, change.new or {}
        if new.get(right.user_column) == self.user_id:
            self._gone.pop(new.get(column), None)
            return None
        lost = (change.old or {}).get(column)
        told = found is None and self._goes(lost)
        return Told("postgres_changes", self._payload("DELETE", change, {"id": lost})) if told else None

    def _goes(self, key: Any) -> bool:
        """Whether a row that is gone was not told to be so already."""
        if key in self._gone:
            return False
        if len(self._gone) >= _REMEMBERED:
            del self._gone[next(iter(self._gone))]
        self._gone[key] = None
        return True

    def _payload(self, kind: str, change: Change, old: Image, new: Image | None = None) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "channel": self.channel,
            "position": change.position,
            "schema": self.schema or self.table.schema,
            "table": self.table.name,
            "eventType": kind,
            "commit_timestamp": change.at,
            "new": new or {},
            "old": old,
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
    #: Says that something was left out after a position, up to another one.
    gap: Callable[[int, int], None] = lambda _since, _position: None
    #: What it has been told of, or need not be.
    position: int = 0
    #: It is told what was before it came, and takes part when it has caught up.
    catching_up: bool = False
    #: Positions from which on something was left out for want of room.
    missed_since: int | None = None
    ended: bool = field(default=False)
