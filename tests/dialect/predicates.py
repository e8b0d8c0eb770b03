"""What can be said of a difference: the pieces that the kinds of `differences.py` are made of."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from .comparing import Difference, Pairs, error_of, parsed

ROOT_ORDER = re.compile(r"(^|&)order=")
Test = Callable[[Difference], bool]


def answers(*patterns: str) -> Test:
    """Another answer: `status code > status code` of the reference and of ours, as regular expressions."""
    compiled = [re.compile(pattern) for pattern in patterns]

    def describes(difference: Difference) -> bool:
        if difference.aspect != "answer":
            return False
        exchange = difference.exchange
        reference, ours = exchange.reference, exchange.ours
        found = f"{reference.status} {_code(reference)} > {ours.status} {_code(ours)}"
        return any(pattern.fullmatch(found) for pattern in compiled)

    return describes


def words(code: str, *keys: str) -> Test:
    """The same error in other words: these of its keys."""
    return every(
        aspect(*(f"error.{key}" for key in keys)), lambda difference: bool(re.fullmatch(code, our_code(difference)))
    )


def aspect(*names: str) -> Test:
    """It is in one of these aspects."""
    return lambda difference: difference.aspect in names


def target(pattern: str) -> Test:
    """The path or the query of the request holds this, as it is sent or as it is read."""

    def holds(difference: Difference) -> bool:
        sent = difference.exchange.request.target
        return any(re.search(pattern, text) for text in (sent, unquote(sent)))

    return holds


def method(*names: str) -> Test:
    """The request has one of these methods."""
    return lambda difference: difference.exchange.request.method in names


def category(*names: str) -> Test:
    """The request is of one of these categories."""
    return lambda difference: difference.exchange.request.category in names


def header(name: str, pattern: str) -> Test:
    """A header of the request holds this."""
    return lambda difference: re.search(pattern, difference.exchange.request.header(name) or "") is not None


def body(pattern: bytes) -> Test:
    """The body of the request holds this."""
    return lambda difference: re.search(pattern, difference.exchange.request.body or b"") is not None


def their_text(pattern: str) -> Test:
    """The reference's side of the difference holds this."""
    return lambda difference: re.search(pattern, difference.reference) is not None


def our_text(pattern: str) -> Test:
    """Our side of the difference holds this."""
    return lambda difference: re.search(pattern, difference.ours) is not None


def every(*tests: Test) -> Test:
    """All of these hold."""
    return lambda difference: all(test(difference) for test in tests)


def some(*tests: Test) -> Test:
    """One of these holds."""
    return lambda difference: any(test(difference) for test in tests)


def our_type(pattern: str) -> Test:
    """The content type of our answer begins so."""
    return lambda difference: re.match(pattern, difference.exchange.ours.header("content-type") or "") is not None


def our_code(difference: Difference) -> str:
    """The code of our error."""
    return str(error_of(difference.exchange.ours).get("code", ""))


def same_message(difference: Difference) -> bool:
    """Both sides' errors say the same."""
    exchange = difference.exchange
    return error_of(exchange.reference).get("message") == error_of(exchange.ours).get("message")


def same_but_repeated_keys(difference: Difference) -> bool:
    """The bodies are the same if the last of repeated keys counts, and the order only where one was asked for."""
    if difference.aspect != "body":
        return False
    exchange = difference.exchange
    ordered = (ROOT_ORDER.search(exchange.request.query) is not None, ".order=" in exchange.request.query)
    left, right = (_read(parsed(answer.body)[1], *ordered) for answer in (exchange.reference, exchange.ours))
    return left == right


def embeds_in(difference: Difference) -> int:
    """How many embeds the request names."""
    return len(re.findall(r"\(|%28", difference.exchange.request.query))


def same_sentence(difference: Difference) -> bool:
    """The same message about another value, or another type."""
    shapes = [re.sub(r"\"[^\"]*\"|: .*|type [a-z ]+", "~", text) for text in (difference.reference, difference.ours)]
    return shapes[0] == shapes[1]


def _read(value: Any, ordered: bool, ordered_inside: bool) -> Any:
    if isinstance(value, Pairs):
        last = {key: _read(item, ordered_inside, ordered_inside) for key, item in value}
        return {key: last[key] for key in sorted(last)}
    if isinstance(value, list):
        items = [_read(item, ordered_inside, ordered_inside) for item in value]
        return items if ordered else sorted(items, key=repr)
    return value


def _code(answer: Any) -> str:
    return str(error_of(answer).get("code", "-"))
