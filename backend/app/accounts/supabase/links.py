"""What a message brought, shown again: an address that is proved, an account that is got back, and a session for it.

Which messages there are, and what each proves, is decided in `verification.py`, `recovery.py` and `changes.py`. There
are no links that sign somebody in for the asking ("magic links").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.changes import LOCK
from app.accounts.context import Accounts
from app.accounts.errors import INVALID_LINK, SECOND_FACTOR_REQUIRED
from app.accounts.oauth.redirects import is_allowed, with_query
from app.accounts.recovery import prove_address
from app.accounts.secrets_held import Held
from app.accounts.sign_in import Opened, opened_in
from app.accounts.sign_up import ask_to_verify
from app.accounts.supabase.errors import OTP_DISABLED, translated_code
from app.accounts.tenancy import tenant_of
from app.accounts.verification import confirm_email, verify
from app.adapters.postgres import SERVICE
from app.auth.tables import TokenPurpose
from app.errors import AppError, refuse

#: By the client's word for a kind of link.
_PURPOSES: Mapping[str, tuple[TokenPurpose, ...]] = {
    "signup": (TokenPurpose.VERIFY_EMAIL,),
    "email": (TokenPurpose.VERIFY_EMAIL,),
    "recovery": (TokenPurpose.RESET_PASSWORD, TokenPurpose.CLAIM_ACCOUNT),
    "email_change": (TokenPurpose.CHANGE_EMAIL,),
}
RECOVERY = "recovery"
LINK = "email_link"
#: Nobody is sent a second message within so many seconds.
_PAUSE_SECONDS = 60.0
_UNVERIFIED = """
    select u.id::text, u.locale from relais.users as u
    where lower(u.email) = lower($1) and u.email_verified_at is null and u.disabled_at is null
      and not exists (
        select from relais.one_time_tokens as t
        where t.user_id = u.id and t.purpose = 'verify_email'
          and t.created_at > now() - $2::float8 * interval '1 second')
    for no key update
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A link that somebody shows."""

    kind: str
    token: str
    #: Given when a person types the token in; it must be the address that it was sent to.
    email: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose link it was; without a session where the link is no reason for one."""

    user_id: str
    opened: Opened | None = None


async def prove(accounts: Accounts, asked: Asked, shown: Shown) -> Proved:
    """Take a link back, or refuse it."""
    purpose, held = await _look_at(accounts, shown)
    if purpose is TokenPurpose.CHANGE_EMAIL:
        await confirm_email(accounts, asked, shown.token)
        return Proved(held.user_id)
    wanted = await tenant_of(accounts, asked)
    if purpose is not TokenPurpose.VERIFY_EMAIL:
        return Proved(held.user_id, await _recovered(accounts, asked, held, purpose, wanted, token=shown.token))
    await verify(accounts, asked, shown.token)
    return Proved(held.user_id, await _opened(accounts, asked, held.user_id, wanted))


async def follow(accounts: Accounts, asked: Asked, shown: Shown, redirect_to: str) -> str:
    """Where a browser that opened a link goes next: back to the application, with a session, a code or an error."""
    target = target_of(accounts, redirect_to)
    try:
        proved = await prove(accounts, asked, shown)
    except AppError as error:
        return with_error(target, error)
    if proved.opened is not None:
        return with_session(target, proved.opened, shown.kind)
    return with_fragment(target, {"message": "confirmed", "type": shown.kind})


async def send_again(accounts: Accounts, asked: Asked, email: str) -> None:
    """Another link that verifies an address, if it is somebody's, is not verified, and none was sent just now.

    All cases run the same statements; where nothing is to be sent, what they wrote is taken back just before the end.
    """
    async with accounts.database.transaction(SERVICE) as connection:
        row = await connection.fetchrow(_UNVERIFIED, email, _PAUSE_SECONDS)
        user_id, locale = (row["id"], row["locale"]) if row is not None else ("", "fr")
        await connection.execute("savepoint link")
        await ask_to_verify(accounts, connection, user_id, email, locale=locale)
        await note(connection, asked, "VERIFICATION_ASKED", actor_id=user_id)
        await connection.execute("release savepoint link" if row is not None else "rollback to savepoint link")


def target_of(accounts: Accounts, redirect_to: str) -> str:
    """Where to go back to: where somebody wants to, if that is allowed, or else to the frontend."""
    return redirect_to if is_allowed(accounts.settings, redirect_to) else accounts.settings.auth.site_url


def with_error(target: str, error: AppError) -> str:
    """An address that tells an application what went wrong, where its pages and its server look for it."""
    _, word = translated_code(error)
    values = {"error": "access_denied", "error_code": word, "error_description": error.message}
    return with_fragment(with_query(target, values), values)


def with_session(target: str, opened: Opened, kind: str) -> str:
    """An address that hands a session over in its fragment, which no server sees."""
    tokens = opened.tokens
    values = {
        "access_token": tokens.access_token,
        "expires_at": tokens.expires_at,
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token,
        "token_type": "bearer",
        "type": kind,
    }
    return with_fragment(target, values)


def with_fragment(target: str, values: Mapping[str, Any]) -> str:
    """An address with values in place of its fragment."""
    return f"{target.partition('#')[0]}#{urlencode(values)}"


async def _look_at(accounts: Accounts, shown: Shown) -> tuple[TokenPurpose, Held]:
    purposes = _PURPOSES.get(shown.kind)
    if purposes is None:
        raise refuse(OTP_DISABLED, hint=f"Links are of the types {', '.join(sorted(_PURPOSES))}.")
    async with accounts.database.connection(SERVICE, "write") as connection:
        for purpose in purposes:
            held = await secrets_held.look_at(connection, purpose, shown.token)
            if held is not None and (not shown.email or shown.email.lower() == held.email.lower()):
                return purpose, held
    raise refuse(INVALID_LINK)


async def _opened(accounts: Accounts, asked: Asked, user_id: str, wanted: str) -> Opened | None:
    """A session for whoever has just proved their address; None if they must show a second factor, too."""
    try:
        async with accounts.database.transaction(SERVICE) as connection:
            row = await connection.fetchrow(LOCK, user_id)
            if row is None:
                raise refuse(INVALID_LINK)
            user = {"id": user_id, "email": row["email"]}
            return await opened_in(accounts, connection, asked, user, wanted, method=LINK)
    except AppError as error:
        if error.code != SECOND_FACTOR_REQUIRED.code:
            raise
        return None


async def _recovered(
    accounts: Accounts, asked: Asked, known: Held, purpose: TokenPurpose, wanted: str, *, token: str
) -> Opened:
    async with accounts.database.transaction(SERVICE) as connection:
        # The user comes before the link, here and wherever links are replaced: nobody waits in a circle.
        row = await connection.fetchrow(LOCK, known.user_id)
        held = await secrets_held.use(connection, purpose, token)
        if held is None or row is None or held.email.lower() != row["email"].lower():
            raise refuse(INVALID_LINK)
        user = {"id": held.user_id, "email": row["email"]}
        ended = await prove_address(connection, user["id"])
        await note(connection, asked, "ACCOUNT_RECOVERED", actor_id=user["id"], details={"by": purpose.value})
        # Whoever has a second factor is refused here, and keeps the link for /api/auth/password/reset.
        opened = await opened_in(accounts, connection, asked, user, wanted, method=RECOVERY)
    await accounts.guard.ended(ended)
    return opened
