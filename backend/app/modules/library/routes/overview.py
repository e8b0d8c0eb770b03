"""`/api/admin/stats` and `/api/admin/moderation`: the library at a glance, and what waits to be looked at."""

from typing import Annotated

from fastapi import Depends, Query

from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, errors
from app.modules.library import overview
from app.modules.library.callers import Caller, calling
from app.modules.library.shapes.overview import Statistics, ToModerate
from app.modules.library.tables.kinds import AppRole
from app.routers import Router

router = Router(prefix="/api/admin", tags=["admin"])
Administrator = Annotated[Caller, Depends(calling("admin", rank=AppRole.ADMIN))]
Moderator = Annotated[Caller, Depends(calling("admin", rank=AppRole.MODERATOR))]


@router.get("/stats", summary="The library in figures", response_model=Statistics, responses=errors(INSUFFICIENT_ROLE))
async def get_stats(
    caller: Administrator,
    days: Annotated[int, Query(ge=1, le=366, description="Days of `activity`, today included (UTC).")] = 30,
) -> Json:
    """People by rank, resources, what files take, and what came on each of the last days."""
    return Json(await overview.statistics(caller, days))


@router.get(
    "/moderation",
    summary="What waits to be looked at",
    response_model=ToModerate,
    responses=errors(INSUFFICIENT_ROLE),
)
async def get_moderation(caller: Moderator) -> Json:
    """Twenty of each: suggestions that wait, comments and resources of people who came within the last 30 days."""
    return Json(await overview.to_moderate(caller))
