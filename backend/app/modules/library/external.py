"""The API for other people's programs, `/api/v1`: resources, profiles and totals, in snake_case and in few fields.

The same rows under the same rules as everywhere else; only the shapes are its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.accounts.errors import USER_NOT_FOUND
from app.adapters.postgres import SERVICE
from app.errors import refuse
from app.gateway.array_text import array_literal
from app.modules.library import resources
from app.modules.library.callers import Caller, of_members
from app.modules.library.errors import NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.tables.kinds import AppRole
from app.named.ask import Pair, malformed_is
from app.named.lists import containing, words
from app.named.shapes import Embed, Shape

_TOTALS = """
    select (select count(*) from library.resources) as resources, (select count(*) from library.profiles) as users
"""
_OWN_EVENTS = "select event, count(*)::bigint from library.analytics_events where user_id = relais.user_id() group by 1"
#: Kept beside the events, so that nobody has to read them all; the nil id stands for whatever resource.
_ALL_EVENTS = """
    select event, sum(count)::bigint from library.analytics_daily
    where tenant_id = $1::text::uuid and resource_id = '00000000-0000-0000-0000-000000000000' group by 1
"""


class Writer(Shape):
    """The author of a resource, by name alone."""

    username: str | None
    full_name: str | None = Field(alias="full_name")


class ExternalResource(Shape):
    """A resource as other programs read it."""

    id: UUID
    title: str
    description: str
    category: str
    tags: list[str]
    user_id: UUID = Field(alias="user_id")
    created_at: datetime = Field(alias="created_at")
    profiles: Annotated[Writer, Embed("profiles!user_id")]


class ExternalProfile(Shape):
    """A profile as other programs read it."""

    id: UUID
    user_id: UUID = Field(alias="user_id")
    username: str | None
    full_name: str | None = Field(alias="full_name")
    bio: str | None
    avatar_url: str | None = Field(alias="avatar_url")
    github_username: str | None = Field(alias="github_username")
    role: AppRole | None
    created_at: datetime = Field(alias="created_at")
    updated_at: datetime = Field(alias="updated_at")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which resources are asked for; empty texts ask for nothing."""

    page: int
    per_page: int
    category: str
    #: With commas: one of them.
    tags: str
    search: str
    user_id: str


_SELECT: Pair = ("select", ExternalResource.select())


async def listed(caller: Caller, wanted: Wanted) -> dict[str, Any]:
    """A page of resources, the newest first."""
    pairs: list[Pair] = [_SELECT, ("order", "created_at.desc,id.desc")]
    pairs += [("limit", str(wanted.per_page)), ("offset", str((wanted.page - 1) * wanted.per_page))]
    pairs += [(name, f"eq.{value}") for name, value in _exact(wanted) if value]
    if wanted.search:
        pairs.append(_searched(wanted.search))
    tags = words(wanted.tags)
    if tags:
        found = await resources.tagged(caller, tags, *pairs)
    else:
        found = await caller.ask.rows("resources", *pairs, count=True)
    meta = {"total": found.total, "page": wanted.page, "per_page": wanted.per_page}
    return {"data": ExternalResource.all(found.rows), "meta": meta}


def _exact(wanted: Wanted) -> tuple[Pair, Pair]:
    return ("category", wanted.category), ("user_id", wanted.user_id)


def _searched(text: str) -> Pair:
    """In the title, the description, or as a tag."""
    key, operand = containing(text, ("title", "description"))
    tag = array_literal((text.lower(),)).replace("\\", "\\\\").replace('"', '\\"')
    return key, f'{operand[:-1]},folded_tags.cs."{tag}")'


async def resource(caller: Caller, resource_id: str) -> dict[str, Any]:
    """One resource."""
    with malformed_is(RESOURCE_NOT_FOUND):
        row = await caller.ask.one("resources", _SELECT, ("id", f"eq.{resource_id}"))
    if row is None:
        raise refuse(RESOURCE_NOT_FOUND)
    return ExternalResource.told(row)


async def create(caller: Caller, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new resource of the caller's."""
    with of_members():
        return ExternalResource.told(await caller.ask.insert("resources", row, _SELECT))


async def change(caller: Caller, resource_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with other words."""
    if not changes:
        return await resource(caller, resource_id)
    with malformed_is(RESOURCE_NOT_FOUND):
        rows = await caller.ask.update("resources", changes, _SELECT, ("id", f"eq.{resource_id}"))
    if not rows:
        await resources.must_be_readable(caller, resource_id)
        raise refuse(NOT_OWNER)
    return ExternalResource.told(rows[0])


async def profile(caller: Caller, user_id: str) -> dict[str, Any]:
    """Somebody, as everybody sees them."""
    with malformed_is(USER_NOT_FOUND):
        row = await caller.ask.one("profiles", ("select", ExternalProfile.select()), ("user_id", f"eq.{user_id}"))
    if row is None:
        raise refuse(USER_NOT_FOUND)
    return ExternalProfile.told(row)


async def totals(caller: Caller) -> dict[str, Any]:
    """How much of everything the caller may read: of events, one's own, and administrators all."""
    sees_all = await caller.has_rank(AppRole.ADMIN)
    async with caller.connection() as connection:
        row = await connection.fetchrow(_TOTALS)
        counted = () if sees_all else await connection.fetch(_OWN_EVENTS)
    assert row is not None
    if sees_all:
        # What has been counted is no table of clients.
        counted = await caller.database.fetch(SERVICE, _ALL_EVENTS, caller.tenant_id)
    events: dict[str, int] = {item[0]: item[1] for item in counted}
    return {
        "total_resources": row["resources"],
        "total_users": row["users"],
        "total_events": sum(events.values()),
        "events_by_type": events,
    }
