"""`/api/analytics`: telling of events, and the numbers that come of them."""

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, Field

from app.accounts.bodies import Body
from app.accounts.errors import USER_NOT_FOUND
from app.answers import Json, errors
from app.errors import VALIDATION_ERROR
from app.modules.library import analytics
from app.modules.library.analytics import LONGEST_NAME, Tracked
from app.modules.library.callers import Anybody, User
from app.modules.library.counters import counting_of
from app.modules.library.errors import ACCESS_DENIED
from app.named.lists import Limit
from app.routers import Router

router = Router(prefix="/api/analytics", tags=["analytics"])
_MOST_DAYS = 365
Days = Annotated[int, Query(ge=1, le=_MOST_DAYS, description="How many days back.")]


class TrackBody(Body):
    """An event. `resourceId` may be one that names nothing here."""

    event: Any = Field(None, description="What happened: `page_view`, `resource_click`, …", examples=["page_view"])
    resource_id: Any = Field(None, description="The resource that it happened to.")
    metadata: Any = Field(None, description="An object of at most 16 KiB.")


class Done(BaseModel):
    """That the event was taken."""

    success: bool
    message: str


class EventCount(BaseModel):
    """How often something happened on a day."""

    event: str
    count: int
    date: str


class ResourceViews(BaseModel):
    """How often a resource was viewed."""

    resourceId: str
    views: int


class DayCount(BaseModel):
    """How much happened on a day."""

    date: str
    count: int


class Stats(BaseModel):
    """Numbers of the last days. What is about the caller is told to those who have signed in."""

    totalEvents: int
    eventsByType: dict[str, int] | None = None
    recentEvents: list[EventCount]
    userEvents: int | None = None
    userEventsByType: dict[str, int] | None = None
    userTopResources: list[ResourceViews] | None = None
    userActivityByDay: list[DayCount] | None = None


class Period(BaseModel):
    """From when to when."""

    days: int
    from_: str = Field(alias="from")
    to: str


class UserEvents(BaseModel):
    """What somebody did, by kind."""

    total: int
    byType: dict[str, int]


class Content(BaseModel):
    """What somebody added."""

    resourcesCreated: int
    resourcesSaved: int
    commentsCreated: int


class UserStats(BaseModel):
    """What somebody did in the last days."""

    userId: str
    period: Period
    events: UserEvents
    topResources: list[ResourceViews]
    activityByDay: list[DayCount]
    content: Content


@router.post(
    "/track", summary="Tell of something that happened", response_model=Done, responses=errors(VALIDATION_ERROR)
)
async def post_track(caller: Anybody, request: Request, body: TrackBody) -> Json:
    """By anybody. It is counted within a second or so; of a resource a view once for a visitor in a while."""
    await analytics.track(caller, counting_of(request), Tracked(body.event, body.resource_id, body.metadata))
    return Json({"success": True, "message": "Événement enregistré"})


@router.get("/stats", summary="What happened in the last days, in numbers", response_model=Stats)
async def get_stats(
    caller: Anybody,
    days: Days = 7,
    event: Annotated[str | None, Query(max_length=LONGEST_NAME, pattern=r"^[^\x00]+$")] = None,
) -> Json:
    """Of everybody, and of the caller. Of one event there is less to say."""
    return Json(await analytics.stats(caller, days, event))


@router.get("/popular-resources", summary="What is viewed most", response_model=list[ResourceViews])
async def get_popular(
    caller: Anybody,
    days: Days = 7,
    limit: Limit = 10,
) -> Json:
    """Public resources only."""
    return Json(await analytics.popular(caller, days, limit))


@router.get(
    "/user/{user_id}/stats",
    summary="What somebody did in the last days",
    response_model=UserStats,
    responses=errors(ACCESS_DENIED, USER_NOT_FOUND),
)
async def get_of_user(caller: User, user_id: str, days: Days = 30) -> Json:
    """Everybody may ask for their own; administrators for anybody's."""
    return Json(await analytics.of_user(caller, user_id, days))
