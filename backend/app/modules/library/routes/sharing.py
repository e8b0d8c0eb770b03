"""`/api/resources/:id/share` and `/shares`: to whom a resource was opened."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator

from app.accounts.bodies import Body
from app.accounts.errors import INSUFFICIENT_ROLE, USER_NOT_FOUND
from app.answers import Json, Message, errors
from app.modules.library import sharing
from app.modules.library.bodies import Expiry, none_if_blank
from app.modules.library.callers import User
from app.modules.library.errors import GROUP_NOT_FOUND, INVALID_INPUT, RESOURCE_NOT_FOUND
from app.modules.library.shapes.resources import Share
from app.modules.library.sharing import (
    NOT_YOURS_TO_CHANGE,
    NOT_YOURS_TO_LIST,
    NOT_YOURS_TO_SHARE,
    NOT_YOURS_TO_TAKE_BACK,
    SHARE_NOT_FOUND,
)
from app.modules.library.tables.kinds import PermissionType
from app.named.lists import PagedWhole
from app.routers import Router

router = Router(prefix="/api/resources", tags=["resources"])
_TAKEN_BACK = {"message": "Partage retiré avec succès"}


class ShareBody(Body):
    """With whom, and on which terms."""

    shared_with_user_id: Annotated[UUID | None, BeforeValidator(none_if_blank)] = None
    shared_with_group_id: Annotated[UUID | None, BeforeValidator(none_if_blank)] = None
    permission: PermissionType = PermissionType.READ
    expires_at: Expiry = None


class TermsBody(Body):
    """Other terms; what is left out stays as it is."""

    permission: PermissionType = PermissionType.READ
    expires_at: Expiry = None


@router.post(
    "/{resource_id}/share",
    status_code=201,
    summary="Share a resource",
    response_model=Share,
    responses={
        200: {"model": Share, "description": "It was shared with them already; the terms are the new ones."},
        **errors(
            INVALID_INPUT, RESOURCE_NOT_FOUND, USER_NOT_FOUND, GROUP_NOT_FOUND, NOT_YOURS_TO_SHARE, INSUFFICIENT_ROLE
        ),
    },
)
async def post_share(caller: User, resource_id: str, body: ShareBody) -> Json:
    """With one user, or with one group that the caller is in. Whom it is shared with is told, the first time."""
    user, group = body.shared_with_user_id, body.shared_with_group_id
    told, new = await sharing.share(
        caller,
        resource_id,
        str(user) if user else None,
        str(group) if group else None,
        {"permission": body.permission.value, "expires_at": body.expires_at},
    )
    return Json(told, 201 if new else 200)


@router.get(
    "/{resource_id}/shares",
    summary="The shares of a resource",
    response_model=list[Share],
    responses=errors(RESOURCE_NOT_FOUND, NOT_YOURS_TO_LIST),
)
async def get_shares(caller: User, resource_id: str, page: PagedWhole) -> Json:
    """The newest first, expired ones too. For its owner."""
    return Json(await sharing.shares(caller, resource_id, page))


@router.put(
    "/{resource_id}/shares/{share_id}",
    summary="Change the terms of a share",
    response_model=Share,
    responses=errors(RESOURCE_NOT_FOUND, SHARE_NOT_FOUND, NOT_YOURS_TO_CHANGE),
)
async def put_share(caller: User, resource_id: str, share_id: str, body: TermsBody) -> Json:
    """`expiresAt: null` has it expire no more."""
    changes = body.model_dump(mode="json", exclude_unset=True)
    return Json(await sharing.change(caller, resource_id, share_id, changes))


@router.delete(
    "/{resource_id}/shares/{share_id}",
    summary="Take back a share",
    response_model=Message,
    responses=errors(RESOURCE_NOT_FOUND, SHARE_NOT_FOUND, NOT_YOURS_TO_TAKE_BACK),
)
async def delete_share(caller: User, resource_id: str, share_id: str) -> Json:
    """By its id."""
    await sharing.take_back(caller, resource_id, "id", share_id)
    return Json(_TAKEN_BACK)


@router.delete(
    "/{resource_id}/share/{user_id}",
    summary="Take back the share of a user",
    response_model=Message,
    responses=errors(RESOURCE_NOT_FOUND, SHARE_NOT_FOUND, NOT_YOURS_TO_TAKE_BACK),
)
async def delete_share_of_user(caller: User, resource_id: str, user_id: str) -> Json:
    """By whom it is with."""
    await sharing.take_back(caller, resource_id, "shared_with_user_id", user_id)
    return Json(_TAKEN_BACK)
