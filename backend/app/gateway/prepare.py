"""A plan made ready to run: its statements and what is decided around them. One serves all requests of a shape."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.adapters.joint import Isolation
from app.adapters.postgres import Mode
from app.catalog.types import Catalog, Function
from app.gateway.plan_choice import PlanChoice
from app.gateway.reads import Reads, reads_of
from app.gateway.render import render, render_count
from app.gateway.types import ApiRequest, Plan, Sql, Statement

_ISOLATION = "default_transaction_isolation"
_ISOLATIONS: Mapping[str, Isolation] = {"repeatable read": "repeatable_read", "serializable": "serializable"}
_USUAL: Isolation = "read_committed"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Statements of a plan and how they are run."""

    plan: Plan
    statement: Statement
    #: Its text, without the wish to be explained.
    plain: Sql
    #: Asked of the planner after the statement.
    count: Statement | None
    mode: Mode
    is_call: bool
    #: A check after the statement may still refuse it, or something must be set for it alone.
    in_transaction: bool
    isolation: Isolation | None
    #: Settings of the function that hold for the whole transaction.
    settings: tuple[tuple[str, str], ...]
    #: The tables that the answer depends on; None: it cannot be told, or it is no read.
    reads: Reads | None
    choice: PlanChoice = field(default_factory=PlanChoice, compare=False)


def prepare(request: ApiRequest, plan: Plan, catalog: Catalog, hoisted: tuple[str, ...]) -> Prepared:
    """Render a plan and decide how it is to be run."""
    statement = render(plan, catalog.representations)
    explained, plain = plan.media.plan, statement.text
    if explained is not None:
        statement = Statement(_explain(explained.plan_json, explained.plan_options, statement), statement.arguments)
    function = plan.call.function if plan.call is not None else None
    settings = _hoisted(function, hoisted) if function is not None else ()
    isolation = _isolation(function.settings) if function is not None else None
    settings = tuple(pair for pair in settings if pair[0] != _ISOLATION)
    mode = _mode(request, function)
    return Prepared(
        plan=plan,
        statement=statement,
        plain=plain,
        count=render_count(plan) if _asks_planner(plan) else None,
        mode=mode,
        is_call=function is not None,
        in_transaction=bool(settings) or isolation is not None or _may_be_refused(request, plan, mode),
        isolation=isolation,
        settings=settings,
        reads=reads_of(plan, catalog),
    )


def _explain(as_json: bool, options: tuple[str, ...], statement: Statement) -> Sql:
    listed = ["FORMAT JSON" if as_json else "FORMAT TEXT", *(option.upper() for option in options)]
    return Sql(f"EXPLAIN ({', '.join(listed)}) {statement.text}")


def _hoisted(function: Function, patterns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value)
        for name, value in function.settings
        if any(re.search(pattern, f"{name}={value}") for pattern in patterns)
    )


def _isolation(settings: tuple[tuple[str, str], ...]) -> Isolation | None:
    """What a function says of it, be it the usual level: its caller's role may have another."""
    return next((isolation_named(value) or _USUAL for name, value in settings if name == _ISOLATION), None)


def isolation_named(name: str | None) -> Isolation | None:
    """An isolation level other than PostgreSQL's usual one."""
    return _ISOLATIONS.get(name.lower()) if name else None


def _mode(request: ApiRequest, function: Function | None) -> Mode:
    if request.method in ("GET", "HEAD"):
        return "read"
    return "read" if function is not None and function.read_only else "write"


def _asks_planner(plan: Plan) -> bool:
    return plan.count in ("planned", "estimated") and plan.write is None and plan.call is None


def _may_be_refused(request: ApiRequest, plan: Plan, mode: Mode) -> bool:
    if mode == "read":
        return False
    strict = request.prefer.handling == "strict" and request.prefer.max_affected is not None
    return plan.media.kind == "object" or request.method == "PUT" or strict
