"""`reference/errors.md`: every declared error, when it comes and what to do; and what SQLSTATEs become over HTTP."""

import re
from collections.abc import Mapping
from typing import Final

from app.adapters.migrations import APP
from app.adapters.sqlstates import OTHERWISE, STATUS_BY_PREFIX
from app.errors import declared_errors

from docs.writers.errors_of_accounts import OF_ACCOUNTS
from docs.writers.errors_of_beyond import OF_BEYOND
from docs.writers.errors_of_library import OF_LIBRARY
from docs.writers.errors_of_realtime import OF_REALTIME
from docs.writers.markdown import code, page, table
from docs.writers.whole_app import import_everything

#: When an error comes and what to do about it. `tests/test_docs.py` fails when a declared code is missing here.
MEANINGS: Final[Mapping[str, str]] = {
    "BODY_TOO_LARGE": "The body is larger than `RELAIS_HTTP_BODY_LIMIT_BYTES`. Send less, or raise the limit.",
    "CORS_REFUSED": "A browser asked whether a page may make this request, and it may not; `details` says why."
    " Allowed origins are in `RELAIS_HTTP_CORS_ORIGINS`.",
    "HTTP_ERROR": "The framework refused the request for a reason that has no code of its own; `details` says which."
    " The status may be another one than 400.",
    "INTERNAL_ERROR": "A mistake of ours. `details` holds the id of the request; the log has the cause under that id.",
    "MALFORMED_REQUEST": "The request is not valid HTTP or not valid JSON; `details` says what was seen.",
    "METHOD_NOT_ALLOWED": "The route exists but not with this method. The header `Allow` names those that it has.",
    "NO_SUCH_REVISION": "Only `relais migrate` says it: the revision that it was given does not exist.",
    "PGRST000": "PostgreSQL does not answer or does not let the API in. Try again after `Retry-After`;"
    " see [Troubleshoot](../how-to/troubleshoot.md#the-database-does-not-answer).",
    "PGRST002": "The API has not been able to read the structure of the database yet. Try again; `/ready` and the "
    "log say why.",
    "PGRST003": "Every connection of the pool was busy for `RELAIS_DATABASE_ACQUIRE_TIMEOUT_SECONDS`."
    " Try again after `Retry-After`; if it lasts, raise `RELAIS_DATABASE_POOL_MAX` or look for slow statements.",
    "PGRST100": "The query string does not follow the grammar. `message` names the part and the column where it "
    "breaks, `details` what was expected there.",
    "PGRST101": "Functions are called with GET, HEAD or POST.",
    "PGRST102": "The body is not JSON, CSV or a form as its `Content-Type` says, its objects have different keys, "
    "or it is of a type that is not accepted; `message` says which.",
    "PGRST103": "The rows asked for by `limit`, `offset` or `Range` cannot exist; `details` says why. With a count, "
    "also when the offset is beyond the last row.",
    "PGRST105": "PUT writes one row: its filters must be `eq` on each column of the primary key, and nothing else.",
    "PGRST106": "`Accept-Profile` or `Content-Profile` names a schema that is not exposed; `hint` lists those that "
    "are.",
    "PGRST107": "Nothing that `Accept` lists can be produced.",
    "PGRST108": "A filter, order or window belongs to an embed that `select` does not have.",
    "PGRST111": "A function set `response.headers` to something that is no list of headers.",
    "PGRST112": "A function set `response.status` to something that is no status.",
    "PGRST114": "PUT takes neither `limit` nor `offset`.",
    "PGRST115": "The body of a PUT is not the one row that its URL names. Nothing was written.",
    "PGRST116": "One object was asked for, and there are none or several rows. A write is undone.",
    "PGRST117": "The table or the root has no such method.",
    "PGRST118": "Rows can be ordered by the columns of an embed only if it is one row.",
    "PGRST121": "A function raised `PGRST` with something that is not the JSON it takes; `hint` says what that is.",
    "PGRST122": "`Prefer: handling=strict` was sent with preferences that are not known; `details` lists them.",
    "PGRST123": "Aggregates are switched off: `RELAIS_REST_DB_AGGREGATES_ENABLED`.",
    "PGRST124": "The request would have touched more rows than `max-affected` allows. Nothing was written.",
    "PGRST125": "The path is neither a table nor `rpc/` and a function.",
    "PGRST126": "The description of the API is switched off: `RELAIS_REST_OPENAPI_MODE`.",
    "PGRST127": "The combination is not supported; `details` says which.",
    "PGRST128": "`max-affected` needs a function that returns a set of rows.",
    "PGRST200": "No relationship leads from one table to the other. `hint` suggests a name that exists.",
    "PGRST201": "Several relationships do. `details` lists them, `hint` says how to choose: `table!constraint`.",
    "PGRST202": "No function has this name and these arguments. `hint` suggests another.",
    "PGRST203": "Several functions take these arguments. Rename one of them, or its arguments.",
    "PGRST204": "The body has a key that is no column of the table.",
    "PGRST205": "No such table in the schema. `hint` suggests another.",
    "PGRST300": "A token came, but no key is set to verify it with: `RELAIS_REST_JWT_SECRET` or `RELAIS_AUTH_SECRET`.",
    "PGRST301": "The token cannot be read or its signature cannot be verified; `message` and `details` say why.",
    "PGRST302": "A token is needed: `RELAIS_REST_DB_ANON_ROLE` is `-`.",
    "PGRST303": "The token is genuine but not acceptable now: expired, not yet valid, for somebody else; `message` "
    "says which.",
    "REQUEST_TIMEOUT": "The request took longer than `RELAIS_HTTP_TIMEOUT_SECONDS` and was cancelled.",
    "REQUEST_TOO_COMPLEX": "The query string is beyond one of the bounds `RELAIS_REST_MAX_…`, or nested too deeply;"
    " `details` says which.",
    "ROUTE_NOT_FOUND": "No route has this path. The routes are in the [API reference](api.md).",
    "SQL_FILE_CHANGED": "Only `relais migrate` says it: a `.sql` file is not the one that a migration came with;"
    " see [Change the schema](../how-to/change-the-schema.md).",
    "VALIDATION_ERROR": "Parameters or body do not fit the route; `details` has the `path` and `message` of each.",
    **OF_ACCOUNTS,
    **OF_LIBRARY,
    **OF_REALTIME,
    **OF_BEYOND,
}
INTRO: Final = """\
Whatever goes wrong, the answer has one shape:

```json
{"code": "ROUTE_NOT_FOUND", "details": null, "hint": null, "message": "Route non trouvée"}
```

- `code` is the interface: branch on it, never on the message.
- `message` is for people. It is French where users of the web application may see it.
- `details` says what was seen, `hint` what to do about it. Both may be `null`.
- Routes other than the gateway's repeat the message as `error`, which the existing frontend reads; `/auth/v1` answers
  errors as Supabase's does.

Why it is so is told in [Errors and logs](../explanation/errors-and-logs.md)."""
SQLSTATE_INTRO: Final = f"""\
What PostgreSQL itself refuses keeps its SQLSTATE as `code`, and PostgreSQL's own words as `message`, `details` and
`hint`. The status follows from the code; the first prefix in this table that fits decides, and without one it is
{OTHERWISE}."""
SQLSTATE_EXCEPTIONS: Final = (
    ("`42501`", "403, or 401 when nobody has signed in: signing in may help"),
    ("`PTxyz`", "the status `xyz`: how an SQL function chooses one"),
    ("`21000`", "400 when PostgreSQL asks for a `WHERE` clause, else 500"),
    ("`22023`", "401 when the role of a token does not exist, else 400"),
    ("`42883`", "404, the function does not exist; 406 when the answer was to be XML"),
)


def errors_page() -> str:
    """The page."""
    import_everything()
    homes = _homes()
    rows = [
        (code(spec.code), str(spec.status), spec.message, MEANINGS.get(spec.code, "—"), code(homes.get(spec.code, "")))
        for spec in declared_errors()
    ]
    prefixes = [(code(prefix), str(status)) for prefix, status in STATUS_BY_PREFIX]
    return page(
        "Errors",
        INTRO,
        "## Codes of Relais",
        table(("Code", "Status", "Message", "When, and what to do", "Declared in"), rows),
        "## Codes of PostgreSQL",
        SQLSTATE_INTRO,
        "These are looked at first:",
        table(("Code", "Status"), SQLSTATE_EXCEPTIONS),
        "Then the prefixes, in this order:",
        table(("Begins with", "Status"), prefixes),
    )


def _homes() -> dict[str, str]:
    """The file that each error is declared in."""
    return {
        found: f"app/{file.relative_to(APP).as_posix()}"
        for file in sorted(APP.rglob("*.py"))
        for found in re.findall(r'= ErrorSpec\(\s*"(\w+)"', file.read_text(encoding="utf-8"))
    }
