"""Signing in with a provider, as Supabase's client has it: out by `/authorize`, back with a code or with a session.

A client that sent a challenge gets a code, which it exchanges itself. One that sent none wants the session in the
address: then we are who holds the verifier (in a cookie of the browser that set out) and exchanges the code, on the way
back, at `/callback`. Both are journeys of `accounts/oauth`, and use the one address that providers know.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.errors import SECOND_FACTOR_REQUIRED
from app.accounts.oauth import pkce
from app.accounts.oauth.codes import sign_in_with_code
from app.accounts.oauth.errors import OAUTH_STATE_INVALID
from app.accounts.oauth.flow import STATE_SECONDS, Cookie, Wish, set_out
from app.accounts.oauth.redirects import with_query
from app.accounts.second_step import Waiting
from app.accounts.sign_in import Opened
from app.accounts.supabase.links import target_of, with_error, with_session
from app.errors import AppError, refuse

PATH = "/auth/v1/callback"
SECONDS = STATE_SECONDS
_LONGEST_MESSAGE = 300
_WORD = re.compile(r"[a-z]+(_[a-z]+)*\Z")
_STATE = re.compile(r"[A-Za-z0-9_-]{22}\Z")


@dataclass(frozen=True, slots=True)
class Leave:
    """How a client sets out."""

    provider: str
    redirect_to: str
    challenge: str
    challenge_method: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a browser is sent, and the cookies that it takes along."""

    url: str
    cookies: tuple[Cookie, ...]


async def leave(accounts: Accounts, asked: Asked, how: Leave, base: str) -> Sent:
    """Set out; `base` is the address of this API as browsers reach it."""
    callback = f"{base}/api/auth/oauth/callback/{how.provider}"
    target = target_of(accounts, how.redirect_to)
    if how.challenge:
        pkce.must_be_a_challenge(how.challenge, how.challenge_method)
        wish = Wish(how.provider, target, by_code=True, challenge=how.challenge)
        departure = await set_out(accounts, asked, wish, callback)
        return Sent(departure.url, (departure.cookie,))
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
    own = with_query(f"{base}{PATH}", {"redirect_to": target})
    wish = Wish(how.provider, own, by_code=True, challenge=pkce.challenge_of(verifier), state=state)
    departure = await set_out(_calling_here(accounts, base), asked, wish, callback)
    secure = base.startswith("https:")
    return Sent(departure.url, (departure.cookie, Cookie(cookie_name(state, secure=secure), verifier, secure)))


@dataclass(frozen=True, slots=True)
class Back:
    """What a browser without a challenge of its client's brings back to us."""

    state: str
    code: str
    error_code: str
    error_description: str


async def come_back(accounts: Accounts, asked: Asked, back: Back, cookies: Mapping[str, str], redirect_to: str) -> str:
    """Where the browser goes next: to the application, with a session or an error."""
    target = target_of(accounts, redirect_to)
    try:
        return with_session(target, await _session(accounts, asked, back, cookies), "oauth")
    except AppError as error:
        return with_error(target, error)


async def _session(accounts: Accounts, asked: Asked, back: Back, cookies: Mapping[str, str]) -> Opened:
    names = (cookie_name(back.state, secure=secure) for secure in (True, False))
    verifier = next((cookies[name] for name in names if name in cookies), "")
    # A journey that did not begin in this browser would sign its user in as somebody else.
    if not verifier or not _STATE.match(back.state):
        raise refuse(OAUTH_STATE_INVALID)
    if not back.code:
        known = _WORD.match(back.error_code) is not None
        raise AppError(
            back.error_code.upper() if known else OAUTH_STATE_INVALID.code,
            400,
            back.error_description[:_LONGEST_MESSAGE] or OAUTH_STATE_INVALID.message,
        )
    found = await sign_in_with_code(accounts, asked, back.code, verifier)
    if isinstance(found, Waiting):
        raise refuse(SECOND_FACTOR_REQUIRED)
    return found


def cookie_name(state: str, *, secure: bool) -> str:
    """One for each journey, so that several tabs can set out. With the prefix no other host can have set it."""
    return f"{'__Host-' if secure else ''}relais_supabase_{hashlib.sha256(state.encode()).hexdigest()[:12]}"


def _calling_here(accounts: Accounts, base: str) -> Accounts:
    """The same, where this API itself is a stop on the way."""
    auth = accounts.settings.auth
    widened = auth.model_copy(update={"redirect_urls": f"{auth.redirect_urls},{base}{PATH}*"})
    return replace(accounts, settings=accounts.settings.model_copy(update={"auth": widened}))
