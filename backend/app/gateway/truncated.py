"""What an answer says that `db-max-rows` clipped: that there may be more, and where."""

from urllib.parse import quote, urlsplit

from app.gateway.parse import PREFIX, Head
from app.gateway.prepare import Prepared
from app.gateway.query_string import without_window
from app.gateway.respond import Headers
from app.gateway.types import ApiRequest, ResultSet

TRUNCATED = b"relais-truncated"
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
