"""Whose account an identity is: the user who is linked to it, one whose address it proves, or a new one.

Nobody gets into an account by an address alone. The provider must have verified it; and an account with a password
whose address nobody has proved may have been made by a stranger who waits for its owner to move in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.errors import EMAIL_NOT_VERIFIED, SIGN_UP_CLOSED
from app.accounts.oauth.errors import (
    ACCOUNT_DISABLED,
    LINK_NOT_PROVEN,
    LINKED_TO_ANOTHER,
    OAUTH_STATE_INVALID,
    PROVIDER_EMAIL_MISSING,
    UNPROVEN_ACCOUNT,
    must,
)
from app.accounts.oauth.identity import Identity
from app.accounts.origins import origin_of
from app.accounts.sign_up import NewAccount, is_taken, put_user
from app.accounts.tenancy import join_by_sign_up, tenant_of
from app.adapters.postgres import SERVICE, Connection, Row
from app.adapters.providers import Grant
from app.errors import AppError, refuse
from app.jobs.mail import put_mail

_USER = """
    select u.id::text, u.email, u.locale, u.disabled_at is not null as disabled,
           u.email_verified_at is not null as verified,
           u.password_hash is not null
           or exists (select from relais.oauth_accounts as o where o.user_id = u.id)
           or exists (select from relais.sessions as s where s.user_id = u.id and s.revoked_at is null)
           or exists (select from relais.api_tokens as t where t.user_id = u.id and t.revoked_at is null) as in_use
    from relais.users as u
"""
_BY_IDENTITY = f"""
    {_USER} join relais.oauth_accounts as o on o.user_id = u.id
    where o.provider = $1 and o.provider_user_id = $2 for update of u
"""
_BY_EMAIL = f"{_USER} where lower(u.email) = lower($1) for update of u"
_BY_SESSION = f"""
    {_USER} join relais.sessions as own on own.user_id = u.id
    where u.id = $1::text::uuid and own.id = $2::text::uuid and own.revoked_at is null and own.expires_at > now()
    for update of u
"""
_CLAIM = "update relais.users set email_verified_at = now() where id = $1::text::uuid"
_KEEP = """
    update relais.oauth_accounts
    set provider_email = coalesce($3, provider_email), access_token = $4, refresh_token = coalesce($5, refresh_token),
        token_expires_at = $6, scope = $7, details = $8::text::jsonb
    where provider = $1 and provider_user_id = $2
    returning id::text
"""
_LINK = """
    insert into relais.oauth_accounts (
        provider, provider_user_id, provider_email, access_token, refresh_token, token_expires_at, scope, details,
        user_id, is_primary)
    values (
        $1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9::text::uuid,
        not exists (
            select from relais.oauth_accounts as o
            where o.user_id = $9::text::uuid and o.provider = $1 and o.is_primary))
    on conflict (provider, provider_user_id) do nothing
    returning id::text
"""
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came back from a provider."""

    provider: str
    grant: Grant
    identity: Identity


@dataclass(frozen=True, slots=True)
class Linker:
    """Who wants to link an account, and the session that they asked from."""

    user_id: str
    session_id: str


class _Overtaken(Exception):
    """Another request has just made what this one was about to make."""


async def enter(accounts: Accounts, asked: Asked, arrival: Arrival) -> Mapping[str, str]:
    """The user (`id`, `email`) who signs in."""
    tenant_id = await tenant_of(accounts, asked)
    for _ in range(_ATTEMPTS):
        try:
            async with accounts.database.transaction(SERVICE) as connection:
                user = await _entered(accounts, connection, asked, arrival, tenant_id)
        except _Overtaken:
            continue
        if accounts.settings.auth.verified_email:
            must(user["verified"], EMAIL_NOT_VERIFIED)
        return {"id": user["id"], "email": user["email"]}
    raise refuse(OAUTH_STATE_INVALID)


async def link(accounts: Accounts, asked: Asked, linker: Linker, arrival: Arrival) -> str:
    """Link an identity to a user who asked for it; the id of the linked account."""
    for _ in range(_ATTEMPTS):
        try:
            async with accounts.database.transaction(SERVICE) as connection:
                return await _link_to(accounts, connection, asked, linker, arrival)
        except _Overtaken:
            continue
    raise refuse(LINKED_TO_ANOTHER)


async def _entered(
    accounts: Accounts, connection: Connection, asked: Asked, arrival: Arrival, tenant_id: str
) -> Row | Mapping[str, Any]:
    identity = arrival.identity
    user = await connection.fetchrow(_BY_IDENTITY, arrival.provider, identity.id)
    if user is not None:
        must(not user["disabled"], ACCOUNT_DISABLED)
        await connection.fetchval(_KEEP, *_values(accounts, arrival))
        return user
    must(identity.email, PROVIDER_EMAIL_MISSING)
    user = await connection.fetchrow(_BY_EMAIL, identity.email)
    if user is None:
        user = await _new_user(accounts, connection, asked, arrival, tenant_id)
        await _put(accounts, connection, asked, user["id"], arrival)
        await put_mail(connection, accounts.keys.seal, "welcome", user["email"])
        return {"id": user["id"], "email": user["email"], "verified": True}
    must(not user["disabled"], ACCOUNT_DISABLED)
    must(user["verified"] or not user["in_use"], UNPROVEN_ACCOUNT)
    if not user["verified"]:
        # Brought along from elsewhere and never used: whoever has the address may claim it.
        await connection.execute(_CLAIM, user["id"])
    await _put(accounts, connection, asked, user["id"], arrival)
    await tell(accounts, connection, asked, user, provider=arrival.provider, link="linked")
    return {"id": user["id"], "email": user["email"], "verified": True}


async def _new_user(
    accounts: Accounts, connection: Connection, asked: Asked, arrival: Arrival, tenant_id: str
) -> Mapping[str, Any]:
    must(accounts.settings.auth.sign_up, SIGN_UP_CLOSED)
    identity = arrival.identity
    assert identity.email is not None
    told = {"full_name": identity.full_name, "avatar_url": identity.avatar_url, **identity.metadata}
    metadata = {name: value for name, value in told.items() if value}
    new = NewAccount(identity.email, None, identity.username, metadata, {"provider": arrival.provider}, verified=True)
    try:
        user_id = await put_user(connection, new, None)
    except AppError as error:
        if is_taken(error):
            raise _Overtaken from error
        raise
    await join_by_sign_up(connection, tenant_id, user_id)
    await note(
        connection, asked, "SIGNED_UP", tenant_id=tenant_id, actor_id=user_id, details={"method": arrival.provider}
    )
    return {"id": user_id, "email": identity.email}


async def _link_to(accounts: Accounts, connection: Connection, asked: Asked, linker: Linker, arrival: Arrival) -> str:
    # Whoever ended that session meanwhile may have done so because somebody else was in it.
    user = await connection.fetchrow(_BY_SESSION, linker.user_id, linker.session_id)
    if user is None or user["disabled"]:
        raise refuse(LINK_NOT_PROVEN)
    owner = await connection.fetchrow(_BY_IDENTITY, arrival.provider, arrival.identity.id)
    if owner is not None:
        must(owner["id"] == user["id"], LINKED_TO_ANOTHER)
        return await connection.fetchval(_KEEP, *_values(accounts, arrival))
    if not user["verified"]:
        # Or else whoever made an account for somebody's address would stay in it when its owner gets it back.
        must((arrival.identity.email or "").lower() == user["email"].lower(), EMAIL_NOT_VERIFIED)
        await connection.execute(_CLAIM, user["id"])
    account_id = await _put(accounts, connection, asked, user["id"], arrival)
    await tell(accounts, connection, asked, user, provider=arrival.provider, link="linked")
    return account_id


async def tell(
    accounts: Accounts,
    connection: Connection,
    asked: Asked,
    user: Row,
    *,
    provider: str,
    link: Literal["linked", "unlinked"],
) -> None:
    """Write to a user that another way into their account has been opened or closed."""
    data = {**origin_of(asked), "provider": provider, "link": link}
    seal, locale = accounts.keys.seal, user["locale"]
    await put_mail(connection, seal, "provider_changed", user["email"], locale=locale, data=data)


async def _put(accounts: Accounts, connection: Connection, asked: Asked, user_id: str, arrival: Arrival) -> str:
    """Add an account; whoever calls has locked the user, so that only one of theirs becomes the primary one."""
    account_id = await connection.fetchval(_LINK, *_values(accounts, arrival), user_id)
    if account_id is None:
        raise _Overtaken
    details = {"provider": arrival.provider}
    await note(connection, asked, "OAUTH_LINKED", actor_id=user_id, target=account_id, details=details)
    return account_id


def _values(accounts: Accounts, arrival: Arrival) -> tuple[Any, ...]:
    grant, identity, seal = arrival.grant, arrival.identity, accounts.keys.seal
    return (
        arrival.provider,
        identity.id,
        identity.email,
        seal(grant.access_token.encode()),
        seal(grant.refresh_token.encode()) if grant.refresh_token else None,
        grant.expires_at,
        list(grant.scope),
        orjson.dumps(identity.details()).decode(),
    )
