"""What the gateway says no with where it goes beyond the dialect: batches, keys of writes, preconditions."""

from app.errors import ErrorSpec

BATCH_UNREADABLE = ErrorSpec("RELAIS_BATCH_UNREADABLE", 400, "The batch is not a list of requests")
BATCH_TOO_LONG = ErrorSpec("RELAIS_BATCH_TOO_LONG", 400, "The batch has too many items")
BATCH_REFERENCE = ErrorSpec("RELAIS_BATCH_REFERENCE", 422, "A reference leads to nothing")
BATCH_NOT_TEXT = ErrorSpec("RELAIS_BATCH_NOT_TEXT", 406, "The answer of an item is no text")
KEY_MALFORMED = ErrorSpec("RELAIS_IDEMPOTENCY_KEY_MALFORMED", 400, "The Idempotency-Key cannot be used")
KEY_ANONYMOUS = ErrorSpec("RELAIS_IDEMPOTENCY_KEY_ANONYMOUS", 401, "An Idempotency-Key needs a caller who is known")
KEY_REUSED = ErrorSpec("RELAIS_IDEMPOTENCY_KEY_REUSED", 422, "The Idempotency-Key was used for another request")
KEY_BUSY = ErrorSpec("RELAIS_IDEMPOTENCY_KEY_BUSY", 409, "The first request with this Idempotency-Key is under way")
KEY_WITHOUT_ANSWER = ErrorSpec(
    "RELAIS_IDEMPOTENCY_ANSWER_NOT_KEPT", 409, "The request was carried out before; its answer was not kept"
)
KEY_UNFINISHED = ErrorSpec(
    "RELAIS_IDEMPOTENCY_UNFINISHED", 409, "The first request with this Idempotency-Key has not come to its end"
)
KEYS_TOO_MANY = ErrorSpec("RELAIS_IDEMPOTENCY_KEYS_TOO_MANY", 429, "Too many Idempotency-Keys are remembered")
KEYS_UNAVAILABLE = ErrorSpec("RELAIS_IDEMPOTENCY_UNAVAILABLE", 501, "This database remembers no Idempotency-Keys")
PRECONDITION_FAILED = ErrorSpec("RELAIS_PRECONDITION_FAILED", 412, "The row is not as If-Match says")
PRECONDITION_ELSEWHERE = ErrorSpec(
    "RELAIS_PRECONDITION_NOT_SUPPORTED", 400, "If-Match is for PATCH, PUT and DELETE of a single row"
)
