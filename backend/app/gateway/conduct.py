"""Runs requests that have been understood: the stages from the plan to PostgreSQL's answer, and what is tried again."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from app.adapters.postgres import MISSING_CODES, STALE_STATEMENT, Database, Mode
from app.auth.caller import Caller
from app.errors import AppError
from app.gateway.cache import Allowed, Cache
from app.gateway.engine import Engine
from app.gateway.execute import execute
from app.gateway.parse import Head
from app.gateway.types import ApiRequest, ResultSet


@dataclass(frozen=True, slots=True)
class Conductor:
    """What the gateway and the named queries of explicit routes have in common."""

    database: Database
    #: The picture of now; None before the first one.
    current: Callable[[], Engine | None]
    #: Has the catalog looked at anew, if it was not just now; tells whether it was.
    refresh: Callable[[], Awaitable[bool]]
    cache: Cache

    async def result(
        self,
        engine: Engine,
        caller: Caller,
        head: Head,
        request: ApiRequest,
        *,
        name: str = "",
        allowed: Allowed = None,
        costed: bool = False,
    ) -> ResultSet:
        """What PostgreSQL answers, or answered before and would answer again. `name` is what it is kept as.

        `allowed` is asked beside the question of what is kept, and has been answered before anything is returned.
        What is `costed` stays within the budget of the caller's role. What is seen in the middle of a joint transaction
        is not kept, nor is what is kept of it.
        """
        prepared = engine.prepared(request)
        keeping = self.cache.lifetimes.keeping(engine, caller, head, request, prepared, name=name)
        if keeping is None or self.database.is_joined:
            if allowed is not None:
                await allowed
            return await self._asked(engine, caller, head, request, costed=costed)
        # A replica may not have heard of what a version speaks of.
        mode: Mode | None = "write" if self.database.reads_elsewhere else None
        compute = partial(self._asked, engine, caller, head, request, mode, costed=costed)
        result = await self.cache.result(keeping, compute, allowed)
        if allowed is not None:
            await allowed
        return result

    async def _asked(
        self,
        engine: Engine,
        caller: Caller,
        head: Head,
        request: ApiRequest,
        mode: Mode | None = None,
        *,
        costed: bool,
    ) -> ResultSet:
        """Asked again where a refusal may come of an old picture of the database."""
        try:
            return await self._run(engine, caller, head, request, mode, costed=costed)
        except AppError as error:
            if error.code == STALE_STATEMENT and error.message.startswith("cached "):
                # Refused before it ran: the driver has forgotten it and prepares it anew.
                return await self._run(engine, caller, head, request, mode, costed=costed)
            if error.code not in MISSING_CODES or engine.prepared(request).mode != "read":
                raise
            if not await self.refresh():
                raise
            current = self.current()
            newer = None if current is None else current.like(engine)
            if newer is None or newer.prepared(request).statement == engine.prepared(request).statement:
                raise
            return await self._run(newer, caller, head, request, mode, costed=costed)

    async def _run(
        self, engine: Engine, caller: Caller, head: Head, request: ApiRequest, mode: Mode | None, *, costed: bool
    ) -> ResultSet:
        prepared = engine.prepared(request)
        if mode is not None:
            prepared = replace(prepared, mode=mode)
        measures = engine.settings.plans_by_measurement
        generic = measures and prepared.choice.generic
        stamp = engine.stamp(caller, head, request.target.schema, generic=generic)
        began = time.perf_counter()
        surroundings = engine.surroundings(caller, costed=costed)
        result = await execute(self.database, prepared, request, stamp, surroundings=surroundings)
        if measures:
            prepared.choice.took(time.perf_counter() - began, generic=generic)
        return result
