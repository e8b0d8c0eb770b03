"""`reference/errors.md`: every declared error, when it comes and what to do; and what SQLSTATEs become over HTTP."""

import re
from collections.abc import Mapping
from typing import Final

from app.adapters.migrations import APP
from app.adapters.sqlstates import OTHERWISE, STATUS_BY_PREFIX
from app.errors import declared_errors

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
    "PGRST003": "Every connection of the pool was busy for `RELAIS_DATABASE_ACQUIRE_TIMEOUT_SECONDS`."
    " Try again after `Retry-After`; if it lasts, raise `RELAIS_DATABASE_POOL_MAX` or look for slow statements.",
    "REQUEST_TIMEOUT": "The request took longer than `RELAIS_HTTP_TIMEOUT_SECONDS` and was cancelled.",
    "ROUTE_NOT_FOUND": "No route has this path. The routes are in the [API reference](api.md).",
    "SQL_FILE_CHANGED": "Only `relais migrate` says it: a `.sql` file is not the one that a migration came with;"
    " see [Change the schema](../how-to/change-the-schema.md).",
    "VALIDATION_ERROR": "Parameters or body do not fit the route; `details` has the `path` and `message` of each.",
}
INTRO: Final = """\
Whatever goes wrong, the answer has one shape, with four keys in alphabetical order:

```json
{"code": "ROUTE_NOT_FOUND", "details": null, "hint": null, "message": "Route non trouvée"}
```

- `code` is the interface: branch on it, never on the message.
- `message` is for people. It is French where users of the web application may see it.
- `details` says what was seen, `hint` what to do about it. Both may be `null`.

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
