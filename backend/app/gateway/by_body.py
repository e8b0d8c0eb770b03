"""Reads whose query is the body of a POST to `/{table}/query` or `/rpc/{function}/query`: the grammar and the answer of
a GET, without what addresses bear at the most. Once its body has been taken, such a request is a GET in all respects.
"""

from dataclasses import replace
from urllib.parse import quote_from_bytes, unquote

from app.errors import ErrorSpec, refuse
from app.gateway.body import FORM, content_type_of
from app.gateway.parse import Head
from app.gateway.remembered import remembered
from app.middleware.limits import too_large

QUERY_TWICE = ErrorSpec("RELAIS_QUERY_TWICE", 400, "The query is in the body and in the address")
QUERY_TYPE = ErrorSpec("RELAIS_QUERY_TYPE", 415, "A query is sent as a form or as plain text")
SUFFIX = "/query"
_TYPES = frozenset({FORM, "text/plain"})
#: Nobody who encodes a query encodes line ends after it.
_LINE_ENDS = b"\r\n"
_ASCII = bytes(range(0x80))


def as_read(head: Head) -> Head:
    """The head of the read that a POST stands for; the same head if it stands for none."""
    path = _path_of_read(head.path)
    return replace(head, method="GET", path=path, by_body=True) if path else head


@remembered(1024)
def _path_of_read(path: str) -> str:
    """What is read; nothing where the last word of a path is a name."""
    target = path.removesuffix(SUFFIX)
    match [unquote(segment, errors="replace") for segment in target.removeprefix("/").split("/")]:
        case ["rpc", name] if name:
            return target
        case [name] if name not in ("", "rpc"):
            return target
        case _:
            return ""


def with_query(head: Head, body: bytes, most_bytes: int) -> Head:
    """The head with the query of its body."""
    if head.query_string:
        raise refuse(QUERY_TWICE)
    if len(body) > most_bytes:
        raise too_large(most_bytes)
    sent_as = content_type_of(head.headers.get(b"content-type", b"").decode("latin-1"))
    if sent_as not in _TYPES:
        raise refuse(QUERY_TYPE, f"Content-Type: {sent_as}")
    # Text need not be encoded as addresses are.
    query = quote_from_bytes(bytes(body).rstrip(_LINE_ENDS), safe=_ASCII)
    return replace(head, query_string=query)
