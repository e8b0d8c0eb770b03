"""The second step of signing in: somebody has proved who they are once, and has a second factor.

They hold a secret that lasts five minutes and stands five wrong codes; with a right one it becomes a session. Every way
of signing in asks here first (`second_step`); one that forgets to is refused when it opens the session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts import recovery_codes, secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.codes import INVALID_CODE, accepts, take_turn
from app.accounts.context import Accounts
from app.accounts.second_factor import PROOF_REQUIRED, listed, tell
from app.accounts.sign_in import Opened, opened_in
from app.accounts.tenancy import tenant_of
from app.adapters.postgres import SERVICE, Connection, Row
from app.auth.tables import TokenPurpose
from app.errors import ErrorSpec, refuse

INVALID_MFA_TOKEN = ErrorSpec("INVALID_MFA_TOKEN", 401, "La connexion a expiré, veuillez recommencer")
SECONDS = 300
MOST_FAILURES = 5
_SWEEP = """
    delete from relais.one_time_tokens
    where user_id = $1::text::uuid and purpose = 'second_factor' and (expires_at < now() or used_at is not null)
"""
_WHOSE = "select user_id::text from relais.one_time_tokens where token_hash = sha256($1) and purpose = 'second_factor'"
#: Counted before it is looked at, and the row is held: of two codes that are shown at once the second one waits. What
#: was proved with a password that has been changed since proves nothing.
_TRY = """
    update relais.one_time_tokens as t set failures = t.failures + 1
    from relais.users as u
    where t.token_hash = sha256($1) and t.purpose = 'second_factor' and t.used_at is null and t.expires_at > now()
      and t.failures < $2 and u.id = t.user_id and u.disabled_at is null
      and (u.password_changed_at is null or u.password_changed_at <= t.created_at)
    returning t.id::text, t.tenant_id::text, u.id::text as user_id, u.email, u.locale, t.details ->> 'method' as method,
              t.failures
"""
_USED = "update relais.one_time_tokens set used_at = now() where id = $1::text::uuid"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in that waits for its second step."""

    token: str
    factors: Sequence[Mapping[str, Any]]

    def answer(self) -> dict[str, Any]:
        """What a client is told instead of tokens."""
        return {
            "message": "Code de vérification requis",
            "mfaRequired": True,
            "mfa_required": True,
            "mfaToken": self.token,
            "mfa_token": self.token,
            "expiresIn": SECONDS,
            "expires_in": SECONDS,
            "factors": list(self.factors),
        }


@dataclass(frozen=True, slots=True)
class Passed:
    """The session, and how many recovery codes are left if one was used."""

    opened: Opened
    recovery_codes_left: int | None = None


async def second_step(
    accounts: Accounts, asked: Asked, user: Mapping[str, str], *, method: str = "password"
) -> Waiting | None:
    """What somebody who has proved who they are waits for; None: nothing, their session can be opened."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        factors = await listed(connection, user["id"], confirmed=True)
    if not factors:
        return None
    wanted = await tenant_of(accounts, asked)
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, user["id"])
        await connection.execute(_SWEEP, user["id"])
        token = await secrets_held.hand_out(
            connection,
            TokenPurpose.SECOND_FACTOR,
            SECONDS,
            tenant_id=wanted,
            user_id=user["id"],
            details={"method": method},
        )
    return Waiting(token, [{"id": row["id"], "name": row["name"], "type": "totp"} for row in factors])


async def challenge(
    accounts: Accounts, asked: Asked, token: str, *, code: str | None, recovery_code: str | None
) -> Passed:
    """The session of a sign-in whose second step is right."""
    if code is None and recovery_code is None:
        raise refuse(PROOF_REQUIRED)
    async with accounts.database.transaction(SERVICE) as connection:
        shown = token.encode("utf-8", "surrogatepass")
        await take_turn(connection, await connection.fetchval(_WHOSE, shown) or "")
        row = await connection.fetchrow(_TRY, shown, MOST_FAILURES)
        if row is None:
            raise refuse(INVALID_MFA_TOKEN)
        if code is not None:
            right = await accepts(accounts, connection, row["user_id"], code)
        else:
            right = await recovery_codes.use(connection, accounts.keys, row["user_id"], recovery_code or "")
        if right:
            return await _passed(accounts, connection, asked, row, with_recovery_code=code is None)
        await note(connection, asked, "SECOND_FACTOR_FAILED", tenant_id=row["tenant_id"] or "", actor_id=row["user_id"])
    error = refuse(INVALID_CODE)
    error.extra = {"attemptsLeft": MOST_FAILURES - row["failures"]}
    raise error


async def _passed(
    accounts: Accounts, connection: Connection, asked: Asked, row: Row, *, with_recovery_code: bool
) -> Passed:
    await connection.execute(_USED, row["id"])
    user = {"id": row["user_id"], "email": row["email"]}
    opened = await opened_in(
        accounts, connection, asked, user, row["tenant_id"] or "", method=row["method"], assurance=2
    )
    if not with_recovery_code:
        return Passed(opened)
    await note(connection, asked, "RECOVERY_CODE_USED", tenant_id=opened.who.tenant_id, actor_id=opened.who.user_id)
    await tell(accounts, connection, asked, row["email"], row["locale"], change="recovery_code_used")
    return Passed(opened, await recovery_codes.left(connection, row["user_id"]))
