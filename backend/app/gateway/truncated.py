"""What an answer says that `db-max-rows` clipped: that there may be more, and where."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import quote, urlsplit

import orjson

from app.gateway.body_blocks import LARGE_BYTES
from app.gateway.parse import PREFIX, Head
from app.gateway.plan_read import is_empty
from app.gateway.prepare import Prepared
from app.gateway.query_string import as_window, without_window
from app.gateway.respond import Headers
from app.gateway.types import ApiRequest, ReadNode, ResultSet

TRUNCATED = b"relais-truncated"
EMBEDS = b"relais-truncated-embeds"
#: An embed's place in the query, and the least that a row of an answer in JSON takes: `{},`.
_Path = tuple[str, ...]
_SHORTEST_ROW = 3
#: Clients and proxies give up on longer headers, and with them on the answer.
_LONGEST_LINK = 4096
#: All that an address may hold as it is.
_AS_SENT = ":/?#[]@!$&'()*+,;=%-._~"


def is_clipped(request: ApiRequest, prepared: Prepared, result: ResultSet) -> bool:
    """Whether the bound of the settings, and not the request, ended the rows, as far as the statement could tell."""
    most, plan = request.max_rows, prepared.plan
    if most is None or plan.write is not None or plan.media.plan is not None or result.page_total < most:
        return False
    limit, offset = request.window
    if limit is not None and limit <= most:
        return False
    if plan.call is not None and not plan.call.function.set_of:
        return False
    total = _exact_total(request, result, most)
    if total is None:
        return True
    return offset + result.page_total < (total if limit is None else min(total, offset + limit))


def _exact_total(request: ApiRequest, result: ResultSet, most: int) -> int | None:
    """How many rows there are, where they were counted: an estimate is a count up to the bound."""
    total, how = result.table_total, request.prefer.count
    counted = how == "exact" or (how == "estimated" and total is not None and total <= most)
    return total if counted else None


async def truncation(
    head: Head, request: ApiRequest, prepared: Prepared, result: ResultSet, public_address: str
) -> Headers:
    """What an answer is to say of rows that the bound took away, if it did."""
    headers: Headers = []
    if is_clipped(request, prepared, result):
        headers = truncation_headers(head, request, result, public_address)
    embeds = await clipped_embeds(request, prepared, result)
    if embeds:
        headers = headers or [(TRUNCATED, b"true")]
        headers.append((EMBEDS, ",".join(quote(".".join(path), safe=_AS_SENT) for path in embeds).encode()))
    return headers


async def clipped_embeds(request: ApiRequest, prepared: Prepared, result: ResultSet) -> Sequence[_Path]:
    """Embeds of which the bound ended a list in at least one row, by their paths."""
    most, plan = request.max_rows, prepared.plan
    media = plan.media
    # So short an answer holds no list that could have been ended.
    if most is None or plan.write is not None or len(result.body) < most * _SHORTEST_ROW:
        return ()
    if media.handler is not None or media.plan is not None or "json" not in media.content_type:
        return ()
    suspects = {path: keys for path, keys, node in _lists(plan.read, (), ()) if _may_end(request, node, path, most)}
    if not suspects:
        return ()
    if len(result.body) <= LARGE_BYTES:
        return _ended(result.body, suspects, most)
    return await asyncio.to_thread(_ended, result.body, suspects, most)


def _lists(node: ReadNode, path: _Path, keys: _Path) -> Iterator[tuple[_Path, _Path, ReadNode]]:
    """Each embed that answers with a list: its path, the names under which its list is found, and itself."""
    for child in node.embeds:
        if is_empty(child):
            continue
        inner = (*path, child.key)
        if child.spread:
            # What it has is its parent's; of several lists, all are as long as its rows are many.
            name = next((field.alias or field.name for field in child.spread_fields if field.aggregate is None), "*")
            if not child.is_to_one and name != "*":
                yield inner, (*keys, name), child
            yield from _lists(child, inner, keys) if child.is_to_one else ()
            continue
        if not child.is_to_one:
            yield inner, (*keys, child.key), child
        yield from _lists(child, inner, (*keys, child.key))


def _may_end(request: ApiRequest, node: ReadNode, path: _Path, most: int) -> bool:
    """Whether it is not the request that ends the list."""
    for asked, bounds in request.query.bounds.items():
        if asked == path or asked == (*path[:-1], node.name):
            limit = as_window(bounds)[0]
            return limit is None or limit > most
    return True


def _ended(body: bytes, suspects: dict[_Path, _Path], most: int) -> list[_Path]:
    whole: Any = orjson.loads(body)
    rows: list[Any] = cast("list[Any]", whole) if isinstance(whole, list) else [whole]
    return [path for path, keys in suspects.items() if any(len(found) >= most for found in _found(rows, keys))]


def _found(rows: Any, keys: _Path) -> Iterator[list[Any]]:
    """The lists under these names, in each row and in the rows of lists on the way."""
    for row in rows:
        value: Any = cast("dict[str, Any]", row).get(keys[0]) if isinstance(row, dict) else None
        if len(keys) == 1:
            if isinstance(value, list):
                yield value
        else:
            yield from _found(value if isinstance(value, list) else [value], keys[1:])


def truncation_headers(head: Head, request: ApiRequest, result: ResultSet, public_address: str) -> Headers:
    """The headers of a clipped answer. The public address is the one that settings give of the gateway, if they do."""
    headers: Headers = [(TRUNCATED, b"true")]
    if result.page_total:
        link = b'<%b>; rel="next"' % _next_address(head, request, result, public_address)
        if len(link) <= _LONGEST_LINK:
            headers.append((b"link", link))
    return headers


def _next_address(head: Head, request: ApiRequest, result: ResultSet, public_address: str) -> bytes:
    """The same query from where this answer ended; what `Range` asked for is said by `limit` and `offset`."""
    limit, offset = request.window
    others = without_window(head.query_string)
    parts = [others] if others else []
    parts.append(f"offset={offset + result.page_total}")
    if limit is not None:
        parts.append(f"limit={limit - result.page_total}")
    mount = urlsplit(public_address).path.rstrip("/") if public_address else PREFIX
    return quote(f"{mount}{head.path}?{'&'.join(parts)}", safe=_AS_SENT, encoding="latin-1").encode()
