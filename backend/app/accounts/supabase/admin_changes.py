"""What administrators change of a user's account through Supabase's client. Who they are is in `admin.py`."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import orjson

from app.accounts.asking import Asked
from app.accounts.bodies import LARGEST_METADATA_BYTES
from app.accounts.changes import Own, end_all, put_password
from app.accounts.context import Accounts
from app.accounts.origins import origin_of
from app.accounts.password_rules import must_be_strong
from app.accounts.secrets_held import forget_links
from app.accounts.supabase.admin import IS_ELSEWHERE, Administrator, must_be_possible, noted, taken
from app.accounts.supabase.bodies import AdminUserBody
from app.accounts.supabase.errors import EMAIL_EXISTS, NOT_ADMIN
from app.accounts.supabase.users import user_of
from app.adapters.postgres import SERVICE, Connection
from app.errors import VALIDATION_ERROR, AppError, refuse
from app.jobs.mail import put_mail

_UNIQUE_VIOLATION = "23505"
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:h|ms|m|s|us|ns))+\Z")
_HOURS = re.compile(r"([0-9]+)(?:\.[0-9]+)?h")
#: Suspensions have no end here: what is meant to last so long is one, and shorter ones cannot be had.
_FOR_EVER_HOURS = 10 * 365 * 24
_SET_EMAIL = """
    update relais.users set email = $2, email_verified_at = case when $3 then coalesce(email_verified_at, now()) end
    where id = $1::text::uuid
"""
_CONFIRM = """
    update relais.users set email_verified_at = coalesce(email_verified_at, now()) where id = $1::text::uuid
"""
_MERGE = """
    update relais.users as u
    set {0} = (u.{0} - $2::text[]) || $3::text::jsonb
    where u.id = $1::text::uuid and octet_length(((u.{0} - $2::text[]) || $3::text::jsonb)::text) <= $4
    returning true
"""
_OWN = "select email, locale, password_changed_at from relais.users where id = $1::text::uuid"
_SUSPEND = """
    update relais.users set disabled_at = case when $2 then coalesce(disabled_at, now()) end where id = $1::text::uuid
"""


async def change_user(accounts: Accounts, asked: Asked, by: Administrator, user_id: str, body: AdminUserBody) -> None:
    """Change what is given of a user."""
    must_be_possible(by, body)
    if not by.is_service and (body.password is not None or body.email is not None):
        raise refuse(NOT_ADMIN, hint="`password` and `email` of others are for the service key.")
    banned = suspends(body.ban_duration) if body.ban_duration is not None else None
    known = await user_of(accounts, user_id, by.tenant_id)
    hashed: str | None = None
    if body.password is not None:
        must_be_strong(body.password, body.email or known["email"])
        # Takes its time; no connection is held meanwhile.
        hashed = await accounts.passwords.hash(body.password)
    try:
        async with accounts.database.transaction(SERVICE) as connection:
            user = await taken(accounts, connection, by, user_id)
            if by.tenant_id and await connection.fetchval(IS_ELSEWHERE, user_id, by.tenant_id):
                raise refuse(NOT_ADMIN, hint="They are members of other tenants, too.")
            ended = await _account_changed(accounts, connection, asked, user, body, hashed)
            ended += await _suspended(accounts, connection, user_id, banned=banned)
            await _merge(connection, user_id, "user_metadata", body.user_metadata)
            await _merge(connection, user_id, "app_metadata", body.app_metadata)
            await noted(connection, asked, by, "USER_CHANGED", user_id)
    except AppError as error:
        raise refuse(EMAIL_EXISTS) if error.code == _UNIQUE_VIOLATION else error from error
    await accounts.guard.ended(ended)


def suspends(duration: str) -> bool:
    """Whether a duration suspends somebody (`none` ends it), or a refusal of one that cannot be had."""
    if duration == "none":
        return False
    hours = sum(int(found[1]) for found in _HOURS.finditer(duration)) if _DURATION.match(duration) else 0
    if hours < _FOR_EVER_HOURS:
        hint = f"Suspensions last until they are taken back: `none`, or {_FOR_EVER_HOURS}h and more."
        raise refuse(VALIDATION_ERROR, hint=hint)
    return True


async def _account_changed(
    accounts: Accounts,
    connection: Connection,
    asked: Asked,
    user: Mapping[str, Any],
    body: AdminUserBody,
    hashed: str | None,
) -> list[str]:
    """Address, its proof, and password; the names of the sessions that ended."""
    row = await connection.fetchrow(_OWN, user["id"])
    assert row is not None
    if body.email is not None and body.email != row["email"]:
        await connection.execute(_SET_EMAIL, user["id"], body.email, bool(body.email_confirm))
        await forget_links(connection, user["id"])
        seal, told = accounts.keys.seal, {**origin_of(asked), "new_email": body.email}
        await put_mail(connection, seal, "email_changed", row["email"], locale=row["locale"], data=told)
    elif body.email_confirm:
        await connection.execute(_CONFIRM, user["id"])
    if hashed is None:
        return []
    own = Own(user["id"], body.email or row["email"], row["locale"], row["password_changed_at"])
    return await put_password(accounts, connection, asked, own, hashed)


async def _suspended(accounts: Accounts, connection: Connection, user_id: str, *, banned: bool | None) -> list[str]:
    if banned is None:
        return []
    ended = await end_all(accounts, connection, user_id) if banned else []
    await connection.execute(_SUSPEND, user_id, banned)
    return ended


async def _merge(
    connection: Connection,
    user_id: str,
    column: Literal["user_metadata", "app_metadata"],
    values: Mapping[str, Any] | None,
) -> None:
    """Keep what is given besides what is kept already; what is null is forgotten."""
    if values is None:
        return
    told = orjson.dumps({name: value for name, value in values.items() if value is not None}).decode()
    forgotten = [name for name, value in values.items() if value is None]
    bound = LARGEST_METADATA_BYTES
    if not await connection.fetchval(_MERGE.format(column), user_id, forgotten, told, bound):
        raise refuse(VALIDATION_ERROR, hint=f"More than {bound} bytes of {column}.")
