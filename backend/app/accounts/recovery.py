"""Getting back into an account without its password: a link by e-mail, and a new password from whoever holds it.

Accounts that were carried over without a password are claimed in the same way, and in no other.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.changes import LOCK, Own, end_tokens, put_password
from app.accounts.context import Accounts
from app.accounts.errors import INVALID_LINK
from app.accounts.onward import NOWHERE, Onward
from app.accounts.origins import origin_of
from app.accounts.password_rules import must_be_strong
from app.accounts.secrets_held import Held
from app.adapters.postgres import SERVICE, Connection, Row
from app.auth.passwords import PBKDF2
from app.auth.tables import TokenPurpose
from app.errors import refuse
from app.jobs.mail import put_mail

RESET_SECONDS: Final = 3600.0
CLAIM_SECONDS: Final = 86400.0
_SECONDS = {TokenPurpose.RESET_PASSWORD: RESET_SECONDS, TokenPurpose.CLAIM_ACCOUNT: CLAIM_SECONDS}
_BY_EMAIL = """
    select u.id::text, u.email, u.locale, u.password_hash,
           exists (select from relais.oauth_accounts as o where o.user_id = u.id) as has_provider,
           coalesce((
               select m.tenant_id::text from relais.memberships as m
               where m.user_id = u.id order by m.created_at, m.tenant_id limit 1), '') as tenant_id
    from relais.users as u where lower(u.email) = lower($1) and u.disabled_at is null
"""
_VERIFIED = """
    update relais.users set email_verified_at = coalesce(email_verified_at, now()) where id = $1::text::uuid
"""
#: Whoever made an account need not own an address that was not proved then: what was set up before goes with their
#: password. What came with the proof itself (the provider's account of a sign-up) is as old as the proof.
_STRANGERS = """
    with strangers as (
        select id, coalesce(email_verified_at, 'infinity') as proved_at from relais.users where id = $1::text::uuid
    ), links as (
        delete from relais.oauth_accounts as o using strangers as s
        where o.user_id = s.id and o.created_at < s.proved_at
    ), factors as (
        delete from relais.second_factors as f using strangers as s
        where f.user_id = s.id and f.created_at < s.proved_at
    ), codes as (
        delete from relais.recovery_codes as c using strangers as s
        where c.user_id = s.id and c.created_at < s.proved_at
    ), tokens as (
        update relais.api_tokens as t set revoked_at = now()
        from strangers as s where t.user_id = s.id and t.revoked_at is null and t.created_at < s.proved_at
        returning 'token:' || t.id as name
    ), sessions as (
        update relais.sessions as e set revoked_at = now()
        from strangers as s where e.user_id = s.id and e.revoked_at is null and e.created_at < s.proved_at
        returning 'session:' || e.id as name
    )
    select name from tokens union all select name from sessions
"""
#: What a helper of the browsers' store gave as password to accounts that had none: it is no secret.
_GIVEN = b"reset"
_ROUNDS = 10_000
_NOBODY = "00000000-0000-0000-0000-000000000000"
_NOBODYS = f"{PBKDF2}${_ROUNDS}${'0' * 32}${'0' * 64}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A link for somebody, or for nobody."""

    purpose: TokenPurpose
    address: str
    onward: Onward
    user_id: str = ""
    locale: str = "fr"
    tenant_id: str = ""


async def forgot(accounts: Accounts, asked: Asked, email: str, onward: Onward = NOWHERE) -> None:
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
    wanted = _Wanted(purpose, email, onward) if row is None else _wanted(row, purpose, onward)
    async with accounts.database.transaction(SERVICE) as connection:
        locked = await connection.fetchrow(LOCK, wanted.user_id or None)
        lately = await secrets_held.sent_lately(connection, wanted.user_id, *_SECONDS)
        await connection.execute("savepoint link")
        await _send(accounts, connection, asked, wanted)
        sent = row is not None and locked is not None and locked["email"] == row["email"] and not lately
        await connection.execute("release savepoint link" if sent else "rollback to savepoint link")


async def reset(accounts: Accounts, asked: Asked, token: str, password: str) -> None:
    """A new password for the account that a link was sent for. All its sessions and API tokens end."""
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
        ended += await prove_address(connection, own.id) + await end_tokens(connection, own.id)
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


async def _send(accounts: Accounts, connection: Connection, asked: Asked, wanted: _Wanted) -> None:
    """Write all that a link is made of; without a user, for nobody."""
    purpose, address = wanted.purpose, wanted.address
    for earlier in _SECONDS:
        await secrets_held.withdraw(connection, earlier, user_id=wanted.user_id or _NOBODY)
    secret = await secrets_held.hand_out(
        connection,
        purpose,
        _SECONDS[purpose],
        user_id=wanted.user_id,
        email=address,
        details=wanted.onward.details(),
    )
    await put_mail(
        connection,
        accounts.keys.seal,
        purpose.value,
        address,
        locale=wanted.locale,
        tenant_id=wanted.tenant_id,
        data=origin_of(asked),
        secret={"token": secret},
    )
    await note(connection, asked, "PASSWORD_RESET_ASKED", actor_id=wanted.user_id)


def _wanted(row: Row, purpose: TokenPurpose, onward: Onward) -> _Wanted:
    return _Wanted(purpose, row["email"], onward, row["id"], row["locale"], row["tenant_id"])


def _was_given(kept: str | None) -> bool:
    """Whether an imported hash is that of the password which everybody was given: as good as none.

    Takes as long for every other account, and for none.
    """
    imported = kept is not None and kept.startswith(f"{PBKDF2}${_ROUNDS}$") and kept.count("$") == 3
    salt, digest = (kept if kept is not None and imported else _NOBODYS).split("$")[2:]
    made = hashlib.pbkdf2_hmac("sha256", _GIVEN, salt.encode(), _ROUNDS, 32)
    return hmac.compare_digest(made.hex().encode(), digest.encode())
