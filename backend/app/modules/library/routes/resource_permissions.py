"""`/api/resources/:id/permissions`: explicit rights on one resource."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from app.accounts.bodies import Body, Name
from app.accounts.errors import INSUFFICIENT_ROLE, USER_NOT_FOUND
from app.answers import Json, Message, errors
from app.modules.library import resource_permissions
from app.modules.library.bodies import Expiry, none_if_blank
from app.modules.library.callers import User
from app.modules.library.errors import GROUP_NOT_FOUND, INVALID_INPUT, RESOURCE_NOT_FOUND
from app.modules.library.resource_permissions import (
    NOT_YOURS_TO_CHANGE,
    NOT_YOURS_TO_GIVE,
    NOT_YOURS_TO_LIST,
    RESOURCE_PERMISSION_NOT_FOUND,
)
from app.modules.library.shapes.resources import ResourcePermission, ResourcePermissionInFull
from app.routers import Router

router = Router(prefix="/api/resources", tags=["resources"])


class PermissionBody(Body):
    """Who may do what with a resource, and until when."""

    user_id: Annotated[UUID | None, BeforeValidator(none_if_blank)] = None
    group_id: Annotated[UUID | None, BeforeValidator(none_if_blank)] = None
    permission: Annotated[Name, Field(min_length=3, max_length=100)]
    expires_at: Expiry = None


@router.get(
    "/{resource_id}/permissions",
    summary="The explicit rights on a resource",
    response_model=list[ResourcePermissionInFull],
    responses=errors(RESOURCE_NOT_FOUND, NOT_YOURS_TO_LIST),
)
async def get_permissions(caller: User, resource_id: str) -> Json:
    """The newest first, expired ones too. Addresses are told to administrators."""
    return Json(await resource_permissions.permissions(caller, resource_id))


@router.post(
    "/{resource_id}/permissions",
    status_code=201,
    summary="Give a right on a resource",
    response_model=ResourcePermission,
    responses=errors(
        INVALID_INPUT, RESOURCE_NOT_FOUND, USER_NOT_FOUND, GROUP_NOT_FOUND, NOT_YOURS_TO_GIVE, INSUFFICIENT_ROLE
    ),
)
async def post_permission(caller: User, resource_id: str, body: PermissionBody) -> Json:
    """To one user or to one group. `read` and `resource:read` mean the same, and so do the other actions."""
    told = await resource_permissions.give(
        caller,
        resource_id,
        str(body.user_id) if body.user_id else None,
        str(body.group_id) if body.group_id else None,
        {"permission": body.permission, "expires_at": body.expires_at},
    )
    return Json(told, 201)


@router.delete(
    "/{resource_id}/permissions/{permission_id}",
    summary="Take back a right on a resource",
    response_model=Message,
    responses=errors(RESOURCE_NOT_FOUND, RESOURCE_PERMISSION_NOT_FOUND, NOT_YOURS_TO_CHANGE),
)
async def delete_permission(caller: User, resource_id: str, permission_id: str) -> Json:
    """It ends at once."""
    await resource_permissions.take_back(caller, resource_id, permission_id)
    return Json({"message": "Permission révoquée avec succès"})
