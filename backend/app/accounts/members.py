"""Who is in a tenant, with which standing. Owner is above administrator, administrator above member.

Nobody gives a standing that they have not got themselves, only owners touch owners, and no tenant is left without one.
"""

from typing import Any
from uuid import UUID

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.tenancy import (
    RANKS,
    insufficient,
    must_administer,
    must_be_a_session,
    standing,
    take_turn,
    tenant_here,
)
from app.adapters.postgres import SERVICE, Connection
from app.auth.tables import TenantRole
from app.errors import ErrorSpec, refuse

MEMBER_NOT_FOUND = ErrorSpec("MEMBER_NOT_FOUND", 404, "Membre non trouvé")
LAST_OWNER = ErrorSpec("LAST_OWNER", 409, "Un espace doit garder au moins un propriétaire")
_COUNT = "select count(*) from relais.memberships where tenant_id = $1::text::uuid"
_PAGE = """
    select m.user_id::text, u.email, m.role::text, m.created_at as joined_at,
           u.user_metadata ->> 'full_name' as full_name
    from relais.memberships as m join relais.users as u on u.id = m.user_id
    where m.tenant_id = $1::text::uuid
    order by m.role desc, m.created_at, m.user_id
    limit $2 offset $3
"""
_ROLE = """
    select role::text from relais.memberships where tenant_id = $1::text::uuid and user_id = $2::text::uuid for update
"""
_OTHER_OWNERS = """
    select exists (
        select from relais.memberships as m join relais.users as u on u.id = m.user_id
        where m.tenant_id = $1::text::uuid and m.user_id <> $2::text::uuid and m.role = 'owner'
          and u.disabled_at is null)
"""
_SET_ROLE = """
    update relais.memberships set role = $3::text::relais.tenant_role
    where tenant_id = $1::text::uuid and user_id = $2::text::uuid
"""
#: They would go with the membership, but then nobody could be told which they were.
_END = """
    with sessions as (
        delete from relais.sessions where tenant_id = $1::text::uuid and user_id = $2::text::uuid
        returning 'session:' || id as name),
    tokens as (
        delete from relais.api_tokens where tenant_id = $1::text::uuid and user_id = $2::text::uuid
        returning 'token:' || id as name)
    select name from sessions union all select name from tokens
"""
_REMOVE = "delete from relais.memberships where tenant_id = $1::text::uuid and user_id = $2::text::uuid"


async def members_of(accounts: Accounts, asked: Asked, *, page: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """A page of the members of the caller's tenant, and how many there are. Addresses are for administrators."""
    tenant_id, caller = await tenant_here(accounts, asked), asked.caller
    async with accounts.database.connection(SERVICE, "write") as connection:
        role = await standing(connection, asked, tenant_id)
        total: int = await connection.fetchval(_COUNT, tenant_id)
        rows = await connection.fetch(_PAGE, tenant_id, limit, (page - 1) * limit)
        found = [await _described(accounts, connection, tenant_id, dict(row)) for row in rows]  # pyright: ignore
    administers = role is not TenantRole.MEMBER and (caller.scopes is None or "admin" in caller.scopes)
    for member in found:
        if not administers and member["user_id"] != caller.user_id:
            member["email"] = None
    return found, total


async def change_role(accounts: Accounts, asked: Asked, user_id: str, role: TenantRole) -> None:
    """Give a member another standing. It counts from the next statement on: no token says what it is."""
    tenant_id, user_id = await tenant_here(accounts, asked), _identifier(user_id)
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, tenant_id)
        mine = await standing(connection, asked, tenant_id, at_least=TenantRole.ADMIN)
        former = await _role_of(connection, tenant_id, user_id)
        must_not_exceed(mine, former)
        must_not_exceed(mine, role)
        if former is TenantRole.OWNER and role is not TenantRole.OWNER:
            await _must_not_be_last(connection, tenant_id, user_id)
        await connection.execute(_SET_ROLE, tenant_id, user_id, role.value)
        await note(
            connection,
            asked,
            "MEMBER_ROLE_CHANGED",
            tenant_id=tenant_id,
            actor_id=asked.caller.user_id,
            target=user_id,
            details={"from": former.value, "to": role.value},
        )


async def remove(accounts: Accounts, asked: Asked, user_id: str) -> None:
    """Take somebody out of the tenant, or leave it. Their sessions and API tokens there end before this answers."""
    tenant_id, user_id = await tenant_here(accounts, asked), _identifier(user_id)
    leaves = user_id == asked.caller.user_id
    if leaves:
        must_be_a_session(asked)
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, tenant_id)
        mine = await standing(connection, asked, tenant_id)
        if not leaves:
            if mine is TenantRole.MEMBER:
                raise insufficient(TenantRole.ADMIN)
            must_administer(asked)
        former = await _role_of(connection, tenant_id, user_id)
        must_not_exceed(mine, former)
        if former is TenantRole.OWNER:
            await _must_not_be_last(connection, tenant_id, user_id)
        ended = [str(row["name"]) for row in await connection.fetch(_END, tenant_id, user_id)]
        await connection.execute(_REMOVE, tenant_id, user_id)
        action = "MEMBER_LEFT" if leaves else "MEMBER_REMOVED"
        await note(connection, asked, action, tenant_id=tenant_id, actor_id=asked.caller.user_id, target=user_id)
    await accounts.guard.ended(ended)


def must_not_exceed(mine: TenantRole, other: TenantRole) -> None:
    """Refuse what is about a standing above one's own."""
    if RANKS[other] > RANKS[mine]:
        raise insufficient(other)


async def _described(
    accounts: Accounts, connection: Connection, tenant_id: str, member: dict[str, Any]
) -> dict[str, Any]:
    member |= {"username": None, "avatar_url": None}
    if accounts.person is None:
        return member
    row = await connection.fetchrow(accounts.person.describe, tenant_id, member["user_id"])
    if row is None:
        return member
    return {**member, **{name: row[name] for name in ("username", "full_name", "avatar_url")}}


async def _role_of(connection: Connection, tenant_id: str, user_id: str) -> TenantRole:
    found = await connection.fetchval(_ROLE, tenant_id, user_id)
    if found is None:
        raise refuse(MEMBER_NOT_FOUND)
    return TenantRole(found)


async def _must_not_be_last(connection: Connection, tenant_id: str, user_id: str) -> None:
    if not await connection.fetchval(_OTHER_OWNERS, tenant_id, user_id):
        raise refuse(LAST_OWNER, hint="Make somebody else an owner first.")


def _identifier(text: str) -> str:
    # What is no identifier is nobody's.
    try:
        return str(UUID(text))
    except ValueError:
        raise refuse(MEMBER_NOT_FOUND) from None
