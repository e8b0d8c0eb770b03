"""Settings, and who changed them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.modules.library.shapes.people import Named
from app.named.shapes import Embed, Shape


class ConfigRow(Shape):
    """A setting."""

    id: str
    key: str
    value: Any = Field(examples=[5])
    description: str | None
    created_at: datetime
    updated_at: datetime


class ConfigEntry(BaseModel):
    """A setting, under its key."""

    value: Any = Field(examples=[5])
    description: str | None
    updated_at: Annotated[datetime, Field(alias="updatedAt")]


class ConfigTableRow(BaseModel):
    """A setting as the table has it: the value is a text."""

    id: str
    key: str
    value: str
    description: str | None
    created_at: datetime
    updated_at: datetime


class ConfigChange(Shape):
    """Who changed a setting from what to what: null stands for no such setting."""

    id: UUID
    key: str
    old_value: str | None
    new_value: str | None
    actor_user_id: UUID | None
    created_at: datetime
    actor: Annotated[Named | None, Embed("profiles!actor_user_id")]
