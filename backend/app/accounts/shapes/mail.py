"""Mail that goes out."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.answers import Answer, Message
from app.jobs.tables import MailStatus


class Mail(Answer):
    """A message, and how far it has come. What it says is not shown."""

    both_casings: ClassVar[bool] = True

    id: UUID
    recipient: str
    template: str
    locale: str
    status: MailStatus
    attempts: int
    last_error: str | None
    next_attempt_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    created_at: datetime


class MailHandled(Message):
    """A message, after what was done with it."""

    email: Mail
