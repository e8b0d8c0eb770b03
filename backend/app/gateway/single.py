"""One request within a transaction: the stages of the gateway, but for those that wait for nobody else."""

import asyncio
from dataclasses import dataclass

from app.gateway.body_blocks import LARGE_BYTES
from app.gateway.engine import Engine
from app.gateway.parse import Head, Route
from app.gateway.preconditions import Precondition, precondition_of, run_if, tag_of_answer
from app.gateway.prepare import Prepared
from app.gateway.respond import Answer, Manner, respond
from app.gateway.together import Together
from app.gateway.types import ApiRequest
from app.gateway.warnings import legacy_names


@dataclass(frozen=True, slots=True)
class Understood:
    """A request as far as it can be told without PostgreSQL."""

    head: Head
    route: Route
    request: ApiRequest
    prepared: Prepared
    precondition: Precondition | None


@dataclass(frozen=True, slots=True)
class Done:
    """A request that was carried out."""

    answer: Answer
    rows: int
    is_json: bool


async def understood(engine: Engine, head: Head, route: Route, body: bytes) -> Understood:
    """Parse and plan."""
    precondition = precondition_of(head, route)
    if len(body) <= LARGE_BYTES:
        request = engine.parsed(head, route, body)
    else:
        request = await asyncio.to_thread(engine.parsed, head, route, body)
    return Understood(head, route, request, engine.prepared(request), precondition)


async def carried_out(one: Together, this: Understood, manner: Manner) -> Done:
    """Execute and respond."""
    request, prepared, precondition = this.request, this.prepared, this.precondition
    if precondition is None:
        result = await one.run(this.head, request, prepared)
    else:
        result = await run_if(one, precondition, this.head, this.route, request, prepared)
    warning = legacy_names(prepared.plan.warnings)
    answer = respond(request, prepared, result, manner=manner, warning=warning)
    if precondition is not None and (tag := tag_of_answer(request, prepared, result)) is not None:
        answer.headers.append((b"etag", tag))
    media = prepared.plan.media
    is_json = media.handler is None and media.plan is None and "json" in media.content_type
    return Done(answer, result.page_total, is_json)


async def answer_one(one: Together, head: Head, route: Route, body: bytes) -> Done:
    """All of it, for a request among others: how the transaction ends is not for it to say."""
    this = await understood(one.engine, head, route, body)
    return await carried_out(one, this, one.engine.manner._replace(allows_tx=False))
