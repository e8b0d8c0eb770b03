"""`/api/categories`: the tree of categories, and the filters of each."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, Field

from app.accounts.bodies import Body, Name, Text
from app.answers import Json, Message, errors
from app.modules.library import categories
from app.modules.library.callers import Admin, Anybody
from app.modules.library.categories import (
    CATEGORY_HAS_CHILDREN,
    CATEGORY_IS_OWN_PARENT,
    CATEGORY_LOOP,
    CATEGORY_NOT_FOUND,
    FILTER_NOT_FOUND,
    PARENT_CATEGORY_NOT_FOUND,
)
from app.modules.library.errors import DUPLICATE_ENTRY
from app.modules.library.shapes.community import Category, CategoryBrief, CategoryFilter, CategoryName, CategoryNode
from app.routers import Router

router = Router(tags=["categories"])
#: The largest number that PostgreSQL's integers hold.
_LARGEST = 2**31 - 1
FilterType = Literal["text", "select", "multiselect", "range", "date"]
Place = Annotated[int, Field(ge=0, le=_LARGEST)]
Options = Annotated[list[Annotated[Text, Field(max_length=1000)]], Field(max_length=1000)]
Inactive = Annotated[bool, Query(alias="includeInactive", description="Also those that are switched off.")]


def _said(body: Body) -> dict[str, Any]:
    """What a body says; no place is none said."""
    said = body.model_dump(mode="json", exclude_unset=True)
    return {key: value for key, value in said.items() if key != "order_index" or value is not None}


def _null_is_no_options(value: Any) -> Any:
    return [] if value is None else value


class NewCategory(Body):
    """A new category. Without a place it goes to the end."""

    name: Name
    parent_id: UUID | None = None
    description: Annotated[Text, Field(max_length=10_000)] | None = None
    order_index: Place | None = None
    is_active: bool = True


class CategoryChanges(NewCategory):
    """What changes of a category; what is left out stays as it is."""

    name: Name = ""


class NewFilter(Body):
    """A new filter."""

    filter_key: Name
    filter_type: FilterType
    filter_label: Name
    filter_options: Annotated[Options, BeforeValidator(_null_is_no_options)] = Field(default_factory=list)
    is_required: bool = False
    order_index: Place | None = None


class FilterChanges(NewFilter):
    """What changes of a filter; what is left out stays as it is."""

    filter_key: Name = ""
    filter_type: FilterType = "text"
    filter_label: Name = ""


class Tree(BaseModel):
    """Categories under one another, and the same as a list."""

    tree: list[CategoryNode]
    flat: list[Category]


class Flat(BaseModel):
    """Categories as a list."""

    categories: list[Category]


class Children(BaseModel):
    """The categories right under one."""

    children: list[Category]


class MadeCategory(Category):
    """A category and what it is under."""

    parent: CategoryName | None


class ChangedCategory(MadeCategory):
    """A category and what it is between."""

    children: list[CategoryName]


class CategoryInFull(Category):
    """A category and everything about it."""

    parent: CategoryBrief | None
    children: list[Category]
    filters: list[CategoryFilter]


class Filters(BaseModel):
    """The filters of a category."""

    filters: list[CategoryFilter]


@router.get("/api/categories", summary="All categories", response_model=Tree | Flat)
async def get_categories(
    caller: Anybody,
    inactive: Inactive = False,
    tree: Annotated[bool, Query(description="`false`: the list alone, as `categories`.")] = True,
) -> Json:
    """As a tree and as a list, in their order."""
    return Json(await categories.listed(caller, inactive=inactive, tree=tree))


@router.get(
    "/api/categories/{category_id}",
    summary="One category",
    response_model=CategoryInFull,
    responses=errors(CATEGORY_NOT_FOUND),
)
async def get_category(caller: Anybody, category_id: str) -> Json:
    """With what it is under, the active ones under it, and its filters."""
    return Json(await categories.found(caller, category_id))


@router.get(
    "/api/categories/{category_id}/children",
    summary="The categories under one",
    response_model=Children,
    responses=errors(CATEGORY_NOT_FOUND),
)
async def get_children(caller: Anybody, category_id: str, inactive: Inactive = False) -> Json:
    """Those right under it, in their order."""
    return Json(await categories.children(caller, category_id, inactive=inactive))


@router.post(
    "/api/categories",
    status_code=201,
    summary="Make a category",
    response_model=MadeCategory,
    responses=errors(PARENT_CATEGORY_NOT_FOUND, DUPLICATE_ENTRY),
)
async def post_category(caller: Admin, body: NewCategory) -> Json:
    """Under another, or at the top. A name is there once at a place."""
    return Json(await categories.create(caller, _said(body)), 201)


@router.put(
    "/api/categories/{category_id}",
    summary="Change a category",
    response_model=ChangedCategory,
    responses=errors(
        CATEGORY_NOT_FOUND, PARENT_CATEGORY_NOT_FOUND, CATEGORY_IS_OWN_PARENT, CATEGORY_LOOP, DUPLICATE_ENTRY
    ),
)
async def put_category(caller: Admin, category_id: str, body: CategoryChanges) -> Json:
    """What is left out stays as it is."""
    return Json(await categories.change(caller, category_id, _said(body)))


@router.delete(
    "/api/categories/{category_id}",
    summary="Delete a category",
    response_model=Message,
    responses=errors(CATEGORY_NOT_FOUND, CATEGORY_HAS_CHILDREN),
)
async def delete_category(caller: Admin, category_id: str) -> Json:
    """One that has none under it, with its filters."""
    await categories.delete(caller, category_id)
    return Json({"message": "Catégorie supprimée avec succès"})


@router.get(
    "/api/categories/{category_id}/filters",
    summary="The filters of a category",
    response_model=Filters,
    responses=errors(CATEGORY_NOT_FOUND),
)
async def get_filters(caller: Anybody, category_id: str) -> Json:
    """In their order."""
    return Json({"filters": await categories.filters(caller, category_id)})


@router.post(
    "/api/categories/{category_id}/filters",
    status_code=201,
    summary="Add a filter to a category",
    response_model=CategoryFilter,
    responses=errors(CATEGORY_NOT_FOUND),
)
async def post_filter(caller: Admin, category_id: str, body: NewFilter) -> Json:
    """Without a place it goes to the end."""
    return Json(await categories.add_filter(caller, category_id, _said(body)), 201)


@router.put(
    "/api/categories/filters/{filter_id}",
    summary="Change a filter",
    response_model=CategoryFilter,
    responses=errors(FILTER_NOT_FOUND),
)
@router.put(
    "/api/filters/{filter_id}",
    summary="Change a filter, by its short path",
    response_model=CategoryFilter,
    responses=errors(FILTER_NOT_FOUND),
)
async def put_filter(caller: Admin, filter_id: str, body: FilterChanges) -> Json:
    """What is left out stays as it is."""
    return Json(await categories.change_filter(caller, filter_id, _said(body)))


@router.delete(
    "/api/categories/filters/{filter_id}",
    summary="Delete a filter",
    response_model=Message,
    responses=errors(FILTER_NOT_FOUND),
)
@router.delete(
    "/api/filters/{filter_id}",
    summary="Delete a filter, by its short path",
    response_model=Message,
    responses=errors(FILTER_NOT_FOUND),
)
async def delete_filter(caller: Admin, filter_id: str) -> Json:
    """It is gone from its category."""
    await categories.delete_filter(caller, filter_id)
    return Json({"message": "Filtre supprimé avec succès"})
