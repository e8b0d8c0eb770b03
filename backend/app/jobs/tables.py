"""Core tables of background work: mail that waits to be sent."""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.tables import UUID, SQLModel, TableNames, column, datetime, enum_type, identifier, reference, stamp

_email_outbox = TableNames("relais", "email_outbox")


class MailStatus(StrEnum):
    """How far a message has come."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


MAIL_STATUS = enum_type("relais", "mail_status", MailStatus)


class Email(SQLModel, table=True):
    """A message written in the transaction that caused it and sent by the worker later: never lost, never in vain."""

    __tablename__: ClassVar[Any] = _email_outbox.table
    __table_args__ = _email_outbox.args(
        _email_outbox.references_global("tenant_id", "relais.tenants.id"),
        _email_outbox.index("tenant_id", within_tenant=False),
        _email_outbox.index(
            "next_attempt_at", within_tenant=False, where="status in ('pending', 'sending')", name="due"
        ),
        primary_key=("id",),
    )
    id: UUID = identifier()
    tenant_id: UUID | None = reference(null=True)
    recipient: str = column(Text())
    template: str = column(Text())
    locale: str = column(Text(), default="'fr'")
    data: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    #: Whoever reads it can do what the recipient may: encrypted, and emptied once it is sent.
    sealed: bytes | None = column(LargeBinary(), null=True)
    status: MailStatus = column(MAIL_STATUS, default="'pending'::relais.mail_status")
    attempts: int = column(Integer(), default="0")
    next_attempt_at: datetime = stamp()
    last_error: str | None = column(Text(), null=True)
    sent_at: datetime | None = stamp(null=True, default=None)
    failed_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()
