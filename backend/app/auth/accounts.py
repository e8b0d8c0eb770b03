"""Accounts as the product itself makes them: demo users, the first administrator."""

from dataclasses import dataclass

from app.adapters.postgres import Connection
from app.auth.tables import TenantRole

_USER = """
    insert into relais.users (email, password_hash, email_verified_at) values ($1, $2, now())
    on conflict (lower(email)) do update
    set password_hash = excluded.password_hash, password_changed_at = now(), disabled_at = null
    returning id::text, xmax = 0 as is_new
"""
_MEMBERSHIP = """
    insert into relais.memberships (tenant_id, user_id, role)
    values (coalesce($1::text::uuid, relais.default_tenant_id()), $2::text::uuid, $3::text::relais.tenant_role)
    on conflict (tenant_id, user_id) do update set role = excluded.role where memberships.role <> excluded.role
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A user, and whether this call made it."""

    user_id: str
    is_new: bool


async def put_account(
    connection: Connection, email: str, password_hash: str, *, role: TenantRole, tenant_id: str | None = None
) -> Account:
    """Make a user with a verified address and a standing in a tenant, or give an existing one both anew."""
    row = await connection.fetchrow(_USER, email, password_hash)
    assert row is not None
    await connection.execute(_MEMBERSHIP, tenant_id, row["id"], role.value)
    return Account(row["id"], row["is_new"])
