"""Large arrays of objects, read a block at a time: all of one as Python objects would take many times its size."""

import re
from collections.abc import Iterator

import orjson

#: Bodies beyond this are read in blocks, off the loop that serves other requests.
LARGE_BYTES = 1024 * 1024
_BLOCK_BYTES = 256 * 1024
_MOST_TRIES = 8
_BETWEEN_OBJECTS = re.compile(rb"\}\s*,\s*(?=\{)")
_OPENING = re.compile(rb"\s*\[")


class Unsplittable(ValueError):
    """No end of an object was found where one was looked for."""


def rows_in_blocks(body: bytes | bytearray) -> Iterator[list[object]]:
    """The elements of a JSON array, in order.

    A block that parses by itself ends where an element ends: what is cut inside a string or a nested array does not.
    """
    opening = _OPENING.match(body)
    if opening is None:
        raise Unsplittable
    position = opening.end()
    while len(body) - position > _BLOCK_BYTES:
        rows, position = _block(body, position)
        yield rows
    # The array's own end is in the last block.
    yield orjson.loads(b"[" + body[position:])


def _block(body: bytes | bytearray, position: int) -> tuple[list[object], int]:
    searched = position + _BLOCK_BYTES
    for _ in range(_MOST_TRIES):
        boundary = _BETWEEN_OBJECTS.search(body, searched)
        if boundary is None:
            break
        try:
            return orjson.loads(b"[" + body[position : boundary.start() + 1] + b"]"), boundary.end()
        except orjson.JSONDecodeError:
            searched = boundary.end()
    raise Unsplittable
