"""PostgreSQL's notation for arrays: `{a,"b c",NULL}`."""

import re
from collections.abc import Iterable, Sequence

from app.errors import AppError

_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^",{}]*))\s*([,}])', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def array_literal(elements: Sequence[str]) -> str:
    """A list as text. A single empty element stands for none at all."""
    if not elements or elements == ("",):
        return "{}"
    return "{" + quoted_list(elements) + "}"


def quoted_list(elements: Iterable[str]) -> str:
    """What stands between the brackets, each element in quotes."""
    return ",".join('"' + element.replace("\\", "\\\\").replace('"', '\\"') + '"' for element in elements)


def array_elements(text: str) -> list[str | None]:
    """The elements of a list of one dimension."""
    inner = text.strip()
    if inner == "{}":
        return []
    found: list[str | None] = []
    position, end = 1, ","
    while inner.startswith("{") and end == ",":
        element = _ELEMENT.match(inner, position)
        if element is None:
            break
        quoted, bare, end = element.groups()
        found.append(_ESCAPED.sub(r"\1", quoted) if quoted is not None else _bare(bare.strip()))
        position = element.end()
    if end != "}" or position != len(inner):
        raise AppError("22P02", 400, f'malformed array literal: "{text}"')
    return found


def _bare(text: str) -> str | None:
    return None if text.upper() == "NULL" else text
