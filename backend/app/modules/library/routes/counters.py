"""`/api/resources/{id}/view` and `/download`: what is counted of a resource."""

from fastapi import Request

from app.answers import Json, Message, errors
from app.modules.library import counters
from app.modules.library.callers import Anybody
from app.modules.library.counters import counting_of
from app.modules.library.errors import RESOURCE_NOT_FOUND
from app.routers import Router

router = Router(prefix="/api/resources", tags=["resources"])


@router.post(
    "/{resource_id}/view",
    summary="Count a view",
    response_model=Message,
    responses=errors(RESOURCE_NOT_FOUND),
)
async def post_view(caller: Anybody, request: Request, resource_id: str) -> Json:
    """One for each visitor in a while; the number moves within a second or so."""
    await counters.count_view(caller, counting_of(request), resource_id)
    return Json({"message": "Vue incrémentée"})


@router.post(
    "/{resource_id}/download",
    summary="Count a download",
    response_model=Message,
    responses=errors(RESOURCE_NOT_FOUND),
)
async def post_download(caller: Anybody, request: Request, resource_id: str) -> Json:
    """Each of them, at once."""
    await counters.count_download(caller, counting_of(request).redis, resource_id)
    return Json({"message": "Téléchargement incrémenté"})
