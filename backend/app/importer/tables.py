"""Core table of imports: one row a run, the unit that can be taken back."""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.tables import UUID, SQLModel, TableNames, column, datetime, enum_type, identifier, reference, stamp


class ImportStatus(StrEnum):
    """How far an import has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REVERTED = "reverted"


IMPORT_STATUS = enum_type("relais", "import_status", ImportStatus)
_import_batches = TableNames("relais", "import_batches")


class ImportBatch(SQLModel, table=True):
    """A run of the importer: what came in, with which options, and what became of it."""

    __tablename__: ClassVar[Any] = _import_batches.table
    __table_args__ = _import_batches.args(
        _import_batches.references_global("tenant_id", "relais.tenants.id"),
        _import_batches.references_global("created_by", "relais.users.id", on_delete="set null"),
        _import_batches.index("created_at"),
        _import_batches.index("created_by", within_tenant=False),
        primary_key=("id",),
    )
    id: UUID = identifier()
    tenant_id: UUID = reference()
    created_by: UUID | None = reference(null=True)
    source_name: str = column(Text())
    source_hash: bytes = column(LargeBinary())
    status: ImportStatus = column(IMPORT_STATUS, default="'running'::relais.import_status")
    options: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    report: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    created_at: datetime = stamp()
    finished_at: datetime | None = stamp(null=True, default=None)
    reverted_at: datetime | None = stamp(null=True, default=None)
