"""`/api/resources/saved` and `/:id/save`: what people keep at hand. Its fixed path comes before ids."""

from fastapi import Request

from app.accounts.errors import INSUFFICIENT_ROLE
from app.answers import Json, Message, PageOf, errors
from app.modules.library import saved
from app.modules.library.callers import User
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.modules.library.saved import ALREADY_SAVED, NOT_SAVED
from app.modules.library.shapes.resources import Resource, SavedResource
from app.named.lists import Paged, wanted_form
from app.routers import Router

router = Router(prefix="/api/resources", tags=["resources"])


@router.get("/saved", summary="What the caller keeps at hand", response_model=PageOf[Resource] | list[Resource])
async def get_saved(caller: User, request: Request, page: Paged) -> Json:
    """The last saved first; narrowed like the list of resources. What may not be read any more is left out."""
    return Json(await saved.saved(caller, request.query_params, page, wanted_form(request)))


@router.post(
    "/{resource_id}/save",
    status_code=201,
    summary="Keep a resource at hand",
    response_model=SavedResource,
    responses=errors(ALREADY_SAVED, RESOURCE_NOT_FOUND, INSUFFICIENT_ROLE),
)
async def post_save(caller: User, resource_id: str) -> Json:
    """Once."""
    return Json(await saved.save(caller, resource_id), 201)


@router.delete(
    "/{resource_id}/save",
    summary="Keep a resource at hand no more",
    response_model=Message,
    responses=errors(NOT_SAVED),
)
async def delete_save(caller: User, resource_id: str) -> Json:
    """Also one that may not be read any more."""
    await saved.let_go(caller, resource_id)
    return Json({"message": "Ressource retirée des favoris"})
