"""`If-Match` on writes of single rows: nothing is written unless the row is as the client saw it.

The row is as `GET` with the same query string and `Accept` shows it, but for `limit` and `offset`: writes take no
notice of them, nor of rows that embeds leave out, so that another row could be read than the one that is written. It is
read and written in one transaction that sees one moment: if anybody else has changed the row since, PostgreSQL refuses
the write, and the row is looked at anew.
"""

import re
from dataclasses import dataclass

from app.errors import AppError, refuse
from app.gateway.errors import NOT_SINGULAR
from app.gateway.errors_beyond import PRECONDITION_ELSEWHERE, PRECONDITION_FAILED
from app.gateway.etags import etag_of
from app.gateway.parse import Head, Route
from app.gateway.prepare import Prepared
from app.gateway.query_string import without_window
from app.gateway.together import Together
from app.gateway.types import AnyCondition, ApiRequest, EmbedCheck, Group, ResultSet

HEADER = b"if-match"
_WRITES = frozenset({"PATCH", "PUT", "DELETE"})
#: A weak tag is as good: proxies weaken what they compress, and the bytes are hashed here.
_TAG = re.compile(rb'(?:W/)?("[^"]*")')
_WHAT_IS_READ = (b"accept", b"content-profile")


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true of a row before it is written."""

    #: Empty: that it is there.
    tags: frozenset[bytes]
    read: Head


def precondition_of(head: Head, route: Route) -> Precondition | None:
    """What a request wants to be sure of, if anything."""
    said = head.headers.get(HEADER)
    if said is None:
        return None
    if head.method not in _WRITES or route.kind != "table":
        raise refuse(PRECONDITION_ELSEWHERE)
    tags = tags_of(said)
    headers = {name.replace(b"content-p", b"accept-p"): head.headers[name]
               for name in _WHAT_IS_READ if name in head.headers}  # fmt: skip
    return Precondition(tags, Head("GET", head.path, without_window(head.query_string), headers))


def tags_of(said: bytes) -> frozenset[bytes]:
    """The tags in the header; none: whatever is there."""
    if said.strip() == b"*":
        return frozenset()
    tags = frozenset(_TAG.findall(said))
    if not tags:
        raise refuse(PRECONDITION_FAILED, "There is no tag in the header", hint="Tags are sent in their quotes.")
    return tags


async def run_if(
    one: Together, precondition: Precondition, head: Head, route: Route, request: ApiRequest, prepared: Prepared
) -> ResultSet:
    """Carry out a write of the one row that is as the client saw it."""
    tag = await _tag_of_now(one, precondition.read, route)
    if precondition.tags and tag not in precondition.tags:
        raise refuse(PRECONDITION_FAILED, "It has been changed", headers={"ETag": tag.decode("latin-1")})
    result = await one.run(head, request, prepared)
    if request.method == "PUT" and result.inserted:
        raise _not_one(0)
    if result.page_total > 1:
        # A limit counts for reads alone.
        raise _not_one(result.page_total)
    changes_nothing = request.payload is not None and not request.payload.columns
    if result.page_total == 0 and not changes_nothing:
        # It was read a moment ago, and nobody has changed it since.
        raise refuse(PRECONDITION_FAILED, "The caller may read the row, and not write it")
    return result


async def _tag_of_now(one: Together, head: Head, route: Route) -> bytes:
    request = one.engine.parsed(head, route, b"")
    prepared = one.engine.prepared(request)
    node = prepared.plan.read
    if any(child.inner for child in node.embeds) or any(map(_looks_at_embeds, node.conditions)):
        raise refuse(PRECONDITION_FAILED, "Embeds leave out rows of reads alone", hint="Read the row without !inner.")
    try:
        result = await one.run(head, request, prepared)
    except AppError as error:
        if error.code == NOT_SINGULAR.code:
            raise refuse(PRECONDITION_FAILED, error.details) from error
        raise
    if result.page_total != 1:
        raise _not_one(result.page_total)
    return etag_of(result.body, prepared.plan.media.content_type.encode("latin-1", "replace"))


def _looks_at_embeds(item: AnyCondition) -> bool:
    if isinstance(item, Group):
        return any(map(_looks_at_embeds, item.terms))
    return isinstance(item, EmbedCheck)


def _not_one(rows: int) -> AppError:
    return refuse(PRECONDITION_FAILED, f"The filters find {rows} rows")


def tag_of_answer(request: ApiRequest, prepared: Prepared, result: ResultSet) -> bytes | None:
    """The tag of a row as the answer to its write shows it."""
    if request.prefer.returning != "representation" or result.page_total != 1:
        return None
    return etag_of(result.body, prepared.plan.media.content_type.encode("latin-1", "replace"))
