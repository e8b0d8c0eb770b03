"""The words that tables are declared with: columns every table has, tenant-bound keys, names of constraints.

Tables themselves are declared beside their owner (`auth/tables.py`, `modules/<name>/tables.py`). They are the source of
Alembic's metadata and of schemas; nothing on the request path runs a query through them.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Enum,
    ForeignKeyConstraint,
    Identity,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine, Uuid
from sqlmodel import Field, SQLModel, Text

metadata = SQLModel.metadata
Timestamp = TIMESTAMP(timezone=True)


class TableNames:
    """Constraint names as PostgreSQL would choose them, without the tenant column: `resources_user_id_fkey`.

    Clients name foreign keys in their queries (`profiles!resources_user_id_fkey`), so these names are an interface.
    """

    def __init__(self, schema: str, table: str) -> None:
        self.schema = schema
        self.table = table

    def args(self, *items: SchemaItem, primary_key: Sequence[str] = ("tenant_id", "id")) -> tuple[Any, ...]:
        """`__table_args__` for a table of this name."""
        key = PrimaryKeyConstraint(*primary_key, name=f"{self.table}_pkey")
        return (key, *items, {"schema": self.schema})

    def unique(self, *columns: str, within_tenant: bool = True) -> UniqueConstraint:
        """A unique constraint, per tenant unless told otherwise."""
        leading = ("tenant_id",) if within_tenant else ()
        return UniqueConstraint(*leading, *columns, name=f"{self.table}_{'_'.join(columns)}_key")

    def check(self, about: str, condition: str) -> CheckConstraint:
        """A check named after what it is about."""
        return CheckConstraint(text(condition), name=f"{self.table}_{about}_check")

    def index(
        self,
        *columns: str,
        name: str | None = None,
        within_tenant: bool = True,
        where: str | None = None,
        **options: Any,
    ) -> Index:
        """An index led by the tenant, or exactly the given expressions when `within_tenant` is false."""
        if where is not None:
            options["postgresql_where"] = text(where)
        leading = ("tenant_id",) if within_tenant else ()
        label = name or "_".join(column.split(" ")[0] for column in columns)
        terms = [text(column) if " " in column or "(" in column else column for column in (*leading, *columns)]
        return Index(f"{self.table}_{label}_idx", *terms, **options)

    def references(self, column: str, target: str, *, on_delete: str = "cascade") -> ForeignKeyConstraint:
        """A foreign key inside the tenant: no row can point into another one.

        `set null` empties the named column only; the tenant stays. `target` is `table.column` or `schema.table.column`.
        """
        path = target.split(".")
        table, remote = ".".join(path[:-1] if len(path) == 3 else (self.schema, path[0])), path[-1]
        action = f"SET NULL ({column})" if on_delete == "set null" else on_delete.upper()
        return ForeignKeyConstraint(
            ["tenant_id", column],
            [f"{table}.tenant_id", f"{table}.{remote}"],
            name=f"{self.table}_{column}_fkey",
            ondelete=action,
        )

    def references_global(self, column: str, target: str, *, on_delete: str = "cascade") -> ForeignKeyConstraint:
        """A foreign key to a table that no tenant owns (`schema.table.column`)."""
        return ForeignKeyConstraint([column], [target], name=f"{self.table}_{column}_fkey", ondelete=on_delete.upper())


def column(
    kind: TypeEngine[Any] | type[TypeEngine[Any]],
    *,
    null: bool = False,
    default: str | None = None,
    identity: bool = False,
    name: str | None = None,
) -> Any:
    """A column of this SQL type. `default` is SQL, `identity` numbers the rows, `name` is the column's if another."""
    options: dict[str, Any] = {} if name is None else {"name": name}
    if identity:
        options["server_default"] = Identity(always=True)
    elif default is not None:
        options["server_default"] = text(default)
    return Field(default=None, sa_type=kind, nullable=null, sa_column_kwargs=options)  # pyright: ignore


def identifier() -> Any:
    """The `id` column: time-ordered where the server can (PostgreSQL 18), random elsewhere."""
    return column(Uuid(), default="relais.new_id()")


def tenant() -> Any:
    """The `tenant_id` column, filled from the caller."""
    return column(Uuid(), default="relais.tenant_id()")


def reference(*, null: bool = False, default: str | None = None) -> Any:
    """A column that holds another row's id."""
    return column(Uuid(), null=null, default=default)


def stamp(*, null: bool = False, default: str | None = "now()") -> Any:
    """A timestamp with time zone."""
    return column(Timestamp, null=null, default=default)


def words() -> Any:
    """A list of texts that is never null."""
    return column(ARRAY(Text()), default="'{}'::text[]")


def enum_type(schema: str, name: str, values: type[StrEnum]) -> Enum:
    """A PostgreSQL enum with the values of a Python one."""
    return Enum(values, name=name, schema=schema, metadata=metadata, values_callable=_values)


def _values(kind: type[StrEnum]) -> list[str]:
    return [item.value for item in kind]


__all__ = [
    "UUID",
    "Field",
    "SQLModel",
    "TableNames",
    "Timestamp",
    "column",
    "datetime",
    "enum_type",
    "identifier",
    "metadata",
    "reference",
    "stamp",
    "tenant",
    "words",
]
