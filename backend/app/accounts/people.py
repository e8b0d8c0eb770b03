"""Who somebody is, in the shapes that clients read: both of the frontend's, in one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from app.accounts.context import Accounts
from app.adapters.postgres import Connection

_USER = """
    select u.id::text, u.email, u.user_metadata::text, u.app_metadata::text, u.locale, u.email_verified_at,
           u.last_sign_in_at, u.created_at, u.updated_at, u.password_hash is not null as has_password,
           array(select distinct o.provider from relais.oauth_accounts as o where o.user_id = u.id order by 1)
             as providers
    from relais.users as u where u.id = $1::text::uuid and u.disabled_at is null
"""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A user, and what their tenant's module says of them."""

    id: str
    email: str
    user_metadata: Mapping[str, Any]
    app_metadata: Mapping[str, Any]
    locale: str
    email_verified_at: datetime | None
    last_sign_in_at: datetime | None
    created_at: datetime
    updated_at: datetime
    has_password: bool
    providers: tuple[str, ...]
    username: str | None = None
    full_name: str | None = None
    avatar_url: str | None = None
    bio: str | None = None
    role: str | None = None


async def person(accounts: Accounts, connection: Connection, user_id: str, tenant_id: str) -> PersonRow | None:
    """A user in a tenant; None for one who is not there any more."""
    row = await connection.fetchrow(_USER, user_id)
    if row is None:
        return None
    told: dict[str, Any] = {}
    if accounts.person is not None:
        found = await connection.fetchrow(accounts.person.describe, tenant_id, user_id)
        told = dict(found) if found is not None else {}  # pyright: ignore
    values = dict(row)  # pyright: ignore
    for name in ("user_metadata", "app_metadata"):
        values[name] = orjson.loads(values[name])
    values["providers"] = tuple(values["providers"])
    return PersonRow(**values, **told)


def shown(who: PersonRow) -> dict[str, Any]:
    """A person as routes show them to themselves, under the names of both of the frontend's clients."""
    metadata = {**who.user_metadata, "full_name": who.full_name, "avatar_url": who.avatar_url}
    return {
        "id": who.id,
        "userId": who.id,
        "user_id": who.id,
        "email": who.email,
        "username": who.username,
        "fullName": who.full_name,
        "avatarUrl": who.avatar_url,
        "bio": who.bio,
        "role": who.role,
        "emailVerified": who.email_verified_at is not None,
        "user_metadata": metadata,
        "created_at": instant(who.created_at),
        "createdAt": instant(who.created_at),
    }


def instant(value: datetime | None) -> str | None:
    """A time as clients read it: milliseconds, UTC."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
