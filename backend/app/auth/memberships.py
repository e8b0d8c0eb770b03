"""How a user comes into a tenant: the one place that writes a membership.

Who may be let in is decided by whoever calls; who is in a tenant, and how they leave it, is in `app.accounts.members`.
"""

from app.adapters.postgres import Connection
from app.auth.tables import TenantRole

_JOIN = """
    insert into relais.memberships (tenant_id, user_id, role)
    values (coalesce($1::text::uuid, relais.default_tenant_id()), $2::text::uuid, $3::text::relais.tenant_role)
    on conflict (tenant_id, user_id) do update set role = excluded.role where memberships.role < excluded.role
"""


async def join(
    connection: Connection, tenant_id: str | None, user_id: str, role: TenantRole = TenantRole.MEMBER
) -> None:
    """Make a user a member of a tenant, or of the default one. Whoever is one already is raised, never lowered."""
    await connection.execute(_JOIN, tenant_id, user_id, role.value)
