"""What a message brought, shown again: an address that is proved, an account that is got back, and a session for it.

Which messages there are, and what each proves, is decided in `verification.py`, `recovery.py` and `changes.py`. There
are no links that sign somebody in for the asking ("magic links").
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.changes import LOCK
from app.accounts.context import Accounts
from app.accounts.errors import INVALID_LINK, SECOND_FACTOR_REQUIRED
from app.accounts.oauth import pkce
from app.accounts.oauth.codes import code_in
from app.accounts.oauth.redirects import is_allowed, with_query
from app.accounts.onward import Onward, onward_of
from app.accounts.recovery import prove_address
from app.accounts.second_factor import listed
from app.accounts.secrets_held import Held
from app.accounts.sign_in import Opened, opened_in
from app.accounts.supabase.errors import OTP_DISABLED, translated_code
from app.accounts.tenancy import tenant_of
from app.accounts.verification import confirm_email, verify
from app.adapters.postgres import SERVICE, Connection
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


@dataclass(frozen=True, slots=True)
class Shown:
    """A link that somebody shows."""

    kind: str
    token: str
    #: Given when a person types the token in; it must be the address that it was sent to.
    email: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose link it was; without a session, and a code for one, where the link is no reason for either."""

    user_id: str
    opened: Opened | None = None
    code: str = ""


async def prove(accounts: Accounts, asked: Asked, shown: Shown) -> Proved:
    """Take a link back, or refuse it."""
    return await _proved(accounts, asked, shown, *await _look_at(accounts, shown))


async def follow(accounts: Accounts, asked: Asked, shown: Shown, redirect_to: str = "") -> str:
    """Where a browser that opened a link goes next: back to the application, with a session, a code or an error."""
    target = target_of(accounts, redirect_to)
    try:
        purpose, held = await _look_at(accounts, shown)
        # Where the link itself says where to go, it goes there if nobody says otherwise.
        target = target_of(accounts, redirect_to or onward_of(held.details).redirect_to)
        return await _landed(accounts, asked, shown, purpose, held, target=target)
    except AppError as error:
        return with_error(target, error)


async def landing_of(accounts: Accounts, asked: Asked, shown: Shown) -> str:
    """The same for a link that says where to go, or a refusal."""
    purpose, held = await _look_at(accounts, shown)
    target = target_of(accounts, onward_of(held.details).redirect_to)
    return await _landed(accounts, asked, shown, purpose, held, target=target)


async def _landed(
    accounts: Accounts, asked: Asked, shown: Shown, purpose: TokenPurpose, held: Held, *, target: str
) -> str:
    challenge = onward_of(held.details).challenge
    proved = await _proved(accounts, asked, shown, purpose, held, challenge=challenge)
    if proved.code:
        return with_query(target, {"code": proved.code})
    if proved.opened is not None:
        return with_session(target, proved.opened, shown.kind)
    return with_fragment(target, {"message": "confirmed", "type": shown.kind})


async def _proved(
    accounts: Accounts, asked: Asked, shown: Shown, purpose: TokenPurpose, held: Held, *, challenge: str = ""
) -> Proved:
    if purpose is TokenPurpose.CHANGE_EMAIL:
        await confirm_email(accounts, asked, shown.token)
        return Proved(held.user_id)
    way = _Way(await tenant_of(accounts, asked), LINK, challenge)
    if purpose is not TokenPurpose.VERIFY_EMAIL:
        return await _recovered(accounts, asked, held, purpose, replace(way, method=RECOVERY), token=shown.token)
    await verify(accounts, asked, shown.token)
    return await _opened(accounts, asked, held.user_id, way)


def onward_for(accounts: Accounts, redirect_to: str, challenge: str | None = None, method: str | None = None) -> Onward:
    """How a client wants somebody back who follows the link that it asks for, or a refusal."""
    if challenge:
        pkce.must_be_a_challenge(challenge, method or "")
    return Onward(True, redirect_to if is_allowed(accounts.settings, redirect_to) else "", challenge or "")


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


@dataclass(frozen=True, slots=True)
class _Way:
    """How somebody gets in: in which tenant if they are in it, and by a code if there is a challenge."""

    tenant_id: str
    method: str
    challenge: str


async def _opened(accounts: Accounts, asked: Asked, user_id: str, way: _Way) -> Proved:
    """A session for whoever has just proved their address; none if they must show a second factor, too."""
    try:
        async with accounts.database.transaction(SERVICE) as connection:
            row = await connection.fetchrow(LOCK, user_id)
            if row is None:
                raise refuse(INVALID_LINK)
            return await _let_in(accounts, connection, asked, {"id": user_id, "email": row["email"]}, way)
    except AppError as error:
        if error.code != SECOND_FACTOR_REQUIRED.code:
            raise
        return Proved(user_id)


async def _recovered(
    accounts: Accounts, asked: Asked, known: Held, purpose: TokenPurpose, way: _Way, *, token: str
) -> Proved:
    async with accounts.database.transaction(SERVICE) as connection:
        # The user comes before the link, here and wherever links are replaced: nobody waits in a circle.
        row = await connection.fetchrow(LOCK, known.user_id)
        held = await secrets_held.use(connection, purpose, token)
        if held is None or row is None or held.email.lower() != row["email"].lower():
            raise refuse(INVALID_LINK)
        user = {"id": held.user_id, "email": row["email"]}
        ended = await prove_address(connection, user["id"])
        await note(connection, asked, "ACCOUNT_RECOVERED", actor_id=user["id"], details={"by": purpose.value})
        # Whoever has a second factor is refused here, and keeps the link for a new password.
        proved = await _let_in(accounts, connection, asked, user, way)
    await accounts.guard.ended(ended)
    return proved


async def _let_in(
    accounts: Accounts, connection: Connection, asked: Asked, user: Mapping[str, str], way: _Way
) -> Proved:
    if not way.challenge:
        opened = await opened_in(accounts, connection, asked, user, way.tenant_id, method=way.method)
        return Proved(user["id"], opened)
    if await listed(connection, user["id"], confirmed=True):
        raise refuse(SECOND_FACTOR_REQUIRED)
    code = await code_in(connection, way.tenant_id, user, method=way.method, challenge=way.challenge)
    return Proved(user["id"], code=code)
