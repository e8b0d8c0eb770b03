"""Tables of what people do with resources: save, rate, comment, collect; and what they propose and vote on."""

from typing import Any, ClassVar

from sqlalchemy import Boolean, Integer, String, Text

from app.modules.library.tables.kinds import (
    CALLER,
    PROFILES,
    RESOURCES,
    SUGGESTION_STATUS,
    SUGGESTION_TYPE,
    VOTE_TYPE,
    LibraryNames,
    SuggestionStatus,
    SuggestionType,
    VoteType,
)
from app.tables import UUID, SQLModel, column, datetime, identifier, reference, stamp, tenant

_saved = LibraryNames("saved_resources")
_ratings = LibraryNames("resource_ratings")
_comments = LibraryNames("resource_comments")
_collections = LibraryNames("collections")
_entries = LibraryNames("collection_resources")
_suggestions = LibraryNames("category_tag_suggestions")
_votes = LibraryNames("suggestion_votes")


class SavedResource(SQLModel, table=True):
    """A resource that somebody keeps at hand."""

    __tablename__: ClassVar[Any] = _saved.table
    __table_args__ = _saved.args(
        _saved.tenant,
        _saved.references("user_id", PROFILES),
        _saved.references("resource_id", RESOURCES),
        _saved.unique("user_id", "resource_id"),
        _saved.index("resource_id"),
        _saved.index("user_id", "created_at desc"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    user_id: UUID = reference(default=CALLER)
    resource_id: UUID = reference()
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ResourceRating(SQLModel, table=True):
    """One user's mark for one resource."""

    __tablename__: ClassVar[Any] = _ratings.table
    __table_args__ = _ratings.args(
        _ratings.tenant,
        _ratings.references("user_id", PROFILES),
        _ratings.references("resource_id", RESOURCES),
        _ratings.unique("resource_id", "user_id"),
        _ratings.check("rating", "rating between 1 and 5"),
        _ratings.index("user_id"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    user_id: UUID = reference(default=CALLER)
    resource_id: UUID = reference()
    rating: int = column(Integer())
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class ResourceComment(SQLModel, table=True):
    """A remark on a resource, or a reply to one on the same resource."""

    __tablename__: ClassVar[Any] = _comments.table
    __table_args__ = _comments.args(
        _comments.tenant,
        _comments.references("resource_id", RESOURCES),
        _comments.references("user_id", PROFILES),
        _comments.references("parent_id", "resource_comments.id"),
        _comments.check("content", "content ~ '\\S'"),
        _comments.index("resource_id", "created_at"),
        _comments.index("user_id"),
        _comments.index("parent_id"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    resource_id: UUID = reference()
    user_id: UUID = reference(default=CALLER)
    parent_id: UUID | None = reference(null=True)
    content: str = column(Text())
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Collection(SQLModel, table=True):
    """Resources that somebody put together."""

    __tablename__: ClassVar[Any] = _collections.table
    __table_args__ = _collections.args(
        _collections.tenant,
        _collections.references("user_id", PROFILES),
        _collections.check("resources_count", "resources_count >= 0"),
        _collections.index("user_id", "updated_at desc"),
        _collections.index("is_public", "updated_at desc"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    name: str = column(String(255))
    description: str | None = column(Text(), null=True)
    user_id: UUID = reference(default=CALLER)
    is_public: bool = column(Boolean(), default="false")
    cover_image_url: str | None = column(Text(), null=True)
    resources_count: int = column(Integer(), default="0")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class CollectionResource(SQLModel, table=True):
    """A resource's place in a collection. `order` and `order_index` are two names of one number."""

    __tablename__: ClassVar[Any] = _entries.table
    __table_args__ = _entries.args(
        _entries.tenant,
        _entries.references("collection_id", "collections.id"),
        _entries.references("resource_id", RESOURCES),
        _entries.unique("collection_id", "resource_id"),
        _entries.index("collection_id", "order_index"),
        _entries.index("resource_id"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    collection_id: UUID = reference()
    resource_id: UUID = reference()
    order_index: int = column(Integer())
    order: int = column(Integer())
    added_at: datetime = stamp()
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class Suggestion(SQLModel, table=True):
    """A category, tag, type or filter that somebody proposes. `votes_count` is upvotes less downvotes."""

    __tablename__: ClassVar[Any] = _suggestions.table
    __table_args__ = _suggestions.args(
        _suggestions.tenant,
        _suggestions.references("suggested_by", PROFILES, on_delete="set null"),
        _suggestions.references("reviewed_by", PROFILES, on_delete="set null"),
        _suggestions.unique("name", "type"),
        _suggestions.check("name", "name ~ '\\S'"),
        _suggestions.check("action", "action = 'add'"),
        _suggestions.index("votes_count desc"),
        _suggestions.index("created_at desc"),
        _suggestions.index("suggested_by"),
        _suggestions.index("reviewed_by"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    name: str = column(String(255))
    description: str | None = column(Text(), null=True)
    type: SuggestionType = column(SUGGESTION_TYPE)
    status: SuggestionStatus = column(SUGGESTION_STATUS, default="'pending'::library.suggestion_status")
    action: str = column(String(50), default="'add'")
    votes_count: int = column(Integer(), default="0")
    suggested_by: UUID | None = reference(null=True, default=CALLER)
    reviewed_by: UUID | None = reference(null=True)
    reviewed_at: datetime | None = stamp(null=True, default=None)
    created_at: datetime = stamp()
    updated_at: datetime = stamp()


class SuggestionVote(SQLModel, table=True):
    """One user's vote on one suggestion."""

    __tablename__: ClassVar[Any] = _votes.table
    __table_args__ = _votes.args(
        _votes.tenant,
        _votes.references("suggestion_id", "category_tag_suggestions.id"),
        _votes.references("user_id", PROFILES),
        _votes.unique("suggestion_id", "user_id"),
        _votes.index("user_id"),
    )
    tenant_id: UUID = tenant()
    id: UUID = identifier()
    suggestion_id: UUID = reference()
    user_id: UUID = reference(default=CALLER)
    vote_type: VoteType = column(VOTE_TYPE, default="'upvote'::library.vote_type")
    created_at: datetime = stamp()
    updated_at: datetime = stamp()
