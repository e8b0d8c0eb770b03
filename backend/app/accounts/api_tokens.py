"""Personal API tokens: made by somebody for their programs, shown once, kept as hashes, revoked at once.

How a token that comes with a request is recognised is in `app.auth.guard`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.errors import INSUFFICIENT_ROLE, NOT_A_MEMBER
from app.accounts.origins import origin_of
from app.accounts.people import person
from app.accounts.proofs import must_be_recent, own_session
from app.accounts.tenancy import must_administer, tenant_here
from app.adapters.postgres import SERVICE, Connection, Row
from app.auth.guard import API_TOKEN_PREFIX
from app.auth.tables import TenantRole
from app.errors import ErrorSpec, refuse
from app.jobs.mail import put_mail

Scope = Literal["read", "write", "admin"]
API_TOKEN_NOT_FOUND = ErrorSpec("API_TOKEN_NOT_FOUND", 404, "Token API non trouvé")
API_TOKEN_NOT_YOURS = ErrorSpec("API_TOKEN_NOT_YOURS", 403, "Accès non autorisé")
TOO_MANY_API_TOKENS = ErrorSpec("TOO_MANY_API_TOKENS", 409, "Vous avez déjà trop de tokens API")
MOST_TOKENS = 50
#: Reading is part of every token.
SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
_SECRET_BYTES = 32
_SHOWN_CHARACTERS = 6
#: Ranks that need no token of their own kind.
_ORDINARY = frozenset({None, "guest", "user"})
_COLUMNS = """
    t.id::text, t.user_id::text, t.name, t.prefix, t.scopes, t.last_used_at, t.expires_at, t.created_at,
    coalesce(t.expires_at <= now(), false) as is_expired
"""
_LIST = f"""
    select {_COLUMNS} from relais.api_tokens as t
    where t.user_id = $1::text::uuid and t.tenant_id = $2::text::uuid and t.revoked_at is null
    order by t.created_at desc, t.id desc
"""  # noqa: S608 - constants
_FIND = f"""
    select {_COLUMNS} from relais.api_tokens as t
    where t.id = $1::text::uuid and t.tenant_id = $2::text::uuid and t.revoked_at is null
"""  # noqa: S608
#: Whoever makes tokens at once takes turns, so that they are counted.
_STANDING = """
    select role::text from relais.memberships where user_id = $1::text::uuid and tenant_id = $2::text::uuid
    for no key update
"""
#: What has been revoked is kept for a while: processes that heard nothing of it look it up.
_SWEEP = """
    delete from relais.api_tokens
    where user_id = $1::text::uuid and tenant_id = $2::text::uuid and revoked_at < now() - interval '30 days'
"""
_COUNT = """
    select count(*) from relais.api_tokens
    where user_id = $1::text::uuid and tenant_id = $2::text::uuid and revoked_at is null
"""
_PUT = f"""
    insert into relais.api_tokens as t (user_id, tenant_id, name, prefix, token_hash, scopes, expires_at)
    values ($1::text::uuid, $2::text::uuid, $3, $4, $5, $6::text[], now() + $7::int * interval '1 day')
    returning {_COLUMNS}
"""  # noqa: S608
_REVOKE = """
    update relais.api_tokens set revoked_at = now() where id = $1::text::uuid and revoked_at is null returning true
"""


@dataclass(frozen=True, slots=True)
class NewToken:
    """What somebody asks for."""

    name: str
    scopes: Sequence[Scope]
    #: None: it does not expire.
    days: int | None
    #: Of whoever signed in long ago.
    password: str | None = None


async def own_tokens(accounts: Accounts, asked: Asked) -> Sequence[Row]:
    """The caller's tokens in their tenant, the newest first."""
    tenant_id = await tenant_here(accounts, asked)
    async with accounts.database.connection(SERVICE, "write") as connection:
        return await connection.fetch(_LIST, asked.caller.user_id, tenant_id)


async def own_token(accounts: Accounts, asked: Asked, token_id: str) -> Row:
    """One of them."""
    tenant_id = await tenant_here(accounts, asked)
    async with accounts.database.connection(SERVICE, "write") as connection:
        return await _own(connection, asked, tenant_id, token_id)


async def make_token(accounts: Accounts, asked: Asked, new: NewToken) -> tuple[Row, str]:
    """A new token and its secret, shown once. Neither a token nor an old session makes any: they would outlive it."""
    session = await own_session(accounts, asked)
    await must_be_recent(accounts, asked, session, new.password)
    caller, scopes = asked.caller, [scope for scope in SCOPES if scope in {"read", *new.scopes}]
    secret = f"{API_TOKEN_PREFIX}{secrets.token_hex(_SECRET_BYTES)}"
    digest, prefix = hashlib.sha256(secret.encode()).digest(), secret[: len(API_TOKEN_PREFIX) + _SHOWN_CHARACTERS]
    async with accounts.database.transaction(SERVICE) as connection:
        standing = await connection.fetchval(_STANDING, caller.user_id, caller.tenant_id)
        if standing is None:
            raise refuse(NOT_A_MEMBER)
        if "admin" in scopes:
            await _must_administer(accounts, connection, asked, standing)
        await connection.execute(_SWEEP, caller.user_id, caller.tenant_id)
        if await connection.fetchval(_COUNT, caller.user_id, caller.tenant_id) >= MOST_TOKENS:
            raise refuse(TOO_MANY_API_TOKENS, hint=f"Nobody has more than {MOST_TOKENS}. Delete one.")
        values = (new.name, prefix, digest, scopes, new.days)
        row = await connection.fetchrow(_PUT, caller.user_id, caller.tenant_id, *values)
        assert row is not None
        await _note(connection, asked, "API_TOKEN_CREATED", row["id"], scopes)
        told = {**origin_of(asked), "name": new.name, "scopes": scopes}
        await put_mail(connection, accounts.keys.seal, "token_created", session.email, locale=session.locale, data=told)
    return row, secret


async def revoke_token(accounts: Accounts, asked: Asked, token_id: str) -> None:
    """Make one of the caller's tokens worthless, at once and everywhere."""
    tenant_id = await tenant_here(accounts, asked)
    async with accounts.database.transaction(SERVICE) as connection:
        row = await _own(connection, asked, tenant_id, token_id)
        if await connection.fetchval(_REVOKE, row["id"]):
            await _note(connection, asked, "API_TOKEN_REVOKED", row["id"], row["scopes"])
    await accounts.guard.ended((f"token:{row['id']}",))


async def _own(connection: Connection, asked: Asked, tenant_id: str, token_id: str) -> Row:
    try:
        wanted = str(UUID(token_id))
    except ValueError:
        raise refuse(API_TOKEN_NOT_FOUND) from None
    row = await connection.fetchrow(_FIND, wanted, tenant_id)
    if row is None:
        raise refuse(API_TOKEN_NOT_FOUND)
    if row["user_id"] != asked.caller.user_id:
        raise refuse(API_TOKEN_NOT_YOURS)
    return row


async def _must_administer(accounts: Accounts, connection: Connection, asked: Asked, standing: str) -> None:
    """Refuse a token that reaches as far as administration to whoever does not, or not in this session."""
    must_administer(asked)
    if standing != TenantRole.MEMBER.value:
        return
    who = await person(accounts, connection, asked.caller.user_id, asked.caller.tenant_id)
    if who is None or who.role in _ORDINARY:
        raise refuse(INSUFFICIENT_ROLE)


async def _note(connection: Connection, asked: Asked, action: str, token_id: str, scopes: Sequence[str]) -> None:
    caller, details = asked.caller, {"scopes": list(scopes)}
    await note(
        connection,
        asked,
        action,
        tenant_id=caller.tenant_id,
        actor_id=caller.user_id,
        target=token_id,
        details=details,
    )
