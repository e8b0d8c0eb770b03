"""Groups: their members, and what is shared with them."""

from collections.abc import Mapping
from typing import Any

from app.accounts.errors import USER_NOT_FOUND
from app.accounts.invitations import ALREADY_MEMBER
from app.accounts.members import MEMBER_NOT_FOUND
from app.errors import AppError, ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import ACCESS_DENIED, GROUP_NOT_FOUND, INSUFFICIENT_PERMISSIONS, NOT_OWNER
from app.modules.library.shapes.people import Group, GroupInFull, GroupMember, GroupWithMembers
from app.modules.library.shapes.resources import Resource
from app.modules.library.tables.kinds import AppRole
from app.named.ask import Pair, malformed_is, telling
from app.named.lists import Page
from app.named.shapes import Row

ALREADY_IN_GROUP = ALREADY_MEMBER.worded("Cet utilisateur est déjà membre du groupe")
OWNER_CANNOT_LEAVE = ErrorSpec("OWNER_CANNOT_LEAVE", 403, "Le propriétaire du groupe ne peut pas se retirer")
MAY_NOT_ADD = INSUFFICIENT_PERMISSIONS.worded("Vous n'avez pas les permissions pour ajouter des membres")
MAY_NOT_REMOVE = INSUFFICIENT_PERMISSIONS.worded("Vous n'avez pas les permissions pour retirer des membres")
MAY_NOT_RANK = INSUFFICIENT_PERMISSIONS.worded("Vous n'avez pas les permissions pour changer le rôle d'un membre")
NOT_OWNER_OF_GROUP = NOT_OWNER.worded("Vous n'êtes pas propriétaire de ce groupe")
NO_SUCH_MEMBER = MEMBER_NOT_FOUND.worded("Cet utilisateur n'est pas membre du groupe")
OWNER_KEEPS_RANK = INSUFFICIENT_PERMISSIONS.worded("Le rôle du propriétaire du groupe ne change pas")
_REFUSED, _NO_SUCH_ROW = "42501", "23503"
_BY_AGE = ("members.order", "added_at.asc,id.asc")
#: Those who are told of each group of a list, and of one group on its own: the oldest.
MOST_SHOWN, MOST_MEMBERS = 100, 1000


async def mine(caller: Caller, page: Page) -> list[dict[str, Any]]:
    """A page of the groups that the caller owns or is in, newest first."""
    # Administrators may read all groups; these are their own.
    select = ("select", GroupWithMembers.select() + ",mine:group_members!group_id(id)")
    joined = ("mine.user_id", f"eq.{caller.user_id}")
    theirs = ("or", f"(owner_id.eq.{caller.user_id},mine.not.is.null)")
    newest = ("order", "created_at.desc,id.desc")
    asked = select, _BY_AGE, _at_most(MOST_SHOWN), joined, theirs, newest, *page.pairs()
    rows = (await caller.ask.rows("groups", *asked)).rows
    return [GroupWithMembers.told(row, **await _numbers(caller, row, MOST_SHOWN)) for row in rows]


async def found(caller: Caller, group_id: str) -> dict[str, Any]:
    """A group that the caller owns, is in or administers, and how they stand in it."""
    select = ("select", GroupInFull.select() + ",mine:group_members!group_id(role)")
    asked = select, _BY_AGE, _at_most(MOST_MEMBERS), ("mine.user_id", f"eq.{caller.user_id}")
    with malformed_is(GROUP_NOT_FOUND):
        row = await caller.ask.one("groups", *asked, ("id", f"eq.{group_id}"))
    if row is None:
        raise refuse(GROUP_NOT_FOUND)
    owns, numbers = row["owner_id"] == caller.user_id, await _numbers(caller, row, MOST_MEMBERS)
    return GroupInFull.told(row, is_owner=owns, user_role=_standing(row, caller.user_id), **numbers)


def _at_most(members: int) -> Pair:
    # One more than is told says whether there are more.
    return "members.limit", str(members + 1)


async def _numbers(caller: Caller, row: dict[str, Any], most: int) -> dict[str, Any]:
    """How many are in a group, of whom so many are told."""
    members = len(row["members"])
    if members > most:
        row["members"] = row["members"][:most]
        which = ("select", "id"), ("group_id", f"eq.{row['id']}"), ("limit", "1")
        members = (await caller.ask.rows("group_members", *which, count=True)).total
    return {"members_count": members, "_count": {"members": members}}


def _standing(row: Row, user_id: str) -> str | None:
    if row["owner_id"] == user_id:
        return "admin"
    role = next((membership["role"] for membership in row["mine"]), None)
    return "admin" if role == "owner" else role


async def create(caller: Caller, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new group, whose creator is in it."""
    with telling({_REFUSED: ACCESS_DENIED}):
        stored = await caller.ask.insert("groups", row, ("select", Group.select()))
    return Group.told(stored)


async def change(caller: Caller, group_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A group with some of its columns changed."""
    select, which = ("select", Group.select()), ("id", f"eq.{group_id}")
    with malformed_is(GROUP_NOT_FOUND):
        if not changes:
            rows = (await caller.ask.rows("groups", select, which)).rows
        else:
            rows = await caller.ask.update("groups", changes, select, which)
    if not rows:
        await _must_be_readable(caller, group_id)
        raise refuse(INSUFFICIENT_PERMISSIONS)
    return Group.told(rows[0])


async def delete(caller: Caller, group_id: str) -> None:
    """A group goes, and what was shared with it alone."""
    with malformed_is(GROUP_NOT_FOUND):
        rows = await caller.ask.delete("groups", ("select", "id"), ("id", f"eq.{group_id}"))
    if not rows:
        await _must_be_readable(caller, group_id)
        raise refuse(NOT_OWNER_OF_GROUP)


async def add_member(caller: Caller, group_id: str, user_id: str, role: str) -> dict[str, Any]:
    """Somebody more in a group; they are told."""
    row = {"group_id": group_id, "user_id": user_id, "role": role}
    try:
        with malformed_is(GROUP_NOT_FOUND), telling({"23505": ALREADY_IN_GROUP}):
            stored = await caller.ask.insert("group_members", row, ("select", GroupMember.select()))
    except AppError as error:
        if error.code not in (_REFUSED, _NO_SUCH_ROW):
            raise
        await _must_be_readable(caller, group_id)
        raise refuse(MAY_NOT_ADD if error.code == _REFUSED else USER_NOT_FOUND) from error
    return GroupMember.told(stored)


async def rank(caller: Caller, group_id: str, user_id: str, role: str) -> dict[str, Any]:
    """Another role for somebody in a group."""
    group = await _must_be_readable(caller, group_id)
    if group["owner_id"] == user_id.lower():
        raise refuse(OWNER_KEEPS_RANK)
    which = _member(group_id, user_id)
    with malformed_is(NO_SUCH_MEMBER):
        rows = await caller.ask.update("group_members", {"role": role}, ("select", GroupMember.select()), *which)
    if not rows:
        known = await caller.ask.one("group_members", ("select", "id"), *which)
        raise refuse(NO_SUCH_MEMBER if known is None else MAY_NOT_RANK)
    return GroupMember.told(rows[0])


async def remove_member(caller: Caller, group_id: str, user_id: str) -> None:
    """Somebody is no longer in a group, whether or not they were."""
    which = _member(group_id, user_id)
    try:
        with malformed_is(GROUP_NOT_FOUND), telling({_REFUSED: OWNER_CANNOT_LEAVE}):
            rows = await caller.ask.delete("group_members", ("select", "id"), *which)
    except AppError as error:
        if error.code != GROUP_NOT_FOUND.code:
            raise
        rows = []
    if rows:
        return
    group = await _must_be_readable(caller, group_id)
    if user_id.lower() != caller.user_id and not await _manages(caller, group):
        raise refuse(MAY_NOT_REMOVE)
    # Managers who are guests remove nobody.
    if await _is_member(caller, which):
        raise refuse(MAY_NOT_REMOVE)


async def _is_member(caller: Caller, which: tuple[Pair, Pair]) -> bool:
    try:
        with malformed_is(NO_SUCH_MEMBER):
            return await caller.ask.one("group_members", ("select", "id"), *which) is not None
    except AppError as error:
        if error.code != NO_SUCH_MEMBER.code:
            raise
        return False


async def resources(caller: Caller, group_id: str, page: Page) -> list[dict[str, Any]]:
    """A page of what is shared with a group now, newest first."""
    select, order = ("select", Resource.select()), ("order", "created_at.desc,id.desc")
    await _must_be_readable(caller, group_id)
    rows = await caller.ask.call("group_resources", {"group_id": group_id}, select, order, *page.pairs())
    return Resource.all(rows)


async def _manages(caller: Caller, group: Row) -> bool:
    if group["owner_id"] == caller.user_id or await caller.has_rank(AppRole.ADMIN):
        return True
    mine = await caller.ask.one("group_members", ("select", "role"), *_member(group["id"], caller.user_id))
    return mine is not None and mine["role"] != "member"


async def _must_be_readable(caller: Caller, group_id: str) -> Row:
    with malformed_is(GROUP_NOT_FOUND):
        row = await caller.ask.one("groups", ("select", "id,owner_id"), ("id", f"eq.{group_id}"))
    if row is None:
        raise refuse(GROUP_NOT_FOUND)
    return row


def _member(group_id: str, user_id: str) -> tuple[Pair, Pair]:
    return ("group_id", f"eq.{group_id}"), ("user_id", f"eq.{user_id}")
