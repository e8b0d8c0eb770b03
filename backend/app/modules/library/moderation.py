"""Suggestions as moderators and administrators deal with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import refuse
from app.modules.library.callers import Caller
from app.modules.library.shapes.community import SuggestionCore, SuggestionInReview
from app.modules.library.suggestions import NOT_THERE, TABLE, tallied
from app.modules.library.tables.kinds import SuggestionStatus, SuggestionType
from app.named.ask import Pair, telling
from app.named.lists import Page, listed

#: A page shows so many votes of each suggestion, the newest; how many there are is told besides.
MOST_VOTES = 100
_ORDER = ("order", "votes_count.desc,created_at.desc,id.desc")
_VOTES: tuple[Pair, ...] = (
    ("suggestion_votes.order", "created_at.desc"),
    ("suggestion_votes.limit", str(MOST_VOTES)),
)


async def to_review(
    caller: Caller, status: SuggestionStatus, kind: SuggestionType | None, page: Page
) -> dict[str, Any]:
    """A page of suggestions of one status, those with the most votes first."""
    conditions = [("status", f"eq.{status.value}")]
    if kind is not None:
        conditions.append(("type", f"eq.{kind.value}"))
    select = ("select", f"{SuggestionInReview.select()},votes_cast,user_vote")
    found = await caller.ask.rows(TABLE, select, *conditions, _ORDER, *_VOTES, *page.pairs(), count=True)
    return listed([tallied(caller, row, SuggestionInReview) for row in found.rows], found, page)


async def review(caller: Caller, suggestion_id: str, verdict: SuggestionStatus) -> dict[str, Any]:
    """A suggestion gets its verdict; whoever proposed it is told, once."""
    arguments = {"suggestion_id": suggestion_id, "status": verdict.value}
    with telling(NOT_THERE):
        reviewed = await caller.ask.call("review_suggestion", arguments, ("select", SuggestionCore.select()))
    if reviewed is None:
        raise refuse(NOT_THERE["PT404"])
    return SuggestionCore.told(reviewed)


async def seed(caller: Caller, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Suggestions recorded as approved ones: those that are new, and those that were not approved yet."""
    rows = await caller.ask.call("seed_suggestions", {"items": items}, ("select", SuggestionCore.select()))
    return SuggestionCore.all(rows)
