"""What administrators are shown: figures, people, what waits to be looked at."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.modules.library.shapes.community import Comment, Suggestion
from app.modules.library.shapes.people import Author
from app.modules.library.shapes.resources import Resource
from app.modules.library.tables.kinds import AppRole
from app.named.shapes import Added, Embed, Shape


class Rank(Shape):
    """Somebody's rank."""

    id: UUID
    user_id: UUID
    role: AppRole
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class JustRank(BaseModel):
    """A rank by its name alone."""

    role: AppRole


class Possessions(BaseModel):
    """How much somebody has."""

    resources: int
    collections: int


class UserInFull(Shape):
    """Somebody as administrators see them."""

    id: UUID
    user_id: UUID
    email: str
    username: str | None
    full_name: str | None
    bio: str | None
    avatar_url: str | None
    github_username: str | None
    preferred_layout: str | None
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None
    last_sign_in_at: datetime | None
    role: AppRole | None
    resources_count: int
    collections_count: int
    user_role: Annotated[JustRank | None, Added()] = None
    possessions: Annotated[Possessions | None, Added(), Field(alias="_count")] = None


class _Figures(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Total(_Figures):
    """How many there are."""

    total: int


class UserFigures(Total):
    """How many people there are, and how many of each rank."""

    by_role: dict[AppRole, int]


class ResourceFigures(Total):
    """How many resources there are, whom they are for, and what was done with them."""

    public: int
    private: int
    shared: int
    views: int
    downloads: int


class SuggestionFigures(Total):
    """How many suggestions there are, and how many wait."""

    pending: int


class StorageFigures(_Figures):
    """What files take."""

    files: int
    bytes: int


class Day(_Figures):
    """What came on one day."""

    date: date
    users: int
    resources: int
    comments: int


class Statistics(_Figures):
    """The library in figures."""

    users: UserFigures
    resources: ResourceFigures
    collections: Total
    comments: Total
    groups: Total
    notifications: Total
    suggestions: SuggestionFigures
    storage: StorageFigures
    activity: list[Day]


class NewcomersComment(Comment):
    """A remark of somebody who is new."""

    both_casings: ClassVar[bool] = True

    profile: Annotated[Author, Embed("profiles!user_id!inner")]


class NewcomersResource(Resource):
    """A resource of somebody who is new."""

    both_casings: ClassVar[bool] = True

    profile: Annotated[Author, Embed("profiles!user_id!inner")]


class ToModerate(_Figures):
    """What moderators look at."""

    suggestions: list[Suggestion]
    comments: list[NewcomersComment]
    resources: list[NewcomersResource]
    pending: int
