"""Reads a JSONPath (RFC 9535) into the functions of `json_path.py`; what is ill-formed or ill-typed is refused.

A method a rule of the grammar. Characters, numbers and strings are read in `json_path_text.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from app.auth import json_path as path
from app.auth.json_path import Comparison, Nodes, Test, ValueOf
from app.auth.json_path_text import COMPARISON, FUNCTION, NAME, NUMBER, PathText, UnusablePath

_KEYWORDS = {"true": True, "false": False, "null": None}


def read_json_path(text: str) -> Nodes:
    """The query that a path stands for."""
    try:
        return _Reader(text).whole()
    except RecursionError:
        raise UnusablePath(f"The JSON path {text[:40]}… is nested too deeply.") from None


@dataclass(frozen=True, slots=True)
class _Operand:
    """A part of a filter in the forms that it can be used in."""

    value: ValueOf | None = None
    test: Test | None = None
    nodes: Nodes | None = None


class _Reader(PathText):
    """The grammar, on a text."""

    def whole(self) -> Nodes:
        self.expect("$")
        segments, _ = self._segments()
        if self.at < len(self.text):
            raise self.unexpected("a segment")
        return path.query(segments, absolute=True)

    def _segments(self) -> tuple[list[Nodes], bool]:
        """The segments from here on, and whether they find one value at the most."""
        segments: list[Nodes] = []
        singular = True
        while True:
            start = self.at
            self.blank()
            if self.take(".."):
                selectors = self._bracketed()[0] if self.take("[") else [self._shorthand()[0]]
                segments.append(path.descendant(selectors))
                singular = False
            elif self.take("["):
                selectors, single = self._bracketed()
                segments.append(path.child(selectors))
                singular = singular and single
            elif self.take("."):
                selector, single = self._shorthand()
                segments.append(selector)
                singular = singular and single
            else:
                self.at = start  # blanks after the last segment are not part of it
                return segments, singular

    def _shorthand(self) -> tuple[Nodes, bool]:
        if self.take("*"):
            return path.everything, False
        name = self.match(NAME)
        if name is None:
            raise self.unexpected("a name or *")
        return path.member(name), True

    def _bracketed(self) -> tuple[list[Nodes], bool]:
        selectors: list[Nodes] = []
        singular = True
        while True:
            self.blank()
            selector, single = self._selector()
            selectors.append(selector)
            singular = singular and single
            self.blank()
            if self.take("]"):
                return selectors, singular and len(selectors) == 1
            self.expect(",")

    def _selector(self) -> tuple[Nodes, bool]:
        if self.take("*"):
            return path.everything, False
        if self.take("?"):
            self.blank()
            return path.those(self._or()), False
        name = self.string()
        if name is not None:
            return path.member(name), True
        return self._index_or_slice()

    def _index_or_slice(self) -> tuple[Nodes, bool]:
        start = self.integer()
        after = self.at
        self.blank()
        if not self.take(":"):
            if start is None:
                raise self.unexpected("a name in quotes, an index, a slice, * or ?")
            self.at = after
            return path.element(start), True
        self.blank()
        end = self.integer()
        self.blank()
        step = None
        if self.take(":"):
            self.blank()
            step = self.integer()
        return path.elements(start, end, step), False

    def _or(self) -> Test:
        return path.disjunction(self._terms("||", lambda: path.conjunction(self._terms("&&", self._term))))

    def _terms(self, separator: str, term: Callable[[], Test]) -> list[Test]:
        terms = [term()]
        while True:
            self.blank()
            if not self.take(separator):
                return terms
            self.blank()
            terms.append(term())

    def _term(self) -> Test:
        negated = self.take("!")
        if negated:
            self.blank()
        test = self._parenthesised() if self.take("(") else self._comparison(negated=negated)
        return path.negation(test) if negated else test

    def _parenthesised(self) -> Test:
        self.blank()
        test = self._or()
        self.blank()
        self.expect(")")
        return test

    def _comparison(self, *, negated: bool) -> Test:
        """A comparison or a test alone; `!` goes with the latter only."""
        start = self.at
        left = self._operand()
        after = self.at
        self.blank()
        operator = None if negated else self.match(COMPARISON)
        if operator is None:
            self.at = after
            if left.test is None:
                raise self.wrong(start, "cannot be a condition without being compared")
            return left.test
        self.blank()
        right_start = self.at
        right = self._operand()
        if left.value is None or right.value is None:
            raise self.wrong(start if left.value is None else right_start, "cannot be compared")
        return path.comparison(left.value, cast(Comparison, operator), right.value)

    def _operand(self) -> _Operand:
        absolute = self.take("$")
        if absolute or self.take("@"):
            segments, singular = self._segments()
            nodes = path.query(segments, absolute=absolute)
            return _Operand(path.first_of(nodes) if singular else None, path.exists(nodes), nodes)
        function = self.match(FUNCTION)
        if function is not None:
            return self._call(function)
        return _Operand(path.constant(self._literal()))

    def _literal(self) -> str | float | bool | None:
        string = self.string()
        if string is not None:
            return string
        for word, value in _KEYWORDS.items():
            if self.take(word):
                return value
        number = self.match(NUMBER)
        if number is None:
            raise self.unexpected("@, $, a function, a string, a number, true, false or null")
        return float(number) if {".", "e", "E"} & set(number) else self.bounded(number)

    def _call(self, name: str) -> _Operand:
        start = self.at - len(name)
        self.expect("(")
        arguments: list[_Operand] = []
        self.blank()
        while not self.take(")"):
            if arguments:
                self.expect(",")
                self.blank()
            arguments.append(self._operand())
            self.blank()
        made = _called(name, arguments)
        if made is None:
            raise self.wrong(start, "is no function that is known, or does not take these arguments")
        return made


def _called(name: str, arguments: list[_Operand]) -> _Operand | None:
    """A function applied, or None if there is no such function of these arguments."""
    match name, arguments:
        case "length", [_Operand(value=of)] if of is not None:
            return _Operand(path.length(of))
        case "count", [_Operand(nodes=nodes)] if nodes is not None:
            return _Operand(path.count(nodes))
        case "value", [_Operand(nodes=nodes)] if nodes is not None:
            return _Operand(path.only(nodes))
        case "match" | "search", [_Operand(value=text), _Operand(value=pattern)] if text and pattern:
            return _Operand(test=path.matches(text, pattern, whole=name == "match"))
        case _:
            return None
