"""From an HTTP request to an `ApiRequest`: path, headers, query string and body understood, nothing looked up.

The `shape` collected here is all that later stages may depend on; what varies between requests of one shape is in
`values`, in the order in which `plan.py` numbers them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from app.catalog.types import Name
from app.errors import refuse
from app.gateway.array_text import array_literal
from app.gateway.body import content_type_of, read_payload
from app.gateway.errors import (
    BAD_PATH,
    BAD_RANGE,
    BAD_SCHEMA,
    METHOD_ON_FUNCTION,
    METHOD_ON_TABLE,
    PUT_WINDOW,
    say,
)
from app.gateway.media import parse_accept
from app.gateway.query import LONG_LIST, Filter, Logic, Operation
from app.gateway.query_string import (
    Caps,
    as_window,
    bounded,
    canonical,
    is_empty,
    parse_query,
    parse_range_header,
)
from app.gateway.remembered import remembered
from app.gateway.types import ALL, EVERYTHING, ApiRequest, Bounds, Prefer, Query, Window

#: Where the gateway is mounted.
PREFIX = "/rest/v1"
READS = frozenset({"GET", "HEAD"})
#: All that is read of the headers of a read here.
READ_HEADERS = (b"accept", b"prefer", b"range", b"accept-profile")
WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_NEGATIVE_LIMIT = "Limit should be greater than or equal to zero."
_BAD_BOUNDARIES = "The lower boundary must be lower than or equal to the upper boundary in the Range header."
#: The window that `limit=0` asks for.
_NOTHING: Bounds = (0, -1)


@dataclass(frozen=True, slots=True)
class Head:
    """A request's line and the headers that matter here."""

    method: str
    #: Below the mount point, not decoded.
    path: str
    query_string: str
    #: Those that may come several times joined, of the others the last.
    headers: Mapping[bytes, bytes]
    #: The last of those that came several times and are joined.
    last: tuple[tuple[bytes, bytes], ...] = ()
    #: A GET whose query came in the body of a POST (`by_body.py`).
    by_body: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """What a path leads to."""

    kind: str
    name: str = ""


@remembered(1024)
def parse_path(path: str) -> Route:
    """The root, a table, or a function."""
    segments = [unquote(segment, errors="replace") for segment in path.removeprefix("/").split("/")]
    match segments:
        case [""]:
            return Route("root")
        case [name]:
            return Route("table", name)
        case ["rpc", name]:
            return Route("function", name)
        case _:
            raise refuse(BAD_PATH)


def choose_schema(head: Head, schemas: Sequence[str], *, alias: str = "") -> tuple[str, bool]:
    """The schema asked for, and whether the answer says which one it was. `alias` is another name of the default."""
    header = b"content-profile" if head.method in WRITES else b"accept-profile"
    wanted = head.headers.get(header)
    if wanted is None:
        return schemas[0], len(schemas) > 1
    name = wanted.decode("utf-8", "replace")
    if name not in schemas:
        if alias and name == alias:
            return schemas[0], len(schemas) > 1
        exposed = ", ".join(schemas)
        raise say(BAD_SCHEMA, f"Invalid schema: {name}", hint=f"Only the following schemas are exposed: {exposed}")
    return name, True


def check_method(route: Route, method: str) -> None:
    """Refuse methods that a table, a function or the root never has."""
    if route.kind == "function" and method not in ("GET", "HEAD", "POST", "OPTIONS"):
        raise say(METHOD_ON_FUNCTION, f"Cannot use the {method} method on RPC")
    allowed = ("GET", "HEAD", "OPTIONS") if route.kind == "root" else (*READS, *WRITES, "OPTIONS")
    if route.kind != "function" and method not in allowed:
        raise say(METHOD_ON_TABLE, f"Unsupported HTTP method: {method}")


def parse_request(
    head: Head, route: Route, body: bytes, *, schemas: Sequence[str], caps: Caps, alias: str = ""
) -> ApiRequest:
    """Everything that can be said of a request without the catalog, in the order that errors are told."""
    method, headers, is_call = head.method, head.headers, route.kind == "function"
    schema, tells = choose_schema(head, schemas, alias=alias)
    check_method(route, method)
    by_get = is_call and method in READS
    query = parse_query(head.query_string, caps, call_by_get=by_get)
    window = _root_window(method, query, headers.get(b"range"))
    accept = headers.get(b"accept", b"").decode("latin-1")
    prefer_text = headers.get(b"prefer", b"").decode("latin-1")
    request = ApiRequest(
        method=method,
        is_call=is_call,
        target=Name(schema, route.name),
        query=query,
        prefer=parse_prefer(prefer_text),
        accept=parse_accept(accept),
        accept_text=accept,
        window=window,
        tells_profile=tells,
        max_rows=caps.max_rows,
    )
    if method in ("POST", "PATCH", "PUT"):
        request.content_type = content_type_of(headers.get(b"content-type", b"").decode("latin-1"))
        columns = query.columns if method != "PUT" else None
        request.payload = read_payload(request.content_type, body, columns=columns, is_call=is_call)
    if method in READS and not is_call:
        request.canonical_query = canonical(head.query_string)
    _take_shape(request, prefer_text)
    return request


def check_query(head: Head, caps: Caps) -> Query:
    """A query string that changes nothing of the answer, which is read all the same: mistakes in it are told."""
    query = parse_query(head.query_string, caps, call_by_get=False)
    _root_window(head.method, query, head.headers.get(b"range"))
    return query


def _root_window(method: str, query: Query, header: bytes | None) -> Window:
    """The rows of the root that are asked for, by parameters and by the `Range` header together."""
    asked = query.bounds.pop((), ALL)
    by_header = parse_range_header(header) if header is not None and method == "GET" else ALL
    # `limit=0` alone is an honest wish; every other empty window is a mistake.
    if asked[1] == -1:
        bounds = _NOTHING
    else:
        bounds = _intersection(by_header, asked)
        if is_empty(bounds):
            raise refuse(BAD_RANGE, _BAD_BOUNDARIES if is_empty(by_header) else _NEGATIVE_LIMIT)
    if method == "PUT" and bounds != ALL:
        raise refuse(PUT_WINDOW)
    return as_window(bounds)


def _intersection(one: Bounds, other: Bounds) -> Bounds:
    uppers = [upper for upper in (one[1], other[1]) if upper is not None]
    return max(one[0], other[0]), min(uppers) if uppers else None


_WHOLE_NUMBER = re.compile(r"-?[0-9]+\Z")
_PREFERENCES: dict[str, tuple[str, object]] = {
    "resolution=merge-duplicates": ("resolution", "merge-duplicates"),
    "resolution=ignore-duplicates": ("resolution", "ignore-duplicates"),
    "missing=default": ("missing", "default"),
    "missing=null": ("missing", "null"),
    "return=representation": ("returning", "representation"),
    "return=minimal": ("returning", "minimal"),
    "return=headers-only": ("returning", "headers-only"),
    "count=exact": ("count", "exact"),
    "count=planned": ("count", "planned"),
    "count=estimated": ("count", "estimated"),
    "tx=commit": ("transaction", "commit"),
    "tx=rollback": ("transaction", "rollback"),
    "handling=strict": ("handling", "strict"),
    "handling=lenient": ("handling", "lenient"),
}


@remembered(512)
def parse_prefer(header: str) -> Prefer:
    """The preferences of a request; the first of a kind wins, and what is not known is kept for strict handling."""
    if not header:
        return Prefer()
    found: dict[str, object] = {}
    invalid: list[str] = []
    for part in header.split(","):
        item = part.strip()
        known = _PREFERENCES.get(item)
        if known is not None:
            found.setdefault(*known)
        elif item.startswith("timezone="):
            found.setdefault("timezone", item[len("timezone=") :])
        elif item.startswith("max-affected="):
            number = item[len("max-affected=") :]
            if _WHOLE_NUMBER.match(number):
                found.setdefault("max_affected", int(number[:18]))
        else:
            invalid.append(item)
    return Prefer(**found, invalid=tuple(invalid))  # pyright: ignore[reportArgumentType]


@remembered(512)
def _shape_of_prefer(header: str) -> tuple[object, ...]:
    """Of a time zone and of a number of rows a plan depends on their being there only."""
    prefer = parse_prefer(header)
    strict = prefer.handling == "strict"
    kept = prefer.resolution, prefer.missing, prefer.returning, prefer.count, prefer.transaction
    return *kept, strict, strict and bool(prefer.invalid), prefer.max_affected is not None


def _take_shape(request: ApiRequest, prefer_text: str) -> None:
    """Collect what a plan may depend on, and, in the order that it numbers them, the values it may not."""
    query, values = request.query, request.values
    shape: list[object] = [
        request.method,
        request.target,
        request.is_call,
        request.accept_text,
        *_shape_of_prefer(prefer_text),
    ]
    shape += (
        query.select_text,
        query.columns_text,
        query.on_conflict,
        request.window[0] is None,
        request.window[1] > 0,
    )
    for key, _path, _field, operation in query.filters:
        shape += (key, *_shape_of(operation))
        values.append(_encoded(operation))
    for key, _path, tree in query.logic:
        shape.append(key)
        _take_tree(tree, shape, values)
    for key, value, _path, _terms in query.orders:
        shape += (key, value)
    for path, bounds in query.bounds.items():
        # Writes take no notice of them.
        window = as_window(bounds) if request.is_call or request.method in READS else EVERYTHING
        shape += (path, window[0] is None, window[1] == 0)
        limit, offset = bounded(window, request.max_rows)
        values += (limit or 0, offset)
    for name, value in query.arguments:
        shape.append(name)
        values.append(value)
    payload = request.payload
    if payload is not None:
        shape += (request.content_type, payload.columns, payload.is_array, payload.has_rows)
        if payload.form is not None:
            if request.is_call:
                shape.append(tuple(name for name, _ in payload.form))
                values += (value for _, value in payload.form)
    request.shape = tuple(shape)


def _take_tree(tree: Logic | Filter, shape: list[object], values: list[str | int]) -> None:
    if isinstance(tree, Filter):
        shape += (tree.field, *_shape_of(tree.operation))
        values.append(_encoded(tree.operation))
        return
    shape += (tree.operator, tree.negated, len(tree.terms))
    for term in tree.terms:
        _take_tree(term, shape, values)


def _shape_of(operation: Operation) -> tuple[object, ...]:
    operator, value = operation.operator, operation.value
    keyword = value if operator == "is" else operator == "in" and len(value) > LONG_LIST
    return operator, operation.negated, operation.quantifier, operation.language, keyword


def _encoded(operation: Operation) -> str:
    """The value as PostgreSQL gets it."""
    value = operation.value
    if isinstance(value, tuple):
        return array_literal(value)
    if operation.operator in ("like", "ilike"):
        return value.replace("*", "%")
    return value
