"""Resources: listed, read, made, changed, deleted. Whoever may do what is row security's affair."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from app.errors import refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.shapes.resources import Resource, ResourceCore
from app.named.ask import Found, Pair, among, malformed_is
from app.named.lists import Form, Page, filters, order
from app.named.lists import listed as listed_rows

AnyResource = TypeVar("AnyResource", bound=ResourceCore)
#: What a list that was searched may be sorted by besides its columns.
RELEVANCE = "relevance"
LONGEST_QUERY = 500
#: Keys of a list that have a meaning of their own, besides being names of columns.
_OWN = frozenset({"tags"})


def conditions(params: QueryParams) -> list[Pair]:
    """What narrows a list of resources, from its query string."""
    found = filters(params, Resource.columns(), without=_OWN)
    author = params.get("authorId") or params.get("author_id")
    if author:
        found.append(("user_id", f"eq.{author}"))
    tags = [tag for tag in params.getlist("tags") if tag]
    if tags:
        found.append(("tags", f"cs.{{{among(tags)}}}"))
    return found


def words(query: str) -> str:
    """A query as PostgreSQL can be told it: of what is longer than any question, the beginning."""
    return query.replace("\0", " ")[:LONGEST_QUERY]


async def listed(caller: Caller, params: QueryParams, page: Page, form: Form = "page") -> Any:
    """A page of the resources that the caller may read, the best first where a search is not sorted otherwise."""
    search = words(params.get("search", "").strip())
    wanted = params.get("sortBy") or params.get("sort_by") or (RELEVANCE if search else None)
    by_rank = bool(search) and wanted == RELEVANCE
    narrowing = conditions(params)
    if by_rank and not narrowing:
        hits = await best(caller, {"query": search}, page, "id,total")
        if hits or page.number == 1:
            rows = [row for _, row in await with_rows(caller, hits)]
            return listed_rows(rows, Found(rows, hits[0]["total"] if hits else 0), page, form)
    sorting = () if by_rank else (order(params, Resource.columns()),)
    pairs: tuple[Pair, ...] = (("select", Resource.select()), *narrowing, *sorting, *page.pairs())
    if search:
        found = await caller.ask.called("matching_resources", {"query": search}, *pairs)
    else:
        found = await caller.ask.rows("resources", *pairs, count=True)
    return listed_rows(Resource.all(found.rows), found, page, form)


async def best(caller: Caller, arguments: Mapping[str, str], page: Page, columns: str) -> list[dict[str, Any]]:
    """A page of what a search finds, the best first."""
    # Further than there are rows in any table, but no further than the database counts.
    skip = min((page.number - 1) * page.limit, 2**31 - 1)
    asked = {**arguments, "max_rows": page.limit, "skip": skip}
    return await caller.ask.call("search_resources", asked, ("select", columns))


async def with_rows(caller: Caller, hits: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each hit of a search with its resource; what was deleted in between is left out."""
    if not hits:
        return []
    ids = among(hit["id"] for hit in hits)
    found = await caller.ask.rows("resources", ("select", Resource.select()), ("id", f"in.({ids})"))
    rows = {row["id"]: row for row in found.rows}
    return [(hit, Resource.told(rows[hit["id"]])) for hit in hits if hit["id"] in rows]


async def found(caller: Caller, resource_id: str, shape: type[AnyResource]) -> dict[str, Any]:
    """A resource that the caller may read."""
    with malformed_is(RESOURCE_NOT_FOUND):
        row = await caller.ask.one("resources", ("select", shape.select()), ("id", f"eq.{resource_id}"))
    if row is None:
        raise refuse(RESOURCE_NOT_FOUND)
    return shape.told(row)


async def must_be_readable(caller: Caller, resource_id: str) -> dict[str, Any]:
    """The id and the owner of a resource that the caller may read; or it is not there."""
    with malformed_is(RESOURCE_NOT_FOUND):
        row = await caller.ask.one("resources", ("select", "id,user_id"), ("id", f"eq.{resource_id}"))
    if row is None:
        raise refuse(RESOURCE_NOT_FOUND)
    return row


async def create(caller: Caller, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new resource of the caller."""
    stored = await caller.ask.insert("resources", row, ("select", Resource.select()))
    return Resource.told(stored)


async def change(caller: Caller, resource_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with some of its columns changed."""
    select, which = ("select", Resource.select()), ("id", f"eq.{resource_id}")
    if not changes:
        return await found(caller, resource_id, Resource)
    with malformed_is(RESOURCE_NOT_FOUND):
        rows = await caller.ask.update("resources", changes, select, which)
    if not rows:
        await must_be_readable(caller, resource_id)
        raise refuse(NOT_OWNER)
    return Resource.told(rows[0])


async def delete(caller: Caller, resource_id: str) -> None:
    """A resource goes, with all that hangs on it."""
    with malformed_is(RESOURCE_NOT_FOUND):
        rows = await caller.ask.delete("resources", ("select", "id"), ("id", f"eq.{resource_id}"))
    if not rows:
        await must_be_readable(caller, resource_id)
        raise refuse(NOT_OWNER)
