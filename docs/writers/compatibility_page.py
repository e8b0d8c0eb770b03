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
        "`limit`",
        "Above the most that a list tells at once it is that: 100, or 1000 where clients read a list whole."
        " `meta.limit` says what was used. `/api/profiles/:id/resources` takes what is no number for what is usual;"
        " elsewhere that is 400, as is 0.",
    ),
    (
        "Rows",
        "In camelCase; those of resources, comments, collections, suggestions, profiles, groups and notifications carry"
        " every name in snake_case as well, because the application reads both.",
    ),
    (
        "Files",
        "`url` of an upload is a whole address, made of `RELAIS_OAUTH_CALLBACK_URL` or else of the host that was asked:"
        " the application stands elsewhere, and shows it as it is. A file that hangs on no resource is read by whoever"
        " knows its name, and listed to its uploader alone.",
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
        " in titles, tags, categories, languages, descriptions and readmes; every word has to be there. When nothing"
        " is found as it is spelt, what is spelt nearly so is. A part in the middle of a word is found that way alone."
        " The best comes first unless `sortBy` says otherwise; of more than 5000, the best 5000 are ranked, and"
        " `meta.totalIsBound` says that there are more than `meta.total` may tell. Filters and orders are applied to"
        " all that is found. `or=(title.ilike.*text*,…)` on `/rest/v1/resources` still compares letter by letter, and"
        " `rpc('resources_containing', {query})` does so as the clients that kept their data in the browser did in"
        " `or()`: any word, anywhere in title, description, readme, language and tags. Both read every row that the"
        " caller may read, so that they get slower as those get more.",
    ),
    (
        "Views and downloads",
        "`POST /api/rpc/increment_resource_views` and `increment_resource_downloads` do what the routes of a resource"
        " do: one view for each visitor in a while, an event of analytics, nothing for what is not there. The same"
        " names at `/rest/v1/rpc` are functions of the database: they count each call, at once, without an event.",
    ),
    (
        "Unreadable rows",
        "Do not exist: 404, never 403. Malformed identifiers are identifiers of nothing: 404 as well.",
    ),
    (
        "Long texts",
        "Lists tell whole rows to everybody, so that what members write is bounded on every road: 50 000 characters of"
        " a description, 250 000 of a readme, 500 000 of a template's data, 2048 of an address. What is longer already"
        " may stay. Lists of versions and templates, by either address, of groups and of their resources tell 100 at a"
        " time, comments and shares 1000: `page=2` has the next. Of a group in a list 100 members are told, of one on"
        " its own 1000; `membersCount` counts all.",
    ),
    (
        "Links",
        "`githubUrl`, `externalUrl`, `fileUrl`, `coverImageUrl` and `avatarUrl` begin with `http://`, `https://` or"
        " `/`; an empty text is none. Files and pictures may be `data:` addresses. `/rest/v1` refuses all else, too.",
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
