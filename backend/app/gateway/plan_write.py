"""Resolves a write: its columns, its conflict target, what it returns."""

from collections.abc import Sequence

from app.catalog.types import Column, ComputedRelationship, Table
from app.errors import AppError, refuse
from app.gateway.errors import NO_COLUMN, PUT_FILTERS, say
from app.gateway.plan_read import TENANT
from app.gateway.types import (
    AnyCondition,
    ApiRequest,
    Condition,
    ReadNode,
    Resolution,
    WritePlan,
)

_KINDS = {"POST": "insert", "PATCH": "update", "PUT": "upsert", "DELETE": "delete"}


def plan_write(request: ApiRequest, table: Table, read: ReadNode, conditions: Sequence[AnyCondition]) -> WritePlan:
    """What the write does. `conditions` are the filters of its root."""
    kind = _KINDS[request.method]
    put = kind == "upsert"
    if put:
        _check_key_filters(request, table, conditions)
    columns = _columns(request, table)
    resolution, conflict = _conflict(request, table)
    everything, returning = (False, ()) if is_minimal(request) else _returning(read, table)
    payload = request.payload
    return WritePlan(
        kind=kind,  # pyright: ignore[reportArgumentType]
        table=table,
        columns=columns,
        body_is_array=payload is not None and payload.is_array,
        defaults=request.prefer.missing == "default" and not put,
        resolution=resolution,
        conflict=conflict,
        returning=returning,
        returns_everything=everything,
        conditions=() if put else tuple(conditions),
        key_conditions=tuple(item for item in conditions if isinstance(item, Condition)) if put else (),
        tenant=TENANT if table.tenant is not None else None,
        no_rows=payload is not None and not payload.has_rows,
    )


def is_minimal(request: ApiRequest) -> bool:
    """Whether the answer tells nothing of the rows."""
    return request.prefer.returning in (None, "minimal")


def _columns(request: ApiRequest, table: Table) -> tuple[Column, ...]:
    payload = request.payload
    if payload is None:
        return ()
    found: list[Column] = []
    for name in payload.columns:
        column = table.columns.get(name)
        if column is None:
            raise say(NO_COLUMN, f"Could not find the '{name}' column of '{table.name.name}' in the schema cache")
        found.append(column)
    return tuple(found)


def _check_key_filters(request: ApiRequest, table: Table, conditions: Sequence[AnyCondition]) -> None:
    plain = [
        item.column.name
        for item in conditions
        if isinstance(item, Condition)
        and item.operator == "eq"
        and not item.negated
        and item.quantifier is None
        and not item.path
    ]
    all_plain = len(plain) == len(conditions) == len(request.query.filters) and not request.query.logic
    if not all_plain or not table.primary_key or sorted(plain) != sorted(table.primary_key):
        raise refuse(PUT_FILTERS)


def _conflict(request: ApiRequest, table: Table) -> tuple[Resolution | None, tuple[str, ...]]:
    if request.method == "PUT":
        return "merge-duplicates", _with_tenant(table, table.primary_key)
    resolution = request.prefer.resolution
    if request.method != "POST" or resolution is None:
        return None, ()
    target = request.query.on_conflict or table.primary_key
    return (resolution, _with_tenant(table, target)) if target else (None, ())


def _with_tenant(table: Table, target: tuple[str, ...]) -> tuple[str, ...]:
    if table.tenant is not None and table.tenant.name in target:
        raise AppError("42703", 400, f'column "{table.tenant.name}" does not exist')
    if table.tenant is None or frozenset(target) in table.unique_keys:
        return target
    return (table.tenant.name, *target)


def _returning(read: ReadNode, table: Table) -> tuple[bool, tuple[str, ...]]:
    """The columns that the representation is made of: those selected, keys of embeds, the primary key."""
    if any(output.is_star for output in read.outputs):
        return True, ()
    names = {output.column.name for output in read.outputs if not output.whole_row} | set(table.primary_key)
    for child in read.embeds:
        if isinstance(child.relationship, ComputedRelationship):
            return True, ()
        names.update(origin_columns(child))
    if any(output.whole_row for output in read.outputs):
        return True, ()
    return False, tuple(sorted(names))


def origin_columns(child: ReadNode) -> list[str]:
    """The columns of the parent that an embed is joined by."""
    found = child.relationship
    if found is None or isinstance(found, ComputedRelationship):
        return []
    if found.junction is not None:
        return [theirs for _, theirs in found.junction.source_pairs]
    return [ours for ours, _ in found.pairs]
