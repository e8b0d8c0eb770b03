"""Comments on resources, under both of the addresses that clients know."""

from uuid import UUID

from pydantic import BaseModel

from app.accounts.bodies import Body
from app.answers import Json, errors
from app.modules.library import comments
from app.modules.library.callers import Anybody, User
from app.modules.library.comments import (
    COMMENT_NOT_FOUND,
    INVALID_PARENT,
    MAY_NOT_COMMENT,
    NOT_AUTHOR,
    PARENT_COMMENT_NOT_FOUND,
)
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.shapes.community import Comment, CommentWithReplies
from app.modules.library.texts import Remark
from app.named.lists import PagedWhole
from app.routers import Router

router = Router(tags=["comments"])
_REFUSALS = errors(RESOURCE_NOT_FOUND, MAY_NOT_COMMENT, PARENT_COMMENT_NOT_FOUND, INVALID_PARENT)


class Comments(BaseModel):
    """The comments of a resource, and how many there are with the replies."""

    data: list[CommentWithReplies]
    total: int


class Wording(Body):
    """What a comment says."""

    content: Remark


class Reply(Wording):
    """A comment, perhaps on another one."""

    parent_id: UUID | None = None


class NewComment(Reply):
    """A comment, and on what."""

    resource_id: UUID


@router.get(
    "/api/comments/resource/{resource_id}",
    summary="The comments of a resource",
    response_model=Comments,
    responses=errors(RESOURCE_NOT_FOUND),
)
@router.get(
    "/api/resources/{resource_id}/comments",
    summary="The comments of a resource",
    response_model=Comments,
    responses=errors(RESOURCE_NOT_FOUND),
)
async def get_comments(caller: Anybody, resource_id: str, page: PagedWhole) -> Json:
    """As a tree, oldest first. Replies deeper than fifty levels are told beside each other.

    A reply to what is on another page is told with the first ones.
    """
    return Json(await comments.tree(caller, resource_id, page))


@router.post("/api/comments", status_code=201, summary="Comment", response_model=Comment, responses=_REFUSALS)
async def post_comment(caller: User, body: NewComment) -> Json:
    """Whoever may read a resource may comment on it; its owner is told, and whoever is answered."""
    parent = None if body.parent_id is None else str(body.parent_id)
    return Json(await comments.create(caller, str(body.resource_id), body.content, parent), 201)


@router.post(
    "/api/resources/{resource_id}/comments",
    status_code=201,
    summary="Comment on a resource",
    response_model=Comment,
    responses=_REFUSALS,
)
async def post_comment_on(caller: User, resource_id: str, body: Reply) -> Json:
    """The same, the resource named in the address."""
    parent = None if body.parent_id is None else str(body.parent_id)
    return Json(await comments.create(caller, resource_id, body.content, parent), 201)


@router.put(
    "/api/comments/{comment_id}",
    summary="Change a comment",
    response_model=Comment,
    responses=errors(COMMENT_NOT_FOUND, NOT_AUTHOR),
)
async def put_comment(caller: User, comment_id: str, body: Wording) -> Json:
    """Its author and administrators."""
    return Json(await comments.change(caller, comment_id, body.content))


@router.delete(
    "/api/comments/{comment_id}",
    status_code=204,
    summary="Delete a comment",
    responses=errors(COMMENT_NOT_FOUND, NOT_AUTHOR),
)
async def delete_comment(caller: User, comment_id: str) -> None:
    """With the replies to it. Its author and moderators."""
    await comments.delete(caller, comment_id)
