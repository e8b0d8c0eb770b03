"""What the library tells as it happens: notifications, votes, and what becomes of a resource."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.catalog.types import Name
from app.realtime.channels import Kind, Subscriber
from app.realtime.log import Change
from app.realtime.subscriptions import Sight, Told, Topic

NOTIFICATIONS, RESOURCES = Name("library", "notifications"), Name("library", "resources")
COMMENTS, RATINGS = Name("library", "resource_comments"), Name("library", "resource_ratings")
SUGGESTIONS, VOTES = Name("library", "category_tag_suggestions"), Name("library", "suggestion_votes")
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SEES = "select from library.resources where id = $1::text::uuid"
#: Changes that nobody is told of by themselves.
_QUIET = frozenset({"updated_at"})


@dataclass(frozen=True, slots=True)
class Notifications:
    """A user's own, as they come."""

    channel: str
    user_id: str

    @property
    def tables(self) -> tuple[Name, ...]:
        """The one that it is about."""
        return (NOTIFICATIONS,)

    def concerns(self, change: Change) -> bool:
        """New ones of this user's."""
        return change.operation == "INSERT" and change.new is not None and change.new.get("user_id") == self.user_id

    def told(self, sight: Sight) -> Told | None:
        """The notification, with its columns in both casings."""
        if sight.new is None:
            return None
        return Told("notification", {**_both(sight.new), "channel": self.channel, "position": sight.change.position})


@dataclass(frozen=True, slots=True)
class ResourceUpdates:
    """What becomes of one resource."""

    channel: str
    resource_id: str

    @property
    def tables(self) -> tuple[Name, ...]:
        """The one that it is about."""
        return (RESOURCES,)

    def concerns(self, change: Change) -> bool:
        """Changes to it."""
        return change.key.get("id") == self.resource_id and change.operation != "INSERT"

    def told(self, sight: Sight) -> Told | None:
        """What is different now; of one that is gone or out of sight, nothing but that."""
        if sight.is_gone:
            update: dict[str, Any] = {"deleted": True}
        else:
            old, new = sight.change.old or {}, sight.new or {}
            changed = {name: value for name, value in new.items() if name not in old or old[name] != value}
            update = _both({name: value for name, value in changed.items() if name not in _QUIET})
        if not update:
            return None
        told = {"resourceId": self.resource_id, "update": update, "timestamp": sight.change.at}
        return Told("resource:update", {**told, "channel": self.channel, "position": sight.change.position})


@dataclass(frozen=True, slots=True)
class SuggestionVotes:
    """How votes on suggestions stand."""

    channel: str

    @property
    def tables(self) -> tuple[Name, ...]:
        """The one that it is about."""
        return (SUGGESTIONS,)

    def concerns(self, change: Change) -> bool:
        """Counts and verdicts that change."""
        if change.old is None or change.new is None:
            return False
        return any(change.old.get(name) != change.new.get(name) for name in ("votes_count", "status"))

    def told(self, sight: Sight) -> Told | None:
        """The net count and the state. Who voted is nobody's business."""
        if sight.new is None:
            return None
        told = {
            "suggestionId": sight.new["id"],
            "votesCount": sight.new["votes_count"],
            "status": sight.new["status"],
            "timestamp": sight.change.at,
        }
        return Told("suggestion:vote", {**told, "channel": self.channel, "position": sight.change.position})


async def _notifications(subscriber: Subscriber, match: re.Match[str]) -> Topic | None:
    if match[1] != subscriber.user_id:
        return None
    return Notifications(match[0], subscriber.user_id)


async def _resource(subscriber: Subscriber, match: re.Match[str]) -> Topic | None:
    resource_id = match[1].lower()
    if not await subscriber.sees(_SEES, resource_id):
        return None
    return ResourceUpdates(match[0], resource_id)


async def _votes(_: Subscriber, match: re.Match[str]) -> Topic | None:
    return SuggestionVotes(match[0])


CHANNELS = (
    Kind(
        re.compile(f"(?:notifications|user):({_UUID})"),
        _notifications,
        joined=lambda user_id: f"user:{user_id}",
        room=lambda match: f"user:{match[1]}",
    ),
    Kind(
        re.compile(f"resource:updates:({_UUID})", re.IGNORECASE),
        _resource,
        room=lambda match: f"resource:{match[1].lower()}",
    ),
    Kind(re.compile("suggestions:votes"), _votes),
)


def _both(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its columns in both casings."""
    return {**{re.sub(r"_([a-z])", lambda found: found[1].upper(), name): value for name, value in row.items()}, **row}
