"""What is known of a request while it runs: its id, its start, the time its stages took, the headers they leave on.

The trace travels in `scope["relais.trace"]`; this outermost layer makes it, sends `X-Request-Id` and `Server-Timing`,
writes the one access line, and counts the request. What is away meanwhile is told in `Relais-Degraded`.
"""

import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import urandom

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import log
from app.condition import Condition
from app.metrics import Requests

ACCESS = "request"
TRACE = "relais.trace"
#: Probes come every few seconds for ever; their lines are only for who asks for them.
PROBES = frozenset(
    {"/live", "/ready", "/health", "/api/health", "/metrics", "/api/monitoring/prometheus", "/api/monitoring/health"}
)
EXPECTED_OF_PROBES = (200, 207, 503)
_SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}\Z")


@dataclass(slots=True)
class Trace:
    """One request, as its access line will tell it."""

    request_id: str
    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict[str, float])
    caller: str = "anonymous"
    rows: int | None = None
    #: Whether the answer was kept from before: `hit` or `miss`; empty where none is kept.
    cache: str = ""
    #: Whether the times of the stages may be sent.
    tells_timing: bool = True
    #: Headers that every answer to this request has, whatever becomes of it.
    told: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    #: What was sent; 500 until something is, for that is what a broken connection comes from.
    status: int = 500
    bytes: int = 0

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Time a stage; one that runs twice adds up."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - begun

    def elapsed(self) -> float:
        """Seconds since the request came in."""
        return time.perf_counter() - self.started


def trace_of(scope: Scope) -> Trace:
    """The trace of this request."""
    return scope[TRACE]


def address_of(scope: Scope) -> str:
    """Where a request comes from; behind a proxy that is trusted, what that one says."""
    client = scope.get("client")
    return client[0] if client else ""


class TraceMiddleware:
    """Makes the trace; sends the request's id and timings; writes the access line."""

    def __init__(
        self, app: ASGIApp, *, access_log: bool, server_timing: bool, requests: Requests, condition: Condition
    ) -> None:
        self.app = app
        self.condition = condition
        self.requests = requests
        self.access_log = access_log
        self.server_timing = server_timing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        trace = scope[TRACE] = Trace(_request_id(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                trace.status = message["status"]
                headers = [*message["headers"], *trace.told, (b"x-request-id", trace.request_id.encode())]
                if self.server_timing and trace.tells_timing:
                    headers.append((b"server-timing", _server_timing(trace).encode()))
                if self.condition.told is not None:
                    headers.append(self.condition.told)
                message["headers"] = headers
            elif message["type"] == "http.response.body":
                trace.bytes += len(message.get("body", b""))
            await send(message)

        requests, method = self.requests, scope["method"]
        requests.in_flight += 1
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            requests.in_flight -= 1
            route, seconds = _route(scope), trace.elapsed()
            requests.ended(method, route, trace.status, seconds)
            if self.access_log:
                _write_access_line(trace, method, route, seconds)


def _write_access_line(trace: Trace, method: str, route: str, seconds: float) -> None:
    fields = {
        "request_id": trace.request_id,
        "method": method,
        "route": route,
        "status": trace.status,
        "ms": round(seconds * 1000, 2),
        "stages": {name: round(seconds * 1000, 2) for name, seconds in trace.stages.items()},
        "bytes": trace.bytes,
        "rows": trace.rows,
        "cache": trace.cache or None,
        "caller": trace.caller,
    }
    level = "debug" if route in PROBES and trace.status in EXPECTED_OF_PROBES else "info"
    log.event(ACCESS, fields, level=level)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _SAFE_ID.match(given):
                return given
    return urandom(16).hex()


def _server_timing(trace: Trace) -> str:
    stages = [*trace.stages.items(), ("total", trace.elapsed())]
    told = [f"{name};dur={seconds * 1000:.2f}" for name, seconds in stages]
    if trace.cache:
        told.append(f"cache;desc={trace.cache}")
    return ", ".join(told)


def _route(scope: Scope) -> str:
    # The template, never the path: a path carries ids and whatever a stranger types.
    route = scope.get("route")
    template = scope.get("relais.route") or getattr(route, "path", None)
    return template or "-"
