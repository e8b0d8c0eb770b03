"""The accounts elsewhere that a user has linked: listed, taken away, preferred, kept fresh."""

from typing import Any
from uuid import UUID

import orjson

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.oauth.errors import (
    FORBIDDEN,
    LAST_SIGN_IN_METHOD,
    OAUTH_ACCOUNT_NOT_FOUND,
    TOKEN_EXPIRED,
    TOKEN_REFRESH_ERROR,
    UNAUTHORIZED,
    UNSUPPORTED_PROVIDER,
    must,
    told,
)
from app.accounts.oauth.linking import tell
from app.accounts.oauth.providers import failure, must_be_known, provider_of
from app.accounts.people import instant
from app.accounts.tenancy import must_be_a_session
from app.adapters.postgres import SERVICE, Connection, Row
from app.adapters.providers import Grant, ProviderError
from app.errors import AppError, refuse

_COLUMNS = """
    select id::text, user_id::text, provider, provider_user_id, provider_email, scope, details::text, is_primary,
           token_expires_at, created_at, updated_at
    from relais.oauth_accounts
"""
_LIST = f"{_COLUMNS} where user_id = $1::text::uuid order by provider, is_primary desc, created_at desc, id"
_OF_PROVIDER = f"""
    {_COLUMNS} where user_id = $1::text::uuid and provider = $2 order by is_primary desc, created_at desc, id limit 1
"""
_BY_ID = f"{_COLUMNS} where id = $1::text::uuid"
#: Whoever changes the ways into an account takes turns: one must be left, and one of a provider is the first.
_TURN = """
    select email, locale, password_hash is not null as has_password from relais.users
    where id = $1::text::uuid for update
"""
_OTHERS = "select count(*) from relais.oauth_accounts where user_id = $1::text::uuid and id <> $2::text::uuid"
_UNLINK = "delete from relais.oauth_accounts where id = $1::text::uuid"
_NONE_PRIMARY = """
    update relais.oauth_accounts set is_primary = false
    where user_id = $1::text::uuid and provider = $2 and is_primary
"""
_PRIMARY = "update relais.oauth_accounts set is_primary = true where id = $1::text::uuid"
_TOKENS = "select refresh_token from relais.oauth_accounts where id = $1::text::uuid"
#: Unless somebody else has been quicker: theirs are the newer tokens.
_RENEW = """
    update relais.oauth_accounts
    set access_token = $3, refresh_token = coalesce($4, refresh_token), token_expires_at = $5,
        scope = case when cardinality($6::text[]) > 0 then $6 else scope end
    where id = $1::text::uuid and refresh_token = $2
"""
#: What providers call a refresh token that is no longer good.
_WORN_OUT = frozenset({"invalid_grant", "bad_refresh_token"})


async def listed(accounts: Accounts, user_id: str) -> list[dict[str, Any]]:
    """The linked accounts of a user."""
    return [shown(row) for row in await accounts.database.fetch(SERVICE, _LIST, user_id, mode="write")]


async def primary_of(accounts: Accounts, user_id: str, provider: str) -> dict[str, Any]:
    """The first linked account of a user at a provider."""
    must_be_known(provider)
    rows = await accounts.database.fetch(SERVICE, _OF_PROVIDER, user_id, provider, mode="write")
    if not rows:
        raise told(OAUTH_ACCOUNT_NOT_FOUND, "Aucun compte OAuth trouvé pour ce provider")
    return shown(rows[0])


async def one(accounts: Accounts, account_id: str) -> dict[str, Any]:
    """A linked account that is known to be there."""
    (row,) = await accounts.database.fetch(SERVICE, _BY_ID, account_id, mode="write")
    return shown(row)


async def unlink(accounts: Accounts, asked: Asked, account_id: str) -> None:
    """Take a linked account away, unless nothing else lets its user in."""
    must_be_a_session(asked)
    user_id = asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        user = await connection.fetchrow(_TURN, user_id)
        account = await _own(
            connection, asked, account_id, told(UNAUTHORIZED, "Vous n'êtes pas autorisé à délier ce compte")
        )
        others = await connection.fetchval(_OTHERS, user_id, account["id"])
        if user is None:
            raise refuse(OAUTH_ACCOUNT_NOT_FOUND)
        must(others or user["has_password"], LAST_SIGN_IN_METHOD)
        await connection.execute(_UNLINK, account["id"])
        if account["is_primary"]:
            heir = await connection.fetchrow(_OF_PROVIDER, user_id, account["provider"])
            if heir is not None:
                await connection.execute(_PRIMARY, heir["id"])
        details = {"provider": account["provider"]}
        await tell(accounts, connection, asked, user, provider=account["provider"], link="unlinked")
        await note(connection, asked, "OAUTH_UNLINKED", actor_id=user_id, target=account["id"], details=details)


async def make_primary(accounts: Accounts, asked: Asked, account_id: str) -> dict[str, Any]:
    """Prefer a linked account to the others at its provider."""
    user_id = asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        await connection.execute(_TURN, user_id)
        account = await _own(connection, asked, account_id, refuse(UNAUTHORIZED))
        await connection.execute(_NONE_PRIMARY, user_id, account["provider"])
        await connection.execute(_PRIMARY, account["id"])
        row = await connection.fetchrow(_BY_ID, account["id"])
    assert row is not None
    return shown(row)


async def refresh_tokens(accounts: Accounts, asked: Asked, account_id: str) -> None:
    """Get newer tokens for a linked account. No connection is held while the provider is asked."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        account = await _own(connection, asked, account_id, refuse(FORBIDDEN))
        sealed: bytes | None = await connection.fetchval(_TOKENS, account["id"])
    if sealed is None:
        # Applications of GitHub have refresh tokens only where their tokens expire.
        must(account["provider"] == "google", UNSUPPORTED_PROVIDER)
        raise must_link_again(account["provider"])
    try:
        await renew(accounts, asked, account["provider"], account["id"], sealed)
    except ProviderError as error:
        raise refuse(TOKEN_REFRESH_ERROR) from error


async def renew(accounts: Accounts, asked: Asked, name: str, account_id: str, sealed: bytes) -> Grant:
    """Newer tokens for a sealed refresh token, which are kept; `TOKEN_EXPIRED` if it is no longer good."""
    grant = await _renewed(accounts, asked, name, sealed)
    seal = accounts.keys.seal
    refresh_token = seal(grant.refresh_token.encode()) if grant.refresh_token else None
    values = (seal(grant.access_token.encode()), refresh_token, grant.expires_at, list(grant.scope))
    async with accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute(_RENEW, account_id, sealed, *values)
    return grant


async def _renewed(accounts: Accounts, asked: Asked, name: str, sealed: bytes) -> Grant:
    provider = provider_of(accounts, name)
    try:
        refresh_token = accounts.keys.unseal(sealed).decode()
    except ValueError:
        # Sealed with a key that is gone.
        raise must_link_again(name) from None
    try:
        return await provider.refresh(refresh_token)
    except ProviderError as error:
        failure(name, error, asked.request_id)
        if error.failure == "refused" and error.seen in _WORN_OUT:
            raise must_link_again(name) from error
        raise


def must_link_again(provider: str) -> AppError:
    """What somebody is told whose tokens are of no more use."""
    title = {"github": "GitHub", "google": "Google"}[provider]
    return told(TOKEN_EXPIRED, f"{TOKEN_EXPIRED.message}. Veuillez re-lier votre compte {title}.")


async def _own(connection: Connection, asked: Asked, account_id: str, foreign: AppError) -> Row:
    """A linked account of the caller's."""
    try:
        wanted = str(UUID(account_id))
    except ValueError:
        raise refuse(OAUTH_ACCOUNT_NOT_FOUND) from None
    row = await connection.fetchrow(_BY_ID, wanted)
    if row is None:
        raise refuse(OAUTH_ACCOUNT_NOT_FOUND)
    if row["user_id"] != asked.caller.user_id:
        raise foreign
    return row


def shown(row: Row) -> dict[str, Any]:
    """A linked account as clients see it: never its tokens."""
    return {
        "id": row["id"],
        "userId": row["user_id"],
        "provider": row["provider"],
        "providerUserId": row["provider_user_id"],
        "providerEmail": row["provider_email"],
        "scope": list(row["scope"]),
        "metadata": orjson.loads(row["details"]) if row["details"] else None,
        "isPrimary": row["is_primary"],
        "tokenExpiresAt": instant(row["token_expires_at"]),
        "createdAt": instant(row["created_at"]),
        "updatedAt": instant(row["updated_at"]),
    }
