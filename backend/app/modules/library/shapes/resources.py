"""Resources and what hangs on them."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from app.modules.library.shapes.people import Author, GroupBrief
from app.modules.library.tables.kinds import PermissionType, ResourceType, ResourceVisibility
from app.named.shapes import Added, Embed, Shape


class ResourceCore(Shape):
    """A resource without its author."""

    both_casings: ClassVar[bool] = True

    id: UUID
    user_id: UUID
    title: str
    description: str
    category: str | None
    tags: list[str]
    resource_type: ResourceType
    visibility: ResourceVisibility
    github_url: str | None
    external_url: str | None
    file_path: str | None
    file_url: str | None
    file_size: str | None
    language: str | None
    license: str | None
    readme: str | None
    average_rating: float
    ratings_count: int
    downloads_count: int
    views_count: int
    created_at: datetime
    updated_at: datetime


class Resource(ResourceCore):
    """A resource and its author."""

    profile: Annotated[Author, Embed("profiles!user_id")]


class AuthorWithBio(Author):
    """The author of a resource, on its own page."""

    bio: str | None


class ResourceInFull(ResourceCore):
    """A resource on its own page."""

    profile: Annotated[AuthorWithBio, Embed("profiles!user_id")]


class Share(Shape):
    """To whom a resource was opened."""

    id: UUID
    resource_id: UUID
    shared_with_user_id: UUID | None
    shared_with_group_id: UUID | None
    permission: PermissionType
    expires_at: datetime | None
    created_at: datetime
    shared_with_user: Annotated[Author | None, Embed("profiles!shared_with_user_id")]
    shared_with_group: Annotated[GroupBrief | None, Embed("groups!shared_with_group_id")]


class ResourcePermission(Shape):
    """An explicit right on a resource."""

    id: UUID
    resource_id: UUID
    user_id: UUID | None
    group_id: UUID | None
    permission: str
    expires_at: datetime | None
    created_at: datetime


class Permitted(Shape):
    """To whom an explicit right was given."""

    user_id: UUID
    username: str | None
    full_name: str | None
    email: str | None


class ResourcePermissionInFull(ResourcePermission):
    """An explicit right, and to whom it was given."""

    user: Annotated[Permitted | None, Embed("profiles!user_id")]
    group: Annotated[GroupBrief | None, Embed("groups!group_id")]


class SavedResource(Shape):
    """A resource that somebody keeps at hand."""

    id: UUID
    user_id: UUID
    resource_id: UUID
    created_at: datetime
    resource: Annotated[Resource, Embed("resources!inner")]


class Rating(Shape):
    """One user's mark for one resource."""

    id: UUID
    user_id: UUID
    resource_id: UUID
    rating: int
    created_at: datetime
    updated_at: datetime


class RatingWithAuthor(Rating):
    """A mark and whose it is."""

    profile: Annotated[Author, Embed("profiles!user_id")]


class VersionAuthor(Author):
    """Who kept a version; the address is shown to those who may know it."""

    email: str | None


class VersionListed(Shape):
    """A resource as it was."""

    id: UUID
    version_number: int
    title: str
    description: str
    category: str | None
    tags: list[str]
    github_url: str | None
    external_url: str | None
    language: str | None
    readme: str | None
    file_path: str | None
    file_url: str | None
    file_size: str | None
    change_summary: str | None
    created_at: datetime
    creator: Annotated[VersionAuthor | None, Embed("profiles!created_by")]


class Version(VersionListed):
    """A resource as it was, on its own."""

    resource_id: UUID


class Snapshot(Shape):
    """What a version keeps of a resource."""

    title: str
    description: str
    category: str | None
    tags: list[str]
    github_url: str | None
    external_url: str | None
    language: str | None
    readme: str | None
    file_path: str | None
    file_url: str | None
    file_size: str | None


class Template(Shape):
    """A resource half filled in, to start from."""

    id: UUID
    name: str
    description: str
    category: str
    tags: list[str]
    language: str | None
    readme: str | None
    icon: str | None
    preview: str | None
    is_public: bool
    created_by: UUID | None
    usage_count: int
    template_data: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    creator: Annotated[Author | None, Embed("profiles!created_by")]


class StoredFile(Shape):
    """What is known of an uploaded file."""

    id: UUID
    original_name: str
    file_name: str
    mime_type: str
    size: int
    url: Annotated[str, Added()] = ""
