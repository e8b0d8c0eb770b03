"""`/api/admin/jobs`: work in the background, for administrators."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, StringConstraints

from app.accounts.audit import note
from app.accounts.casings import in_both_casings
from app.adapters.postgres import SERVICE
from app.answers import Json, Meta, errors
from app.errors import refuse
from app.jobs.listing import JOB_ALREADY_DONE, JOB_IN_HAND, JOB_NOT_FOUND, Wanted, listed, try_again
from app.jobs.tables import JobState
from app.modules.library.callers import Caller, calling
from app.modules.library.tables.kinds import AppRole
from app.named.lists import Paged
from app.named.shapes import Shape
from app.routers import Router

router = Router(prefix="/api/admin/jobs", tags=["administration"])
Administrator = Annotated[Caller, Depends(calling("admin", rank=AppRole.ADMIN))]
JobName = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$"), Query(description="Of one kind.")]


class JobTold(Shape):
    """A job, and how far it has come."""

    both_casings = True

    id: UUID
    name: str
    arguments: dict[str, Any]
    key: str | None
    state: JobState
    attempts: int
    run_after: datetime
    scheduled_for: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    last_error: str | None
    created_at: datetime


class JobsMeta(Meta):
    """Where the page is, and how many jobs there are in each state."""

    counts: dict[JobState, int]


class JobsPage(BaseModel):
    """Jobs, the latest first."""

    data: list[JobTold]
    meta: JobsMeta


class Retried(BaseModel):
    """That a job is tried again."""

    message: str
    job: JobTold


@router.get("", summary="Jobs in the background", response_model=JobsPage)
async def get_jobs(caller: Administrator, page: Paged, state: JobState | None = None, name: JobName = "") -> Json:
    """Those that wait, run, are done or were given up, with the reason; and how many there are of each."""
    wanted = Wanted(state, name, page.limit, (page.number - 1) * page.limit)
    found = await listed(caller.database, caller.tenant_id, wanted)
    meta = {**page.meta(found.total), "counts": found.counts}
    return Json({"data": [in_both_casings(row) for row in found.rows], "meta": meta})


@router.post(
    "/{job_id}/retry",
    summary="Try a job again",
    response_model=Retried,
    responses=errors(JOB_NOT_FOUND, JOB_IN_HAND, JOB_ALREADY_DONE),
)
async def post_retry(caller: Administrator, job_id: str) -> Json:
    """One that was given up, or waits, is run at once, and has all its tries again."""
    try:
        identifier = str(UUID(job_id))
    except ValueError:
        raise refuse(JOB_NOT_FOUND) from None  # what is no identifier is nobody's
    async with caller.database.transaction(SERVICE) as connection:
        tenant_id, actor_id = caller.tenant_id, caller.user_id
        job = await try_again(connection, tenant_id, identifier)
        await note(connection, caller.asked, "JOB_RETRIED", tenant_id=tenant_id, actor_id=actor_id, target=identifier)
    return Json({"message": "Tâche remise en file d'attente", "job": in_both_casings(job)})
