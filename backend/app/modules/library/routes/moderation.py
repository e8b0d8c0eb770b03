"""`/api/admin/suggestions`: suggestions to decide on, and those that are recorded in bulk."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field, field_validator

from app.accounts.bodies import Body, Name, Text
from app.answers import Json, PageOf, errors
from app.modules.library import moderation
from app.modules.library.callers import Admin, Moderator
from app.modules.library.shapes.community import SuggestionCore, SuggestionInReview
from app.modules.library.suggestions import SUGGESTION_NOT_FOUND
from app.modules.library.tables.kinds import SuggestionStatus, SuggestionType
from app.named.lists import Paged
from app.routers import Router

router = Router(prefix="/api/admin", tags=["moderation"])


class SeededSuggestion(Body):
    """Something that is in use already."""

    name: Name
    type: SuggestionType
    description: Annotated[Text, Field(max_length=1000)] | None = None
    votes_count: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class SeedBody(Body):
    """Of recording suggestions in bulk."""

    suggestions: Annotated[list[SeededSuggestion], Field(max_length=1000)]

    @field_validator("suggestions", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError("suggestions doit être un tableau")
        return value  # pyright: ignore[reportUnknownVariableType]


class Seeded(BaseModel):
    """What was recorded: those that were approved already are left out."""

    message: str
    suggestions: list[SuggestionCore]


@router.get("/suggestions", summary="Suggestions to decide on", response_model=PageOf[SuggestionInReview])
async def get_suggestions(
    caller: Moderator,
    page: Paged,
    status: Annotated[SuggestionStatus, Query()] = SuggestionStatus.PENDING,
    type: Annotated[SuggestionType | None, Query()] = None,
) -> Json:
    """Those with the most votes first, each with its newest votes."""
    return Json(await moderation.to_review(caller, status, type, page))


@router.get("/suggestions/pending", summary="Suggestions that wait", response_model=PageOf[SuggestionInReview])
async def get_pending(caller: Moderator, page: Paged, type: Annotated[SuggestionType | None, Query()] = None) -> Json:
    """Another way to ask for `status=pending`."""
    return Json(await moderation.to_review(caller, SuggestionStatus.PENDING, type, page))


@router.post("/seed-suggestions", status_code=201, summary="Record approved suggestions", response_model=Seeded)
async def post_seed(caller: Admin, body: SeedBody) -> Json:
    """Those that were approved already stay as they are, others are approved."""
    rows = await moderation.seed(caller, [item.model_dump(mode="json") for item in body.suggestions])
    return Json({"message": f"{len(rows)} suggestion(s) enregistrée(s)", "suggestions": rows}, 201)


@router.put(
    "/suggestions/{suggestion_id}/approve",
    summary="Approve a suggestion",
    response_model=SuggestionCore,
    responses=errors(SUGGESTION_NOT_FOUND),
)
async def put_approval(caller: Moderator, suggestion_id: str) -> Json:
    """Whoever proposed it is told, once."""
    return Json(await moderation.review(caller, suggestion_id, SuggestionStatus.APPROVED))


@router.put(
    "/suggestions/{suggestion_id}/reject",
    summary="Reject a suggestion",
    response_model=SuggestionCore,
    responses=errors(SUGGESTION_NOT_FOUND),
)
async def put_rejection(caller: Moderator, suggestion_id: str) -> Json:
    """Whoever proposed it is told, once."""
    return Json(await moderation.review(caller, suggestion_id, SuggestionStatus.REJECTED))
