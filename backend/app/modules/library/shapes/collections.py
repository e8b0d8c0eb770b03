"""Collections in lists: with how much is in them, or with the first of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.modules.library.shapes.community import Collection, CollectionCore
from app.modules.library.tables.kinds import ResourceType, ResourceVisibility
from app.named.shapes import Added, Embed, Shape


class EntryCounts(BaseModel):
    """How much is in a collection."""

    model_config = ConfigDict(alias_generator=to_camel)

    collection_resources: int


class CollectionListed(Collection):
    """A collection in a list."""

    counts: Annotated[EntryCounts, Added(), Field(alias="_count")]


class CollectedBrief(Shape):
    """A resource beside others of its collection."""

    id: UUID
    title: str
    description: str
    category: str | None
    tags: list[str]
    resource_type: ResourceType
    visibility: ResourceVisibility
    file_url: str | None
    external_url: str | None
    github_url: str | None
    views_count: int
    downloads_count: int
    average_rating: float


class EntryBrief(Shape):
    """A resource's place in a collection of somebody's."""

    id: UUID
    collection_id: UUID
    resource_id: UUID
    added_at: datetime
    order_index: int
    resource: Annotated[CollectedBrief, Embed("resources!inner")]


class CollectionBrief(CollectionCore):
    """A collection on its owner's page, with the first resources of it."""

    collection_resources: Annotated[list[EntryBrief], Embed("collection_resources!collection_id")]
