"""Writes of explicit routes that wish to be done once (`Idempotency-Key`), or only if nothing has changed (`If-Match`).

The route is carried out as always. Around it all that it does with the database is one transaction, in which the key is
claimed first and the answer written down last: whenever the server dies, all of it is there or nothing. Some routes do
things elsewhere, at other services or with secrets; their key is kept by itself before they begin, so that nothing is
done twice.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Message, Scope

from app.accounts.asking import ADMITTED, Asked, Once, asking, asking_of
from app.adapters.joint import Isolation, strictest
from app.adapters.postgres import SERVICE, Database
from app.auth.caller import Caller
from app.errors import AppError, ErrorSpec, refuse
from app.gateway import idempotency, preconditions
from app.gateway.conduct import Conductor
from app.gateway.engine import Engine
from app.gateway.errors import NO_CATALOG
from app.gateway.errors_beyond import (
    KEY_ANONYMOUS,
    KEY_BUSY,
    KEY_MALFORMED,
    KEY_REUSED,
    KEY_UNFINISHED,
    KEY_WITHOUT_ANSWER,
    KEYS_TOO_MANY,
    KEYS_UNAVAILABLE,
    PRECONDITION_ELSEWHERE,
    PRECONDITION_FAILED,
)
from app.gateway.gateway import head_of
from app.gateway.idempotency import Key, Turns
from app.gateway.parse import Head
from app.gateway.respond import Answer
from app.gateway.together import begun_anew
from app.middleware.conditional import is_held, tag_of
from app.middleware.trace import trace_of
from app.routers import WRITES, Handler

#: What may become of a key.
KEY_REFUSALS = (
    *(KEY_MALFORMED, KEY_ANONYMOUS, KEY_BUSY, KEY_UNFINISHED, KEY_WITHOUT_ANSWER, KEY_REUSED, KEYS_TOO_MANY),
    KEYS_UNAVAILABLE,
)
_CONDITIONAL: Isolation = "repeatable_read"
_KEY_HEADER = "Idempotency-Key", "The write is done once, however often it is sent with this key."
_MATCH_HEADER = "If-Match", "The write is done only if `GET` of this address has one of these tags."
_TYPE = b"content-type"
_FORM = b"multipart/form-data"
#: Where a request with a form finds who claims its key: only its route knows what of the form counts.
_CLAIM = "relais.claim"


class _Settled(Exception):
    """There is an answer, and nothing of this transaction is to be kept."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass(slots=True)
class _Wish:
    """A write, and what is wished for."""

    request: Request
    handler: Handler
    asked: Asked
    engine: Engine
    head: Head
    #: What its row must be like; None: whatever it is like.
    tags: frozenset[bytes] | None

    @property
    def caller(self) -> Caller:
        """Who writes."""
        return self.asked.caller

    @property
    def is_form(self) -> bool:
        """Whether it is one that is read piece by piece."""
        return self.head.headers.get(_TYPE, b"").lower().startswith(_FORM)

    def key(self, content: bytes) -> Key | None:
        """Its key, now that it is known what comes with it."""
        head = self.head
        if self.is_form:
            # Each time it is sent, it is with another boundary.
            head = replace(head, headers={**head.headers, _TYPE: _FORM})
        return idempotency.key_of(head, content, self.caller, self.engine.tenant_of(self.caller))


@dataclass(frozen=True, slots=True)
class Wishes:
    """Sees to them."""

    database: Database
    conductor: Conductor
    _turns: Turns = field(default_factory=Turns)

    async def answer(self, request: Request, handler: Handler) -> Response:
        """The answer of the route, or of the first time, or that something has changed."""
        ask = asking_of(request.scope["route"].dependant)
        if ask is None or ask.bearer != "good":
            # Whoever signs in or out is nobody yet, or nobody any more.
            return await handler(request)
        asked = await ask(request)
        engine = self.conductor.current()
        if engine is None:
            raise refuse(NO_CATALOG, headers={"Retry-After": "0"})
        head = head_of(request.scope)
        said = head.headers.get(preconditions.HEADER)
        tags = None if said is None else preconditions.tags_of(said)
        wish = _Wish(request, handler, asked, engine, head, tags)
        if ask.once == "joined":
            return await self._joined(wish)
        if tags is not None:
            raise refuse(PRECONDITION_ELSEWHERE)
        return await self._apart(wish, ask.once)

    async def _joined(self, wish: _Wish) -> Response:
        content = b"" if wish.is_form else await wish.request.body()

        async def once(isolation: Isolation | None) -> Response:
            async with AsyncExitStack() as stack:
                attempt = _Attempt(self, wish, isolation, stack)
                if wish.is_form:
                    wish.request.scope[_CLAIM] = attempt.claim
                else:
                    await attempt.claim(content)
                if wish.tags is not None:
                    await _as_seen(wish)
                response = await wish.handler(wish.request)
                if response.status_code >= 400:
                    raise _Settled(response)
                await attempt.keep(response)
                return response

        isolation = wish.engine.surroundings(wish.caller).isolation
        if wish.tags is not None:
            isolation = strictest(isolation, _CONDITIONAL)
        try:
            # A form has been read by then.
            return await begun_anew(once, isolation, persists=not wish.is_form)
        except _Settled as settled:
            return settled.response

    async def begin(self, wish: _Wish, key: Key | None, isolation: Isolation | None, stack: AsyncExitStack) -> None:
        """Begin the transaction that ends with the stack, and claim the key in it."""
        if key is not None:
            await stack.enter_async_context(self._turns.of(key))
        stamp = wish.engine.stamp(wish.caller, wish.head, wish.engine.schemas[0])
        await stack.enter_async_context(self.database.joined(stamp, isolation))
        if key is not None:
            await self._claim(wish, key)

    async def _claim(self, wish: _Wish, key: Key) -> None:
        """Claim a key in the transaction of now, or in one of its own; `_Settled` if that was done before."""
        try:
            async with self.database.transaction(SERVICE) as connection:
                known = await idempotency.claimed(connection, key, wish.engine.settings)
        except AppError as error:
            raise idempotency.as_told(error) from error
        if known is not None:
            raise _Settled(_response(known))

    async def _apart(self, wish: _Wish, once: Once) -> Response:
        key = wish.key(await wish.request.body())
        assert key is not None
        async with self._turns.of(key):
            try:
                await self._claim(wish, key)
            except _Settled as settled:
                return settled.response
            try:
                response = await wish.handler(wish.request)
            except (AppError, RequestValidationError, HTTPException):
                await self._let_go(key)
                raise
            if response.status_code >= 400:
                await self._let_go(key)
            else:
                await self.keep(wish, key, response, said=once == "apart")
            return response

    async def keep(self, wish: _Wish, key: Key, response: Response, *, said: bool = True) -> None:
        """Write down the answer, so far as it is to be."""
        # What is sent piece by piece is over when it has been sent.
        body: bytes | None = getattr(response, "body", None)
        answer, said = Answer(response.status_code, response.raw_headers, body or b""), said and body is not None
        async with self.database.transaction(SERVICE) as connection:
            await idempotency.keep(connection, key, answer, wish.engine.settings, said=said)

    async def _let_go(self, key: Key) -> None:
        async with self.database.transaction(SERVICE) as connection:
            await idempotency.let_go(connection, key)


@dataclass(slots=True)
class _Attempt:
    """One go at a request; its transaction ends with the stack."""

    wishes: Wishes
    wish: _Wish
    isolation: Isolation | None
    stack: AsyncExitStack
    key: Key | None = None

    async def claim(self, content: bytes) -> None:
        """Begin, now that it is known what comes with the request."""
        key = self.wish.key(content)
        await self.wishes.begin(self.wish, key, self.isolation, self.stack)
        self.key = key

    async def keep(self, response: Response) -> None:
        """Write down what is about to be answered."""
        if self.key is not None:
            await self.wishes.keep(self.wish, self.key, response)


def wishes_heard(who: asking | None, method: str) -> tuple[tuple[str, str], ...]:
    """The headers with which a write of this route may wish for more, and what they mean."""
    if who is None or who.bearer != "good" or method not in WRITES:
        return ()
    if who.once == "joined" and method != "POST":
        return _KEY_HEADER, _MATCH_HEADER
    return (_KEY_HEADER,)


def wishes_refused(who: asking | None, method: str) -> tuple[ErrorSpec, ...]:
    """What such wishes are refused with."""
    heard = wishes_heard(who, method)
    if not heard:
        return ()
    failed = () if who is None or who.once != "joined" else (PRECONDITION_FAILED,)
    return (*KEY_REFUSALS, PRECONDITION_ELSEWHERE, *failed)


async def claim(request: Request, content: bytes) -> None:
    """For routes that read a form themselves: claim the request's key, if it has one, before anything is written.

    What is in the form is told by its `content`: bytes that are the same whenever the same is sent.
    """
    begin: Callable[[bytes], Awaitable[None]] | None = request.scope.get(_CLAIM)
    if begin is not None:
        await begin(content)


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = answer.headers
    return response


async def _as_seen(wish: _Wish) -> None:
    """Or `PRECONDITION_FAILED`: what is at the address is not what the caller saw there."""
    assert wish.tags is not None
    if wish.request.method == "POST":
        raise refuse(PRECONDITION_ELSEWHERE)
    status, tag = await _now(wish.request)
    if status in (404, 405):
        raise refuse(PRECONDITION_FAILED if status == 404 else PRECONDITION_ELSEWHERE)
    if not 200 <= status < 300:
        raise refuse(PRECONDITION_FAILED, f"Reading it is answered {status}")
    if wish.tags and not is_held(tag, b",".join(wish.tags)):
        raise refuse(PRECONDITION_FAILED, "It has been changed", headers={"ETag": tag.decode("latin-1")})


async def _now(request: Request) -> tuple[int, bytes]:
    """What GET answers at the address of a write: its status, and its tag."""
    trace = trace_of(request.scope)
    told = trace.told
    headers = [item for item in request.scope["headers"] if item[0] not in _OF_THE_WRITE]
    scope: Scope = {**request.scope, "method": "GET", "headers": headers, ADMITTED: {}}
    status, named, parts = 500, b"", list[bytes]()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, named
        if message["type"] == "http.response.start":
            status, named = message["status"], dict(message["headers"]).get(b"etag", b"")
        elif message["type"] == "http.response.body" and not named:
            parts.append(message.get("body", b""))

    router: Any = request.app.router
    try:
        await router(scope, receive, send)
    except AppError as error:
        status = error.status
    finally:
        # How often they may write is what is told, not how often they may read.
        trace.told = told
    return status, named or tag_of(b"".join(parts))


_OF_THE_WRITE = frozenset(
    {b"content-type", b"content-length", b"if-match", b"if-none-match", b"idempotency-key", b"range"}
)
