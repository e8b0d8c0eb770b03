"""The public keys that tokens are verified with, for whoever verifies them without asking us."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.accounts.context import accounts_of

router = APIRouter(tags=["auth"])
_SECONDS = 300


@router.get("/.well-known/jwks.json", summary="The public keys of this installation")
@router.get("/auth/v1/.well-known/jwks.json", summary="The same, where Supabase's client looks for them")
async def get_jwks(request: Request, response: Response) -> dict[str, Any]:
    """As a JWK set; empty where tokens are signed with the secret, which nobody else may know."""
    response.headers["Cache-Control"] = f"public, max-age={_SECONDS}"
    return {"keys": accounts_of(request).keys.public}
