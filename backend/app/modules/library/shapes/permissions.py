"""The matrix of permissions, and the record of its changes."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.answers import Answer
from app.modules.library.tables.kinds import AppRole

Action = Literal[
    "PERMISSION_CREATED", "PERMISSION_UPDATED", "PERMISSION_DELETED", "PERMISSION_ASSIGNED", "PERMISSION_REVOKED"
]


class PermissionName(Answer):
    """What somebody may be allowed to do."""

    id: UUID
    name: str
    resource: str
    action: str


class RankWithIt(Answer):
    """A rank that has a permission."""

    role: AppRole
    role_permission_id: UUID


class Permission(PermissionName):
    """A permission, and the ranks that have it."""

    description: str | None
    roles: list[RankWithIt]


class Permissions(BaseModel):
    """All permissions."""

    data: list[Permission]


class OnePermission(BaseModel):
    """One permission."""

    data: Permission


class StoredPermission(PermissionName):
    """A permission as it is stored."""

    description: str | None
    created_at: datetime
    updated_at: datetime


class PermissionMade(BaseModel):
    """A new permission."""

    data: StoredPermission


class Assignment(Answer):
    """That a rank has a permission."""

    id: UUID
    role: AppRole
    permission_id: UUID
    created_at: datetime
    permission: StoredPermission


class PermissionAssigned(BaseModel):
    """A permission that a rank was given."""

    data: Assignment


class PermissionOfRank(PermissionName):
    """A permission that a rank has."""

    role_permission_id: UUID


class RankWithPermissions(Answer):
    """A rank and its permissions."""

    role: AppRole
    permissions: list[PermissionOfRank]


class Ranks(BaseModel):
    """The ranks, the highest first."""

    data: list[RankWithPermissions]


class Check(Answer):
    """Whether the caller has a permission."""

    has_permission: bool
    resource: str
    action: str


class PermissionChecked(BaseModel):
    """Whether the caller has a permission."""

    data: Check


class HeldPermissions(Answer):
    """The rank of a user, and what it permits: `resource:action`."""

    user_id: UUID
    role: AppRole | None
    permissions: list[str]


class UsersPermissions(BaseModel):
    """What a user may do."""

    data: HeldPermissions


class Actor(Answer):
    """Who changed something."""

    user_id: UUID
    username: str | None
    full_name: str | None
    email: str | None


class PermissionChange(Answer):
    """Who changed what. A permission that is gone is told by the name that it had."""

    id: UUID
    actor_user_id: UUID | None
    action: Action
    target_role: AppRole | None
    permission_id: UUID | None
    permission_name: str | None
    metadata: dict[str, Any] | None = Field(description="What the change was made with: any object.")
    created_at: datetime
    permission: PermissionName | None
    actor: Actor | None
