"""`/api/resources`: the resources themselves. What hangs on one (shares, marks, versions) has files of its own."""

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BeforeValidator, Field

from app.accounts.bodies import Body, Text
from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, PageOf, errors
from app.modules.library import bodies, resources
from app.modules.library.bodies import Elsewhere, FileLink, FilePath, LongText
from app.modules.library.callers import Anybody, User
from app.modules.library.errors import NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.file_keeping import REFUSALS as FILE_REFUSALS
from app.modules.library.shapes.resources import Resource, ResourceInFull
from app.modules.library.tables.kinds import ResourceType, ResourceVisibility
from app.named.lists import Paged, wanted_form
from app.routers import Router

router = Router(prefix="/api/resources", tags=["resources"])
Title = Annotated[Text, Field(min_length=1, max_length=500)]
Description = Annotated[bodies.Description, Field(min_length=1)]


def _null_is_empty(value: Any) -> Any:
    return "" if value is None else value


class _ResourceBody(Body):
    category: Annotated[Text, Field(max_length=255), BeforeValidator(_null_is_empty)] = ""
    tags: Annotated[list[Annotated[Text, Field(max_length=255)]], Field(max_length=1000)] = Field(default_factory=list)
    resource_type: ResourceType = ResourceType.EXTERNAL_LINK
    visibility: ResourceVisibility = ResourceVisibility.PUBLIC
    github_url: Elsewhere = None
    external_url: Elsewhere = None
    file_path: FilePath | None = None
    file_url: FileLink = None
    file_size: Annotated[Text, Field(max_length=50)] | None = None
    language: Annotated[Text, Field(max_length=100)] | None = None
    license: Annotated[Text, Field(max_length=100)] | None = None
    readme: LongText | None = None


class ForkBody(Body):
    """Of a copy. May be left out."""

    visibility: ResourceVisibility | None = None


class NewResource(_ResourceBody):
    """A new resource. It belongs to whoever makes it."""

    title: Title
    description: Description


class ResourceChanges(_ResourceBody):
    """What somebody may change of a resource; what is left out stays as it is."""

    title: Title = ""
    description: Description = ""


@router.get("", summary="List resources", response_model=PageOf[Resource] | list[Resource])
async def get_resources(caller: Anybody, request: Request, page: Paged) -> Json:
    """Those that the caller may read; `search`, `tags`, `authorId` and any column narrow the list.

    What `search` finds comes best first (`sortBy=relevance`) unless another order is asked for. Then `meta.total`
    may be 5000 with `meta.totalIsBound`: there are at least as many.
    """
    return Json(await resources.listed(caller, request.query_params, page, wanted_form(request)))


@router.get(
    "/{resource_id}",
    summary="One resource",
    response_model=ResourceInFull,
    responses=errors(RESOURCE_NOT_FOUND),
)
async def get_resource(caller: Anybody, resource_id: str) -> Json:
    """One that the caller may not read is not there."""
    return Json(await resources.found(caller, resource_id, ResourceInFull))


@router.post(
    "",
    status_code=201,
    summary="Make a resource",
    response_model=Resource,
    responses=errors(INSUFFICIENT_ROLE, *FILE_REFUSALS),
)
async def post_resource(caller: User, body: NewResource) -> Json:
    """In the caller's name, whatever the body says."""
    return Json(await resources.create(caller, body.model_dump(mode="json")), 201)


@router.put(
    "/{resource_id}",
    summary="Change a resource",
    response_model=Resource,
    responses=errors(RESOURCE_NOT_FOUND, NOT_OWNER, INSUFFICIENT_ROLE, *FILE_REFUSALS),
)
async def put_resource(caller: User, resource_id: str, body: ResourceChanges) -> Json:
    """Its owner, administrators, and whoever was given the right."""
    changes = body.model_dump(mode="json", exclude_unset=True)
    return Json(await resources.change(caller, resource_id, changes))


@router.delete(
    "/{resource_id}",
    status_code=204,
    summary="Delete a resource",
    responses=errors(RESOURCE_NOT_FOUND, NOT_OWNER),
)
async def delete_resource(caller: User, resource_id: str) -> None:
    """With all that hangs on it."""
    await resources.delete(caller, resource_id)


@router.post(
    "/{resource_id}/fork",
    status_code=201,
    summary="Copy a resource into one's own",
    response_model=Resource,
    responses=errors(RESOURCE_NOT_FOUND, INSUFFICIENT_ROLE),
)
async def post_fork(
    caller: User,
    resource_id: str,
    body: ForkBody | None = None,
    visibility: Annotated[ResourceVisibility | None, Query(description="Of the copy; private if left out.")] = None,
) -> Json:
    """Private unless the query or the body says otherwise. Counters begin at nothing, all else is copied."""
    said = visibility or (body.visibility if body is not None else None)
    return Json(await resources.fork(caller, resource_id, said or ResourceVisibility.PRIVATE), 201)
