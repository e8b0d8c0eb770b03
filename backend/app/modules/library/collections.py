"""Collections: listed, read, made, changed, deleted, filled and put in order."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams

from app.errors import VALIDATION_ERROR, AppError, ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import ACCESS_DENIED, NOT_OWNER
from app.modules.library.resources import must_be_readable
from app.modules.library.shapes.collections import CollectionListed
from app.modules.library.shapes.community import Collection, CollectionEntry, CollectionInFull
from app.named.ask import malformed_is, telling
from app.named.lists import Form, Page, containing, filters, invalid, listed, order

COLLECTION_NOT_FOUND = ErrorSpec("COLLECTION_NOT_FOUND", 404, "Collection non trouvée")
RESOURCE_ID_REQUIRED = ErrorSpec("RESOURCE_ID_REQUIRED", 400, "resourceId requis")
RESOURCE_ALREADY_IN_COLLECTION = ErrorSpec(
    "RESOURCE_ALREADY_IN_COLLECTION", 409, "Cette ressource est déjà dans la collection"
)
NOT_COLLECTOR = NOT_OWNER.worded("Vous n'êtes pas propriétaire de cette collection")
MAY_NOT_ADD = ACCESS_DENIED.worded("Vous ne pouvez pas ajouter cette ressource")
_REFUSED, _NO_SUCH_ROW = "42501", "23503"
_UNTOUCHABLE = {"PT404": COLLECTION_NOT_FOUND, _REFUSED: NOT_COLLECTOR}
_IN_ORDER = ("collection_resources.order", "order_index.asc,id.asc")


async def page_of(caller: Caller, params: QueryParams, page: Page, form: Form = "page") -> Any:
    """Public collections; of one user, those of theirs that the caller may read. The last changed come first."""
    columns = Collection.columns()
    conditions = filters(params, columns)
    if not any(column in ("user_id", "is_public") for column, _ in conditions):
        conditions.append(("is_public", "eq.true"))
    search = params.get("search", "").strip()
    if search:
        conditions.append(containing(search, ("name", "description")))
    sorting = order(params, columns, otherwise="updated_at", filled=Collection.filled())
    select = ("select", Collection.select())
    with malformed_is(VALIDATION_ERROR):
        found = await caller.ask.rows("collections", select, *conditions, sorting, *page.pairs(), count=True)
    rows = [CollectionListed.told(row, _count={"collectionResources": row["resources_count"]}) for row in found.rows]
    return listed(rows, found, page, form)


async def found(caller: Caller, collection_id: str) -> dict[str, Any]:
    """A collection that the caller may read, and what of it they may read, in its order."""
    select = ("select", CollectionInFull.select())
    with malformed_is(COLLECTION_NOT_FOUND):
        row = await caller.ask.one("collections", select, _IN_ORDER, ("id", f"eq.{collection_id}"))
    if row is None:
        raise refuse(COLLECTION_NOT_FOUND)
    return CollectionInFull.told(row)


async def create(caller: Caller, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new collection of the caller's."""
    with telling({_REFUSED: ACCESS_DENIED}):
        stored = await caller.ask.insert("collections", row, ("select", Collection.select()))
    return Collection.told(stored)


async def change(caller: Caller, collection_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A collection with some of its columns changed."""
    select, which = ("select", Collection.select()), ("id", f"eq.{collection_id}")
    with malformed_is(COLLECTION_NOT_FOUND):
        if not changes:
            rows = (await caller.ask.rows("collections", select, which)).rows
        else:
            rows = await caller.ask.update("collections", changes, select, which)
    if not rows:
        await _must_be_theirs(caller, collection_id)
        raise refuse(NOT_COLLECTOR)
    return Collection.told(rows[0])


async def delete(caller: Caller, collection_id: str) -> None:
    """A collection goes; the resources stay."""
    with malformed_is(COLLECTION_NOT_FOUND):
        rows = await caller.ask.delete("collections", ("select", "id"), ("id", f"eq.{collection_id}"))
    if not rows:
        await _must_be_theirs(caller, collection_id)
        raise refuse(NOT_COLLECTOR)


async def add(caller: Caller, collection_id: str, resource_id: str) -> dict[str, Any]:
    """A resource at the end of a collection."""
    row = {"collection_id": collection_id, "resource_id": resource_id}
    try:
        with malformed_is(COLLECTION_NOT_FOUND), telling({"23505": RESOURCE_ALREADY_IN_COLLECTION}):
            stored = await caller.ask.insert("collection_resources", row, ("select", CollectionEntry.select()))
    except AppError as error:
        if error.code not in (_REFUSED, _NO_SUCH_ROW):
            raise
        await _must_be_theirs(caller, collection_id)
        await must_be_readable(caller, resource_id)
        raise refuse(MAY_NOT_ADD) from error
    return CollectionEntry.told(stored)


async def remove(caller: Caller, collection_id: str, resource_id: str) -> None:
    """A resource is no longer in a collection, whether or not it was; nor one that is not readable any more."""
    arguments = {"collection_id": collection_id, "resource_id": resource_id}
    try:
        with malformed_is(COLLECTION_NOT_FOUND), telling(_UNTOUCHABLE):
            await caller.ask.call("remove_from_collection", arguments)
    except AppError as error:
        if error.code != COLLECTION_NOT_FOUND.code:
            raise
        # Or it is the resource that is none; such a one is in no collection.
        await _must_be_theirs(caller, collection_id)


async def reorder(caller: Caller, collection_id: str, resource_ids: Sequence[str]) -> dict[str, Any]:
    """A collection whose resources are in this order; those that are not named follow."""
    arguments = {"collection_id": collection_id, "resource_ids": list(resource_ids)}
    try:
        with malformed_is(COLLECTION_NOT_FOUND), telling(_UNTOUCHABLE):
            await caller.ask.call("reorder_collection", arguments)
    except AppError as error:
        if error.code != "PT400":
            raise
        raise invalid(("resourceIds", error.message)) from error
    return await found(caller, collection_id)


async def _must_be_theirs(caller: Caller, collection_id: str) -> None:
    with malformed_is(COLLECTION_NOT_FOUND):
        row = await caller.ask.one("collections", ("select", "id,user_id"), ("id", f"eq.{collection_id}"))
    if row is None:
        raise refuse(COLLECTION_NOT_FOUND)
    if row["user_id"] != caller.user_id:
        raise refuse(NOT_COLLECTOR)
