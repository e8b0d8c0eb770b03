"""From a result to an HTTP answer: status, headers, bytes. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import orjson

from app.adapters.sqlstates import STATUSES
from app.errors import AppError, refuse
from app.gateway.errors import BAD_HEADERS_SETTING, BAD_RANGE, BAD_STATUS_SETTING
from app.gateway.media import JSON
from app.gateway.prepare import Prepared
from app.gateway.types import ApiRequest, Prefer, ResultSet

Headers = list[tuple[bytes, bytes]]
_LONGEST_LOCATION = 4096
_UNAVAILABLE = 503
_VARY = (b"vary", b"Accept, Prefer, Range")
#: Whoever asks for these statuses, functions too, gets no body.
BODILESS = frozenset({204, 304})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
#: A line break in a header would begin another one; the other control characters are as little allowed.
_CONTROLS = {code: " " for code in (*range(0x20), 0x7F) if code != 0x09}
#: What says where an answer ends is for whoever sends it.
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"upgrade", b"trailer"})


class Answer(NamedTuple):
    """What is sent."""

    status: int
    headers: Headers
    body: bytes

    def without_body(self) -> "Answer":
        """The same for a status that goes without one: its bytes would be taken for the next answer."""
        return Answer(self.status, [item for item in self.headers if item[0] != b"content-length"], b"")


class Manner(NamedTuple):
    """What settings say of answers."""

    #: `Prefer: tx=…` is heard.
    allows_tx: bool
    #: Errors tell their details and hints.
    verbose: bool


def respond(
    request: ApiRequest, prepared: Prepared, result: ResultSet, *, manner: Manner, warning: str | None
) -> Answer:
    """The answer to a request that PostgreSQL has carried out."""
    if prepared.plan.media.plan is not None:
        headers = [_content_type(prepared), _length(result.body), _VARY]
        _profile(request, headers)
        return Answer(200, headers, result.body)
    if request.method in ("GET", "HEAD") or request.is_call:
        answer = _read(request, prepared, result, verbose=manner.verbose)
    else:
        answer = _written(request, prepared, result)
    preferred = _applied(request, prepared, allows_tx=manner.allows_tx)
    if preferred:
        answer.headers.append((b"preference-applied", _header_text(preferred)))
    if warning is not None:
        answer.headers.append((b"warning", _header_text(warning)))
    answer.headers.append(_VARY)
    if result.headers is None and result.status is None:
        return answer
    return _overridden(answer, result)


def _content_type(prepared: Prepared) -> tuple[bytes, bytes]:
    return b"content-type", prepared.plan.media.content_type.encode("latin-1", "replace")


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(body)


def _profile(request: ApiRequest, headers: Headers) -> None:
    if request.tells_profile:
        headers.append((b"content-profile", request.target.schema.encode()))


# Reads and calls.


def _read(request: ApiRequest, prepared: Prepared, result: ResultSet, *, verbose: bool) -> Answer:
    lower, count, total = request.window[1], result.page_total, result.table_total
    status = _range_status(lower, count, total)
    headers: Headers = [(b"content-range", content_range(lower, lower + count - 1, total))]
    if not request.is_call:
        query = f"?{request.canonical_query}" if request.canonical_query else ""
        location = f"/{_printable(request.target.name)}{query}".encode()
        # Clients and proxies give up on longer headers, and with them on the answer.
        if len(location) <= _LONGEST_LOCATION:
            headers.append((b"content-location", location))
    call = prepared.plan.call
    if call is not None and call.function.returns == "void":
        return Answer(204, headers, b"")
    headers.append(_content_type(prepared))
    _profile(request, headers)
    body = result.body
    if status == 416:
        body = _error_body(_beyond(lower, total or 0), verbose=verbose)
    if request.method != "HEAD":
        headers.append(_length(body))
    else:
        body = b""
    return Answer(status, headers, body)


def _range_status(lower: int, count: int, total: int | None) -> int:
    if total is None:
        return 200
    if lower > total:
        return 416
    return 206 if count < total else 200


def _beyond(lower: int, total: int) -> AppError:
    return refuse(BAD_RANGE, f"An offset of {lower} was requested, but there are only {total} rows.")


def content_range(lower: int, upper: int, total: int | None) -> bytes:
    """Which rows of how many."""
    shown = "*" if lower > upper or total == 0 else f"{lower}-{upper}"
    return f"{shown}/{'*' if total is None else total}".encode()


# Writes.


def _written(request: ApiRequest, prepared: Prepared, result: ResultSet) -> Answer:
    headers: Headers = []
    with_body = request.prefer.returning == "representation"
    if request.method != "PUT":
        headers.append((b"content-range", _write_range(request, result)))
    if prepared.plan.wants_location and result.page_total == 1 and result.location is not None:
        headers.append((b"location", _location(request, result.location)))
    status = _write_status(request, result, with_body=with_body)
    if with_body:
        headers += (_content_type(prepared), _length(result.body))
        _profile(request, headers)
        return Answer(status, headers, result.body)
    if status != 204:
        headers.append((b"content-length", b"0"))
    return Answer(status, headers, b"")


def _write_range(request: ApiRequest, result: ResultSet) -> bytes:
    count = result.page_total
    total = count if request.prefer.count in ("exact", "estimated") else None
    if request.method == "PATCH":
        return content_range(0, count - 1, total)
    return content_range(1, 0, total)


def _write_status(request: ApiRequest, result: ResultSet, *, with_body: bool) -> int:
    match request.method:
        case "POST":
            merged = request.prefer.resolution == "merge-duplicates" and result.inserted is not None
            return 200 if merged and result.inserted == 0 else 201
        case "PUT" if with_body:
            return 201 if result.inserted else 200
        case _:
            return 200 if with_body else 204


def _location(request: ApiRequest, parts: Sequence[str]) -> bytes:
    pairs = (part.partition("=") for part in parts)
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, _, value in pairs)
    return f"/{_printable(request.target.name)}?{query}".encode()


# Headers of both.


def _applied(request: ApiRequest, prepared: Prepared, *, allows_tx: bool) -> str:
    """The preferences that were honoured, in the dialect's order."""
    prefer = request.prefer
    if prefer == Prefer():
        return ""
    method, write = request.method, prepared.plan.write
    upserts = method == "POST" and write is not None and bool(write.conflict)
    bounded = prefer.handling == "strict" and (method in ("PATCH", "DELETE") or request.is_call)
    parts = (
        f"resolution={prefer.resolution}" if prefer.resolution and upserts else None,
        f"missing={prefer.missing}" if prefer.missing and method in ("POST", "PATCH") and write else None,
        f"return={prefer.returning}" if prefer.returning and write else None,
        f"count={prefer.count}" if prefer.count else None,
        f"tx={prefer.transaction}" if prefer.transaction and allows_tx else None,
        f"handling={prefer.handling}" if prefer.handling else None,
        f"timezone={prefer.timezone}" if prefer.timezone is not None else None,
        f"max-affected={prefer.max_affected}" if prefer.max_affected is not None and bounded else None,
    )
    return ", ".join(part for part in parts if part)


def _overridden(answer: Answer, result: ResultSet) -> Answer:
    headers, status = answer.headers, answer.status
    if result.headers is not None:
        own = _own_headers(result.headers)
        names = {name for name, _ in own}
        headers = [item for item in headers if item[0] not in names] + own
    if result.status is not None:
        status = _own_status(result.status)
    if status == _UNAVAILABLE:
        headers = [*headers, (b"retry-after", b"0")]
    return Answer(status, headers, answer.body)


def _own_headers(text: str) -> Headers:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise refuse(BAD_HEADERS_SETTING) from None
    if not isinstance(parsed, list):
        raise refuse(BAD_HEADERS_SETTING)
    found: Headers = []
    for item in parsed:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(item, dict) or len(item) != 1:  # pyright: ignore[reportUnknownArgumentType]
            raise refuse(BAD_HEADERS_SETTING)
        [(name, value)] = item.items()  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(value, str) or not _HEADER_NAME.match(str(name)):  # pyright: ignore[reportUnknownArgumentType]
            raise refuse(BAD_HEADERS_SETTING)
        found.append((str(name).lower().encode(), _header_text(value)))  # pyright: ignore[reportUnknownArgumentType]
    return [item for item in found if item[0] not in _FRAMING]


def _header_text(text: str) -> bytes:
    return _printable(text).encode("latin-1", "replace")


def _printable(text: str) -> str:
    return text if text.isprintable() else text.translate(_CONTROLS)


def _own_status(text: str) -> int:
    digits = ""
    for char in text.strip():
        if not (char.isascii() and char.isdigit()):
            break
        digits += char
    if not digits or int(digits[:9]) not in STATUSES:
        raise refuse(BAD_STATUS_SETTING)
    return int(digits)


def _headers_of(error: AppError) -> Headers:
    """Those that an error brings, as far as they can be sent."""
    own = [(name.lower(), value) for name, value in error.headers.items() if _HEADER_NAME.match(name)]
    found = [(name.encode(), _header_text(value)) for name, value in own]
    return [item for item in found if item[0] not in _FRAMING]


def _error_body(error: AppError, *, verbose: bool) -> bytes:
    return error.body() if verbose else orjson.dumps({"code": error.code, "message": error.message})


def respond_error(error: AppError, *, verbose: bool, extra: Sequence[tuple[bytes, bytes]] = ()) -> Answer:
    """An error as the dialect sends it."""
    body = _error_body(error, verbose=verbose)
    headers: Headers = [
        (b"content-type", JSON.encode()),
        _length(body),
        (b"proxy-status", _header_text(f"PostgREST; error={error.code}")),
        *_headers_of(error),
        *extra,
    ]
    return Answer(error.status, headers, body)
