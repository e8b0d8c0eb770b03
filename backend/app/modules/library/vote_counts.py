"""How the votes on suggestions stand, in Redis for fast reads.

The rows in PostgreSQL are the truth. A count is written by whoever has read the truth and still holds the *lease* that
they took before reading it: it lies in the place of the count, and whoever votes puts their own there. So nothing old
is written over what is newer, whoever is late; and after FLUSHALL there is neither count nor lease, and the next reader
writes anew. Votes that come on other roads are announced by PostgreSQL: a count keeps the snapshot that it was read in,
which tells whether it knows of them. A process that hears of none, or could not pass one on, trusts no count. Redis may
come back with what it knew an hour ago: on every new connection all counts of before are done away with, by one number
that they depend on.

Without Redis every read asks PostgreSQL.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.adapters.redis import Command, Redis, RedisUnavailable, Script
from app.named.shapes import moment

SECONDS = 300
#: Whoever takes longer to ask PostgreSQL writes nothing.
_LEASE_SECONDS = 10
_LEASE = b"?"
_KEEP = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
""")
_DROP = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")


@dataclass(frozen=True, slots=True)
class Standing:
    """How the votes on a suggestion stand. `counted_at` is PostgreSQL's time of counting."""

    status: str
    votes_count: int
    upvotes: int
    downvotes: int
    counted_at: str
    #: Which transactions it knows of, as PostgreSQL writes it.
    snapshot: str

    @classmethod
    def of(cls, row: Any) -> "Standing":
        """From a row of `library.votes_of_suggestion` with its snapshot."""
        counted: datetime = row["counted_at"]
        return cls(
            str(row["status"]),
            row["votes_count"],
            row["total_upvotes"],
            row["total_downvotes"],
            moment(counted.isoformat()) or "",
            row["snapshot"],
        )

    def knows(self, transaction: int) -> bool:
        """Whether what a transaction wrote is counted in."""
        oldest, newest, running = self.snapshot.split(":")
        if transaction < int(oldest):
            return True
        return transaction < int(newest) and str(transaction) not in running.split(",")


Truth = Callable[[], Awaitable[Standing | None]]


class VoteCounts:
    """The counts of one process's suggestions, shared with all others through Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        #: Whether every change is heard of and has been passed on.
        self.trusted = False
        #: Told when a count may lie there that does not know of a vote.
        self.doubted: Callable[[], None] = _nobody
        #: What is announced while a count is being read, by suggestion.
        self._reading: dict[str, list[set[int]]] = {}

    async def read(self, tenant: str, suggestion: str, truth: Truth) -> Standing | None:
        """How votes stand, from Redis if it knows; None: there is no such suggestion."""
        if not self.trusted:
            return await truth()
        try:
            value, epoch = await self._redis.run(("GET", self._key(suggestion)), ("GET", self._epoch()))
        except RedisUnavailable:
            return await truth()
        known = _known(value, tenant, epoch)
        return known if known is not None else await self.renew(tenant, suggestion, truth)

    async def renew(self, tenant: str, suggestion: str, truth: Truth) -> Standing | None:
        """The truth, which Redis is told, and no longer whatever it held."""
        lease = _LEASE + secrets.token_hex(8).encode()
        announced: set[int] = set()
        reading = self._reading.setdefault(suggestion, [])
        reading.append(announced)
        try:
            epoch = await self._leased(suggestion, lease)
            found = await truth()
            if epoch is not None and found is not None and all(found.knows(number) for number in announced):
                await self._keep(suggestion, lease, _value(found, tenant, epoch))
            return found
        finally:
            # Sets are equal when both are empty: this very one is to go.
            self._reading[suggestion] = [item for item in reading if item is not announced]
            if not self._reading[suggestion]:
                del self._reading[suggestion]

    def heard(self, suggestion: str, transaction: int) -> None:
        """A transaction that changed votes has been committed."""
        for announced in self._reading.get(suggestion, ()):
            announced.add(transaction)

    async def drop(self, changed: Mapping[str, Iterable[int]]) -> None:
        """Forget counts that do not know of these transactions; `RedisUnavailable` if that cannot be done now."""
        keys = {self._key(suggestion): list(numbers) for suggestion, numbers in changed.items()}
        values = await self._done(*(("GET", key) for key in keys))
        old = [
            _DROP.call([key], [value.decode()])
            for (key, numbers), value in zip(keys.items(), values, strict=True)
            if isinstance(value, bytes) and not _is_newer(value, numbers)
        ]
        if old:
            await self._done(*old)

    async def drop_all(self) -> None:
        """Forget every count there is; `RedisUnavailable` if that cannot be done now."""
        await self._done(*self.forgetting())

    def forgetting(self) -> Sequence[Command]:
        """What does that."""
        return [("INCR", self._epoch())]

    async def _leased(self, suggestion: str, lease: bytes) -> str | None:
        try:
            _, epoch = await self._done(
                ("SET", self._key(suggestion), lease, "EX", _LEASE_SECONDS), ("GET", self._epoch())
            )
        except RedisUnavailable:
            # What lay there lies there still, and whoever renews may have voted.
            self.doubted()
            return None
        return _epoch_of(epoch)

    async def _keep(self, suggestion: str, lease: bytes, value: bytes) -> None:
        try:
            await self._redis.run(_KEEP.call([self._key(suggestion)], [lease.decode(), value.decode(), SECONDS]))
        except RedisUnavailable:
            # The lease may still lie there: it is no count, and it ends.
            return

    async def _done(self, *commands: Command) -> list[Any]:
        """What Redis answered; `RedisUnavailable` if it refused any of it: full, or not the one to be written to."""
        answers = await self._redis.run(*commands)
        for answer in answers:
            if isinstance(answer, Exception):
                raise RedisUnavailable(str(answer)) from answer
        return answers

    def _key(self, suggestion: str) -> str:
        return self._redis.key("suggestion", suggestion, "votes")

    def _epoch(self) -> str:
        return self._redis.key("suggestion", "epoch")


def _nobody() -> None:
    return


def _value(standing: Standing, tenant: str, epoch: str) -> bytes:
    # Two tenants may have imported one suggestion under one id.
    return orjson.dumps(
        {
            "totalUpvotes": standing.upvotes,
            "totalDownvotes": standing.downvotes,
            "votesCount": standing.votes_count,
            "status": standing.status,
            "countedAt": standing.counted_at,
            "tenantId": tenant,
            "snapshot": standing.snapshot,
            "epoch": epoch,
        }
    )


def _known(value: Any, tenant: str, epoch: Any) -> Standing | None:
    if not isinstance(value, bytes) or value.startswith(_LEASE):
        return None
    told = orjson.loads(value)
    if (told["tenantId"], told["epoch"]) != (tenant, _epoch_of(epoch)):
        return None
    return _told(told)


def _told(told: Mapping[str, Any]) -> Standing:
    totals = told["totalUpvotes"], told["totalDownvotes"]
    return Standing(told["status"], told["votesCount"], *totals, told["countedAt"], told["snapshot"])


def _is_newer(value: bytes, transactions: Iterable[int]) -> bool:
    """Whether a count knows of all these. A lease is no count: whoever holds it hears of them, too."""
    if value.startswith(_LEASE):
        return True
    standing = _told(orjson.loads(value))
    return all(standing.knows(number) for number in transactions)


def _epoch_of(epoch: Any) -> str:
    return epoch.decode() if isinstance(epoch, bytes) else ""
