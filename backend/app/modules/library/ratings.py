"""Marks: one a user and resource. The resource's average and count are recounted by the database, on every road."""

from typing import Any

from app.errors import ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.resources import GONE_OR_GUEST, must_be_readable
from app.modules.library.shapes.resources import Rating, RatingWithAuthor
from app.named.ask import Pair, malformed_is, telling
from app.named.lists import Page

ALREADY_RATED = ErrorSpec("ALREADY_RATED", 400, "Ressource déjà notée. Utilisez PUT pour modifier.")
RATING_NOT_FOUND = ErrorSpec("RATING_NOT_FOUND", 404, "Note non trouvée")
NOT_YET_RATED = RATING_NOT_FOUND.worded("Note non trouvée. Utilisez POST pour créer.")
_SELECT: Pair = ("select", Rating.select())


async def rate(caller: Caller, resource_id: str, mark: int) -> dict[str, Any]:
    """The caller's first mark for a resource."""
    readable = await must_be_readable(caller, resource_id)
    row = {"resource_id": readable["id"], "user_id": caller.user_id, "rating": mark}
    with telling({**GONE_OR_GUEST, "23505": ALREADY_RATED}):
        return Rating.told(await caller.ask.insert("resource_ratings", row, _SELECT))


async def change(caller: Caller, resource_id: str, mark: int) -> dict[str, Any]:
    """The caller's mark becomes another."""
    with malformed_is(NOT_YET_RATED):
        rows = await caller.ask.update("resource_ratings", {"rating": mark}, _SELECT, *_own(caller, resource_id))
    if not rows:
        raise refuse(NOT_YET_RATED)
    return Rating.told(rows[0])


async def take_back(caller: Caller, resource_id: str) -> None:
    """The caller's mark goes."""
    with malformed_is(RATING_NOT_FOUND):
        rows = await caller.ask.delete("resource_ratings", ("select", "id"), *_own(caller, resource_id))
    if not rows:
        raise refuse(RATING_NOT_FOUND)


async def ratings(caller: Caller, resource_id: str, page: Page) -> list[dict[str, Any]]:
    """The marks of a resource, the newest first."""
    readable = await must_be_readable(caller, resource_id)
    found = await caller.ask.rows(
        "resource_ratings",
        ("select", RatingWithAuthor.select()),
        ("resource_id", f"eq.{readable['id']}"),
        ("order", "created_at.desc,id.desc"),
        *page.pairs(),
    )
    return RatingWithAuthor.all(found.rows)


def _own(caller: Caller, resource_id: str) -> tuple[Pair, Pair]:
    return ("resource_id", f"eq.{resource_id}"), ("user_id", f"eq.{caller.user_id}")
