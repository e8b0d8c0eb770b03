"""The API as one ASGI application: the only place that knows all parts of a serving process."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from app import api_docs, health, log
from app.adapters import migrations
from app.adapters.postgres import Database
from app.adapters.redis import Redis
from app.catalog.keeper import Keeper
from app.gateway.assembly import Assembly
from app.gateway.gateway import Gateway
from app.gateway.parse import PREFIX
from app.middleware.below_path import BelowPath
from app.middleware.cors import CorsMiddleware
from app.middleware.error_answers import ErrorAnswersMiddleware, framework_error
from app.middleware.limits import BodyLimitMiddleware, TimeoutMiddleware
from app.middleware.security_headers import SecurityHeadersMiddleware
from app.middleware.trace import TraceMiddleware
from app.modules import load_modules
from app.settings import Settings, load_settings
from app.state import AppState
from app.supervise import die_with_parent
from app.version import VERSION

EXPOSED_HEADERS = ("Content-Range", "Location", "Retry-After", "Server-Timing", "X-Request-Id")


def application() -> FastAPI:
    """The API as the environment sets it up: what a server process calls."""
    die_with_parent()
    settings = load_settings()
    log.set_up_logging(settings.log.level)
    return create_app(settings)


def create_app(settings: Settings) -> FastAPI:
    """The API with these settings. Nothing is connected before its lifespan begins."""
    database, modules = Database(settings.database), load_modules()
    state = AppState(
        settings=settings,
        database=database,
        redis=Redis(settings.redis),
        modules=modules,
        engines=Keeper(database, settings.rest, tuple(module.schema for module in modules), Assembly(settings.auth)),
        migrations=migrations.lineage(),
        started=time.monotonic(),
    )
    app = FastAPI(
        title="Relais",
        version=VERSION,
        summary="The backend that takes over from a browser's localStorage.",
        openapi_url="/api/docs.json" if settings.http.docs else None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        middleware=_middleware(settings, Gateway(database, state.engines.get, state.engines.doubt)),
        exception_handlers=dict.fromkeys((HTTPException, RequestValidationError), framework_error),  # pyright: ignore
        redirect_slashes=False,
    )
    app.state.relais = state
    app.include_router(health.router)
    if settings.http.docs:
        app.include_router(api_docs.router)
    for module in state.modules:
        if module.router is not None:
            app.include_router(module.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    state: AppState = app.state.relais
    await state.database.open()
    await state.engines.start()
    log.event("api_started", {"version": VERSION, "environment": state.settings.environment})
    try:
        yield
    finally:
        await state.engines.stop()
        await state.database.close()
        await state.redis.close()
        log.event("api_stopped")


def _middleware(settings: Settings, gateway: Gateway) -> list[Middleware]:
    """From the outside in. Errors are answered inside CORS, so that a browser may read them.

    The gateway is behind all layers and before the router, which would take longer than it.
    """
    http = settings.http
    origins = http.origins()
    return [
        Middleware(TraceMiddleware, access_log=settings.log.access, server_timing=http.server_timing),
        Middleware(SecurityHeadersMiddleware, https_only=settings.environment == "production"),
        Middleware(
            CorsMiddleware,
            elsewhere=PREFIX,
            allow_origins=origins,
            allow_credentials="*" not in origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
            max_age=86400,
        ),
        Middleware(ErrorAnswersMiddleware),
        Middleware(TimeoutMiddleware, seconds=http.timeout_seconds),
        Middleware(BodyLimitMiddleware, limit_bytes=http.body_limit_bytes),
        Middleware(BelowPath, path=PREFIX, served_by=gateway),
    ]
