"""Profiles, groups and what people are told."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.modules.library.tables.kinds import AppRole, GroupRole
from app.named.shapes import Added, Embed, Shape


class Author(Shape):
    """Somebody, beside something of theirs."""

    user_id: UUID
    username: str | None
    full_name: str | None
    avatar_url: str | None


class Named(Shape):
    """Somebody by name alone."""

    user_id: UUID
    username: str | None
    full_name: str | None


class Profile(Shape):
    """A profile as everybody sees it."""

    both_casings: ClassVar[bool] = True

    id: UUID
    user_id: UUID
    username: str | None
    full_name: str | None
    bio: str | None
    avatar_url: str | None
    github_username: str | None
    role: AppRole | None
    created_at: datetime
    updated_at: datetime


class OwnProfile(Profile):
    """A profile as its owner sees it."""

    email: str | None
    preferred_layout: Annotated[str | None, Added()] = None


class GroupMember(Shape):
    """Somebody in a group."""

    both_casings: ClassVar[bool] = True

    id: UUID
    group_id: UUID
    user_id: UUID
    role: GroupRole
    added_at: datetime
    profile: Annotated[Author, Embed("profiles!user_id")]


class Group(Shape):
    """A group."""

    both_casings: ClassVar[bool] = True

    id: UUID
    name: str
    description: str | None
    owner_id: UUID
    created_at: datetime
    updated_at: datetime
    owner: Annotated[Author, Embed("profiles!owner_id")]


class GroupBrief(Shape):
    """A group, beside something of it."""

    id: UUID
    name: str
    description: str | None


class MemberCounts(BaseModel):
    """How many there are in a group."""

    members: int


class GroupWithMembers(Group):
    """A group and who is in it."""

    members: Annotated[list[GroupMember], Embed("group_members!group_id")]
    members_count: Annotated[int, Added()] = 0
    counts: Annotated[MemberCounts, Added(), Field(alias="_count")]


class GroupInFull(GroupWithMembers):
    """A group as the reader stands in it; whoever owns it counts as one of its administrators."""

    is_owner: Annotated[bool, Added()]
    user_role: Annotated[Literal["admin", "member"] | None, Added()]


class GroupName(Shape):
    """A group by name alone."""

    id: UUID
    name: str


class ResourceTitle(Shape):
    """A resource beside what is told about it."""

    id: UUID
    title: str
    description: str


class NotificationCore(Shape):
    """What somebody is told."""

    both_casings: ClassVar[bool] = True

    id: UUID
    user_id: UUID
    type: str
    title: str
    message: str
    resource_id: UUID | None
    group_id: UUID | None
    is_read: bool
    created_at: datetime


class Notification(NotificationCore):
    """What somebody is told, and what it is about."""

    resource: Annotated[ResourceTitle | None, Embed("resources!resource_id")]
    group: Annotated[GroupName | None, Embed("groups!group_id")]
