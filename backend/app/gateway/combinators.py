"""Parsers: rules that have become values, and what is made of several of them, nested as deeply as wanted.

A grammar is written once and read in two ways, both with Parsec's meaning (see `regular.py`):

- *fast*, at every request: a rule is one regular expression, and nothing is remembered of what failed;
- *explaining*, only after the fast one has failed: it takes the same decisions, and remembers why a step failed or
  stopped. Reasons are functions, called for the one mismatch that is told, since most are forgotten at the next step.

The grammar itself is not here: see `grammar.py`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from app.gateway.explanations import Mismatch, explained, merged
from app.gateway.regular import Rule

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")

Why = Callable[[], Mismatch | None]
#: The value and where it ended; None: failed; False: failed having consumed something, so that a choice ends there.
Fast = Callable[[str, int, int], tuple[T, int] | Literal[False] | None]


@dataclass(frozen=True, slots=True)
class Success(Generic[T]):
    """What the explaining reading found, and why it did not go on."""

    value: T
    end: int
    consumed: bool
    why: Why


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the explaining reading failed."""

    consumed: bool
    why: Why


@dataclass(frozen=True, slots=True)
class Parser(Generic[T]):
    """Both readings. Their arguments are the text, the position, and how deeply they are nested."""

    fast: Fast[T]
    explain: Callable[[str, int, int], Success[T] | Failure]


class Unparsable(Exception):
    """The text is not of the grammar: where (from 0), why, and whether it began as one."""

    def __init__(self, position: int, details: str, *, consumed: bool) -> None:
        super().__init__(position, details)
        self.position = position
        self.details = details
        self.consumed = consumed


def parse(parser: Parser[T], text: str) -> T:
    """The value at the start of the text. What follows it is not looked at."""
    found = parser.fast(text, 0, 0)
    return found[0] if found else explain(parser, text)


def explain(parser: Parser[T], text: str) -> T:
    """Read the text again, to say what is wrong with it."""
    outcome = parser.explain(text, 0, 0)
    if isinstance(outcome, Success):
        return outcome.value
    mismatch = outcome.why() or Mismatch(0)
    raise Unparsable(mismatch.position, explained(mismatch), consumed=outcome.consumed)


def token(rule: Rule, value: Callable[[re.Match[str]], T]) -> Parser[T]:
    """A rule, and the value that is made of its match."""
    match = re.compile(rule.pattern).match
    trapped = re.compile(rule.trap).match if rule.trap else None

    def fast(text: str, position: int, depth: int) -> tuple[T, int] | Literal[False] | None:
        found = match(text, position)
        if found:
            return value(found), found.end()
        return False if trapped and trapped(text, position) else None

    def explain(text: str, position: int, depth: int) -> Success[T] | Failure:
        def why() -> Mismatch | None:
            return rule.explain(text, position).mismatch

        result = fast(text, position, depth)
        if result:
            return Success(result[0], result[1], consumed=result[1] > position, why=why)
        return Failure(result is False, why)

    return Parser(fast, explain)


def one_of(*parsers: Parser[T]) -> Parser[T]:
    """The first that succeeds, unless one before it fails having consumed something."""
    options = tuple(parser.fast for parser in parsers)

    def fast(text: str, position: int, depth: int) -> tuple[T, int] | Literal[False] | None:
        for option in options:
            found = option(text, position, depth)
            if found is not None:
                return found
        return None

    def explain(text: str, position: int, depth: int) -> Success[T] | Failure:
        why = _no_reason
        for parser in parsers:
            outcome = parser.explain(text, position, depth)
            if outcome.consumed:
                return outcome
            why = _both(why, outcome.why)
            if isinstance(outcome, Success):
                return Success(outcome.value, outcome.end, consumed=False, why=why)
        return Failure(consumed=False, why=why)

    return Parser(fast, explain)


def attempted(parser: Parser[T]) -> Parser[T]:
    """The parser, as if it had consumed nothing when it fails."""
    read = parser.fast

    def fast(text: str, position: int, depth: int) -> tuple[T, int] | None:
        return read(text, position, depth) or None

    def explain(text: str, position: int, depth: int) -> Success[T] | Failure:
        outcome = parser.explain(text, position, depth)
        return outcome if isinstance(outcome, Success) else Failure(consumed=False, why=outcome.why)

    return Parser(fast, explain)


def both(first: Parser[A], second: Parser[B], joined: Callable[[A, B], T]) -> Parser[T]:
    """One after the other."""
    read_first, read_second = first.fast, second.fast

    def fast(text: str, position: int, depth: int) -> tuple[T, int] | Literal[False] | None:
        left = read_first(text, position, depth)
        if not left:
            return left
        right = read_second(text, left[1], depth)
        if not right:
            return False if left[1] > position else right
        return joined(left[0], right[0]), right[1]

    def explain(text: str, position: int, depth: int) -> Success[T] | Failure:
        left = first.explain(text, position, depth)
        if isinstance(left, Failure):
            return left
        right = second.explain(text, left.end, depth)
        consumed, why = left.consumed or right.consumed, _next(left.why, right)
        if isinstance(right, Failure):
            return Failure(consumed, why)
        return Success(joined(left.value, right.value), right.end, consumed, why)

    return Parser(fast, explain)


def between(opening: Parser[A], parser: Parser[T], closing: Parser[B]) -> Parser[T]:
    """The parser, with something around it that is of no value."""
    return both(opening, both(parser, closing, lambda value, _: value), lambda _, value: value)


def only_if(parser: Parser[T], holds: Callable[[T], bool]) -> Parser[T]:
    """The parser, which consumes something, failing if its value will not do."""
    read = parser.fast

    def fast(text: str, position: int, depth: int) -> tuple[T, int] | Literal[False] | None:
        found = read(text, position, depth)
        return found if not found or holds(found[0]) else False

    def explain(text: str, position: int, depth: int) -> Success[T] | Failure:
        outcome = parser.explain(text, position, depth)
        if isinstance(outcome, Failure) or holds(outcome.value):
            return outcome
        return Failure(consumed=True, why=outcome.why)

    return Parser(fast, explain)


def nested(parser: Callable[[], Parser[T]], *, limit: int, refusal: Callable[[], Exception]) -> Parser[T]:
    """A parser that is defined later and may contain this one, at most `limit` times inside itself."""

    def deeper(depth: int) -> int:
        if depth >= limit:
            raise refusal()
        return depth + 1

    return Parser(
        lambda text, position, depth: parser().fast(text, position, deeper(depth)),
        lambda text, position, depth: parser().explain(text, position, deeper(depth)),
    )


def list_of(item: Parser[T], separator: Parser[None], *, at_least_one: bool = True) -> Parser[tuple[T, ...]]:
    """Items with separators between, which consume something."""
    read, skip = item.fast, separator.fast

    def fast(text: str, position: int, depth: int) -> tuple[tuple[T, ...], int] | Literal[False] | None:
        found = read(text, position, depth)
        if not found:
            return ((), position) if found is None and not at_least_one else found
        items = [found[0]]
        while passed := skip(text, found[1], depth):
            found = read(text, passed[1], depth)
            if not found:
                return False
            items.append(found[0])
        return False if passed is False else (tuple(items), found[1])

    further = both(separator, item, lambda _, value: value)

    def explain(text: str, position: int, depth: int) -> Success[tuple[T, ...]] | Failure:
        outcome = item.explain(text, position, depth)
        if isinstance(outcome, Failure):
            if outcome.consumed or at_least_one:
                return outcome
            return Success((), position, consumed=False, why=outcome.why)
        # What an item stopped at is told only of the first, and only if no other follows.
        items, end, why, consumed = [outcome.value], outcome.end, outcome.why, outcome.consumed
        while isinstance(outcome := further.explain(text, end, depth), Success):
            items.append(outcome.value)
            end, why, consumed = outcome.end, _no_reason, True
        if outcome.consumed:
            return outcome
        return Success(tuple(items), end, consumed, _both(why, outcome.why))

    return Parser(fast, explain)


def _no_reason() -> None:
    return None


def _both(first: Why, second: Why) -> Why:
    return second if first is _no_reason else lambda: merged(first(), second())


def _next(before: Why, outcome: Success[T] | Failure) -> Why:
    """Why a sequence stopped: the step before counts too if the last one consumed nothing."""
    return outcome.why if outcome.consumed else _both(before, outcome.why)
