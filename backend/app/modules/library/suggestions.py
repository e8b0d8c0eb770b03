"""Suggestions: listed, read, proposed, voted on. What votes decide, they decide in the database."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import QueryParams

from app.accounts.errors import AUTH_TOKEN_MISSING
from app.errors import VALIDATION_ERROR, AppError, ErrorSpec, refuse
from app.modules.library.callers import Caller, of_members
from app.modules.library.shapes.community import Suggestion, SuggestionInFull, VoteListed
from app.modules.library.tables.kinds import VoteType
from app.modules.library.vote_counts import Standing, VoteCounts
from app.named.ask import Pair, malformed_is, telling
from app.named.lists import Form, Page, filters, order
from app.named.lists import listed as listed_rows

SUGGESTION_NOT_FOUND = ErrorSpec("SUGGESTION_NOT_FOUND", 404, "Suggestion non trouvée")
VOTE_NOT_FOUND = ErrorSpec("VOTE_NOT_FOUND", 404, "Aucun vote trouvé")
# Raised by the functions of `sql/proposals.sql`.
ALREADY_APPROVED = ErrorSpec("ALREADY_APPROVED", 409, "Cette suggestion a déjà été approuvée")
ALREADY_PENDING = ErrorSpec("ALREADY_PENDING", 409, "Une suggestion similaire est déjà en attente")
TABLE = "category_tag_suggestions"
#: With a suggestion are told so many of its votes, the newest; how many there are is told besides.
MOST_VOTES = 1000
#: How an id that is none, one of nothing, and one that is gone by now are answered.
NOT_THERE: Mapping[str, ErrorSpec] = {
    code: SUGGESTION_NOT_FOUND for code in ("PT404", "22P02", "22021", "22P05", "23503")
}
#: Whoever removes a suggestion and whoever votes on it wait for each other in turn: one of them begins anew.
_DEADLOCK = "40P01"
_TRIES = 3
_TALLIED = f"{Suggestion.select()},votes_cast,user_vote"
_STANDING = """
    select v.*, pg_current_snapshot()::text as snapshot from library.votes_of_suggestion($1::text::uuid) as v
"""


async def listed(caller: Caller, params: QueryParams, page: Page, form: Form = "page") -> Any:
    """A page of suggestions, those with the most votes first if nothing else is asked for."""
    sorting = order(params, Suggestion.columns(), otherwise="votes_count", filled=Suggestion.filled())
    with telling({"22P02": VALIDATION_ERROR}):
        found = await caller.ask.rows(
            TABLE, ("select", _TALLIED), *_conditions(caller, params), sorting, *page.pairs(), count=True
        )
    return listed_rows([tallied(caller, row) for row in found.rows], found, page, form)


async def ballots(caller: Caller, params: QueryParams, page: Page, form: Form) -> Any:
    """A page of votes, the newest first if nothing else is asked for."""
    columns = VoteListed.columns()
    conditions = *filters(params, columns), order(params, columns, filled=VoteListed.filled())
    with telling({"22P02": VALIDATION_ERROR}):
        found = await caller.ask.rows(
            "suggestion_votes", ("select", VoteListed.select()), *conditions, *page.pairs(), count=True
        )
    return listed_rows([VoteListed.told(row) for row in found.rows], found, page, form)


def _conditions(caller: Caller, params: QueryParams) -> list[Pair]:
    found = filters(params, Suggestion.columns(), without=("suggestedBy", "suggested_by"))
    author = params.get("suggestedBy") or params.get("suggested_by")
    if author == "me" and not caller.user_id:
        raise refuse(AUTH_TOKEN_MISSING)
    if author:
        found.append(("suggested_by", f"eq.{caller.user_id if author == 'me' else author}"))
    return found


def tallied(caller: Caller, row: Mapping[str, Any], shape: type[Suggestion] = Suggestion) -> dict[str, Any]:
    """A suggestion with the number of its votes, and for whoever has signed in their own one."""
    told = shape.told(row)
    told["_count"] = {"suggestionVotes": row["votes_cast"]}
    if caller.user_id:
        told["userVote"] = told["user_vote"] = row["user_vote"]
    return told


async def found(caller: Caller, suggestion_id: str) -> dict[str, Any]:
    """A suggestion with its newest votes."""
    select = f"{SuggestionInFull.select()},user_vote"
    votes = (("suggestion_votes.order", "created_at.desc"), ("suggestion_votes.limit", str(MOST_VOTES)))
    with malformed_is(SUGGESTION_NOT_FOUND):
        row = await caller.ask.one(TABLE, ("select", select), ("id", f"eq.{suggestion_id}"), *votes)
    if row is None:
        raise refuse(SUGGESTION_NOT_FOUND)
    return SuggestionInFull.told(row, user_vote=row["user_vote"]) if caller.user_id else SuggestionInFull.told(row)


async def propose(caller: Caller, proposal: Mapping[str, Any]) -> dict[str, Any]:
    """A new suggestion of the caller's, unless it was made before, in capitals or not."""
    with of_members():
        made = await caller.ask.call("propose_suggestion", proposal, ("select", Suggestion.select()))
    return Suggestion.told(made)


async def vote(caller: Caller, counts: VoteCounts, suggestion_id: str, wanted: VoteType) -> dict[str, Any]:
    """Vote; the same vote again takes it back, the other one replaces it."""
    with telling(NOT_THERE):
        ballot = {"suggestion_id": suggestion_id, "vote": wanted.value}
        cast = await _in_turn(lambda: caller.ask.call("vote_on_suggestion", ballot))
    held: str | None = cast[0]["user_vote"]
    standing = await _stands(caller, counts, cast[0]["id"])
    row = await caller.ask.one(TABLE, ("select", _TALLIED), ("id", f"eq.{suggestion_id}"))
    if row is None or standing is None:
        raise refuse(SUGGESTION_NOT_FOUND)
    row |= {"status": standing.status, "votes_count": standing.votes_count, "user_vote": held}
    row["votes_cast"] = standing.upvotes + standing.downvotes
    totals = _totals(standing, held)
    message = "Vote enregistré" if held else "Vote supprimé"
    return {"message": message, "suggestion": tallied(caller, row), "votes": totals, **totals}


async def take_back(caller: Caller, counts: VoteCounts, suggestion_id: str) -> dict[str, Any]:
    """The caller's vote goes."""
    which = ("suggestion_id", f"eq.{suggestion_id}"), ("user_id", f"eq.{caller.user_id}")
    with malformed_is(VOTE_NOT_FOUND):
        gone = await _in_turn(lambda: caller.ask.delete("suggestion_votes", ("select", "suggestion_id"), *which))
    if not gone:
        raise refuse(VOTE_NOT_FOUND)
    standing = await _stands(caller, counts, gone[0]["suggestion_id"])
    if standing is None:
        raise refuse(VOTE_NOT_FOUND)
    totals = _totals(standing, None)
    return {"message": "Vote supprimé", "votes": totals, **totals}


async def votes(caller: Caller, counts: VoteCounts, suggestion_id: str) -> dict[str, Any]:
    """How the votes stand, from Redis if it knows, and the caller's own one."""
    wanted = suggestion_id.lower()
    with malformed_is(SUGGESTION_NOT_FOUND):
        standing = await counts.read(caller.stamp.tenant_id, wanted, lambda: _standing(caller, wanted))
        if standing is None:
            raise refuse(SUGGESTION_NOT_FOUND)
        held = await _held(caller, wanted) if caller.user_id else None
    return _totals(standing, held)


async def _in_turn(write: Callable[[], Awaitable[Any]]) -> Any:
    for _ in range(_TRIES - 1):
        try:
            return await write()
        except AppError as error:
            if error.code != _DEADLOCK:
                raise
    return await write()


async def _stands(caller: Caller, counts: VoteCounts, suggestion: str) -> Standing | None:
    """How the votes stand after one, told to Redis when that is committed."""

    async def renewed() -> Standing | None:
        return await counts.renew(caller.stamp.tenant_id, suggestion, lambda: _standing(caller, suggestion))

    if caller.database.is_joined:
        await caller.database.afterwards(renewed)
        return await _standing(caller, suggestion)
    return await renewed()


async def _standing(caller: Caller, suggestion: str) -> Standing | None:
    # From where is written: a replica may not know of the vote that was just cast.
    async with caller.connection("write") as connection:
        row = await connection.fetchrow(_STANDING, suggestion)
    return Standing.of(row) if row is not None else None


async def _held(caller: Caller, suggestion: str) -> str | None:
    which = ("suggestion_id", f"eq.{suggestion}"), ("user_id", f"eq.{caller.user_id}")
    row = await caller.ask.one("suggestion_votes", ("select", "vote_type"), *which)
    return row["vote_type"] if row is not None else None


def _totals(standing: Standing, held: str | None) -> dict[str, Any]:
    return {"totalUpvotes": standing.upvotes, "totalDownvotes": standing.downvotes, "userVote": held}
