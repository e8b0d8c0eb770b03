"""`/api/oauth-accounts`: the accounts elsewhere that somebody has linked."""

from typing import Annotated

from fastapi import Depends, Request

from app.accounts.asking import Asked, User, asking
from app.accounts.context import accounts_of
from app.accounts.oauth import linked
from app.accounts.oauth.errors import (
    FORBIDDEN,
    INVALID_PROVIDER,
    LAST_SIGN_IN_METHOD,
    OAUTH_ACCOUNT_NOT_FOUND,
    OAUTH_NOT_CONFIGURED,
    TOKEN_EXPIRED,
    TOKEN_REFRESH_ERROR,
    UNAUTHORIZED,
    UNSUPPORTED_PROVIDER,
)
from app.accounts.shapes.credentials import LinkedAccount
from app.accounts.tenancy import SESSION_REQUIRED
from app.answers import Json, Message, errors
from app.routers import Router

router = Router(prefix="/api/oauth-accounts", tags=["oauth-accounts"])
Asking = Annotated[Asked, Depends(asking("oauth", user=True))]


@router.get("", summary="Own linked accounts", response_model=list[LinkedAccount])
async def get_accounts(request: Request, asked: User) -> Json:
    """By provider, the primary one first, then the newest."""
    return Json(await linked.listed(accounts_of(request), asked.caller.user_id))


@router.get(
    "/{provider}",
    summary="The primary linked account of a provider",
    response_model=LinkedAccount,
    responses=errors(INVALID_PROVIDER, OAUTH_ACCOUNT_NOT_FOUND),
)
async def get_account(request: Request, asked: User, provider: str) -> Json:
    """`github` or `google`."""
    return Json(await linked.primary_of(accounts_of(request), asked.caller.user_id, provider))


@router.delete(
    "/{account_id}",
    summary="Unlink an account",
    response_model=Message,
    responses=errors(SESSION_REQUIRED, OAUTH_ACCOUNT_NOT_FOUND, UNAUTHORIZED, LAST_SIGN_IN_METHOD),
)
async def delete_account(request: Request, asked: User, account_id: str) -> Json:
    """Never the last way in."""
    await linked.unlink(accounts_of(request), asked, account_id)
    return Json({"message": "Compte OAuth délié avec succès"})


@router.put(
    "/{account_id}/primary",
    summary="Make a linked account the primary one of its provider",
    response_model=LinkedAccount,
    responses=errors(OAUTH_ACCOUNT_NOT_FOUND, UNAUTHORIZED),
)
async def put_primary(request: Request, asked: User, account_id: str) -> Json:
    """The one before is kept, as another."""
    return Json(await linked.make_primary(accounts_of(request), asked, account_id))


@router.post(
    "/{account_id}/refresh",
    summary="Refresh the provider's tokens of a linked account",
    response_model=Message,
    responses=errors(
        OAUTH_ACCOUNT_NOT_FOUND,
        FORBIDDEN,
        UNSUPPORTED_PROVIDER,
        TOKEN_EXPIRED,
        TOKEN_REFRESH_ERROR,
        OAUTH_NOT_CONFIGURED,
    ),
)
async def post_refresh(request: Request, asked: Asking, account_id: str) -> Json:
    """Where the provider gave a refresh token."""
    await linked.refresh_tokens(accounts_of(request), asked, account_id)
    return Json({"message": "Token rafraîchi avec succès"})
