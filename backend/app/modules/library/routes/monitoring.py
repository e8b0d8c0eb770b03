"""`/api/monitoring`: what administrators of the installation see of it. What needs no account is in `app.watch`."""

from typing import Any

from fastapi import Request
from pydantic import BaseModel

from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, errors
from app.modules.library import monitoring
from app.modules.library.operators import Operator
from app.routers import Router

router = Router(prefix="/api/monitoring", tags=["monitoring"])


class MemoryFigures(BaseModel):
    """In bytes."""

    used: int
    total: int
    percentage: float


class ProcessorFigures(BaseModel):
    """The load of the last minute, in percent of all processors."""

    usage: float


class SystemFigures(BaseModel):
    """The machine, and for how many seconds the process has run."""

    memory: MemoryFigures
    cpu: ProcessorFigures
    uptime: float


class Metrics(SystemFigures):
    """The installation in figures."""

    database: dict[str, Any]
    redis: dict[str, Any]
    system: SystemFigures
    queue: dict[str, int | None]
    outbox: dict[str, int]
    processes: list[dict[str, Any]]
    slowQueries: dict[str, Any]
    timestamp: str


class ResourceCounts(BaseModel):
    """How many resources there are."""

    total: int
    public: int
    private: int


class DatabaseCounts(BaseModel):
    """How much there is."""

    users: int
    resources: ResourceCounts
    collections: int
    comments: int
    groups: int
    notifications: int


class Stats(BaseModel):
    """How much there is, and what Redis says of itself."""

    users: int
    resources: int
    collections: int
    comments: int
    groups: int
    notifications: int
    database: DatabaseCounts
    redis: dict[str, str]
    timestamp: str


@router.get(
    "/metrics",
    summary="The installation in figures",
    response_model=Metrics,
    responses=errors(INSUFFICIENT_ROLE),
)
async def get_metrics(_caller: Operator, request: Request) -> Json:
    """The machine, PostgreSQL, Redis, the queue, mail, each process with its cache, slow statements."""
    return Json(await monitoring.figures(request.app.state.relais))


@router.get("/stats", summary="What there is, and Redis", response_model=Stats, responses=errors(INSUFFICIENT_ROLE))
async def get_stats(caller: Operator, request: Request) -> Json:
    """The totals within `database`, and beside it for those who look for them there."""
    return Json(await monitoring.counts(caller, request.app.state.relais))
