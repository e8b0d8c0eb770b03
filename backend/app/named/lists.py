"""What lists of explicit routes take from a query string: a page, an order, filters, which form rows have.

    ?page=2&limit=20&sortBy=createdAt&sortOrder=desc&category=art&tags__overlaps=a,b&format=rows

Both spellings of a column are taken. Keys that are no column are not looked at: old clients send many.
"""

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from pydantic import AfterValidator
from starlette.datastructures import QueryParams

from app.errors import VALIDATION_ERROR, AppError, refuse
from app.gateway.array_text import array_literal, quoted_list
from app.named.ask import Found, Pair

MOST_ROWS = 100
USUAL_ROWS = 20
#: Of lists that clients read whole.
MOST_ROWS_OF_WHOLE = 1000
#: Further than any list reaches; PostgreSQL counts rows with 64 bits.
LAST_PAGE = 10**9
_LONGEST_NUMBER = 12
ROWS_TYPE = "application/vnd.relais.rows+json"
#: What a filter's value becomes; None: the filter asks for nothing.
Operand = Callable[[str], "str | None"]


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    number: int
    limit: int

    def pairs(self) -> tuple[Pair, Pair]:
        """As a query says it."""
        return ("limit", str(self.limit)), ("offset", str((self.number - 1) * self.limit))

    def meta(self, total: int, *, most: int | None = None) -> dict[str, int]:
        """Where it is in its list; `most`: how far its rows are counted."""
        pages = math.ceil(total / self.limit)
        bound = {"totalIsBound": True} if most is not None and total >= most else {}
        return {"total": total, "page": self.number, "limit": self.limit, "totalPages": pages, **bound}


def at_most(most: int) -> AfterValidator:
    """Whoever asks for more rows than are told at once gets as many as are: clients name any number."""
    return AfterValidator(lambda asked: min(asked, most))


Number = Annotated[int, Query(ge=1, le=LAST_PAGE, description="Counted from 1.")]
#: Of every list that does not say otherwise.
Limit = Annotated[
    int, Query(ge=1, description=f"Rows of a page. More than {MOST_ROWS} are {MOST_ROWS}."), at_most(MOST_ROWS)
]
_Whole = Annotated[
    int,
    Query(ge=1, description=f"Rows of a page. More than {MOST_ROWS_OF_WHOLE} are {MOST_ROWS_OF_WHOLE}."),
    at_most(MOST_ROWS_OF_WHOLE),
]


def _page(page: Number = 1, limit: Limit = USUAL_ROWS) -> Page:
    return Page(page, limit)


def _whole_page(page: Number = 1, limit: _Whole = MOST_ROWS_OF_WHOLE) -> Page:
    return Page(page, limit)


def _long_page(page: Number = 1, limit: Limit = MOST_ROWS) -> Page:
    return Page(page, limit)


def _lenient_page(
    page: Annotated[str, Query(description="Counted from 1. What is no such number is 1.")] = "",
    limit: Annotated[
        str, Query(description=f"Rows of a page, {MOST_ROWS} at most. What is no such number is {USUAL_ROWS}.")
    ] = "",
) -> Page:
    return Page(min(_counted(page, 1), LAST_PAGE), min(_counted(limit, USUAL_ROWS), MOST_ROWS))


def _counted(said: str, otherwise: int) -> int:
    """A number from 1 on. Of one that is too long to be meant, the beginning."""
    number = int(said[:_LONGEST_NUMBER]) if said.isascii() and said.isdigit() else 0
    return number or otherwise


Paged = Annotated[Page, Depends(_page)]
#: Of a list that never refuses a page: what makes no sense is what is usual.
PagedLeniently = Annotated[Page, Depends(_lenient_page)]
#: Of a list that is told without its place: as much at once as nearly all of them are long.
PagedWhole = Annotated[Page, Depends(_whole_page)]
#: Of such a list whose rows may be long.
PagedLong = Annotated[Page, Depends(_long_page)]


def invalid(*problems: tuple[str, str]) -> AppError:
    """What was sent cannot be used: each of the fields and what is wrong with it."""
    return refuse(VALIDATION_ERROR, [{"path": path, "message": message} for path, message in problems])


def order(
    params: QueryParams,
    columns: Mapping[str, str],
    *,
    otherwise: str = "created_at",
    last: str = "id",
    filled: Container[str] = (),
) -> Pair:
    """The order that is asked for, the newest first if none is; rows that are equal in it are told apart by `last`.

    `filled`: columns that are never null. Only without a word about nulls do indexes give the order of these.
    """
    wanted = params.get("sortBy") or params.get("sort_by") or otherwise
    column = columns.get(wanted)
    if column is None:
        raise invalid(("sortBy", f"Tri inconnu : {wanted[:100]}"))
    direction: str = params.get("sortOrder") or params.get("sort_order") or "desc"
    if direction not in ("asc", "desc"):
        raise invalid(("sortOrder", "asc ou desc attendu"))
    nulls = "" if column in filled else ".nullslast"
    return "order", f"{column}.{direction}{nulls},{last}.{direction}"


def words(value: str) -> list[str]:
    """The parts of a list that is written with commas."""
    return [word for word in (part.strip() for part in value.split(",")) if word]


def _keyword(true: str, false: str) -> Operand:
    return lambda value: {"true": true, "false": false}.get(value.lower())


OPERATORS: Mapping[str, Operand] = {
    "": lambda value: f"eq.{value}",
    "ne": lambda value: f"neq.{value}",
    "gt": lambda value: f"gt.{value}",
    "gte": lambda value: f"gte.{value}",
    "lt": lambda value: f"lt.{value}",
    "lte": lambda value: f"lte.{value}",
    "like": lambda value: f"like.{value}",
    "ilike": lambda value: f"ilike.{value}",
    "in": lambda value: f"in.({quoted_list(words(value))})",
    "not_null": _keyword("not.is.null", "is.null"),
    "is_null": _keyword("is.null", "not.is.null"),
    "overlaps": lambda value: f"ov.{array_literal(words(value))}",
    "contains": lambda value: f"cs.{array_literal(words(value))}",
}


def filters(params: QueryParams, columns: Mapping[str, str], *, without: Iterable[str] = ()) -> list[Pair]:
    """The filters of a query string: `column=value` and `column__operator=value`."""
    found: list[Pair] = []
    for key, value in params.multi_items():
        name, _, operator = key.partition("__")
        column, operand = columns.get(name), OPERATORS.get(operator)
        if column is None or operand is None or key in without:
            continue
        operation = operand(value)
        if operation is not None:
            found.append((column, operation))
    return found


def containing(text: str, columns: Sequence[str]) -> Pair:
    """Rows with a text, whatever its case, in one of the columns."""
    # An asterisk is the dialect's wildcard and has no escape; it stands for itself among others.
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "_")
    quoted = '"' + f"*{pattern}*".replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "or", "(" + ",".join(f"{column}.ilike.{quoted}" for column in columns) + ")"


Form = Literal["page", "rows"]


def wanted_form(request: Request) -> Form:
    """A page with its place in the list, or, for clients that ask for them, the bare rows."""
    if request.query_params.get("format") == "rows" or ROWS_TYPE in request.headers.get("accept", ""):
        return "rows"
    return "page"


def wanted_by_builder(request: Request, page: Page) -> tuple[Page, Form]:
    """Of a URL that query builders alone ask: they read the bare rows, and all of them unless they name a page."""
    if {"page", "limit"} & request.query_params.keys():
        return page, wanted_form(request)
    return Page(1, MOST_ROWS_OF_WHOLE), "rows"


def listed(rows: list[dict[str, Any]], found: Found, page: Page, form: Form = "page") -> Any:
    """A page of rows in the form that is asked for."""
    return rows if form == "rows" else {"data": rows, "meta": page.meta(found.total)}
