"""Runs requests that have been understood: the stages from the plan to PostgreSQL's answer, and what is tried again."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.adapters.postgres import MISSING_CODES, STALE_STATEMENT, Database
from app.auth.caller import Caller
from app.errors import AppError
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

    async def result(self, engine: Engine, caller: Caller, head: Head, request: ApiRequest) -> ResultSet:
        """What PostgreSQL answers; asked again where its refusal may come of an old picture of it."""
        try:
            return await self._run(engine, caller, head, request)
        except AppError as error:
            if error.code == STALE_STATEMENT and error.message.startswith("cached "):
                # Refused before it ran: the driver has forgotten it and prepares it anew.
                return await self._run(engine, caller, head, request)
            if error.code not in MISSING_CODES or engine.prepared(request).mode != "read":
                raise
            if not await self.refresh():
                raise
            newer = self.current()
            if newer is None or newer.prepared(request).statement == engine.prepared(request).statement:
                raise
            return await self._run(newer, caller, head, request)

    async def _run(self, engine: Engine, caller: Caller, head: Head, request: ApiRequest) -> ResultSet:
        prepared = engine.prepared(request)
        measures = engine.settings.plans_by_measurement
        generic = measures and prepared.choice.generic
        stamp = engine.stamp(caller, head, request.target.schema, generic=generic)
        began = time.perf_counter()
        result = await execute(self.database, prepared, request, stamp, surroundings=engine.surroundings(caller))
        if measures:
            prepared.choice.took(time.perf_counter() - began, generic=generic)
        return result
