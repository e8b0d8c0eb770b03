"""Profiles: found, read and changed, with what their owners made. They are addressed by user, or by user name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.datastructures import QueryParams

from app.accounts.errors import USERNAME_TAKEN
from app.errors import VALIDATION_ERROR, ErrorSpec, refuse
from app.gateway.array_text import quoted_list
from app.modules.library.callers import Caller
from app.modules.library.errors import NOT_FOUND, NOT_OWNER
from app.modules.library.file_links import stored_links
from app.modules.library.shapes.collections import CollectionBrief
from app.modules.library.shapes.people import OwnProfile, Profile
from app.modules.library.shapes.resources import Resource
from app.named.ask import Found, Pair, malformed_is, telling
from app.named.lists import Form, Page, containing, filters, invalid, listed, order

PROFILE_NOT_FOUND = ErrorSpec("PROFILE_NOT_FOUND", 404, "Profil non trouvé")
NOT_OWN_PROFILE = NOT_OWNER.worded("Vous ne pouvez mettre à jour que votre propre profil")
#: Forms send pictures within the row.
PICTURES = ("avatar_url",)
_SHORTEST_SEARCH = 2
_OWN = OwnProfile.select() + ",preferences:profile_preferences(preferred_layout)"
_NEWEST: Pair = ("order", "created_at.desc,id.desc")
#: Of each collection on its owner's page.
_SHOWN = "10"


async def page_of(caller: Caller, params: QueryParams, page: Page, form: Form = "page") -> Any:
    """A page of profiles: all, or those whose name contains a text (ten at most)."""
    conditions = filters(params, Profile.columns())
    search = params.get("search", "").strip()
    if "search" in params:
        if len(search) < _SHORTEST_SEARCH:
            raise invalid(("search", f"Au moins {_SHORTEST_SEARCH} caractères"))
        if caller.user_id:
            conditions.append(("user_id", f"in.({quoted_list(await _matching(caller, search))})"))
        else:
            # The search that knows about accents is for members.
            conditions.append(containing(search, ("username", "full_name")))
    sorting = order(params, Profile.columns(), filled=Profile.filled())
    with malformed_is(VALIDATION_ERROR):
        found = await caller.ask.rows(
            "profiles", ("select", Profile.select()), *conditions, sorting, *page.pairs(), count=True
        )
    return listed(Profile.all(found.rows), found, page, form)


async def _matching(caller: Caller, text: str) -> list[str]:
    with malformed_is(VALIDATION_ERROR):
        rows = await caller.ask.call("search_users", {"query": text})
    return [row["user_id"] for row in rows]


async def found(caller: Caller, profile_id: str) -> dict[str, Any]:
    """A profile; the caller's own with what others are not shown."""
    which = _which(profile_id)
    if caller.user_id and which == ("user_id", f"eq.{caller.user_id}"):
        return await _own(caller, which)
    with malformed_is(PROFILE_NOT_FOUND):
        row = await caller.ask.one("profiles", ("select", Profile.select()), which, kept_as=f"profile:{profile_id}")
    if row is None:
        raise refuse(PROFILE_NOT_FOUND)
    return await _own(caller, which) if row["user_id"] == caller.user_id else Profile.told(row)


async def change(caller: Caller, profile_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A profile with some of its columns changed. How somebody wants the application to be is theirs alone to say."""
    which = _which(profile_id)
    columns = {name: value for name, value in changes.items() if name != "preferred_layout"}
    if columns:
        async with stored_links(caller, columns, PICTURES) as written:
            with malformed_is(NOT_FOUND), telling({"23505": USERNAME_TAKEN}):
                rows = await caller.ask.update("profiles", written, ("select", "user_id"), which)
    else:
        rows = await _changeable(caller, which)
    if not rows:
        await _must_exist(caller, which, NOT_FOUND)
        raise refuse(NOT_OWN_PROFILE)
    if "preferred_layout" in changes and rows[0]["user_id"] == caller.user_id:
        row = {"user_id": caller.user_id, "preferred_layout": changes["preferred_layout"]}
        key = ("on_conflict", "user_id")
        await caller.ask.upsert("profile_preferences", row, key, ("select", "preferred_layout"))
    return await _own(caller, ("user_id", f"eq.{rows[0]['user_id']}"))


async def _changeable(caller: Caller, which: Pair) -> list[dict[str, Any]]:
    """Nothing is changed: the profile if it is the caller's own."""
    with malformed_is(NOT_FOUND):
        found = await caller.ask.rows("profiles", ("select", "user_id"), which, ("user_id", f"eq.{caller.user_id}"))
    return found.rows


async def resources(caller: Caller, profile_id: str, page: Page, form: Form = "page") -> Any:
    """A page of the resources of a user that the caller may read, newest first."""
    user_id = await _user_id(caller, profile_id)
    if user_id is None:
        return listed([], Found([], 0), page, form)
    select, theirs = ("select", Resource.select()), ("user_id", f"eq.{user_id}")
    found = await caller.ask.rows("resources", select, theirs, _NEWEST, *page.pairs(), count=True)
    return listed(Resource.all(found.rows), found, page, form)


async def stats(caller: Caller, profile_id: str) -> dict[str, Any]:
    """Totals of a user, counting what the caller may read."""
    user_id = await _user_id(caller, profile_id)
    if user_id is None:
        raise refuse(PROFILE_NOT_FOUND)
    rows: list[dict[str, Any]] = await caller.ask.call("profile_stats", {"user_id": user_id})
    if not rows:
        raise refuse(PROFILE_NOT_FOUND)
    (row,) = rows
    return {
        "resources": {
            "total": row["resources_total"],
            "public": row["resources_public"],
            "private": row["resources_private"],
        },
        "views": row["views"],
        "downloads": row["downloads"],
        "ratings": {"total": row["ratings_total"], "average": row["ratings_average"]},
        "savedCount": row["saved_count"],
    }


async def collections(caller: Caller, profile_id: str, page: Page) -> list[dict[str, Any]]:
    """The collections of a user that the caller may read, the last changed first, with the first resources of each."""
    user_id = await _user_id(caller, profile_id)
    if user_id is None:
        return []
    found = await caller.ask.rows(
        "collections",
        ("select", CollectionBrief.select()),
        ("user_id", f"eq.{user_id}"),
        ("order", "updated_at.desc,id.desc"),
        ("collection_resources.order", "order_index.asc,id.asc"),
        ("collection_resources.limit", _SHOWN),
        *page.pairs(),
    )
    return CollectionBrief.all(found.rows)


async def _own(caller: Caller, which: Pair) -> dict[str, Any]:
    row = await caller.ask.one("profiles", ("select", _OWN), which)
    if row is None:
        raise refuse(PROFILE_NOT_FOUND)
    preferences: dict[str, Any] = row["preferences"] or {}
    return OwnProfile.told(row, preferred_layout=preferences.get("preferred_layout"))


async def _user_id(caller: Caller, profile_id: str) -> str | None:
    """Whose profile this is; None if it is nobody's. Identifiers are taken at their word."""
    which = _which(profile_id)
    if which[0] == "user_id":
        return which[1].removeprefix("eq.")
    with malformed_is(PROFILE_NOT_FOUND):
        row = await caller.ask.one("profiles", ("select", "user_id"), which)
    return None if row is None else row["user_id"]


async def _must_exist(caller: Caller, which: Pair, otherwise: ErrorSpec) -> None:
    if await caller.ask.one("profiles", ("select", "user_id"), which) is None:
        raise refuse(otherwise)


def _which(profile_id: str) -> Pair:
    try:
        return "user_id", f"eq.{UUID(profile_id)}"
    except ValueError:
        return "username", f"eq.{profile_id}"
