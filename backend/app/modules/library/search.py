"""Search with ranks, highlights and facets. What is found and who may find it is `sql/search.sql`."""

from dataclasses import dataclass
from typing import Any

from app.modules.library.callers import Caller
from app.modules.library.resources import MOST_COUNTED, best, query_of, with_rows
from app.modules.library.tables.kinds import ResourceType
from app.named.lists import Page

FACETS = ("category", "tag", "type")


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, and among which resources."""

    query: str
    category: str | None
    tag: str | None
    type: ResourceType | None

    def arguments(self) -> dict[str, str]:
        """As the functions of the database take it."""
        narrowed = {"category": self.category, "tag": self.tag, "type": self.type}
        return {"query": query_of(self.query)} | {key: str(value) for key, value in narrowed.items() if value}


async def answer(caller: Caller, question: Question, page: Page) -> dict[str, Any]:
    """A page of what is found, and what all of it is made of."""
    hits = await best(caller, question.arguments(), page, "id,rank,highlights,total")
    facets = await caller.ask.call("search_facets", question.arguments())
    # Every resource has one type.
    total: int = hits[0]["total"] if hits else sum(item["count"] for item in facets if item["facet"] == "type")
    shown = [row | {"rank": hit["rank"], "highlights": hit["highlights"]} for hit, row in await with_rows(caller, hits)]
    return {"data": shown, "meta": page.meta(total, most=MOST_COUNTED), "facets": _by_kind(facets)}


def _by_kind(facets: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {
        kind: [{"value": item["value"], "count": item["count"]} for item in facets if item["facet"] == kind]
        for kind in FACETS
    }
