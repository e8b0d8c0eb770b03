"""Is this process alive, is it ready, and the greetings that the existing frontend probes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.adapters.postgres import NOBODY, SERVICE
from app.adapters.redis import RedisUnavailable
from app.answers import Json, Message
from app.errors import AppError
from app.state import AppState, state_of
from app.version import VERSION

router = APIRouter(tags=["health"])
#: A part that does not answer within this time is not ready; a probe must not wait longer than its caller does.
PART_TIMEOUT_SECONDS = 1.5
_APPLIED = "select version_num from relais.alembic_version"
Part = tuple[bool, str]


class Alive(BaseModel):
    """That a process answers."""

    status: Literal["ok"]


class PartReady(BaseModel):
    """Whether a part can be used, and what it says of itself."""

    ok: bool
    detail: str


class Parts(BaseModel):
    """What a process needs."""

    database: PartReady
    redis: PartReady
    migrations: PartReady
    catalog: PartReady


class Ready(BaseModel):
    """Whether a process can serve, part by part."""

    status: Literal["ok", "unavailable"]
    parts: Parts


class Health(Alive):
    """That a process answers, and since when."""

    timestamp: datetime
    uptime: float = Field(description="In seconds.")
    environment: str


class HealthWithVersion(Health):
    """The same, and what version it is."""

    version: str


class Banner(Message):
    """What this is."""

    version: str


@router.head("/live", include_in_schema=False)
@router.get("/live", summary="This process answers", response_model=Alive)
async def live() -> Json:
    """Says nothing of the servers behind: a process that lives must not be killed because PostgreSQL is away."""
    return Json({"status": "ok"})


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    summary="This process can serve: database, Redis, migrations, catalog",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "A part is not ready."}},
)
async def ready(request: Request) -> Json:
    """Each part with what is wrong with it; 503 as long as one part is not ready."""
    state = state_of(request)
    names = ("database", "redis", "migrations", "catalog")
    checks = (_database, _redis, _migrations, _catalog)
    results = await asyncio.gather(*(_checked(check, state) for check in checks))
    parts = {name: {"ok": ok, "detail": detail} for name, (ok, detail) in zip(names, results, strict=True)}
    ok = all(part["ok"] for part in parts.values())
    status, headers = (200, {}) if ok else (503, {"Retry-After": "1"})
    return Json({"status": "ok" if ok else "unavailable", "parts": parts}, status, headers)


@router.head("/health", include_in_schema=False)
@router.get("/health", summary="Liveness, as the frontend probes it", response_model=Health)
async def health(request: Request) -> Json:
    """The second address that the frontend tries."""
    return Json(_health(request))


def _health(request: Request) -> dict[str, Any]:
    state = state_of(request)
    return {
        "status": "ok",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "uptime": round(time.monotonic() - state.started, 3),
        "environment": state.settings.environment,
    }


@router.head("/api/health", include_in_schema=False)
@router.get("/api/health", summary="Liveness, as the frontend probes it first", response_model=HealthWithVersion)
async def api_health(request: Request) -> Json:
    """The first address that the frontend tries."""
    return Json(_health(request) | {"version": VERSION})


@router.get("/api", summary="What this is", response_model=Banner)
async def api_banner() -> Json:
    """The third address that the frontend tries."""
    return Json({"message": "Relais API", "version": VERSION})


@router.get("/", summary="What this is, and where its reference is", include_in_schema=False)
async def banner() -> Json:
    """For whoever opens the address in a browser."""
    return Json({"message": "Relais API", "version": VERSION, "documentation": "/api/docs"})


async def _checked(check: Callable[[AppState], Awaitable[Part]], state: AppState) -> Part:
    try:
        async with asyncio.timeout(PART_TIMEOUT_SECONDS):
            return await check(state)
    except TimeoutError:
        return False, "no answer in time"
    except AppError as error:
        return False, error.message
    except RedisUnavailable:
        return False, "no answer"


async def _database(state: AppState) -> Part:
    rows = await state.database.fetch(NOBODY, "select current_setting('server_version')")
    return True, f"PostgreSQL {rows[0][0].split(' ')[0]}"


async def _redis(state: AppState) -> Part:
    return True, f"Redis {await state.redis.ping()}"


async def _catalog(state: AppState) -> Part:
    engine = state.engines.get()
    if engine is None:
        return False, "not loaded yet"
    return True, f"version {engine.catalog.version}, {len(engine.catalog.tables)} tables"


async def _migrations(state: AppState) -> Part:
    engine = state.engines.get()
    ours = {module.schema for module in state.modules}
    if engine is not None and ours.isdisjoint(engine.schemas):
        return True, "none needed: no module's schema is exposed"
    rows = await state.database.fetch(SERVICE, _APPLIED)
    named = {row[0] for row in rows}
    newer = sorted(named - set(state.migrations))
    if newer:
        # Migrations only add before they take away: the code of before works on, while an upgrade rolls.
        return True, f"the database is ahead of this process: {', '.join(newer)}"
    applied = frozenset[str]().union(*(state.migrations[name] for name in named))
    missing = sorted(set(state.migrations) - applied)
    if not missing:
        return True, ", ".join(sorted(named))
    return False, f"the database lacks {', '.join(missing)}: run `relais migrate`"
