"""`/api/permissions`: the matrix of permissions, its record, and what somebody may do. Fixed paths come before ids."""

import math
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, StringConstraints

from app.accounts.bodies import Body, Name
from app.accounts.errors import USER_NOT_FOUND
from app.answers import Json, Message, PageOf, errors
from app.errors import ErrorSpec, refuse
from app.modules.library import permissions
from app.modules.library.callers import Admin, SuperAdmin, SuperAdminWriting, User
from app.modules.library.errors import ACCESS_DENIED, FOREIGN_KEY_CONSTRAINT
from app.modules.library.permissions import (
    ASSIGNMENT_NOT_FOUND,
    PERMISSION_ALREADY_ASSIGNED,
    PERMISSION_EXISTS,
    PERMISSION_NOT_FOUND,
    NewPermission,
    Wanted,
)
from app.modules.library.shapes.permissions import (
    Action,
    OnePermission,
    PermissionAssigned,
    PermissionChange,
    PermissionChecked,
    PermissionMade,
    Permissions,
    Ranks,
    UsersPermissions,
)
from app.modules.library.tables.kinds import AppRole
from app.named.lists import USUAL_ROWS, Limit, Number
from app.routers import Router

MISSING_PARAMETERS = ErrorSpec("MISSING_PARAMETERS", 400, "Les paramètres resource et action sont requis")
router = Router(prefix="/api/permissions", tags=["permissions"])
Words = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


def _within(least: int, most: int) -> Callable[[str], str]:
    # `Name` has bounds already, and a second pair of the same kind would not count.
    def checked(value: str) -> str:
        if not least <= len(value) <= most:
            raise ValueError(f"Entre {least} et {most} caractères attendus")
        return value

    return checked


Part = Annotated[Name, AfterValidator(_within(1, 50))]


class PermissionBody(Body):
    """Of a new permission."""

    name: Annotated[Name, AfterValidator(_within(3, 100))]
    resource: Part
    action: Part
    description: Words | None = None


class AssignmentBody(Body):
    """Of giving a permission to a rank."""

    role: AppRole
    permission_id: UUID


@router.get("", summary="All permissions", response_model=Permissions)
async def get_permissions(caller: Admin) -> Json:
    """By resource and action, each with the ranks that have it."""
    return Json({"data": await permissions.permissions(caller)})


@router.get(
    "/check",
    summary="Whether the caller has a permission",
    response_model=PermissionChecked,
    responses=errors(MISSING_PARAMETERS),
)
async def get_check(caller: User, resource: str = "", action: str = "") -> Json:
    """By the rank of now."""
    if not resource or not action:
        raise refuse(MISSING_PARAMETERS)
    allowed = await permissions.is_allowed(caller, resource, action)
    return Json({"data": {"hasPermission": allowed, "resource": resource, "action": action}})


@router.get("/roles", summary="The ranks and their permissions", response_model=Ranks)
async def get_roles(caller: Admin) -> Json:
    """The highest rank first."""
    return Json({"data": await permissions.roles(caller)})


@router.get("/audit", summary="Who changed the permissions", response_model=PageOf[PermissionChange])
async def get_audit(
    caller: SuperAdmin,
    page: Number = 1,
    limit: Limit = USUAL_ROWS,
    action: Action | None = None,
    target_role: Annotated[AppRole | None, Query(alias="targetRole")] = None,
    actor_user_id: Annotated[UUID | None, Query(alias="actorUserId")] = None,
) -> Json:
    """The newest first."""
    actor = None if actor_user_id is None else str(actor_user_id)
    wanted = Wanted(page, limit, action, None if target_role is None else target_role.value, actor)
    entries, total = await permissions.record(caller, wanted)
    meta = {"total": total, "page": page, "limit": limit, "totalPages": math.ceil(total / limit)}
    return Json({"data": entries, "meta": meta})


@router.get(
    "/user/{user_id}",
    summary="The rank and the permissions of a user",
    response_model=UsersPermissions,
    responses=errors(ACCESS_DENIED, USER_NOT_FOUND),
)
async def get_of_user(caller: User, user_id: str) -> Json:
    """Everybody may ask for their own."""
    return Json({"data": await permissions.of_user(caller, user_id)})


@router.post(
    "", status_code=201, summary="Make a permission", response_model=PermissionMade, responses=errors(PERMISSION_EXISTS)
)
async def post_permission(caller: SuperAdminWriting, body: PermissionBody) -> Json:
    """No rank has it yet."""
    new = NewPermission(body.name, body.resource, body.action, body.description)
    return Json({"data": await permissions.create(caller, new)}, 201)


@router.post(
    "/assign",
    status_code=201,
    summary="Give a permission to a rank",
    response_model=PermissionAssigned,
    responses=errors(FOREIGN_KEY_CONSTRAINT, PERMISSION_ALREADY_ASSIGNED),
)
async def post_assignment(caller: SuperAdminWriting, body: AssignmentBody) -> Json:
    """Everybody of the rank has it at once."""
    return Json({"data": await permissions.assign(caller, body.role, str(body.permission_id))}, 201)


@router.delete(
    "/assign/{assignment_id}",
    summary="Take a permission from a rank",
    response_model=Message,
    responses=errors(ASSIGNMENT_NOT_FOUND),
)
async def delete_assignment(caller: SuperAdminWriting, assignment_id: str) -> Json:
    """Nobody of the rank has it any more, at once."""
    await permissions.revoke(caller, assignment_id)
    return Json({"message": "Permission révoquée avec succès"})


@router.get(
    "/{permission_id}", summary="One permission", response_model=OnePermission, responses=errors(PERMISSION_NOT_FOUND)
)
async def get_permission(caller: Admin, permission_id: str) -> Json:
    """With the ranks that have it."""
    return Json({"data": await permissions.permission(caller, permission_id)})
