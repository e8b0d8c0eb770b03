"""`/api/collections`: resources that somebody put together."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import Field

from app.accounts.bodies import Body
from app.answers import Json, PageOf, errors
from app.errors import refuse
from app.modules.library import collections
from app.modules.library.callers import Anybody, User
from app.modules.library.collections import (
    COLLECTION_NOT_FOUND,
    MAY_NOT_ADD,
    NOT_COLLECTOR,
    RESOURCE_ALREADY_IN_COLLECTION,
    RESOURCE_ID_REQUIRED,
)
from app.modules.library.errors import ACCESS_DENIED, RESOURCE_NOT_FOUND
from app.modules.library.shapes.collections import CollectionListed
from app.modules.library.shapes.community import Collection, CollectionEntry, CollectionInFull
from app.modules.library.texts import BLANK_IS_NONE, About, Label, Link
from app.named.lists import Paged, wanted_form
from app.routers import Router

router = Router(prefix="/api/collections", tags=["collections"])
_NOT_THEIRS = errors(COLLECTION_NOT_FOUND, NOT_COLLECTOR)


class _CollectionBody(Body):
    description: About | None = None
    is_public: bool = False
    cover_image_url: Annotated[Link | None, BLANK_IS_NONE] = None


class NewCollection(_CollectionBody):
    """A new collection. It belongs to whoever makes it."""

    name: Label


class CollectionChanges(_CollectionBody):
    """What may be changed of a collection; what is left out stays as it is."""

    name: Label = ""


class Addition(Body):
    """What to add."""

    resource_id: UUID | None = None


class Order(Body):
    """The resources in the order that they shall have."""

    resource_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]


@router.get("", summary="List collections", response_model=PageOf[CollectionListed] | list[CollectionListed])
async def get_collections(caller: Anybody, request: Request, page: Paged) -> Json:
    """Public ones; with `userId` that user's, to themselves the private ones, too. `search` looks at the texts."""
    return Json(await collections.page_of(caller, request.query_params, page, wanted_form(request)))


@router.get(
    "/{collection_id}",
    summary="One collection",
    response_model=CollectionInFull,
    responses=errors(COLLECTION_NOT_FOUND),
)
async def get_collection(caller: Anybody, collection_id: str) -> Json:
    """With its resources in order. Those that the caller may not read are left out."""
    return Json(await collections.found(caller, collection_id))


@router.post(
    "", status_code=201, summary="Make a collection", response_model=Collection, responses=errors(ACCESS_DENIED)
)
async def post_collection(caller: User, body: NewCollection) -> Json:
    """Private unless it is said to be public."""
    return Json(await collections.create(caller, body.model_dump(mode="json")), 201)


@router.put("/{collection_id}", summary="Change a collection", response_model=Collection, responses=_NOT_THEIRS)
async def put_collection(caller: User, collection_id: str, body: CollectionChanges) -> Json:
    """Its owner; administrators, if it is public."""
    return Json(await collections.change(caller, collection_id, body.model_dump(mode="json", exclude_unset=True)))


@router.delete("/{collection_id}", status_code=204, summary="Delete a collection", responses=_NOT_THEIRS)
async def delete_collection(caller: User, collection_id: str) -> None:
    """The resources that were in it stay."""
    await collections.delete(caller, collection_id)


@router.post(
    "/{collection_id}/resources",
    status_code=201,
    summary="Add a resource to a collection",
    response_model=CollectionEntry,
    responses=errors(
        RESOURCE_ID_REQUIRED,
        COLLECTION_NOT_FOUND,
        NOT_COLLECTOR,
        RESOURCE_NOT_FOUND,
        MAY_NOT_ADD,
        RESOURCE_ALREADY_IN_COLLECTION,
    ),
)
async def post_entry(caller: User, collection_id: str, body: Addition) -> Json:
    """At the end. One that the caller may read."""
    if body.resource_id is None:
        raise refuse(RESOURCE_ID_REQUIRED)
    return Json(await collections.add(caller, collection_id, str(body.resource_id)), 201)


@router.delete(
    "/{collection_id}/resources/{resource_id}",
    status_code=204,
    summary="Take a resource out of a collection",
    responses=_NOT_THEIRS,
)
async def delete_entry(caller: User, collection_id: str, resource_id: str) -> None:
    """One that is not in it is no error."""
    await collections.remove(caller, collection_id, resource_id)


@router.put(
    "/{collection_id}/order",
    summary="Put the resources of a collection in order",
    response_model=CollectionInFull,
    responses=_NOT_THEIRS,
)
async def put_order(caller: User, collection_id: str, body: Order) -> Json:
    """All at once. Resources that are not named follow in the order that they had."""
    return Json(await collections.reorder(caller, collection_id, [str(item) for item in body.resource_ids]))
