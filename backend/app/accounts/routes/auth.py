"""`/api/auth`: signing up, in and out, and who somebody is."""

from typing import Annotated

from fastapi import Depends, Request

from app.accounts.answers import opened_answer, person_of, token_fields, waiting_answer
from app.accounts.asking import Asked, User, asking
from app.accounts.bodies import RefreshBody, SignInBody, SignUpBody
from app.accounts.context import accounts_of
from app.accounts.errors import INVALID_REFRESH_TOKEN, REFRESH_TOKEN_REQUIRED, USER_NOT_FOUND
from app.accounts.people import shown
from app.accounts.refusals import BY_PASSWORD, SIGNING_UP
from app.accounts.second_step import second_step
from app.accounts.shapes.people import Who
from app.accounts.shapes.sessions import AddressToVerify, Refreshed, SecondStep, SignedIn
from app.accounts.sign_in import check_password, open_session, refresh, sign_out
from app.accounts.sign_up import NewAccount, sign_up
from app.answers import Json, Message, errors
from app.errors import refuse
from app.routers import Router

router = Router(prefix="/api/auth", tags=["auth"])
# Clients send the token that they have with every request, though it be why they ask.
Strict = Annotated[Asked, Depends(asking("auth", bearer="unread"))]
Refreshing = Annotated[Asked, Depends(asking("refresh", bearer="unread"))]
Leaving = Annotated[Asked, Depends(asking(bearer="stale"))]


@router.post(
    "/signup",
    status_code=201,
    summary="Make an account and sign in",
    response_model=SignedIn | AddressToVerify,
    responses=errors(*SIGNING_UP),
)
async def post_signup(request: Request, asked: Strict, body: SignUpBody) -> Json:
    """A new user of the tenant that the request is for; the address is asked to be verified by e-mail.

    Where it must be before anybody signs in, the answer has the user and no tokens.
    """
    accounts = accounts_of(request)
    metadata = body.metadata.model_dump(exclude_none=True) if body.metadata else {}
    if body.full_name:
        metadata["full_name"] = body.full_name
    user_id = await sign_up(accounts, asked, NewAccount(body.email, body.password, body.username, metadata))
    if accounts.settings.auth.verified_email:
        return Json(await waiting_answer(accounts, asked, user_id), 201)
    opened = await open_session(accounts, asked, {"id": user_id, "email": body.email})
    return Json(await opened_answer(accounts, opened, "Compte créé avec succès"), 201)


@router.post(
    "/signin", summary="Sign in with a password", response_model=SignedIn | SecondStep, responses=errors(*BY_PASSWORD)
)
async def post_signin(request: Request, asked: Strict, body: SignInBody) -> Json:
    """A new session; whoever has a second factor is asked for it first, at `/api/auth/mfa/challenge`."""
    accounts = accounts_of(request)
    user = await check_password(accounts, asked, body.email.strip(), body.password)
    waiting = await second_step(accounts, asked, user)
    if waiting is not None:
        return Json(waiting.answer())
    opened = await open_session(accounts, asked, user)
    return Json(await opened_answer(accounts, opened, "Connexion réussie"))


@router.post("/signout", summary="End the session of a refresh token, or of the caller", response_model=Message)
async def post_signout(request: Request, asked: Leaving, body: RefreshBody | None = None) -> Json:
    """Whatever cannot be ended has ended already."""
    await sign_out(accounts_of(request), asked, body.refresh_token if body else None)
    return Json({"message": "Déconnexion réussie"})


@router.post(
    "/refresh",
    summary="Exchange a refresh token for new tokens",
    response_model=Refreshed,
    responses=errors(REFRESH_TOKEN_REQUIRED, INVALID_REFRESH_TOKEN),
)
async def post_refresh(request: Request, asked: Refreshing, body: RefreshBody | None = None) -> Json:
    """The refresh token changes with each exchange."""
    if body is None or not body.refresh_token:
        raise refuse(REFRESH_TOKEN_REQUIRED)
    opened = await refresh(accounts_of(request), asked, body.refresh_token)
    return Json({"message": "Tokens rafraîchis", **token_fields(opened.tokens)})


@router.get("/session", summary="Who the caller is", response_model=Who, responses=errors(USER_NOT_FOUND))
async def get_session(request: Request, asked: User) -> Json:
    """The user of the token, as they are now."""
    who = await person_of(accounts_of(request), asked.caller.user_id, asked.caller.tenant_id)
    return Json({"user": shown(who)})
