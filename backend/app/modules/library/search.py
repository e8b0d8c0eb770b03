"""Search with ranks, highlights and facets. What is found and who may find it is `sql/search.sql`."""

from dataclasses import dataclass
from typing import Any

from app.modules.library.callers import Caller
from app.modules.library.resources import words
from app.modules.library.shapes.resources import Resource
from app.modules.library.tables.kinds import ResourceType
from app.named.ask import among
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
        return {"query": words(self.query)} | {key: str(value) for key, value in narrowed.items() if value}


async def answer(caller: Caller, question: Question, page: Page) -> dict[str, Any]:
    """A page of what is found, and what all of it is made of."""
    hits = await _hits(caller, question, page)
    total: int = hits[0]["total"] if hits else 0
    facets = await caller.ask.call("search_facets", question.arguments())
    if not hits and page.number > 1:
        total = sum(item["count"] for item in facets if item["facet"] == "type")
    return {"data": await _in_full(caller, hits), "meta": page.meta(total), "facets": _by_kind(facets)}


async def _hits(caller: Caller, question: Question, page: Page) -> list[dict[str, Any]]:
    # Further than there are rows in any table, but what the database counts with.
    skip = min((page.number - 1) * page.limit, 2**31 - 1)
    return await caller.ask.call(
        "search_resources",
        {**question.arguments(), "max_rows": page.limit, "skip": skip},
        ("select", "id,rank,highlights,total"),
    )


async def _in_full(caller: Caller, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not hits:
        return []
    ids = among(hit["id"] for hit in hits)
    found = await caller.ask.rows("resources", ("select", Resource.select()), ("id", f"in.({ids})"))
    rows = {row["id"]: row for row in found.rows}
    # What was deleted in between is not told.
    return [
        Resource.told(rows[hit["id"]]) | {"rank": hit["rank"], "highlights": hit["highlights"]}
        for hit in hits
        if hit["id"] in rows
    ]


def _by_kind(facets: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {
        kind: [{"value": item["value"], "count": item["count"]} for item in facets if item["facet"] == kind]
        for kind in FACETS
    }
