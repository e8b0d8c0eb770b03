"""Invitations into a tenant: sent by e-mail, so that whoever accepts one has shown whose the address is.

An invitation is worth what its sender could give now: it is void while they could not make somebody what it offers.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.accounts import secrets_held
from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.errors import INVALID_LINK
from app.accounts.members import must_not_exceed
from app.accounts.password_rules import must_be_strong
from app.accounts.secrets_held import Held
from app.accounts.sign_in import Opened, opened_in
from app.accounts.sign_up import NewAccount, put_user
from app.accounts.tenancy import must_be_a_session, standing, take_turn, tenant_here
from app.adapters.postgres import SERVICE, Connection
from app.auth.memberships import join
from app.auth.tables import TenantRole, TokenPurpose
from app.errors import VALIDATION_ERROR, ErrorSpec, refuse
from app.jobs.mail import put_mail

INVITATION_NOT_FOUND = ErrorSpec("INVITATION_NOT_FOUND", 404, "Invitation non trouvée")
ALREADY_MEMBER = ErrorSpec("ALREADY_MEMBER", 409, "Cette personne est déjà membre de l'espace")
TOO_MANY_INVITATIONS = ErrorSpec("TOO_MANY_INVITATIONS", 409, "Trop d'invitations sont en attente")
INVITATION_FOR_ANOTHER = ErrorSpec("INVITATION_FOR_ANOTHER", 403, "Cette invitation est destinée à une autre adresse")
SIGN_IN_TO_ACCEPT = ErrorSpec(
    "SIGN_IN_TO_ACCEPT", 409, "Un compte existe déjà pour cette adresse, connectez-vous pour accepter l'invitation"
)
INVITATION_SECONDS = 7 * 86400.0
_PURPOSE = TokenPurpose.ACCEPT_INVITATION
_MISSING_PASSWORD = [{"path": "password", "message": "Mot de passe requis"}]
_OPEN = """
    from relais.one_time_tokens as t
    join relais.memberships as s
      on s.tenant_id = t.tenant_id and s.user_id = (t.details ->> 'invited_by')::uuid
     and s.role >= (t.details ->> 'role')::relais.tenant_role
    join relais.users as i on i.id = s.user_id and i.disabled_at is null
    where t.purpose = 'accept_invitation' and t.used_at is null and t.expires_at > now()
"""
_LIST = f"""
    select t.id::text, t.email, t.details ->> 'role' as role, t.details ->> 'invited_by' as invited_by, t.created_at,
           t.expires_at
    {_OPEN} and t.tenant_id = $1::text::uuid
    order by t.created_at desc, t.id
"""
_ONE = f"""
    select t.id::text, t.email, t.details ->> 'role' as role, t.details ->> 'invited_by' as invited_by, t.created_at,
           t.expires_at, n.id::text as tenant_id, n.slug as tenant_slug, n.name as tenant_name,
           exists (select from relais.users as u where lower(u.email) = lower(t.email)) as has_account
    from (select t.* {_OPEN} and t.id = $1::text::uuid) as t
    join relais.tenants as n on n.id = t.tenant_id
"""  # noqa: S608 - likewise
_WAITING = """
    select count(*) from relais.one_time_tokens
    where tenant_id = $1::text::uuid and purpose = 'accept_invitation' and used_at is null and expires_at > now()
"""
_IS_MEMBER = """
    select exists (
        select from relais.memberships as m join relais.users as u on u.id = m.user_id
        where m.tenant_id = $1::text::uuid and lower(u.email) = lower($2))
"""
_WITHDRAW = """
    delete from relais.one_time_tokens
    where tenant_id = $1::text::uuid and purpose = 'accept_invitation' and used_at is null
      and (id::text = $2 or lower(email) = lower($3))
    returning details ->> 'role' as role, email
"""
_LETTER = """
    select n.name as tenant, i.email as inviter, coalesce(i.user_metadata ->> 'full_name', '') as inviter_name,
           coalesce((select u.locale from relais.users as u where lower(u.email) = lower($3)), i.locale) as locale
    from relais.tenants as n, relais.users as i where n.id = $1::text::uuid and i.id = $2::text::uuid
"""
_VERIFIED = """
    update relais.users set email_verified_at = coalesce(email_verified_at, now())
    where id = $1::text::uuid and lower(email) = lower($2) and disabled_at is null
    returning true
"""
_PROVED = """
    select id::text from relais.users
    where lower(email) = lower($1) and email_verified_at is not null and disabled_at is null
"""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What somebody accepts an invitation with; who has no account yet makes one."""

    token: str
    password: str | None = None
    full_name: str | None = None


async def invite(accounts: Accounts, asked: Asked, email: str, role: TenantRole) -> dict[str, Any]:
    """Send somebody an invitation; it takes the place of an earlier one."""
    tenant_id, user_id = await tenant_here(accounts, asked), asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, tenant_id)
        mine = await standing(connection, asked, tenant_id, at_least=TenantRole.ADMIN)
        must_not_exceed(mine, role)
        if await connection.fetchval(_IS_MEMBER, tenant_id, email):
            raise refuse(ALREADY_MEMBER)
        await _withdrawn(connection, mine, tenant_id, email=email)
        if await connection.fetchval(_WAITING, tenant_id) >= accounts.settings.auth.open_invitations:
            raise refuse(TOO_MANY_INVITATIONS, hint="Withdraw some that nobody will accept.")
        details = {"role": role.value, "invited_by": user_id}
        secret = await secrets_held.hand_out(
            connection, _PURPOSE, INVITATION_SECONDS, tenant_id=tenant_id, email=email, details=details
        )
        await _write(accounts, connection, asked, tenant_id, email, role, secret)
        held = await secrets_held.look_at(connection, _PURPOSE, secret)
        assert held is not None
        await note(
            connection,
            asked,
            "INVITATION_SENT",
            tenant_id=tenant_id,
            actor_id=user_id,
            target=held.id,
            details={"role": role.value},
        )
        row = await connection.fetchrow(_ONE, held.id)
        assert row is not None
        return _as_listed(dict(row))  # pyright: ignore


async def invitations_of(accounts: Accounts, asked: Asked) -> list[dict[str, Any]]:
    """The invitations of the caller's tenant that somebody could accept now."""
    tenant_id = await tenant_here(accounts, asked)
    async with accounts.database.connection(SERVICE, "write") as connection:
        await standing(connection, asked, tenant_id, at_least=TenantRole.ADMIN)
        return [dict(row) for row in await connection.fetch(_LIST, tenant_id)]  # pyright: ignore


async def withdraw(accounts: Accounts, asked: Asked, invitation_id: str) -> None:
    """Make an invitation worthless."""
    tenant_id = await tenant_here(accounts, asked)
    try:
        wanted = str(UUID(invitation_id))
    except ValueError:
        raise refuse(INVITATION_NOT_FOUND) from None
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, tenant_id)
        mine = await standing(connection, asked, tenant_id, at_least=TenantRole.ADMIN)
        if not await _withdrawn(connection, mine, tenant_id, invitation_id=wanted):
            raise refuse(INVITATION_NOT_FOUND)
        await note(
            connection,
            asked,
            "INVITATION_WITHDRAWN",
            tenant_id=tenant_id,
            actor_id=asked.caller.user_id,
            target=wanted,
        )


async def preview(accounts: Accounts, token: str) -> dict[str, Any]:
    """What an invitation is to, for whoever holds it."""
    async with accounts.database.connection(SERVICE, "write") as connection:
        held = await secrets_held.look_at(connection, _PURPOSE, token)
        return await _open(connection, held)


async def accept(accounts: Accounts, asked: Asked, acceptance: Acceptance) -> tuple[dict[str, Any], Opened | None]:
    """Join the tenant: as the user who has signed in, or as a new one, whose session this opens."""
    invitation = await preview(accounts, acceptance.token)
    if asked.caller.user_id:
        must_be_a_session(asked)
        await _joined(accounts, asked, acceptance.token, invitation)
        return invitation, None
    if invitation["has_account"]:
        raise refuse(SIGN_IN_TO_ACCEPT)
    if not acceptance.password:
        raise refuse(VALIDATION_ERROR, _MISSING_PASSWORD)
    must_be_strong(acceptance.password, invitation["email"])
    # Takes its time; no connection is held meanwhile.
    hashed = await accounts.passwords.hash(acceptance.password)
    return invitation, await _signed_up(accounts, asked, acceptance, invitation, hashed)


async def accept_by_mail(accounts: Accounts, asked: Asked, token: str) -> None:
    """Join as the account that has proved the invited address: whoever holds the link reads its mail.

    An account whose address nobody has proved may be a stranger's who waits for this.
    """
    invitation = await preview(accounts, token)
    async with accounts.database.transaction(SERVICE) as connection:
        invitation = await _used(connection, token, invitation)
        user_id = await connection.fetchval(_PROVED, invitation["email"])
        if user_id is None:
            raise refuse(SIGN_IN_TO_ACCEPT)
        await _join(connection, asked, user_id, invitation)


async def _joined(accounts: Accounts, asked: Asked, token: str, invitation: dict[str, Any]) -> None:
    user_id = asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        invitation = await _used(connection, token, invitation)
        if not await connection.fetchval(_VERIFIED, user_id, invitation["email"]):
            raise refuse(INVITATION_FOR_ANOTHER)
        await _join(connection, asked, user_id, invitation)


async def _signed_up(
    accounts: Accounts, asked: Asked, acceptance: Acceptance, invitation: dict[str, Any], hashed: str
) -> Opened:
    async with accounts.database.transaction(SERVICE) as connection:
        invitation = await _used(connection, acceptance.token, invitation)
        metadata = {"full_name": acceptance.full_name} if acceptance.full_name else {}
        new = NewAccount(invitation["email"], acceptance.password, metadata=metadata, verified=True)
        user_id = await put_user(connection, new, hashed)
        await _join(connection, asked, user_id, invitation)
        user = {"id": user_id, "email": new.email}
        return await opened_in(accounts, connection, asked, user, invitation["tenant_id"])


async def _used(connection: Connection, token: str, invitation: dict[str, Any]) -> dict[str, Any]:
    """Use an invitation up while nobody's standing can change; what it says now."""
    await take_turn(connection, invitation["tenant_id"])
    found = await _open(connection, await secrets_held.look_at(connection, _PURPOSE, token))
    if await secrets_held.use(connection, _PURPOSE, token) is None:
        raise refuse(INVALID_LINK)
    return found


async def _join(connection: Connection, asked: Asked, user_id: str, invitation: dict[str, Any]) -> None:
    tenant_id = invitation["tenant_id"]
    await join(connection, tenant_id, user_id, TenantRole(invitation["role"]))
    details = {"invited_by": invitation["invited_by"], "role": invitation["role"]}
    await note(
        connection,
        asked,
        "INVITATION_ACCEPTED",
        tenant_id=tenant_id,
        actor_id=user_id,
        target=invitation["id"],
        details=details,
    )


async def _open(connection: Connection, held: Held | None) -> dict[str, Any]:
    row = await connection.fetchrow(_ONE, held.id) if held is not None else None
    if row is None:
        raise refuse(INVALID_LINK)
    return dict(row)  # pyright: ignore


async def _withdrawn(
    connection: Connection, mine: TenantRole, tenant_id: str, *, invitation_id: str = "", email: str = ""
) -> bool:
    rows = await connection.fetch(_WITHDRAW, tenant_id, invitation_id, email)
    for row in rows:
        must_not_exceed(mine, TenantRole(row["role"]))
    return bool(rows)


async def _write(
    accounts: Accounts,
    connection: Connection,
    asked: Asked,
    tenant_id: str,
    email: str,
    role: TenantRole,
    secret: str,
) -> None:
    row = await connection.fetchrow(_LETTER, tenant_id, asked.caller.user_id, email)
    assert row is not None
    await put_mail(
        connection,
        accounts.keys.seal,
        "accept_invitation",
        email,
        locale=row["locale"],
        tenant_id=tenant_id,
        data={"tenant": row["tenant"], "inviter": row["inviter_name"] or row["inviter"], "role": role.value},
        secret={"token": secret},
    )


def _as_listed(invitation: dict[str, Any]) -> dict[str, Any]:
    return {name: invitation[name] for name in ("id", "email", "role", "invited_by", "created_at", "expires_at")}
