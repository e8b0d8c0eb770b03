"""The conductor: one ASGI application that takes a request through the stages, and tells how long each took."""

import asyncio
import time
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from app.auth.caller import Caller
from app.auth.guard import Guard, Pending
from app.auth.tenants import Tenants
from app.errors import AppError, refuse
from app.gateway.batch import is_batch
from app.gateway.behalf import AS, Behalf
from app.gateway.body_blocks import LARGE_BYTES
from app.gateway.by_body import SUFFIX, as_read, with_query
from app.gateway.conduct import Conductor
from app.gateway.engine import Engine
from app.gateway.errors import NO_CATALOG, too_complex
from app.gateway.etags import wants_tag, with_tag
from app.gateway.execute import as_of_unknown
from app.gateway.explain_policies import EXPLAIN, Explainer
from app.gateway.grammar import MAX_DEPTH, TooDeep
from app.gateway.info import describe_options
from app.gateway.parse import PREFIX, READS, Head, Route, check_method, choose_schema, parse_path
from app.gateway.respond import BODILESS, Answer, respond, respond_error
from app.gateway.root import answer_root, as_root_function
from app.gateway.truncated import truncation
from app.gateway.warnings import legacy_names
from app.gateway.writes import Writes, asks_for_more
from app.middleware.trace import Trace, address_of, trace_of

_RETRY = {"Retry-After": "0"}
#: What is answered to those who send them is for nobody else, and for no later time.
_BEHIND_RULES = frozenset({AS, EXPLAIN})


@dataclass(slots=True)
class Gateway:
    """Serves whatever schema it is pointed at."""

    conductor: Conductor
    guard: Guard
    #: Where callers without a token are.
    tenants: Tenants
    behalf: Behalf
    explainer: Explainer
    #: Those that ask for more than the dialect has.
    writes: Writes = field(init=False)

    def __post_init__(self) -> None:
        self.writes = Writes(self.conductor.database, self.guard)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        head = head_of(scope)
        engine = self.conductor.current()
        body = await _body(receive)
        if body is None:
            return
        answer = await self._answered(scope, head, body, engine)
        if answer.status in BODILESS:
            answer = answer.without_body()
        if engine is not None and engine.settings.server_trace_header:
            name = engine.settings.server_trace_header.lower().encode("latin-1", "replace")
            answer.headers.insert(0, (name, head.headers.get(name, b"")))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if head.method == "HEAD" else answer.body})

    async def _answered(self, scope: Scope, head: Head, body: bytes, engine: Engine | None) -> Answer:
        trace = trace_of(scope)
        trace.tells_timing = engine is None or engine.settings.server_timing_enabled
        try:
            if engine is None:
                raise refuse(NO_CATALOG, headers=_RETRY)
            return await self._conducted(scope, trace, head, body, engine)
        except (AppError, TooDeep) as refused:
            error = refused if isinstance(refused, AppError) else too_complex("Nesting", MAX_DEPTH)
            as_of_unknown(error)
            verbose = engine is None or engine.settings.client_error_verbosity == "verbose"
            return respond_error(error, verbose=verbose)

    async def _conducted(self, scope: Scope, trace: Trace, head: Head, body: bytes, engine: Engine) -> Answer:
        clock, stages = time.perf_counter, trace.stages
        began = clock()
        if head.method == "POST" and head.path.endswith(SUFFIX):
            head = as_read(head)
        caller, pending = await self._caller(scope, trace, head, engine)
        trace.caller = "anonymous" if caller.anonymous else "user"
        if (AS in head.headers or EXPLAIN in head.headers) and head.method != "OPTIONS":
            if pending is not None:
                await pending()
            caller, pending = await self._in_place_of(scope, head, engine, caller), None
        if pending is None or head.method not in READS:
            if pending is not None:
                await pending()
            stages["jwt"] = clock() - began
            return await self._answer(scope, head, body, engine, _Admitted(caller))
        # Begun at once, so that it shares its way to Redis with the question of what is kept.
        allowed = asyncio.ensure_future(pending())
        allowed.add_done_callback(_looked_at)
        stages["jwt"] = clock() - began
        try:
            return await self._answer(scope, head, body, engine, _Admitted(caller, allowed))
        except AppError:
            # Whoever may not ask is not told what was wrong with the question.
            await allowed
            raise
        finally:
            allowed.cancel()

    async def _in_place_of(self, scope: Scope, head: Head, engine: Engine, caller: Caller) -> Caller:
        """Whom a request is answered as; its sender has been let in."""
        if EXPLAIN in head.headers:
            await self.explainer.admit(engine, caller, head)
        return await self.behalf(scope, head, caller) if AS in head.headers else caller

    async def _answer(self, scope: Scope, head: Head, body: bytes, engine: Engine, admitted: "_Admitted") -> Answer:
        trace, parsing = trace_of(scope), time.perf_counter()
        route = as_root_function(parse_path(head.path), engine)
        scope["relais.route"] = _template(route)
        if head.by_body:
            scope["relais.route"] += SUFFIX
            head, body = with_query(head, body, engine.settings.max_query_body_bytes), b""
        if head.method == "OPTIONS" or route.kind == "root":
            return await self._answer_about(head, engine, route, admitted)
        if head.method not in READS and asks_for_more(head, route):
            if is_batch(head, route, engine):
                scope["relais.route"] = f"{PREFIX}/batch"
            answer = await self.writes.answer(trace, address_of(scope), engine, admitted.caller, head, route, body)
            if answer is not None:
                return answer
        return await self._answer_rows(head, body, engine, admitted, route, trace, parsing)

    async def _answer_rows(
        self,
        head: Head,
        body: bytes,
        engine: Engine,
        admitted: "_Admitted",
        route: Route,
        trace: Trace,
        parsing: float,
    ) -> Answer:
        caller, clock, stages = admitted.caller, time.perf_counter, trace.stages
        if len(body) + len(head.query_string) <= LARGE_BYTES:
            request = engine.parsed(head, route, body)
        else:
            request = await asyncio.to_thread(engine.parsed, head, route, body)
        planning = clock()
        stages["parse"] = planning - parsing
        prepared = engine.prepared(request)
        executing = clock()
        stages["plan"] = executing - planning
        try:
            result = await self.conductor.result(engine, caller, head, request, allowed=admitted.allowed, costed=True)
        except AppError as error:
            if EXPLAIN in head.headers:
                await self.explainer.tell(trace, engine, caller, head, request, error)
            raise
        finally:
            stages["transaction"] = clock() - executing
        responding = clock()
        trace.rows = result.page_total
        if result.kept is not None:
            trace.cache = "hit" if result.kept else "miss"
        if EXPLAIN in head.headers:
            await self.explainer.tell(trace, engine, caller, head, request)
        answer = respond(
            request,
            prepared,
            result,
            manner=engine.manner,
            warning=legacy_names(prepared.plan.warnings),
        )
        if request.max_rows is not None:
            public = engine.settings.openapi_server_proxy_uri
            answer.headers.extend(await truncation(head, request, prepared, result, public))
        if (result.kept is not None or wants_tag(head)) and not _BEHIND_RULES & head.headers.keys():
            answer = with_tag(head, answer, result.tag)
        stages["response"] = clock() - responding
        return answer

    async def _answer_about(self, head: Head, engine: Engine, route: Route, admitted: "_Admitted") -> Answer:
        """What there is, and what may be done with it."""
        schema, _ = choose_schema(head, engine.schemas, alias=engine.alias)
        check_method(route, head.method)
        if admitted.allowed is not None:
            await admitted.allowed
        if head.method == "OPTIONS":
            return describe_options(engine, route, schema, head)
        return await answer_root(self.conductor.database, engine, admitted.caller, head, schema)

    async def _caller(self, scope: Scope, trace: Trace, head: Head, engine: Engine) -> tuple[Caller, Pending]:
        authorization = head.headers.get(b"authorization")
        if head.method == "OPTIONS":
            return engine.callers.resolve(authorization), None
        kind = "reads" if head.method in READS else "writes"
        caller, trace.told, pending = await self.guard.admit_for_now(
            engine.callers, authorization, address_of(scope), kind, reads=kind == "reads"
        )
        tenants = self.tenants
        if not tenants.named:
            return caller, pending
        trace.told = [*trace.told, *tenants.varying]
        host, header = (_text(head.headers.get(name, b"")) for name in (b"host", tenants.header.encode("latin-1")))
        return await tenants.placed(caller, host, header), pending


@dataclass(frozen=True, slots=True)
class _Admitted:
    """Whoever asks, and, of a read, the answer that is still to come: whether their session is good."""

    caller: Caller
    allowed: asyncio.Future[None] | None = None


def _looked_at(answered: "asyncio.Future[None]") -> None:
    if not answered.cancelled():
        answered.exception()


def head_of(scope: Scope) -> Head:
    """A request without its body."""
    headers: dict[bytes, bytes] = {}
    last: list[tuple[bytes, bytes]] = []
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if size > _MOST_HEADER_BYTES:
            raise too_complex("Headers in bytes", _MOST_HEADER_BYTES)
        if name in _JOINED and name in headers:
            headers[name] += b"," + value
            last.append((name, value))
        else:
            headers[name] = value
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1").removeprefix(PREFIX)
    return Head(scope["method"], path, scope["query_string"].decode("latin-1"), headers, tuple(last))


_JOINED = frozenset({b"prefer", b"accept", b"if-match", b"if-none-match", b"idempotency-key"})
#: The server takes any number; what is made of them, and remembered, must not grow with them.
_MOST_HEADER_BYTES = 65536


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if the client has gone before its end: what has come of it is not what was meant."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    # Grown in place: to collect the pieces and to join them would hold everything twice.
    whole = bytearray(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        whole += message.get("body", b"")
    return whole  # pyright: ignore[reportReturnType] - used as bytes are


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _template(route: Route) -> str:
    return {"root": f"{PREFIX}/", "function": f"{PREFIX}/rpc/{{function}}"}.get(route.kind, f"{PREFIX}/{{table}}")
