"""Tables of resources: the rows themselves and their versions, who may see them, templates and files.

What people do with a resource (save, rate, comment, collect) is in `community.py`.
"""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Integer, Numeric, String, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.modules.library.tables.kinds import (
    CALLER,
    GROUPS,
    PERMISSION_TYPE,
    PROFILES,
    RESOURCE_TYPE,
    RESOURCE_VISIBILITY,
    RESOURCES,
    LibraryNames,
    PermissionType,
    ResourceType,
    ResourceVisibility,
)
from app.tables import UUID, SQLModel, column, datetime, identifier, reference, stamp, tenant, words

_resources = LibraryNames("resources")
_versions = LibraryNames("resource_versions")
_shares = LibraryNames("resource_shares")
_permissions = LibraryNames("resource_permissions")
_templates = LibraryNames("resource_templates")
_files = LibraryNames("files")

TRIGRAMS = "gin_trgm_ops"


class Resource(SQLModel, table=True):
    """What the library is made of. Its counters and its rating are the server's; changing them is no update."""

    __tablename__: ClassVar[Any] = _resources.table
    __table_args__ = _resources.args(
        _resources.tenant,
        _resources.references("user_id", PROFILES),
        _resources.check("average_rating", "average_rating between 0 and 5"),
        _resources.check("counters", "ratings_count >= 0 and downloads_count >= 0 and views_count >= 0"),
        _resources.index("created_at desc"),
        _resources.index("updated_at desc"),
        _resources.index("views_count desc"),
        _resources.index("user_id", "created_at desc"),
        _resources.index("user_id", "updated_at desc"),
        _resources.index("category", "created_at desc"),
        _resources.index("tags", within_tenant=False, postgresql_using="gin"),
        _resources.index(
            "library_internal.folded(tags)", within_tenant=False, postgresql_using="gin", name="folded_tags"
        ),
        # Names may be of any length, which only this kind of index takes.
        _resources.index("file_path", within_tenant=False, postgresql_using="hash"),
        _resources.index("title", within_tenant=False, postgresql_using="gin", postgresql_ops={"title": TRIGRAMS}),
        _resources.index(
            "description", within_tenant=False, postgresql_using="gin", postgresql_ops={"description": TRIGRAMS}
        ),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    user_id: UUID = reference(default=CALLER)
    title: str = column(String(500))
    description: str = column(Text())
    category: str = column(String(255), default="''")
    tags: list[str] = words()
    resource_type: ResourceType = column(RESOURCE_TYPE, default="'external_link'::library.resource_type")
    visibility: ResourceVisibility = column(RESOURCE_VISIBILITY, default="'public'::library.resource_visibility")
    github_url: str | None = column(Text(), null=True)
    external_url: str | None = column(Text(), null=True)
    file_path: str | None = column(Text(), null=True)
    file_url: str | None = column(Text(), null=True)
    file_size: str | None = column(String(50), null=True)
    language: str | None = column(String(100), null=True)
    license: str | None = column(String(100), null=True)
    readme: str | None = column(Text(), null=True)
    average_rating: float = column(Numeric(3, 2), default="0")
    ratings_count: int = column(Integer(), default="0")
    downloads_count: int = column(Integer(), default="0")
    views_count: int = column(Integer(), default="0")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ResourceVersion(SQLModel, table=True):
    """A resource as it was. The server numbers them when the number sent is taken or missing."""

    __tablename__: ClassVar[Any] = _versions.table
    __table_args__ = _versions.args(
        _versions.tenant,
        _versions.references("resource_id", RESOURCES),
        _versions.references("created_by", PROFILES),
        _versions.unique("resource_id", "version_number"),
        _versions.check("version_number", "version_number > 0"),
        _versions.index("created_by"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    resource_id: UUID = reference()
    version_number: int = column(Integer())
    title: str = column(String(500))
    description: str = column(Text())
    category: str = column(String(255), default="''")
    tags: list[str] = words()
    github_url: str | None = column(Text(), null=True)
    external_url: str | None = column(Text(), null=True)
    language: str | None = column(String(100), null=True)
    readme: str | None = column(Text(), null=True)
    file_path: str | None = column(Text(), null=True)
    file_url: str | None = column(Text(), null=True)
    file_size: str | None = column(String(50), null=True)
    created_by: UUID = reference(default=CALLER)
    change_summary: str | None = column(Text(), null=True)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ResourceShare(SQLModel, table=True):
    """A resource opened to a user or to a group, until it expires. Sharing again with a target changes the share."""

    __tablename__: ClassVar[Any] = _shares.table
    __table_args__ = _shares.args(
        _shares.tenant,
        _shares.references("resource_id", RESOURCES),
        _shares.references("shared_with_user_id", PROFILES),
        _shares.references("shared_with_group_id", GROUPS),
        _shares.unique("resource_id", "shared_with_user_id"),
        _shares.unique("resource_id", "shared_with_group_id"),
        _shares.check("target", "num_nonnulls(shared_with_user_id, shared_with_group_id) = 1"),
        _shares.index("shared_with_user_id"),
        _shares.index("shared_with_group_id"),
        _shares.index("expires_at", within_tenant=False, where="expires_at is not null"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    resource_id: UUID = reference()
    shared_with_user_id: UUID | None = reference(null=True)
    shared_with_group_id: UUID | None = reference(null=True)
    permission: PermissionType = column(PERMISSION_TYPE, default="'read'::library.permission_type")
    expires_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ResourcePermission(SQLModel, table=True):
    """An explicit right on a resource. `permission` is free text; `read` and `resource:read` mean the same."""

    __tablename__: ClassVar[Any] = _permissions.table
    __table_args__ = _permissions.args(
        _permissions.tenant,
        _permissions.references("resource_id", RESOURCES),
        _permissions.references("user_id", PROFILES),
        _permissions.references("group_id", GROUPS),
        _permissions.check("target", "num_nonnulls(user_id, group_id) = 1"),
        _permissions.check("permission", "length(permission) between 3 and 100"),
        _permissions.index("resource_id"),
        _permissions.index("user_id"),
        _permissions.index("group_id"),
        _permissions.index("expires_at", within_tenant=False, where="expires_at is not null"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    resource_id: UUID = reference()
    user_id: UUID | None = reference(null=True)
    group_id: UUID | None = reference(null=True)
    permission: str = column(Text())
    expires_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ResourceTemplate(SQLModel, table=True):
    """A resource half filled in, to start from."""

    __tablename__: ClassVar[Any] = _templates.table
    __table_args__ = _templates.args(
        _templates.tenant,
        _templates.references("created_by", PROFILES, on_delete="set null"),
        _templates.check("usage_count", "usage_count >= 0"),
        _templates.index("created_by"),
        _templates.index("is_public", "created_at desc"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    name: str = column(String(255))
    description: str = column(Text(), default="''")
    category: str = column(String(255), default="''")
    tags: list[str] = words()
    language: str | None = column(String(100), null=True)
    readme: str | None = column(Text(), null=True)
    icon: str | None = column(String(255), null=True)
    preview: str | None = column(Text(), null=True)
    is_public: bool = column(Boolean(), default="false")
    created_by: UUID | None = reference(null=True, default=CALLER)
    usage_count: int = column(Integer(), default="0")
    template_data: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class File(SQLModel, table=True):
    """An uploaded file: what is known of it, not its bytes. One that ever hung on a resource is not public.

    An inline one was written into a row by a form, and goes when no row names it any more.
    """

    __tablename__: ClassVar[Any] = _files.table
    __table_args__ = _files.args(
        _files.tenant,
        _files.references("uploaded_by", PROFILES, on_delete="set null"),
        _files.references("resource_id", RESOURCES, on_delete="set null"),
        _files.unique("file_name"),
        _files.check("file_name", "file_name ~ '^[A-Za-z0-9][A-Za-z0-9._-]*$'"),
        _files.check("size", "size >= 0"),
        _files.index("uploaded_by"),
        _files.index("resource_id"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    file_name: str = column(Text())
    original_name: str = column(Text())
    mime_type: str = column(Text())
    size: int = column(BigInteger())
    uploaded_by: UUID | None = reference(null=True, default=CALLER)
    resource_id: UUID | None = reference(null=True)
    is_public: bool = column(Boolean(), default="true")
    is_inline: bool = column(Boolean(), default="false")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()
