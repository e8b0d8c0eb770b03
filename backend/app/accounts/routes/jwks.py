"""The public keys that tokens are verified with, for whoever verifies them without asking us."""

from fastapi import APIRouter, Request

from app.accounts.context import accounts_of
from app.accounts.shapes.credentials import PublicKeys
from app.answers import Json

router = APIRouter(tags=["auth"])
_SECONDS = 300


@router.get("/.well-known/jwks.json", summary="The public keys of this installation", response_model=PublicKeys)
@router.get(
    "/auth/v1/.well-known/jwks.json",
    summary="The same, where Supabase's client looks for them",
    response_model=PublicKeys,
)
async def get_jwks(request: Request) -> Json:
    """As a JWK set; empty where tokens are signed with the secret, which nobody else may know."""
    return Json({"keys": accounts_of(request).keys.public}, headers={"Cache-Control": f"public, max-age={_SECONDS}"})
