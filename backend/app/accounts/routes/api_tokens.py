"""`/api/api-tokens`: personal tokens for programs."""

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from app.accounts.api_tokens import (
    API_TOKEN_NOT_FOUND,
    API_TOKEN_NOT_YOURS,
    TOO_MANY_API_TOKENS,
    NewToken,
    Scope,
    make_token,
    own_token,
    own_tokens,
    revoke_token,
)
from app.accounts.asking import Asked, User, asking
from app.accounts.bodies import Body, Name, Password
from app.accounts.context import accounts_of
from app.accounts.people import instant
from app.accounts.refusals import ADMINISTERING, RECENT
from app.accounts.shapes.credentials import ApiToken, ApiTokens, NewApiToken
from app.adapters.postgres import Row
from app.answers import Json, Success, errors
from app.routers import Router

router = Router(prefix="/api/api-tokens", tags=["API tokens"])
Maker = Annotated[Asked, Depends(asking("auth", user=True))]


class TokenBody(Body):
    """Of making a token."""

    name: Name
    expires_in_days: int | None = Field(None, ge=1, le=365)
    scopes: list[Scope] = Field(default=["read", "write"], min_length=1, max_length=3)
    password: Password | None = None


@router.get("", summary="The caller's API tokens", response_model=ApiTokens)
async def get_tokens(request: Request, asked: User) -> Json:
    """The newest first; of each its first characters."""
    return Json({"tokens": [_shown(row) for row in await own_tokens(accounts_of(request), asked)]})


@router.get(
    "/{token_id}",
    summary="One API token",
    response_model=ApiToken,
    responses=errors(API_TOKEN_NOT_FOUND, API_TOKEN_NOT_YOURS),
)
async def get_token(request: Request, asked: User, token_id: str) -> Json:
    """One of the caller's own."""
    return Json(_shown(await own_token(accounts_of(request), asked, token_id)))


@router.post(
    "",
    status_code=201,
    summary="Make an API token",
    response_model=NewApiToken,
    responses=errors(TOO_MANY_API_TOKENS, *ADMINISTERING, *RECENT),
)
async def post_token(request: Request, asked: Maker, body: TokenBody) -> Json:
    """The only answer that has the token itself. Whoever signed in long ago sends their password, too."""
    new = NewToken(body.name, body.scopes, body.expires_in_days, body.password)
    row, secret = await make_token(accounts_of(request), asked, new)
    message = "Token API créé. Conservez-le : il ne sera plus affiché."
    return Json({**_shown(row), "token": secret, "message": message}, 201)


@router.delete(
    "/{token_id}",
    summary="Revoke an API token",
    response_model=Success,
    responses=errors(API_TOKEN_NOT_FOUND, API_TOKEN_NOT_YOURS),
)
async def delete_token(request: Request, asked: User, token_id: str) -> Json:
    """From now on it opens nothing."""
    await revoke_token(accounts_of(request), asked, token_id)
    return Json({"message": "Token API supprimé", "success": True})


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "tokenPrefix": row["prefix"],
        "scopes": list(row["scopes"]),
        "lastUsedAt": instant(row["last_used_at"]),
        "expiresAt": instant(row["expires_at"]),
        "createdAt": instant(row["created_at"]),
        "isExpired": row["is_expired"],
    }
