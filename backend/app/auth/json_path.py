"""What a JSONPath (RFC 9535) is made of, as functions: selectors, segments, comparisons and the functions of filters.

Each takes the value it stands at (`@`) and the root (`$`). Paths are read in `json_path_grammar.py`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Literal, TypeAlias, assert_never

from app.auth.json_values import Json


class Absent(Enum):
    """What a query that finds nothing has as its value; JSON's null is a value."""

    NOTHING = "nothing"


Comparison: TypeAlias = Literal["==", "!=", "<=", ">=", "<", ">"]
Value: TypeAlias = "Json | Absent"
#: What a selector picks from a value, a segment from one value, and a query from the whole.
Nodes: TypeAlias = Callable[[Json, Json], Iterator[Json]]
ValueOf: TypeAlias = Callable[[Json, Json], Value]
Test: TypeAlias = Callable[[Json, Json], bool]

NOTHING = Absent.NOTHING


def member(name: str) -> Nodes:
    """`.name`, `['name']`."""

    def select(value: Json, root: Json) -> Iterator[Json]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return select


def element(index: int) -> Nodes:
    """`[0]`, `[-1]`."""

    def select(value: Json, root: Json) -> Iterator[Json]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return select


def elements(start: int | None, end: int | None, step: int | None) -> Nodes:
    """`[1:5:2]`: Python's own slices, but a step of 0 selects nothing."""

    def select(value: Json, root: Json) -> Iterator[Json]:
        if isinstance(value, list) and step != 0:
            yield from value[start:end:step]

    return select


def everything(value: Json, root: Json) -> Iterator[Json]:
    """`*`."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def those(test: Test) -> Nodes:
    """`[?…]`."""

    def select(value: Json, root: Json) -> Iterator[Json]:
        return (item for item in everything(value, root) if test(item, root))

    return select


def child(selectors: Sequence[Nodes]) -> Nodes:
    """`[a, b]`: what each selector picks, one after the other."""

    def select(value: Json, root: Json) -> Iterator[Json]:
        for selector in selectors:
            yield from selector(value, root)

    return select


def descendant(selectors: Sequence[Nodes]) -> Nodes:
    """`..[a, b]`: the same of the value and of all that is in it, outer before inner."""
    pick = child(selectors)

    def select(value: Json, root: Json) -> Iterator[Json]:
        pending = [value]  # a stack of our own: nested generators would count against Python's
        while pending:
            item = pending.pop()
            yield from pick(item, root)
            pending += reversed(list(everything(item, root)))

    return select


def query(segments: Sequence[Nodes], *, absolute: bool) -> Nodes:
    """`$…` if absolute, else `@…`."""

    def walk(depth: int, value: Json, root: Json) -> Iterator[Json]:
        if depth == len(segments):
            yield value
            return
        for item in segments[depth](value, root):
            yield from walk(depth + 1, item, root)

    return lambda value, root: walk(0, root if absolute else value, root)


def constant(value: Value) -> ValueOf:
    """A literal."""
    return lambda _value, _root: value


def first_of(nodes: Nodes) -> ValueOf:
    """The value of a query that finds one value at the most."""
    return lambda value, root: next(nodes(value, root), NOTHING)


def exists(nodes: Nodes) -> Test:
    """Whether a query finds anything, be it null or false."""
    return lambda value, root: next(nodes(value, root), NOTHING) is not NOTHING


def negation(test: Test) -> Test:
    """`!`."""
    return lambda value, root: not test(value, root)


def disjunction(tests: Sequence[Test]) -> Test:
    """`||`."""
    return lambda value, root: any(test(value, root) for test in tests)


def conjunction(tests: Sequence[Test]) -> Test:
    """`&&`."""
    return lambda value, root: all(test(value, root) for test in tests)


def comparison(left: ValueOf, operator: Comparison, right: ValueOf) -> Test:
    """`left operator right`."""
    return lambda value, root: compare(left(value, root), operator, right(value, root))


def compare(left: Value, operator: Comparison, right: Value) -> bool:
    """Equality of any values; order only between two numbers or two strings."""
    match operator:
        case "==":
            return _equal(left, right)
        case "!=":
            return not _equal(left, right)
        case "<":
            return _less(left, right)
        case ">":
            return _less(right, left)
        case "<=":
            return _less(left, right) or _equal(left, right)
        case ">=":
            return _less(right, left) or _equal(left, right)
        case _:
            assert_never(operator)


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right  # to Python, True is 1
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(item, right[name]) for name, item in left.items())
    return left == right


def _less(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    return isinstance(left, int | float) and isinstance(right, int | float) and left < right


def length(of: ValueOf) -> ValueOf:
    """`length()` of a string, an array or an object."""

    def value_of(value: Json, root: Json) -> Value:
        found = of(value, root)
        return len(found) if isinstance(found, str | list | dict) else NOTHING

    return value_of


def count(nodes: Nodes) -> ValueOf:
    """`count()` of what a query finds."""
    return lambda value, root: sum(1 for _ in nodes(value, root))


def only(nodes: Nodes) -> ValueOf:
    """`value()`: what a query finds, if it is one value."""

    def value_of(value: Json, root: Json) -> Value:
        found = list(nodes(value, root))
        return found[0] if len(found) == 1 else NOTHING

    return value_of


def matches(text: ValueOf, pattern: ValueOf, *, whole: bool) -> Test:
    """`match()` if whole, else `search()`. A pattern that is no regular expression matches nothing."""

    def test(value: Json, root: Json) -> bool:
        subject, expression = text(value, root), pattern(value, root)
        if not isinstance(subject, str) or not isinstance(expression, str):
            return False
        try:
            compiled = re.compile(expression)  # Python keeps those it has compiled
        except (re.error, OverflowError, RecursionError):
            return False
        return (compiled.fullmatch if whole else compiled.search)(subject) is not None

    return test
