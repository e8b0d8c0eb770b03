"""What was measured: events that clients tell of, and the numbers that come of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson

from app.accounts.errors import USER_NOT_FOUND
from app.accounts.people import instant
from app.errors import VALIDATION_ERROR, AppError, refuse
from app.modules.library import counters, events
from app.modules.library.callers import Caller
from app.modules.library.counters import Counting
from app.modules.library.errors import ACCESS_DENIED
from app.modules.library.events import Event
from app.modules.library.tables.kinds import AppRole
from app.named.lists import invalid

EVENT_WANTED = VALIDATION_ERROR.worded('Le champ "event" est requis et doit être une chaîne')
LONGEST_NAME = 255
LARGEST_DETAILS = 16 * 1024
_LONGEST_FOREIGN_ID = 255


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a client says that happened, unchecked."""

    event: Any
    resource_id: Any = None
    metadata: Any = None


async def track(caller: Caller, counting: Counting, tracked: Tracked) -> None:
    """Have an event written, in the name of whoever asks."""
    name, details = _name(tracked.event), _details(tracked.metadata)
    resource = events.resource_of(tracked.resource_id)
    foreign = tracked.resource_id
    if resource is None and isinstance(foreign, str) and _is_storable(foreign):
        # An id from before there was a server: worth remembering, though it names nothing here.
        details = {"resourceId": foreign[:_LONGEST_FOREIGN_ID], **(details or {})}
    event = Event(caller.tenant_id, name, caller.user_id, resource, details)
    if resource is not None and name in counters.COUNTED:
        await counters.note_told(caller, counting, event)
    else:
        await events.note(counting.redis, caller.database, event)


async def stats(caller: Caller, days: int, event: str | None) -> dict[str, Any]:
    """Numbers of everybody; with no event in particular, those of the caller, too."""
    told = await caller.ask.call("analytics_stats", {"days": days, "event": event})
    shown = {"totalEvents": told["total"], "recentEvents": told["recent"]}
    if event is not None:
        return shown
    shown["eventsByType"] = told["by_type"]
    if not caller.user_id:
        return shown
    mine = await _activity(caller, caller.user_id, days)
    return {
        **shown,
        "userEvents": mine["total"],
        "userEventsByType": mine["by_type"],
        "userTopResources": mine["top_resources"],
        "userActivityByDay": mine["by_day"],
    }


async def popular(caller: Caller, days: int, limit: int) -> list[dict[str, Any]]:
    """Public resources, those that were viewed most first."""
    rows = await caller.ask.call("popular_resources", {"days": days, "most": limit})
    return [{"resourceId": row["resource_id"], "views": row["views"]} for row in rows]


async def of_user(caller: Caller, user_id: str, days: int) -> dict[str, Any]:
    """What somebody did: to themselves, and to administrators."""
    try:
        wanted = str(UUID(user_id))
    except ValueError:
        wanted = ""
    if wanted != caller.user_id:
        if not await caller.has_rank(AppRole.ADMIN):
            raise refuse(ACCESS_DENIED)
        if not wanted or await caller.ask.one("profiles", ("select", "id"), ("user_id", f"eq.{wanted}")) is None:
            raise refuse(USER_NOT_FOUND)
    now = datetime.now(UTC)
    told = await _activity(caller, wanted, days)
    return {
        "userId": wanted,
        "period": {"days": days, "from": instant(now - timedelta(days=days)), "to": instant(now)},
        "events": {"total": told["total"], "byType": told["by_type"]},
        "topResources": told["top_resources"],
        "activityByDay": told["by_day"],
        "content": told["content"],
    }


async def _activity(caller: Caller, user_id: str, days: int) -> dict[str, Any]:
    return await caller.ask.call("user_activity", {"person": user_id, "days": days})


def _name(value: Any) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not name:
        error = refuse(EVENT_WANTED, [{"path": "event", "message": EVENT_WANTED.message}])
        raise error
    if len(name) > LONGEST_NAME or not _is_storable(name):
        raise invalid(("event", f"Au plus {LONGEST_NAME} caractères, sans caractère interdit"))
    return name


def _details(value: Any) -> Mapping[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid(("metadata", "Un objet est attendu"))
    try:
        size = len(orjson.dumps(value))
    except (TypeError, RecursionError):
        raise _unstorable() from None
    if size > LARGEST_DETAILS:
        raise invalid(("metadata", f"Au plus {LARGEST_DETAILS} octets"))
    details = cast("dict[str, Any]", value)
    if not _is_storable(details):
        raise _unstorable()
    return details


def _unstorable() -> AppError:
    return invalid(("metadata", "Ces données ne peuvent pas être enregistrées"))


def _is_storable(value: Any) -> bool:
    """Whether PostgreSQL can keep it: texts without NUL and without halves of characters."""
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\0" in item or any("\ud800" <= letter <= "\udfff" for letter in item):
                return False
        elif isinstance(item, dict):
            waiting += [part for pair in cast("dict[str, Any]", item).items() for part in pair]
        elif isinstance(item, list):
            waiting += cast("list[Any]", item)
    return True
