"""Files as clients read them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel

from app.named.shapes import Added, Shape, Source


class OwnFile(Shape):
    """A file in the list of whoever uploaded it."""

    id: UUID
    file_name: str
    original_name: str
    mime_type: str
    size: int
    resource_id: UUID | None
    is_public: bool
    uploaded_at: Annotated[datetime, Source("created_at")]
    url: Annotated[str, Added()]


class Uploaded(Shape):
    """A file that has just come in."""

    id: UUID
    file_name: str
    original_name: str
    mime_type: str
    size: int
    resource_id: UUID | None
    uploaded_at: datetime
    url: str


class UploadAnswer(BaseModel):
    """That a file has come in."""

    success: bool
    file: Uploaded


class FileInfo(Shape):
    """What is known of a file."""

    file_name: str
    original_name: str
    size: int
    mime_type: str
    created_at: datetime
    url: str


class SignedLink(Shape):
    """An address that opens a file to whoever has it, for a while."""

    url: str
    expires_at: datetime
