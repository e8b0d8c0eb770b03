"""Filters, logic trees and JSON paths, by the type of the column."""

import re
from random import Random

from .messages import Pairs
from .picture import Column, Table
from .values import text_for

SIMPLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")
RESERVED = frozenset({"select", "order", "limit", "offset", "and", "or", "columns", "on_conflict", "not"})
COMPARE = ("eq", "neq", "gt", "gte", "lt", "lte")
OPERATORS: dict[str, tuple[str, ...]] = {
    "number": (*COMPARE, "in", "is", "isdistinct", "any"),
    "text": (*COMPARE, "in", "is", "isdistinct", "like", "ilike", "match", "imatch", "any", "fts"),
    "boolean": ("eq", "neq", "is", "is", "in", "isdistinct"),
    "time": (*COMPARE, "in", "is", "any"),
    "json": ("is", "is", "is", "eq"),
    "jsonb": ("eq", "neq", "cs", "cd", "is", "cs"),
    "array": ("eq", "neq", "cs", "cd", "ov", "is", "cs"),
    "range": ("eq", "neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "is", "gt"),
    "enum": (*COMPARE, "in", "is", "any"),
    "composite": ("eq", "neq", "is"),
    "vector": ("fts", "is", "fts"),
    "other": ("eq", "neq", "is", "in"),
}
FTS = ("fts", "plfts", "phfts", "wfts")
WORDS = (
    "cat",
    "cats",
    "dog|cat",
    "fat & rat",
    "fat rat",
    "impossible",
    "!cat",
    "the",
    '"fat cat" -dog',
    "chats",
    "cat:*",
    "",
)
PATTERNS = ("*e*", "%a%", "A*", "*", "the*", "_n%", "(x)", "a\\%", "^A", "[aeiou]$", ".*", "Bo|Ann", "*(")


def spelt(name: str) -> str:
    """The name as a client must write it."""
    if SIMPLE_NAME.match(name) and name not in RESERVED:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def conditions(table: Table, rng: Random, *, most: int) -> Pairs:
    """Some filters on columns of a table, as pairs of the query string."""
    pairs: Pairs = []
    for _ in range(rng.randint(1, most)):
        if not table.columns:
            break
        column = rng.choice(table.columns)
        path = json_path(column, rng) if column.kind in ("json", "jsonb") and rng.random() < 0.4 else ""
        pairs.append((spelt(column.name) + path, operation(column, rng)))
    return pairs


def operation(column: Column, rng: Random, *, nested: bool = False) -> str:
    """An operator with its value; `nested` for the inside of a tree, where values may need quotes."""
    operator = rng.choice(OPERATORS[column.kind])
    negated = "not." if rng.random() < 0.18 else ""
    match operator:
        case "in":
            elements = ",".join(
                _element(text_for(column, rng), rng) for _ in range(rng.randint(0 if rng.random() < 0.1 else 1, 4))
            )
            return f"{negated}in.({elements})"
        case "is":
            choices = (
                ("null", "null", "null", "NULL", "true", "false", "unknown")
                if column.kind == "boolean"
                else ("null", "null", "null", "Null")
            )
            return f"{negated}is.{rng.choice(choices)}"
        case "fts":
            language = rng.choice(("", "", "(english)", "(french)", "(simple)"))
            return f"{negated}{rng.choice(FTS)}{language}.{_value(rng.choice(WORDS), rng, nested=nested)}"
        case "like" | "ilike" | "match" | "imatch":
            if rng.random() < 0.25:
                patterns = ",".join(rng.choice(PATTERNS[:6]) for _ in range(2))
                return f"{negated}{operator}({rng.choice(('any', 'all'))}).{{{patterns}}}"
            return f"{negated}{operator}.{_value(rng.choice(PATTERNS), rng, nested=nested)}"
        case "any":
            elements = ",".join(_array_element(text_for(column, rng)) for _ in range(rng.randint(1, 3)))
            return (
                f"{negated}{rng.choice(('eq', 'gt', 'gte', 'lt', 'lte'))}({rng.choice(('any', 'all'))}).{{{elements}}}"
            )
        case _:
            return f"{negated}{operator}.{_value(text_for(column, rng), rng, nested=nested)}"


def tree(table: Table, rng: Random) -> tuple[str, str]:
    """A logic tree, as a pair of the query string."""
    return rng.choice(("or", "and", "or", "not.or", "not.and")), _nodes(table, rng, depth=2)


def json_path(column: Column, rng: Random) -> str:
    """Arrows that may lead somewhere."""
    if column.kind == "array":
        return rng.choice(("->0", "->>0", "->1", "->-1", "->0->street", "->>5"))
    if column.kind == "composite":
        return rng.choice(("->city", "->>city", "->>zip", "->home->>city", "->moods->0", "->nothing"))
    return rng.choice(JSON_PATHS)


JSON_PATHS = (
    "->a",
    "->>a",
    "->a->b",
    "->a->b->0",
    "->a->b->2->>c",
    "->>n",
    "->n",
    "->>s",
    "->0",
    "->>0",
    "->-1",
    "->theme",
    "->>theme",
    "->tags->>0",
    "->nested->deep->1->>k",
    '->"with space"',
    "->with space",
    "->da-sh",
    '->>"d.ot"',
    '->"0"',
    "->b->c->>1",
    "->>flag",
    "->size",
)


def _nodes(table: Table, rng: Random, *, depth: int) -> str:
    nodes: list[str] = []
    for _ in range(rng.randint(1, 3)):
        if depth > 0 and rng.random() < 0.25:
            nodes.append(f"{rng.choice(('and', 'or', 'not.and', 'not.or'))}{_nodes(table, rng, depth=depth - 1)}")
        elif table.columns:
            column = rng.choice(table.columns)
            nodes.append(f"{spelt(column.name)}.{operation(column, rng, nested=True)}")
        else:
            nodes.append("x.is.null")
    separator = rng.choice((",", ",", ", "))
    return f"({separator.join(nodes)})"


def _value(text: str, rng: Random, *, nested: bool) -> str:
    if not nested:
        return text
    if text and not re.search(r"[,()\"\\]", text) and rng.random() < 0.8:
        return text
    if text.startswith("{") and text.endswith("}") and "{" not in text[1:] and rng.random() < 0.8:
        return text
    return _escaped(text)


def _element(text: str, rng: Random) -> str:
    if text and not re.search(r"[,()\"\\]", text) and rng.random() < 0.7:
        return text
    return _escaped(text)


def _array_element(text: str) -> str:
    return text if re.match(r"[\w.:+-]+\Z", text) else _escaped(text)


def _escaped(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
