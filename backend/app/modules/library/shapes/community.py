"""Comments, collections, suggestions, categories."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from app.modules.library.shapes.people import Author, Named
from app.modules.library.shapes.resources import Resource
from app.modules.library.tables.kinds import SuggestionStatus, SuggestionType, VoteType
from app.named.shapes import Added, Embed, Shape, Source


class Comment(Shape):
    """A remark on a resource."""

    both_casings: ClassVar[bool] = True

    id: UUID
    resource_id: UUID
    user_id: UUID
    parent_id: UUID | None
    content: str
    created_at: datetime
    updated_at: datetime
    profile: Annotated[Author, Embed("profiles!user_id")]


class CommentWithReplies(Comment):
    """A remark and what was answered to it."""

    replies: Annotated[list["CommentWithReplies"], Added()] = Field(default_factory=list)


class CollectionCore(Shape):
    """A collection without its owner."""

    both_casings: ClassVar[bool] = True

    id: UUID
    name: str
    description: str | None
    user_id: UUID
    is_public: bool
    cover_image_url: str | None
    #: Of those that the reader may read.
    resources_count: Annotated[int, Source("readable_count")]
    created_at: datetime
    updated_at: datetime


class Collection(CollectionCore):
    """A collection and its owner."""

    profile: Annotated[Author, Embed("profiles!user_id")]


class CollectionEntry(Shape):
    """A resource's place in a collection. Places of what the reader may not read are left out."""

    both_casings: ClassVar[bool] = True

    id: UUID
    collection_id: UUID
    resource_id: UUID
    added_at: datetime
    order_index: int
    resource: Annotated[Resource, Embed("resources!inner")]


class CollectionInFull(Collection):
    """A collection and what is in it."""

    collection_resources: Annotated[list[CollectionEntry], Embed("collection_resources!collection_id")]


class SuggestionCore(Shape):
    """What somebody proposes."""

    both_casings: ClassVar[bool] = True

    id: UUID
    name: str
    description: str | None
    type: SuggestionType
    status: SuggestionStatus
    action: str
    votes_count: int
    suggested_by: UUID | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Suggestion(SuggestionCore):
    """What somebody proposes, and who it was."""

    suggested_by_profile: Annotated[Named | None, Embed("profiles!suggested_by")]


class SuggestionVotes(BaseModel):
    """How many voted, either way."""

    suggestion_votes: Annotated[int, Field(alias="suggestionVotes")]


class SuggestionListed(Suggestion):
    """What somebody proposes, how many voted on it, and the vote of a reader who has signed in."""

    count: Annotated[SuggestionVotes | None, Added(), Field(alias="_count")] = None
    user_vote: Annotated[VoteType | None, Added()] = None


class Voter(Shape):
    """Somebody who voted."""

    user_id: UUID
    username: str | None
    full_name: str | None


class Vote(Shape):
    """One user's vote."""

    id: UUID
    suggestion_id: UUID
    user_id: UUID
    vote_type: VoteType
    created_at: datetime
    profile: Annotated[Voter | None, Embed("profiles!user_id")]


class VoteListed(Vote):
    """One user's vote, in a list of votes."""

    both_casings: ClassVar[bool] = True


class SuggestionInReview(SuggestionListed):
    """What somebody proposes, as moderators see it: with the newest votes."""

    suggestion_votes: Annotated[list[Vote], Embed("suggestion_votes!suggestion_id")]


class SuggestionInFull(SuggestionCore):
    """What somebody proposes, and everything about it."""

    suggested_by_profile: Annotated[Author | None, Embed("profiles!suggested_by")]
    user_vote: Annotated[VoteType | None, Added()] = None
    reviewed_by_profile: Annotated[Named | None, Embed("profiles!reviewed_by")]
    suggestion_votes: Annotated[list[Vote], Embed("suggestion_votes!suggestion_id")]


class Category(Shape):
    """A category."""

    id: UUID
    name: str
    parent_id: UUID | None
    description: str | None
    order_index: int
    is_active: bool
    created_at: datetime
    updated_at: datetime


class CategoryNode(Category):
    """A category and those under it."""

    children: Annotated[list["CategoryNode"], Added()] = Field(default_factory=list)


class CategoryName(Shape):
    """A category by name alone."""

    id: UUID
    name: str


class CategoryBrief(CategoryName):
    """A category, beside another."""

    description: str | None


class CategoryFilter(Shape):
    """A filter that the resources of a category have."""

    id: UUID
    category_id: UUID
    filter_key: str
    filter_type: str
    filter_label: str
    filter_options: list[Any]
    is_required: bool
    order_index: int
    created_at: datetime
    updated_at: datetime
