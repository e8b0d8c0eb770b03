"""What the gateway says no with: the dialect's own codes."""

from app.errors import AppError, ErrorSpec, refuse

NO_CATALOG = ErrorSpec("PGRST002", 503, "Could not query the database for the schema cache. Retrying.")
METHOD_ON_FUNCTION = ErrorSpec("PGRST101", 405, "Cannot use the method on RPC")
BAD_BODY = ErrorSpec("PGRST102", 400, "Empty or invalid json")
BAD_RANGE = ErrorSpec("PGRST103", 416, "Requested range not satisfiable")
PUT_FILTERS = ErrorSpec("PGRST105", 405, "Filters must include all and only primary key columns with 'eq' operators")
BAD_SCHEMA = ErrorSpec("PGRST106", 406, "Invalid schema")
BAD_MEDIA_TYPE = ErrorSpec("PGRST107", 406, "None of these media types are available")
NOT_EMBEDDED = ErrorSpec("PGRST108", 400, "Not an embedded resource in this request")
BAD_HEADERS_SETTING = ErrorSpec(
    "PGRST111",
    500,
    "response.headers guc must be a JSON array composed of objects with a single key and a string value",
)
BAD_STATUS_SETTING = ErrorSpec("PGRST112", 500, "response.status guc must be a valid status code")
PUT_WINDOW = ErrorSpec("PGRST114", 400, "limit/offset querystring parameters are not allowed for PUT")
PUT_MISMATCH = ErrorSpec("PGRST115", 400, "Payload values do not match URL in primary key column(s)")
NOT_SINGULAR = ErrorSpec("PGRST116", 406, "Cannot coerce the result to a single JSON object")
METHOD_ON_TABLE = ErrorSpec("PGRST117", 405, "Unsupported HTTP method")
BAD_RELATED_ORDER = ErrorSpec("PGRST118", 400, "A related order is not possible")
BAD_PREFERENCES = ErrorSpec("PGRST122", 400, "Invalid preferences given with handling=strict")
NO_AGGREGATES = ErrorSpec("PGRST123", 400, "Use of aggregate functions is not allowed")
MAX_AFFECTED = ErrorSpec("PGRST124", 400, "Query result exceeds max-affected preference constraint")
BAD_PATH = ErrorSpec("PGRST125", 404, "Invalid path specified in request URL")
ROOT_DISABLED = ErrorSpec("PGRST126", 404, "Root endpoint metadata is disabled")
NOT_IMPLEMENTED = ErrorSpec("PGRST127", 400, "Feature not implemented")
MAX_AFFECTED_SINGLE = ErrorSpec(
    "PGRST128", 400, "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"
)
NO_RELATIONSHIP = ErrorSpec("PGRST200", 400, "Could not find a relationship in the schema cache")
MANY_RELATIONSHIPS = ErrorSpec("PGRST201", 300, "Could not embed because more than one relationship was found")
NO_FUNCTION = ErrorSpec("PGRST202", 404, "Could not find the function in the schema cache")
MANY_FUNCTIONS = ErrorSpec("PGRST203", 300, "Could not choose the best candidate function")
NO_COLUMN = ErrorSpec("PGRST204", 400, "Could not find the column in the schema cache")
NO_TABLE = ErrorSpec("PGRST205", 404, "Could not find the table in the schema cache")
REQUEST_TOO_COMPLEX = ErrorSpec("REQUEST_TOO_COMPLEX", 400, "Requête trop complexe")


def say(spec: ErrorSpec, message: str, details: object = None, hint: str | None = None) -> AppError:
    """An error of a declared kind whose message names what it is about."""
    return AppError(spec.code, spec.status, message, details, hint)


def too_complex(what: str, limit: int) -> AppError:
    """A request beyond one of the bounds on its shape."""
    return refuse(REQUEST_TOO_COMPLEX, f"{what}: the limit is {limit}")
