"""From the log to subscriptions: every process reads the log and tells its own clients, each change once and in order.

Nothing is sent from process to process: what a process has not read yet, it reads when it can. So neither Redis nor
another process can lose an event, and whoever comes back reads on from where they were. See decision 0019.
"""

import asyncio
import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from app import log as logs
from app.adapters.listener import Listener
from app.adapters.postgres import Database
from app.catalog.types import Name
from app.errors import AppError, ErrorSpec, refuse
from app.realtime import log
from app.realtime.log import CHANGED, NUMBERED, Change
from app.realtime.sights import Eyes, Seen
from app.realtime.subscriptions import Subscription

NOT_HEARD = "changes_not_heard"
AWAY = "changes_unavailable"
REPLAY_UNAVAILABLE = ErrorSpec("REALTIME_UNAVAILABLE", 503, "Le temps réel est momentanément indisponible")
#: Nothing depends on being told: what was not heard is found by looking.
_POLL_SECONDS = 1.0
#: Whoever numbered the log last does so at once; the others look whether it was done.
_PATIENCE_SECONDS = 0.03
_PAUSE_SECONDS = 0.5
#: While changes come one upon the other, some are numbered together; and whoever hands out leaves others their turn.
_GATHER_SECONDS, _LONGEST_TURN_SECONDS = 0.01, 0.025
#: What PostgreSQL says in somebody else's database, where there is no log.
_NO_LOG = frozenset({"42P01", "42883", "3F000", "42501", "22023"})
#: Events that are made before others have their turn.
_TOLD_AT_ONCE = 25
#: Pause between two looks whether somebody has taken what they were told, and how long others wait for that.
_ROOM_SECONDS, _MOMENT_SECONDS = 0.002, 0.05


@dataclass(slots=True)
class Feed:
    """One process's part."""

    database: Database
    eyes: Eyes
    #: Tables that are logged.
    tables: frozenset[Name]
    #: Told the last position whenever the log was looked after, and each second.
    numbered: Callable[[int], None] | None = None
    #: The last position that this process has taken in hand.
    position: int = 0
    #: The last position that was given, as far as this process knows.
    _last: int = 0
    _subscriptions: dict[Name, set[Subscription]] = field(default_factory=lambda: defaultdict(set))
    _listener: Listener | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _numbered: asyncio.Event = field(default_factory=asyncio.Event)
    _mine: bool = False
    #: Something may have been missed: look how far the log goes.
    _unsure: bool = True
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
        marks = None if since is None else await log.marks(self.database)
        if since is None or marks is None or since > marks.last:
            subscription.position = self.position
        else:
            # They may have seen more than this process has: another one told them.
            if marks.last > self._last:
                self._last = marks.last
                self._numbered.set()
            gap, subscription.position = (marks.floor, marks.floor) if since < marks.floor else (None, since)
            subscription.catching_up = True
        if not subscription.ended:
            # Whoever went meanwhile has left already.
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
        while subscription.catching_up and not subscription.ended:
            try:
                await self._catch_up_with(subscription)
            except Exception as error:
                _note_mistake(error)
                until = max(subscription.position, self.position)
                _left_out([subscription], subscription.position, until)
                subscription.position = until

    async def _catch_up_with(self, subscription: Subscription) -> None:
        tables = list(subscription.topic.tables)
        while subscription.catching_up and not subscription.ended:
            until = self.position
            if until < subscription.position <= self._last:
                # What comes next here they have been told elsewhere.
                await asyncio.sleep(_MOMENT_SECONDS)
                continue
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
            seen = await self.eyes.see(changes, [subscription])
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

    def _heard(self, channel: str, told: str) -> None:
        if channel == CHANGED:
            self._changed.set()
        elif told.isdecimal():
            self._last = max(self._last, int(told))
            self._numbered.set()

    async def _catch_up(self) -> None:
        self._changed.set()
        self._unsure = True
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
                known = self._last
                last = await log.number(self.database, known)
                self._mine, self._last = news and last > known, max(self._last, last)
                if self.numbered is not None:
                    self.numbered(last)
                if self._mine:
                    await asyncio.sleep(_GATHER_SECONDS)
            except AppError as error:
                if error.code in _NO_LOG:
                    return
                self._mine = False
                logs.event(AWAY, {"reason": str(error)}, level="warning")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _look(self) -> None:
        """Ask how far the log goes: something may not have been heard, or the database been put back."""
        self._unsure, known = False, self._last
        last = (await log.marks(self.database)).last
        # What was told meanwhile may be newer.
        self._last = last if self._last == known else max(self._last, last)
        self.position = min(self.position, self._last)

    async def _read(self) -> None:
        while True:
            try:
                self._numbered.clear()
                if self._unsure:
                    await self._look()
                if not self._reads.is_set():
                    self.position = self._last
                    self._reads.set()
                while self.position < self._last:
                    began = time.monotonic()
                    await self._hand_out(await self._next())
                    await asyncio.sleep(min(time.monotonic() - began, _LONGEST_TURN_SECONDS))
            except AppError as error:
                if error.code in _NO_LOG:
                    return
                self._unsure = True
                logs.event(AWAY, {"reason": str(error)}, level="warning")
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            except Exception as error:
                _note_mistake(error)
                await asyncio.sleep(_PAUSE_SECONDS)
            self._unsure |= not await _set_within(self._numbered, _POLL_SECONDS)

    async def _next(self) -> "_Batch":
        """The next changes that anybody wants to hear of, and who takes part: whoever comes later has missed them."""
        wanted = [table for table, found in self._subscriptions.items() if found]
        after, last = self.position, self._last
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
        changed = {change.table for change in changes}
        concerned = (one for one in taking_part if not changed.isdisjoint(one.topic.tables))
        return _Batch(after, changes, list(concerned))

    async def _hand_out(self, batch: "_Batch") -> None:
        if not batch.changes or not batch.readers:
            return
        try:
            await self._tell_all(batch)
        except Exception as error:
            _note_mistake(error)
            _left_out(batch.readers, batch.after, batch.changes[-1].position)

    async def _tell_all(self, batch: "_Batch") -> None:
        seen = await self.eyes.see(batch.changes, batch.readers)
        told, patient = 0, True
        # One after the other: what each of them is told goes out in one go.
        for one in batch.readers:
            if seen.has_failed(one):
                one.position = batch.after
                self.go_on_apart(one)
                continue
            for change in batch.changes:
                if change.table not in one.topic.tables:
                    continue
                if patient and one.missed_since is None and not one.has_room():
                    # A burst makes nobody slow; but whoever is, is not waited for.
                    patient = await _room(one, _MOMENT_SECONDS)
                self._tell(one, change, seen)
                told += 1
                if told % _TOLD_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _tell(self, subscription: Subscription, change: Change, seen: Seen) -> None:
        told = None if subscription.ended else seen.told(subscription, change)
        if told is not None and not subscription.deliver(told) and subscription.missed_since is None:
            subscription.missed_since = change.position - 1


@dataclass(frozen=True, slots=True)
class _Batch:
    """Changes after a position, and who is told of them."""

    after: int
    changes: Sequence[Change]
    readers: Sequence[Subscription]


def _note_mistake(error: Exception) -> None:
    """A mistake of ours must not end the telling."""
    logs.event("unexpected_error", {"in": "realtime"}, level="error", error=error)


def _left_out(readers: Iterable[Subscription], since: int, position: int) -> None:
    for one in readers:
        if not one.ended and one.missed_since is None:
            one.gap(since, position)


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
