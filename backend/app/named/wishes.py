"""Writes of explicit routes that wish to be done once (`Idempotency-Key`), or only if nothing has changed (`If-Match`).

The route is carried out as always. Around it all that it does with the database is one transaction, in which the key is
claimed first and the answer written down last: whenever the server dies, all of it is there or nothing. Some routes do
things elsewhere, at other services or with secrets; their key is kept by itself before they begin, so that nothing is
done twice. Which it is, the dependency says that says who asks (`Once`).
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
from app.auth.signing import Keyring
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
#: Where a route that reads a form itself finds how to claim the key.
_CLAIM = "relais.claim"
#: What is said of a write is not said of the read that it is compared with.
_OF_THE_WRITE = frozenset(
    {_TYPE, b"content-length", b"if-match", b"if-none-match", b"idempotency-key", b"range", b"prefer"}
)
_PURPOSE = "idempotency key"
#: Told what came with a request: bytes that are the same whenever the same is sent.
Claim = Callable[[bytes], Awaitable[None]]


class _Settled(Exception):
    """There is an answer, and nothing of this transaction is to be kept."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class _Enough(Exception):
    """The rest of an answer tells nothing new."""


@dataclass(slots=True)
class _Wish:
    """A write, and what is wished for."""

    request: Request
    handler: Handler
    asked: Asked
    once: Once
    engine: Engine
    head: Head
    #: What its row must be like; None: whatever it is like.
    tags: frozenset[bytes] | None

    @property
    def caller(self) -> Caller:
        """Who writes."""
        return self.asked.caller

    def key(self, content: bytes) -> Key | None:
        """Its key, now that it is known what comes with it."""
        head = self.head
        if self.once == "form":
            # Each time it is sent, it is with another boundary.
            kind = head.headers.get(_TYPE, b"").partition(b";")[0]
            head = replace(head, headers={**head.headers, _TYPE: kind})
        return idempotency.key_of(head, content, self.caller, self.engine.tenant_of(self.caller))


@dataclass(frozen=True, slots=True)
class Wishes:
    """Sees to them."""

    database: Database
    conductor: Conductor
    keys: Keyring = field(repr=False)
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
        wish = _Wish(request, handler, asked, ask.once, engine, head, tags)
        if tags is not None and (ask.once != "joined" or request.method == "POST"):
            raise refuse(PRECONDITION_ELSEWHERE)
        if ask.once == "joined":
            return await self._joined(wish)
        return await (self._of_form(wish) if ask.once == "form" else self._apart(wish))

    async def _joined(self, wish: _Wish) -> Response:
        content = await wish.request.body()

        async def once(isolation: Isolation | None) -> Response:
            async with AsyncExitStack() as stack:
                key = await self._begin(wish, content, isolation, stack)
                if wish.tags is not None:
                    await _as_seen(wish)
                return await self._end(wish, key, await wish.handler(wish.request))

        isolation = wish.engine.surroundings(wish.caller).isolation
        if wish.tags is not None:
            isolation = strictest(isolation, _CONDITIONAL)
        try:
            return await begun_anew(once, isolation, persists=True)
        except _Settled as settled:
            return settled.response

    async def _of_form(self, wish: _Wish) -> Response:
        """Once alone: what was read of the form is not there a second time."""
        begun: list[Key | None] = []
        try:
            async with AsyncExitStack() as stack:

                async def claim(content: bytes) -> None:
                    isolation = wish.engine.surroundings(wish.caller).isolation
                    begun.append(await self._begin(wish, content, isolation, stack))

                wish.request.scope[_CLAIM] = claim
                response = await wish.handler(wish.request)
                assert begun, "a route that reads a form itself claims its key"
                return await self._end(wish, begun[0], response)
        except _Settled as settled:
            return settled.response

    async def _begin(
        self, wish: _Wish, content: bytes, isolation: Isolation | None, stack: AsyncExitStack
    ) -> Key | None:
        """Begin the transaction that ends with the stack, and claim the key in it."""
        key = wish.key(content)
        if key is not None:
            await stack.enter_async_context(self._turns.of(key))
        stamp = wish.engine.stamp(wish.caller, wish.head, wish.engine.schemas[0])
        await stack.enter_async_context(self.database.joined(stamp, isolation))
        if key is not None:
            await self._claim(wish, key)
        return key

    async def _end(self, wish: _Wish, key: Key | None, response: Response) -> Response:
        if response.status_code >= 400 or wish.engine.rules.rollback:
            raise _Settled(response)
        if key is not None:
            await self._keep(wish, key, response)
        return response

    async def _claim(self, wish: _Wish, key: Key) -> None:
        """Claim a key in the transaction of now, or in one of its own; `_Settled` if that was done before."""
        try:
            async with self.database.transaction(SERVICE) as connection:
                known = await idempotency.claimed(connection, key, wish.engine.settings)
        except AppError as error:
            if error.code == KEY_WITHOUT_ANSWER.code:
                error.hint = "Read what was written."
            raise idempotency.as_told(error) from error
        if known is not None:
            response = Response(known.body, known.status)
            response.raw_headers = known.headers
            raise _Settled(response)

    async def _keep(self, wish: _Wish, key: Key, response: Response) -> None:
        """Write down the answer, so far as it is to be."""
        # What is sent piece by piece is over when it has been sent.
        body: bytes | None = getattr(response, "body", None)
        answer = Answer(response.status_code, response.raw_headers, body or b"")
        said = wish.once != "unsaid" and body is not None
        async with self.database.transaction(SERVICE) as connection:
            await idempotency.keep(connection, key, answer, wish.engine.settings, said=said)

    async def _apart(self, wish: _Wish) -> Response:
        content = await wish.request.body()
        if wish.once == "unsaid":
            # There may be a password in it, which nobody is to guess from what is written down.
            content = self.keys.code_of(_PURPOSE, content)
        key = wish.key(content)
        assert key is not None
        async with self._turns.of(key):
            try:
                await self._claim(wish, key)
            except _Settled as settled:
                return settled.response
            try:
                response = await wish.handler(wish.request)
            except (AppError, RequestValidationError, HTTPException) as error:
                if _is_refusal(error):
                    await self._let_go(key)
                raise
            if response.status_code < 400:
                await self._keep(wish, key, response)
            elif response.status_code < 500:
                await self._let_go(key)
            return response

    async def _let_go(self, key: Key) -> None:
        async with self.database.transaction(SERVICE) as connection:
            await idempotency.let_go(connection, key)


def _is_refusal(error: AppError | RequestValidationError | HTTPException) -> bool:
    """Whether nothing was done. Of what went wrong nobody can say, and something may be left of what was undone."""
    if isinstance(error, HTTPException):
        return error.status_code < 500
    if isinstance(error, RequestValidationError):
        return True
    return error.status < 500 and not (isinstance(error.details, dict) and "left" in error.details)


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


def claim_of(request: Request) -> Claim | None:
    """For routes that read a form themselves: how to claim the request's key, if it has one, before they keep any."""
    return request.scope.get(_CLAIM)


async def _as_seen(wish: _Wish) -> None:
    """Or `PRECONDITION_FAILED`: what is at the address is not what the caller saw there."""
    assert wish.tags is not None
    tag = await _tag_of_now(wish)
    if wish.tags and not is_held(tag, b",".join(wish.tags)):
        raise refuse(PRECONDITION_FAILED, "It has been changed", headers={"ETag": tag.decode("latin-1")})


async def _tag_of_now(wish: _Wish) -> bytes:
    """The tag of what GET answers at the address of a write, in the transaction of now."""
    request, seen = wish.request, _Seen()
    headers = [item for item in request.scope["headers"] if item[0] not in _OF_THE_WRITE]
    scope: Scope = {**request.scope, "method": "GET", "headers": headers, ADMITTED: _Admitted(wish.asked)}
    router: Any = request.app.router
    try:
        await router(scope, _nothing, seen.send)
    except _Enough:
        pass
    except HTTPException as error:
        seen.status = error.status_code
    except AppError as error:
        if error.status != 404:
            # It says something of the moment, and nothing of the row.
            raise
        seen.status = error.status
    if 200 <= seen.status < 300:
        return seen.tag or tag_of(b"".join(seen.parts))
    if seen.status == 405:
        raise refuse(PRECONDITION_ELSEWHERE)
    raise refuse(PRECONDITION_FAILED, f"Reading it is answered {seen.status}")


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


@dataclass(slots=True)
class _Seen:
    """An answer, as far as its tag needs it."""

    status: int = 500
    tag: bytes = b""
    parts: list[bytes] = field(default_factory=list[bytes])

    async def send(self, message: Message) -> None:
        """More of it."""
        if message["type"] == "http.response.start":
            self.status, self.tag = message["status"], dict(message["headers"]).get(b"etag", b"")
            if self.tag:
                raise _Enough
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))


class _Admitted(dict[asking, Asked]):
    """Whoever writes has been let in, and counted."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, _: asking) -> Asked:
        return self._asked
