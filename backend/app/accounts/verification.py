"""Proving that an address is somebody's, by the link that was sent to it: the address of now, or another one to have.

Anybody may hold a link: whoever reads the mail of an address is not always signed in where they read it.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.changes import LOCK, must_be_the_same, prove
from app.accounts.context import Accounts
from app.accounts.errors import EMAIL_TAKEN, INVALID_LINK, USER_NOT_FOUND
from app.accounts.onward import NOWHERE, Onward
from app.accounts.origins import origin_of
from app.accounts.secrets_held import Held
from app.accounts.sign_up import ask_to_verify
from app.adapters.postgres import SERVICE, Connection
from app.auth.tables import TokenPurpose
from app.errors import AppError, ErrorSpec, refuse
from app.jobs.mail import put_mail

EMAIL_UNCHANGED = ErrorSpec("EMAIL_UNCHANGED", 400, "C'est déjà votre adresse email")
CHANGE_SECONDS: Final = 86400.0
_UNIQUE_VIOLATION = "23505"
#: A link is good for the address that it was sent to, and for no later one.
_VERIFY = """
    update relais.users set email_verified_at = coalesce(email_verified_at, now())
    where id = nullif($1, '')::uuid and lower(email) = lower($2) and disabled_at is null
    returning id::text
"""
_OWN = """
    select u.id::text, u.email, u.locale, u.email_verified_at is not null as verified
    from relais.users as u where u.id = nullif($1, '')::uuid and u.disabled_at is null
    for no key update
"""
_BY_EMAIL = """
    select u.id::text, u.email, u.locale, u.email_verified_at is not null as verified
    from relais.users as u where lower(u.email) = lower($1) and u.disabled_at is null
    for no key update
"""
#: Whoever proved the one address proves the other: what is older than the first proof stays what it is.
_SET_EMAIL = """
    update relais.users set email = $2, email_verified_at = coalesce(email_verified_at, now())
    where id = $1::text::uuid
"""
Sending = Literal["sent", "verified", "paused"]


async def verify(accounts: Accounts, asked: Asked, token: str) -> None:
    """Take back the link that was sent to somebody's address; whose is proved for the first time is welcomed."""
    async with accounts.database.transaction(SERVICE) as connection:
        known = await secrets_held.look_at(connection, TokenPurpose.VERIFY_EMAIL, token)
        # The user comes before the link, here and wherever links are replaced: nobody waits in a circle.
        own = await connection.fetchrow(_OWN, known.user_id) if known is not None else None
        if known is None or own is None or await connection.fetchval(_VERIFY, known.user_id, known.email) is None:
            raise refuse(INVALID_LINK)
        await _used(connection, TokenPurpose.VERIFY_EMAIL, token)
        await note(connection, asked, "EMAIL_VERIFIED", actor_id=known.user_id)
        if not own["verified"]:
            await put_mail(connection, accounts.keys.seal, "welcome", own["email"], locale=own["locale"])


async def send_again(accounts: Accounts, asked: Asked) -> Sending:
    """Send the caller another link in place of the one before, unless nothing is left to prove or one is on its way."""
    user_id = asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        row = await connection.fetchrow(_OWN, user_id)
        if row is None:
            raise refuse(USER_NOT_FOUND)
        if row["verified"]:
            return "verified"
        if await secrets_held.sent_lately(connection, user_id, TokenPurpose.VERIFY_EMAIL):
            return "paused"
        await ask_to_verify(accounts, connection, user_id, row["email"], locale=row["locale"])
        await note(connection, asked, "VERIFICATION_ASKED", actor_id=user_id)
        return "sent"


async def send_to(accounts: Accounts, asked: Asked, email: str, onward: Onward = NOWHERE) -> None:
    """The same for whoever has an address, if it is somebody's: nothing that can be observed tells whether it is.

    All cases run the same statements; where nothing is to be sent, what they wrote is taken back just before the end.
    """
    async with accounts.database.transaction(SERVICE) as connection:
        row = await connection.fetchrow(_BY_EMAIL, email)
        user_id, address, locale = (row["id"], row["email"], row["locale"]) if row is not None else ("", email, "fr")
        lately = await secrets_held.sent_lately(connection, user_id, TokenPurpose.VERIFY_EMAIL)
        await connection.execute("savepoint link")
        await ask_to_verify(accounts, connection, user_id, address, locale=locale, onward=onward)
        await note(connection, asked, "VERIFICATION_ASKED", actor_id=user_id)
        sent = row is not None and not row["verified"] and not lately
        await connection.execute("release savepoint link" if sent else "rollback to savepoint link")


async def ask_to_change_email(
    accounts: Accounts, asked: Asked, email: str, password: str, *, onward: Onward = NOWHERE
) -> None:
    """Send a link to the address that the caller wants to have. Whether it is somebody else's is not told here."""
    own = await prove(accounts, asked, password)
    if own.email.lower() == email.lower():
        raise refuse(EMAIL_UNCHANGED)
    purpose, details = TokenPurpose.CHANGE_EMAIL, {"from": own.email, **onward.details()}
    async with accounts.database.transaction(SERVICE) as connection:
        await must_be_the_same(connection, own)
        await secrets_held.withdraw(connection, purpose, user_id=own.id)
        secret = await secrets_held.hand_out(
            connection, purpose, CHANGE_SECONDS, user_id=own.id, email=email, details=details
        )
        await put_mail(
            connection,
            accounts.keys.seal,
            "change_email",
            email,
            locale=own.locale,
            tenant_id=asked.caller.tenant_id,
            data=origin_of(asked),
            secret={"token": secret},
        )
        await note(connection, asked, "EMAIL_CHANGE_ASKED", tenant_id=asked.caller.tenant_id, actor_id=own.id)


async def confirm_email(accounts: Accounts, asked: Asked, token: str) -> None:
    """Give an account the address that its link was sent to."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        known = await secrets_held.look_at(connection, TokenPurpose.CHANGE_EMAIL, token)
    if known is None:
        raise refuse(INVALID_LINK)
    try:
        async with accounts.database.transaction(SERVICE) as connection:
            await _move(accounts, connection, asked, known.user_id, token)
    except AppError as error:
        if error.code == _UNIQUE_VIOLATION:
            raise refuse(EMAIL_TAKEN) from error
        raise


async def _move(accounts: Accounts, connection: Connection, asked: Asked, user_id: str, token: str) -> None:
    row = await connection.fetchrow(LOCK, user_id)
    held = await _used(connection, TokenPurpose.CHANGE_EMAIL, token)
    if row is None or held.details.get("from") != row["email"]:
        raise refuse(INVALID_LINK)
    await connection.execute(_SET_EMAIL, user_id, held.email)
    await secrets_held.forget_links(connection, user_id)
    told: Mapping[str, Any] = {**origin_of(asked), "new_email": held.email}
    # The old address hears of it, for its owner may not be the one who asked.
    await put_mail(connection, accounts.keys.seal, "email_changed", row["email"], locale=row["locale"], data=told)
    await note(connection, asked, "EMAIL_CHANGED", actor_id=user_id, details={"from": row["email"]})


async def _used(connection: Connection, purpose: TokenPurpose, token: str) -> Held:
    held = await secrets_held.use(connection, purpose, token)
    if held is None:
        raise refuse(INVALID_LINK)
    return held
