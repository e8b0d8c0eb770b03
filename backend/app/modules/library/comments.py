"""Comments: the tree of a resource's, and their writing. Whoever may do what is row security's affair."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from app.errors import AppError, ErrorSpec, refuse
from app.modules.library.callers import Caller
from app.modules.library.errors import ACCESS_DENIED, NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.resources import must_be_readable
from app.modules.library.shapes.community import Comment, CommentWithReplies
from app.named.ask import malformed_is
from app.named.lists import Page, invalid

COMMENT_NOT_FOUND = ErrorSpec("COMMENT_NOT_FOUND", 404, "Commentaire non trouvé")
PARENT_COMMENT_NOT_FOUND = ErrorSpec("PARENT_COMMENT_NOT_FOUND", 404, "Commentaire parent non trouvé")
INVALID_PARENT = ErrorSpec("INVALID_PARENT", 400, "Le commentaire parent ne correspond pas à la ressource")
NOT_AUTHOR = NOT_OWNER.worded("Vous n'êtes pas propriétaire de ce commentaire")
MAY_NOT_COMMENT = ACCESS_DENIED.worded("Vous ne pouvez pas commenter cette ressource")
#: Answers to answers beyond this level are told beside each other: readers of JSON do not follow for ever.
DEEPEST = 50
_REFUSED, _NO_SUCH_ROW, _AGAINST_A_RULE = "42501", "23503", "23514"


async def tree(caller: Caller, resource_id: str, page: Page) -> dict[str, Any]:
    """A page of the comments of a resource, oldest first, each with its replies; and how many there are in all."""
    select = ("select", f"id,comments:resource_comments!resource_id({Comment.select()})")
    order = ("comments.order", "created_at.asc,id.asc")
    # One more than is told says whether there are more.
    window = ("comments.limit", str(page.limit + 1)), ("comments.offset", str((page.number - 1) * page.limit))
    with malformed_is(RESOURCE_NOT_FOUND):
        row = await caller.ask.one("resources", select, order, *window, ("id", f"eq.{resource_id}"))
    if row is None:
        raise refuse(RESOURCE_NOT_FOUND)
    told, total = row["comments"][: page.limit], len(row["comments"])
    if page.number > 1 or total > page.limit:
        which = ("select", "id"), ("resource_id", f"eq.{resource_id}"), ("limit", "1")
        total = (await caller.ask.rows("resource_comments", *which, count=True)).total
    return {"data": nested(told), "total": total}


def nested(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Comments under those that they answer. One whose parent is not there is told with the first ones."""
    above = _above(rows)
    told = {row["id"]: CommentWithReplies.told(row, replies=[]) for row in rows}
    top: list[dict[str, Any]] = []
    for key, comment in told.items():
        parent = above[key]
        siblings = top if parent is None else told[parent]["replies"]
        siblings.append(comment)
    return top


def _above(rows: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """Under which comment each is told."""
    parents: dict[str, str | None] = {row["id"]: row["parent_id"] for row in rows}
    replies: dict[str, list[str]] = {}
    for key, parent in parents.items():
        if parent in parents:
            replies.setdefault(parent, []).append(key)
    first = [key for key, parent in parents.items() if parent not in parents]
    above: dict[str, str | None] = {}
    # Imports may have brought comments that answer each other in a circle: the oldest of them is told at the top.
    for start in chain(first, parents):
        if start in above:
            continue
        above[start] = None
        waiting = [(start, 1)]
        while waiting:
            parent, level = waiting.pop()
            for key in replies.get(parent, ()):
                if key not in above:
                    above[key] = parent if level < DEEPEST else above[parent]
                    waiting.append((key, min(level + 1, DEEPEST)))
    return above


async def create(caller: Caller, resource_id: str, content: str, parent_id: str | None) -> dict[str, Any]:
    """A comment of the caller's, or their reply to one."""
    row = {"resource_id": resource_id, "content": content, "parent_id": parent_id}
    try:
        with malformed_is(RESOURCE_NOT_FOUND):
            stored = await caller.ask.insert("resource_comments", row, ("select", Comment.select()))
    except AppError as error:
        if error.code in (_REFUSED, _NO_SUCH_ROW, _AGAINST_A_RULE):
            raise await _reason(caller, resource_id, parent_id, error.code) from error
        raise
    return Comment.told(stored)


async def _reason(caller: Caller, resource_id: str, parent_id: str | None, code: str) -> AppError:
    """Why a comment was refused."""
    await must_be_readable(caller, resource_id)
    if code == _REFUSED:
        return refuse(MAY_NOT_COMMENT)
    if parent_id is None:
        return invalid(("content", "Champ requis"))
    parent = await caller.ask.one("resource_comments", ("select", "id,resource_id"), ("id", f"eq.{parent_id}"))
    if parent is None:
        return refuse(PARENT_COMMENT_NOT_FOUND)
    return refuse(INVALID_PARENT)


async def change(caller: Caller, comment_id: str, content: str) -> dict[str, Any]:
    """A comment with other words."""
    which = ("id", f"eq.{comment_id}")
    with malformed_is(COMMENT_NOT_FOUND):
        rows = await caller.ask.update("resource_comments", {"content": content}, ("select", Comment.select()), which)
    if not rows:
        raise await _not_theirs(caller, comment_id)
    return Comment.told(rows[0])


async def delete(caller: Caller, comment_id: str) -> None:
    """A comment goes, with the replies to it."""
    with malformed_is(COMMENT_NOT_FOUND):
        rows = await caller.ask.delete("resource_comments", ("select", "id"), ("id", f"eq.{comment_id}"))
    if not rows:
        raise await _not_theirs(caller, comment_id)


async def _not_theirs(caller: Caller, comment_id: str) -> AppError:
    found = await caller.ask.one("resource_comments", ("select", "id"), ("id", f"eq.{comment_id}"))
    return refuse(COMMENT_NOT_FOUND if found is None else NOT_AUTHOR)
