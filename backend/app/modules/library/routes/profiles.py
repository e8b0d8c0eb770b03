"""`/api/profiles`: who people are, and what they made. `id` is that of the user; a user name is taken as well."""

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from app.accounts.bodies import Body, FullName, Username
from app.accounts.errors import INSUFFICIENT_ROLE, USERNAME_TAKEN
from app.answers import Json, PageOf, errors
from app.modules.library import profiles
from app.modules.library.callers import Anybody, User
from app.modules.library.errors import NOT_FOUND
from app.modules.library.file_keeping import REFUSALS as FILE_REFUSALS
from app.modules.library.profiles import NOT_OWN_PROFILE, PROFILE_NOT_FOUND
from app.modules.library.shapes.collections import CollectionBrief
from app.modules.library.shapes.people import OwnProfile, Profile
from app.modules.library.shapes.resources import Resource
from app.modules.library.texts import BLANK_IS_NONE, Account, Biography, Layout, Picture
from app.named.lists import Paged, PagedLeniently, PagedLong, wanted_by_builder, wanted_form
from app.routers import Router

router = Router(prefix="/api/profiles", tags=["profiles"])


class ProfileChanges(Body):
    """What may be changed of a profile; what is left out stays as it is, and an empty text clears it."""

    username: Annotated[Username | None, BLANK_IS_NONE] = None
    full_name: Annotated[FullName | None, BLANK_IS_NONE] = None
    bio: Biography | None = None
    avatar_url: Annotated[Picture | None, BLANK_IS_NONE] = None
    github_username: Annotated[Account | None, BLANK_IS_NONE] = None
    preferred_layout: Annotated[Layout | None, BLANK_IS_NONE] = None


class ResourceTotals(BaseModel):
    """How many resources."""

    total: int
    public: int
    private: int


class RatingTotals(BaseModel):
    """How many ratings, and the average of the resources that have some."""

    total: int
    average: float


class Stats(BaseModel):
    """Totals of a user."""

    model_config = ConfigDict(alias_generator=to_camel)

    resources: ResourceTotals
    views: int
    downloads: int
    ratings: RatingTotals
    saved_count: int


@router.get("", summary="List or find profiles", response_model=PageOf[Profile] | list[Profile])
async def get_profiles(caller: Anybody, request: Request, page: Paged) -> Json:
    """`search` finds at most ten by a part of their names, whatever its case and accents; columns narrow the list.

    `id__in` is what query builders ask: without `page` and `limit` it is answered with the bare rows, up to 1000.
    """
    params, form = request.query_params, wanted_form(request)
    if "id__in" in params:
        page, form = wanted_by_builder(request, page)
    return Json(await profiles.page_of(caller, params, page, form))


@router.get(
    "/{profile_id}",
    summary="One profile",
    response_model=Profile | OwnProfile,
    responses=errors(PROFILE_NOT_FOUND),
)
async def get_profile(caller: Anybody, profile_id: str) -> Json:
    """The caller's own has their address and their layout as well."""
    return Json(await profiles.found(caller, profile_id))


@router.put(
    "/{profile_id}",
    summary="Change a profile",
    response_model=OwnProfile,
    responses=errors(NOT_FOUND, NOT_OWN_PROFILE, USERNAME_TAKEN, INSUFFICIENT_ROLE, *FILE_REFUSALS),
)
async def put_profile(caller: User, profile_id: str, body: ProfileChanges) -> Json:
    """One's own; administrators change anybody's."""
    return Json(await profiles.change(caller, profile_id, body.model_dump(mode="json", exclude_unset=True)))


@router.get(
    "/{profile_id}/resources", summary="The resources of a user", response_model=PageOf[Resource] | list[Resource]
)
async def get_resources(caller: Anybody, request: Request, profile_id: str, page: PagedLeniently) -> Json:
    """Those that the caller may read, the newest first. Nobody has none. A page that makes no sense is the first."""
    return Json(await profiles.resources(caller, profile_id, page, wanted_form(request)))


@router.get(
    "/{profile_id}/stats",
    summary="Totals of a user",
    response_model=Stats,
    responses=errors(PROFILE_NOT_FOUND),
)
async def get_stats(caller: Anybody, profile_id: str) -> Json:
    """Of the resources that the caller may read. How many somebody saved is told to them alone."""
    return Json(await profiles.stats(caller, profile_id))


@router.get("/{profile_id}/collections", summary="The collections of a user", response_model=list[CollectionBrief])
async def get_collections(caller: Anybody, profile_id: str, page: PagedLong) -> Json:
    """Those that the caller may read, the last changed first, each with its first ten resources."""
    return Json(await profiles.collections(caller, profile_id, page))
