"""`/api/resources/:id/rating` and `/ratings`: marks from one to five."""

from typing import Annotated

from pydantic import Field

from app.accounts.bodies import Body
from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, Message, errors
from app.modules.library import ratings
from app.modules.library.callers import Anybody, User
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.ratings import ALREADY_RATED, NOT_YET_RATED, RATING_NOT_FOUND
from app.modules.library.shapes.resources import Rating, RatingWithAuthor
from app.named.lists import PagedWhole
from app.routers import Router

router = Router(prefix="/api/resources", tags=["resources"])


class RatingBody(Body):
    """A mark."""

    rating: Annotated[int, Field(strict=True, ge=1, le=5)]


@router.post(
    "/{resource_id}/rating",
    status_code=201,
    summary="Rate a resource",
    response_model=Rating,
    responses=errors(ALREADY_RATED, RESOURCE_NOT_FOUND, INSUFFICIENT_ROLE),
)
async def post_rating(caller: User, resource_id: str, body: RatingBody) -> Json:
    """For the first time."""
    return Json(await ratings.rate(caller, resource_id, body.rating), 201)


@router.put(
    "/{resource_id}/rating",
    summary="Rate a resource otherwise",
    response_model=Rating,
    responses=errors(NOT_YET_RATED),
)
async def put_rating(caller: User, resource_id: str, body: RatingBody) -> Json:
    """One's own mark becomes another."""
    return Json(await ratings.change(caller, resource_id, body.rating))


@router.delete(
    "/{resource_id}/rating",
    summary="Take back one's mark",
    response_model=Message,
    responses=errors(RATING_NOT_FOUND),
)
async def delete_rating(caller: User, resource_id: str) -> Json:
    """The average and the count are those of the others."""
    await ratings.take_back(caller, resource_id)
    return Json({"message": "Note supprimée avec succès"})


@router.get(
    "/{resource_id}/ratings",
    summary="The marks of a resource",
    response_model=list[RatingWithAuthor],
    responses=errors(RESOURCE_NOT_FOUND),
)
async def get_ratings(caller: Anybody, resource_id: str, page: PagedWhole) -> Json:
    """The newest first, each with whoever gave it."""
    return Json(await ratings.ratings(caller, resource_id, page))
