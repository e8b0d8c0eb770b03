"""`/api/search`: resources by what they say, with ranks, highlights and facets."""

from typing import Annotated

from fastapi import Query

from app.answers import Json
from app.modules.library import search
from app.modules.library.callers import Anybody
from app.modules.library.search import Question
from app.modules.library.shapes.search import SearchResult
from app.modules.library.tables.kinds import ResourceType
from app.named.lists import Paged
from app.routers import Router

router = Router(prefix="/api/search", tags=["search"])
Word = Annotated[str | None, Query(max_length=255)]


@router.get("", summary="Search resources", response_model=SearchResult)
async def get_search(
    caller: Anybody,
    page: Paged,
    q: Annotated[str, Query(description="Words in French or English. Of a long text the beginning counts.")] = "",
    category: Word = None,
    tag: Word = None,
    resource_type: Annotated[ResourceType | None, Query(alias="type")] = None,
) -> Json:
    """What the caller may read and has every word of `q`, the best first: as it is written, as another form of the
    word, or as its beginning. If nothing has, what is spelt nearly like it. Of more than 5000 the best 5000 are ranked,
    counted and told page by page; `meta.totalIsBound` says so.
    """
    return Json(await search.answer(caller, Question(q, category, tag, resource_type), page))
