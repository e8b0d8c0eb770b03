"""The outbox as the worker sees it: messages are claimed, and then sent, put off or given up.

A claim is a lease: it ends by itself, so that what a worker held that was killed is sent by another one. The end of
the lease is also how a worker proves that the message is still its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.adapters.postgres import SERVICE, Connection, Database, Row

LONGEST_ERROR = 300
_CLAIM = """
    update relais.email_outbox as e
    set status = 'sending', attempts = e.attempts + 1,
        next_attempt_at = clock_timestamp() + $1::float8 * interval '1 second'
    where e.id = (
        select due.id from relais.email_outbox as due
        where due.status in ('pending', 'sending') and due.next_attempt_at <= now()
        order by due.next_attempt_at
        limit 1
        for update skip locked
    )
    returning e.id::text, e.recipient, e.template, e.locale, e.data::text, e.sealed, e.attempts, e.created_at,
              e.next_attempt_at as leased_until
"""
#: Whoever holds it now: it has been taken by the server, and must not be sent again.
_SENT = """
    update relais.email_outbox
    set status = 'sent', sent_at = now(), failed_at = null, sealed = null, last_error = null
    where id = $1::text::uuid and status <> 'sent'
"""
_PUT_OFF = """
    update relais.email_outbox
    set status = 'pending', last_error = $3, next_attempt_at = now() + $4::float8 * interval '1 second'
    where id = $1::text::uuid and status = 'sending' and next_attempt_at = $2
"""
_GIVE_UP = """
    update relais.email_outbox set status = 'failed', last_error = $3, failed_at = now()
    where id = $1::text::uuid and status = 'sending' and next_attempt_at = $2
"""
#: Links are kept by the hash of their secret; those that were replaced are gone.
_SPENT = """
    select coalesce(
        (select used_at is not null or expires_at <= now() from relais.one_time_tokens where token_hash = sha256($1)),
        true)
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours for a while."""

    id: str
    recipient: str
    template: str
    locale: str
    data: Mapping[str, Any]
    sealed: bytes | None
    #: This one included.
    attempts: int
    created_at: datetime
    leased_until: datetime


async def claim(database: Database, lease_seconds: float) -> Claimed | None:
    """The message that has been due longest and that nobody else holds."""
    async with database.connection(SERVICE, "write") as connection:
        row = await connection.fetchrow(_CLAIM, lease_seconds)
    return _claimed(row) if row is not None else None


async def sent(database: Database, mail: Claimed) -> None:
    """It has been taken; what was secret in it is forgotten."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_SENT, mail.id)


async def put_off(database: Database, mail: Claimed, reason: str, *, seconds: float) -> None:
    """Another time."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_PUT_OFF, mail.id, mail.leased_until, reason[:LONGEST_ERROR], seconds)


async def give_up(database: Database, mail: Claimed, reason: str) -> None:
    """Never again, unless an administrator says so."""
    async with database.connection(SERVICE, "write") as connection:
        await connection.execute(_GIVE_UP, mail.id, mail.leased_until, reason[:LONGEST_ERROR])


async def is_spent(connection: Connection, secret: str) -> bool:
    """Whether the secret of a link is good for nothing any more."""
    return await connection.fetchval(_SPENT, secret.encode("utf-8", "surrogatepass"))


def _claimed(row: Row) -> Claimed:
    values = {name: row[name] for name in row.keys()}
    return Claimed(**{**values, "data": orjson.loads(values["data"])})
