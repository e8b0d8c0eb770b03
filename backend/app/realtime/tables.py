"""Core tables of realtime: the log of changes that triggers append to, and how far it has been numbered."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.tables import UUID, SQLModel, TableNames, column, datetime, reference, stamp

_change_log = TableNames("relais", "change_log")
_change_marks = TableNames("relais", "change_marks")


class Change(SQLModel, table=True):
    """One row written, changed or deleted in a table that its module marks for realtime."""

    __tablename__: ClassVar[Any] = _change_log.table
    __table_args__ = _change_log.args(
        _change_log.references_global("tenant_id", "relais.tenants.id"),
        _change_log.index("tenant_id", within_tenant=False),
        _change_log.index("created_at", within_tenant=False),
        _change_log.index("position", within_tenant=False, unique=True),
        _change_log.index("id", within_tenant=False, where="position is null", name="unnumbered"),
        _change_log.check("operation", "operation in ('INSERT', 'UPDATE', 'DELETE')"),
        primary_key=("id",),
    )
    id: int = column(BigInteger(), identity=True)
    #: Given once the change is committed; in this order changes are told.
    position: int | None = column(BigInteger(), null=True)
    tenant_id: UUID | None = reference(null=True)
    table_schema: str = column(Text())
    table_name: str = column(Text())
    operation: str = column(Text())
    row_key: dict[str, Any] = column(JSONB())
    old_row: dict[str, Any] | None = column(JSONB(), null=True)
    new_row: dict[str, Any] | None = column(JSONB(), null=True)
    created_at: datetime = stamp()


class ChangeMarks(SQLModel, table=True):
    """The one row that says which positions have been given."""

    __tablename__: ClassVar[Any] = _change_marks.table
    __table_args__ = _change_marks.args(_change_marks.check("id", "id = 1"), primary_key=("id",))
    id: int = column(Integer(), default="1")
    last: int = column(BigInteger(), default="0")
