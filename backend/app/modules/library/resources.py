"""Resources: listed, read, made, changed, deleted. Whoever may do what is row security's affair."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from app.accounts.errors import INSUFFICIENT_ROLE
from app.errors import ErrorSpec, refuse
from app.files.data_urls import is_data_url
from app.gateway.array_text import array_literal, quoted_list
from app.modules.library.callers import Caller, of_members
from app.modules.library.errors import NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.file_links import stored_links
from app.modules.library.shapes.resources import Resource, ResourceCore
from app.modules.library.tables.kinds import ResourceVisibility
from app.named.ask import Found, Pair, malformed_is, telling
from app.named.lists import Form, Page, containing, filters, order, words
from app.named.lists import listed as listed_rows

AnyResource = TypeVar("AnyResource", bound=ResourceCore)
#: Columns that forms write files into.
FILES = ("file_url",)
SEARCHED = ("title", "description", "readme")
#: What a list that was searched may be sorted by besides its columns.
RELEVANCE = "relevance"
LONGEST_QUERY = 500
#: What the database ranks and counts of a search that is not narrowed: `found_resources` in `sql/search.sql`.
MOST_COUNTED = 5000
#: Columns that the search itself narrows by, and its names for them.
_HANDED_IN: Mapping[str, str] = {"category": "category", "resource_type": "type"}
#: Keys of a list that have a meaning of their own, besides being names of columns.
_OWN = frozenset({"tags", "tags__overlaps"})
#: What hangs on a resource that can be read and is gone a moment later, or is added by somebody who may only read.
GONE_OR_GUEST: Mapping[str, ErrorSpec] = {"23503": RESOURCE_NOT_FOUND, "42501": INSUFFICIENT_ROLE}


def conditions(params: QueryParams, *, folded: bool = False) -> list[Pair]:
    """What narrows a list of resources, from its query string; `folded`: by `tags__overlaps` and `search` as well,
    which are asked of the rows themselves there."""
    found = filters(params, Resource.columns(), without=_OWN)
    if folded:
        found += [_overlapping(words(text)) for text in params.getlist("tags__overlaps")]
        search = params.get("search", "").strip()
        if search:
            found.append(containing(search, SEARCHED))
    author = params.get("authorId") or params.get("author_id")
    if author:
        found.append(("user_id", f"eq.{author}"))
    tags = [tag for tag in params.getlist("tags") if tag]
    if tags:
        found.append(("tags", f"cs.{array_literal(tags)}"))
    return found


def query_of(query: str) -> str:
    """A query as PostgreSQL can be told it: of what is longer than any question, the beginning."""
    return query.replace("\0", " ")[:LONGEST_QUERY]


async def listed(caller: Caller, params: QueryParams, page: Page, form: Form = "page") -> Any:
    """A page of the resources that the caller may read, the best first where a search is not sorted otherwise."""
    search = query_of(params.get("search", "").strip())
    wanted = params.get("sortBy") or params.get("sort_by") or (RELEVANCE if search else None)
    by_rank = bool(search) and wanted == RELEVANCE
    narrowing = conditions(params)
    handed_in = _handed_in(narrowing)
    if by_rank and handed_in is not None and "tags__overlaps" not in params:
        hits = await best(caller, {"query": search, **handed_in}, page, "id,total")
        if hits or page.number == 1:
            rows = [row for _, row in await with_rows(caller, hits)]
            total: int = hits[0]["total"] if hits else 0
            return rows if form == "rows" else {"data": rows, "meta": page.meta(total, most=MOST_COUNTED)}
    sorting = () if by_rank else (order(params, Resource.columns(), filled=Resource.filled()),)
    pairs: tuple[Pair, ...] = (("select", Resource.select()), *narrowing, *sorting, *page.pairs())
    if search:
        overlaps = [_overlapping(words(text)) for text in params.getlist("tags__overlaps")]
        found = await caller.ask.rows_of("matching_resources", {"query": search}, *pairs, *overlaps, count=True)
    else:
        found = await asked(caller, params, *pairs)
    return listed_rows(Resource.all(found.rows), found, page, form)


def _handed_in(narrowing: Sequence[Pair]) -> dict[str, str] | None:
    """What narrows a list as arguments of the search; None if the search cannot do all of it."""
    arguments: dict[str, str] = {}
    for column, operation in narrowing:
        name, (operator, _, value) = _HANDED_IN.get(column), operation.partition(".")
        if name is None or operator != "eq" or name in arguments:
            return None
        arguments[name] = value
    return arguments


async def best(caller: Caller, arguments: Mapping[str, str], page: Page, columns: str) -> list[dict[str, Any]]:
    """A page of what a search finds, the best first."""
    # Further than there are rows in any table, but no further than the database counts.
    skip = min((page.number - 1) * page.limit, 2**31 - 1)
    given = {**arguments, "max_rows": page.limit, "skip": skip}
    return await caller.ask.call("search_resources", given, ("select", columns))


async def with_rows(caller: Caller, hits: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each hit of a search with its resource; what was deleted in between is left out."""
    if not hits:
        return []
    ids = quoted_list(hit["id"] for hit in hits)
    found = await caller.ask.rows("resources", ("select", Resource.select()), ("id", f"in.({ids})"))
    rows = {row["id"]: row for row in found.rows}
    return [(hit, Resource.told(rows[hit["id"]])) for hit in hits if hit["id"] in rows]


async def asked(caller: Caller, params: QueryParams, *pairs: Pair) -> Found:
    """Resources that the caller may read, of those that have one of the tags in `tags__overlaps`, whatever the case."""
    overlaps = params.getlist("tags__overlaps")
    if not overlaps:
        return await caller.ask.rows("resources", *pairs, count=True)
    return await tagged(caller, words(overlaps[0]), *pairs, *(_overlapping(words(text)) for text in overlaps[1:]))


async def tagged(caller: Caller, tags: Sequence[str], *pairs: Pair) -> Found:
    """Resources that the caller may read and that have one of these tags, whatever the case."""
    return await caller.ask.rows_of("resources_tagged", {"any_of": array_literal(tags)}, *pairs, count=True)


def _overlapping(tags: Sequence[str]) -> Pair:
    return "folded_tags", f"ov.{array_literal([tag.lower() for tag in tags])}"


async def found(caller: Caller, resource_id: str, shape: type[AnyResource]) -> dict[str, Any]:
    """A resource that the caller may read."""
    with malformed_is(RESOURCE_NOT_FOUND):
        which = ("id", f"eq.{resource_id}")
        row = await caller.ask.one("resources", ("select", shape.select()), which, kept_as=f"resource:{resource_id}")
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


async def must_be_own(caller: Caller, resource_id: str, refusal: ErrorSpec) -> str:
    """The id of a resource of the caller's; of somebody else's, which they may read, they are refused."""
    row = await must_be_readable(caller, resource_id)
    if row["user_id"] != caller.user_id:
        raise refuse(refusal)
    return row["id"]


async def create(caller: Caller, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new resource of the caller."""
    async with stored_links(caller, row, FILES) as row:
        with of_members():
            return Resource.told(await caller.ask.insert("resources", row, ("select", Resource.select())))


async def change(caller: Caller, resource_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with some of its columns changed."""
    select, which = ("select", Resource.select()), ("id", f"eq.{resource_id}")
    if not changes:
        return await found(caller, resource_id, Resource)
    if any(is_data_url(changes.get(column)) for column in FILES):
        # Before anything is done with megabytes.
        await must_be_readable(caller, resource_id)
    async with stored_links(caller, changes, FILES) as changes:
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


async def fork(caller: Caller, resource_id: str, visibility: ResourceVisibility) -> dict[str, Any]:
    """A copy of a resource that the caller may read, which is theirs."""
    arguments = {"resource_id": resource_id, "visibility": visibility.value}
    select = ("select", Resource.select())
    with malformed_is(RESOURCE_NOT_FOUND), telling({"PT404": RESOURCE_NOT_FOUND}), of_members():
        return Resource.told(await caller.ask.call("fork_resource", arguments, select))
