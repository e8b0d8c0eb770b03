"""Users as Supabase's client reads them."""
# ruff: noqa: S608 - statements made of parts that are written here

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.accounts.context import Accounts
from app.accounts.errors import USER_NOT_FOUND
from app.accounts.people import instant
from app.adapters.postgres import SERVICE, Connection, Row
from app.auth.sessions import AUDIENCE, ROLE
from app.errors import refuse

_INSTANT = """to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
_LINKED = f"""
    select coalesce(json_agg(json_build_object(
      'identity_id', o.id, 'id', o.provider_user_id, 'provider', o.provider, 'email', o.provider_email,
      'created_at', {_INSTANT.format("o.created_at")}, 'updated_at', {_INSTANT.format("o.updated_at")})
      order by o.created_at), '[]')
    from relais.oauth_accounts as o where o.user_id = u.id
"""
_FACTORS = f"""
    select coalesce(json_agg(json_build_object(
      'id', f.id, 'friendly_name', f.name, 'factor_type', 'totp',
      'status', case when f.confirmed_at is null then 'unverified' else 'verified' end,
      'created_at', {_INSTANT.format("f.created_at")},
      'updated_at', {_INSTANT.format("coalesce(f.confirmed_at, f.created_at)")}) order by f.created_at), '[]')
    from relais.second_factors as f where f.user_id = u.id
"""
_PENDING = """
    select t.email from relais.one_time_tokens as t
    where t.user_id = u.id and t.purpose = 'change_email' and t.used_at is null and t.expires_at > now()
    order by t.created_at desc limit 1
"""
_COLUMNS = f"""
    u.id::text, u.email, u.user_metadata::text, u.app_metadata::text, u.email_verified_at, u.disabled_at,
    u.last_sign_in_at, u.created_at, u.updated_at, u.password_hash is not null as has_password,
    ({_LINKED})::text as linked, ({_FACTORS})::text as factors, ({_PENDING}) as new_email
"""
_IN_TENANT = """
    ($1 = '' or exists (
      select from relais.memberships as m where m.user_id = u.id and m.tenant_id = nullif($1, '')::uuid))
"""
_ONE = f"select {_COLUMNS} from relais.users as u where u.id = $2::text::uuid and {_IN_TENANT}"
_SOME = f"""
    select {_COLUMNS} from relais.users as u where {_IN_TENANT}
    order by u.created_at desc, u.id limit $2 offset $3
"""
_COUNT = f"select count(*) from relais.users as u where {_IN_TENANT}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the users, and how many there are."""

    users: Sequence[Mapping[str, Any]]
    total: int


async def user_of(accounts: Accounts, user_id: str, tenant_id: str = "") -> dict[str, Any]:
    """A user, of a tenant if one is given, or a refusal."""
    # Not of a replica: they may have been made or changed a moment ago.
    async with accounts.database.connection(SERVICE, "write") as connection:
        return await user_in(accounts, connection, user_id, tenant_id)


async def user_in(accounts: Accounts, connection: Connection, user_id: str, tenant_id: str = "") -> dict[str, Any]:
    """The same on a connection as the service role."""
    row = await connection.fetchrow(_ONE, tenant_id, user_id)
    if row is None:
        raise refuse(USER_NOT_FOUND)
    return _shape(accounts, row)


async def page_of_users(accounts: Accounts, tenant_id: str, page: int, per_page: int) -> Page:
    """Users, the newest first."""
    async with accounts.database.connection(SERVICE) as connection:
        rows = await connection.fetch(_SOME, tenant_id, per_page, (page - 1) * per_page)
        total = await connection.fetchval(_COUNT, tenant_id)
    return Page([_shape(accounts, row) for row in rows], total)


def _shape(accounts: Accounts, row: Row) -> dict[str, Any]:
    identities = _identities(row)
    providers = list(dict.fromkeys(identity["provider"] for identity in identities))
    first = {"provider": providers[0]} if providers else {}
    factors = orjson.loads(row["factors"])
    return {
        "id": row["id"],
        "aud": accounts.settings.rest.jwt_aud or AUDIENCE,
        "role": ROLE,
        "email": row["email"],
        "email_confirmed_at": instant(row["email_verified_at"]),
        "phone": "",
        "confirmed_at": instant(row["email_verified_at"]),
        "last_sign_in_at": instant(row["last_sign_in_at"]),
        "app_metadata": {**first, "providers": providers, **orjson.loads(row["app_metadata"])},
        "user_metadata": orjson.loads(row["user_metadata"]),
        "identities": identities,
        "created_at": instant(row["created_at"]),
        "updated_at": instant(row["updated_at"]),
        "is_anonymous": False,
        **({"factors": factors} if factors else {}),
        **({"new_email": row["new_email"]} if row["new_email"] else {}),
        # Whoever is disabled is so until somebody says otherwise.
        **({"banned_until": "9999-12-31T23:59:59.000Z"} if row["disabled_at"] else {}),
    }


def _identities(row: Row) -> list[dict[str, Any]]:
    """The ways in that a user has: their password first, then the providers."""
    verified, since = row["email_verified_at"] is not None, instant(row["created_at"])
    own = {"identity_id": row["id"], "id": row["id"], "provider": "email", "email": row["email"]}
    own |= {"created_at": since, "updated_at": instant(row["updated_at"])}
    found = [own] if row["has_password"] else []
    found += orjson.loads(row["linked"])
    for identity in found:
        told = {"sub": identity["id"], "email": identity["email"], "phone_verified": False}
        told["email_verified"] = verified if identity["provider"] == "email" else identity["email"] is not None
        identity |= {"user_id": row["id"], "identity_data": told, "last_sign_in_at": instant(row["last_sign_in_at"])}
    return found
