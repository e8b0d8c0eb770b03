"""Tables of people: profiles, what they prefer, their rank, their groups, what they are told.

The account itself (address, password, sessions) is the core's `relais.users`: nothing secret is in a table that
everybody may read.
"""

from typing import Any, ClassVar

from sqlalchemy import Boolean, String, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.modules.library.tables.kinds import (
    APP_ROLE,
    CALLER,
    GROUP_ROLE,
    GROUPS,
    PROFILES,
    RESOURCES,
    USERS,
    AppRole,
    GroupRole,
    LibraryNames,
)
from app.tables import UUID, SQLModel, column, datetime, identifier, reference, stamp, tenant

_profiles = LibraryNames("profiles")
_preferences = LibraryNames("profile_preferences")
_user_roles = LibraryNames("user_roles")
_groups = LibraryNames("groups")
_members = LibraryNames("group_members")
_notifications = LibraryNames("notifications")


class Profile(SQLModel, table=True):
    """Somebody as the others see them. `id` and `user_id` are one value: clients know a single identifier."""

    __tablename__: ClassVar[Any] = _profiles.table
    __table_args__ = _profiles.args(
        _profiles.tenant,
        _profiles.references_global("user_id", USERS),
        _profiles.unique("user_id"),
        _profiles.unique("username"),
        _profiles.check("id", "id = user_id"),
        _profiles.index("user_id", within_tenant=False),
    )
    tenant_id: UUID = tenant()
    id: UUID = reference()
    user_id: UUID = reference()
    username: str | None = column(String(255), null=True)
    full_name: str | None = column(String(255), null=True)
    bio: str | None = column(Text(), null=True)
    avatar_url: str | None = column(Text(), null=True)
    github_username: str | None = column(String(255), null=True)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ProfilePreferences(SQLModel, table=True):
    """How somebody wants the application to be: their own business, hence apart from the profile."""

    __tablename__: ClassVar[Any] = _preferences.table
    __table_args__ = _preferences.args(
        _preferences.tenant, _preferences.references("user_id", PROFILES), primary_key=("tenant_id", "user_id")
    )
    tenant_id: UUID = tenant()
    user_id: UUID = reference(default=CALLER)
    preferred_layout: str | None = column(String(50), null=True)
    notifications: dict[str, Any] = column(JSONB(), default="'{}'::jsonb")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class UserRole(SQLModel, table=True):
    """Somebody's rank. One row a user; past `expires_at` it counts for nothing."""

    __tablename__: ClassVar[Any] = _user_roles.table
    __table_args__ = _user_roles.args(
        _user_roles.tenant,
        _user_roles.references("user_id", PROFILES),
        _user_roles.unique("user_id"),
        _user_roles.index("expires_at", within_tenant=False, where="expires_at is not null"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    user_id: UUID = reference()
    role: AppRole = column(APP_ROLE, default="'user'::library.app_role")
    expires_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Group(SQLModel, table=True):
    """People who receive shares together."""

    __tablename__: ClassVar[Any] = _groups.table
    __table_args__ = _groups.args(
        _groups.tenant,
        _groups.references("owner_id", PROFILES),
        _groups.index("owner_id"),
        _groups.index("created_at desc"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    name: str = column(String(255))
    description: str | None = column(Text(), null=True)
    owner_id: UUID = reference(default=CALLER)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class GroupMember(SQLModel, table=True):
    """Somebody in a group."""

    __tablename__: ClassVar[Any] = _members.table
    __table_args__ = _members.args(
        _members.tenant,
        _members.references("group_id", GROUPS),
        _members.references("user_id", PROFILES),
        _members.unique("group_id", "user_id"),
        _members.index("user_id"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    group_id: UUID = reference()
    user_id: UUID = reference()
    role: GroupRole = column(GROUP_ROLE, default="'member'::library.group_role")
    added_at: datetime = stamp()
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Notification(SQLModel, table=True):
    """Something that somebody is told. Only the server writes them; their reader marks them read."""

    __tablename__: ClassVar[Any] = _notifications.table
    __table_args__ = _notifications.args(
        _notifications.tenant,
        _notifications.references("user_id", PROFILES),
        _notifications.references("resource_id", RESOURCES),
        _notifications.references("group_id", GROUPS),
        _notifications.index("user_id", "created_at desc"),
        _notifications.index("user_id", name="unread", where="not is_read"),
        _notifications.index("resource_id"),
        _notifications.index("group_id"),
        _notifications.index("created_at", name="read", within_tenant=False, where="is_read"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    user_id: UUID = reference()
    type: str = column(String(50))
    title: str = column(String(255))
    message: str = column(Text())
    resource_id: UUID | None = reference(null=True)
    group_id: UUID | None = reference(null=True)
    is_read: bool = column(Boolean(), default="false")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()
