"""`python -m benchmarks.library`: what people ask of the library's own routes.

The home page is the requests that the frontend sends for it, in turn, by a thousand users; a search is a word that some
of the resources have; a storm is everybody voting on a few suggestions, again and again.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, cast
from urllib.parse import quote

import asyncpg

from benchmarks.dialect import authorization
from benchmarks.ground import Ground
from benchmarks.load import Request, get, post
from benchmarks.rounds import Row, measure, options, others, server, turns_of
from benchmarks.turns import Pace

WIDE = {"RELAIS_LIMITS_READS": "100000000/1", "RELAIS_LIMITS_WRITES": "100000000/1"}
WORDS = ("guide", "python", "données", "carte", "méthode", "atelier", "sql", "dessin")
STORMED = 5
_SUGGESTIONS = "select id::text from library.category_tag_suggestions order by created_at, id limit $1"


def home(place: Ground) -> Sequence[Request]:
    """The home page, request after request, by one user after the other."""
    found: list[Request] = []
    for user, token in zip(place.samples.users, place.samples.tokens, strict=True):
        who = authorization(token)
        found += [
            get("/api/resources?limit=20", who, contains='"data"'),
            get("/api/categories", who),
            get("/api/suggestions?status=pending&limit=5", who, contains='"data"'),
            get("/api/notifications/unread-count", who, contains='"count"'),
            get(f"/api/permissions/user/{user}", who, contains='"permissions"'),
        ]
    return found


def searches(place: Ground) -> Sequence[Request]:
    """Words in the search box."""
    tokens = place.samples.tokens[:50]
    return [
        get(f"/api/resources?search={quote(word)}&limit=20", authorization(token), contains='"data"')
        for token in tokens
        for word in WORDS
    ]


def storm(place: Ground) -> Sequence[Request]:
    """Everybody votes, up or down, on one of a few suggestions."""
    which = asyncio.run(_suggestions(place))
    return [
        post(
            f"/api/suggestions/{which[number % len(which)]}/vote",
            json.dumps({"voteType": "upvote" if number % 3 else "downvote"}),
            authorization(token),
            status=200,
            contains='"votes"',
        )
        for number, token in enumerate(place.samples.tokens)
    ]


async def _suggestions(place: Ground) -> list[str]:
    connection = cast("Any", await asyncpg.connect(place.admin_url))
    try:
        return [row[0] for row in await connection.fetch(_SUGGESTIONS, STORMED)]
    finally:
        await connection.close()


def rows_of(place: Ground, pace: Pace, stack: ExitStack) -> list[Row]:
    """What is measured."""
    off = stack.enter_context(server(place, {**WIDE, "RELAIS_CACHE_ENABLED": "false"}))
    kept = stack.enter_context(server(place, {**WIDE, "RELAIS_CACHE_ENABLED": "true"}))
    return [
        Row("home page, computed", turns_of(place, off, home(place), pace)),
        Row("home page, kept", turns_of(place, kept, home(place), pace)),
        Row("search, computed", turns_of(place, off, searches(place), pace)),
        Row("search, kept", turns_of(place, kept, searches(place), pace)),
        Row("vote storm", turns_of(place, kept, storm(place), pace)),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments say."""
    chosen = options(__doc__, rows=100_000, turns=3).parse_args(argv)
    return measure(chosen, rows_of, ("others' CPU",), lambda name, turns: (others(turns[name]),))


if __name__ == "__main__":
    raise SystemExit(main())
