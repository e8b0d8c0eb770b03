"""Whether an answer has the shape that the contract gives it.

    {"id": "uuid", "tags": ["string"], "bio": "string|null", "votes?": "int", "owner": {"$nullable": {…}}}

Keys that end in `?` may be missing, `<key>` stands for any, and answers may have keys that no shape names.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_CALLED = re.compile(r"(enum|const|recursive|int|string)\((.*)\)\Z", re.DOTALL)


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


LEAVES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "uuid": _is_uuid,
    "string": lambda value: isinstance(value, str),
    "url": lambda value: isinstance(value, str),
    "cron": lambda value: isinstance(value, str),
    "int": _is_int,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "datetime": lambda value: isinstance(value, str) and MOMENT.match(value) is not None,
    "date": lambda value: isinstance(value, str) and _DAY.match(value) is not None,
    "object": lambda value: isinstance(value, dict),
    "json": lambda _value: True,
    "null": lambda value: value is None,
}


def problems(value: Any, shape: Any, at: str = "answer") -> list[str]:
    """What of an answer is not as it should be."""
    return list(_problems(value, shape, at))


def _problems(value: Any, shape: Any, at: str) -> Iterator[str]:
    if isinstance(shape, str):
        if not _fits(value, shape):
            yield f"{at}: {shape} expected, not {str(value)[:80]!r}"
    elif isinstance(shape, list):
        yield from _list_problems(value, shape, at)
    elif "$nullable" in shape:
        if value is not None:
            yield from _problems(value, shape["$nullable"], at)
    else:
        yield from _object_problems(value, shape, at)


def _list_problems(value: Any, shape: list[Any], at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at}: a list expected, not {str(value)[:80]!r}"
        return
    for number, item in enumerate(value):
        yield from _problems(item, shape[0], f"{at}[{number}]")


def _object_problems(value: Any, shape: Mapping[str, Any], at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: an object expected, not {str(value)[:80]!r}"
        return
    for key, inner in shape.items():
        name = key.removesuffix("?")
        if key.startswith("<"):
            for told, item in value.items():
                yield from _problems(item, inner, f"{at}.{told}")
        elif name in value:
            yield from _problems(value[name], inner, f"{at}.{name}")
        elif not key.endswith("?"):
            yield f"{at}.{name}: missing"


def _fits(value: Any, leaf: str) -> bool:
    called = _CALLED.match(leaf)
    if called is None or leaf.endswith("|null"):
        if leaf.endswith("|null"):
            return value is None or _fits(value, leaf.removesuffix("|null"))
        return LEAVES[leaf](value)
    kind, inside = called.groups()
    if kind == "enum":
        return value in inside.split("|")
    if kind == "const":
        return value == {"true": True, "false": False}.get(inside, inside)
    if kind == "recursive":
        return isinstance(value, dict)
    if inside.startswith("/"):
        # A path with places in it.
        parts = map(re.escape, re.split(r"\{\w+\}", inside))
        return isinstance(value, str) and re.fullmatch("[^/]+".join(parts), value) is not None
    bounds = re.fullmatch(r"(\d+)\.\.(\d+)", inside)
    if bounds is not None and _is_int(value):
        return int(bounds[1]) <= value <= int(bounds[2])
    return LEAVES[kind](value)
