"""Who may read a row as it was at some moment: the table's own policies, asked about an image of the row.

A change that is told late must not show what its reader could never have read: a row that was private then and is
public now is judged as it was then. So policies are not asked by reading the table, where the row is as it is now, but
their conditions are put to the image, in the reader's name. What they look up elsewhere (shares, memberships) is as it
is now: who has lost a share is told nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.adapters.postgres import SERVICE, Database, Stamp
from app.catalog.types import Name

_RULES = (Path(__file__).parent / "queries" / "rules.sql").read_text(encoding="utf-8")
#: Rules and roles are few; whatever is built on a new catalog is built anew.
_MOST_RULES = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """What of a table a role may read."""

    #: What tells which of the images a caller may read; empty: none of them, ever.
    statement: str
    columns: frozenset[str]


@dataclass(slots=True)
class Readers:
    """Asks the rules."""

    database: Database
    _rules: dict[tuple[Name, str], Rules] = field(default_factory=dict[tuple[Name, str], Rules])

    def forget(self) -> None:
        """The catalog is another one: its rules may be."""
        self._rules.clear()

    async def rules(self, table: Name, role: str) -> Rules:
        """Those of a table for a role."""
        found = self._rules.get((table, role))
        if found is None:
            found = await self._looked_up(table, role)
            if len(self._rules) >= _MOST_RULES:
                self._rules.clear()
            self._rules[table, role] = found
        return found

    async def readable(self, table: Name, stamp: Stamp, images: Sequence[str]) -> set[int]:
        """The places of those images, given as JSON, that a caller may read."""
        rules = await self.rules(table, stamp.role)
        if not rules.statement or not images:
            return set()
        rows = await self.database.fetch(stamp, rules.statement, list(images), mode="write")
        return {row[0] for row in rows}

    async def _looked_up(self, table: Name, role: str) -> Rules:
        async with self.database.transaction(SERVICE, "write") as connection:
            # Names are written out in full where the search path does not find them.
            await connection.execute("set local search_path = ''")
            row = await connection.fetchrow(_RULES, _quoted(table), role)
            self.database.forget(connection)
        if row is None or row["columns"] is None:
            return Rules("", frozenset())
        conditions = _conditions(row["sees_all"], row["permissive"], row["restrictive"])
        return Rules(_statement(table, conditions), frozenset(row["columns"]))


def _conditions(sees_all: bool, permissive: Sequence[str] | None, restrictive: Sequence[str] | None) -> str:
    if sees_all:
        return "true"
    return " and ".join(
        f"({item})" for item in (" or ".join(f"({one})" for one in permissive or ("false",)), *(restrictive or ()))
    )


def _statement(table: Name, conditions: str) -> str:
    """The image takes the place of the table: by its name, for that is how conditions speak of it."""
    name = '"' + table.name.replace('"', '""') + '"'
    return f"""
        select "image"."place" - 1 from unnest($1::text[]) with ordinality as "image"("row", "place")
        cross join lateral (
          select "of".* from jsonb_populate_record(null::{_quoted(table)}, "image"."row"::jsonb) as "of"
        ) as {name}
        where {conditions}
    """  # noqa: S608 - conditions are PostgreSQL's own, names are quoted


def _quoted(table: Name) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in table)
