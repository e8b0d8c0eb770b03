"""`reference/compatibility.md`: the endpoints that clients of the library know, and how far they are answered."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from docs.writers.api_page import described
from docs.writers.markdown import code, page, table

CONTRACT: Final = Path(__file__).parents[2] / "tests" / "contract" / "endpoints.json"
INTRO: Final = """\
The web application and the clients written for it ask for the endpoints below. `tests/contract` asks each of them as
a visitor, a stranger, the owner, a moderator and an administrator, with requests that are right and wrong, and holds
the answers against `tests/contract/endpoints.json`: statuses, shapes, codes and texts of errors, both casings where
they are read, what nobody else may see, be it private, of another group, or no longer shared."""
#: Endpoints without a route, and why.
_IMPORTED = "Importing the exports of browsers is not there yet."
LEFT_OUT: Final[Mapping[str, str]] = {
    "POST /api/migration/import": _IMPORTED,
    "POST /api/migration/validate": _IMPORTED,
}
#: Routes that are no part of the description that the API serves: they are pages about it.
UNDESCRIBED: Final = (("GET", "/"), ("GET", "/api/docs"), ("GET", "/api/docs.json"))
#: One route of ours answers several of the contract's.
ANSWERED_BY: Final[Mapping[str, str]] = {
    "/api/auth/oauth/github": "/api/auth/oauth/{provider}",
    "/api/auth/oauth/google": "/api/auth/oauth/{provider}",
    "/api/auth/oauth/callback/github": "/api/auth/oauth/callback/{provider}",
    "/api/auth/oauth/callback/google": "/api/auth/oauth/callback/{provider}",
    "/api/admin_config": "/api/{table}",
    "/api/resource_versions": "/api/{table}",
    "/api/resource_versions/:id": "/api/{table}/{row_id}",
}
#: Where callers want different things of one URL, or an answer changed.
CHOICES: Final[tuple[tuple[str, str], ...]] = (
    (
        "Lists",
        "`{data, meta}`, as callers of the routes read them. Callers that go through a query builder want the bare"
        " rows: `format=rows`, or `Accept: application/vnd.relais.rows+json`, gives them those from the same URL. What"
        " query builders alone ask is answered with the bare rows unless `page` or `limit` is sent:"
        " `/api/suggestions?suggestion_id=…` (votes), `/api/suggestions?action=…` and `/api/profiles?id__in=…`.",
    ),
    (
        "Rows",
        "In camelCase; those of resources, profiles and collections carry every name in snake_case as well, because"
        " the application reads both.",
    ),
    (
        "Errors",
        "`{code, message, error, details, hint}`: `message` and `error` are the same French text, for either kind of"
        " client. `/api/v1` answers `{error: {code, message}}`, as its documentation always said.",
    ),
    (
        "Sign-in",
        "Tokens come twice: below `tokens` in camelCase, and flat in snake_case.",
    ),
    (
        "`search`",
        "Finds words, other forms of them and their beginnings, in French and English and without regard to accents,"
        " in titles, tags, categories, descriptions and readmes; every word has to be there. When nothing is found as"
        " it is spelt, what is spelt nearly so is. A part in the middle of a word is found that way alone. The best"
        " comes first unless `sortBy` says otherwise. `or=(title.ilike.*text*,…)` on `/rest/v1/resources` still"
        " compares letter by letter: it reads every row that the caller may read, so that it gets slower as they get"
        " more.",
    ),
    (
        "Unreadable rows",
        "Do not exist: 404, never 403. Malformed identifiers are identifiers of nothing: 404 as well.",
    ),
    (
        "Limits",
        "By class, in settings, and generous: the application makes a hundred requests within minutes.",
    ),
)

#: What the first version of the application asks as rows of a URL that others ask as a page, and what it loses by it:
#: the page is answered. `tests/contract` holds that there are no others.
ASKED_BOTH_WAYS: Final[Mapping[str, str]] = {
    "GET /api/suggestions limit": "The suggestions page takes the library for empty and sends the words that it starts"
    " with. They are there: it is answered 403 and 409, and goes on.",
    "GET /api/resources category__not_null": "The suggestions page counts no use of categories.",
    "GET /api/resources tags__not_null": "The suggestions page counts no use of tags.",
    "GET /api/resources": "The suggestions page counts no use of types.",
}


def compatibility_page() -> str:
    """The page."""
    told: list[Mapping[str, Any]] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    offered = offered_routes()
    missing = [item for item in told if route_key(item["method"], item["path"]) not in offered]
    there = [item for item in told if item not in missing]
    return page(
        "Compatibility",
        INTRO,
        f"{len(there)} of {len(told)} endpoints are answered.",
        "## Which shape was chosen",
        table(("Where", "What"), CHOICES),
        "## Pages of the first version that stay incomplete",
        "The application as it was shipped cannot ask for bare rows, and these requests look like those of callers that"
        " read a page.",
        table(("Request", "What is missing"), [(code(_asked(name)), lost) for name, lost in ASKED_BOTH_WAYS.items()]),
        "## Left out",
        table(("Endpoint", "Why"), [(code(item["id"]), LEFT_OUT.get(item["id"], "")) for item in missing])
        or "Nothing.",
        "## Answered",
        table(("Endpoint", "For", "Answer", "What it does"), list(_rows(there))),
    )


def _asked(name: str) -> str:
    """A request with the names of its parameters, as its URL."""
    route, _, parameters = name.removeprefix("GET ").partition(" ")
    return f"GET {route}?{parameters}=…" if parameters else f"GET {route}"


def offered_routes() -> frozenset[str]:
    """The keys of all routes of the application."""
    described_ones = ((method, path) for path, methods in described()["paths"].items() for method in methods)
    return frozenset(route_key(*route) for route in (*described_ones, *UNDESCRIBED))


def route_key(method: str, path: str) -> str:
    """A route by what it is known by in any notation: names of places do not count."""
    parts = ("{}" if part.startswith((":", "{")) else part for part in ANSWERED_BY.get(path, path).split("/"))
    return f"{method.upper()} {'/'.join(parts).rstrip('/') or '/'}"


def _rows(there: list[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    for item in there:
        success = item["success"]
        yield code(item["id"]), item["auth"], f"{success['status']} {success['kind']}", item["summary"]
