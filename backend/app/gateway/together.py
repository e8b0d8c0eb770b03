"""Requests that are carried out in one transaction, as one caller: all of them or none."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from app.adapters.joint import READ_ONLY, Isolation, Stricter, is_stricter
from app.adapters.postgres import SERVICE, STALE_STATEMENT, Connection, Database
from app.auth.caller import Caller
from app.errors import AppError
from app.gateway.engine import Engine
from app.gateway.execute import run_within, settle
from app.gateway.parse import Head
from app.gateway.prepare import Prepared
from app.gateway.types import ApiRequest, ResultSet

T = TypeVar("T")
#: Two transactions were in each other's way: undone as a whole, one of them may be begun anew.
IN_THE_WAY = frozenset({"40001", "40P01"})
_MOST_TRIES = 8
_PAUSE_SECONDS = 0.005
_READING = f"savepoint reading; {READ_ONLY}"
_NOT_READING = "release savepoint reading"
_UNSAID = "select set_config('response.headers', '', true), set_config('response.status', '', true)"
_KEPT = "select name, current_setting(name, true) as value from unnest($1::text[]) as name"


class _NotKept(Exception):
    """Ends a transaction that is not to be kept."""


@dataclass(slots=True)
class Together:
    """A transaction under way."""

    database: Database
    engine: Engine
    caller: Caller
    connection: Connection
    isolation: Isolation | None

    async def run(self, head: Head, request: ApiRequest, prepared: Prepared) -> ResultSet:
        """What PostgreSQL answers to one request; what it set for itself is as before for the next one."""
        wanted = prepared.isolation
        if is_stricter(wanted, self.isolation):
            raise Stricter(wanted)
        engine, connection = self.engine, self.connection
        await self.database.speak_as(connection, engine.stamp(self.caller, head, request.target.schema))
        names = [name for name, _ in prepared.settings]
        if request.prefer.timezone is not None:
            names.append("timezone")
        before = await connection.fetch(_KEPT, names) if names else ()
        reads = prepared.mode == "read"
        if reads:
            await connection.execute(_READING)
        surroundings = engine.surroundings(self.caller, costed=True)
        result = await run_within(self.database, connection, prepared, request, surroundings)
        if reads:
            await connection.execute(_NOT_READING)
        for row in before:
            await connection.execute("select set_config($1, $2, true)", row["name"], row["value"] or "")
        if result.headers is not None or result.status is not None:
            await connection.execute(_UNSAID)
        return result

    async def as_service(self) -> Connection:
        """The same transaction for the product's own bookkeeping, until the next request runs in it."""
        await self.database.speak_as(self.connection, SERVICE)
        return self.connection

    async def settle(self) -> None:
        """Have deferred constraints complain now, to the caller."""
        await settle(self.connection)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a transaction is begun and ended."""

    #: What the outer request is, as PostgreSQL is told of it.
    head: Head
    schema: str
    isolation: Isolation | None = None
    #: Nothing of it is kept.
    rolls_back: bool = False
    #: Begun anew when it was in the way of another one.
    persists: bool = False


async def together(
    database: Database, engine: Engine, caller: Caller, terms: Terms, work: Callable[[Together], Awaitable[T]]
) -> T:
    """The outcome of work in a transaction, which is committed; begun anew where that changes nothing but the time."""
    return await begun_anew(
        lambda isolation: _once(database, engine, caller, terms, isolation, work),
        terms.isolation,
        persists=terms.persists,
    )


async def begun_anew(
    once: Callable[[Isolation | None], Awaitable[T]], isolation: Isolation | None, *, persists: bool
) -> T:
    """The outcome of a transaction, which is begun anew where that is all it takes."""
    stale = False
    for tried in range(1, _MOST_TRIES + 1):
        try:
            return await once(isolation)
        except Stricter as wish:
            isolation = wish.isolation
        except AppError as error:
            if error.code == STALE_STATEMENT and error.message.startswith("cached ") and not stale:
                # The driver has forgotten it and prepares it anew.
                stale = True
            elif not persists or error.code not in IN_THE_WAY or tried == _MOST_TRIES:
                raise
            else:
                await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * tried))  # noqa: S311 - to part them
    raise AssertionError("a function asks for ever stricter isolation")


async def _once(
    database: Database,
    engine: Engine,
    caller: Caller,
    terms: Terms,
    isolation: Isolation | None,
    work: Callable[[Together], Awaitable[T]],
) -> T:
    stamp = engine.stamp(caller, terms.head, terms.schema)
    outcome: list[T] = []
    with suppress(_NotKept):
        async with database.transaction(stamp, "write", isolation=isolation) as connection:
            outcome.append(await work(Together(database, engine, caller, connection, isolation)))
            if terms.rolls_back:
                await settle(connection)
                raise _NotKept
    return outcome[0]
