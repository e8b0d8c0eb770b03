"""Making an account: a user, their place in a tenant, and the message that asks whether the address is theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.errors import EMAIL_TAKEN, SIGN_UP_CLOSED, USERNAME_TAKEN
from app.accounts.onward import NOWHERE, Onward
from app.accounts.password_rules import must_be_strong
from app.accounts.tenancy import join_by_sign_up, must_be_open, tenant_of
from app.adapters.postgres import SERVICE, Connection
from app.auth.tables import TokenPurpose
from app.errors import AppError, refuse
from app.jobs.mail import put_mail

VERIFY_SECONDS = 3 * 86400.0
_TAKEN = "select exists (select from relais.users where lower(email) = lower($1))"
_INSERT = """
    insert into relais.users (
        email, password_hash, password_changed_at, user_metadata, app_metadata, locale, email_verified_at)
    values (
        $1, $2, case when $2::text is not null then now() end, $3::text::jsonb, $4::text::jsonb, $5,
        case when $6 then now() end)
    on conflict (lower(email)) do nothing
    returning id::text
"""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody signs up with."""

    email: str
    #: None: they sign in by other means.
    password: str | None
    username: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    app_metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    locale: str = "fr"
    #: Somebody else has made sure of the address: a provider, an invitation, an administrator.
    verified: bool = False


async def sign_up(accounts: Accounts, asked: Asked, new: NewAccount, onward: Onward = NOWHERE) -> str:
    """Make an account in the tenant that the request is for; the user's id."""
    if not accounts.settings.auth.sign_up:
        raise refuse(SIGN_UP_CLOSED)
    assert new.password is not None
    must_be_strong(new.password, new.email)
    tenant_id = await tenant_of(accounts, asked)
    async with accounts.database.connection(SERVICE, "write") as connection:
        await must_be_open(connection, tenant_id)
        await _must_be_free(accounts, connection, new, tenant_id)
    # Takes its time; no connection is held meanwhile.
    hashed = await accounts.passwords.hash(new.password)
    async with accounts.database.transaction(SERVICE) as connection:
        user_id = await put_user(connection, new, hashed)
        await join_by_sign_up(connection, tenant_id, user_id)
        await _must_have_name(accounts, connection, new, user_id, tenant_id)
        await note(connection, asked, "SIGNED_UP", tenant_id=tenant_id, actor_id=user_id)
        if not new.verified:
            await ask_to_verify(accounts, connection, user_id, new.email, locale=new.locale, onward=onward)
    return user_id


async def put_user(connection: Connection, new: NewAccount, hashed: str | None) -> str:
    """Insert a user; of two with one address one is refused."""
    metadata = dict(new.metadata)
    if new.username:
        metadata["username"] = new.username
    user_id = await connection.fetchval(
        _INSERT,
        new.email,
        hashed,
        orjson.dumps(metadata).decode(),
        orjson.dumps(new.app_metadata).decode(),
        new.locale,
        new.verified,
    )
    if user_id is None:
        raise refuse(EMAIL_TAKEN)
    return str(user_id)


async def ask_to_verify(
    accounts: Accounts, connection: Connection, user_id: str, email: str, *, locale: str, onward: Onward = NOWHERE
) -> None:
    """Send a link that proves that an address is somebody's."""
    await secrets_held.withdraw(connection, TokenPurpose.VERIFY_EMAIL, user_id=user_id)
    secret = await secrets_held.hand_out(
        connection,
        TokenPurpose.VERIFY_EMAIL,
        VERIFY_SECONDS,
        user_id=user_id,
        email=email,
        details=onward.details(),
    )
    await put_mail(connection, accounts.keys.seal, "verify_email", email, locale=locale, secret={"token": secret})


async def _must_be_free(accounts: Accounts, connection: Connection, new: NewAccount, tenant_id: str) -> None:
    if await connection.fetchval(_TAKEN, new.email):
        raise refuse(EMAIL_TAKEN)
    if new.username and accounts.person is not None:
        if await connection.fetchval(accounts.person.has_username, tenant_id, new.username):
            raise refuse(USERNAME_TAKEN)


async def _must_have_name(
    accounts: Accounts, connection: Connection, new: NewAccount, user_id: str, tenant_id: str
) -> None:
    # Of two who asked for a name at once the module gave one a number behind it.
    if not new.username or accounts.person is None:
        return
    row = await connection.fetchrow(accounts.person.describe, tenant_id, user_id)
    if row is not None and row["username"] != new.username:
        raise refuse(USERNAME_TAKEN)


def is_taken(error: AppError) -> bool:
    """Whether an account was refused because there is one with its address."""
    return error.code == EMAIL_TAKEN.code
