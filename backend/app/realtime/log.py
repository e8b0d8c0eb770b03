"""The log of changes as processes read it: numbered by whichever of them comes first, read by each of them.

A change has its position for ever, and positions have the order in which changes became visible. So a process, or a
client, that knows the last position it has seen knows what it has not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from app.adapters.postgres import SERVICE, Database
from app.catalog.types import Name

#: Told when there may be something to number, and when something was numbered.
CHANGED, NUMBERED = "relais_changes", "relais_numbered"
#: Changes that are numbered, or read, in one go.
MOST = 1000
#: Fewer brackets are never too deep.
_DEEP = 200
_NUMBER = "select relais.number_changes($1) as last"
#: What is before the first position that is left has been forgotten.
_MARKS = """
    select m.last, coalesce((select min(c.position) - 1 from relais.change_log as c), m.last) as floor
    from relais.change_marks as m
"""
_READ = """
    select position, table_schema, table_name, operation, row_key::text, old_row::text, new_row::text,
           tenant_id::text, to_json(created_at) #>> '{}' as at
    from relais.change_log
    where position > $1 and position <= $2
    order by position limit $3
"""
_READ_OF_TABLES = """
    select position, table_schema, table_name, operation, row_key::text, old_row::text, new_row::text,
           tenant_id::text, to_json(created_at) #>> '{}' as at
    from relais.change_log
    where position > $1 and position <= $2
      and (table_schema, table_name) in (select * from unnest($4::text[], $5::text[]))
    order by position limit $3
"""
Operation = Literal["INSERT", "UPDATE", "DELETE"]
Image = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a row."""

    position: int
    table: Name
    operation: Operation
    key: Image
    old: Image | None
    new: Image | None
    tenant_id: str
    #: When it was made, as JSON has it.
    at: str
    #: The images as they are logged.
    old_text: str | None = None
    new_text: str | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the log goes: what is after `floor`, up to `last`, is in it."""

    last: int
    floor: int


async def number(database: Database, known: int = 0) -> int:
    """Give committed changes their positions, given one that was given already; the last one."""
    while True:
        (row,) = await database.fetch(SERVICE, _NUMBER, MOST, mode="write")
        before, known = known, row["last"]
        # As many as are numbered in one go, whoever did it: there may be more.
        if known - before < MOST:
            return known


async def marks(database: Database) -> Marks:
    """How far the log goes now. Never asked of a replica: it may not have heard."""
    (row,) = await database.fetch(SERVICE, _MARKS, mode="write")
    return Marks(row["last"], row["floor"])


async def read(database: Database, after: int, until: int, tables: Sequence[Name] | None = None) -> Sequence[Change]:
    """The first changes after a position, of these tables or of all."""
    if tables is None:
        rows = await database.fetch(SERVICE, _READ, after, until, MOST, mode="write")
    else:
        schemas, names = [table.schema for table in tables], [table.name for table in tables]
        rows = await database.fetch(SERVICE, _READ_OF_TABLES, after, until, MOST, schemas, names, mode="write")
    return [_change(row) for row in rows]


def _change(row: Any) -> Change:
    old, new = row["old_row"], row["new_row"]
    key = _read_image(row["row_key"], {})
    return Change(
        row["position"],
        Name(row["table_schema"], row["table_name"]),
        row["operation"],
        key,
        None if old is None else _read_image(old, key),
        None if new is None else _read_image(new, key),
        row["tenant_id"] or "",
        row["at"],
        old,
        new,
    )


def _read_image(text: str, key: Image) -> Image:
    """An image; its key, if it has what PostgreSQL takes and nobody else: numbers of any size, lists of any depth.

    It is one row's trouble: all that come after it are told.
    """
    try:
        image = orjson.loads(text)
        if text.count("[") + text.count("{") > _DEEP:
            # It is written less deep than it is read.
            orjson.dumps([[image]])
        return image
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return key
