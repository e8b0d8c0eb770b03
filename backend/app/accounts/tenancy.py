"""Tenants: which one a request is for, which ones somebody is in, making and changing them.

Who is in a tenant, with which standing, is in `members.py`; how a session gets into another tenant in `switching.py`.
"""

import re
from dataclasses import dataclass
from typing import Any

from app.accounts.asking import Asked
from app.accounts.audit import note
from app.accounts.context import Accounts
from app.accounts.errors import INSUFFICIENT_ROLE, NOT_A_MEMBER
from app.adapters.postgres import SERVICE, Connection
from app.auth.guard import INSUFFICIENT_SCOPE
from app.auth.memberships import join
from app.auth.tables import TenantRole
from app.errors import ErrorSpec, refuse

TENANT_CREATION_CLOSED = ErrorSpec("TENANT_CREATION_CLOSED", 403, "La création d'espaces est fermée")
TOO_MANY_TENANTS = ErrorSpec("TOO_MANY_TENANTS", 409, "Vous possédez déjà trop d'espaces")
TENANT_CLOSED = ErrorSpec("TENANT_CLOSED", 403, "Cet espace n'accueille que les personnes invitées")
SLUG_TAKEN = ErrorSpec("SLUG_TAKEN", 409, "Cet identifiant d'espace est déjà pris")
SESSION_REQUIRED = ErrorSpec("SESSION_REQUIRED", 403, "Cette opération demande une session")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
#: Tenants that one user may own, if users may make them.
MOST_OWNED = 50
RANKS = {role: rank for rank, role in enumerate(TenantRole)}
_DEFAULT = "select relais.default_tenant_id()::text"
#: Where a user is at home, the tenant that is asked for first.
#: Whoever leaves it, or goes altogether, at the same moment waits, or has been waited for.
_HOME = """
    select m.tenant_id::text from relais.memberships as m
    join relais.tenants as t on t.id = m.tenant_id
    where m.user_id = $1::text::uuid
    order by m.tenant_id = nullif($2, '')::uuid desc nulls last, t.is_default desc, m.created_at
    limit 1 for key share of m
"""
_MINE = """
    select t.id::text, t.slug, t.name, m.role::text, t.is_default, t.open_sign_up, t.created_at,
           t.updated_at
    from relais.memberships as m join relais.tenants as t on t.id = m.tenant_id
    where m.user_id = $1::text::uuid and ($2 = '' or m.tenant_id = nullif($2, '')::uuid)
    order by lower(t.name), t.id
"""
_ROLE = """
    select m.role::text from relais.memberships as m join relais.users as u on u.id = m.user_id
    where m.tenant_id = $1::text::uuid and m.user_id = $2::text::uuid and u.disabled_at is null
"""
#: Whoever changes who is in a tenant takes turns: rules about all of its owners hold only so.
_TURN = "select from relais.tenants where id = $1::text::uuid for no key update"
_USERS_TURN = "select from relais.users where id = $1::text::uuid for no key update"
_OWNED = "select count(*) from relais.memberships where user_id = $1::text::uuid and role = 'owner'"
_CREATE = """
    insert into relais.tenants (slug, name, open_sign_up) values ($1, $2, $3)
    on conflict (slug) do nothing
    returning id::text
"""
_IS_OPEN = "select open_sign_up from relais.tenants where id = $1::text::uuid"
_SLUG_TAKEN = "select exists (select from relais.tenants where slug = $2 and id <> $1::text::uuid)"
_CHANGE = """
    update relais.tenants
    set name = coalesce($2, name), slug = coalesce($3, slug), open_sign_up = coalesce($4, open_sign_up)
    where id = $1::text::uuid
"""


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant to be."""

    name: str
    slug: str
    #: Whoever signs up may join; otherwise only who was invited.
    open_sign_up: bool = False


@dataclass(frozen=True, slots=True)
class TenantChange:
    """What is to be different; None: stays as it is."""

    name: str | None = None
    slug: str | None = None
    open_sign_up: bool | None = None


async def tenant_of(accounts: Accounts, asked: Asked) -> str:
    """The tenant that somebody without a token means."""
    named = await accounts.tenants.wanted(asked.host, asked.tenant)
    if named:
        return named
    async with accounts.database.connection(SERVICE) as connection:
        return str(await connection.fetchval(_DEFAULT))


async def home_of(connection: Connection, user_id: str, wanted: str = "") -> str:
    """The tenant that a user's new session is in: the wanted one if they are a member."""
    found = await connection.fetchval(_HOME, user_id, wanted)
    if found is None:
        raise refuse(NOT_A_MEMBER)
    return str(found)


async def tenant_here(accounts: Accounts, asked: Asked) -> str:
    """The tenant that a user acts in: that of their token, or the default one if it names none."""
    return asked.caller.tenant_id or await _default(accounts)


async def my_tenants(accounts: Accounts, asked: Asked, *, only: str = "") -> list[dict[str, Any]]:
    """The tenants that the caller is in. An API token knows its own only."""
    here = await tenant_here(accounts, asked)
    within = only or (here if asked.caller.credential.startswith("token:") else "")
    # Not of a replica: what was changed a moment ago is asked for right after.
    async with accounts.database.connection(SERVICE, "write") as connection:
        rows = await connection.fetch(_MINE, asked.caller.user_id, within)
    return [{**dict(row), "current": row["id"] == here} for row in rows]  # pyright: ignore


async def tenant_as_seen(accounts: Accounts, asked: Asked) -> dict[str, Any]:
    """The tenant that the caller acts in, which they must be a member of."""
    found = await my_tenants(accounts, asked, only=await tenant_here(accounts, asked))
    if not found:
        raise refuse(NOT_A_MEMBER)
    return found[0]


async def create_tenant(accounts: Accounts, asked: Asked, new: NewTenant) -> str:
    """A new tenant whose owner is the caller."""
    must_be_a_session(asked)
    if not accounts.settings.auth.tenant_creation:
        raise refuse(TENANT_CREATION_CLOSED)
    user_id = asked.caller.user_id
    async with accounts.database.transaction(SERVICE) as connection:
        await connection.execute(_USERS_TURN, user_id)
        if await connection.fetchval(_OWNED, user_id) >= MOST_OWNED:
            raise refuse(TOO_MANY_TENANTS, hint=f"Nobody owns more than {MOST_OWNED} tenants.")
        tenant_id = await connection.fetchval(_CREATE, new.slug, new.name, new.open_sign_up)
        if tenant_id is None:
            raise refuse(SLUG_TAKEN)
        await join(connection, tenant_id, user_id, TenantRole.OWNER)
        await note(connection, asked, "TENANT_CREATED", tenant_id=tenant_id, actor_id=user_id)
    return str(tenant_id)


async def change_tenant(accounts: Accounts, asked: Asked, change: TenantChange) -> None:
    """Another name, by an administrator; by an owner what addresses depend on, and who may come in."""
    tenant_id, slug = await tenant_here(accounts, asked), change.slug
    lowest = TenantRole.OWNER if slug or change.open_sign_up is not None else TenantRole.ADMIN
    async with accounts.database.transaction(SERVICE) as connection:
        await take_turn(connection, tenant_id)
        await standing(connection, asked, tenant_id, at_least=lowest)
        if change == TenantChange():
            return
        if slug and await connection.fetchval(_SLUG_TAKEN, tenant_id, slug):
            raise refuse(SLUG_TAKEN)
        await connection.execute(_CHANGE, tenant_id, change.name, slug, change.open_sign_up)
        details = {"name": change.name, "slug": slug, "open_sign_up": change.open_sign_up}
        await note(
            connection, asked, "TENANT_CHANGED", tenant_id=tenant_id, actor_id=asked.caller.user_id, details=details
        )


async def must_be_open(connection: Connection, tenant_id: str) -> None:
    """Refuse whoever signs up where only those who were invited come in."""
    if not await connection.fetchval(_IS_OPEN, tenant_id):
        raise refuse(TENANT_CLOSED)


async def join_by_sign_up(connection: Connection, tenant_id: str, user_id: str) -> None:
    """Make a new user, whom nobody has invited, a member of the tenant that they named."""
    await must_be_open(connection, tenant_id)
    await join(connection, tenant_id, user_id)


async def take_turn(connection: Connection, tenant_id: str) -> None:
    """Wait until nobody else changes who is in a tenant, until the transaction ends."""
    await connection.execute(_TURN, tenant_id)


async def standing(
    connection: Connection, asked: Asked, tenant_id: str, *, at_least: TenantRole = TenantRole.MEMBER
) -> TenantRole:
    """The caller's standing in a tenant as it is now, or a refusal. A token may reach less far than its user."""
    found = await connection.fetchval(_ROLE, tenant_id, asked.caller.user_id)
    if found is None:
        raise refuse(NOT_A_MEMBER)
    if RANKS[TenantRole(found)] < RANKS[at_least]:
        raise insufficient(at_least)
    if at_least is not TenantRole.MEMBER:
        must_administer(asked)
    return TenantRole(found)


def insufficient(required: TenantRole) -> Exception:
    """The refusal of somebody whose standing is too low."""
    error = refuse(INSUFFICIENT_ROLE)
    error.extra = {"required": required.value}
    return error


def must_administer(asked: Asked) -> None:
    """Refuse tokens that do not reach as far as administration: API tokens, sessions without the second factor."""
    if asked.caller.scopes is not None and "admin" not in asked.caller.scopes:
        raise refuse(INSUFFICIENT_SCOPE)


def must_be_a_session(asked: Asked) -> str:
    """The caller's session. What is the person's own to decide, a program with their token does not."""
    kind, _, session_id = asked.caller.credential.partition(":")
    if kind != "session":
        raise refuse(SESSION_REQUIRED)
    return session_id


async def _default(accounts: Accounts) -> str:
    async with accounts.database.connection(SERVICE) as connection:
        return str(await connection.fetchval(_DEFAULT))
