"""Writes that ask for more than the dialect has: to be done together, once, or only if nothing has changed."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from app.adapters.joint import Isolation, strictest
from app.adapters.postgres import Database
from app.auth.caller import Caller
from app.auth.guard import Guard
from app.errors import AppError
from app.gateway import idempotency, preconditions
from app.gateway.batch import Batch, is_batch
from app.gateway.engine import Engine
from app.gateway.grammar import TooDeep
from app.gateway.idempotency import Key, Turns
from app.gateway.parse import Head, Route, choose_schema, parse_prefer
from app.gateway.respond import Answer
from app.gateway.single import carried_out, understood
from app.gateway.together import Terms, Together, together
from app.middleware.trace import Trace

#: Pages of other origins may read of the answers what the dialect does not speak of.
_EXPOSED = "ETag, Idempotency-Replayed, Relais-Batch-Item"
_CONDITIONAL: Isolation = "repeatable_read"


def asks_for_more(head: Head, route: Route) -> bool:
    """Whether a write may be one of these."""
    headers = head.headers
    return idempotency.HEADER in headers or preconditions.HEADER in headers or route.name == "batch"


def _as_it_is(error: AppError | TooDeep) -> AppError | TooDeep:
    return error


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done in the transaction, and what it needs."""

    schema: str
    isolation: Isolation | None
    conditional: bool
    rolls_back: bool
    perform: Callable[[Together], Awaitable[Answer]]
    #: An error as it is told.
    told: Callable[[AppError | TooDeep], AppError | TooDeep] = _as_it_is


@dataclass(slots=True)
class Writes:
    """Answers them."""

    database: Database
    guard: Guard
    _turns: Turns = field(default_factory=Turns)

    async def answer(
        self, trace: Trace, address: str, engine: Engine, caller: Caller, head: Head, route: Route, body: bytes
    ) -> Answer | None:
        """The answer; None if it is a write like any other after all."""
        wants_key, batched = idempotency.HEADER in head.headers, is_batch(head, route, engine)
        if not (wants_key or batched or preconditions.HEADER in head.headers):
            return None
        try:
            key = idempotency.key_of(head, body, caller, engine.tenant_of(caller))
            if batched:
                preconditions.precondition_of(head, route)
                batch = await Batch.of(head, body, engine)
                self.guard.count_more(caller, address, "writes", len(batch.items) - 1)
                work = _of_batch(trace, engine, caller, head, batch)
            else:
                work = await _of_one(trace, engine, caller, head, route, body)
            answer = await self._done(trace, engine, caller, head, work, key)
        except AppError as error:
            if b"origin" in head.headers:
                error.headers = {**error.headers, "Access-Control-Expose-Headers": _EXPOSED}
            raise
        if b"origin" in head.headers:
            answer.headers.append((b"access-control-expose-headers", _EXPOSED.encode()))
        return answer

    async def _done(
        self, trace: Trace, engine: Engine, caller: Caller, head: Head, work: _Work, key: Key | None
    ) -> Answer:
        isolation = strictest(work.isolation, _CONDITIONAL) if work.conditional else work.isolation
        # Whoever comes second with a key is in the way of the first one, unless they see what is committed meanwhile.
        persists = work.conditional or (key is not None and isolation not in (None, "read_committed"))
        terms = Terms(head, work.schema, isolation, work.rolls_back, persists)
        claiming = False

        async def once(one: Together) -> Answer:
            nonlocal claiming
            if key is None:
                return await work.perform(one)
            claiming = True
            known = await idempotency.claimed(await one.as_service(), key, engine.settings)
            claiming = False
            if known is not None:
                return known
            answer = await work.perform(one)
            if not work.rolls_back:
                # Under their own role: nobody's triggers are to run as the service.
                await one.settle()
                await idempotency.keep(await one.as_service(), key, answer, engine.settings)
            return answer

        async with AsyncExitStack() as stack:
            if key is not None:
                await stack.enter_async_context(self._turns.of(key))
            try:
                with trace.stage("transaction"):
                    return await together(self.database, engine, caller, terms, once)
            except (AppError, TooDeep) as error:
                if claiming and isinstance(error, AppError):
                    raise idempotency.as_told(error) from error
                raise work.told(error) from error


async def _of_one(trace: Trace, engine: Engine, caller: Caller, head: Head, route: Route, body: bytes) -> _Work:
    with trace.stage("parse"):
        this = await understood(engine, head, route, body)

    async def perform(one: Together) -> Answer:
        done = await carried_out(one, this, engine.manner)
        trace.rows = done.rows
        return done.answer

    isolation = this.prepared.isolation or engine.surroundings(caller).isolation
    rolls_back = engine.rules.rolls_back(this.request.prefer)
    return _Work(this.request.target.schema, isolation, this.precondition is not None, rolls_back, perform)


def _of_batch(trace: Trace, engine: Engine, caller: Caller, head: Head, batch: Batch) -> _Work:
    schema, _ = choose_schema(head, engine.schemas, alias=engine.alias)
    prefer = parse_prefer(head.headers.get(b"prefer", b"").decode("latin-1"))

    async def perform(one: Together) -> Answer:
        answer = await batch.answer(one)
        trace.rows = batch.rows
        if engine.rules.override and prefer.transaction is not None:
            answer.headers.append((b"preference-applied", f"tx={prefer.transaction}".encode()))
        return answer

    isolation = engine.surroundings(caller).isolation
    return _Work(schema, isolation, batch.is_conditional, engine.rules.rolls_back(prefer), perform, batch.blamed)
