"""Every cell of the matrix: the caller really tries, and what comes of it is compared."""

import asyncpg
import pytest

from .matrix import OPERATIONS, Operation, Outcome, Row
from .matrix_core import CORE
from .matrix_library import LIBRARY
from .world import CALLERS, SERVICE, act_as, ident, sql

ROWS = LIBRARY + CORE
CELLS = [
    pytest.param(row, operation, caller, id=f"{row.label}-{operation}-{caller}")
    for row in ROWS
    for operation in OPERATIONS
    for caller in CALLERS
]


@pytest.mark.parametrize(("row", "operation", "caller"), CELLS)
async def test_a_caller_gets_what_the_matrix_says(
    db: asyncpg.Connection, row: Row, operation: Operation, caller: str
) -> None:
    if row.before and operation == "insert":
        await act_as(db, SERVICE)
        await db.execute(_for(caller, row.before))
    await act_as(db, caller)

    assert await _outcome(db, _statement(row, operation, caller)) is row.expected(operation, caller)


async def test_every_table_has_a_row_in_the_matrix(db: asyncpg.Connection) -> None:
    found = await db.fetch(
        "select relnamespace::regnamespace || '.' || relname as name from pg_class"
        " where relkind in ('r', 'p') and relnamespace in ('library'::regnamespace, 'relais'::regnamespace)"
    )

    assert {record["name"] for record in found} == {row.table for row in ROWS}


def test_the_matrix_is_as_large_as_it_says() -> None:
    assert len(CELLS) == len(ROWS) * len(OPERATIONS) * len(CALLERS)
    assert len(CELLS) >= 2400


def _statement(row: Row, operation: Operation, caller: str) -> str:
    statements: dict[Operation, str] = {
        "select": f"select from {row.table} where {row.where}",
        "insert": row.insert_sql,
        "update": f"update {row.table} set {row.set_sql} where {row.where}",
        "delete": f"delete from {row.table} where {row.where}",
    }
    return _for(caller, statements[operation])


def _for(caller: str, statement: str) -> str:
    me = CALLERS[caller].user or ident("owner")
    return sql(statement).format(me=f"'{me}'")


async def _outcome(db: asyncpg.Connection, statement: str) -> Outcome:
    try:
        tag = await db.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.ForeignKeyViolationError):
        # Somebody from elsewhere has no profile here for a row of theirs to refer to.
        return Outcome.REFUSED
    return Outcome.NOTHING if tag.endswith(" 0") else Outcome.DONE
