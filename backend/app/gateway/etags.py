"""What tells the bytes of one answer from those of another: a strong tag, as RFC 9110 has them."""

import hashlib
from functools import lru_cache

from app.gateway.parse import READS, Head
from app.gateway.respond import Answer
from app.middleware.conditional import KEPT, VARY, is_held, not_modified

#: `true` asks for the tag of a read.
ASKED = b"relais-etag"
_TAGGED = frozenset({200, 206})
_TOLD = frozenset({b"etag", b"cache-control", b"content-type"})
_BYTES_OF_BODY, _BYTES_OF_TYPE = 16, 4


def etag_of(body: bytes, content_type: bytes) -> bytes:
    """The tag of a representation, in its quotes: equal bytes of an equal type have an equal one."""
    return tagged(digest_of(body), content_type)


def digest_of(body: bytes) -> bytes:
    """The part of a tag that speaks of the bytes; it can be kept where the type is not known."""
    return hashlib.blake2b(body, digest_size=_BYTES_OF_BODY).hexdigest().encode()


def tagged(digest: bytes, content_type: bytes) -> bytes:
    """The tag of bytes with this digest."""
    return b'"%b-%b"' % (digest, _digest_of_type(content_type))


@lru_cache(256)
def _digest_of_type(content_type: bytes) -> bytes:
    return hashlib.blake2b(content_type, digest_size=_BYTES_OF_TYPE).hexdigest().encode()


def wants_tag(head: Head) -> bool:
    """Whether a request asks for a tag, or has one."""
    headers = head.headers
    if b"if-none-match" in headers:
        return head.method in READS
    return ASKED in headers and head.method in READS and headers[ASKED].strip().lower() == b"true"


def with_tag(head: Head, answer: Answer, digest: bytes) -> Answer:
    """An answer that says its tag; 304 if the client has it. The digest is that of its body, if it is known already.

    Functions may give a tag of their own; of a HEAD nothing was made that could have one.
    """
    if answer.status not in _TAGGED:
        return answer
    headers = answer.headers
    told = {name: value for name, value in headers if name in _TOLD}
    tag = told.get(b"etag")
    if tag is None and head.method != "HEAD":
        tag = tagged(digest or digest_of(answer.body), told.get(b"content-type", b""))
        headers = [*headers, (b"etag", tag)]
    if tag is not None:
        headers = [*headers, *(() if b"cache-control" in told else (KEPT,)), VARY]
    if is_held(tag, head.headers.get(b"if-none-match", b"")):
        return Answer(304, not_modified(headers), b"")
    return Answer(answer.status, headers, answer.body)
