"""Where the columns of views come from, read from the queries that PostgreSQL stores for them.

The stored form is PostgreSQL's own tree notation: `({QUERY … :targetList ({TARGETENTRY … :resorigtbl 16400
:resorigcol 2 …} …) …})`. Only the outermost target list is of interest: PostgreSQL has already followed subqueries
and joins for `resorigtbl`; what is left to follow here are views on views.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

# Escaped characters are passed over, so that braces inside names do not count.
_TOKEN = re.compile(r"\\.|[{}()]|:targetList|:resno (\d+)|:resorigtbl (\d+) :resorigcol (-?\d+)")
_MOST_STEPS = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """A column by its table's oid and its number."""

    table: int
    column: int


@dataclass(frozen=True, slots=True)
class ViewQuery:
    """A view as it is stored."""

    oid: int
    query: str
    #: Names by number.
    columns: Mapping[int, str]


def columns_by_origin(views: Sequence[ViewQuery]) -> dict[int, dict[Origin, list[str]]]:
    """For each view, the names under which it shows a column of a table that is no view itself."""
    direct = {view.oid: dict(_targets(view.query)) for view in views}
    shown: dict[int, dict[Origin, list[str]]] = {}
    for view in views:
        by_origin = shown.setdefault(view.oid, {})
        for number, origin in direct[view.oid].items():
            followed = _followed(origin, direct)
            if followed is not None and number in view.columns:
                by_origin.setdefault(followed, []).append(view.columns[number])
    return shown


def _followed(origin: Origin, direct: Mapping[int, Mapping[int, Origin]]) -> Origin | None:
    for _ in range(_MOST_STEPS):
        if origin.table not in direct:
            return origin
        next_origin = direct[origin.table].get(origin.column)
        if next_origin is None:
            return None
        origin = next_origin
    return None


def _targets(query: str) -> Iterator[tuple[int, Origin]]:
    """The entries of the outermost target list: a column's number and where it comes from."""
    depth, inside, number = 0, -1, 0
    for token in _TOKEN.finditer(query):
        text = token.group()
        if text in "{(":
            depth += 1
        elif text in "})":
            depth -= 1
            if depth < inside:
                return
        elif text == ":targetList" and depth == 2:
            # `({QUERY` are two; the list and its entry are two more.
            inside = 3
        elif inside == 3 and depth == 4:
            if token.group(1):
                number = int(token.group(1))
            elif token.group(2) and token.group(2) != "0":
                yield number, Origin(int(token.group(2)), int(token.group(3)))
