"""Who may read a row as it was at some moment: the table's own policies, asked about an image of the row.

A change that is told late must not show what its reader could never have read: a row that was private then and is
public now is judged as it was then. So policies are not asked by reading the table, where the row is as it is now, but
their conditions are put to the image, in the reader's name. What they look up elsewhere (shares, memberships) is as it
is now: who has lost a share is told nothing more.

Most of what many hear of is open to all of them. So the part of the conditions on which readers agree is asked once for
all who have the same role in the same tenant, and only what it leaves out is asked in each reader's name.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from app import log
from app.adapters.postgres import SERVICE, Database, Stamp
from app.catalog.conditions import for_everybody
from app.catalog.identifiers import quoted
from app.catalog.policies import policies_of
from app.catalog.types import Name
from app.errors import AppError

#: Rules and roles are few; whatever is built on a new catalog is built anew.
_MOST_RULES = 1000
#: Nobody is told when a role becomes a member of another one, and may then see more or less.
_LONGEST_SECONDS = 60.0
NOT_JUDGED = "changes_not_judged"
#: Statuses of errors that have nothing to do with what was asked.
_NOT_OURS = 500


@dataclass(frozen=True, slots=True)
class Rules:
    """What of a table a role may read."""

    #: What tells which of the images a caller may read; empty: none of them, ever.
    statement: str
    columns: frozenset[str]
    #: What tells which of them whoever has the role in the same tenant may read for sure; empty: of none is that known.
    shared: str = ""


@dataclass(slots=True)
class Readers:
    """Asks the rules."""

    database: Database
    _rules: dict[tuple[Name, str], Rules] = field(default_factory=dict[tuple[Name, str], Rules])
    _since: float = field(default_factory=time.monotonic)

    def forget(self) -> None:
        """The catalog is another one: its rules may be. What is being looked up is not remembered either."""
        self._rules = {}

    async def rules(self, table: Name, role: str) -> Rules:
        """Those of a table for a role."""
        if time.monotonic() - self._since > _LONGEST_SECONDS:
            self.forget()
            self._since = time.monotonic()
        known = self._rules
        found = known.get((table, role))
        if found is None:
            found = await self._looked_up(table, role)
            if len(known) >= _MOST_RULES:
                known.clear()
            known[table, role] = found
        return found

    async def readable(self, table: Name, stamp: Stamp, images: Sequence[str]) -> set[int]:
        """The places of those images, given as JSON, that a caller may read."""
        return await self._places(table, (await self.rules(table, stamp.role)).statement, stamp, images)

    async def readable_by_all(self, table: Name, stamp: Stamp, images: Sequence[str]) -> set[int]:
        """The places of images that every caller may read who has the role of this one, in the same tenant."""
        return await self._places(table, (await self.rules(table, stamp.role)).shared, stamp, images)

    async def _places(self, table: Name, statement: str, stamp: Stamp, images: Sequence[str]) -> set[int]:
        if not statement or not images:
            return set()
        try:
            rows = await self.database.fetch(stamp, statement, list(images), mode="write")
        except AppError as error:
            if error.status >= _NOT_OURS:
                raise
            # A condition that fails for one row must not keep the others from being told; a list would fail as well.
            if len(images) == 1:
                log.event(NOT_JUDGED, {"table": table.name, "reason": str(error)}, level="warning")
                return set()
            half = len(images) // 2
            first = await self._places(table, statement, stamp, images[:half])
            return first | {half + place for place in await self._places(table, statement, stamp, images[half:])}
        return {row[0] for row in rows}

    async def _looked_up(self, table: Name, role: str) -> Rules:
        async with self.database.transaction(SERVICE, "write") as connection:
            found = await policies_of(connection, table, role)
            self.database.forget(connection)
        if found is None or not found.columns:
            return Rules("", frozenset())
        condition = found.condition()
        shared = for_everybody(found)
        judged = _statement(table, condition, found.needed)
        return Rules(judged, found.columns, _statement(table, shared, found.needed) if shared else "")


def _statement(table: Name, conditions: str, needed: Collection[str]) -> str:
    """The image takes the place of the table: by its name, for that is how conditions speak of it.

    Values are left out of images: long ones, and those that are generated. Where a condition speaks of such a value, it
    cannot be judged, and nobody is shown the row: null is not what the row has there.
    """
    texts = ("'" + name.replace("'", "''") + "'" for name in sorted(needed))
    whole = "".join(f""" and "image"."row"::jsonb ? {text}""" for text in texts)
    return f"""
        select "image"."place" - 1 from unnest($1::text[]) with ordinality as "image"("row", "place")
        cross join lateral (
          select "of".* from jsonb_populate_record(null::{quoted(*table)}, "image"."row"::jsonb) as "of"
        ) as {quoted(table.name)}
        where ({conditions}){whole}
    """  # noqa: S608 - conditions are PostgreSQL's own, names are quoted
