"""From the log to subscriptions: every process reads the log and tells its own clients, each change once and in order.

Nothing is sent from process to process: what a process has not read yet, it reads when it can. So neither Redis nor
another process can lose an event, and whoever comes back reads on from where they were. See decision 0019.
"""

import asyncio
import itertools
import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app import log as logs
from app.adapters.listener import Listener
from app.adapters.postgres import Database, Stamp
from app.catalog.types import Name
from app.errors import AppError, ErrorSpec, refuse
from app.realtime import log
from app.realtime.log import CHANGED, NUMBERED, Change, Image, Marks
from app.realtime.rules import Readers
from app.realtime.subscriptions import Lookup, Sight, Subscription, Told

NOT_HEARD = "changes_not_heard"
AWAY = "changes_unavailable"
NOT_JUDGED = "changes_not_judged"
REPLAY_UNAVAILABLE = ErrorSpec("REALTIME_UNAVAILABLE", 503, "Le temps réel est momentanément indisponible")
#: Nothing depends on being told: what was not heard is found by looking.
_POLL_SECONDS = 1.0
#: Whoever numbered the log last does so at once; the others look whether it was done.
_PATIENCE_SECONDS = 0.03
_PAUSE_SECONDS = 0.5
#: What PostgreSQL says in somebody else's database, where there is no log.
_NO_LOG = frozenset({"42P01", "42883", "3F000", "42501", "22023"})
#: Readers that PostgreSQL is asked about at once, and how long others wait for one of them.
_AT_ONCE, _LONGEST_SECONDS = 4, 2.0
_TOLD_AT_ONCE = 100
#: Pause between two looks whether somebody has taken what they were told, and how long others wait for that.
_ROOM_SECONDS, _MOMENT_SECONDS = 0.002, 0.05


@dataclass(slots=True)
class Feed:
    """One process's part."""

    database: Database
    readers: Readers
    #: Tables that are logged.
    tables: frozenset[Name]
    #: Columns that nobody is shown.
    hidden: frozenset[str] = frozenset()
    #: Told the last position whenever the log was looked after, and each second.
    numbered: Callable[[int], None] | None = None
    #: The last position that this process has taken in hand.
    position: int = 0
    _marks: Marks = field(default_factory=lambda: Marks(0, 0))
    _subscriptions: dict[Name, set[Subscription]] = field(default_factory=lambda: defaultdict(set))
    _listener: Listener | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _numbered: asyncio.Event = field(default_factory=asyncio.Event)
    _mine: bool = False
    _asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    _apart: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    #: Set while the log is read: nobody can be told where they are before.
    _reads: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Number and read from now on."""
        self._listener = Listener(
            database=self.database,
            channels=(CHANGED, NUMBERED),
            heard=self._heard,
            catch_up=self._catch_up,
            lost=NOT_HEARD,
        )
        self._listener.start()
        self._tasks = [asyncio.create_task(self._number()), asyncio.create_task(self._read())]

    async def stop(self) -> None:
        """No more of it."""
        if self._listener is not None:
            await self._listener.stop()
        tasks = [*self._tasks, *self._apart]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Subscriptions.

    async def subscribe(self, subscription: Subscription, since: int | None) -> int | None:
        """Have somebody told from now on, or from where they were; the position from which on they missed something."""
        try:
            async with asyncio.timeout(_POLL_SECONDS * 5):
                await self._reads.wait()
        except TimeoutError:
            raise refuse(REPLAY_UNAVAILABLE, headers={"Retry-After": "1"}) from None
        gap = None
        now = self.position
        if since is None or since > now:
            subscription.position = now
        else:
            floor = (await log.marks(self.database)).floor
            gap, subscription.position = (floor, floor) if since < floor else (None, since)
            subscription.catching_up = True
        for table in subscription.topic.tables:
            self._subscriptions[table].add(subscription)
        return gap

    def unsubscribe(self, subscription: Subscription) -> None:
        """Nothing more is told."""
        subscription.ended = True
        for table in subscription.topic.tables:
            found = self._subscriptions.get(table)
            if found is not None:
                found.discard(subscription)
                if not found:
                    del self._subscriptions[table]

    async def catch_up(self, subscription: Subscription) -> None:
        """Tell somebody what was before they came back; then they are one of all."""
        tables = list(subscription.topic.tables)
        while subscription.catching_up and not subscription.ended:
            until = self.position
            if subscription.position >= until:
                # Nothing is awaited between this look and the next change.
                subscription.catching_up = False
                return
            try:
                changes = await log.read(self.database, subscription.position, until, tables)
            except AppError as error:
                logs.event(AWAY, {"reason": str(error)}, level="warning")
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            seen = await self.see(changes, [subscription])
            if seen.failed:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for change in changes:
                # The log keeps what there is no room for yet.
                await _room(subscription)
                self._tell(subscription, change, seen)
            subscription.position = changes[-1].position if len(changes) == log.MOST else until

    def go_on_apart(self, subscription: Subscription) -> None:
        """Have somebody told on their own of what comes after their position, so that nobody else waits for them."""
        subscription.catching_up = True
        task = asyncio.create_task(self.catch_up(subscription))
        self._apart.add(task)
        task.add_done_callback(self._apart.discard)

    # The log.

    def _heard(self, channel: str, _told: str) -> None:
        (self._changed if channel == CHANGED else self._numbered).set()

    async def _catch_up(self) -> None:
        self._changed.set()
        self._numbered.set()

    async def _number(self) -> None:
        while True:
            news = await _set_within(self._changed, _POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            if news and not self._mine:
                self._numbered.clear()
                if await _set_within(self._numbered, _PATIENCE_SECONDS):
                    # Somebody else is at it, and will be the next time.
                    self._changed.clear()
                    self._numbered.set()
                    continue
            self._changed.clear()
            try:
                last = await log.number(self.database)
                self._mine = news and last > self._marks.last
                if self.numbered is not None:
                    self.numbered(last)
            except AppError as error:
                if error.code in _NO_LOG:
                    return
                self._mine = False
                logs.event(AWAY, {"reason": str(error)}, level="warning")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _read(self) -> None:
        while True:
            try:
                self._numbered.clear()
                self._marks = await log.marks(self.database)
                if not self._reads.is_set():
                    self.position = self._marks.last
                    self._reads.set()
                while self.position < self._marks.last:
                    await self._hand_out(await self._next())
            except AppError as error:
                if error.code in _NO_LOG:
                    return
                logs.event(AWAY, {"reason": str(error)}, level="warning")
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            except Exception as error:
                # A mistake of ours must not end the telling.
                logs.event("unexpected_error", {"in": "realtime"}, level="error", error=error)
                await asyncio.sleep(_PAUSE_SECONDS)
            await _set_within(self._numbered, _POLL_SECONDS)

    async def _next(self) -> "_Batch":
        """The next changes that anybody wants to hear of, and who takes part: whoever comes later has missed them."""
        wanted = [table for table, found in self._subscriptions.items() if found]
        after, last = self.position, self._marks.last
        changes: Sequence[Change] = await log.read(self.database, after, last, wanted) if wanted else ()
        # From here to the end nothing is awaited.
        until = changes[-1].position if len(changes) == log.MOST else last
        taking_part = {one for found in self._subscriptions.values() for one in found if not one.catching_up}
        for one in taking_part.copy():
            if not set(wanted).issuperset(one.topic.tables):
                # Came while the log was read for others.
                taking_part.discard(one)
                self.go_on_apart(one)
            else:
                one.position = until
        self.position = until
        return _Batch(after, changes, list(taking_part))

    async def _hand_out(self, batch: "_Batch") -> None:
        if not batch.changes or not batch.readers:
            return
        seen = await self.see(batch.changes, batch.readers)
        interested: dict[Name, list[Subscription]] = defaultdict(list)
        for one in batch.readers:
            if one.stamp in seen.failed:
                one.position = batch.after
                self.go_on_apart(one)
                continue
            for table in one.topic.tables:
                interested[table].append(one)
        told, patient = 0, True
        for change in batch.changes:
            for one in interested[change.table]:
                if patient and one.missed_since is None and not one.has_room():
                    # A burst makes nobody slow; but whoever is, is not waited for.
                    patient = await _room(one, _MOMENT_SECONDS)
                self._tell(one, change, seen)
            told += len(interested[change.table])
            if told >= _TOLD_AT_ONCE:
                told = 0
                await asyncio.sleep(0)

    def _tell(self, subscription: Subscription, change: Change, seen: "Seen") -> None:
        told = None if subscription.ended else seen.told(subscription, change)
        if told is not None and not subscription.deliver(told) and subscription.missed_since is None:
            subscription.missed_since = change.position - 1

    async def see(self, changes: Sequence[Change], subscriptions: Iterable[Subscription]) -> "Seen":
        """What each reader may see of each change that concerns them, and what they are told besides."""
        by_table: dict[Name, list[Change]] = defaultdict(list)
        for change in changes:
            by_table[change.table].append(change)
        subscriptions = list(subscriptions)
        asked: dict[tuple[Stamp, Name], dict[int, Change]] = defaultdict(dict)
        for one in subscriptions:
            for table in one.topic.tables:
                which = asked[one.stamp, table]
                which.update((item.position, item) for item in by_table[table] if one.topic.concerns(item))
        seen = Seen()
        await asyncio.gather(
            *(
                self._asked(stamp, table.name, seen, self._see(stamp, table, list(which.values()), seen))
                for (stamp, table), which in asked.items()
                if which
            )
        )
        wanted: dict[tuple[Stamp, str], set[str]] = defaultdict(set)
        for one in subscriptions:
            for table, lookup in one.topic.lookups.items():
                for change in by_table[table]:
                    if (one.stamp, change.position) in seen.sights and one.topic.concerns(change):
                        wanted[one.stamp, lookup.statement].add(_key(change, lookup))
        await asyncio.gather(
            *(
                self._asked(stamp, "lookup", seen, self._look_up(stamp, statement, keys, seen))
                for (stamp, statement), keys in wanted.items()
            )
        )
        return seen

    async def _asked(self, stamp: Stamp, what: str, seen: "Seen", asking: Coroutine[Any, Any, None]) -> None:
        try:
            async with self._asking, asyncio.timeout(_LONGEST_SECONDS):
                await asking
        except (AppError, TimeoutError) as error:
            # One reader's trouble is nobody else's.
            logs.event(NOT_JUDGED, {"table": what, "reason": str(error)}, level="warning")
            seen.failed.add(stamp)
        finally:
            asking.close()

    async def _look_up(self, stamp: Stamp, statement: str, keys: Collection[str], seen: "Seen") -> None:
        for key, found in await self.database.fetch(stamp, statement, list(keys), mode="write"):
            seen.found[stamp, statement, key] = orjson.loads(found)

    async def _see(self, stamp: Stamp, table: Name, changes: Sequence[Change], seen: "Seen") -> None:
        images = [text for change in changes for text in (change.old_text, change.new_text) if text is not None]
        readable = await self.readers.readable(table, stamp, images)
        columns = (await self.readers.rules(table, stamp.role)).columns - self.hidden
        places = itertools.count()
        for change in changes:
            old, new = (
                None if image is None or next(places) not in readable else image for image in (change.old, change.new)
            )
            if old is None and new is None:
                continue
            # Most readers see the same.
            key = (change.position, stamp.role, old is None, new is None)
            if key not in seen.shared:
                seen.shared[key] = Sight(change, _shown(old, columns), _shown(new, columns))
            seen.sights[stamp, change.position] = seen.shared[key]


@dataclass(frozen=True, slots=True)
class Seen:
    """What readers may see of some changes, by reader."""

    sights: dict[tuple[Stamp, int], Sight] = field(default_factory=dict[tuple[Stamp, int], Sight])
    #: The same, by what they depend on.
    shared: dict[Hashable, Sight] = field(default_factory=dict[Hashable, Sight])
    #: What was looked up, by reader, statement and key.
    found: dict[tuple[Stamp, str, str], Any] = field(default_factory=dict[tuple[Stamp, str, str], Any])
    #: Readers who could not be asked about.
    failed: set[Stamp] = field(default_factory=set[Stamp])

    def told(self, subscription: Subscription, change: Change) -> Told | None:
        """What somebody is told of a change."""
        topic, stamp = subscription.topic, subscription.stamp
        sight = self.sights.get((stamp, change.position))
        if sight is None or change.table not in topic.tables or not topic.concerns(change):
            return None
        lookup = topic.lookups.get(change.table)
        found = None if lookup is None else self.found.get((stamp, lookup.statement, _key(change, lookup)))
        return topic.told(sight, found)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Changes after a position, and who is told of them."""

    after: int
    changes: Sequence[Change]
    readers: Sequence[Subscription]


def _key(change: Change, lookup: Lookup) -> str:
    return str((change.new or change.old or {}).get(lookup.column))


def _shown(image: Image | None, columns: Collection[str]) -> Image | None:
    return None if image is None else {name: value for name, value in image.items() if name in columns}


async def _room(subscription: Subscription, seconds: float = math.inf) -> bool:
    """Whether there is room for one more event, or nobody to be told of it, before the time is over."""
    pause, end = _ROOM_SECONDS, time.monotonic() + seconds
    while not (subscription.ended or subscription.has_room()):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(pause)
        pause = min(2 * pause, _MOMENT_SECONDS)
    return True


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
