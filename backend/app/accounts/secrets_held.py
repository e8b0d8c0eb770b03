"""Secrets that somebody holds for a while: links in messages, codes, states. Kept as hashes, good for one use."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.adapters.postgres import Connection
from app.auth.tables import TokenPurpose

_PUT = """
    insert into relais.one_time_tokens (tenant_id, user_id, email, purpose, token_hash, details, expires_at)
    values (nullif($1, '')::uuid, nullif($2, '')::uuid, $3, $4::text::relais.token_purpose, $5, $6::text::jsonb,
            now() + $7::float8 * interval '1 second')
"""
#: A new secret for a purpose takes the place of those before it.
_WITHDRAW = """
    delete from relais.one_time_tokens
    where purpose = $1::text::relais.token_purpose and used_at is null
      and (user_id = nullif($2, '')::uuid or $2 = '' and lower(email) = lower($3))
"""
_USE = """
    update relais.one_time_tokens set used_at = now()
    where token_hash = $1 and purpose = $2::text::relais.token_purpose and used_at is null and expires_at > now()
    returning id::text, tenant_id::text, user_id::text, email, details::text
"""
_READ = """
    select id::text, tenant_id::text, user_id::text, email, details::text from relais.one_time_tokens
    where token_hash = $1 and purpose = $2::text::relais.token_purpose and used_at is null and expires_at > now()
"""
#: Nobody is sent a second link of a kind within so many seconds, however often and however it is asked for.
PAUSE_SECONDS = 60.0
_LATELY = """
    select exists (
        select from relais.one_time_tokens as t
        where t.user_id = nullif($1, '')::uuid and t.purpose::text = any ($2::text[])
          and t.used_at is null and t.created_at > now() - $3::float8 * interval '1 second')
"""
#: Links that went to an address which is its user's no longer.
_FORGET_LINKS = """
    delete from relais.one_time_tokens
    where user_id = $1::text::uuid and used_at is null
      and purpose in ('verify_email', 'reset_password', 'claim_account', 'change_email')
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a secret stands for."""

    id: str
    tenant_id: str
    user_id: str
    email: str
    details: Mapping[str, Any]


async def hand_out(
    connection: Connection,
    purpose: TokenPurpose,
    seconds: float,
    *,
    tenant_id: str = "",
    user_id: str = "",
    email: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> str:
    """A new secret."""
    secret = secrets.token_urlsafe(32)
    text = orjson.dumps(details or {}).decode()
    await connection.execute(_PUT, tenant_id, user_id, email, purpose.value, _hash(secret), text, seconds)
    return secret


async def withdraw(connection: Connection, purpose: TokenPurpose, *, user_id: str = "", email: str = "") -> None:
    """Make earlier secrets for a purpose, of a user or sent to an address, worthless."""
    await connection.execute(_WITHDRAW, purpose.value, user_id, email)


async def use(connection: Connection, purpose: TokenPurpose, secret: str) -> Held | None:
    """Take a secret back; None for one that is unknown, used or expired. Of two at once one succeeds."""
    return _held(await connection.fetchrow(_USE, _hash(secret), purpose.value))


async def look_at(connection: Connection, purpose: TokenPurpose, secret: str) -> Held | None:
    """What a secret stands for, without using it."""
    return _held(await connection.fetchrow(_READ, _hash(secret), purpose.value))


async def sent_lately(connection: Connection, user_id: str, *purposes: TokenPurpose) -> bool:
    """Whether a user was sent a link so short a while ago that another one has to wait. Their row must be held."""
    return await connection.fetchval(_LATELY, user_id, [purpose.value for purpose in purposes], PAUSE_SECONDS)


async def forget_links(connection: Connection, user_id: str) -> None:
    """Make the links worthless that were sent to a user's address."""
    await connection.execute(_FORGET_LINKS, user_id)


def _held(row: Any) -> Held | None:
    if row is None:
        return None
    texts = (row["id"], row["tenant_id"] or "", row["user_id"] or "", row["email"] or "")
    return Held(*texts, orjson.loads(row["details"]))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
