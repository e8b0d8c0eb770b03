"""The library as its administrators and moderators look at it: figures, and what waits to be looked at."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from app.modules.library.callers import Caller
from app.modules.library.shapes.community import Suggestion
from app.modules.library.shapes.overview import NewcomersComment, NewcomersResource

#: Whoever came within these days is new.
NEW_DAYS = 30
_MOST = 20


async def statistics(caller: Caller, days: int) -> dict[str, Any]:
    """What there is, and what came on each of the last days."""
    return await caller.ask.call("admin_stats", {"days": days})


async def to_moderate(caller: Caller) -> dict[str, Any]:
    """Suggestions that wait, those with most votes first; the latest words and resources of people who are new."""
    # A day, not a moment: the question is the same until tomorrow, and its answer may be kept.
    since = (datetime.now(UTC) - timedelta(days=NEW_DAYS)).date().isoformat()
    latest = (("order", "created_at.desc,id"), ("limit", str(_MOST)), ("profile.created_at", f"gte.{since}"))
    waiting = ("status", "eq.pending"), ("order", "votes_count.desc,created_at.desc,id"), ("limit", str(_MOST))
    suggestions, comments, resources = await asyncio.gather(
        caller.ask.rows("category_tag_suggestions", ("select", Suggestion.select()), *waiting, count=True),
        caller.ask.rows("resource_comments", ("select", NewcomersComment.select()), *latest),
        caller.ask.rows("resources", ("select", NewcomersResource.select()), *latest),
    )
    return {
        "suggestions": Suggestion.all(suggestions.rows),
        "comments": NewcomersComment.all(comments.rows),
        "resources": NewcomersResource.all(resources.rows),
        "pending": suggestions.total,
    }
