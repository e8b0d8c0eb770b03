"""How seeded rows reach the database: identifiers that are always the same, and inserts that leave alone what is there.

Rows are frozen dataclasses whose fields are the columns (`records`). What they say is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import orjson

from app.adapters.postgres import Connection

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: Names of the seed's rows become identifiers below it. Changing it makes every seeded row another row.
NAMESPACE = UUID("5b1c8a52-3f0e-5d64-9a57-7c2f4f6f1e0d")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for one table. `same` names further columns by which a row counts as there already."""

    what: str
    table: str
    rows: Sequence["DataclassInstance"]
    same: tuple[str, ...] = ()


def identifier(*name: object) -> UUID:
    """The identifier of the seeded row of this name, in every database alike."""
    return uuid5(NAMESPACE, ":".join(map(str, name)))


def dice(name: str) -> Random:
    """Chance that falls the same way each time, one sequence a name: a new table does not reshuffle the others."""
    return Random(name)  # noqa: S311 - nothing secret is drawn


def moment_between(chance: Random, start: datetime, end: datetime) -> datetime:
    """Some time after the one and before the other."""
    return start + (end - start) * chance.random()


async def put(connection: Connection, batch: Batch) -> int:
    """Insert the rows that are not there yet, for the tenant of the connection, and say how many.

    They are looked for before the insert, because triggers that replace or number rows act before any conflict is
    noticed; the conflict clause is for rows of users that occupy the same place under another identifier.
    """
    if not batch.rows:
        return 0
    columns = ", ".join(f'"{field.name}"' for field in fields(batch.rows[0]))
    known = "old.id = new.id"
    if batch.same:
        known += " or (" + " and ".join(f"old.{name} = new.{name}" for name in batch.same) + ")"
    statement = f"""
        insert into {batch.table} ({columns})
        select {columns} from jsonb_populate_recordset(null::{batch.table}, $1::text::jsonb) as new
        where not exists (
          select from {batch.table} as old where old.tenant_id = relais.tenant_id() and ({known})
        )
        on conflict do nothing
    """  # noqa: S608 - names are constants of this package, values travel in $1
    answer: str = await connection.execute(statement, orjson.dumps(batch.rows).decode())
    return int(answer.rsplit(" ", 1)[-1])
