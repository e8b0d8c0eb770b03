"""From an `ApiRequest` to a `Plan`: names become the catalog's, or an error says which of them is not there."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.catalog.types import Catalog, Function, Name, Table
from app.errors import AppError, refuse
from app.gateway.errors import BAD_PREFERENCES, MAX_AFFECTED_SINGLE, NO_TABLE, say
from app.gateway.media import choose_media
from app.gateway.plan_call import find_function, plan_call, returned_rows
from app.gateway.plan_read import ReadPlanner, ReadRules
from app.gateway.plan_write import is_minimal, plan_write
from app.gateway.query import Field, SelectField
from app.gateway.similar import most_similar
from app.gateway.types import EVERYTHING, ApiRequest, Media, Plan

_EVERYTHING = (SelectField(Field("*")),)
_LEAST_LIKENESS = 0.75
_TOO_MANY_TO_COMPARE = 500


@dataclass(frozen=True, slots=True)
class PlanRules:
    """Settings that a plan depends on."""

    read: ReadRules
    plans: bool
    #: Embeds pass through `jsonb`, as in the reference: the same bytes, at its price.
    exact_embeds: bool


def plan_request(request: ApiRequest, catalog: Catalog, rules: PlanRules) -> Plan:
    """Resolve a request against the catalog."""
    if request.is_call:
        return _call(request, catalog, rules)
    table = find_table(catalog, request.target)
    if request.method in ("GET", "HEAD"):
        return _read(request, catalog, rules, table)
    return _write(request, catalog, rules, table)


def find_table(catalog: Catalog, name: Name) -> Table:
    """A table, or the error that suggests another."""
    table = catalog.tables.get(name)
    if table is not None:
        return table
    known = [item.name for item in catalog.tables if item.schema == name.schema]
    close = most_similar(name.name, known, _LEAST_LIKENESS) if len(known) < _TOO_MANY_TO_COMPARE else None
    raise say(
        NO_TABLE,
        f"Could not find the table '{name.schema}.{name.name}' in the schema cache",
        hint=f"Perhaps you meant the table '{name.schema}.{close}'" if close else None,
    )


def _read(request: ApiRequest, catalog: Catalog, rules: PlanRules, table: Table) -> Plan:
    planner = ReadPlanner(catalog, rules.read, request)
    read = planner.plan(table.name, table)
    media = _media(request, catalog, rules, table.name)
    _check_preferences(request)
    return Plan(
        read=read,
        media=media,
        count=request.prefer.count,
        headers_only=request.method == "HEAD",
        window=request.window != EVERYTHING,
        max_rows=rules.read.max_rows,
        warnings=tuple(planner.warnings),
        exact_embeds=rules.exact_embeds,
    )


def _write(request: ApiRequest, catalog: Catalog, rules: PlanRules, table: Table) -> Plan:
    planner = ReadPlanner(catalog, rules.read, request, is_write=True)
    read = planner.plan(table.name, table, alias=table.name.name)
    write = plan_write(request, table, read, planner.root_conditions)
    _check_preferences(request)
    media = _media(request, catalog, rules, table.name)
    returning = request.prefer.returning
    return Plan(
        read=read,
        media=media,
        write=write,
        count=request.prefer.count,
        wants_body=returning == "representation",
        wants_location=returning == "headers-only" and request.method == "POST" and bool(table.primary_key),
        warnings=tuple(planner.warnings) if not is_minimal(request) else (),
        exact_embeds=rules.exact_embeds,
    )


def _call(request: ApiRequest, catalog: Catalog, rules: PlanRules) -> Plan:
    function, takes_body = find_function(request, catalog)
    source = returned_rows(function)
    table = catalog.tables.get(source) if function.table is not None else None
    planner = ReadPlanner(catalog, rules.read, request)
    read = planner.plan(source, table or _rows_of(function, source), alias=source.name)
    media = _media(request, catalog, rules, source)
    _check_preferences(request)
    if request.prefer.handling == "strict" and request.prefer.max_affected is not None and not function.set_of:
        raise refuse(MAX_AFFECTED_SINGLE)
    return Plan(
        read=read,
        media=media,
        call=plan_call(request, function, read, takes_body=takes_body),
        count=request.prefer.count,
        headers_only=request.method == "HEAD",
        window=request.window != EVERYTHING,
        max_rows=rules.read.max_rows,
        warnings=tuple(planner.warnings),
        exact_embeds=rules.exact_embeds,
    )


def _rows_of(function: Function, name: Name) -> Table | None:
    """The rows of a function that are of no table."""
    if not function.columns:
        return None
    return Table(name, {column.name: column for column in function.columns})


def _media(request: ApiRequest, catalog: Catalog, rules: PlanRules, target: Name) -> Media:
    plain = request.query.select == _EVERYTHING
    return choose_media(request.accept, catalog.media_handlers, target, plain=plain, plans=rules.plans)


def _check_preferences(request: ApiRequest) -> None:
    if request.prefer.handling == "strict" and request.prefer.invalid:
        raise _invalid(request.prefer.invalid)


def _invalid(invalid: Sequence[str]) -> AppError:
    return refuse(BAD_PREFERENCES, f"Invalid preferences: {', '.join(invalid)}")
