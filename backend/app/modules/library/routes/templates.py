"""`/api/templates`: resources half filled in, to start from."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator, Field

from app.accounts.bodies import Body, Name, Text
from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, Message, errors
from app.modules.library import bodies, templates
from app.modules.library.bodies import Elsewhere, LongText, Preview
from app.modules.library.callers import Anybody, User
from app.modules.library.shapes.resources import Resource, Template
from app.modules.library.tables.kinds import ResourceType, ResourceVisibility
from app.modules.library.templates import NOT_TO_CHANGE, NOT_TO_DELETE, TEMPLATE_NOT_FOUND
from app.named.bodies import JsonObject
from app.named.lists import PagedLong
from app.routers import Router

router = Router(prefix="/api/templates", tags=["templates"])
Tags = Annotated[list[Annotated[Text, Field(max_length=255)]], Field(max_length=1000)]


def _null_is_empty(value: Any) -> Any:
    return "" if value is None else value


Description = Annotated[bodies.Description, BeforeValidator(_null_is_empty)]


class _TemplateBody(Body):
    description: Description = ""
    is_public: bool = False
    tags: Tags = Field(default_factory=list)
    category: Annotated[Annotated[Text, Field(max_length=255)], BeforeValidator(_null_is_empty)] = ""
    language: Annotated[Text, Field(max_length=100)] | None = None
    readme: LongText | None = None
    icon: Annotated[Text, Field(max_length=255)] | None = None
    preview: Preview | None = None


class NewTemplate(_TemplateBody):
    """A new template. What its data says of category, language and readme need not be said twice."""

    name: Name
    template_data: JsonObject


class TemplateChanges(_TemplateBody):
    """What changes of a template; what is left out stays as it is."""

    name: Name = ""
    template_data: JsonObject = Field(default_factory=dict)


class TemplateUse(Body):
    """What the new resource says otherwise than its template."""

    title: Annotated[Text, Field(min_length=1, max_length=500)] = ""
    description: bodies.Description = ""
    category: Annotated[Text, Field(max_length=255)] = ""
    tags: Tags = Field(default_factory=list)
    resource_type: ResourceType = ResourceType.EXTERNAL_LINK
    visibility: ResourceVisibility = ResourceVisibility.PUBLIC
    github_url: Elsewhere = None
    external_url: Elsewhere = None
    language: Annotated[Text, Field(max_length=100)] | None = None
    license: Annotated[Text, Field(max_length=100)] | None = None
    readme: LongText | None = None


@router.get("", summary="List templates", response_model=list[Template])
async def get_templates(
    caller: Anybody,
    page: PagedLong,
    public: Annotated[bool, Query(alias="isPublic", description="Those that everybody may use.")] = False,
) -> Json:
    """Public ones and the caller's own, those used most first."""
    return Json(await templates.listed(caller, page, public=public))


@router.get("/{template_id}", summary="One template", response_model=Template, responses=errors(TEMPLATE_NOT_FOUND))
async def get_template(caller: Anybody, template_id: str) -> Json:
    """One that the caller may not read is not there."""
    return Json(await templates.found(caller, template_id))


@router.post(
    "", status_code=201, summary="Make a template", response_model=Template, responses=errors(INSUFFICIENT_ROLE)
)
async def post_template(caller: User, body: NewTemplate) -> Json:
    """In the caller's name."""
    return Json(await templates.create(caller, body.model_dump(mode="json", exclude_unset=True)), 201)


@router.put(
    "/{template_id}",
    summary="Change a template",
    response_model=Template,
    responses=errors(TEMPLATE_NOT_FOUND, NOT_TO_CHANGE),
)
async def put_template(caller: User, template_id: str, body: TemplateChanges) -> Json:
    """Whoever made it may. What is left out stays as it is."""
    return Json(await templates.change(caller, template_id, body.model_dump(mode="json", exclude_unset=True)))


@router.delete(
    "/{template_id}",
    summary="Delete a template",
    response_model=Message,
    responses=errors(TEMPLATE_NOT_FOUND, NOT_TO_DELETE),
)
async def delete_template(caller: User, template_id: str) -> Json:
    """Whoever made it may, and moderators. What was made of it stays."""
    await templates.delete(caller, template_id)
    return Json({"message": "Template supprimé avec succès"})


@router.post(
    "/{template_id}/use",
    status_code=201,
    summary="Make a resource of a template",
    response_model=Resource,
    responses=errors(TEMPLATE_NOT_FOUND, INSUFFICIENT_ROLE),
)
async def post_use(caller: User, template_id: str, body: TemplateUse | None = None) -> Json:
    """With what the body says otherwise. The use is counted."""
    changes = body.model_dump(mode="json", exclude_unset=True) if body is not None else {}
    return Json(await templates.use(caller, template_id, changes), 201)
