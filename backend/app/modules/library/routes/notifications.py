"""`/api/notifications`: what the caller is told. Fixed paths come before ids."""

from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field, StringConstraints

from app.accounts.bodies import Body
from app.answers import Json, Meta, errors
from app.modules.library import notifications
from app.modules.library.callers import User
from app.modules.library.notifications import NOTIFICATION_NOT_FOUND
from app.modules.library.shapes.people import Notification, NotificationCore
from app.named.lists import Paged, wanted_form
from app.routers import Router

router = Router(prefix="/api/notifications", tags=["notifications"])
_ALL_READ = "Toutes les notifications ont été marquées comme lues"
Flag = Literal["true", "false"]
Digest = Literal["never", "daily", "weekly"]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[a-z_]+$")]


class NotificationsMeta(Meta):
    """Where a page is, and how much of everything was not read."""

    unread_count: int


class Notifications(BaseModel):
    """Notifications of the caller."""

    data: list[Notification]
    meta: NotificationsMeta


class Unread(BaseModel):
    """How many were not read."""

    count: int


class AllRead(BaseModel):
    """How many are read now."""

    message: str
    count: int


class Preferences(BaseModel):
    """What somebody wants to be told, and how."""

    digest: Digest = Field(description="How often unread notifications are sent as a letter.")
    muted: list[str] = Field(
        description="Types of notifications that are not made.",
        examples=[["new_comment", "resource_forked", "suggestion_vote"]],
    )


class PreferenceChanges(Body):
    """What to change of it; what is left out stays as it is."""

    digest: Digest = "never"
    muted: Annotated[list[Kind], Field(max_length=50)] = Field(default_factory=list)


@router.get("", summary="What the caller is told", response_model=Notifications | list[Notification])
async def get_notifications(
    caller: User,
    request: Request,
    page: Paged,
    is_read: Annotated[Flag | None, Query(alias="isRead")] = None,
    is_read_too: Annotated[Flag | None, Query(alias="is_read", include_in_schema=False)] = None,
    unread: Annotated[Flag | None, Query(description="`true`: only those that were not read.")] = None,
    kind: Annotated[str | None, Query(alias="type", max_length=50)] = None,
) -> Json:
    """The newest first. `meta.unreadCount` counts all that were not read, whatever the list is narrowed to."""
    asked = is_read or is_read_too or ("false" if unread == "true" else None)
    wanted = None if asked is None else asked == "true"
    form = wanted_form(request)
    return Json(await notifications.page_of(caller, page, form, is_read=wanted, kind=kind or None))


@router.get("/unread-count", summary="How many were not read", response_model=Unread)
async def get_unread_count(caller: User) -> Json:
    """The number on the bell."""
    return Json({"count": await notifications.unread(caller)})


@router.get("/preferences", summary="What the caller wants to be told", response_model=Preferences)
async def get_preferences(caller: User) -> Json:
    """Without any: everything, and no letters."""
    return Json(await notifications.preferences(caller))


@router.put("/preferences", summary="Change what the caller wants to be told", response_model=Preferences)
async def put_preferences(caller: User, body: PreferenceChanges) -> Json:
    """Types that are muted make no notifications any more."""
    return Json(await notifications.prefer(caller, body.model_dump(exclude_unset=True)))


@router.put("/read-all", summary="All were read", response_model=AllRead)
async def put_read_all(caller: User) -> Json:
    """Tells how many had not been."""
    return Json({"message": _ALL_READ, "count": await notifications.mark_all_read(caller)})


@router.put(
    "/{notification_id}/read",
    summary="One was read",
    response_model=NotificationCore,
    responses=errors(NOTIFICATION_NOT_FOUND),
)
async def put_read(caller: User, notification_id: str) -> Json:
    """One of somebody else's is not there."""
    return Json(await notifications.mark_read(caller, notification_id))


@router.delete(
    "/{notification_id}",
    status_code=204,
    summary="Delete a notification",
    responses=errors(NOTIFICATION_NOT_FOUND),
)
async def delete_notification(caller: User, notification_id: str) -> None:
    """One of the caller's."""
    await notifications.delete(caller, notification_id)
