"""Core table of realtime: the log of changes that triggers append to, in the transaction that makes the change."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.tables import UUID, SQLModel, TableNames, column, datetime, reference, stamp

_change_log = TableNames("relais", "change_log")


class Change(SQLModel, table=True):
    """One row written, changed or deleted in a table that its module marks for realtime."""

    __tablename__: ClassVar[Any] = _change_log.table
    __table_args__ = _change_log.args(
        _change_log.references_global("tenant_id", "relais.tenants.id"),
        _change_log.index("tenant_id", within_tenant=False),
        _change_log.index("created_at", within_tenant=False),
        _change_log.check("operation", "operation in ('INSERT', 'UPDATE', 'DELETE')"),
        primary_key=("id",),
    )
    id: int = column(BigInteger(), identity=True)
    tenant_id: UUID | None = reference(null=True)
    table_schema: str = column(Text())
    table_name: str = column(Text())
    operation: str = column(Text())
    row_key: dict[str, Any] = column(JSONB())
    old_row: dict[str, Any] | None = column(JSONB(), null=True)
    new_row: dict[str, Any] | None = column(JSONB(), null=True)
    created_at: datetime = stamp()
