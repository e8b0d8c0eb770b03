"""`/api/v1`: the API for other people's programs. Errors have a form of their own: `{error: {message, code}}`.

Programs come with an API token and are counted by it; somebody who has signed in may try it as well.
"""

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.accounts.bodies import Body, Text
from app.accounts.errors import INSUFFICIENT_ROLE, USER_NOT_FOUND
from app.answers import Json, Nothing, Responses, errors
from app.errors import AppError, ErrorSpec
from app.middleware.error_answers import translated
from app.modules.library import external, resources
from app.modules.library.bodies import Elsewhere, LongText
from app.modules.library.callers import Caller, calling
from app.modules.library.errors import NOT_OWNER, RESOURCE_NOT_FOUND
from app.modules.library.external import ExternalProfile, ExternalResource, Wanted
from app.modules.library.routes.resources import Description, Title
from app.modules.library.tables.kinds import ResourceVisibility
from app.named.lists import USUAL_ROWS, Limit, Number
from app.named.refusals import in_words
from app.routers import Handler, Route, Router

Words = Annotated[Text, Query(max_length=500)]
Program = Annotated[Caller, Depends(calling("external"))]


class ExternalErrorBody(BaseModel):
    """What was wrong."""

    message: str
    code: str
    details: Any = None


class ExternalError(BaseModel):
    """An error as programs are told it."""

    error: ExternalErrorBody


class _ExternalRoute(Route):
    """Tells its errors in the form of this API."""

    def get_route_handler(self) -> Handler:
        """The handler, and what becomes of what it raises."""
        handler = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handler(request)
            except (AppError, RequestValidationError, HTTPException) as raised:
                error = in_words(raised) if isinstance(raised, AppError) else translated(raised)
                body = {"message": error.message, "code": error.code, "details": error.details}
                answer = Json({"error": body}, error.status)
                answer.headers.update(error.headers)
                return answer

        return told


def _errors(*specs: ErrorSpec) -> Responses:
    """What the description says of errors, in their form here."""
    told = errors(*specs)
    for spec in specs:
        body = {"error": {"message": spec.message, "code": spec.code, "details": None}}
        told[spec.status]["content"]["application/json"]["examples"][spec.code]["value"] = body
    return {status: {**said, "model": ExternalError} for status, said in told.items()}


router = Router(prefix="/api/v1", tags=["external"], route_class=_ExternalRoute)


class ResourceTold(BaseModel):
    """A resource."""

    data: ExternalResource


class ExternalMeta(BaseModel):
    """Where a page is in its list."""

    total: int
    page: int
    per_page: int


class ResourcesTold(BaseModel):
    """A page of resources."""

    data: list[ExternalResource]
    meta: ExternalMeta


class ProfileTold(BaseModel):
    """A profile."""

    data: ExternalProfile


class Totals(BaseModel):
    """How much there is."""

    total_resources: int
    total_users: int
    total_events: int
    events_by_type: dict[str, int]


class TotalsTold(BaseModel):
    """How much there is."""

    data: Totals


class NewExternalResource(Body):
    """A new resource. It belongs to whoever makes it."""

    title: Title
    description: Description
    category: Annotated[Text, Field(max_length=255)] = ""
    tags: Annotated[list[Annotated[Text, Field(max_length=255)]], Field(max_length=1000)] = Field(default_factory=list)
    github_url: Elsewhere = None
    readme: LongText | None = None
    visibility: ResourceVisibility = ResourceVisibility.PUBLIC


class ExternalChanges(Body):
    """Other words; what is left out stays as it is."""

    title: Title = ""
    description: Description = ""


def _wanted(
    page: Number = 1,
    per_page: Limit = USUAL_ROWS,
    category: Words = "",
    tags: Annotated[Text, Query(max_length=2000, description="With commas: one of them, whatever the case.")] = "",
    search: Annotated[Text, Query(max_length=500, description="In title and description, or a tag.")] = "",
    user_id: Words = "",
) -> Wanted:
    return Wanted(page, per_page, category, tags, search.strip(), user_id)


@router.get("/resources", summary="List resources", response_model=ResourcesTold)
async def get_resources(caller: Program, wanted: Annotated[Wanted, Depends(_wanted)]) -> Json:
    """Those that the caller may read, the newest first."""
    return Json(await external.listed(caller, wanted))


@router.get(
    "/resources/{resource_id}",
    summary="One resource",
    response_model=ResourceTold,
    responses=_errors(RESOURCE_NOT_FOUND),
)
async def get_resource(caller: Program, resource_id: str) -> Json:
    """One that the caller may not read is not there."""
    return Json({"data": await external.resource(caller, resource_id)})


@router.post(
    "/resources",
    status_code=201,
    summary="Make a resource",
    response_model=ResourceTold,
    responses=_errors(INSUFFICIENT_ROLE),
)
async def post_resource(caller: Program, body: NewExternalResource) -> Json:
    """In the caller's name."""
    row = body.model_dump(mode="json")
    kind = "github_repo" if row["github_url"] else "external_link"
    return Json({"data": await external.create(caller, {**row, "resource_type": kind})}, 201)


@router.put(
    "/resources/{resource_id}",
    summary="Change a resource",
    response_model=ResourceTold,
    responses=_errors(RESOURCE_NOT_FOUND, NOT_OWNER),
)
async def put_resource(caller: Program, resource_id: str, body: ExternalChanges) -> Json:
    """What is left out stays as it is."""
    changes = body.model_dump(mode="json", exclude_unset=True)
    return Json({"data": await external.change(caller, resource_id, changes)})


@router.delete(
    "/resources/{resource_id}",
    summary="Delete a resource",
    response_model=Nothing,
    responses=_errors(RESOURCE_NOT_FOUND, NOT_OWNER),
)
async def delete_resource(caller: Program, resource_id: str) -> Json:
    """With all that hangs on it."""
    await resources.delete(caller, resource_id)
    return Json({})


@router.get(
    "/users/{user_id}", summary="Somebody's profile", response_model=ProfileTold, responses=_errors(USER_NOT_FOUND)
)
async def get_user(caller: Program, user_id: str) -> Json:
    """As everybody sees it."""
    return Json({"data": await external.profile(caller, user_id)})


@router.get("/stats", summary="How much there is", response_model=TotalsTold)
async def get_stats(caller: Program) -> Json:
    """Of what the caller may read."""
    return Json({"data": await external.totals(caller)})
