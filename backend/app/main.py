"""The API as one ASGI application: the only place that knows all parts of a serving process."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app import api_docs, health, loaded, log, sockets, watch
from app.accounts.acting import Acting
from app.accounts.admission import AdmissionMiddleware
from app.accounts.assembly import ROUTERS, make_accounts
from app.adapters import migrations
from app.adapters.postgres import Database
from app.adapters.redis import Redis
from app.adapters.stores import storage_for
from app.auth.attempts import Attempts
from app.auth.caller import CallerResolver
from app.auth.endings import Endings
from app.auth.guard import Guard
from app.auth.limits import Limiter
from app.auth.tenants import Tenants
from app.catalog.keeper import Keeper
from app.catalog.types import Catalog, Name
from app.condition import Condition
from app.gateway.assembly import Assembly
from app.gateway.behalf import Behalf
from app.gateway.cache import Cache
from app.gateway.conduct import Conductor
from app.gateway.cors import GatewayCors
from app.gateway.engine import Engine
from app.gateway.explain_policies import Explainer
from app.gateway.gateway import Gateway
from app.gateway.keeping import Lifetimes
from app.gateway.parse import PREFIX
from app.leaving import FAREWELL
from app.metrics import Requests, SlowStatements
from app.middleware.conditional import ConditionalMiddleware
from app.middleware.cors import CorsMiddleware
from app.middleware.error_answers import ErrorAnswersMiddleware, framework_error
from app.middleware.limits import BodyLimitMiddleware, TimeoutMiddleware
from app.middleware.security_headers import SecurityHeadersMiddleware
from app.middleware.trace import TraceMiddleware
from app.module import Allowance, Module
from app.modules import load_modules
from app.monitoring.shared import SharedCounts
from app.named.refusals import in_words
from app.named.wishes import Wishes
from app.realtime.channels import Kind
from app.realtime.feed import Feed
from app.realtime.outlets import Outlet, Outlets
from app.realtime.rules import Readers
from app.realtime.sights import Eyes
from app.settings import Settings, load_settings
from app.sockets.server import Sockets
from app.state import AppState
from app.supervise import die_with_parent
from app.version import VERSION

#: Longest time that a part of the process takes to stop.
_STOP_SECONDS = 5.0
EXPOSED_HEADERS = (
    *("Content-Disposition", "Content-Range", "ETag", "Location", "Retry-After", "Server-Timing", "X-Request-Id"),
    *("Idempotency-Replayed", "Link", "Relais-As", "Relais-Degraded", "Relais-Explained", "X-Total-Count"),
    "X-Supabase-Api-Version",
    *(f"{prefix}RateLimit-{what}" for prefix in ("", "X-") for what in ("Limit", "Remaining", "Reset")),
)


class Api(FastAPI):
    """The API; what is below a path goes to the gateway before the framework sees it, for it is most of the traffic."""

    def __init__(self, path: str, served_by: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self._path, self._below, self._served_by = path, f"{path}/", served_by
        self.sockets: Sockets | None = None
        self.outlets: Outlets | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and scope["path"] == sockets.PATH and self.sockets is not None:
            return await self.sockets(scope, receive, send)
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(self._below) or path == self._path:
                return await self._served_by(scope, receive, send)
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Its description, with what dependencies and declared errors add to it."""
        known = self.openapi_schema
        described = super().openapi()
        if described is not known:
            api_docs.complete(described, self.routes)
        return described


def application() -> FastAPI:
    """The API as the environment sets it up: what a server process calls."""
    die_with_parent()
    settings = load_settings()
    log.set_up_logging(settings.log.level)
    app = create_app(settings)
    loaded()
    return app


def create_app(settings: Settings) -> FastAPI:
    """The API with these settings. Nothing is connected before its lifespan begins."""
    slow, requests = SlowStatements(settings.log.slow_query_ms / 1000), Requests()
    condition = Condition()
    database, modules = Database(settings.database, slow, condition), load_modules()
    schemas = tuple(module.schema for module in modules)
    redis = Redis(settings.redis, condition)
    engines = Keeper(database, settings.rest, schemas, Assembly(settings.auth, schemas))
    cache = _cache(settings, database, redis, engines, modules)
    readers = Readers(database)

    async def begin_anew() -> None:
        # Rules may have changed, and with them what answers depend on.
        readers.forget()
        if settings.cache.enabled:
            await cache.begin_anew()

    engines.changed = begin_anew
    conductor = Conductor(database, engines.get, engines.doubt, cache)
    person = next((module.person for module in modules if module.person is not None), None)
    state = AppState(
        settings=settings,
        database=database,
        redis=redis,
        modules=modules,
        guard=_guard(settings, database, redis),
        tenants=Tenants(database, settings.auth),
        acting=Acting(database, person, settings.auth.second_factor_for_admins),
        callers=_callers(settings),
        engines=engines,
        conductor=conductor,
        storage=storage_for(settings),
        migrations=migrations.lineage(),
        started=time.monotonic(),
        requests=requests,
        condition=condition,
        slow=slow,
        told=SharedCounts(redis, requests, database.pools, _cache_counts(cache), condition=condition),
    )
    app = Api(
        PREFIX,
        _gateway(settings, state),
        title="Relais",
        version=VERSION,
        summary="The backend that takes over from a browser's localStorage.",
        openapi_url="/api/docs.json" if settings.http.docs else None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        middleware=_middleware(settings, modules, state),
        exception_handlers=dict.fromkeys((HTTPException, RequestValidationError), framework_error),  # pyright: ignore
        redirect_slashes=False,
        # What a request took is in the access line and in Server-Timing; nothing is sent anywhere.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.relais = state
    if settings.realtime.enabled:
        feed = _feed(state, readers)
        app.sockets, app.outlets = _sockets(state, feed), _outlets(state, feed)
        state.told.sockets = app.sockets.counts
    app.state.accounts = make_accounts(settings, database, state.guard, person, tenants=state.tenants)
    app.state.wishes = Wishes(database, conductor, app.state.accounts.keys)
    for router in (health.router, watch.router, *ROUTERS):
        app.include_router(router)
    if settings.http.docs:
        app.include_router(api_docs.router)
    for module in state.modules:
        if module.router is not None:
            app.include_router(module.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
    state: AppState = app.state.relais
    await state.database.open()
    await state.engines.start()
    await state.conductor.cache.start()
    await state.guard.start()
    await state.told.start()
    realtime = [] if not isinstance(app, Api) else [part for part in (app.outlets, app.sockets) if part is not None]
    for part in realtime:
        part.start()
    log.event("api_started", {"version": VERSION, "environment": state.settings.environment})
    clients = app.sockets if isinstance(app, Api) else None
    try:
        yield {FAREWELL: clients.farewell} if clients is not None else {}
    finally:
        await _stopped(
            *(part.stop for part in reversed(realtime)),
            *(state.told.stop, state.guard.stop, state.conductor.cache.stop, state.engines.stop),
            *(state.database.close, state.redis.close, state.storage.close),
        )
        app.state.accounts.passwords.close()
        log.event("api_stopped")


async def _stopped(*stops: Callable[[], Awaitable[None]]) -> None:
    """Stop one part after the other; none of them keeps the process from its end."""
    for stop in stops:
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await stop()
        except TimeoutError:
            log.event("stop_took_too_long", {"part": getattr(stop, "__qualname__", "")}, level="warning")


def _cache_counts(cache: Cache) -> Callable[[], Mapping[str, int]]:
    return lambda: {"hits": cache.counts.hits, "misses": cache.counts.misses, "passed": cache.counts.passed}


def _cache(
    settings: Settings, database: Database, redis: Redis, engines: Keeper[Engine], modules: Sequence[Module]
) -> Cache:
    seconds = {
        Name(module.schema, table): seconds for module in modules for table, seconds in module.cache_seconds.items()
    }
    expiring = [(Name(module.schema, table), column) for module in modules for table, column in module.expiring.items()]

    def catalog() -> Catalog | None:
        engine = engines.get()
        return None if engine is None else engine.catalog

    lifetimes = Lifetimes(seconds if settings.cache.enabled else {})
    cache = Cache(database, redis, settings.cache, lifetimes, expiring, catalog)
    cache.attach()
    return cache


def _feed(state: AppState, readers: Readers) -> Feed:
    tables = frozenset(Name(module.schema, table) for module in state.modules for table in module.realtime_tables)
    hidden = frozenset({state.settings.rest.tenant_column})
    return Feed(state.database, Eyes(state.database, readers, hidden), tables)


def _sockets(state: AppState, feed: Feed) -> Sockets:
    kinds: list[Kind] = [kind for module in state.modules for kind in module.channels]
    return Sockets(state, feed, kinds, feed.tables)


def _outlets(state: AppState, feed: Feed) -> Outlets:
    outlets: list[Outlet] = [outlet for module in state.modules for outlet in module.outlets]
    return Outlets(feed, state.redis, outlets, state.settings.rest.anon_role() or "anon")


def _guard(settings: Settings, database: Database, redis: Redis) -> Guard:
    seconds = settings.auth.access_token_seconds
    endings = Endings(database, seconds)
    attempts, careful = Attempts(redis, database, settings.auth), settings.auth.second_factor_for_admins
    guard = Guard(database, redis, Limiter(settings.limits, redis), endings, seconds, attempts, careful)

    async def tell_redis(name: str) -> None:
        # Whoever ended it may have done so in the database itself; and a row that is gone tells nobody who comes later.
        await guard.ended((name,))

    endings.heard = tell_redis
    return guard


def _callers(settings: Settings) -> CallerResolver:
    """Who asks explicit routes: there is always somebody who has not signed in."""
    rest = settings.rest.model_copy(update={"db_anon_role": settings.rest.anon_role() or "anon"})
    return Assembly(settings.auth).callers(rest)


def _middleware(settings: Settings, modules: Sequence[Module], state: AppState) -> list[Middleware]:
    """From the outside in. Errors are answered inside CORS, so that a browser may read them."""
    origins = settings.http.origins()
    cors = Middleware(
        CorsMiddleware,
        allow_origins=origins,
        allow_credentials="*" not in origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
        max_age=86400,
    )
    allowed = [item for module in modules if module.allowances for item in module.allowances(settings)]
    return [*_around(settings, cors, state, of_gateway=False, allowed=allowed), Middleware(AdmissionMiddleware)]


def _gateway(settings: Settings, state: AppState) -> ASGIApp:
    """The gateway within the same layers, but for CORS, where the dialect has rules of its own."""
    cors = Middleware(GatewayCors, engine=state.engines.get, condition=state.condition)
    behalf, explainer = Behalf(state.acting), Explainer(state.conductor, state.acting)
    app: ASGIApp = Gateway(state.conductor, state.guard, state.tenants, behalf, explainer)
    for layer in reversed(_around(settings, cors, state, of_gateway=True)):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    return app


def _around(
    settings: Settings, cors: Middleware, state: AppState, *, of_gateway: bool, allowed: Sequence[Allowance] = ()
) -> list[Middleware]:
    http = settings.http
    bodies = {item.path: item.body_bytes for item in allowed if item.body_bytes is not None}
    times = {item.path: item.seconds for item in allowed if item.seconds is not None}
    trace = Middleware(
        TraceMiddleware,
        access_log=settings.log.access,
        server_timing=http.server_timing,
        requests=state.requests,
        condition=state.condition,
    )
    return [
        trace,
        Middleware(SecurityHeadersMiddleware, https_only=settings.environment == "production", may_be_kept=of_gateway),
        cors,
        Middleware(ErrorAnswersMiddleware, of_gateway=of_gateway, in_words=None if of_gateway else in_words),
        # The gateway tags its answers itself: it knows what was asked for, and what it has kept.
        *(() if of_gateway else (Middleware(ConditionalMiddleware),)),
        Middleware(TimeoutMiddleware, seconds=http.timeout_seconds, others=times),
        Middleware(BodyLimitMiddleware, limit_bytes=http.body_limit_bytes, others=bodies),
    ]
