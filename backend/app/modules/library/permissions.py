"""The matrix of permissions: which rank may do what, who changed it, and what somebody may do.

Everything is asked as the caller: row security shows the matrix to administrators and lets super administrators change
it, triggers write the record. Grants on single resources are another matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from app.accounts.errors import USER_NOT_FOUND
from app.accounts.people import instant
from app.adapters.postgres import Row
from app.errors import AppError, ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import ACCESS_DENIED, FOREIGN_KEY_CONSTRAINT
from app.modules.library.tables.kinds import AppRole

PERMISSION_NOT_FOUND = ErrorSpec("PERMISSION_NOT_FOUND", 404, "Permission non trouvée")
PERMISSION_EXISTS = ErrorSpec("PERMISSION_EXISTS", 409, "Cette permission existe déjà")
PERMISSION_ALREADY_ASSIGNED = ErrorSpec(
    "PERMISSION_ALREADY_ASSIGNED", 409, "Cette permission est déjà assignée à ce rôle"
)
ASSIGNMENT_NOT_FOUND = ErrorSpec("ASSIGNMENT_NOT_FOUND", 404, "Association permission-rôle non trouvée")
_NO_SUCH_ROW = "23503"
_PERMISSIONS = """
    select p.id::text, p.name, p.resource, p.action, p.description
    from library.permissions as p
    where $1 = '' or p.id = nullif($1, '')::uuid
    order by p.resource, p.action, p.name
"""
_ASSIGNMENTS = """
    select m.id::text, m.role::text, m.permission_id::text
    from library.role_permissions as m
    where $1 = '' or m.permission_id = nullif($1, '')::uuid
    order by m.role desc
"""
_CREATE = """
    insert into library.permissions (name, resource, action, description) values ($1, $2, $3, $4)
    on conflict (tenant_id, name) do nothing
    returning id::text, name, resource, action, description, created_at, updated_at
"""
_ASSIGN = """
    insert into library.role_permissions (role, permission_id)
    values ($1::text::library.app_role, $2::text::uuid)
    on conflict (tenant_id, role, permission_id) do nothing
    returning id::text, role::text, permission_id::text, created_at
"""
_ONE = """
    select id::text, name, resource, action, description, created_at, updated_at
    from library.permissions where id = $1::text::uuid
"""
_REVOKE = "delete from library.role_permissions where id = $1::text::uuid returning true"
_ROLE = "select library_internal.role_of($1::text::uuid)::text"
_ALLOWED = "select o.resource || ':' || o.action from library_internal.permissions_of($1::text::uuid) as o"
_IS_ALLOWED = """
    select exists (
        select from library_internal.permissions_of(relais.user_id()) as o where o.resource = $1 and o.action = $2)
"""
_WANTED = """
    from library.permission_audit_logs as l
    where ($1::text is null or l.action = $1) and ($2::text is null or l.target_role::text = $2)
      and ($3::text is null or l.actor_user_id = $3::text::uuid)
"""
_COUNT = f"select count(*) {_WANTED}"
_PAGE = f"""
    with page as (
        select l.* {_WANTED} order by l.created_at desc, l.id desc limit $4 offset $5
    )
    select l.id::text, l.actor_user_id::text, l.action, l.target_role::text, l.permission_id::text, l.permission_name,
           l.metadata::json, l.created_at, p.name, p.resource, p.action as permitted, a.user_id::text as actor,
           a.username, a.full_name, library_internal.address_of(a.tenant_id, a.user_id) as email
    from page as l
    left join library.permissions as p on p.id = l.permission_id
    left join library.profiles as a on a.user_id = l.actor_user_id
    order by l.created_at desc, l.id desc
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class NewPermission:
    """What somebody may be allowed to do."""

    name: str
    resource: str
    action: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the record is asked for."""

    page: int
    limit: int
    action: str | None = None
    target_role: str | None = None
    actor_user_id: str | None = None


async def permissions(caller: Caller, only: str = "") -> list[dict[str, Any]]:
    """All permissions, or the one with this id, each with the ranks that have it."""
    async with caller.connection() as connection:
        found = await connection.fetch(_PERMISSIONS, only)
        assigned = await connection.fetch(_ASSIGNMENTS, only)
    return [
        {
            **_named(row),
            "description": row["description"],
            "roles": [
                {"role": item["role"], "rolePermissionId": item["id"]}
                for item in assigned
                if item["permission_id"] == row["id"]
            ],
        }
        for row in found
    ]


async def permission(caller: Caller, permission_id: str) -> dict[str, Any]:
    """One permission."""
    found = await permissions(caller, _id(permission_id, PERMISSION_NOT_FOUND))
    if not found:
        raise refuse(PERMISSION_NOT_FOUND)
    return found[0]


async def roles(caller: Caller) -> list[dict[str, Any]]:
    """The ranks, the highest first, each with its permissions."""
    known = await permissions(caller)
    return [
        {
            "role": role.value,
            "permissions": [
                {**{key: item[key] for key in ("id", "name", "resource", "action")}, "rolePermissionId": given}
                for item in known
                for given in [_given(item["roles"], role)]
                if given is not None
            ],
        }
        for role in reversed(AppRole)
    ]


async def create(caller: Caller, new: NewPermission) -> dict[str, Any]:
    """A new permission, which nobody has yet."""
    async with caller.connection("write") as connection:
        row = await connection.fetchrow(_CREATE, new.name, new.resource, new.action, new.description)
    if row is None:
        raise refuse(PERMISSION_EXISTS)
    return _whole(row)


async def assign(caller: Caller, role: AppRole, permission_id: str) -> dict[str, Any]:
    """Give a permission to a rank."""
    try:
        async with caller.database.transaction(caller.stamp) as connection:
            row = await connection.fetchrow(_ASSIGN, role.value, permission_id)
            if row is None:
                raise refuse(PERMISSION_ALREADY_ASSIGNED)
            about = await connection.fetchrow(_ONE, permission_id)
    except AppError as error:
        if error.code != _NO_SUCH_ROW:
            raise
        raise refuse(FOREIGN_KEY_CONSTRAINT, {"field": "permissionId"}) from error
    assert about is not None
    return {
        "id": row["id"],
        "role": row["role"],
        "permissionId": row["permission_id"],
        "createdAt": instant(row["created_at"]),
        "permission": _whole(about),
    }


async def revoke(caller: Caller, assignment_id: str) -> None:
    """Take a permission from a rank."""
    wanted = _id(assignment_id, ASSIGNMENT_NOT_FOUND)
    async with caller.connection("write") as connection:
        if not await connection.fetchval(_REVOKE, wanted):
            raise refuse(ASSIGNMENT_NOT_FOUND)


async def of_user(caller: Caller, user_id: str) -> dict[str, Any]:
    """The rank and the permissions of a user now: one's own, or, for administrators, anybody's."""
    if user_id.lower() != caller.user_id and not await caller.has_rank(AppRole.ADMIN):
        raise refuse(ACCESS_DENIED)
    wanted = _id(user_id, USER_NOT_FOUND)
    async with caller.connection() as connection:
        role = await connection.fetchval(_ROLE, wanted)
        allowed = await connection.fetch(_ALLOWED, wanted)
    return {"userId": wanted, "role": role, "permissions": [row[0] for row in allowed]}


async def is_allowed(caller: Caller, resource: str, action: str) -> bool:
    """Whether the caller has a permission now."""
    async with caller.connection() as connection:
        return bool(await connection.fetchval(_IS_ALLOWED, resource, action))


async def record(caller: Caller, wanted: Wanted) -> tuple[list[dict[str, Any]], int]:
    """Who changed what, the newest first: one page, and how many entries there are."""
    conditions = (wanted.action, wanted.target_role, wanted.actor_user_id)
    async with caller.connection() as connection:
        total: int = await connection.fetchval(_COUNT, *conditions)
        rows = await connection.fetch(_PAGE, *conditions, wanted.limit, (wanted.page - 1) * wanted.limit)
    return [_entry(row) for row in rows], total


def _entry(row: Row) -> dict[str, Any]:
    about = {"id": row["permission_id"], "name": row["name"], "resource": row["resource"], "action": row["permitted"]}
    actor = {"userId": row["actor"], "username": row["username"], "fullName": row["full_name"], "email": row["email"]}
    return {
        "id": row["id"],
        "actorUserId": row["actor_user_id"],
        "action": row["action"],
        "targetRole": row["target_role"],
        "permissionId": row["permission_id"],
        "permissionName": row["permission_name"],
        "metadata": None if row["metadata"] is None else orjson.loads(row["metadata"]),
        "createdAt": instant(row["created_at"]),
        "permission": about if row["name"] is not None else None,
        "actor": actor if row["actor"] is not None else None,
    }


def _named(row: Row) -> dict[str, Any]:
    return {"id": row["id"], "name": row["name"], "resource": row["resource"], "action": row["action"]}


def _whole(row: Row) -> dict[str, Any]:
    times = {"createdAt": instant(row["created_at"]), "updatedAt": instant(row["updated_at"])}
    return {**_named(row), "description": row["description"], **times}


def _given(ranks: Sequence[dict[str, str]], role: AppRole) -> str | None:
    return next((item["rolePermissionId"] for item in ranks if item["role"] == role.value), None)


def _id(text: str, otherwise: ErrorSpec) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise refuse(otherwise) from None
