"""What somebody changes of their own account while they are signed in: the password, what they say of themselves, all.

Addresses change in `verification.py`, and getting back in without the password is in `recovery.py`. What modules show
of a person (a profile) is theirs to change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.bodies import LARGEST_METADATA_BYTES
from app.accounts.context import Accounts
from app.accounts.errors import USER_NOT_FOUND
from app.accounts.members import LAST_OWNER
from app.accounts.origins import origin_of
from app.accounts.owners import lock_owned, owned_alone
from app.accounts.password_rules import must_be_strong
from app.accounts.proofs import PASSWORD_NOT_CONFIRMED, must_be_password_of
from app.accounts.sign_in import end_sessions
from app.accounts.tenancy import must_be_a_session
from app.adapters.postgres import SERVICE, Connection
from app.errors import VALIDATION_ERROR, ErrorSpec, refuse
from app.jobs.mail import put_mail

NO_PASSWORD = ErrorSpec("NO_PASSWORD", 409, "Ce compte n'a pas encore de mot de passe")
_BY_MAIL = "Ask for a link with POST /api/auth/password/forgot."
_OWN = """
    select u.id::text, u.email, u.locale, u.password_changed_at, u.password_hash is not null as has_password
    from relais.users as u where u.id = $1::text::uuid and u.disabled_at is null
"""
#: Whoever changes an account takes its row first, so that two who do wait for each other and never in a circle.
LOCK = """
    select u.email, u.locale, u.password_changed_at from relais.users as u
    where u.id = $1::text::uuid and u.disabled_at is null
    for no key update
"""
_SET_HASH = """
    update relais.users set password_hash = $2, password_changed_at = now() where id = $1::text::uuid
"""
#: What was handed out on the strength of the old password, or to get around it.
_FORGET = """
    delete from relais.one_time_tokens
    where user_id = $1::text::uuid and used_at is null and purpose not in ('verify_email', 'accept_invitation')
"""
_TELL = """
    update relais.users as u
    set user_metadata = (u.user_metadata - $2::text[]) || $3::text::jsonb, locale = coalesce($4, u.locale)
    where u.id = $1::text::uuid and u.disabled_at is null
      and octet_length(((u.user_metadata - $2::text[]) || $3::text::jsonb)::text) <= $5
    returning u.user_metadata::text
"""
#: Before the user's own row: that is the order in which a sign-in takes them.
_LOCK_MEMBERSHIPS = "select from relais.memberships where user_id = $1::text::uuid order by tenant_id for update"
_END_TOKENS = """
    update relais.api_tokens set revoked_at = now() where user_id = $1::text::uuid and revoked_at is null
    returning 'token:' || id as name
"""
_DELETE = "delete from relais.users where id = $1::text::uuid"


@dataclass(frozen=True, slots=True)
class Own:
    """An account, as the one whose it is changes it."""

    id: str
    email: str
    locale: str
    #: Which password was proved: a change that comes in between makes it worthless.
    password_changed_at: datetime | None


async def prove(accounts: Accounts, asked: Asked, password: str) -> Own:
    """The caller's own account, once they have given its password."""
    must_be_a_session(asked)
    async with accounts.database.connection(SERVICE, "write") as connection:
        row = await connection.fetchrow(_OWN, asked.caller.user_id)
    if row is None:
        raise refuse(USER_NOT_FOUND)
    if not row["has_password"]:
        raise refuse(NO_PASSWORD, hint=_BY_MAIL)
    await must_be_password_of(accounts, asked, row["id"], row["email"], password=password)
    return Own(row["id"], row["email"], row["locale"], row["password_changed_at"])


async def change_password(accounts: Accounts, asked: Asked, current: str, new: str) -> None:
    """Give the caller another password. Their other sessions end; whoever knew the old one is out."""
    own = await prove(accounts, asked, current)
    must_be_strong(new, own.email)
    hashed = await accounts.passwords.hash(new)
    async with accounts.database.transaction(SERVICE) as connection:
        await must_be_the_same(connection, own)
        ended = await put_password(accounts, connection, asked, own, hashed, but=must_be_a_session(asked))
        await note(connection, asked, "PASSWORD_CHANGED", tenant_id=asked.caller.tenant_id, actor_id=own.id)
    await accounts.guard.ended(ended)


async def put_password(
    accounts: Accounts, connection: Connection, asked: Asked, own: Own, hashed: str, *, but: str = ""
) -> list[str]:
    """Write a new password, tell its owner, and end what the old one gave: the names of the sessions."""
    await connection.execute(_SET_HASH, own.id, hashed)
    await connection.execute(_FORGET, own.id)
    await put_mail(
        connection,
        accounts.keys.seal,
        "password_changed",
        own.email,
        locale=own.locale,
        tenant_id=asked.caller.tenant_id,
        data=origin_of(asked),
    )
    return await end_sessions(accounts, connection, own.id, but=but)


async def describe(
    accounts: Accounts, asked: Asked, told: Mapping[str, Any], forgotten: Sequence[str], locale: str | None
) -> Mapping[str, Any]:
    """Keep what the caller says of themselves besides what is kept already; all that is kept now."""
    async with accounts.database.transaction(SERVICE) as connection:
        text = orjson.dumps(told).decode()
        bound = LARGEST_METADATA_BYTES
        kept = await connection.fetchval(_TELL, asked.caller.user_id, list(forgotten), text, locale, bound)
        if kept is None and await connection.fetchrow(_OWN, asked.caller.user_id) is None:
            raise refuse(USER_NOT_FOUND)
    if kept is None:
        raise refuse(VALIDATION_ERROR, [{"path": "metadata", "message": f"Plus de {bound} octets en tout"}])
    return orjson.loads(kept)


async def delete_account(accounts: Accounts, asked: Asked, password: str) -> None:
    """Remove the caller's account and all that hangs on it. Its sessions and tokens end at once."""
    own = await prove(accounts, asked, password)
    async with accounts.database.transaction(SERVICE) as connection:
        await lock_owned(connection, own.id)
        await connection.execute(_LOCK_MEMBERSHIPS, own.id)
        await must_be_the_same(connection, own)
        alone = await owned_alone(connection, own.id, without_members_too=True)
        if alone:
            raise refuse(LAST_OWNER, alone)
        ended = await delete_user(accounts, connection, own.id)
        await note(connection, asked, "ACCOUNT_DELETED", tenant_id=asked.caller.tenant_id, target=own.id)
    await accounts.guard.ended(ended)


async def delete_user(accounts: Accounts, connection: Connection, user_id: str) -> list[str]:
    """Remove a user whose row is held. The names of what ends with them: tell the guard once it is committed."""
    ended = await end_all(accounts, connection, user_id)
    await connection.execute(_DELETE, user_id)
    return ended


async def end_all(accounts: Accounts, connection: Connection, user_id: str) -> list[str]:
    """End the sessions and the API tokens of a user; their names."""
    return await end_sessions(accounts, connection, user_id) + await end_tokens(connection, user_id)


async def end_tokens(connection: Connection, user_id: str) -> list[str]:
    """End the API tokens of a user; their names."""
    return [str(row["name"]) for row in await connection.fetch(_END_TOKENS, user_id)]


async def must_be_the_same(connection: Connection, own: Own) -> None:
    """Take the row of an account whose password was proved a moment ago."""
    row = await connection.fetchrow(LOCK, own.id)
    if row is None:
        raise refuse(USER_NOT_FOUND)
    if row["password_changed_at"] != own.password_changed_at or row["email"] != own.email:
        raise refuse(PASSWORD_NOT_CONFIRMED)
