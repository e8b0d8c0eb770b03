"""Removing many rows in small parts: each is soon committed, and nobody waits long for one."""

from typing import Any

from app.adapters.postgres import SERVICE, Database

#: Rows that one statement removes.
PART = 5000


async def removed_in_parts(database: Database, statement: str, *values: Any) -> int:
    """Run a statement until it removes less than it may, which is its last parameter; how many rows went."""
    total = 0
    while True:
        async with database.connection(SERVICE, "write") as connection:
            outcome = await connection.execute(statement, *values, PART)
        removed = int(outcome.rsplit(" ", 1)[-1])
        total += removed
        if removed < PART:
            return total
