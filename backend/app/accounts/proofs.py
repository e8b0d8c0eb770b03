"""What somebody shows before the keys to their own account change: a recent sign-in, or their password once more.

An access token alone may have been stolen; it must not be enough to lock its owner out. Codes of a second factor are
in `second_factor.py`.
"""

from dataclasses import dataclass
from datetime import datetime

from app.accounts.asking import Asked
from app.accounts.context import Accounts
from app.accounts.errors import INVALID_CREDENTIALS
from app.accounts.sign_in import check_password
from app.accounts.tenancy import must_be_a_session
from app.adapters.postgres import SERVICE, Connection
from app.auth.guard import SESSION_ENDED
from app.errors import AppError, ErrorSpec, refuse

RECENT_SIGN_IN_REQUIRED = ErrorSpec(
    "RECENT_SIGN_IN_REQUIRED", 403, "Confirmez votre mot de passe ou reconnectez-vous pour continuer"
)
PASSWORD_NOT_CONFIRMED = ErrorSpec("PASSWORD_NOT_CONFIRMED", 400, "Mot de passe incorrect")
_SESSION = """
    select s.id::text, s.tenant_id::text, s.user_id::text, s.method, s.assurance, s.refresh_counter, u.email, u.locale,
           s.expires_at as ends, s.created_at > now() - $3::float8 * interval '1 minute' as recent
    from relais.sessions as s join relais.users as u on u.id = s.user_id
    where s.id = $1::text::uuid and s.user_id = $2::text::uuid and s.revoked_at is null and s.expires_at > now()
"""


@dataclass(frozen=True, slots=True)
class OwnSession:
    """The session that somebody asks from, as it is now, whatever the token said when it was issued."""

    id: str
    tenant_id: str
    user_id: str
    method: str
    assurance: int
    refresh_counter: int
    email: str
    locale: str
    ends: datetime
    #: Opened a moment ago, by the settings.
    recent: bool


async def own_session(accounts: Accounts, asked: Asked) -> OwnSession:
    """The caller's session; programs with an API token have none."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        return await session_in(accounts, connection, asked)


async def session_in(accounts: Accounts, connection: Connection, asked: Asked) -> OwnSession:
    """The same on a connection."""
    session_id = must_be_a_session(asked)
    recent = accounts.settings.auth.recent_sign_in_minutes
    row = await connection.fetchrow(_SESSION, session_id, asked.caller.user_id, recent)
    if row is None:
        raise refuse(SESSION_ENDED)
    return OwnSession(**dict(row))  # pyright: ignore


async def must_be_recent(accounts: Accounts, asked: Asked, session: OwnSession, password: str | None) -> None:
    """Refuse whoever signed in long ago and does not know the password."""
    if password is not None:
        await must_know_password(accounts, asked, session, password)
    elif not session.recent:
        raise refuse(RECENT_SIGN_IN_REQUIRED)


async def must_know_password(accounts: Accounts, asked: Asked, session: OwnSession, password: str) -> None:
    """Refuse a wrong password of the caller's."""
    await must_be_password_of(accounts, asked, session.user_id, session.email, password=password)


async def must_be_password_of(accounts: Accounts, asked: Asked, user_id: str, email: str, *, password: str) -> None:
    """Refuse a wrong password, counted as one at sign-in. It is no reason to sign anybody out: hence no 401."""
    try:
        user = await check_password(accounts, asked, email, password)
    except AppError as error:
        if error.code != INVALID_CREDENTIALS.code:
            raise
        raise refuse(PASSWORD_NOT_CONFIRMED) from error
    if user["id"] != user_id:
        # The address has become somebody else's in between.
        raise refuse(PASSWORD_NOT_CONFIRMED)
