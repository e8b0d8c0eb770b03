"""Accounts as the product itself makes them: demo users, the first administrator."""

from dataclasses import dataclass

from app.adapters.postgres import Connection
from app.auth.memberships import join
from app.auth.tables import TenantRole

_USER = """
    insert into relais.users (email, password_hash, email_verified_at) values ($1, $2, now())
    on conflict (lower(email)) do update
    set password_hash = excluded.password_hash, password_changed_at = now(), disabled_at = null
    returning id::text, xmax = 0 as is_new
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A user, and whether this call made it."""

    user_id: str
    is_new: bool


async def put_account(
    connection: Connection, email: str, password_hash: str, *, role: TenantRole, tenant_id: str | None = None
) -> Account:
    """Make a user with a verified address and a standing in a tenant; an existing one gets the password anew."""
    row = await connection.fetchrow(_USER, email, password_hash)
    assert row is not None
    await join(connection, tenant_id, row["id"], role)
    return Account(row["id"], row["is_new"])
