"""Rights to rows that hang on rows of other tables: when one of these goes, who had it is told that the row is gone."""

from collections.abc import Mapping, Sequence

from app.catalog.identifiers import quoted
from app.catalog.types import Name, Table
from app.module import Module
from app.realtime.subscriptions import Lookup, Right


def rights_to(table: Table, modules: Sequence[Module]) -> Mapping[Name, Right]:
    """By table, what rights to the rows of this one hang on."""
    found: dict[Name, Right] = {}
    for module in modules:
        if module.schema == table.name.schema and len(table.primary_key) == 1:
            statement = _still_seen(table)
            for right in module.realtime_rights.get(table.name.name, ()):
                name = Name(module.schema, right.table)
                found[name] = Right(Lookup(statement, right.column), right.user_column)
    return found


def _still_seen(table: Table) -> str:
    key, name = table.primary_key[0], quoted(*table.name)
    column = quoted(key)
    return f"select {column}::text, 'true' from {name} where {column} = any ($1::text[]::{table.columns[key].type}[])"  # noqa: S608 - names are quoted, the type is PostgreSQL's own word
