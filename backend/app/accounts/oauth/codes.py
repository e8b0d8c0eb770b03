"""Codes that a browser brings to the frontend in an address, where tokens would stay in its history.

They are good for one exchange within minutes: for a session, by whoever holds the verifier of the challenge that the
journey began with, if it had one; or for a linked account, by the user who asked for it and nobody else.
"""

from collections.abc import Mapping
from datetime import datetime

import orjson

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.oauth import pkce
from app.accounts.oauth.errors import INVALID_SIGN_IN_CODE, LINK_NOT_PROVEN, must
from app.accounts.oauth.flow import Wish
from app.accounts.oauth.identity import Identity
from app.accounts.oauth.linking import Arrival, Linker, link
from app.accounts.second_step import Waiting, second_step
from app.accounts.sign_in import Opened, opened_in
from app.accounts.tenancy import must_be_a_session, tenant_of
from app.adapters.postgres import SERVICE, Connection
from app.adapters.providers import Grant
from app.auth.tables import TokenPurpose
from app.errors import refuse

CODE_SECONDS = 120
_LINKING = "linking"
_USER = "select id::text, email from relais.users where id = $1::text::uuid and disabled_at is null"


async def code_to_sign_in(accounts: Accounts, asked: Asked, user: Mapping[str, str], wish: Wish) -> str:
    """A code for a session of somebody who has come back."""
    tenant_id = await tenant_of(accounts, asked)
    async with accounts.database.transaction(SERVICE) as connection:
        return await code_in(connection, tenant_id, user, method=wish.provider, challenge=wish.challenge)


async def code_in(
    connection: Connection, tenant_id: str, user: Mapping[str, str], *, method: str, challenge: str
) -> str:
    """The same within a transaction, for somebody who has proved who they are in any way."""
    return await secrets_held.hand_out(
        connection,
        TokenPurpose.SIGN_IN_CODE,
        CODE_SECONDS,
        tenant_id=tenant_id,
        user_id=user["id"],
        email=user["email"],
        details={"method": method, **({"challenge": challenge} if challenge else {})},
    )


async def sign_in_with_code(accounts: Accounts, asked: Asked, code: str, verifier: str) -> Opened | Waiting:
    """The session that a code stands for, or the second step on the way to it."""
    async with accounts.database.transaction(SERVICE) as connection:
        held = await secrets_held.use(connection, TokenPurpose.SIGN_IN_CODE, code)
        user = await connection.fetchrow(_USER, held.user_id) if held is not None else None
    if held is None or user is None or not pkce.fits(str(held.details.get("challenge") or ""), verifier):
        raise refuse(INVALID_SIGN_IN_CODE)
    who = {"id": user["id"], "email": user["email"]}
    method = str(held.details.get("method") or "oauth")
    waiting = await second_step(accounts, asked, who, method=method)
    if waiting is not None:
        return waiting
    async with accounts.database.transaction(SERVICE) as connection:
        return await opened_in(accounts, connection, asked, who, held.tenant_id, method=method)


async def code_to_link(accounts: Accounts, linker: Linker, arrival: Arrival) -> str:
    """A code for an account that has yet to be linked."""
    grant, identity = arrival.grant, arrival.identity
    sealed = accounts.keys.seal(
        orjson.dumps(
            {
                "provider": arrival.provider,
                "grant": [grant.access_token, grant.refresh_token, grant.expires_at, grant.scope],
                "identity": [
                    identity.id,
                    identity.email,
                    identity.username,
                    identity.full_name,
                    identity.avatar_url,
                ],
            }
        )
    )
    async with accounts.database.transaction(SERVICE) as connection:
        return await secrets_held.hand_out(
            connection,
            TokenPurpose.OAUTH_STATE,
            CODE_SECONDS,
            user_id=linker.user_id,
            details={"kind": _LINKING, "session": linker.session_id, "sealed": sealed.decode()},
        )


async def link_with_code(accounts: Accounts, asked: Asked, code: str) -> str:
    """Link the account that a code stands for to the caller, who must be the one who asked for it; its id."""
    must_be_a_session(asked)
    async with accounts.database.transaction(SERVICE) as connection:
        held = await secrets_held.use(connection, TokenPurpose.OAUTH_STATE, code)
    if held is None or held.details.get("kind") != _LINKING:
        raise refuse(INVALID_SIGN_IN_CODE)
    # The code is gone all the same: whoever shows it as somebody else was led here.
    must(held.user_id == asked.caller.user_id, LINK_NOT_PROVEN)
    linker = Linker(held.user_id, str(held.details["session"]))
    return await link(accounts, asked, linker, _arrival(accounts, str(held.details["sealed"])))


def _arrival(accounts: Accounts, sealed: str) -> Arrival:
    try:
        kept = orjson.loads(accounts.keys.unseal(sealed.encode()))
    except ValueError:
        raise refuse(INVALID_SIGN_IN_CODE) from None
    access_token, refresh_token, expires_at, scope = kept["grant"]
    grant = Grant(access_token, refresh_token, _instant(expires_at), tuple(scope))
    return Arrival(kept["provider"], grant, Identity(*kept["identity"]))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
