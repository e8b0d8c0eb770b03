"""What becomes of a browser that comes back from a provider: tokens, a code, a second step, a link, or a message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.oauth.codes import code_to_link, code_to_sign_in
from app.accounts.oauth.errors import OAUTH_CODE_MISSING, OAUTH_DENIED, OAUTH_NOT_CONFIGURED, PROVIDER_REFUSED, must
from app.accounts.oauth.flow import Trip, come_back
from app.accounts.oauth.linking import Arrival, Linker, enter, link
from app.accounts.oauth.providers import failure, provider_of
from app.accounts.oauth.redirects import is_allowed, page_of, with_query
from app.accounts.second_step import second_step
from app.accounts.sign_in import open_session
from app.adapters.providers import ProviderError
from app.errors import INTERNAL_ERROR, AppError, refuse

#: Codes of ours are words; those of PostgreSQL and of the dialect are not, and their messages are not for the public.
_OURS = re.compile(r"[A-Z]+(_[A-Z]+)+\Z")
#: What the frontend expects of a return, where whoever calls is told more.
_TOLD = {OAUTH_NOT_CONFIGURED.code: OAUTH_NOT_CONFIGURED.message}


@dataclass(frozen=True, slots=True)
class Return:
    """What a browser brings back."""

    provider: str
    state: str
    code: str
    error: str


async def arrive(accounts: Accounts, asked: Asked, back: Return, cookies: Mapping[str, str]) -> str:
    """Where the browser goes next. Whatever happens, the frontend is told."""
    trip = None
    try:
        trip = await come_back(accounts, back.provider, back.state, cookies)
        values = await _arrived(accounts, trip.asked(asked), trip, back)
    except AppError as error:
        came_with_nothing = trip is None and not (back.code or back.error)
        return with_error(accounts, refuse(OAUTH_CODE_MISSING) if came_with_nothing else error, trip)
    return with_query(_target(accounts, trip), values)


def with_error(accounts: Accounts, error: AppError, trip: Trip | None = None, *, redirect_to: str = "") -> str:
    """An address of the frontend that tells what went wrong."""
    message = _TOLD.get(error.code, error.message) if _OURS.match(error.code) else INTERNAL_ERROR.message
    values = {"error": "oauth_error", "message": message}
    if trip is None:
        allowed = redirect_to if is_allowed(accounts.settings, redirect_to) else ""
        return with_query(page_of(accounts.settings, allowed), values)
    if trip.wish.by_code:
        values |= {"error_code": error.code.lower(), "error_description": message, **_state(trip)}
    return with_query(_target(accounts, trip), values)


async def _arrived(accounts: Accounts, asked: Asked, trip: Trip, back: Return) -> dict[str, str]:
    if back.error:
        raise refuse(OAUTH_DENIED if back.error == "access_denied" else PROVIDER_REFUSED)
    must(back.code, OAUTH_CODE_MISSING)
    provider = provider_of(accounts, back.provider)
    try:
        grant, identity = await provider.identify(trip.journey, back.code)
    except ProviderError as error:
        raise failure(provider.name, error, asked.request_id) from error
    arrival = Arrival(provider.name, grant, identity)
    if trip.linker is not None:
        return await _linked(accounts, asked, trip.linker, arrival, proved=trip.proved)
    user = await enter(accounts, asked, arrival)
    if trip.wish.by_code:
        return {"code": await code_to_sign_in(accounts, asked, user, trip.wish), **_state(trip)}
    return await _signed_in(accounts, asked, user, provider.name)


async def _signed_in(accounts: Accounts, asked: Asked, user: Mapping[str, str], method: str) -> dict[str, str]:
    waiting = await second_step(accounts, asked, user, method=method)
    if waiting is not None:
        return {"oauth": "mfa", "mfaToken": waiting.token}
    tokens = (await open_session(accounts, asked, user, method=method)).tokens
    shape = {
        "accessToken": tokens.access_token,
        "refreshToken": tokens.refresh_token,
        "expiresIn": tokens.expires_in,
    }
    return {"oauth": "success", "tokens": orjson.dumps(shape).decode()}


async def _linked(
    accounts: Accounts, asked: Asked, linker: Linker, arrival: Arrival, *, proved: bool
) -> dict[str, str]:
    if not proved:
        code = await code_to_link(accounts, linker, arrival)
        return {"oauth": "link", "provider": arrival.provider, "code": code}
    await link(accounts, asked, linker, arrival)
    return {"oauth": "linked", "provider": arrival.provider}


def _target(accounts: Accounts, trip: Trip) -> str:
    """Tokens go to the page that takes them; whoever asked for a code, or links, gets back to where they wanted."""
    wanted = trip.wish.redirect_to
    if wanted and (trip.wish.by_code or trip.wish.link):
        return wanted
    return page_of(accounts.settings, wanted)


def _state(trip: Trip) -> dict[str, str]:
    return {"state": trip.wish.state} if trip.wish.state else {}
