"""CSV bodies made into JSON, a row at a time: the names of the header come again in each of them."""

import csv
import io
from collections.abc import Iterator

import orjson

from app.errors import BODY_TOO_LARGE, refuse
from app.gateway.errors import BAD_BODY, say
from app.gateway.types import Payload

csv.field_size_limit(2**31 - 1)
#: The JSON of a body may grow to this, or to some times the body if that is more. A long name in the header and many
#: short lines would fill any memory.
_MOST_BYTES = 64 * 1024 * 1024
_MOST_TIMES = 8


def read_csv(body: bytes) -> Payload:
    """The rows as an array of objects; the word NULL stands for null."""
    try:
        text = body.decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(lines, None)
        rows = _rows(header or [], lines, most=max(_MOST_BYTES, _MOST_TIMES * len(body)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise say(BAD_BODY, str(error)) from None
    if header is None or b"\n" not in body:
        raise say(BAD_BODY, 'parse error (not enough input) at ""')
    if rows is None:
        raise say(BAD_BODY, "All lines must have same number of fields")
    has_rows = len(rows) > len(b"[]")
    return Payload(bytes(rows), tuple(sorted(set(header))) if has_rows else (), is_array=True, has_rows=has_rows)


def _rows(header: list[str], lines: Iterator[list[str]], *, most: int) -> bytearray | None:
    """The array; None if a line is too short. All lines are read: what is no CSV at all is told first."""
    made, complete = bytearray(b"["), True
    for line in lines:
        complete = complete and (not line or len(line) >= len(header))
        if not line or not complete:
            continue
        if len(made) > 1:
            made += b","
        pairs = zip(header, line, strict=False)
        made += orjson.dumps({name: None if value == "NULL" else value for name, value in pairs})
        if len(made) > most:
            raise refuse(BODY_TOO_LARGE, f"The rows would take more than {most} bytes")
    made += b"]"
    return made if complete else None
