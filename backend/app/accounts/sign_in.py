"""Signing in with a password, going on with a refresh token, signing out."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.errors import (
    EMAIL_NOT_VERIFIED,
    INVALID_CREDENTIALS,
    INVALID_REFRESH_TOKEN,
    SECOND_FACTOR_REQUIRED,
)
from app.accounts.new_devices import tell_of_new_device
from app.accounts.tenancy import home_of, tenant_of
from app.adapters.postgres import SERVICE, Connection
from app.auth.sessions import SignedIn, Tokens
from app.errors import refuse

_BY_EMAIL = """
    select u.id::text, u.email, u.password_hash, u.disabled_at is not null as disabled,
           u.email_verified_at is not null as verified,
           coalesce(extract(epoch from u.password_changed_at)::text, 'never') as password_version
    from relais.users as u where lower(u.email) = lower($1)
"""
_BETTER = "update relais.users set password_hash = $2 where id = $1::text::uuid and password_hash = $3"
#: Nothing for a password that was replaced since it was checked, or a user who was disabled.
_SEEN = """
    update relais.users set last_sign_in_at = now()
    where id = $1::text::uuid and disabled_at is null
      and ($2 = '' or coalesce(extract(epoch from password_changed_at)::text, 'never') = $2)
    returning id::text
"""
_HAS_SECOND_FACTOR = """
    select exists (
        select from relais.second_factors where user_id = $1::text::uuid and confirmed_at is not null)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has just been opened or kept up, and its tokens."""

    who: SignedIn
    tokens: Tokens


async def check_password(accounts: Accounts, asked: Asked, email: str, password: str) -> Mapping[str, str]:
    """The user (`id`, `email`) whose password this is, or a refusal that does not say what was wrong."""
    attempts = accounts.guard.attempts
    async with attempts.one(email, asked.address) as attempt:
        # Not of a replica: it may still hold the password of before.
        async with accounts.database.connection(SERVICE, "write") as connection:
            row = await connection.fetchrow(_BY_EMAIL, email)
        kept = row["password_hash"] if row is not None and not row["disabled"] else None
        verdict = await accounts.passwords.check(password, kept)
        if row is None or not verdict.right:
            await attempts.failed(attempt)
            await _note_failure(accounts, asked, row["id"] if row is not None else "")
            raise refuse(INVALID_CREDENTIALS)
        await attempts.succeeded(attempt)
    if accounts.settings.auth.verified_email and not row["verified"]:
        raise refuse(EMAIL_NOT_VERIFIED)
    if verdict.better is not None:
        async with accounts.database.connection(SERVICE, "write") as connection:
            await connection.execute(_BETTER, row["id"], verdict.better, kept)
    return {"id": row["id"], "email": row["email"], "password_version": row["password_version"]}


async def _note_failure(accounts: Accounts, asked: Asked, user_id: str) -> None:
    # The log must not grow by what strangers type: those of unknown accounts are not in it. To note nothing takes as
    # long as to note something, for neither waits for a disk.
    async with accounts.database.transaction(SERVICE) as connection:
        await connection.execute("set local synchronous_commit = off")
        if user_id:
            await note(connection, asked, "SIGN_IN_FAILED", actor_id=user_id)
        else:
            await connection.execute("select $1::text", user_id)


async def open_session(
    accounts: Accounts, asked: Asked, user: Mapping[str, str], *, method: str = "password", assurance: int = 1
) -> Opened:
    """A new session of a user who has proved who they are."""
    wanted = await tenant_of(accounts, asked)
    async with accounts.database.transaction(SERVICE) as connection:
        return await opened_in(accounts, connection, asked, user, wanted, method=method, assurance=assurance)


async def opened_in(
    accounts: Accounts,
    connection: Connection,
    asked: Asked,
    user: Mapping[str, str],
    wanted: str,
    *,
    method: str = "password",
    assurance: int = 1,
) -> Opened:
    """The same within a transaction, in the tenant that is wanted if the user is a member of it."""
    # Whoever has a second factor is asked for it first (`second_step.py`), whichever way they come.
    if assurance < 2 and await connection.fetchval(_HAS_SECOND_FACTOR, user["id"]):
        raise refuse(SECOND_FACTOR_REQUIRED)
    tenant_id = await home_of(connection, user["id"], wanted)
    await tell_of_new_device(accounts, connection, asked, user["id"])
    who = await accounts.sessions.create(connection, user, tenant_id, asked.device, method=method, assurance=assurance)
    if await connection.fetchval(_SEEN, user["id"], user.get("password_version", "")) is None:
        raise refuse(INVALID_CREDENTIALS)
    await note(connection, asked, "SIGNED_IN", tenant_id=tenant_id, actor_id=user["id"], details={"method": method})
    return Opened(who, accounts.sessions.tokens(who))


async def refresh(accounts: Accounts, asked: Asked, token: str) -> Opened:
    """Exchange a refresh token. One that is too old ends its session: somebody else has it, too."""
    async with accounts.database.transaction(SERVICE) as connection:
        found = await accounts.sessions.refresh(connection, token)
        if found.outcome == "replayed" and found.who is not None:
            await note(
                connection,
                asked,
                "REFRESH_TOKEN_REPLAYED",
                tenant_id=found.who.tenant_id,
                actor_id=found.who.user_id,
                target=found.who.session_id,
            )
    if found.outcome == "replayed" and found.who is not None:
        await accounts.guard.ended((f"session:{found.who.session_id}",))
    if found.who is None or found.outcome == "replayed":
        raise refuse(INVALID_REFRESH_TOKEN)
    accounts.guard.uses.note(f"session:{found.who.session_id}", asked.address)
    return Opened(found.who, accounts.sessions.tokens(found.who))


async def end_sessions(
    accounts: Accounts, connection: Connection, user_id: str, *, only: str = "", but: str = ""
) -> list[str]:
    """End sessions of a user. Tell the guard (`Guard.ended`) of what this answers once it is committed."""
    return [f"session:{item}" for item in await accounts.sessions.end(connection, user_id, only=only, but=but)]


async def sign_out(accounts: Accounts, asked: Asked, refresh_token: str | None, *, scope: str = "local") -> None:
    """End the session of a refresh token, or that of the caller; `global` ends all, `others` all but that one."""
    caller = asked.caller
    session = caller.credential.removeprefix("session:") if caller.credential.startswith("session:") else ""
    user_id = caller.user_id
    named = accounts.sessions.session_of(refresh_token) if refresh_token else None
    if named is not None:
        # Whoever holds it may end it, whoever else they are by their access token.
        session, user_id = named, ""
    if not session and (scope == "local" or not user_id):
        # An API token, or a token of somebody else's, has no session to end.
        return
    async with accounts.database.transaction(SERVICE) as connection:
        if not user_id:
            user_id = await connection.fetchval(_OWNER, session) or ""
        if not user_id:
            return
        only, but = (session, "") if scope == "local" else ("", session if scope == "others" else "")
        ended = await end_sessions(accounts, connection, user_id, only=only, but=but)
        if ended:
            await note(connection, asked, "SIGNED_OUT", actor_id=user_id, details={"scope": scope})
    await accounts.guard.ended(ended)


_OWNER = "select user_id::text from relais.sessions where id = $1::text::uuid"
