"""Sessions as Supabase's client asks for them: for a password, a refresh token, or a code that a redirect brought."""

from typing import Any

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.errors import REFRESH_TOKEN_REQUIRED, SECOND_FACTOR_REQUIRED
from app.accounts.oauth.codes import sign_in_with_code
from app.accounts.second_step import Waiting
from app.accounts.sign_in import Opened, check_password, open_session, refresh
from app.accounts.supabase.bodies import TokenBody
from app.accounts.supabase.errors import PHONE_PROVIDER_DISABLED, UNSUPPORTED_GRANT_TYPE
from app.accounts.supabase.users import user_of
from app.errors import VALIDATION_ERROR, refuse


async def session_shape(accounts: Accounts, opened: Opened) -> dict[str, Any]:
    """A session, and whose it is."""
    tokens = opened.tokens
    return {
        "access_token": tokens.access_token,
        "token_type": "bearer",
        "expires_in": tokens.expires_in,
        "expires_at": tokens.expires_at,
        "refresh_token": tokens.refresh_token,
        "user": await user_of(accounts, opened.who.user_id),
    }


async def granted(accounts: Accounts, asked: Asked, grant_type: str, body: TokenBody) -> Opened:
    """A session for what is given."""
    match grant_type:
        case "password":
            return await _for_password(accounts, asked, body)
        case "refresh_token":
            if not body.refresh_token:
                raise refuse(REFRESH_TOKEN_REQUIRED)
            return await refresh(accounts, asked, body.refresh_token)
        case "pkce":
            return await _for_code(accounts, asked, body)
        case _:
            raise refuse(UNSUPPORTED_GRANT_TYPE)


async def _for_password(accounts: Accounts, asked: Asked, body: TokenBody) -> Opened:
    if body.phone and not body.email:
        raise refuse(PHONE_PROVIDER_DISABLED)
    if not body.email or body.password is None:
        raise refuse(VALIDATION_ERROR)
    user = await check_password(accounts, asked, body.email.strip(), body.password)
    return await open_session(accounts, asked, user)


async def _for_code(accounts: Accounts, asked: Asked, body: TokenBody) -> Opened:
    if not body.auth_code or not body.code_verifier:
        raise refuse(VALIDATION_ERROR, hint="Both `auth_code` and `code_verifier` are needed.")
    found = await sign_in_with_code(accounts, asked, body.auth_code, body.code_verifier)
    if isinstance(found, Waiting):
        raise refuse(SECOND_FACTOR_REQUIRED, hint="Sign in at /api/auth/signin, which asks for the second factor.")
    return found
