"""JSON as tokens hold it: read strictly, and written so that PostgreSQL's `jsonb` takes whatever was read.

What a claim means is told in `claims.py`; this file only knows values.
"""

import json
import math
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
#: Arrays and objects within each other. Beyond it Python's own limit would depend on how deep the call already is.
MAX_DEPTH = 64


def read_json(data: bytes) -> Json:
    """The value, or `ValueError`. Of repeated names the last counts, as in PostgreSQL.

    Refused besides what is no JSON: infinities, NaN, integers of thousands of digits, NUL and lone surrogates in
    strings, and what is nested too deeply.
    """
    try:
        value: Json = json.loads(data.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check(value, 0)
    return value


def json_text(value: Json) -> str:
    """The compact text of a value, the keys of its objects sorted, as the reference has them."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _check(value: Json, depth: int) -> None:
    if isinstance(value, str):
        _check_string(value)
    elif isinstance(value, float):
        if not math.isfinite(value):  # Python reads NaN and Infinity, and 1e400 as the latter
            raise ValueError("a number is not finite")
    elif isinstance(value, list | dict):
        if depth == MAX_DEPTH:
            raise ValueError("nested too deeply")
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth + 1)
        if isinstance(value, dict):
            _check_string("".join(value))


def _check_string(text: str) -> None:
    if "\0" in text:
        raise ValueError("a string holds NUL")
    text.encode()  # UnicodeEncodeError, which is a ValueError: a lone surrogate
