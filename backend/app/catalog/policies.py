"""The rules of reading of one table, as PostgreSQL applies them to a role: what its policies say, and in what words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

import orjson

from app.adapters.postgres import Connection
from app.catalog.identifiers import quoted
from app.catalog.types import Name


class Policy(NamedTuple):
    """A policy of reading. Its condition speaks of the row by the table's bare name."""

    name: str
    permissive: bool
    condition: str


@dataclass(frozen=True, slots=True)
class Policies:
    """What of a table a role may read."""

    #: No policy holds for the role.
    sees_all: bool
    #: Those that it may read at all.
    columns: frozenset[str]
    #: Permissive ones first, by name.
    policies: tuple[Policy, ...]
    #: Columns whose operators are PostgreSQL's own.
    plain: frozenset[str] = frozenset()
    #: Something in the policies is not to be seen in their text: casts, or types, that somebody made.
    hides: bool = False
    #: Columns that the policies speak of, of those that may be left out where a row is not taken from its table.
    needed: frozenset[str] = frozenset()

    def condition(self) -> str:
        """All of them as one: any of the permissive ones, and each of the others."""
        if self.sees_all:
            return "true"
        permissive = [item.condition for item in self.policies if item.permissive] or ["false"]
        return all_of((any_of(permissive), *(item.condition for item in self.policies if not item.permissive)))


def any_of(conditions: Sequence[str]) -> str:
    """Conditions of which one is enough."""
    return " OR ".join(f"({item})" for item in conditions)


def all_of(conditions: Sequence[str]) -> str:
    """Conditions that must all hold."""
    return " AND ".join(f"({item})" for item in conditions)


async def policies_of(connection: Connection, table: Name, role: str) -> Policies | None:
    """Those of a table for a role; None if there is no such table or role. Takes a transaction: it sets its path."""
    # Names are written out in full where the search path does not find them.
    await connection.execute("set local search_path = ''")
    row = await connection.fetchrow(_statement(), quoted(*table), role)
    if row is None:
        return None
    told = orjson.loads(row["policies"]) if row["policies"] is not None else ()
    return Policies(
        sees_all=row["sees_all"],
        columns=frozenset(row["columns"] or ()),
        policies=tuple(Policy(*item) for item in told),
        plain=frozenset(row["plain"] or ()),
        hides=row["hides"],
        needed=frozenset(row["needed"] or ()),
    )


@cache
def _statement() -> str:
    return (resources.files("app.catalog") / "queries" / "policies.sql").read_text()
