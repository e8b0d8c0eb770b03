"""The one stage that waits: runs what was prepared as the caller, checks the outcome, hands over bytes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.adapters.joint import SETTLE, Isolation
from app.adapters.postgres import Connection, Database, Row, Stamp
from app.errors import AppError, refuse
from app.gateway.array_text import array_elements
from app.gateway.cost import check_cost, is_costed
from app.gateway.errors import MAX_AFFECTED, NOT_SINGULAR, PUT_MISMATCH
from app.gateway.prepare import Prepared
from app.gateway.query_string import bounded
from app.gateway.sql import function_call
from app.gateway.types import ApiRequest, Argument, Prefer, ResultSet, Statement

#: Symbols of operators never contain letters, types always do.
_OPERATOR = re.compile(r"(operator does not exist: .*[a-z\]\"] [^a-z\" ]+) [a-z\"].*\Z", re.IGNORECASE)


class _RolledBack(Exception):
    """Carries a result out of a transaction that is not to be kept."""

    def __init__(self, result: ResultSet) -> None:
        super().__init__()
        self.result = result


class Rules:
    """Settings that execution depends on."""

    __slots__ = ("override", "pre_request", "rollback")

    def __init__(self, *, pre_request: str, tx_end: str) -> None:
        self.pre_request = function_call(pre_request) if pre_request else ""
        self.rollback = tx_end.startswith("rollback")
        self.override = tx_end.endswith("-allow-override")

    def rolls_back(self, prefer: Prefer) -> bool:
        """Whether nothing of a request with these preferences is kept."""
        if self.override and prefer.transaction is not None:
            return prefer.transaction == "rollback"
        return self.rollback


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an execution depends on besides its statement."""

    rules: Rules
    tenant: str
    #: Of the caller's role.
    isolation: Isolation | None
    #: What a read may cost; None: whatever it takes.
    budget: float | None = None
    #: Whatever it is, it must not write.
    reads_only: bool = False

    def need_transaction(self, request: ApiRequest) -> bool:
        """Whether settings ask for more around the statement than itself."""
        rules = self.rules
        return (
            bool(rules.pre_request)
            or self.reads_only
            or self.isolation is not None
            or request.prefer.timezone is not None
            or rules.rolls_back(request.prefer)
        )


async def execute(
    database: Database, prepared: Prepared, request: ApiRequest, stamp: Stamp, *, surroundings: Surroundings
) -> ResultSet:
    """What PostgreSQL answers."""
    if surroundings.budget is not None and is_costed(prepared):
        return await _in_transaction(database, prepared, request, stamp, surroundings)
    if prepared.in_transaction or surroundings.need_transaction(request):
        return await _in_transaction(database, prepared, request, stamp, surroundings)
    inputs = _inputs(prepared, request, surroundings.tenant)
    if prepared.plan.media.plan is not None or prepared.count is not None:
        async with database.connection(stamp, prepared.mode) as connection:
            return await _run(connection, prepared, request, inputs)
    args = _arguments(prepared.statement, inputs)
    row = await database.fetch_one(stamp, prepared.mode, prepared.statement.text, args, call=prepared.is_call)
    result = _result(prepared, row)
    _check(prepared, request, result)
    return result


def values_of(statement: Statement, prepared: Prepared, request: ApiRequest, tenant: str) -> list[Any]:
    """The values of a statement that is made of the same plan."""
    return _arguments(statement, _inputs(prepared, request, tenant))


def _inputs(prepared: Prepared, request: ApiRequest, tenant: str) -> list[Any]:
    payload = request.payload
    body: Any = None
    if payload is not None:
        body = payload.body.decode("utf-8", "replace") if payload.raw in ("text", "xml") else payload.body
    limit, offset = (None, 0) if prepared.plan.write is not None else bounded(request.window, request.max_rows)
    return [body, tenant, limit, offset, *request.values]


def _arguments(statement: Statement, inputs: Sequence[Any]) -> list[Any]:
    return [
        inputs[item[0]] if item[0] >= 0 and not item[3] else _argument(item, inputs) for item in statement.arguments
    ]


def _argument(item: Argument, inputs: Sequence[Any]) -> Any:
    if item.is_array:
        return array_elements(inputs[item.position])
    return item.constant if item.constant is not None else [inputs[position] for position in item.several]


async def _in_transaction(
    database: Database,
    prepared: Prepared,
    request: ApiRequest,
    stamp: Stamp,
    surroundings: Surroundings,
) -> ResultSet:
    rules, isolation = surroundings.rules, prepared.isolation or surroundings.isolation
    try:
        only = surroundings.reads_only
        async with database.transaction(stamp, prepared.mode, isolation=isolation, reads_only=only) as connection:
            result = await run_within(database, connection, prepared, request, surroundings)
            if rules.rolls_back(request.prefer):
                await settle(connection)
                raise _RolledBack(result)
            return result
    except _RolledBack as rolled_back:
        return rolled_back.result


async def run_within(
    database: Database, connection: Connection, prepared: Prepared, request: ApiRequest, surroundings: Surroundings
) -> ResultSet:
    """What PostgreSQL answers in a transaction that has begun, as the caller that the connection is set to."""
    rules = surroundings.rules
    await _set_for_transaction(connection, prepared, request)
    if rules.pre_request:
        await connection.execute(rules.pre_request)
    inputs = _inputs(prepared, request, surroundings.tenant)
    if surroundings.budget is not None and is_costed(prepared):
        await check_cost(connection, prepared, _arguments(prepared.statement, inputs), surroundings.budget)
    result = await _run(connection, prepared, request, inputs)
    if result.headers is not None or result.status is not None:
        # Set for the session, perhaps; the next request must not be answered with them.
        database.soil(connection)
    elif prepared.is_call or rules.pre_request:
        database.forget(connection)
    return result


async def settle(connection: Connection) -> None:
    """Have deferred constraints complain as they would at the end, while it is still the caller who is told."""
    await connection.execute(SETTLE)


async def _set_for_transaction(connection: Connection, prepared: Prepared, request: ApiRequest) -> None:
    settings = list(prepared.settings)
    if request.prefer.timezone is not None:
        settings.insert(0, ("timezone", request.prefer.timezone))
    if settings:
        calls = ", ".join(f"set_config(${n}, ${n + 1}, true)" for n in range(1, 2 * len(settings), 2))
        await connection.execute(f"select {calls}", *(part for pair in settings for part in pair))


async def _run(connection: Connection, prepared: Prepared, request: ApiRequest, inputs: list[Any]) -> ResultSet:
    args = _arguments(prepared.statement, inputs)
    if prepared.plan.media.plan is not None:
        rows = await connection.fetch(prepared.statement.text, *args)
        return ResultSet(b"".join(_bytes(row[0]) + b"\n" for row in rows), len(rows))
    row = await connection.fetchrow(prepared.statement.text, *args)
    assert row is not None
    result = _result(prepared, row)
    _check(prepared, request, result)
    if prepared.count is None:
        return result
    explained = await connection.fetchval(prepared.count.text, *_arguments(prepared.count, inputs))
    return _with_estimate(prepared, result, int(orjson.loads(explained)[0]["Plan"]["Plan Rows"]))


def _with_estimate(prepared: Prepared, result: ResultSet, estimate: int) -> ResultSet:
    counted, most = result.table_total, prepared.plan.max_rows
    if prepared.plan.count == "estimated" and counted is not None:
        estimate = counted if most is not None and counted <= most else max(counted, estimate)
    return ResultSet(
        result.body, result.page_total, estimate, result.location, result.inserted, result.headers, result.status
    )


def _result(prepared: Prepared, row: Row) -> ResultSet:
    body = row["body"]
    write = prepared.plan.write
    return ResultSet(
        body=body if type(body) is bytes else _bytes(body),
        page_total=row["page_total"],
        table_total=row["total"] if write is None else None,
        location=tuple(row["location"]) if write is not None and row["location"] is not None else None,
        inserted=row["inserted"] if write is not None else None,
        headers=row["response_headers"],
        status=row["response_status"],
    )


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return b"" if value is None else str(value).encode()


def _check(prepared: Prepared, request: ApiRequest, result: ResultSet) -> None:
    """What can only be told once the rows are there. Inside a transaction a refusal undoes it."""
    plan, count = prepared.plan, result.page_total
    if request.method == "PUT":
        if count != 1:
            raise refuse(PUT_MISMATCH)
        return
    if plan.media.kind == "object" and count != 1:
        raise refuse(NOT_SINGULAR, f"The result contains {count} rows")
    most = request.prefer.max_affected
    strict = request.prefer.handling == "strict" and most is not None
    affects = request.method in ("PATCH", "DELETE") or plan.call is not None
    if strict and affects and most is not None and count > most:
        raise refuse(MAX_AFFECTED, f"The query affects {count} rows")


def as_of_unknown(error: AppError) -> None:
    """Tell of an operator that a type has not as if the value had had no type: that it is cast is our affair."""
    if error.code == "42883" and (found := _OPERATOR.match(error.message)):
        error.message = f"{found[1]} unknown"
