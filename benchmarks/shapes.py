"""The shapes of request that contenders are compared on, and the values that vary from one request to the next.

How a shape is asked is each contender's own business (`contenders.py`, `dialect.py`, `statements.py`).
"""

import json
from dataclasses import dataclass
from enum import StrEnum

LIST_ROWS = 20
HUNDRED_ROWS = 100
BULK_ROWS = 100
#: Distinct bodies that inserts of one row go through.
BODIES = 50
#: Callers of the gateways, who take turns in no order.
USERS = 1000
#: What inserts are recognised by, so that they can be removed again. No list shape ever selects them.
INSERT_CATEGORY = "bench-insert"
INSERT_VISIBILITY = "private"
#: What rows made for being updated are recognised by: one of each user's own, whose licence is empty between turns.
UPDATE_CATEGORY = "bench-update"
LICENSE = "CC-BY-4.0"
#: Identifiers of landmarks: this, then twelve digits. pgbench can count but knows no lists.
LANDMARK_PREFIX = "00000000-0000-4000-8000-"
FIRST_LANDMARK = 100_000_000_000
#: Identifiers of the rows made for being updated, one a user, in the order of the users.
OWNED_PREFIX = "00000000-0000-4000-9000-"
MALFORMED_ID = "00000000-0000-4000-8000"


class Shape(StrEnum):
    """A kind of request."""

    ONE = "one"
    ONE_ALL = "one-all"
    LIST = "list"
    LIST_ALL = "list-all"
    HUNDRED = "hundred"
    INSERT = "insert"
    BULK = "bulk"
    UPDATE = "update"
    RPC = "rpc"
    ERROR = "error"


SUMMARIES = {
    Shape.ONE: "one row by id, each column named",
    Shape.ONE_ALL: "one row by id, all columns by *",
    Shape.LIST: f"{LIST_ROWS} rows: public, of a category, newest first, author embedded, each column named",
    Shape.LIST_ALL: f"{LIST_ROWS} rows: public, of a category, newest first, author embedded, all columns by *",
    Shape.HUNDRED: f"{HUNDRED_ROWS} rows: public, of a category, newest first",
    Shape.INSERT: "insert one row and return it",
    Shape.BULK: f"insert {BULK_ROWS} rows and return none",
    Shape.UPDATE: "update one row by id and return none",
    Shape.RPC: "call a stable function that searches people and returns rows",
    Shape.ERROR: "ask for a row by an id that is none: refused",
}


@dataclass(frozen=True, slots=True)
class Samples:
    """What to ask for: rows, categories and callers that are there."""

    tenant_id: str
    #: Real members, and the token of each.
    users: tuple[str, ...]
    tokens: tuple[str, ...]
    categories: tuple[str, ...]
    #: Beginnings of user names, for a search of people.
    names: tuple[str, ...]
    landmarks: int

    @property
    def user_id(self) -> str:
        """The caller of contenders that know only one."""
        return self.users[0]

    def ids(self) -> list[str]:
        """Every row that may be asked for by id."""
        return [f"{LANDMARK_PREFIX}{FIRST_LANDMARK + number}" for number in range(self.landmarks)]

    def owned(self) -> list[str]:
        """A row of each user's own, in the order of the users."""
        return [f"{OWNED_PREFIX}{FIRST_LANDMARK + number}" for number in range(len(self.users))]

    def body(self, number: int) -> str:
        """A row to insert, as JSON."""
        return json.dumps(_row(number))

    def owned_body(self, number: int) -> str:
        """The same, saying whose it is, for who is not told by a token."""
        return json.dumps({"user_id": self.user_id, **_row(number)})

    def bulk_body(self, number: int) -> str:
        """Many rows to insert."""
        return json.dumps([_row(number * BULK_ROWS + place) for place in range(BULK_ROWS)])


def _row(number: int) -> dict[str, object]:
    return {
        "title": f"Une ressource de plus, la {number:04d}",
        "description": "Une ligne que la mesure ajoute et retire. " * 4,
        "category": INSERT_CATEGORY,
        "tags": ["mesure", "python", "postgresql"],
        "resource_type": "external_link",
        "visibility": INSERT_VISIBILITY,
        "external_url": f"https://example.org/ressources/{number}",
        "language": "Python",
        "license": "MIT",
    }
