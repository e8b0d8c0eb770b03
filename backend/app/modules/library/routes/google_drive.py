"""`/api/google-drive`: what the caller's linked account at Google has, and resources handed over to it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from app.accounts.bodies import Body, Name, Text
from app.adapters.google_drive import ROOT, DriveEntry, FolderPage, Id
from app.adapters.storage import STORAGE_UNAVAILABLE
from app.answers import Json, errors
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.handover import to_drive
from app.modules.library.handover.desk import Transferring, User
from app.modules.library.handover.errors import (
    FORBIDDEN,
    GOOGLE,
    INSUFFICIENT_OAUTH_SCOPES,
    RESOURCE_FILE_TOO_LARGE,
    RESOURCE_FILE_UNREADABLE,
)
from app.routers import Router

router = Router(prefix="/api/google-drive", tags=["google-drive"])
FAILURES = (INSUFFICIENT_OAUTH_SCOPES, *GOOGLE.refusals())


def _blank_is_missing(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


OptionalId = Annotated[Id | None, BeforeValidator(_blank_is_missing)]
PageToken = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,4096}$")]


class NewFolder(Body):
    """A new folder."""

    name: Name
    parent_id: OptionalId = None


class DriveShare(Body):
    """Where a resource is to go."""

    resource_id: UUID
    folder_id: OptionalId = None
    folder_name: Annotated[Annotated[Text, Field(max_length=255)] | None, BeforeValidator(_blank_is_missing)] = None
    create_folder: bool = False
    share_public: bool = False


class GoogleUser(BaseModel):
    """Somebody at Google."""

    email: str
    name: str | None = None
    picture: str | None = None


class Folders(BaseModel):
    """A page of folders."""

    folders: list[DriveEntry]
    next_page_token: str | None = Field(None, alias="nextPageToken", description="Missing on the last page.")


class SharedFolder(BaseModel):
    """Where files went."""

    id: str


class SharedFile(BaseModel):
    """A file that a resource became."""

    id: str
    name: str
    url: str | None = None


class SharedToDrive(BaseModel):
    """What became of a resource."""

    success: Literal[True]
    folder: SharedFolder | None
    files: list[SharedFile]


@router.get("/user", summary="The linked account at Google", response_model=GoogleUser, responses=errors(*FAILURES))
async def get_user(desk: User) -> Json:
    """As Google Drive tells of it."""
    return Json(await to_drive.user(desk))


@router.get("/folders", summary="Folders of the linked account", response_model=Folders, responses=errors(*FAILURES))
async def get_folders(
    desk: User,
    parent: Annotated[OptionalId, Query(alias="parentId")] = None,
    token: Annotated[Annotated[PageToken | None, BeforeValidator(_blank_is_missing)], Query(alias="pageToken")] = None,
    size: Annotated[int, Query(alias="pageSize", ge=1, le=1000)] = to_drive.USUAL_SIZE,
    use_kept: Annotated[Literal["true", "false"], Query(alias="useCache")] = "true",
) -> Json:
    """Those that were made by this application or opened with it. A first page is kept for five minutes."""
    page = FolderPage(parent or ROOT, size, token or "")
    return Json(await to_drive.folders(desk, page, use_kept=use_kept == "true"))


@router.post(
    "/folders", status_code=201, summary="Make a folder", response_model=DriveEntry, responses=errors(*FAILURES)
)
async def post_folder(desk: User, body: NewFolder) -> Json:
    """In another, or at the top."""
    return Json(await to_drive.create_folder(desk, body.name, body.parent_id or ROOT), 201)


@router.post(
    "/share-resource",
    summary="Hand a resource over to Google Drive",
    response_model=SharedToDrive,
    responses=errors(
        RESOURCE_NOT_FOUND, FORBIDDEN, RESOURCE_FILE_UNREADABLE, RESOURCE_FILE_TOO_LARGE, STORAGE_UNAVAILABLE, *FAILURES
    ),
)
async def post_share(desk: Transferring, body: DriveShare) -> Json:
    """Its text and its file, whole or not at all. `folderName` names the folder that `createFolder` makes."""
    new_folder = (body.folder_name or "").strip() if body.create_folder else None
    wish = to_drive.Wish(body.resource_id, body.folder_id or "", new_folder, body.share_public)
    return Json(await to_drive.share(desk, wish))
