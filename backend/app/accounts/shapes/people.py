"""Somebody, as they are shown to themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.answers import Message


class Metadata(BaseModel):
    """What an account says of itself: these, and whatever else it was given."""

    model_config = ConfigDict(extra="allow")

    full_name: str | None
    avatar_url: str | None


class Person(BaseModel):
    """Somebody, under the names of both of the frontend's clients."""

    id: UUID
    userId: UUID
    user_id: UUID
    email: str
    username: str | None
    fullName: str | None
    avatarUrl: str | None
    bio: str | None
    role: str | None
    emailVerified: bool
    user_metadata: Metadata
    created_at: datetime
    createdAt: datetime


class Who(BaseModel):
    """Who the caller is."""

    user: Person


class OwnPerson(Person):
    """Somebody, and how they sign in."""

    locale: str
    hasPassword: bool
    providers: list[str]


class OwnAccount(BaseModel):
    """The caller's account, and what it says of itself: any object."""

    user: OwnPerson
    metadata: dict[str, Any]


class AccountChanged(Message, OwnAccount):
    """The caller's account, as it was changed."""
