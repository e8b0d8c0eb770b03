"""Changes for programs beside this one: published on channels of Redis, by one process, each change once.

How far they were told is a number in Redis itself. Whoever publishes says from where on, in the same script: a process
that was slower than another finds that it was done. So it does not matter who does it, or that whoever did is gone.
Nothing is kept for those who do not listen. While Redis is away changes wait, up to a bound; writes wait for nobody.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app import log as logs
from app.adapters.postgres import SERVICE, Stamp
from app.adapters.redis import Redis, RedisUnavailable, Script
from app.errors import AppError
from app.realtime import log
from app.realtime.feed import Feed
from app.realtime.log import Change
from app.realtime.subscriptions import Subscription, Topic

NOT_PUBLISHED = "changes_not_published"
#: Changes that wait for Redis to come back.
_MOST_WAITING = 10_000
#: Whether anybody listens cannot always be found out: then somebody may.
_PUBLISH = Script("""
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
for number = 3, #ARGV, 2 do redis.call('PUBLISH', ARGV[number], ARGV[number + 1]) end
return 1
""")


@dataclass(frozen=True, slots=True)
class Outlet:
    """Channels of one kind."""

    #: Makes what is told there. A batch may be told again, so that none remembers what it has told of another one.
    topic: Callable[[], Topic]
    #: Of a message: the channel that it goes to, in parts.
    channel: Callable[[Mapping[str, Any]], Sequence[str]]
    #: As Redis matches the names of all of them.
    pattern: str
    #: Rows name the one who reads them, and so does the channel. Otherwise channels are for anybody, and are told what
    #: somebody may read who has not signed in.
    personal: bool = False


@dataclass(slots=True)
class Outlets:
    """One process's part."""

    feed: Feed
    redis: Redis
    outlets: Sequence[Outlet]
    anon_role: str
    _last: int = 0
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Publish from now on."""
        self.feed.numbered = self._numbered
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """No more of it."""
        self.feed.numbered = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _numbered(self, last: int) -> None:
        self._last = last
        self._wanted.set()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._publish(self._last)
            except RedisUnavailable:
                continue  # which says so itself; the next look is a second away
            except AppError as error:
                logs.event(NOT_PUBLISHED, {"reason": str(error)}, level="warning")

    async def _publish(self, last: int) -> None:
        key = self.redis.key("realtime", "published")
        patterns = [("PUBSUB", "CHANNELS", self.redis.key(outlet.pattern)) for outlet in self.outlets]
        mark, by_pattern, *listened = await self.redis.run(("GET", key), ("PUBSUB", "NUMPAT"), *patterns)
        if isinstance(mark, Exception):
            raise RedisUnavailable(str(mark)) from mark
        so_far = -1 if mark is None else int(mark)
        if so_far > last:
            # Another process knows of more by now; or the database was put back.
            last = (await log.marks(self.feed.database)).last
        if so_far == last:
            return
        # In a Redis that knows nothing, and beside a database that was put back, there is nothing to make up for.
        after = max(so_far, last - _MOST_WAITING) if 0 <= so_far < last else last
        heard = [outlet for outlet, found in zip(self.outlets, listened, strict=True) if found != [] or by_pattern != 0]
        tables = {table for outlet in heard for table in outlet.topic().tables}
        expected = b"" if mark is None else mark
        while expected != str(last).encode():
            changes = await log.read(self.feed.database, after, last, list(tables)) if tables and after < last else ()
            after = changes[-1].position if len(changes) == log.MOST else last
            try:
                messages = await self._messages(changes, heard)
            except AppError:
                raise
            except Exception as error:
                # A mistake of ours must not end the telling: what comes after it is told.
                logs.event("unexpected_error", {"in": "outlets"}, level="error", error=error)
                messages = ()
            pairs = [part for channel, text in messages for part in (channel, text)]
            (done,) = await self.redis.run(_PUBLISH.call([key], [expected.decode(), after, *pairs]))
            if isinstance(done, Exception):
                raise RedisUnavailable(str(done)) from done
            if not done:
                return  # somebody else did
            expected = str(after).encode()

    async def _messages(self, changes: Sequence[Change], outlets: Sequence[Outlet]) -> list[tuple[str, str]]:
        """What goes where, in the order of the changes."""
        by_tenant: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by_tenant[change.tenant_id].append(change)
        found: list[tuple[int, str, str]] = []
        for tenant, theirs in by_tenant.items():
            if not tenant:
                continue
            readers = [
                (outlet, Subscription(outlet.topic(), self._reader(outlet, tenant), _nobody)) for outlet in outlets
            ]
            seen = await self.feed.eyes.see(theirs, [reader for _, reader in readers])
            for change in theirs:
                for outlet, reader in readers:
                    told = seen.told(reader, change)
                    if told is not None:
                        name = self.redis.key(*outlet.channel(told.payload))
                        text = orjson.dumps({**told.payload, "channel": name, "tenantId": tenant}).decode()
                        found.append((change.position, name, text))
        return [(channel, text) for _, channel, text in sorted(found, key=lambda item: item[0])]

    def _reader(self, outlet: Outlet, tenant: str) -> Stamp:
        if outlet.personal:
            return SERVICE
        return Stamp(self.anon_role, orjson.dumps({"role": self.anon_role}).decode(), "", tenant, anonymous=True)


def _nobody(_: object) -> bool:
    return True
