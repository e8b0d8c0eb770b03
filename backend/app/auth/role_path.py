"""Where in a token's claims the role is: a JSONPath, or the older syntax that PostgREST still takes."""

import re
from collections.abc import Callable, Iterator

from app.auth import json_path
from app.auth.json_path import Nodes
from app.auth.json_path_grammar import UnusablePath, read_json_path
from app.auth.json_values import Json, json_text

_STEP = re.compile(r'\.(?:"(?P<quoted>[^"]*)"|(?P<name>[\w$@]+))|\[(?P<index>[0-9]{1,9})\]')
_FILTER = re.compile(r'\[\?\(@\s*(?P<operator>\^==|==\^|\*==|==|!=)\s*"(?P<text>[^"]*)"\s*\)\]')
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "==": str.__eq__,
    "!=": str.__ne__,
    "^==": str.startswith,
    "==^": str.endswith,
    "*==": str.__contains__,
}


class RolePath:
    """A path, read once. `UnusablePath` says why it cannot be."""

    def __init__(self, text: str = "$.role") -> None:
        self._nodes = read_json_path(text) if text.startswith("$") else _read_older(text)

    def first(self, claims: Json) -> str | None:
        """The first match as a role: a string as it is, anything else as its JSON text; None without a match."""
        for found in self._nodes(claims, claims):
            return found if isinstance(found, str) else json_text(found)
        return None


def _read_older(text: str) -> Nodes:
    """`.a."b-c"[0][?(@ == "x")]`: names and indexes, then perhaps one filter."""
    steps: list[Nodes] = []
    at = 0
    while step := _STEP.match(text, at):
        name = step["name"] if step["quoted"] is None else step["quoted"]
        steps.append(json_path.element(int(step["index"])) if name is None else json_path.member(name))
        at = step.end()
    if found := _FILTER.match(text, at):
        steps.append(_strings_where(_OPERATORS[found["operator"]], found["text"]))
        at = found.end()
    if at < len(text) or not steps:
        raise UnusablePath(
            f"The path of the role, {text}, cannot be read from character {at + 1} on; write a JSON path like $.role."
        )
    return json_path.query(steps, absolute=True)


def _strings_where(operator: Callable[[str, str], bool], text: str) -> Nodes:
    """The strings of an array that a comparison holds for; unlike a filter of RFC 9535, of nothing else."""

    def select(value: Json, root: Json) -> Iterator[Json]:
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, str) and operator(item, text))

    return select
