"""`/api/suggestions`: what people propose, and their votes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Request
from pydantic import BaseModel, BeforeValidator, Field

from app.accounts.bodies import Body, Name, Text
from app.accounts.errors import AUTH_TOKEN_MISSING, INSUFFICIENT_ROLE
from app.adapters.postgres import Database
from app.adapters.redis import Redis
from app.answers import Json, PageOf, errors
from app.modules.library import suggestions
from app.modules.library.callers import Anybody, User
from app.modules.library.errors import DUPLICATE_ENTRY
from app.modules.library.news import News
from app.modules.library.shapes.community import Suggestion, SuggestionInFull, SuggestionListed, VoteListed
from app.modules.library.suggestions import ALREADY_APPROVED, ALREADY_PENDING, SUGGESTION_NOT_FOUND, VOTE_NOT_FOUND
from app.modules.library.tables.kinds import SuggestionStatus, SuggestionType, VoteType
from app.modules.library.vote_counts import VoteCounts
from app.named.lists import Paged, wanted_by_builder, wanted_form
from app.routers import Router


@asynccontextmanager
async def _hearing(app: FastAPI) -> AsyncGenerator[None]:
    database: Database = app.state.relais.database
    redis: Redis = app.state.relais.redis
    counts = app.state.vote_counts = VoteCounts(redis)
    news = News(database, redis, counts)
    news.start()
    try:
        yield
    finally:
        await news.stop()


router = Router(prefix="/api/suggestions", tags=["suggestions"], lifespan=_hearing)


def _counts(request: Request) -> VoteCounts:
    return request.app.state.vote_counts


Counts = Annotated[VoteCounts, Depends(_counts)]


def _null_is_nothing(value: Any) -> Any:
    return value or None


class Proposal(Body):
    """Of proposing something."""

    name: Name
    description: Annotated[Annotated[Text, Field(max_length=1000)] | None, BeforeValidator(_null_is_nothing)] = None
    type: SuggestionType


class Ballot(Body):
    """Of voting."""

    vote_type: VoteType


class Totals(BaseModel):
    """How the votes on a suggestion stand."""

    total_upvotes: Annotated[int, Field(alias="totalUpvotes")]
    total_downvotes: Annotated[int, Field(alias="totalDownvotes")]
    user_vote: Annotated[VoteType | None, Field(alias="userVote", description="The caller's own one.")]


class VoteTakenBack(Totals):
    """A vote is gone. The totals are told twice: clients look for them in both places."""

    message: Literal["Vote supprimé"]
    votes: Totals


class VoteCast(Totals):
    """What became of a vote. The totals are told twice: clients look for them in both places."""

    message: Literal["Vote enregistré", "Vote supprimé"]
    suggestion: SuggestionListed
    votes: Totals


@router.get(
    "",
    summary="List suggestions",
    response_model=PageOf[SuggestionListed] | list[SuggestionListed] | PageOf[VoteListed] | list[VoteListed],
    responses=errors(AUTH_TOKEN_MISSING),
)
async def get_suggestions(
    caller: Anybody,
    request: Request,
    page: Paged,
    type: Annotated[SuggestionType | None, Query()] = None,
    status: Annotated[SuggestionStatus | None, Query()] = None,
    suggested_by: Annotated[str | None, Query(alias="suggestedBy", description="An id, or `me`.")] = None,
    suggestion_id: Annotated[str | None, Query(description="Asks for the votes on it.")] = None,
    action: Annotated[str | None, Query(description="Always `add`. Query builders alone send it.")] = None,
) -> Json:
    """Those with the most votes first. Any column narrows the list; `suggestedBy=me` shows the caller's own.

    Clients that know no address for votes ask here for those on one suggestion, with `suggestion_id`. They and those
    that send `action` are query builders: without `page` and `limit` they get the bare rows, up to 1000.
    """
    params, form = request.query_params, wanted_form(request)
    if suggestion_id is not None or action is not None:
        page, form = wanted_by_builder(request, page)
    if suggestion_id is not None:
        return Json(await suggestions.ballots(caller, params, page, form))
    return Json(await suggestions.listed(caller, params, page, form))


@router.get(
    "/{suggestion_id}",
    summary="One suggestion",
    response_model=SuggestionInFull,
    responses=errors(SUGGESTION_NOT_FOUND),
)
async def get_suggestion(caller: Anybody, suggestion_id: str) -> Json:
    """With its votes, the newest first."""
    return Json(await suggestions.found(caller, suggestion_id))


@router.post(
    "",
    status_code=201,
    summary="Propose something",
    response_model=Suggestion,
    responses=errors(INSUFFICIENT_ROLE, ALREADY_APPROVED, ALREADY_PENDING, DUPLICATE_ENTRY),
)
async def post_suggestion(caller: User, body: Proposal) -> Json:
    """In the caller's name. A name that differs in capitals alone is the same."""
    return Json(await suggestions.propose(caller, body.model_dump(mode="json")), 201)


@router.post(
    "/{suggestion_id}/vote",
    summary="Vote on a suggestion",
    response_model=VoteCast,
    responses=errors(SUGGESTION_NOT_FOUND, INSUFFICIENT_ROLE),
)
async def post_vote(caller: User, counts: Counts, suggestion_id: str, body: Ballot) -> Json:
    """The same vote again takes it back, the other one replaces it. Enough votes decide."""
    return Json(await suggestions.vote(caller, counts, suggestion_id, body.vote_type))


@router.delete(
    "/{suggestion_id}/vote",
    summary="Take a vote back",
    response_model=VoteTakenBack,
    responses=errors(VOTE_NOT_FOUND),
)
async def delete_vote(caller: User, counts: Counts, suggestion_id: str) -> Json:
    """The caller's own one."""
    return Json(await suggestions.take_back(caller, counts, suggestion_id))


@router.get(
    "/{suggestion_id}/votes",
    summary="How the votes on a suggestion stand",
    response_model=Totals,
    responses=errors(SUGGESTION_NOT_FOUND),
)
async def get_votes(caller: Anybody, counts: Counts, suggestion_id: str) -> Json:
    """Counted in PostgreSQL, kept in Redis for five minutes at most."""
    return Json(await suggestions.votes(caller, counts, suggestion_id))
