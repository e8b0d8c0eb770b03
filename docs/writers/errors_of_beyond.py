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
    "RELAIS_BATCH_NOT_TEXT": "An item of a [batch](../how-to/write-together.md) asked for bytes that are no text, which"
    " JSON cannot hold. Nothing was written.",
    "RELAIS_BATCH_REFERENCE": "A `$ref` of a [batch](../how-to/write-together.md) names an item that is not before it,"
    " or a part that its answer has not. Nothing was written.",
    "RELAIS_BATCH_TOO_LONG": "A [batch](../how-to/write-together.md) of more items than `RELAIS_REST_MAX_BATCH_ITEMS`.",
    "RELAIS_BATCH_UNREADABLE": "A [batch](../how-to/write-together.md) is a JSON list of items; an item has what the"
    " page says; `details` tells what is wrong. Nothing was written.",
    "RELAIS_IDEMPOTENCY_ANSWER_NOT_KEPT": "The write was carried out under this `Idempotency-Key`, but its answer was"
    " longer than `RELAIS_REST_IDEMPOTENCY_ANSWER_BYTES`, or may hold a secret. Nothing was done a second time.",
    "RELAIS_IDEMPOTENCY_KEYS_TOO_MANY": "More than `RELAIS_REST_IDEMPOTENCY_KEYS` of one user within"
    " `RELAIS_REST_IDEMPOTENCY_SECONDS`. Nothing was done.",
    "RELAIS_IDEMPOTENCY_KEY_ANONYMOUS": "An `Idempotency-Key` without a token: callers that nobody can tell apart would"
    " read each other's answers.",
    "RELAIS_IDEMPOTENCY_KEY_BUSY": "Another request with this `Idempotency-Key` took so long that this one gave up"
    " waiting for it. Send it again.",
    "RELAIS_IDEMPOTENCY_KEY_MALFORMED": "An `Idempotency-Key` is 1 to 255 printable characters of ASCII.",
    "RELAIS_IDEMPOTENCY_KEY_REUSED": "The `Idempotency-Key` was used for another request: see"
    " [Write once](../how-to/write-once.md). Nothing was done.",
    "RELAIS_IDEMPOTENCY_UNFINISHED": "Of a route that does more than write to the database: the first request with this"
    " `Idempotency-Key` is under way, or was broken off. Nothing was done a second time. If it stays so, look at what"
    " has been done, and send what is missing with a new key.",
    "RELAIS_IDEMPOTENCY_UNAVAILABLE": "An `Idempotency-Key`, but the database has no table of keys: it was not migrated"
    " by Relais.",
    "RELAIS_PRECONDITION_FAILED": "The row is not as `If-Match` says, or the filters find none or several: see"
    " [Change what you saw](../how-to/change-what-you-saw.md). Nothing was written.",
    "RELAIS_PRECONDITION_NOT_SUPPORTED": "`If-Match` with POST, or where there is nothing to read at the address: it"
    " is for PATCH, PUT and DELETE of what `GET` shows. Nothing was done.",
    "DATABASE_READ_ONLY": "PostgreSQL takes no writes at the moment: it is a standby, or was told so with"
    " `default_transaction_read_only`. Try again after `Retry-After`.",
}
