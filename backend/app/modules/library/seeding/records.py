"""The rows that the demo is made of, as values: a class a table, a field a column. Columns left out have defaults."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Visibility = Literal["public", "private", "shared_users", "shared_groups"]
Kind = Literal["external_link", "github_repo", "file_upload"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a demo account says of itself."""

    user_id: UUID
    full_name: str
    bio: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A row of `library.resources`, but for the numbers that the server keeps."""

    id: UUID
    user_id: UUID
    title: str
    description: str
    category: str
    tags: tuple[str, ...]
    resource_type: Kind
    visibility: Visibility
    github_url: str | None
    external_url: str | None
    file_path: str | None
    file_url: str | None
    file_size: str | None
    language: str | None
    license: str | None
    readme: str | None
    downloads_count: int
    views_count: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A row of `library.resource_versions`."""

    id: UUID
    resource_id: UUID
    version_number: int
    title: str
    description: str
    category: str
    tags: tuple[str, ...]
    github_url: str | None
    external_url: str | None
    language: str | None
    readme: str | None
    file_path: str | None
    file_url: str | None
    file_size: str | None
    created_by: UUID
    change_summary: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """A row of `library.resource_shares`: either a user or a group."""

    id: UUID
    resource_id: UUID
    shared_with_user_id: UUID | None
    shared_with_group_id: UUID | None
    permission: Literal["read", "write"]
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rating:
    """A row of `library.resource_ratings`."""

    id: UUID
    user_id: UUID
    resource_id: UUID
    rating: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """A row of `library.saved_resources`."""

    id: UUID
    user_id: UUID
    resource_id: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Comment:
    """A row of `library.resource_comments`."""

    id: UUID
    resource_id: UUID
    user_id: UUID
    parent_id: UUID | None
    content: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Collection:
    """A row of `library.collections`."""

    id: UUID
    name: str
    description: str
    user_id: UUID
    is_public: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `library.collection_resources`."""

    id: UUID
    collection_id: UUID
    resource_id: UUID
    order_index: int
    added_at: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """A row of `library.groups`."""

    id: UUID
    name: str
    description: str
    owner_id: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A row of `library.group_members`."""

    id: UUID
    group_id: UUID
    user_id: UUID
    role: Literal["member", "admin"]
    added_at: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A row of `library.notifications`."""

    id: UUID
    user_id: UUID
    type: str
    title: str
    message: str
    resource_id: UUID | None
    group_id: UUID | None
    is_read: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    """A row of `library.suggestion_votes`."""

    id: UUID
    suggestion_id: UUID
    user_id: UUID
    vote_type: Literal["upvote", "downvote"]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Template:
    """A row of `library.resource_templates`."""

    id: UUID
    name: str
    description: str
    category: str
    tags: tuple[str, ...]
    language: str
    readme: str
    is_public: bool
    created_by: None
    usage_count: int
    template_data: dict[str, object]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Category:
    """A row of `library.category_hierarchy`."""

    id: UUID
    name: str
    parent_id: UUID | None
    description: str
    order_index: int
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """A row of `library.category_filters`."""

    id: UUID
    category_id: UUID
    filter_key: str
    filter_type: str
    filter_label: str
    filter_options: tuple[str, ...]
    is_required: bool
    order_index: int
    created_at: datetime
    updated_at: datetime
