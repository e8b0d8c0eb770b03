"""What the routes under `/api/auth` answer: both of the forms that the frontend's clients read, in one body."""

from typing import Any

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.errors import USER_NOT_FOUND
from app.accounts.people import PersonRow, person, shown
from app.accounts.sign_in import Opened
from app.accounts.tenancy import tenant_of
from app.adapters.postgres import SERVICE
from app.auth.sessions import Tokens
from app.errors import refuse


def token_fields(tokens: Tokens) -> dict[str, Any]:
    """A pair of tokens, nested and flat."""
    return {
        "tokens": {
            "accessToken": tokens.access_token,
            "refreshToken": tokens.refresh_token,
            "expiresIn": tokens.expires_in,
        },
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "token_type": "bearer",
        "expires_in": tokens.expires_in,
        "expires_at": tokens.expires_at,
    }


async def person_of(accounts: Accounts, user_id: str, tenant_id: str) -> PersonRow:
    """A user who must be there."""
    # Not of a replica: they may have signed up a moment ago.
    async with accounts.database.connection(SERVICE, "write") as connection:
        who = await person(accounts, connection, user_id, tenant_id)
    if who is None:
        raise refuse(USER_NOT_FOUND)
    return who


async def opened_answer(accounts: Accounts, opened: Opened, message: str) -> dict[str, Any]:
    """Tokens, and who they are for."""
    who = await person_of(accounts, opened.who.user_id, opened.who.tenant_id)
    return {"message": message, "user": shown(who), **token_fields(opened.tokens)}


async def waiting_answer(accounts: Accounts, asked: Asked, user_id: str) -> dict[str, Any]:
    """Somebody who has made an account, and must prove their address before they sign in: no tokens yet."""
    who = await person_of(accounts, user_id, await tenant_of(accounts, asked))
    return {
        "message": "Compte créé. Un email vient de vous être envoyé pour vérifier votre adresse",
        "user": shown(who),
        "session": None,
        "tokens": None,
        "verificationRequired": True,
        "verification_required": True,
    }
