"""What somebody is told, and what they want to be told. Only the server writes notifications; readers read them."""

from collections.abc import Mapping
from typing import Any, cast

import orjson

from app.errors import VALIDATION_ERROR, ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.shapes.people import Notification, NotificationCore
from app.named.ask import Pair, malformed_is
from app.named.lists import Form, Page, listed

NOTIFICATION_NOT_FOUND = ErrorSpec("NOTIFICATION_NOT_FOUND", 404, "Notification non trouvée")
#: How often unread notifications are sent as a letter.
DIGESTS = ("never", "daily", "weekly")
_PREFER = """
    insert into library.profile_preferences as p (notifications) values ($1::text::jsonb)
    on conflict (tenant_id, user_id) do update set notifications = case jsonb_typeof(p.notifications)
      when 'object' then p.notifications || excluded.notifications
      else excluded.notifications
    end
    returning p.notifications::text
"""
_UNREAD: Pair = ("is_read", "eq.false")


async def page_of(
    caller: Caller, page: Page, form: Form = "page", *, is_read: bool | None = None, kind: str | None = None
) -> Any:
    """A page of what the caller was told, newest first, and how much of all of it they have not read."""
    conditions: list[Pair] = [_theirs(caller)]
    if is_read is not None:
        conditions.append(("is_read", f"eq.{str(is_read).lower()}"))
    if kind is not None:
        conditions.append(("type", f"eq.{kind}"))
    select, sorting = ("select", Notification.select()), ("order", "created_at.desc,id.desc")
    with malformed_is(VALIDATION_ERROR):
        found = await caller.ask.rows("notifications", select, *conditions, sorting, *page.pairs(), count=True)
    shown = listed(Notification.all(found.rows), found, page, form)
    if form == "page":
        shown["meta"]["unreadCount"] = await unread(caller)
    return shown


async def unread(caller: Caller) -> int:
    """How much the caller has not read."""
    select = ("select", "id")
    found = await caller.ask.rows("notifications", select, _theirs(caller), _UNREAD, ("limit", "1"), count=True)
    return found.total


async def mark_read(caller: Caller, notification_id: str) -> dict[str, Any]:
    """One was read. Somebody else's is not there."""
    select, which = ("select", NotificationCore.select()), ("id", f"eq.{notification_id}")
    with malformed_is(NOTIFICATION_NOT_FOUND):
        rows = await caller.ask.update("notifications", {"is_read": True}, select, which)
    if not rows:
        raise refuse(NOTIFICATION_NOT_FOUND)
    return NotificationCore.told(rows[0])


async def mark_all_read(caller: Caller) -> int:
    """All were read; how many had not been."""
    select = ("select", "id")
    rows = await caller.ask.update("notifications", {"is_read": True}, select, _theirs(caller), _UNREAD)
    return len(rows)


async def delete(caller: Caller, notification_id: str) -> None:
    """One goes."""
    with malformed_is(NOTIFICATION_NOT_FOUND):
        rows = await caller.ask.delete("notifications", ("select", "id"), ("id", f"eq.{notification_id}"))
    if not rows:
        raise refuse(NOTIFICATION_NOT_FOUND)


async def preferences(caller: Caller) -> dict[str, Any]:
    """What the caller wants to be told, and how."""
    return _told(await _stored(caller))


async def prefer(caller: Caller, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The same with some of it changed."""
    # One statement: two devices that change two things at once both have their way.
    async with caller.connection("write") as connection:
        stored: str = await connection.fetchval(_PREFER, orjson.dumps(changes).decode())
    return _told(orjson.loads(stored))


async def _stored(caller: Caller) -> dict[str, Any]:
    row = await caller.ask.one("profile_preferences", ("select", "notifications"), _theirs(caller))
    stored: Any = None if row is None else row["notifications"]
    return cast("dict[str, Any]", stored) if isinstance(stored, dict) else {}


def _told(stored: Mapping[str, Any]) -> dict[str, Any]:
    # The column takes whatever a client of the gateway writes there.
    digest, muted = stored.get("digest"), stored.get("muted")
    return {
        "digest": digest if digest in DIGESTS else DIGESTS[0],
        "muted": [kind for kind in cast("list[Any]", muted) if isinstance(kind, str)]
        if isinstance(muted, list)
        else [],
    }


def _theirs(caller: Caller) -> Pair:
    return "user_id", f"eq.{caller.user_id}"
