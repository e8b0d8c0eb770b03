"""`Idempotency-Key`: a write that is sent again is not done again; it is answered as the first time.

The row of a key is written in the transaction of its write. So both are there or neither is, whatever crashes when, and
whoever comes with the same key meanwhile waits for the first one at the index of keys.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

from app.adapters.postgres import Connection
from app.auth.caller import Caller
from app.errors import AppError, refuse
from app.gateway.errors_beyond import (
    KEY_ANONYMOUS,
    KEY_BUSY,
    KEY_MALFORMED,
    KEY_REUSED,
    KEY_UNFINISHED,
    KEY_WITHOUT_ANSWER,
    KEYS_TOO_MANY,
    KEYS_UNAVAILABLE,
)
from app.gateway.keeping import scope_of
from app.gateway.parse import Head
from app.gateway.respond import Answer
from app.settings import RestSettings

HEADER = b"idempotency-key"
REPLAYED = (b"idempotency-replayed", b"true")
_LONGEST = 255
#: What a write depends on beside its line and its body.
_RELEVANT = (b"accept", b"accept-profile", b"content-profile", b"content-type", b"if-match", b"prefer", b"range")
#: Of a database without our table, or without the role that keeps it.
_NOT_THERE = frozenset({"22023", "3F000", "42501", "42P01"})
_WAITED_TOO_LONG = frozenset({"55P03", "57014"})
#: One that is too old counts no more. Waits for whoever is at it, and then finds nothing to insert.
_CLAIM = """
    with claimed as (
        insert into relais.idempotency_keys as known (tenant_id, owner, key, request)
        values ($1::text::uuid, $2, $3, $4)
        on conflict (tenant_id, owner, key) do update
        set request = excluded.request, status = null, headers = null, body = null, created_at = now()
        where known.created_at < now() - $5::int * interval '1 second'
        returning true
    )
    select exists (select from claimed) as first, (
        select count(*) from (
            select from relais.idempotency_keys
            where tenant_id = $1::text::uuid and owner = $2 and created_at >= now() - $5::int * interval '1 second'
            limit $6
        ) as others) as others
"""
_KNOWN = """
    select request, status, headers::text as headers, body from relais.idempotency_keys
    where tenant_id = $1::text::uuid and owner = $2 and key = $3
"""
_KEEP = """
    update relais.idempotency_keys set status = $4, headers = $5::text::jsonb, body = $6
    where tenant_id = $1::text::uuid and owner = $2 and key = $3
"""
_LET_GO = """
    delete from relais.idempotency_keys
    where tenant_id = $1::text::uuid and owner = $2 and key = $3 and status is null
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, whose it is, and what it was sent with."""

    tenant: str
    owner: str
    text: str
    request: bytes

    @property
    def place(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return self.tenant, self.owner, self.text


def key_of(head: Head, body: bytes, caller: Caller, tenant: str) -> Key | None:
    """The key of a write, if it has one."""
    said = head.headers.get(HEADER)
    if said is None:
        return None
    text = said.decode("latin-1")
    if not 0 < len(text) <= _LONGEST or not text.isascii() or not text.isprintable():
        raise refuse(KEY_MALFORMED, f"It is 1 to {_LONGEST} printable characters of ASCII")
    if caller.anonymous:
        # All of them are one: whoever guesses a key would read the answer of another one.
        raise refuse(KEY_ANONYMOUS, headers={"WWW-Authenticate": "Bearer"})
    if not tenant:
        raise refuse(KEYS_UNAVAILABLE)
    owner = caller.user_id or f"claims:{hashlib.sha256(scope_of(caller.role, caller.claims)).hexdigest()}"
    return Key(tenant, owner, text, _digest(head, body, caller))


def _digest(head: Head, body: bytes, caller: Caller) -> bytes:
    """Of all that makes it this request; of the caller what may be another thing with the next token."""
    scopes = ",".join(sorted(caller.scopes)) if caller.scopes is not None else "*"
    line = (head.method, head.path, head.query_string, caller.role, scopes, str(caller.assurance))
    digest = hashlib.sha256()
    for part in (*(item.encode() for item in line), *(head.headers.get(name, b"") for name in _RELEVANT), body):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


async def claimed(connection: Connection, key: Key, settings: RestSettings) -> Answer | None:
    """The answer of the first time; None: this is the first time, and `keep` is to follow.

    The connection speaks for the product itself, here and below.
    """
    seconds, most = settings.idempotency_seconds, settings.idempotency_keys
    while True:
        row = await connection.fetchrow(_CLAIM, *key.place, key.request, seconds, most)
        assert row is not None
        if row["first"]:
            if row["others"] >= most:
                raise refuse(KEYS_TOO_MANY, f"The limit is {most}", headers={"Retry-After": "60"})
            return None
        known = await connection.fetchrow(_KNOWN, *key.place)
        if known is None:
            # Swept away in between.
            continue
        if bytes(known["request"]) != key.request:
            raise refuse(KEY_REUSED, hint="Send a new key with each new request.")
        if known["status"] is None:
            raise refuse(
                KEY_UNFINISHED,
                hint="Ask again in a moment. If it stays so, it was broken off: look at what it has done.",
                headers={"Retry-After": "1"},
            )
        if known["body"] is None:
            raise refuse(KEY_WITHOUT_ANSWER, hint="Read what was written, or ask for less with Prefer: return=minimal.")
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in orjson.loads(known["headers"])]
        return Answer(known["status"], [*headers, REPLAYED], bytes(known["body"]))


async def keep(connection: Connection, key: Key, answer: Answer, settings: RestSettings, *, said: bool = True) -> None:
    """Write down what is about to be answered; what is not to be `said` again, that it was."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers if said]
    body = bytes(answer.body) if said and len(answer.body) <= settings.idempotency_answer_bytes else None
    await connection.execute(_KEEP, *key.place, answer.status, orjson.dumps(headers).decode(), body)


async def let_go(connection: Connection, key: Key) -> None:
    """Nothing was done with a key that was claimed by itself: it is as good as new."""
    await connection.execute(_LET_GO, *key.place)


def as_told(error: AppError) -> AppError:
    """What a client is told of an error that came while a key was claimed."""
    if error.code in _WAITED_TOO_LONG:
        return refuse(KEY_BUSY, headers={"Retry-After": "1"})
    return refuse(KEYS_UNAVAILABLE) if error.code in _NOT_THERE else error


@dataclass(slots=True)
class Turns:
    """Who comes with the same key to the same process waits here: without a connection that others could use."""

    _taken: dict[tuple[str, str, str], tuple[asyncio.Lock, int]] = field(
        default_factory=dict[tuple[str, str, str], "tuple[asyncio.Lock, int]"]
    )

    @asynccontextmanager
    async def of(self, key: Key) -> AsyncGenerator[None]:
        """One at a time."""
        place = key.place
        lock, waiting = self._taken.get(place, (asyncio.Lock(), 0))
        self._taken[place] = lock, waiting + 1
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._taken.pop(place)
            if waiting > 1:
                self._taken[place] = lock, waiting - 1
