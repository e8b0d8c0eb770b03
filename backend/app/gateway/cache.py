"""Answers that are kept in Redis, and never wrong.

An entry says which versions of which tables it was computed from, read before the query was sent. A read fetches the
entry and the versions of now in one round trip and compares. A version is a random word under a key of its own; a write
deletes the key once it is committed and before its client is answered, and whoever reads next makes up another word.

Who writes tells in two ways. Through this process: the connection itself hears of every table that a statement wrote
to, triggers and cascades included (`Database.on_written`). On any other road: PostgreSQL announces it when it is
committed, and it shows as soon as the announcement has come through.

Whatever makes the versions doubtful does away with all of them at once, by one key that every entry depends on: a new
connection to Redis (which may have been restarted with what it knew an hour ago) and announcements that were not heard.
Without Redis, or deaf, a process keeps nothing and computes every answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from os import urandom
from typing import Any

from app import log
from app.adapters.listener import Listener
from app.adapters.postgres import SERVICE, Database, Stamp
from app.adapters.redis import Redis, RedisUnavailable, Script
from app.catalog.types import Catalog, Name
from app.errors import AppError
from app.gateway.at_hand import AtHand, Lately
from app.gateway.keeping import Keeping, Lifetimes, decoded, encoded, tag_of, version_name
from app.gateway.reads import is_pinned
from app.gateway.types import ResultSet
from app.settings import CacheSettings

CHANNEL = "relais_written"
WRITES_NOT_HEARD = "writes_not_heard"
WRITES_NOT_TOLD = "writes_not_told"
REFUSED = "answers_not_kept"
#: Every entry depends on it.
EPOCH = "epoch"
#: Announced in the place of a table when nobody can say which one.
_ANYTHING = "*"
#: Longer than any entry lives; a version that is gone is made up anew.
_VERSION_SECONDS = 2 * 24 * 3600
#: Rights that are about to end are not worth keeping anything for.
_LEAST_SECONDS = 0.05
#: To be told when the next right ends may take so long.
_LEEWAY_SECONDS = 1.0
_FOR_EVER = float("inf")
#: What nobody asks for twice within this time is not kept: whoever makes up questions fills nothing with them.
_AGAIN_SECONDS = 60.0
_MOST_QUESTIONS = 10_000
#: A Redis that refuses to forget is asked to do so again and again.
_PAUSE_SECONDS = 1.0
#: Within it everybody who listens to PostgreSQL has heard what was announced.
_HEARD_SECONDS = 0.1
#: After an announcement that failed; after the last one nobody is told any more.
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
#: The entry without its vector if it was computed from the versions of now, else those in a list; versions that are
#: missing are made up. KEYS: the versions, then the entry. ARGV: a new word, how long it lasts, and `1` for whoever
#: wants to know for how many milliseconds the entry will be there.
_LOOK_UP = Script("""
local last = #KEYS
local words = redis.call('MGET', unpack(KEYS, 1, last - 1))
for place = 1, last - 1 do
    if not words[place] then
        redis.call('SET', KEYS[place], ARGV[1], 'EX', ARGV[2])
        words[place] = ARGV[1]
    end
end
local vector = table.concat(words, '.') .. '\\n'
local entry = redis.call('GET', KEYS[last])
if entry and string.sub(entry, 1, #vector) == vector then
    local told = string.sub(entry, #vector + 1)
    if ARGV[3] == '1' then
        return {told, redis.call('PTTL', KEYS[last])}
    end
    return told
end
return {vector}
""")
_ANNOUNCE = "select pg_notify($1, name) from unnest($2::text[]) as name"
#: Done when the caller may be answered; raises if not.
Allowed = asyncio.Future[None] | None
Compute = Callable[[], Awaitable[ResultSet]]


@dataclass(slots=True)
class Counts:
    """What became of reads that could have been answered from here."""

    hits: int = 0
    misses: int = 0
    #: Redis was away, or the process deaf.
    passed: int = 0


@dataclass(slots=True)
class _Flight:
    """An answer that is being computed."""

    task: asyncio.Task[ResultSet]
    began: float
    #: Somebody else asked for it, too, or will.
    wanted: bool = False


@dataclass(slots=True)
class Cache:
    """One process's way to what all of them keep."""

    database: Database
    redis: Redis
    settings: CacheSettings
    lifetimes: Lifetimes
    #: Columns whose time takes a right away, by table.
    expiring: Sequence[tuple[Name, str]]
    catalog: Callable[[], Catalog | None]
    counts: Counts = field(default_factory=Counts)
    _listener: Listener | None = None
    #: Redis did as it was told.
    _works: bool = True
    _trying: asyncio.Task[None] | None = None
    _flights: dict[tuple[str, bytes], _Flight] = field(default_factory=dict[tuple[str, bytes], _Flight])
    _lately: Lately = field(default_factory=lambda: Lately(_AGAIN_SECONDS, _MOST_QUESTIONS))
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    _at_hand: AtHand = field(init=False)

    def __post_init__(self) -> None:
        self._at_hand = AtHand(self.settings.local_seconds, self.settings.local_entries)

    def attach(self) -> None:
        """Hear of writes and of new connections, from before the first of either."""
        if not self.settings.enabled:
            return
        self.database.on_written = self.written
        self.database.on_doubt = self._doubted
        self.redis.greet(lambda: [("DEL", self._key(EPOCH))], self._greeted)

    async def start(self) -> None:
        """Listen for what is written elsewhere."""
        if self.settings.enabled:
            self._listener = Listener(
                database=self.database,
                channels=(CHANNEL,),
                heard=lambda _, written: self._heard(written),
                catch_up=self.begin_anew,
                lost=WRITES_NOT_HEARD,
            )
            self._listener.start()

    async def stop(self) -> None:
        """Listen no more, and come to an end with what has begun."""
        if self._listener is not None:
            await self._listener.stop()
        if self._trying is not None:
            self._trying.cancel()
            with suppress(asyncio.CancelledError):
                await self._trying
        flights = [flight.task for flight in self._flights.values()]
        await asyncio.gather(*self._tasks, *flights, return_exceptions=True)

    async def result(self, keeping: Keeping, compute: Compute, allowed: Allowed = None) -> ResultSet:
        """The answer: kept, or computed, and kept from now on if it is asked for again and again.

        Nothing is computed before it is `allowed`.
        """
        local = self._at_hand.find(keeping.key)
        if local is not None:
            self.counts.hits += 1
            return local
        again = self._lately.again(keeping.key)
        vector, entry, until, turn = b"", None, _FOR_EVER, self._at_hand.turn
        with suppress(RedisUnavailable):
            if self._listener is not None and self._listener.hears and self._works:
                vector, entry, until = await self._looked_up(keeping)
        if allowed is not None:
            await allowed
        if entry is None and not vector:
            self.counts.passed += 1
            return await compute()
        if entry is not None:
            found = decoded(entry)
            self.counts.hits += 1
            self._at_hand.put(keeping.key, found, until, turn)
            return found
        self.counts.misses += 1
        return await self._computed(keeping, vector, compute, again=again)

    async def _looked_up(self, keeping: Keeping) -> tuple[bytes, bytes | None, float]:
        """The versions of now, or the entry that was computed from them and until when it may be given again."""
        if not keeping.keys:
            keeping.keys = tuple(self._key(name).encode() for name in (EPOCH, *keeping.versions, keeping.key))
        word, asked = urandom(8).hex().encode(), time.monotonic()
        arguments = word, _VERSION_SECONDS, 1 if self._at_hand else 0
        (answer,) = await self.redis.run((_LOOK_UP, len(keeping.keys), *keeping.keys, *arguments))
        if isinstance(answer, bytes):
            return b"", answer, _FOR_EVER
        if isinstance(answer, Exception):
            # Full, or a replica: nothing can be told of versions.
            raise RedisUnavailable(str(answer))
        if len(answer) > 1:
            # It was the answer of then: what is written elsewhere from then on shows so much later, not more.
            return b"", answer[0], asked + min(answer[1] / 1000, self._at_hand.seconds)
        return answer[0], None, _FOR_EVER

    async def _computed(self, keeping: Keeping, vector: bytes, compute: Compute, *, again: bool) -> ResultSet:
        """One computes for all who ask for the same at the same versions, which are those of now to each of them."""
        place = (keeping.key, vector)
        flight = self._flights.get(place)
        if flight is None:
            began = time.monotonic()
            flight = self._flights[place] = _Flight(asyncio.ensure_future(_tagged(compute)), began)
            flight.task.add_done_callback(lambda _: self._landed(place, keeping))
        flight.wanted = flight.wanted or again
        return await asyncio.shield(flight.task)

    def _landed(self, place: tuple[str, bytes], keeping: Keeping) -> None:
        flight = self._flights.pop(place)
        if flight.task.cancelled() or flight.task.exception() is not None or not flight.wanted:
            return
        result = flight.task.result()
        if result.headers is not None or result.status is not None or len(result.body) > self.settings.max_entry_bytes:
            return
        self._in_background(self._keep(keeping, place[1], flight.began, result))

    async def _keep(self, keeping: Keeping, vector: bytes, began: float, result: ResultSet) -> None:
        with suppress(RedisUnavailable, AppError):
            seconds = await self._until_a_right_ends(keeping, began)
            if seconds < _LEAST_SECONDS:
                return
            entry = encoded(vector, result)
            await self.redis.run(("SET", self._key(keeping.key), entry, "PX", int(seconds * 1000)))

    async def _until_a_right_ends(self, keeping: Keeping, began: float) -> float:
        """Seconds, counted from now; none if one has ended since the answer was begun, which may show it or not."""
        # Whoever depends on what is written there depends on what ends there, too.
        asked = tuple(item for item in self.expiring if version_name(".".join(item[0])) in keeping.versions)
        if not asked:
            return keeping.seconds
        since = time.monotonic()
        back = since - began + _LEEWAY_SECONDS
        ((seconds,),) = await self.database.fetch(SERVICE, _next_end(asked), back, mode="write")
        took = time.monotonic() - since
        if took > _LEEWAY_SECONDS:
            # It was not looked back far enough.
            return 0
        return keeping.seconds if seconds is None else min(keeping.seconds, seconds - took)

    # Writes.

    async def written(self, stamp: Stamp, tables: frozenset[str]) -> None:
        """Have nobody be given an answer from before a write, wherever it was kept."""
        # All of them: whatever is embedded in a kept answer belongs to it, though it has no lifetime of its own.
        names = [self._version_of(table, stamp) for table in tables]
        if not await self._forget(names):
            await self._announce(sorted(tables))

    def _version_of(self, table: str, stamp: Stamp) -> str:
        schema, _, name = table.partition(".")
        catalog = self.catalog()
        pinned = catalog is not None and stamp.role != SERVICE.role and is_pinned(Name(schema, name), catalog)
        return version_name(table, stamp.tenant_id if pinned else "")

    async def _doubted(self) -> None:
        await self.begin_anew()
        await self._announce([_ANYTHING])

    async def _announce(self, tables: Sequence[str]) -> None:
        """Others may have a Redis that still knows: PostgreSQL reaches them, before whoever wrote is answered."""
        reason = ""
        for pause in _PAUSES:
            try:
                await self.database.fetch(SERVICE, _ANNOUNCE, CHANNEL, tables, mode="write")
            except AppError as error:
                reason = str(error)
            else:
                await asyncio.sleep(_HEARD_SECONDS)
                return
            await asyncio.sleep(pause)
        log.event(WRITES_NOT_TOLD, {"tables": list(tables), "reason": reason}, level="error")

    def _heard(self, table: str) -> None:
        self._in_background(self._forget([EPOCH if table == _ANYTHING else version_name(table)]))

    async def begin_anew(self) -> None:
        """Nothing that was kept counts any more, for anybody."""
        await self._forget([EPOCH])

    async def _forget(self, names: Iterable[str]) -> bool:
        try:
            answers = await self.redis.run(("DEL", *map(self._key, names)))
        except RedisUnavailable:
            # Nobody here reads from it before it was greeted again, and then everything is forgotten.
            return False
        finally:
            # Now, not before: who looked meanwhile may have been told of the versions before.
            self._at_hand.clear()
        if isinstance(answers[0], Exception):
            self._refused(answers[0])
        return self._works

    def _greeted(self, answers: Sequence[Any]) -> None:
        refusals = [answer for answer in answers if isinstance(answer, Exception)]
        if refusals:
            self._refused(refusals[0])
        else:
            self._works = True

    def _refused(self, reason: Exception) -> None:
        """Keep nothing until Redis has forgotten everything; it is a replica, or writes nothing until its disk does."""
        if self._works:
            log.event(REFUSED, {"reason": str(reason)}, level="warning")
        self._works = False
        if self._trying is None or self._trying.done():
            self._trying = asyncio.ensure_future(self._try())

    async def _try(self) -> None:
        while not self._works:
            await asyncio.sleep(_PAUSE_SECONDS)
            with suppress(RedisUnavailable):
                self._greeted(await self.redis.run(("DEL", self._key(EPOCH))))

    def _key(self, name: str) -> str:
        return self.redis.key("cache", name)

    def _in_background(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _tagged(compute: Compute) -> ResultSet:
    result = await compute()
    return replace(result, kept=False, tag=tag_of(result))


def _next_end(expiring: tuple[tuple[Name, str], ...]) -> str:
    """Seconds until the next right ends, less than none if one has ended within the last `$1` seconds."""
    parts = " union all ".join(
        f'select min("{column}") as at from "{table.schema}"."{table.name}"'  # noqa: S608
        f" where \"{column}\" > now() - $1::float8 * interval '1 second'"
        for table, column in expiring
    )
    return f"select extract(epoch from min(at) - clock_timestamp())::float8 from ({parts}) as ends"  # noqa: S608
