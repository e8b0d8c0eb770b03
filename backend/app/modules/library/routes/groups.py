"""`/api/groups`: people who receive shares together."""

from typing import Any, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from app.accounts.bodies import Body
from app.accounts.errors import USER_NOT_FOUND
from app.answers import Json, errors
from app.modules.library import groups
from app.modules.library.callers import User
from app.modules.library.errors import ACCESS_DENIED, GROUP_NOT_FOUND, INSUFFICIENT_PERMISSIONS
from app.modules.library.groups import (
    ALREADY_IN_GROUP,
    MAY_NOT_ADD,
    MAY_NOT_RANK,
    MAY_NOT_REMOVE,
    NO_SUCH_MEMBER,
    NOT_OWNER_OF_GROUP,
    OWNER_CANNOT_LEAVE,
)
from app.modules.library.shapes.people import Group, GroupInFull, GroupMember, GroupWithMembers
from app.modules.library.shapes.resources import Resource
from app.modules.library.texts import About, Label
from app.named.lists import PagedLong, wanted_form
from app.routers import Router

router = Router(prefix="/api/groups", tags=["groups"])
Role = Literal["admin", "member"]


class _GroupBody(Body):
    description: About | None = None


class NewGroup(_GroupBody):
    """A new group. It belongs to whoever makes it."""

    name: Label


class GroupChanges(_GroupBody):
    """What may be changed of a group; what is left out stays as it is."""

    name: Label = ""


class Rank(Body):
    """A role in a group."""

    role: Role


class NewMember(Body):
    """Whom to add, and as what."""

    user_id: UUID
    role: Role = "member"


class Groups(BaseModel):
    """Groups of the caller."""

    data: list[GroupWithMembers]


class Resources(BaseModel):
    """Resources of a group."""

    data: list[Resource]


def _dumped(body: Body) -> dict[str, Any]:
    return body.model_dump(mode="json", exclude_unset=True)


@router.get("", summary="The groups of the caller", response_model=Groups | list[GroupWithMembers])
async def get_groups(caller: User, request: Request, page: PagedLong) -> Json:
    """Those that they own or are in, the newest first, with those who are in them: the first hundred of each."""
    rows = await groups.mine(caller, page)
    return Json(rows if wanted_form(request) == "rows" else {"data": rows})


@router.get("/{group_id}", summary="One group", response_model=GroupInFull, responses=errors(GROUP_NOT_FOUND))
async def get_group(caller: User, group_id: str) -> Json:
    """To those who are in it, and to administrators; to others it is not there. The first thousand members are told."""
    return Json(await groups.found(caller, group_id))


@router.post("", status_code=201, summary="Make a group", response_model=Group, responses=errors(ACCESS_DENIED))
async def post_group(caller: User, body: NewGroup) -> Json:
    """Whoever makes it is in it."""
    return Json(await groups.create(caller, _dumped(body)), 201)


@router.put(
    "/{group_id}",
    summary="Change a group",
    response_model=Group,
    responses=errors(GROUP_NOT_FOUND, INSUFFICIENT_PERMISSIONS),
)
async def put_group(caller: User, group_id: str, body: GroupChanges) -> Json:
    """Its owner and its administrators, and those of the library."""
    return Json(await groups.change(caller, group_id, _dumped(body)))


@router.delete(
    "/{group_id}",
    status_code=204,
    summary="Delete a group",
    responses=errors(GROUP_NOT_FOUND, NOT_OWNER_OF_GROUP),
)
async def delete_group(caller: User, group_id: str) -> None:
    """With its memberships, and the shares with it."""
    await groups.delete(caller, group_id)


@router.get(
    "/{group_id}/resources",
    summary="What is shared with a group",
    response_model=Resources,
    responses=errors(GROUP_NOT_FOUND),
)
async def get_resources(caller: User, group_id: str, page: PagedLong) -> Json:
    """The newest first. Shares that expired are none."""
    return Json({"data": await groups.resources(caller, group_id, page)})


@router.post(
    "/{group_id}/members",
    status_code=201,
    summary="Add a member",
    response_model=GroupMember,
    responses=errors(GROUP_NOT_FOUND, MAY_NOT_ADD, USER_NOT_FOUND, ALREADY_IN_GROUP),
)
async def post_member(caller: User, group_id: str, body: NewMember) -> Json:
    """Its owner and its administrators, and those of the library. The new member is told."""
    return Json(await groups.add_member(caller, group_id, str(body.user_id), body.role), 201)


@router.put(
    "/{group_id}/members/{user_id}",
    summary="Change the role of a member",
    response_model=GroupMember,
    responses=errors(GROUP_NOT_FOUND, MAY_NOT_RANK, NO_SUCH_MEMBER),
)
async def put_member(caller: User, group_id: str, user_id: str, body: Rank) -> Json:
    """Its owner and its administrators, and those of the library. The owner's own role stays as it is."""
    return Json(await groups.rank(caller, group_id, user_id, body.role))


@router.delete(
    "/{group_id}/members/{user_id}",
    status_code=204,
    summary="Remove a member, or leave",
    responses=errors(GROUP_NOT_FOUND, MAY_NOT_REMOVE, OWNER_CANNOT_LEAVE),
)
async def delete_member(caller: User, group_id: str, user_id: str) -> None:
    """Everybody may leave but the owner, guests as well. Whoever is not in it any more is no error."""
    await groups.remove_member(caller, group_id, user_id)
