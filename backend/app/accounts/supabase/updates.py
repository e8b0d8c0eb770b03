"""What somebody changes of themselves through Supabase's client: one call for password, address and metadata."""

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.changes import LOCK, Own, change_password, describe, end_tokens, put_password
from app.accounts.context import Accounts
from app.accounts.errors import USER_NOT_FOUND
from app.accounts.password_rules import must_be_strong
from app.accounts.proofs import OwnSession, own_session
from app.accounts.supabase.bodies import UpdateBody
from app.accounts.supabase.errors import PHONE_PROVIDER_DISABLED, REAUTHENTICATION_NEEDED
from app.accounts.supabase.links import RECOVERY, onward_for
from app.accounts.supabase.users import user_of
from app.accounts.verification import ask_to_change_email
from app.adapters.postgres import SERVICE
from app.auth.guard import SESSION_ENDED
from app.errors import refuse

#: A link that was mailed stands for the password that was forgotten, once.
_SPEND = """
    update relais.sessions set method = 'password'
    where id = $1::text::uuid and method = $2 and revoked_at is null
    returning true
"""
_HINT = "Send `current_password`, or have a link sent with resetPasswordForEmail()."


async def update_user(accounts: Accounts, asked: Asked, body: UpdateBody, redirect_to: str = "") -> None:
    """Change what is given: what may be refused without harm first. Password and address take the password of now."""
    if body.phone:
        raise refuse(PHONE_PROVIDER_DISABLED)
    if body.data is not None:
        told = {name: value for name, value in body.data.items() if value is not None}
        forgotten = [name for name, value in body.data.items() if value is None]
        await describe(accounts, asked, told, forgotten, None)
    known = body.current_password
    if body.password is not None:
        if known is not None:
            await change_password(accounts, asked, known, body.password)
        else:
            await _recover_password(accounts, asked, body.password)
        known = body.password
    if body.email is not None and await _is_another(accounts, asked, body.email):
        if known is None:
            raise refuse(REAUTHENTICATION_NEEDED, hint=_HINT)
        await ask_to_change_email(accounts, asked, body.email, known, onward=onward_for(accounts, redirect_to))


async def _is_another(accounts: Accounts, asked: Asked, email: str) -> bool:
    # Forms send back the address that they were filled with.
    user = await user_of(accounts, asked.caller.user_id)
    return str(user["email"]).lower() != email.lower()


async def _recover_password(accounts: Accounts, asked: Asked, password: str) -> None:
    """A new password for whoever came by a link that was mailed to them a moment ago."""
    session = await own_session(accounts, asked)
    if session.method != RECOVERY or not session.recent:
        raise refuse(REAUTHENTICATION_NEEDED, hint=_HINT)
    must_be_strong(password, session.email)
    # Takes its time; no connection is held meanwhile.
    hashed = await accounts.passwords.hash(password)
    await accounts.guard.ended(await _put(accounts, asked, session, hashed))


async def _put(accounts: Accounts, asked: Asked, session: OwnSession, hashed: str) -> list[str]:
    async with accounts.database.transaction(SERVICE) as connection:
        row = await connection.fetchrow(LOCK, session.user_id)
        if row is None:
            raise refuse(USER_NOT_FOUND)
        if not await connection.fetchval(_SPEND, session.id, RECOVERY):
            raise refuse(SESSION_ENDED)
        own = Own(session.user_id, row["email"], row["locale"], row["password_changed_at"])
        ended = await put_password(accounts, connection, asked, own, hashed, but=session.id)
        ended += await end_tokens(connection, own.id)
        details = {"by": RECOVERY}
        await note(connection, asked, "PASSWORD_RESET", tenant_id=session.tenant_id, actor_id=own.id, details=details)
    return ended
