"""What the library tells as it happens: notifications, votes, and what becomes of a resource."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic.alias_generators import to_camel

from app.catalog.types import Name
from app.modules.library.shapes.people import NotificationCore
from app.named.shapes import moment
from app.realtime.channels import Kind, Subscriber
from app.realtime.log import Change, Image
from app.realtime.outlets import Outlet
from app.realtime.subscriptions import Lookup, Sight, Told, Topic

NOTIFICATIONS, RESOURCES = Name("library", "notifications"), Name("library", "resources")
COMMENTS, SHARES = Name("library", "resource_comments"), Name("library", "resource_shares")
SUGGESTIONS, VOTES = Name("library", "category_tag_suggestions"), Name("library", "suggestion_votes")
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SEES = "select from library.resources where id = $1::text::uuid"
_UNREAD = """
    select given.id, to_json(count(n.id))::text
    from unnest($1::text[]) as given (id)
    left join library.notifications as n on n.tenant_id = relais.tenant_id() and n.user_id = given.id::uuid
      and not n.is_read
    group by given.id
"""
#: Of what hangs on a resource a reader is told how much of it they may read.
_COUNTED = """
    select r.id::text, json_build_object('{0}_count', (
      select count(*) from library.resource_{0} as x where x.tenant_id = r.tenant_id and x.resource_id = r.id))::text
    from library.resources as r where r.tenant_id = relais.tenant_id() and r.id = any ($1::text[]::uuid[])
"""
_STANDING = """
    select s.id::text, json_build_object(
      'totalUpvotes', count(*) filter (where v.vote_type = 'upvote'),
      'totalDownvotes', count(*) filter (where v.vote_type = 'downvote'),
      'votesCount', s.votes_count,
      'status', s.status,
      'userVote', max(v.vote_type) filter (where v.user_id = relais.user_id()))::text
    from library.category_tag_suggestions as s
    left join library.suggestion_votes as v on v.tenant_id = s.tenant_id and v.suggestion_id = s.id
    where s.tenant_id = relais.tenant_id() and s.id = any ($1::text[]::uuid[])
    group by s.tenant_id, s.id
"""
#: Suggestions whose standing a subscription remembers to have told.
_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class Notifications:
    """A user's own, as they come, are read and go: on each of their devices."""

    channel: str
    user_id: str

    @property
    def tables(self) -> tuple[Name, ...]:
        """The one that it is about."""
        return (NOTIFICATIONS,)

    @property
    def subject(self) -> object:
        """The same under both names."""
        return NOTIFICATIONS, self.user_id

    @property
    def lookups(self) -> Mapping[Name, Lookup]:
        """The number on the bell."""
        return {NOTIFICATIONS: Lookup(_UNREAD, "user_id")}

    def concerns(self, change: Change) -> bool:
        """This user's."""
        return _image(change).get("user_id") == self.user_id

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        """The notification as it is listed; of one that is gone, which."""
        change = sight.change
        told = {"channel": self.channel, "position": change.position, "unreadCount": found}
        if sight.new is None:
            return Told("notification:delete", {**change.key, "userId": self.user_id, **told})
        event = "notification" if change.operation == "INSERT" else "notification:update"
        return Told(event, {**NotificationCore.told(sight.new), **told})


@dataclass(frozen=True, slots=True)
class NewNotifications:
    """Everybody's new ones, for programs beside this one."""

    @property
    def channel(self) -> str:
        """Each has its own."""
        return ""

    @property
    def tables(self) -> tuple[Name, ...]:
        """The one that it is about."""
        return (NOTIFICATIONS,)

    @property
    def subject(self) -> object:
        """All of them."""
        return NOTIFICATIONS

    @property
    def lookups(self) -> Mapping[Name, Lookup]:
        """Nothing."""
        return {}

    def concerns(self, change: Change) -> bool:
        """New ones."""
        return change.operation == "INSERT"

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        """The notification as it is listed."""
        if sight.new is None:
            return None
        return Told("notification", {**NotificationCore.told(sight.new), "position": sight.change.position})


@dataclass(slots=True, eq=False)
class ResourceUpdates:
    """What becomes of one resource, or of any."""

    channel: str
    resource_id: str | None
    #: It was told to be gone, and nothing of it since.
    _gone: bool = False

    @property
    def tables(self) -> tuple[Name, ...]:
        """The resource, and what hangs on it and is in none of its columns."""
        return RESOURCES, COMMENTS, SHARES

    @property
    def subject(self) -> object:
        """The same however its name is written."""
        return RESOURCES, self.resource_id

    @property
    def lookups(self) -> Mapping[Name, Lookup]:
        """How much hangs on it."""
        return {
            COMMENTS: Lookup(_COUNTED.format("comments"), "resource_id"),
            SHARES: Lookup(_COUNTED.format("shares"), "resource_id"),
        }

    def concerns(self, change: Change) -> bool:
        """Changes to it; comments that come or go; any change to whom it is shared with."""
        column = "id" if change.table == RESOURCES else "resource_id"
        quiet = {RESOURCES: "INSERT", COMMENTS: "UPDATE"}.get(change.table)
        return change.operation != quiet and self.resource_id in (None, _image(change).get(column))

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        """What is different now; of one that is gone or out of sight, nothing but that."""
        change, of_itself = sight.change, sight.change.table == RESOURCES
        gone = sight.is_gone if of_itself else found is None
        was_gone, self._gone = self._gone, gone and self.resource_id is not None
        if gone and was_gone:
            return None
        update = {"deleted": True} if gone else _both(_different(change, sight.new or {}) if of_itself else found)
        if not update:
            return None
        resource_id = _image(change)["id" if of_itself else "resource_id"]
        told = {"resourceId": resource_id, "update": update, "timestamp": moment(change.at)}
        return Told("resource:update", {**told, "channel": self.channel, "position": change.position})


@dataclass(slots=True, eq=False)
class SuggestionVotes:
    """How votes on suggestions stand."""

    channel: str
    #: Whose vote is told: the subscriber's own one, or the one that whoever voted holds now, without saying who.
    of_voter: bool = False
    #: What was told last of a suggestion: a vote changes its row, too, which then is no news.
    _standings: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def tables(self) -> tuple[Name, ...]:
        """Votes, and what they and moderators decide."""
        return SUGGESTIONS, VOTES

    @property
    def subject(self) -> object:
        """All of them."""
        return self.channel

    @property
    def lookups(self) -> Mapping[Name, Lookup]:
        """The totals, and the reader's own vote."""
        return {SUGGESTIONS: Lookup(_STANDING, "id"), VOTES: Lookup(_STANDING, "suggestion_id")}

    def concerns(self, change: Change) -> bool:
        """Votes that come, go or turn; counts and verdicts that change."""
        names = ("votes_count", "status") if change.table == SUGGESTIONS else ("vote_type",)
        if change.old is None or change.new is None:
            return change.table == VOTES
        return any(change.old.get(name) != change.new.get(name) for name in names)

    def told(self, sight: Sight, found: Any = None) -> Told | None:
        """How the votes stand. Who voted is nobody's business."""
        if found is None:
            return None
        change, image = sight.change, _image(sight.change)
        votes = change.table == VOTES
        suggestion = image["suggestion_id" if votes else "id"]
        if not votes and self._standings.get(suggestion) == found:
            return None
        self._standings.pop(suggestion, None)
        self._standings[suggestion] = found
        if len(self._standings) > _REMEMBERED:
            del self._standings[next(iter(self._standings))]
        told = {"suggestionId": suggestion, "voteType": image["vote_type"] if votes else None, **found}
        if self.of_voter:
            told["userVote"] = (change.new or {}).get("vote_type") if votes else None
        told["timestamp"] = moment(change.at)
        return Told("suggestion:vote", {**told, "channel": self.channel, "position": change.position})


async def _notifications(subscriber: Subscriber, match: re.Match[str]) -> Topic | None:
    if match[1].lower() != subscriber.user_id:
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
        re.compile(f"(?:notifications|user):({_UUID})", re.IGNORECASE),
        _notifications,
        joined=lambda user_id: f"user:{user_id}",
        room=lambda match: f"user:{match[1].lower()}",
    ),
    Kind(
        re.compile(f"resource:updates:({_UUID})", re.IGNORECASE),
        _resource,
        room=lambda match: f"resource:{match[1].lower()}",
    ),
    Kind(re.compile("suggestions:votes"), _votes),
)
OUTLETS = (
    Outlet(NewNotifications, lambda told: ("notifications", told["userId"]), "notifications:*", personal=True),
    Outlet(
        lambda: ResourceUpdates("", None),
        lambda told: ("resource", "updates", told["resourceId"]),
        "resource:updates:*",
    ),
    Outlet(lambda: SuggestionVotes("", of_voter=True), lambda _: ("suggestions", "votes"), "suggestions:votes"),
)


def _image(change: Change) -> Image:
    return change.new or change.old or {}


def _different(change: Change, new: Image) -> dict[str, Any]:
    old = change.old or {}
    return {
        name: moment(value) if name.endswith("_at") else value
        for name, value in new.items()
        if name not in old or old[name] != value
    }


def _both(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its columns in both casings."""
    return {**{to_camel(name): value for name, value in row.items()}, **row}
