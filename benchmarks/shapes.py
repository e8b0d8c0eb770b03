"""The shapes of request that contenders are compared on, and the values that vary from one request to the next.

How a shape is asked is each contender's own business (`contenders.py`, `statements.py`).
"""

import json
from dataclasses import dataclass
from enum import StrEnum

LIST_ROWS = 20
HUNDRED_ROWS = 100
#: Distinct bodies that inserts go through.
BODIES = 50
#: What inserts are recognised by, so that they can be removed again. No list shape ever selects them.
INSERT_CATEGORY = "bench-insert"
INSERT_VISIBILITY = "private"
#: Identifiers of landmarks: this, then twelve digits. pgbench can count but knows no lists.
LANDMARK_PREFIX = "00000000-0000-4000-8000-"
FIRST_LANDMARK = 100_000_000_000


class Shape(StrEnum):
    """A kind of request."""

    ONE = "one"
    LIST = "list"
    HUNDRED = "hundred"
    INSERT = "insert"


SUMMARIES = {
    Shape.ONE: "one row by id",
    Shape.LIST: f"{LIST_ROWS} rows: public, of a category, newest first, author embedded",
    Shape.HUNDRED: f"{HUNDRED_ROWS} rows: public, of a category, newest first",
    Shape.INSERT: "insert one row and return it",
}


@dataclass(frozen=True, slots=True)
class Samples:
    """What to ask for: rows, categories and callers that are there."""

    tenant_id: str
    user_id: str
    categories: tuple[str, ...]
    landmarks: int

    def ids(self) -> list[str]:
        """Every row that may be asked for by id."""
        return [f"{LANDMARK_PREFIX}{FIRST_LANDMARK + number}" for number in range(self.landmarks)]

    def body(self, number: int) -> str:
        """A row to insert, as JSON."""
        return json.dumps(
            {
                "user_id": self.user_id,
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
        )
