"""Going to another tenant: a new session takes the place of the one of now, which ends everywhere at once.

A session is in one tenant for as long as it lives: what its tokens say of the tenant is then true for as long as they
are good, and nobody has to compare the two with each request.
"""

from typing import Any

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.errors import NOT_A_MEMBER
from app.accounts.sign_in import Opened, end_sessions
from app.accounts.tenancy import must_be_a_session
from app.adapters.postgres import SERVICE, Connection
from app.auth.guard import SESSION_ENDED
from app.auth.sessions import SignedIn
from app.errors import refuse

#: Whoever leaves the tenant at the same moment waits, or has been waited for.
_TARGET = """
    select t.id::text from relais.memberships as m join relais.tenants as t on t.id = m.tenant_id
    where m.user_id = $1::text::uuid and (t.id::text = $2 or t.slug = $3)
    for key share of m
"""
#: As old as the one that it follows: going back and forth makes no session last longer.
_FOLLOW = """
    insert into relais.sessions
      (tenant_id, user_id, method, assurance, user_agent, address, created_at, expires_at)
    select $2::text::uuid, s.user_id, s.method, s.assurance, coalesce($3, s.user_agent),
           coalesce($4::text::inet, s.address), s.created_at, s.expires_at
    from relais.sessions as s where s.id = $1::text::uuid
    returning id::text, method, assurance, expires_at,
              (select u.email from relais.users as u where u.id = sessions.user_id) as email
"""


async def switch(accounts: Accounts, asked: Asked, *, tenant_id: str = "", slug: str = "") -> Opened:
    """Open a session in a tenant that the caller is a member of, and end that of the caller."""
    session_id, user_id = must_be_a_session(asked), asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        target = await connection.fetchval(_TARGET, user_id, tenant_id.lower(), slug)
        if target is None:
            # A tenant that is not there and one that is closed to the caller look alike.
            raise refuse(NOT_A_MEMBER)
        ended = await end_sessions(accounts, connection, user_id, only=session_id)
        if not ended:
            raise refuse(SESSION_ENDED)
        who = await _followed(connection, asked, session_id, target)
        details: dict[str, Any] = {"from": asked.caller.tenant_id, "session": session_id}
        await note(connection, asked, "TENANT_SWITCHED", tenant_id=target, actor_id=user_id, details=details)
    await accounts.guard.ended(ended)
    return Opened(who, accounts.sessions.tokens(who))


async def _followed(connection: Connection, asked: Asked, session_id: str, tenant_id: str) -> SignedIn:
    device = asked.device
    row = await connection.fetchrow(_FOLLOW, session_id, tenant_id, device.agent, device.address)
    assert row is not None
    return SignedIn(
        row["id"],
        asked.caller.user_id,
        tenant_id,
        row["email"],
        assurance=row["assurance"],
        method=row["method"],
        ends=row["expires_at"],
    )
