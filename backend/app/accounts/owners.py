"""What must be looked at before a user goes: tenants that would be left without an owner."""

from app.adapters.postgres import Connection

#: Of two owners who leave at once, one finds the other gone.
_LOCK = """
    select t.id from relais.tenants as t
    join relais.memberships as m on m.tenant_id = t.id
    where m.user_id = $1::text::uuid and m.role = 'owner'
    order by t.id
    for no key update of t
"""
#: Who is disabled cannot act as an owner.
_OWNED_ALONE = """
    select t.slug from relais.memberships as m join relais.tenants as t on t.id = m.tenant_id
    where m.user_id = $1::text::uuid and m.role = 'owner' and not exists (
        select from relais.memberships as o join relais.users as u on u.id = o.user_id
        where o.tenant_id = m.tenant_id and o.user_id <> m.user_id and o.role = 'owner' and u.disabled_at is null)
      and ($2 or exists (
        select from relais.memberships as o where o.tenant_id = m.tenant_id and o.user_id <> m.user_id))
    order by t.slug
"""


async def lock_owned(connection: Connection, user_id: str) -> None:
    """Have owners of a user's tenants change one after the other. Before any user's own row is taken."""
    await connection.fetch(_LOCK, user_id)


async def owned_alone(connection: Connection, user_id: str, *, without_members_too: bool) -> list[str]:
    """The tenants whose only owner a user is; those that have no other member if they are asked for, too."""
    return [row["slug"] for row in await connection.fetch(_OWNED_ALONE, user_id, without_members_too)]
