"""Shares: a resource opened to a user or to a group, until it expires. Only its owner manages them.

Sharing again with somebody changes the share that is there: the database sees to it, on every road.
"""

from collections.abc import Mapping
from typing import Any

from app.accounts.errors import USER_NOT_FOUND
from app.accounts.oauth.errors import FORBIDDEN
from app.errors import ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import GROUP_NOT_FOUND, INVALID_INPUT
from app.modules.library.resources import GONE_OR_GUEST, must_be_own
from app.modules.library.shapes.resources import Share
from app.named.ask import Pair, malformed_is, telling
from app.named.lists import Page

SHARE_NOT_FOUND = ErrorSpec("SHARE_NOT_FOUND", 404, "Partage non trouvé")
NOT_YOURS_TO_SHARE = FORBIDDEN.worded("Seul le propriétaire peut partager cette ressource")
NOT_YOURS_TO_LIST = FORBIDDEN.worded("Seul le propriétaire peut voir les partages")
NOT_YOURS_TO_CHANGE = FORBIDDEN.worded("Seul le propriétaire peut mettre à jour un partage")
NOT_YOURS_TO_TAKE_BACK = FORBIDDEN.worded("Seul le propriétaire peut retirer un partage")
_SELECT: Pair = ("select", Share.select())
#: A share that was there keeps the date when it was made.
_SELECT_WITH_CHANGE: Pair = ("select", f"{Share.select()},updated_at")


async def share(
    caller: Caller, resource_id: str, user_id: str | None, group_id: str | None, terms: Mapping[str, Any]
) -> tuple[dict[str, Any], bool]:
    """The share with a user or a group, and whether it is a new one."""
    own = await must_be_own(caller, resource_id, NOT_YOURS_TO_SHARE)
    await must_be_target(caller, user_id, group_id)
    row = {"resource_id": own, "shared_with_user_id": user_id, "shared_with_group_id": group_id, **terms}
    with telling(GONE_OR_GUEST):
        stored = await caller.ask.insert("resource_shares", row, _SELECT_WITH_CHANGE)
    return Share.told(stored), stored["created_at"] == stored["updated_at"]


async def must_be_target(caller: Caller, user_id: str | None, group_id: str | None) -> None:
    """Refuse unless it is exactly one user or one group, which the caller may know of."""
    if (user_id is None) == (group_id is None):
        raise refuse(INVALID_INPUT)
    which: Pair = ("user_id", f"eq.{user_id}") if user_id is not None else ("id", f"eq.{group_id}")
    table, missing = ("profiles", USER_NOT_FOUND) if user_id is not None else ("groups", GROUP_NOT_FOUND)
    if await caller.ask.one(table, ("select", which[0]), which) is None:
        raise refuse(missing)


async def shares(caller: Caller, resource_id: str, page: Page) -> list[dict[str, Any]]:
    """A page of the shares of a resource of the caller's, the newest first."""
    own = await must_be_own(caller, resource_id, NOT_YOURS_TO_LIST)
    newest: Pair = ("order", "created_at.desc,id.desc")
    which: Pair = ("resource_id", f"eq.{own}")
    return Share.all((await caller.ask.rows("resource_shares", _SELECT, which, newest, *page.pairs())).rows)


async def change(caller: Caller, resource_id: str, share_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A share with other terms."""
    own = await must_be_own(caller, resource_id, NOT_YOURS_TO_CHANGE)
    which = (("resource_id", f"eq.{own}"), ("id", f"eq.{share_id}"))
    with malformed_is(SHARE_NOT_FOUND):
        if changes:
            rows = await caller.ask.update("resource_shares", changes, _SELECT, *which)
        else:
            rows = (await caller.ask.rows("resource_shares", _SELECT, *which)).rows
    if not rows:
        raise refuse(SHARE_NOT_FOUND)
    return Share.told(rows[0])


async def take_back(caller: Caller, resource_id: str, column: str, value: str) -> None:
    """Remove the share with this id, or with this user."""
    own = await must_be_own(caller, resource_id, NOT_YOURS_TO_TAKE_BACK)
    with malformed_is(SHARE_NOT_FOUND):
        rows = await caller.ask.delete(
            "resource_shares", ("select", "id"), ("resource_id", f"eq.{own}"), (column, f"eq.{value}")
        )
    if not rows:
        raise refuse(SHARE_NOT_FOUND)
