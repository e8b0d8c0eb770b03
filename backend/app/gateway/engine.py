"""All that answering depends on, as one immutable picture: settings, catalog, keys, remembered statements.

A reload makes a new engine and puts it in the place of the old one; requests that have begun finish with theirs.
"""

from dataclasses import dataclass, field, replace
from typing import TypeVar

import orjson

from app.adapters.postgres import Stamp
from app.auth.caller import Caller, CallerResolver
from app.catalog.identifiers import quoted
from app.catalog.types import Catalog
from app.gateway.execute import Rules, Surroundings
from app.gateway.openapi_parts import OpenApiParts, openapi_parts
from app.gateway.parse import READ_HEADERS, READS, Head, Route, parse_request
from app.gateway.plan import PlanRules, plan_request
from app.gateway.plan_read import ReadRules
from app.gateway.prepare import Prepared, isolation_named, prepare
from app.gateway.query_string import Caps
from app.gateway.respond import Manner
from app.gateway.types import ApiRequest, Shape
from app.settings import RestSettings

#: As text. A request whose shape is longer is planned each time: many of them would fill the memory.
_LONGEST_SHAPE = 8192
_LONGEST_KNOWN_QUERY = 2048
_LONGEST_KNOWN_REQUEST = 2 * _LONGEST_KNOWN_QUERY
#: Characters that a byte of a query may take; bytes are bounded where they come in.
_LONGEST_ENCODED = 3
#: How PostgreSQL is to plan, by whether one plan is to serve all values.
_PLANNING = {False: (("plan_cache_mode", "auto"),), True: (("plan_cache_mode", "force_generic_plan"),)}
#: Of whoever reads as somebody else: no transaction of theirs writes, wherever it is begun.
_READING_ONLY = (("default_transaction_read_only", "on"),)
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Engine:
    """One picture of the database and of how it is served."""

    settings: RestSettings
    schemas: tuple[str, ...]
    #: Another name of the default schema: clients of Supabase ask for `public` unless they are told otherwise.
    alias: str
    catalog: Catalog
    callers: CallerResolver
    caps: Caps
    #: Of queries that come as a body.
    body_caps: Caps
    plan_rules: PlanRules
    rules: Rules
    manner: Manner
    hoisted: tuple[str, ...]
    cors_origins: tuple[str, ...]
    sets_request: bool
    #: Answers depend on nothing but rows and who asks.
    keeps: bool
    search_paths: dict[str, str]
    #: Settings of every role, so that each stamp sets all that any other may have set.
    role_settings: dict[str, tuple[tuple[str, str], ...]]
    app_settings: tuple[tuple[str, str], ...]
    #: What the planner may expect of a read, by role.
    budgets: dict[str, float]
    _prepared: dict[Shape, Prepared] = field(default_factory=dict[Shape, Prepared])
    _parsed: dict[tuple[object, ...], ApiRequest] = field(default_factory=dict[tuple[object, ...], ApiRequest])
    _openapi: dict[str, OpenApiParts] = field(default_factory=dict[str, OpenApiParts])
    _unbounded: list["Engine"] = field(default_factory=list["Engine"])

    @property
    def unbounded(self) -> "Engine":
        """The same without a bound of rows: for queries that are written here, and have their own limits."""
        if self.caps.max_rows is None:
            return self
        if not self._unbounded:
            rules = replace(self.plan_rules, read=replace(self.plan_rules.read, max_rows=None))
            caps, body_caps = replace(self.caps, max_rows=None), replace(self.body_caps, max_rows=None)
            made = replace(
                self, caps=caps, body_caps=body_caps, plan_rules=rules, _prepared={}, _parsed={}, _unbounded=[]
            )
            self._unbounded.append(made)
        return self._unbounded[0]

    def like(self, other: "Engine") -> "Engine":
        """This picture, with the bounds of another one."""
        return self if other.caps.max_rows is not None else self.unbounded

    def openapi_parts(self, schema: str) -> OpenApiParts:
        """What the OpenAPI document of a schema is put together from: made when it is first asked for."""
        found = self._openapi.get(schema)
        if found is None:
            found = self._openapi[schema] = openapi_parts(self.catalog, schema)
        return found

    def parsed(self, head: Head, route: Route, body: bytes) -> ApiRequest:
        """The request, understood. Reads that are the same to the letter are understood once."""
        if head.method not in READS or len(head.query_string) > min(_LONGEST_KNOWN_QUERY, self.caps.query_bytes):
            caps = self.body_caps if head.by_body else self.caps
            return parse_request(head, route, body, schemas=self.schemas, caps=caps, alias=self.alias)
        key = (head.method, head.path, head.query_string, *(head.headers.get(name) for name in READ_HEADERS))
        found = self._parsed.get(key)
        if found is None:
            found = parse_request(head, route, body, schemas=self.schemas, caps=self.caps, alias=self.alias)
            # Paths and headers may be long as well.
            if sum(len(part) for part in key if part) <= _LONGEST_KNOWN_REQUEST:
                _keep(self._parsed, key, found, self.settings.plan_cache_entries)
        return found

    def prepared(self, request: ApiRequest) -> Prepared:
        """The request's plan and statements: remembered from one of the same shape, or made now."""
        found = self._prepared.get(request.shape)
        if found is not None:
            return found
        plan = plan_request(request, self.catalog, self.plan_rules)
        found = prepare(request, plan, self.catalog, self.hoisted)
        if len(repr(request.shape)) <= _LONGEST_SHAPE:
            _keep(self._prepared, request.shape, found, self.settings.plan_cache_entries)
        return found

    def stamp(self, caller: Caller, head: Head, schema: str, *, generic: bool = False) -> Stamp:
        """The caller as PostgreSQL is told of it for a request, and whether one plan serves all values."""
        settings = self.role_settings.get(caller.role, ()) + self.app_settings + _PLANNING[generic]
        if self.sets_request:
            settings += request_settings(head)
        if caller.acting:
            settings += _READING_ONLY
        return Stamp(
            caller.role,
            caller.claims,
            caller.user_id,
            self.tenant_of(caller),
            self.search_paths[schema],
            settings,
            caller.anonymous,
        )

    def surroundings(self, caller: Caller, *, costed: bool = False) -> Surroundings:
        """What the execution of a caller's request depends on."""
        role = self.catalog.roles.get(caller.role) if self.settings.db_config else None
        isolation = isolation_named(role.isolation) if role is not None else None
        budget = self.budgets.get(caller.role) if costed else None
        return Surroundings(self.rules, self.tenant_of(caller), isolation, budget, reads_only=bool(caller.acting))

    def tenant_of(self, caller: Caller) -> str:
        """The tenant whose rows a caller is shown."""
        return caller.tenant_id or self.catalog.default_tenant


def _keep(known: dict[K, V], key: K, value: V, most: int) -> None:
    """Remember one more; the one that has been known the longest makes room. What is in use comes back at once."""
    if most <= 0:
        return
    if len(known) >= most:
        del known[next(iter(known))]
    known[key] = value


def build_engine(
    settings: RestSettings,
    schemas: tuple[str, ...],
    catalog: Catalog,
    callers: CallerResolver,
    *,
    exact_embeds: bool = True,
) -> Engine:
    """Put together what settings and catalog say."""
    rules = Rules(pre_request=settings.db_pre_request, tx_end=settings.db_tx_end)
    extra = settings.extra_search_path()
    caps = Caps(settings.max_query_bytes, settings.max_filters, settings.db_max_rows)
    reads = settings.request_settings == "always" or (settings.request_settings == "auto" and catalog.reads_request)
    return Engine(
        settings=settings,
        schemas=schemas,
        alias="" if settings.schemas() else "public",
        catalog=catalog,
        callers=callers,
        caps=caps,
        body_caps=replace(caps, query_bytes=_LONGEST_ENCODED * settings.max_query_body_bytes),
        plan_rules=PlanRules(
            ReadRules(
                aggregates=settings.db_aggregates_enabled,
                legacy_names=settings.url_use_legacy_target_names,
                max_rows=settings.db_max_rows,
                most_embeds=settings.max_embeds,
            ),
            plans=settings.db_plan_enabled,
            exact_embeds=exact_embeds,
        ),
        rules=rules,
        manner=Manner(rules.override, settings.client_error_verbosity == "verbose"),
        hoisted=settings.hoisted(),
        cors_origins=settings.cors_origins(),
        sets_request=reads or bool(settings.db_pre_request),
        keeps=not reads and not settings.db_pre_request,
        search_paths={schema: _search_path((schema, *extra)) for schema in schemas},
        role_settings=_role_settings(catalog, settings),
        app_settings=settings.app_settings_pairs(),
        budgets=settings.budgets(),
    )


def _search_path(schemas: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, schemas))


def _role_settings(catalog: Catalog, settings: RestSettings) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, tuple[tuple[str, str], ...]] = {
        role: (("statement_timeout", bound),) for role, bound in settings.statement_timeouts().items()
    }
    if settings.db_config:
        for role, said in catalog.roles.items():
            # Of two settings of one name the later one holds: the database's.
            found[role] = (*found.get(role, ()), *said.settings)
    return found


def request_settings(head: Head) -> tuple[tuple[str, str], ...]:
    """What functions may read of a request."""
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    for name, value in (*head.headers.items(), *head.last):
        # PostgreSQL's texts have no NUL. Taken out here: in the JSON it could not be told from text that looks like it.
        text = value.decode("utf-8", "replace").replace("\0", "")
        if name == b"cookie":
            cookies = _cookies(text)
        else:
            headers[name.decode("latin-1")] = text
    return (
        ("request.method", head.method),
        ("request.path", head.path or "/"),
        ("request.headers", orjson.dumps(headers).decode()),
        ("request.cookies", orjson.dumps(cookies).decode()),
    )


def _cookies(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): value.strip().strip('"') for name, found, value in pairs if found}
