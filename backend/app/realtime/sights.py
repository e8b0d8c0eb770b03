"""What readers may see of changes: policies are asked of all who are told of them, and what else they are told."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Coroutine, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app import log as logs
from app.adapters.postgres import Database, Stamp
from app.catalog.types import Name
from app.errors import AppError
from app.realtime.log import Change, Image
from app.realtime.rules import NOT_JUDGED, Readers
from app.realtime.subscriptions import Lookup, Sight, Subscription, Told

#: Readers that PostgreSQL is asked about at once, and how long others wait for one of them.
_AT_ONCE, _LONGEST_SECONDS = 4, 2.0
#: What is asked: by table and reader, changes by their positions.
_Asked = dict[tuple[Name, Stamp], dict[int, Change]]
#: Readers on whom policies agree where they do not ask who reads: of a table, with a role, in a tenant.
_Alike = tuple[Name, str, str]
#: The row before a change or after it: the change's position, and whether it is the latter.
_Image = tuple[int, bool]


@dataclass(frozen=True, slots=True)
class Seen:
    """What readers may see of some changes, by reader."""

    #: As whom each was asked about: meanwhile they may have brought another token.
    stamps: dict[Subscription, Stamp] = field(default_factory=dict[Subscription, Stamp])
    #: Of what is told to all alike who have the same role in a tenant, by position.
    of_all: dict[_Alike, dict[int, Sight]] = field(default_factory=dict[_Alike, dict[int, Sight]])
    #: Changes before which the row was open to all of them.
    was_open: dict[_Alike, set[int]] = field(default_factory=dict[_Alike, set[int]])
    #: Of the rest, by reader and position.
    of_one: dict[tuple[Stamp, int], Sight] = field(default_factory=dict[tuple[Stamp, int], Sight])
    #: The same, by what they depend on.
    shared: dict[Hashable, Sight] = field(default_factory=dict[Hashable, Sight])
    #: What was looked up, by reader, statement and key.
    found: dict[tuple[Stamp, str, str], Any] = field(default_factory=dict[tuple[Stamp, str, str], Any])
    #: Readers who could not be asked about.
    failed: set[Stamp] = field(default_factory=set[Stamp])

    def sight(self, stamp: Stamp, change: Change) -> Sight | None:
        """What a reader sees of a change; None: nothing."""
        of_all = self.of_all.get((change.table, stamp.role, stamp.tenant_id))
        found = None if of_all is None else of_all.get(change.position)
        return found or self.of_one.get((stamp, change.position))

    def has_failed(self, subscription: Subscription) -> bool:
        """Whether somebody could not be asked about."""
        return self.stamps[subscription] in self.failed

    def told(self, subscription: Subscription, change: Change) -> Told | None:
        """What somebody is told of a change."""
        topic, stamp = subscription.topic, self.stamps[subscription]
        sight = self.sight(stamp, change)
        if sight is None or change.table not in topic.tables or not topic.concerns(change):
            return None
        lookup = topic.lookups.get(change.table)
        found = None if lookup is None else self.found.get((stamp, lookup.statement, _key(change, lookup)))
        return topic.told(sight, found)


@dataclass(slots=True)
class Eyes:
    """Sees with the readers' eyes."""

    database: Database
    readers: Readers
    #: Columns that nobody is shown.
    hidden: frozenset[str] = frozenset()
    _asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def see(self, changes: Sequence[Change], subscriptions: Iterable[Subscription]) -> Seen:
        """What each reader may see of each change that concerns them, and what they are told besides."""
        by_table: dict[Name, list[Change]] = defaultdict(list)
        for change in changes:
            by_table[change.table].append(change)
        seen = Seen({one: one.stamp for one in subscriptions})
        asked: _Asked = defaultdict(dict)
        for one, stamp in seen.stamps.items():
            for table in one.topic.tables:
                which = [item for item in by_table[table] if one.topic.concerns(item)]
                if which:
                    asked[table, stamp].update((item.position, item) for item in which)
        await self._see_what_all_may(asked, seen)
        await asyncio.gather(
            *(
                self._asked(stamp, table.name, seen, self._see(stamp, table, which.values(), seen))
                for (table, stamp), which in asked.items()
            )
        )
        wanted: dict[tuple[Stamp, str], set[str]] = defaultdict(set)
        for one, stamp in seen.stamps.items():
            for table, lookup in one.topic.lookups.items():
                for change in by_table[table]:
                    if one.topic.concerns(change) and seen.sight(stamp, change) is not None:
                        wanted[stamp, lookup.statement].add(_key(change, lookup))
        await asyncio.gather(
            *(
                self._asked(stamp, "lookup", seen, self._look_up(stamp, statement, keys, seen))
                for (stamp, statement), keys in wanted.items()
            )
        )
        return seen

    async def _see_what_all_may(self, asked: _Asked, seen: Seen) -> None:
        """Ask once what is asked of many: a row that is open to all of them is open to each."""
        alike: dict[_Alike, dict[Stamp, dict[int, Change]]] = defaultdict(dict)
        for (table, stamp), which in asked.items():
            alike[table, stamp.role, stamp.tenant_id][stamp] = which

        async def see(key: _Alike, stamp: Stamp, which: Sequence[Change]) -> None:
            table, role, _ = key
            images = [(name, text) for item in which for name, text in _images(item)]
            found = await self.readers.readable_by_all(table, stamp, [text for _, text in images])
            is_open = {images[place][0] for place in found}
            columns = await self._columns(table, role)
            seen.was_open[key] = {position for position, is_new in is_open if not is_new}
            seen.of_all[key] = {
                item.position: _sight(item, columns, is_there=item.new is not None)
                for item in which
                if (item.position, item.new is not None) in is_open
            }

        asking: list[Coroutine[Any, Any, None]] = []
        for key, readers in alike.items():
            if len(readers) > 1:
                which = {position: item for of_one in readers.values() for position, item in of_one.items()}
                stamp = next(iter(readers))
                asking.append(self._asked(stamp, key[0].name, seen, see(key, stamp, list(which.values()))))
        await asyncio.gather(*asking)

    async def _asked(self, stamp: Stamp, what: str, seen: Seen, asking: Coroutine[Any, Any, None]) -> None:
        try:
            async with self._asking, asyncio.timeout(_LONGEST_SECONDS):
                await asking
        except (AppError, TimeoutError) as error:
            # One reader's trouble is nobody else's.
            logs.event(NOT_JUDGED, {"table": what, "reason": str(error)}, level="warning")
            seen.failed.add(stamp)
        finally:
            asking.close()

    async def _look_up(self, stamp: Stamp, statement: str, keys: Collection[str], seen: Seen) -> None:
        for key, found in await self.database.fetch(stamp, statement, list(keys), mode="write"):
            seen.found[stamp, statement, key] = orjson.loads(found)

    async def _see(self, stamp: Stamp, table: Name, changes: Iterable[Change], seen: Seen) -> None:
        alike = table, stamp.role, stamp.tenant_id
        of_all, was_open = seen.of_all.get(alike, {}), seen.was_open.get(alike, set[int]())
        unsure = [item for item in changes if item.position not in of_all]
        images = [
            (name, text) for item in unsure for name, text in _images(item) if name[1] or item.position not in was_open
        ]
        if not images:
            return
        found = await self.readers.readable(table, stamp, [text for _, text in images])
        readable = {images[place][0] for place in found}
        columns = await self._columns(table, stamp.role)
        for change in unsure:
            is_there = (change.position, True) in readable
            if is_there or (change.position, False) in readable or change.position in was_open:
                # Whoever sees the row sees the same of it.
                key = (change.position, stamp.role, is_there)
                if key not in seen.shared:
                    seen.shared[key] = _sight(change, columns, is_there=is_there)
                seen.of_one[stamp, change.position] = seen.shared[key]

    async def _columns(self, table: Name, role: str) -> frozenset[str]:
        return (await self.readers.rules(table, role)).columns - self.hidden


def _images(change: Change) -> list[tuple[_Image, str]]:
    both = ((True, change.new_text), (False, change.old_text))
    return [((change.position, is_new), text) for is_new, text in both if text is not None]


def _key(change: Change, lookup: Lookup) -> str:
    return str((change.new or change.old or {}).get(lookup.column))


def _sight(change: Change, columns: Collection[str], *, is_there: bool) -> Sight:
    if is_there:
        return Sight(change, _shown(change.new, columns))
    return Sight(change, None, _shown(change.old, columns))


def _shown(image: Image | None, columns: Collection[str]) -> Image | None:
    return None if image is None else {name: value for name, value in image.items() if name in columns}
