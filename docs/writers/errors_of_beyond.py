"""What the errors of that part of the gateway mean which goes beyond the dialect, for the page of errors."""

from collections.abc import Mapping
from typing import Final

OF_BEYOND: Final[Mapping[str, str]] = {
    "RELAIS_COST": "PostgreSQL's planner expects the read to cost more than `RELAIS_REST_COST_BUDGETS` allows the role."
    " It was not run. Ask for less, or heed `hint`: it names a column that an index is missing for, if one is plain.",
    "RELAIS_QUERY_TWICE": "A query that was [sent as a body](../how-to/long-queries.md) has all of it there: the"
    " address has none of its own.",
    "RELAIS_QUERY_TYPE": "A query that is [sent as a body](../how-to/long-queries.md) is"
    " `application/x-www-form-urlencoded` or `text/plain`; `details` says what came.",
}
