"""Users as administrators make, change and remove them through Supabase's client.

Two kinds of callers: the service key (a token whose role is the service's), for which there is nothing but its tenant,
if it names one; and administrators of a tenant. Users are more than members of one tenant, so what opens or closes
their account is for the service alone: their password, their address, their suspension, its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.accounts import changes
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.changes import end_all
from app.accounts.codes import take_turn
from app.accounts.context import Accounts
from app.accounts.errors import AUTH_TOKEN_MISSING
from app.accounts.members import LAST_OWNER, must_not_exceed, remove
from app.accounts.owners import lock_owned, owned_alone
from app.accounts.password_rules import must_be_strong
from app.accounts.sign_up import NewAccount, is_taken, put_user
from app.accounts.supabase.bodies import AdminUserBody
from app.accounts.supabase.errors import EMAIL_EXISTS, NOT_ADMIN, PHONE_PROVIDER_DISABLED
from app.accounts.supabase.users import user_in
from app.accounts.tenancy import standing, tenant_here, tenant_of
from app.adapters.postgres import SERVICE, Connection
from app.auth.memberships import join
from app.auth.tables import TenantRole
from app.errors import VALIDATION_ERROR, AppError, refuse

SERVICE_ROLES = frozenset({"service", "service_role"})
_ROLE = "select role::text from relais.memberships where tenant_id = $1::text::uuid and user_id = $2::text::uuid"
_END_HERE = """
    update relais.sessions set revoked_at = now()
    where user_id = $1::text::uuid and revoked_at is null and ($2 = '' or tenant_id = nullif($2, '')::uuid)
    returning 'session:' || id as name
"""
_DISABLE = "update relais.users set disabled_at = coalesce(disabled_at, now()) where id = $1::text::uuid"
#: What they say of themselves is seen there as well.
IS_ELSEWHERE = """
    select exists (
        select from relais.memberships where user_id = $1::text::uuid and tenant_id <> $2::text::uuid)
"""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who administers: a member of a tenant with their standing, or the service, with none."""

    tenant_id: str
    standing: TenantRole | None

    @property
    def is_service(self) -> bool:
        """Whether nothing is closed to them but other tenants."""
        return self.standing is None


async def administrator(accounts: Accounts, asked: Asked) -> Administrator:
    """The caller as an administrator, or a refusal."""
    caller = asked.caller
    if caller.role in SERVICE_ROLES:
        return Administrator(caller.tenant_id, None)
    if not caller.user_id:
        raise refuse(AUTH_TOKEN_MISSING if caller.anonymous else NOT_ADMIN)
    tenant_id = await tenant_here(accounts, asked)
    async with accounts.database.connection(SERVICE, "write") as connection:
        return Administrator(tenant_id, await standing(connection, asked, tenant_id, at_least=TenantRole.ADMIN))


async def create_user(accounts: Accounts, asked: Asked, by: Administrator, body: AdminUserBody) -> str:
    """Make a user, who is a member of the caller's tenant; their id. No message is sent."""
    must_be_possible(by, body)
    if body.email is None:
        raise refuse(VALIDATION_ERROR, hint="`email` is needed.")
    if body.password is not None:
        must_be_strong(body.password, body.email)
    tenant_id = by.tenant_id or await tenant_of(accounts, asked)
    # Takes its time; no connection is held meanwhile.
    hashed = await accounts.passwords.hash(body.password) if body.password is not None else None
    metadata = {name: value for name, value in (body.user_metadata or {}).items() if value is not None}
    new = NewAccount(
        body.email,
        body.password,
        metadata=metadata,
        app_metadata=body.app_metadata or {},
        verified=bool(body.email_confirm),
    )
    try:
        async with accounts.database.transaction(SERVICE) as connection:
            user_id = await put_user(connection, new, hashed)
            await join(connection, tenant_id, user_id)
            await noted(connection, asked, by, "USER_CREATED", user_id)
    except AppError as error:
        raise refuse(EMAIL_EXISTS) if is_taken(error) else error from error
    return user_id


async def delete_user(accounts: Accounts, asked: Asked, by: Administrator, user_id: str, *, softly: bool) -> None:
    """Remove a user; softly: suspend them. An administrator of a tenant takes them out of that tenant."""
    if not by.is_service:
        await remove(accounts, asked, user_id)
        return
    async with accounts.database.transaction(SERVICE) as connection:
        await lock_owned(connection, user_id)
        await taken(accounts, connection, by, user_id)
        if by.tenant_id and await connection.fetchval(IS_ELSEWHERE, user_id, by.tenant_id):
            raise refuse(NOT_ADMIN, hint="They are members of other tenants, too.")
        alone = await owned_alone(connection, user_id, without_members_too=False)
        if alone and not softly:
            raise refuse(LAST_OWNER, alone)
        if softly:
            ended = await end_all(accounts, connection, user_id)
            await connection.execute(_DISABLE, user_id)
        else:
            ended = await changes.delete_user(accounts, connection, user_id)
        await noted(connection, asked, by, "USER_SUSPENDED" if softly else "USER_DELETED", user_id)
    await accounts.guard.ended(ended)


async def sign_user_out(accounts: Accounts, asked: Asked, by: Administrator, user_id: str) -> None:
    """End the sessions of a user: all of them, or those in the caller's tenant."""
    async with accounts.database.transaction(SERVICE) as connection:
        await taken(accounts, connection, by, user_id)
        ended = [row["name"] for row in await connection.fetch(_END_HERE, user_id, by.tenant_id)]
        await noted(connection, asked, by, "USER_SIGNED_OUT", user_id)
    await accounts.guard.ended(ended)


async def taken(accounts: Accounts, connection: Connection, by: Administrator, user_id: str) -> Mapping[str, Any]:
    """A user whom the caller may change, as they are now; nobody else changes them until the transaction ends."""
    await take_turn(connection, user_id)
    user = await user_in(accounts, connection, user_id, by.tenant_id)
    if by.standing is not None:
        role = await connection.fetchval(_ROLE, by.tenant_id, user_id)
        must_not_exceed(by.standing, TenantRole(role))
    return user


async def noted(connection: Connection, asked: Asked, by: Administrator, action: str, user_id: str) -> None:
    """Write down who did it: the service, or one of the tenant's administrators."""
    actor = "" if by.is_service else asked.caller.user_id
    await note(connection, asked, action, tenant_id=by.tenant_id, actor_id=actor, target=user_id)


def must_be_possible(by: Administrator, body: AdminUserBody) -> None:
    """Refuse what is not offered, and what is not for an administrator of a tenant to say."""
    if body.phone:
        raise refuse(PHONE_PROVIDER_DISABLED)
    # An account that somebody else could sign in to must not count as proved: it may become part of other tenants.
    reserved = (body.app_metadata, body.ban_duration, body.email_confirm or None)
    if not by.is_service and any(value is not None for value in reserved):
        raise refuse(NOT_ADMIN, hint="`app_metadata`, `ban_duration` and `email_confirm` are for the service key.")
