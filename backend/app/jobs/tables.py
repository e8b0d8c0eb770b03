"""Core tables of background work: mail that waits to be sent, jobs that must not be lost, buffers that were emptied."""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.tables import UUID, SQLModel, TableNames, column, datetime, enum_type, identifier, reference, stamp

_email_outbox = TableNames("relais", "email_outbox")
_jobs = TableNames("relais", "jobs")
_flushed = TableNames("relais", "flushed_batches")


class MailStatus(StrEnum):
    """How far a message has come."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class JobState(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    #: Given up; kept until somebody has it tried again.
    DEAD = "dead"


JOB_STATE = enum_type("relais", "job_state", JobState)
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


class JobRow(SQLModel, table=True):
    """A job that must not be lost. The queue carries it, this row is the truth about it."""

    __tablename__: ClassVar[Any] = _jobs.table
    __table_args__ = _jobs.args(
        _jobs.references_global("tenant_id", "relais.tenants.id"),
        _jobs.index("key", within_tenant=False, unique=True),
        _jobs.index("name", "scheduled_for", within_tenant=False, unique=True, where="scheduled_for is not null"),
        _jobs.index("run_after", within_tenant=False, where="state in ('waiting', 'running')", name="due"),
        _jobs.index("state", "created_at desc", within_tenant=False),
        _jobs.index("tenant_id", within_tenant=False),
        primary_key=("id",),
    )
    id: UUID = identifier()
    tenant_id: UUID | None = reference(null=True)
    name: str = column(Text())
    arguments: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    #: Two with one key are one.
    key: str | None = column(Text(), null=True)
    #: The time of its schedule that it is for.
    scheduled_for: datetime | None = stamp(null=True, default=None)
    state: JobState = column(JOB_STATE, default="'waiting'::relais.job_state")
    attempts: int = column(Integer(), default="0")
    #: Of one that runs: when it is anybody's again, unless its worker says that it is still at it.
    run_after: datetime = stamp()
    #: Also how a worker proves that the job is still its own.
    started_at: datetime | None = stamp(null=True, default=None)
    finished_at: datetime | None = stamp(null=True, default=None)
    last_error: str | None = column(Text(), null=True)
    created_at: datetime = stamp()


class FlushedBatch(SQLModel, table=True):
    """What was buffered in Redis and has been written here: written in the same transaction, so that it is once."""

    __tablename__: ClassVar[Any] = _flushed.table
    __table_args__ = _flushed.args(_flushed.index("created_at", within_tenant=False), primary_key=("id",))
    id: UUID = identifier()
    buffer: str = column(Text())
    created_at: datetime = stamp()
