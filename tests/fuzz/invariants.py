"""What must hold of every answer, whatever was asked."""

import json
import re
from typing import Any

from .asking import Raw, Reply

SHAPE = {"code", "details", "hint", "message"}
#: A client must be able to take these apart: no control characters but the tab, no line breaks.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+\Z")
#: Codes that mean a status of 500 and more in the dialect: limits of PostgreSQL, its state, conflicts, and mistakes of
#: functions that make an answer of their own.
MEANT = re.compile(r"(08|09|21000|25|2D|38|39|3B|40|42P17|53|54|55|57|58|F0|HV|P0|PT|PGRST1(11|12|21))")
#: Errors of that kind that a request must not be able to cause all the same.
NEVER = re.compile(r"(XX|INTERNAL_ERROR|PGRST000|PGRST003|58)")
BODILESS = (204, 304)


def problems_of(request: Raw, reply: Reply) -> list[str]:
    """What is wrong with this answer."""
    found = [*_headers(reply), *_length(request, reply)]
    if reply.status < 200 or reply.status > 599:
        found.append(f"status {reply.status}")
    if reply.status >= 300 and reply.status not in BODILESS and request.method != "HEAD":
        found += _error(reply)
    return found


def _headers(reply: Reply) -> list[str]:
    bad = [f"header {name!r}: {value!r}" for name, value in reply.headers if _CONTROL.search(value)]
    bad += [f"header name {name!r}" for name, _ in reply.headers if not _TOKEN.match(name)]
    names = [name for name, _ in reply.headers]
    return bad + [f"{name!r} twice" for name in (b"content-length", b"content-type") if names.count(name) > 1]


def _length(request: Raw, reply: Reply) -> list[str]:
    announced = reply.header(b"content-length")
    if request.method == "HEAD":
        return ["a body for HEAD"] if reply.body else []
    if reply.status in BODILESS:
        return [f"{reply.status} with a body"] if reply.body or announced is not None else []
    if announced is None:
        return ["no Content-Length"]
    return [] if announced == b"%d" % len(reply.body) else [f"{len(reply.body)} bytes, announced {announced!r}"]


def _error(reply: Reply) -> list[str]:
    try:
        body: Any = json.loads(reply.body)
    except ValueError:
        return [f"{reply.status} without JSON: {reply.body[:200]!r}"]
    if not isinstance(body, dict) or set(body) != SHAPE:
        return [f"not the shape of an error: {reply.body[:300]!r}"]
    if not isinstance(body["code"], str) or not isinstance(body["message"], str):
        return [f"no code or no message: {reply.body[:300]!r}"]
    if reply.status >= 500 and (NEVER.match(body["code"]) or not MEANT.match(body["code"])):
        return [f"{reply.status} {body['code']}: {reply.body[:300]!r}"]
    return []
