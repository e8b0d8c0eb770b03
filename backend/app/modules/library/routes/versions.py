"""`/api/resources/:id/versions`: resources as they were, by number."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.accounts.bodies import Body, Text
from app.answers import Json, Message, errors
from app.modules.library import versions
from app.modules.library.callers import Anybody, User
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.shapes.resources import Resource, Version, VersionListed
from app.modules.library.versions import (
    INVALID_VERSION,
    NEWEST_VERSION,
    NOT_YOURS_TO_DELETE,
    NOT_YOURS_TO_KEEP,
    NOT_YOURS_TO_RESTORE,
    VERSION_NOT_FOUND,
    number_of,
)
from app.named.lists import PagedLong
from app.routers import Router

router = Router(prefix="/api/resources/{resource_id}/versions", tags=["versions"])


class SummaryBody(Body):
    """What changed, in somebody's words. May be left out."""

    change_summary: Annotated[Text, Field(max_length=10_000)] | None = None


class Versions(BaseModel):
    """The versions of a resource."""

    resourceId: str
    versions: list[VersionListed]


class Restored(BaseModel):
    """What a resource became, and where what it was before is kept."""

    message: str
    resource: Resource
    restoredVersion: int
    backupVersion: int


class LineTold(BaseModel):
    """A line of a text."""

    kind: Literal["kept", "removed", "added"]
    text: str


class HunkTold(BaseModel):
    """Lines that changed with their surroundings, and where they begin in both texts, counted from 1."""

    beforeStart: int
    afterStart: int
    lines: list[LineTold]


class Change(BaseModel):
    """A field that is not the same. Long texts say which of their lines."""

    field: str
    before: Any
    after: Any
    hunks: list[HunkTold] | None = None


class Comparison(BaseModel):
    """What is different between two versions."""

    resourceId: str
    from_: int = Field(alias="from")
    to: int | Literal["current"]
    changes: list[Change]


@router.get("", summary="The versions of a resource", response_model=Versions, responses=errors(RESOURCE_NOT_FOUND))
async def get_versions(caller: Anybody, resource_id: str, page: PagedLong) -> Json:
    """The newest first. The address of whoever kept one is told to themselves and to administrators."""
    return Json(await versions.versions(caller, resource_id, page))


@router.get(
    "/{version_number}",
    summary="One version",
    response_model=Version,
    responses=errors(INVALID_VERSION, RESOURCE_NOT_FOUND, VERSION_NOT_FOUND),
)
async def get_version(caller: Anybody, resource_id: str, version_number: str) -> Json:
    """By its number."""
    return Json(await versions.version(caller, resource_id, number_of(version_number)))


@router.post(
    "",
    status_code=201,
    summary="Keep a version",
    response_model=Version,
    responses=errors(RESOURCE_NOT_FOUND, NOT_YOURS_TO_KEEP),
)
async def post_version(caller: User, resource_id: str, body: SummaryBody | None = None) -> Json:
    """The resource as it is now, with the next number. For whoever may change it."""
    return Json(await versions.keep(caller, resource_id, body.change_summary if body else None), 201)


@router.get(
    "/{version_number}/diff/{other_number}",
    summary="Compare two versions",
    response_model=Comparison,
    responses=errors(INVALID_VERSION, RESOURCE_NOT_FOUND, VERSION_NOT_FOUND),
)
async def get_comparison(caller: Anybody, resource_id: str, version_number: str, other_number: str) -> Json:
    """What changed from the first to the second, which may be `current`: the resource as it is now."""
    after = "current" if other_number == "current" else number_of(other_number)
    return Json(await versions.compared(caller, resource_id, number_of(version_number), after))


@router.post(
    "/{version_number}/restore",
    summary="Bring a version back",
    response_model=Restored,
    responses=errors(INVALID_VERSION, RESOURCE_NOT_FOUND, VERSION_NOT_FOUND, NOT_YOURS_TO_RESTORE),
)
async def post_restoration(caller: User, resource_id: str, version_number: str) -> Json:
    """What the resource is now is kept as a new version, at the same moment. For whoever may change it."""
    return Json(await versions.restore(caller, resource_id, number_of(version_number)))


@router.delete(
    "/{version_number}",
    summary="Delete a version",
    response_model=Message,
    responses=errors(INVALID_VERSION, NEWEST_VERSION, RESOURCE_NOT_FOUND, VERSION_NOT_FOUND, NOT_YOURS_TO_DELETE),
)
async def delete_version(caller: User, resource_id: str, version_number: str) -> Json:
    """Not the newest. For the owner of the resource."""
    await versions.delete(caller, resource_id, number_of(version_number))
    return Json({"message": "Version supprimée avec succès"})
