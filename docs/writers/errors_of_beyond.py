"""What errors mean that come only to those who ask for more than the dialect has, by a header or a path."""

from collections.abc import Mapping
from typing import Final

OF_BEYOND: Final[Mapping[str, str]] = {
    "RELAIS_AS_INVALID": "`Relais-As` is not the id of a user: see"
    " [Read as somebody else](../how-to/read-as-somebody-else.md).",
    "RELAIS_AS_READS_ONLY": "`Relais-As` came with a request that is no GET and no HEAD. Nothing was done.",
    "RELAIS_AS_REFUSED": "`Relais-As` was sent by somebody who is no administrator of the tenant, by a token without"
    " the scope `admin`, for somebody who stands higher, or to a route about accounts.",
    "RELAIS_AS_UNKNOWN": "Nobody in the tenant has the id in `Relais-As`, or they are disabled.",
    "RELAIS_EXPLAIN_INVALID": "`Relais-Explain` is another word than `policy`, or came with a request that does not"
    " read: see [Why is nothing shown](../how-to/why-nothing.md).",
    "RELAIS_EXPLAIN_REFUSED": "Only administrators, and whoever a setting or a claim allows it to, learn what policies"
    " hide. Said of any table, whether there is something hidden or not.",
    "RELAIS_COST": "PostgreSQL's planner expects the read to cost more than `RELAIS_REST_COST_BUDGETS` allows the role."
    " It was not run. Ask for less, or heed `hint`: it names a column that an index is missing for, if one is plain.",
    "RELAIS_QUERY_TWICE": "A query that was [sent as a body](../how-to/long-queries.md) has all of it there: the"
    " address has none of its own.",
    "RELAIS_QUERY_TYPE": "A query that is [sent as a body](../how-to/long-queries.md) is"
    " `application/x-www-form-urlencoded` or `text/plain`; `details` says what came.",
}
