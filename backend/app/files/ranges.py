"""Parts of a file (`Range`), and whether whoever asks has it already (RFC 9110)."""

import re

from app.adapters.storage import Span

_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*\Z", re.ASCII)


class Unsatisfiable(ValueError):
    """No byte of the file is in the range."""


def span_of(header: str, size: int) -> Span | None:
    """The one range that is asked for; None: the whole, also where the header cannot be read or names several."""
    match = _RANGE.match(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        wanted = min(int(match[2]), size)
        if wanted == 0:
            raise Unsatisfiable
        return Span(size - wanted, size)
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(int(match[2]) + 1, size) if match[2] else size)


def has_it(if_none_match: str, etag: str) -> bool:
    """Whether one of the tags in a header is that of the file; weak ones count."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
