"""What tells the bytes of one answer from those of another: a strong tag, as RFC 9110 has them."""

import hashlib
from functools import lru_cache

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
