"""What monitoring systems ask: is everything well, and Prometheus' figures."""

import asyncio
import hmac
import ipaddress
import time
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.answers import Json, Responses, errors
from app.errors import ErrorSpec, refuse
from app.middleware.trace import address_of
from app.monitoring import machine, servers
from app.monitoring.exposition import MEDIA_TYPE, Figures, exposition
from app.monitoring.servers import Checked, Health
from app.state import AppState, state_of
from app.version import VERSION

METRICS_CLOSED = ErrorSpec("METRICS_CLOSED", 403, "Accès aux mesures refusé")
router = APIRouter(tags=["monitoring"])
_STATUS = {"healthy": 200, "degraded": 207, "unhealthy": 503}
_WORDS = {"healthy": "OK", "degraded": "Réponse lente", "unhealthy": "Aucune réponse"}
_TEXT: Responses = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "relais_up 1"}}},
    **errors(METRICS_CLOSED),
}
#: What a proxy adds: the address that we see is its own then.
_OF_PROXIES = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class ServerHealth(BaseModel):
    """How well a server answers."""

    service: Literal["database", "redis"]
    status: Health
    message: str
    latency: int | None = Field(default=None, description="In milliseconds; left out if it does not answer.")
    timestamp: datetime


class ServersHealth(BaseModel):
    """How well the servers answer: as well as the worst of them."""

    status: Health
    checks: list[ServerHealth]
    timestamp: datetime


@router.get(
    "/api/monitoring/health",
    summary="How well the servers answer",
    response_model=ServersHealth,
    responses={
        207: {"model": ServersHealth, "description": "A server is slow."},
        503: {"model": ServersHealth, "description": "A server does not answer."},
    },
)
async def get_health(request: Request) -> Json:
    """200 when all is well, 207 when a server is slow (PostgreSQL: 1 s, Redis: 100 ms), 503 when one is away."""
    state = state_of(request)
    database, redis = await asyncio.gather(servers.check_database(state.database), servers.check_redis(state.redis))
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    checks = [_told("database", database, now), _told("redis", redis, now)]
    worst = max((database.health, redis.health), key=list(_STATUS).index)
    headers = {"Retry-After": "1"} if worst == "unhealthy" else {}
    return Json({"status": worst, "checks": checks, "timestamp": now}, _STATUS[worst], headers)


@router.get("/metrics", summary="Prometheus' figures", response_class=Response, responses=_TEXT)
async def get_metrics(request: Request) -> Response:
    """Of every process. Only for this machine, or with the token of `RELAIS_HTTP_METRICS_TOKEN`."""
    _must_be_let_in(request)
    return Response(exposition(await _figures(state_of(request))), media_type=MEDIA_TYPE)


@router.get("/api/monitoring/prometheus", summary="The same figures", response_class=Response, responses=_TEXT)
async def get_prometheus(request: Request) -> Response:
    """The address that the frontend's own backend has them at."""
    return await get_metrics(request)


def _told(service: str, checked: Checked, now: str) -> dict[str, object]:
    told: dict[str, object] = {"service": service, "status": checked.health, "message": _WORDS[checked.health]}
    if checked.latency_ms is not None:
        told["latency"] = checked.latency_ms
    return {**told, "timestamp": now}


def _must_be_let_in(request: Request) -> None:
    token = state_of(request).settings.http.metrics_token
    given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
    if token is not None and hmac.compare_digest(given, f"Bearer {token.get_secret_value()}".encode()):
        return
    if not _is_from_here(request):
        raise refuse(METRICS_CLOSED, hint="Ask from the machine itself, or set RELAIS_HTTP_METRICS_TOKEN.")


def _is_from_here(request: Request) -> bool:
    if any(name in request.headers for name in _OF_PROXIES):
        return False
    try:
        return ipaddress.ip_address(address_of(request.scope)).is_loopback
    except ValueError:
        return False


async def _figures(state: AppState) -> Figures:
    database, redis = await asyncio.gather(servers.check_database(state.database), servers.check_redis(state.redis))
    processes, of_database, of_redis, queue = await asyncio.gather(
        state.told.all(),
        servers.database_figures(state.database),
        servers.redis_figures(state.redis),
        servers.queue_length(state.redis),
    )
    return Figures(
        version=VERSION,
        processes=processes,
        database=of_database,
        up={"postgres": database.health != "unhealthy", "redis": redis.health != "unhealthy"},
        redis=of_redis,
        queue=queue,
        uptime=round(time.monotonic() - state.started, 3),
        resident_bytes=machine.resident(),
        processor_seconds=round(machine.processor_seconds(), 3),
    )
