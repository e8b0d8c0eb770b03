"""Core table of the gateway: the answers to writes that carried a key."""

from typing import Any, ClassVar

from sqlalchemy import LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.tables import UUID, SQLModel, TableNames, column, datetime, reference, stamp

_keys = TableNames("relais", "idempotency_keys")


class IdempotencyKey(SQLModel, table=True):
    """A write that was done under a key, in the same transaction, and what was answered.

    Without foreign keys: tenants and users may be those of another issuer, and all of it is gone after a day.
    """

    __tablename__: ClassVar[Any] = _keys.table
    __table_args__ = _keys.args(
        _keys.index("tenant_id", "owner", "created_at", within_tenant=False, name="owner"),
        _keys.index("created_at", within_tenant=False),
        primary_key=("tenant_id", "owner", "key"),
    )
    tenant_id: UUID = reference()
    #: Whose key it is: the user, or what tells a caller without one from others.
    owner: str = column(Text())
    key: str = column(Text())
    #: A digest of what was asked.
    request: bytes = column(LargeBinary())
    #: Null only while the write is under way, which nobody else sees.
    status: int | None = column(SmallInteger(), null=True)
    headers: list[Any] | None = column(JSONB(), null=True)
    #: Null: it was too long to be kept.
    body: bytes | None = column(LargeBinary(), null=True)
    created_at: datetime = stamp()
