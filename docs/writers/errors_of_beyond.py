"""What errors mean that come only to those who ask for more than the dialect has, by a header or a path."""

from collections.abc import Mapping
from typing import Final

OF_BEYOND: Final[Mapping[str, str]] = {
    "RELAIS_BATCH_NOT_TEXT": "An item of a [batch](../how-to/write-together.md) asked for bytes that are no text, which"
    " JSON cannot hold. Nothing was written.",
    "RELAIS_BATCH_REFERENCE": "A `$ref` of a [batch](../how-to/write-together.md) names an item that is not before it,"
    " or a part that its answer has not. Nothing was written.",
    "RELAIS_BATCH_TOO_LONG": "A [batch](../how-to/write-together.md) of more items than `RELAIS_REST_MAX_BATCH_ITEMS`.",
    "RELAIS_BATCH_UNREADABLE": "A [batch](../how-to/write-together.md) is a JSON list of items; an item has what the"
    " page says; `details` tells what is wrong. Nothing was written.",
    "RELAIS_IDEMPOTENCY_ANSWER_NOT_KEPT": "The write was carried out under this `Idempotency-Key`, but its answer was"
    " longer than `RELAIS_REST_IDEMPOTENCY_ANSWER_BYTES`. Nothing was done a second time.",
    "RELAIS_IDEMPOTENCY_KEYS_TOO_MANY": "More than `RELAIS_REST_IDEMPOTENCY_KEYS` of one user within"
    " `RELAIS_REST_IDEMPOTENCY_SECONDS`. Nothing was done.",
    "RELAIS_IDEMPOTENCY_KEY_ANONYMOUS": "An `Idempotency-Key` without a token: callers that nobody can tell apart would"
    " read each other's answers.",
    "RELAIS_IDEMPOTENCY_KEY_BUSY": "Another request with this `Idempotency-Key` took so long that this one gave up"
    " waiting for it. Send it again.",
    "RELAIS_IDEMPOTENCY_KEY_MALFORMED": "An `Idempotency-Key` is 1 to 255 printable characters of ASCII.",
    "RELAIS_IDEMPOTENCY_KEY_REUSED": "The `Idempotency-Key` was used for another request: see"
    " [Write once](../how-to/write-once.md). Nothing was done.",
    "RELAIS_IDEMPOTENCY_UNAVAILABLE": "An `Idempotency-Key`, but the database has no table of keys: it was not migrated"
    " by Relais.",
    "RELAIS_PRECONDITION_FAILED": "The row is not as `If-Match` says, or the filters find none or several: see"
    " [Change what you saw](../how-to/change-what-you-saw.md). Nothing was written.",
    "RELAIS_PRECONDITION_NOT_SUPPORTED": "`If-Match` with POST: it is for PATCH, PUT and DELETE of a single row of a"
    " table. Nothing was done.",
}
