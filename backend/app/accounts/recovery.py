"""Getting back into an account without its password: a link by e-mail, and a new password from whoever holds it.

Accounts that were carried over without a password are claimed in the same way, and in no other.
"""

import asyncio
import hashlib
import hmac
from typing import Final

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.changes import LOCK, Own, origin_of, put_password
from app.accounts.context import Accounts
from app.accounts.errors import INVALID_LINK
from app.accounts.password_rules import must_be_strong
from app.accounts.secrets_held import Held
from app.adapters.postgres import SERVICE, Connection, Row
from app.auth.passwords import PBKDF2
from app.auth.tables import TokenPurpose
from app.errors import refuse
from app.jobs.mail import put_mail

RESET_SECONDS: Final = 3600.0
CLAIM_SECONDS: Final = 86400.0
#: Nobody is sent a second link within so many seconds, however often it is asked for.
PAUSE_SECONDS: Final = 60.0
_SECONDS = {TokenPurpose.RESET_PASSWORD: RESET_SECONDS, TokenPurpose.CLAIM_ACCOUNT: CLAIM_SECONDS}
_BY_EMAIL = """
    select u.id::text, u.email, u.locale, u.password_hash,
           exists (select from relais.oauth_accounts as o where o.user_id = u.id) as has_provider,
           coalesce((
               select m.tenant_id::text from relais.memberships as m
               where m.user_id = u.id order by m.created_at, m.tenant_id limit 1), '') as tenant_id
    from relais.users as u where lower(u.email) = lower($1) and u.disabled_at is null
"""
_LATELY = """
    select exists (
        select from relais.one_time_tokens as t
        where t.user_id = nullif($1, '')::uuid and t.purpose in ('reset_password', 'claim_account')
          and t.used_at is null and t.created_at > now() - $2::float8 * interval '1 second')
"""
_VERIFIED = """
    update relais.users set email_verified_at = coalesce(email_verified_at, now()) where id = $1::text::uuid
"""
#: Whoever made an account need not own an address that was never proved: what they set up goes with their password.
_STRANGERS = """
    with unproven as (
        select id from relais.users where id = $1::text::uuid and email_verified_at is null
    ), links as (
        delete from relais.oauth_accounts where user_id in (select id from unproven)
    ), factors as (
        delete from relais.second_factors where user_id in (select id from unproven)
    ), codes as (
        delete from relais.recovery_codes where user_id in (select id from unproven)
    ), tokens as (
        update relais.api_tokens set revoked_at = now()
        where user_id in (select id from unproven) and revoked_at is null
        returning 'token:' || id as name
    ), sessions as (
        update relais.sessions set revoked_at = now()
        where user_id in (select id from unproven) and revoked_at is null
        returning 'session:' || id as name
    )
    select name from tokens union all select name from sessions
"""
#: What a helper of the browsers' store gave as password to accounts that had none: it is no secret.
_GIVEN = b"reset"
_ROUNDS = 10_000
_NOBODY = "00000000-0000-0000-0000-000000000000"
_NOBODYS = f"{PBKDF2}${_ROUNDS}${'0' * 32}${'0' * 64}"


async def forgot(accounts: Accounts, asked: Asked, email: str) -> None:
    """Send a link to an address, if it is somebody's. Nothing that can be observed tells whether it is.

    Both cases run the same statements and commit; for a stranger what they wrote is taken back just before.
    """
    async with accounts.database.connection(SERVICE, "write") as connection:
        row = await connection.fetchrow(_BY_EMAIL, email)
    # Takes its time; no connection is held meanwhile.
    unclaimed = await asyncio.to_thread(_was_given, row["password_hash"] if row is not None else None)
    if row is not None and row["password_hash"] is None:
        unclaimed = not row["has_provider"]
    purpose = TokenPurpose.CLAIM_ACCOUNT if unclaimed else TokenPurpose.RESET_PASSWORD
    user_id: str = row["id"] if row is not None else ""
    async with accounts.database.transaction(SERVICE) as connection:
        locked = await connection.fetchrow(LOCK, user_id or None)
        lately = await connection.fetchval(_LATELY, user_id, PAUSE_SECONDS)
        await connection.execute("savepoint link")
        await _send(accounts, connection, asked, purpose, row, email)
        sent = row is not None and locked is not None and locked["email"] == row["email"] and not lately
        await connection.execute("release savepoint link" if sent else "rollback to savepoint link")


async def reset(accounts: Accounts, asked: Asked, token: str, password: str) -> None:
    """A new password for the account that a link was sent for. All its sessions end."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        known = await _look_at(connection, token)
    if known is None:
        raise refuse(INVALID_LINK)
    purpose, held = known
    must_be_strong(password, held.email)
    hashed = await accounts.passwords.hash(password)
    async with accounts.database.transaction(SERVICE) as connection:
        row = await connection.fetchrow(LOCK, held.user_id)
        used = await secrets_held.use(connection, purpose, token)
        if row is None or used is None or used.email != row["email"]:
            raise refuse(INVALID_LINK)
        own = Own(held.user_id, row["email"], row["locale"], row["password_changed_at"])
        ended = await put_password(accounts, connection, asked, own, hashed)
        ended += await prove_address(connection, own.id)
        await note(connection, asked, "PASSWORD_RESET", actor_id=own.id, details={"by": purpose.value})
    await accounts.guard.ended(ended)


async def prove_address(connection: Connection, user_id: str) -> list[str]:
    """Whoever has the link reads the mail of the address. The names of what a stranger had set up, which has ended."""
    ended = [row["name"] for row in await connection.fetch(_STRANGERS, user_id)]
    await connection.execute(_VERIFIED, user_id)
    return ended


async def _look_at(connection: Connection, token: str) -> tuple[TokenPurpose, Held] | None:
    for purpose in _SECONDS:
        held = await secrets_held.look_at(connection, purpose, token)
        if held is not None:
            return purpose, held
    return None


async def _send(
    accounts: Accounts, connection: Connection, asked: Asked, purpose: TokenPurpose, row: Row | None, email: str
) -> None:
    """Write all that a link is made of; without a row, for nobody."""
    user_id, tenant_id = (row["id"], row["tenant_id"]) if row is not None else ("", "")
    address, locale = (row["email"], row["locale"]) if row is not None else (email, "fr")
    for earlier in _SECONDS:
        await secrets_held.withdraw(connection, earlier, user_id=user_id or _NOBODY)
    secret = await secrets_held.hand_out(connection, purpose, _SECONDS[purpose], user_id=user_id, email=address)
    seal, held = accounts.keys.seal, {"token": secret}
    data = origin_of(asked)
    await put_mail(connection, seal, purpose.value, address, locale=locale, tenant_id=tenant_id, data=data, secret=held)
    await note(connection, asked, "PASSWORD_RESET_ASKED", actor_id=user_id)


def _was_given(kept: str | None) -> bool:
    """Whether an imported hash is that of the password which everybody was given: as good as none.

    Takes as long for every other account, and for none.
    """
    imported = kept is not None and kept.startswith(f"{PBKDF2}${_ROUNDS}$") and kept.count("$") == 3
    salt, digest = (kept if kept is not None and imported else _NOBODYS).split("$")[2:]
    made = hashlib.pbkdf2_hmac("sha256", _GIVEN, salt.encode(), _ROUNDS, 32)
    return hmac.compare_digest(made.hex().encode(), digest.encode())
