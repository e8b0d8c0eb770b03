"""The way of a browser to a provider and back.

On its way it carries a state that is good for one return, kept here as a hash, and a cookie that ties the return to the
browser that left: nobody can be made to come back from somebody else's journey. Linking an account needs more: proof
that the browser is the user's own (the cookie of a ticket), or the user's token once they are back (`codes.py`).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.oauth.errors import LINK_BY_SIGNING_IN, LINK_NOT_PROVEN, OAUTH_STATE_INVALID, must, told
from app.accounts.oauth.linking import Linker
from app.accounts.oauth.providers import failure, must_be_known, provider_of
from app.accounts.oauth.redirects import must_be_allowed
from app.accounts.proofs import must_be_recent, own_session
from app.adapters.postgres import SERVICE
from app.adapters.providers import Journey, ProviderError
from app.auth.tables import TokenPurpose
from app.errors import refuse

STATE_SECONDS = 600
TICKET_SECONDS = 300
_JOURNEY, _TICKET = "journey", "ticket"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants who sets out."""

    provider: str
    #: Where they want to be in the end; empty: where the frontend is.
    redirect_to: str = ""
    #: Rather than tokens they want a code, which is exchanged with the verifier of this challenge if there is one.
    by_code: bool = False
    challenge: str = ""
    #: Given back as it came.
    state: str = ""
    link: bool = False


@dataclass(frozen=True, slots=True)
class Cookie:
    """What ties a journey to a browser."""

    name: str
    value: str
    secure: bool


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a browser goes, and what it takes along."""

    url: str
    cookie: Cookie


@dataclass(frozen=True, slots=True)
class Trip:
    """A journey that a browser has come back from."""

    wish: Wish
    journey: Journey
    #: The host and the tenant that the request named which it began with.
    host: str
    tenant: str
    #: Who wants to link an account, and whether this is their browser beyond doubt.
    linker: Linker | None
    proved: bool

    def asked(self, asked: Asked) -> Asked:
        """The request of now, for the tenant that the journey began in."""
        return replace(asked, host=self.host, tenant=self.tenant)


async def ticket_to_link(accounts: Accounts, asked: Asked, provider: str, password: str | None) -> str:
    """A secret with which a browser, which carries no token, can set out to link an account to the caller."""
    provider_of(accounts, provider)
    session = await own_session(accounts, asked)
    # Another way into the account is nothing that a stolen token may add.
    await must_be_recent(accounts, asked, session, password)
    async with accounts.database.transaction(SERVICE) as connection:
        return await secrets_held.hand_out(
            connection,
            TokenPurpose.OAUTH_STATE,
            TICKET_SECONDS,
            user_id=session.user_id,
            details={"kind": _TICKET, "provider": provider, "session": session.id},
        )


async def set_out(
    accounts: Accounts, asked: Asked, wish: Wish, callback: str, *, ticket: str = "", cookie: str = ""
) -> Departure:
    """Begin a journey; `ticket` and `cookie` are what the browser shows if it wants to link an account."""
    provider = provider_of(accounts, wish.provider)
    if wish.redirect_to:
        must_be_allowed(accounts.settings, wish.redirect_to)
    linker, proved = await _linker(accounts, wish, ticket, cookie) if wish.link else (None, False)
    verifier, nonce, browser = (secrets.token_urlsafe(48) for _ in range(3))
    details = {
        "kind": _JOURNEY,
        "provider": wish.provider,
        "redirect_to": wish.redirect_to,
        "by_code": wish.by_code,
        "challenge": wish.challenge,
        "state": wish.state,
        "browser": _hash(browser),
        "callback": callback,
        "host": asked.host,
        "tenant": asked.tenant,
        "session": linker.session_id if linker is not None else "",
        "proved": proved,
        "sealed": accounts.keys.seal(orjson.dumps({"verifier": verifier, "nonce": nonce})).decode(),
    }
    async with accounts.database.transaction(SERVICE) as connection:
        user_id = linker.user_id if linker is not None else ""
        state = await secrets_held.hand_out(
            connection, TokenPurpose.OAUTH_STATE, STATE_SECONDS, user_id=user_id, details=details
        )
    try:
        url = await provider.address(Journey(state, verifier, nonce, callback), link=wish.link)
    except ProviderError as error:
        raise failure(wish.provider, error, asked.request_id) from error
    secure = callback.startswith("https:")
    return Departure(url, Cookie(cookie_name(state, secure=secure), browser, secure))


async def come_back(accounts: Accounts, provider: str, state: str, cookies: Mapping[str, str]) -> Trip:
    """The journey that a browser comes back from, once."""
    must_be_known(provider)
    async with accounts.database.transaction(SERVICE) as connection:
        held = await secrets_held.use(connection, TokenPurpose.OAUTH_STATE, state) if state else None
    if held is None or held.details.get("kind") != _JOURNEY:
        raise refuse(OAUTH_STATE_INVALID)
    details = held.details
    callback = str(details["callback"])
    browser = cookies.get(cookie_name(state, secure=callback.startswith("https:")), "")
    same = hmac.compare_digest(_hash(browser), str(details["browser"]))
    must(same and details["provider"] == provider, OAUTH_STATE_INVALID)
    journey = Journey(state, **_unsealed(accounts, str(details["sealed"])), callback=callback)
    linker = Linker(held.user_id, str(details["session"])) if held.user_id else None
    return Trip(_wish(details, link=linker is not None), journey, *_place(details), linker, details["proved"])


def cookie_name(state: str, *, secure: bool) -> str:
    """One for each journey, so that several tabs can set out."""
    return _own(f"relais_oauth_{_hash(state)[:12]}", secure=secure)


def ticket_cookie_name(*, secure: bool) -> str:
    """Of the cookie of whoever is about to link an account."""
    return _own("relais_oauth_link", secure=secure)


def _own(name: str, *, secure: bool) -> str:
    # With the prefix no other host can have set it.
    return f"__Host-{name}" if secure else name


async def _linker(accounts: Accounts, wish: Wish, ticket: str, cookie: str) -> tuple[Linker, bool]:
    """Who wants to link an account, and whether their browser is here: anybody may be sent a ticket of a stranger's."""
    secret = ticket or cookie
    if not secret:
        # A browser that was only sent here says nothing of whose it is; the address that opens the account will do.
        raise told(LINK_NOT_PROVEN, LINK_BY_SIGNING_IN)
    async with accounts.database.transaction(SERVICE) as connection:
        held = await secrets_held.use(connection, TokenPurpose.OAUTH_STATE, secret) if secret else None
    if held is None or held.details.get("kind") != _TICKET or held.details.get("provider") != wish.provider:
        raise refuse(LINK_NOT_PROVEN)
    return Linker(held.user_id, str(held.details["session"])), hmac.compare_digest(_hash(secret), _hash(cookie))


def _wish(details: Mapping[str, Any], *, link: bool) -> Wish:
    texts = details["provider"], details["redirect_to"]
    return Wish(*texts, details["by_code"], details["challenge"], details["state"], link)


def _place(details: Mapping[str, Any]) -> tuple[str, str]:
    return details["host"], details["tenant"]


def _unsealed(accounts: Accounts, sealed: str) -> dict[str, str]:
    try:
        return orjson.loads(accounts.keys.unseal(sealed.encode()))
    except ValueError:
        # The keys have been changed while the browser was away.
        raise refuse(OAUTH_STATE_INVALID) from None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
