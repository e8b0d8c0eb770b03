"""Tables and schemas, in SQLModel's way: a base with the fields, a table, and what is read and sent."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, TIMESTAMP, Enum, ForeignKeyConstraint, Numeric, Text
from sqlmodel import Field, Relationship, SQLModel

SCHEMA = "library"


class ResourceType(StrEnum):
    """What a resource points at."""

    FILE_UPLOAD = "file_upload"
    EXTERNAL_LINK = "external_link"
    GITHUB_REPO = "github_repo"


class ResourceVisibility(StrEnum):
    """Whom a resource is meant for."""

    PUBLIC = "public"
    PRIVATE = "private"
    SHARED_USERS = "shared_users"
    SHARED_GROUPS = "shared_groups"


def _stored(values: type[StrEnum], name: str) -> Enum:
    return Enum(*(item.value for item in values), name=name, schema=SCHEMA)


def tenant_id() -> UUID:
    """The one tenant of this application."""
    return UUID(os.environ["TEXTBOOK_TENANT_ID"])


def _now() -> datetime:
    return datetime.now(UTC)


def _timestamp() -> Any:
    return Field(default_factory=_now, sa_type=TIMESTAMP(timezone=True))  # pyright: ignore


class ProfileBase(SQLModel):
    """What everybody may know of somebody."""

    username: str | None = None
    full_name: str | None = None
    avatar_url: str | None = None


class Profile(ProfileBase, table=True):
    """Somebody."""

    __tablename__: ClassVar[Any] = "profiles"
    __table_args__ = ({"schema": SCHEMA},)
    tenant_id: UUID = Field(default_factory=tenant_id, primary_key=True)
    user_id: UUID = Field(primary_key=True)
    id: UUID
    resources: list["Resource"] = Relationship(back_populates="author")


class ProfileRead(ProfileBase):
    """A profile as it is answered."""

    id: UUID


class ResourceBase(SQLModel):
    """What somebody says of a resource."""

    user_id: UUID
    title: str
    description: str
    category: str = ""
    tags: list[str] = Field(default_factory=list, sa_type=ARRAY(Text()))  # pyright: ignore
    resource_type: ResourceType = Field(
        default=ResourceType.EXTERNAL_LINK,
        sa_type=_stored(ResourceType, "resource_type"),  # pyright: ignore
    )
    visibility: ResourceVisibility = Field(
        default=ResourceVisibility.PUBLIC,
        sa_type=_stored(ResourceVisibility, "resource_visibility"),  # pyright: ignore
    )
    github_url: str | None = None
    external_url: str | None = None
    file_path: str | None = None
    file_url: str | None = None
    file_size: str | None = None
    language: str | None = None
    license: str | None = None
    readme: str | None = None


class Resource(ResourceBase, table=True):
    """A resource."""

    __tablename__: ClassVar[Any] = "resources"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], [f"{SCHEMA}.profiles.tenant_id", f"{SCHEMA}.profiles.user_id"]),
        {"schema": SCHEMA},
    )
    tenant_id: UUID = Field(default_factory=tenant_id, primary_key=True)
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    average_rating: float = Field(default=0, sa_type=Numeric(3, 2, asdecimal=False))  # pyright: ignore
    ratings_count: int = 0
    downloads_count: int = 0
    views_count: int = 0
    created_at: datetime = _timestamp()
    updated_at: datetime = _timestamp()
    author: Profile | None = Relationship(back_populates="resources")


class ResourceCreate(ResourceBase):
    """A resource as it is sent."""


class ResourceRead(ResourceBase):
    """A resource as it is answered."""

    id: UUID
    average_rating: float
    ratings_count: int
    downloads_count: int
    views_count: int
    created_at: datetime
    updated_at: datetime


class ResourceWithAuthor(ResourceRead):
    """A resource as it is answered in a list."""

    author: ProfileRead | None = None
