"""`/api/auth/oauth`: signing in with GitHub or Google, and linking an account there to the one here."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import Field, StringConstraints
from starlette.responses import Response

from app.accounts.answers import opened_answer
from app.accounts.asking import Asked, asking
from app.accounts.bodies import Body, Password, Text, Token
from app.accounts.context import Accounts, accounts_of
from app.accounts.errors import EMAIL_NOT_VERIFIED
from app.accounts.oauth import linked, pkce
from app.accounts.oauth.arrivals import Return, arrive, with_error
from app.accounts.oauth.codes import link_with_code, sign_in_with_code
from app.accounts.oauth.errors import (
    INVALID_PROVIDER,
    INVALID_SIGN_IN_CODE,
    LINK_NOT_PROVEN,
    LINKED_TO_ANOTHER,
    OAUTH_NOT_CONFIGURED,
    REDIRECT_NOT_ALLOWED,
)
from app.accounts.oauth.flow import (
    STATE_SECONDS,
    TICKET_SECONDS,
    Cookie,
    Wish,
    cookie_name,
    set_out,
    ticket_cookie_name,
    ticket_to_link,
)
from app.accounts.oauth.providers import provider_of
from app.accounts.oauth.redirects import LONGEST, must_be_allowed, with_query
from app.accounts.refusals import OPENING, RECENT, SETTING_OUT
from app.accounts.second_step import Waiting
from app.accounts.shapes.credentials import AccountLinked, Departure
from app.accounts.shapes.sessions import SecondStep, SignedIn
from app.accounts.tenancy import SESSION_REQUIRED
from app.answers import Json, errors
from app.errors import AppError
from app.routers import Router

router = Router(prefix="/api/auth/oauth", tags=["auth"])
_STRANGER = asking("oauth", bearer="unread")
_USER = asking("oauth", user=True)
Stranger = Annotated[Asked, Depends(_STRANGER)]
User = Annotated[Asked, Depends(_USER)]
#: What is told to whoever called, rather than shown by the frontend: nobody has set out yet.
_NOT_SET_OUT = frozenset({INVALID_PROVIDER.code, OAUTH_NOT_CONFIGURED.code, REDIRECT_NOT_ALLOWED.code})
_NOT_KEPT = {"Cache-Control": "no-store"}
Challenge = Annotated[str, StringConstraints(pattern=f"^({pkce.PATTERN})?$")]


class StartQuery(Body):
    """How somebody sets out."""

    redirect_to: Text = Field("", max_length=LONGEST)
    link: bool = False
    flow: Literal["tokens", "code"] = "tokens"
    code_challenge: Challenge = ""
    state: Text = Field("", max_length=512)
    ticket: Text = Field("", max_length=512)


class StartBody(StartQuery):
    """The same as a body; whoever signed in long ago and wants to link an account gives their password."""

    password: Password | None = None


class CodeBody(Body):
    """A code that came in an address."""

    code: Token
    code_verifier: Token = ""


@router.post(
    "/exchange",
    summary="Exchange a code for a session",
    response_model=SignedIn | SecondStep,
    responses=errors(INVALID_SIGN_IN_CODE, *OPENING),
)
async def post_exchange(request: Request, asked: Stranger, body: CodeBody) -> Json:
    """The code that a sign-in begun with `flow=code` ended with, within two minutes, once."""
    accounts = accounts_of(request)
    found = await sign_in_with_code(accounts, asked, body.code, body.code_verifier)
    if isinstance(found, Waiting):
        return Json(found.answer(), headers=_NOT_KEPT)
    return Json(await opened_answer(accounts, found, "Connexion réussie"), headers=_NOT_KEPT)


@router.post(
    "/link",
    summary="Link the account that a code stands for",
    response_model=AccountLinked,
    responses=errors(INVALID_SIGN_IN_CODE, SESSION_REQUIRED, LINK_NOT_PROVEN, EMAIL_NOT_VERIFIED, LINKED_TO_ANOTHER),
)
async def post_link(request: Request, asked: User, body: CodeBody) -> Json:
    """For the user who asked for it."""
    accounts = accounts_of(request)
    account_id = await link_with_code(accounts, asked, body.code)
    return Json({"message": "Compte lié avec succès", "account": await linked.one(accounts, account_id)})


@router.get("/callback/{provider}", status_code=302, response_class=RedirectResponse, summary="Return from a provider")
async def get_callback(
    request: Request, asked: Stranger, provider: str, code: str = "", state: str = "", error: str = ""
) -> Response:
    """Back to the frontend, with a session or a message."""
    accounts = accounts_of(request)
    url = await arrive(accounts, asked, Return(provider, state, code, error), request.cookies)
    response = RedirectResponse(url, 302, _NOT_KEPT)
    for secure in (False, True):
        if (name := cookie_name(state, secure=secure)) in request.cookies:
            response.delete_cookie(name, secure=secure, httponly=True, samesite="lax")
    return response


@router.get(
    "/{provider}",
    status_code=302,
    response_class=RedirectResponse,
    summary="Sign in with a provider",
    responses=errors(*SETTING_OUT),
)
async def get_start(
    request: Request, asked: Stranger, provider: str, query: Annotated[StartQuery, Query()]
) -> Response:
    """To the provider; with `link=true` to link an account to the user of a ticket."""
    accounts = accounts_of(request)
    wish = _wish(provider, query)
    name = ticket_cookie_name(secure=_is_secure(accounts, request))
    shown = {"ticket": query.ticket, "cookie": request.cookies.get(name, "")} if query.link else {}
    try:
        departure = await set_out(accounts, asked, wish, _callback(accounts, request, provider), **shown)
    except AppError as error:
        if error.code in _NOT_SET_OUT:
            raise
        return RedirectResponse(with_error(accounts, error, redirect_to=query.redirect_to), 302, _NOT_KEPT)
    response = RedirectResponse(departure.url, 302, _NOT_KEPT)
    _put(response, departure.cookie, STATE_SECONDS)
    return response


@router.post(
    "/{provider}",
    summary="The address at which signing in with a provider begins",
    response_model=Departure,
    responses=errors(*SETTING_OUT, *RECENT, *_STRANGER.refuses("POST"), *_USER.refuses("POST")),
)
async def post_start(request: Request, provider: str, body: StartBody | None = None) -> Json:
    """With `link` and a session, the address links an account to its user; it is good once, for five minutes."""
    accounts, body = accounts_of(request), body or StartBody.model_validate({})
    asked = await (_USER if body.link else _STRANGER)(request)
    provider_of(accounts, provider)
    if body.redirect_to:
        must_be_allowed(accounts.settings, body.redirect_to)
    ticket = await ticket_to_link(accounts, asked, provider, body.password) if body.link else ""
    values = {
        "redirectTo": body.redirect_to,
        "flow": "code" if body.flow == "code" else "",
        "codeChallenge": body.code_challenge,
        "state": body.state,
        "link": "true" if body.link else "",
        "ticket": ticket,
    }
    base = _base(accounts, request)
    url = with_query(f"{base}{router.prefix}/{provider}", {name: value for name, value in values.items() if value})
    response = Json({"url": url}, headers=_NOT_KEPT)
    if ticket:
        # Proof that the browser that follows the address is the one that asked, where browsers keep it.
        secure = _is_secure(accounts, request)
        _put(response, Cookie(ticket_cookie_name(secure=secure), ticket, secure), TICKET_SECONDS)
    return response


def _wish(provider: str, query: StartQuery) -> Wish:
    by_code = query.flow == "code"
    return Wish(provider, query.redirect_to, by_code, query.code_challenge, query.state, query.link)


def _base(accounts: Accounts, request: Request) -> str:
    """The address of this API as browsers reach it."""
    return (accounts.settings.oauth.callback_url or str(request.base_url)).rstrip("/")


def _is_secure(accounts: Accounts, request: Request) -> bool:
    return _base(accounts, request).startswith("https:")


def _callback(accounts: Accounts, request: Request, provider: str) -> str:
    return f"{_base(accounts, request)}{router.prefix}/callback/{provider}"


def _put(response: Response, cookie: Cookie, seconds: int) -> None:
    response.set_cookie(cookie.name, cookie.value, seconds, secure=cookie.secure, httponly=True, samesite="lax")
