"""The grammar of filters: the operations of single filters, and and/or trees of them.

Public functions and errors are in `grammar.py`.
"""

import re
from typing import Literal, cast

from app.gateway.combinators import Parser, between, both, list_of, nested, one_of, token
from app.gateway.lexemes import ANYTHING, COMMA, DELIMITER, IDENTIFIER, QUOTED, column, field_of, lexeme, unquoted
from app.gateway.query import Filter, Logic, Operation, Quantifier
from app.gateway.regular import (
    Rule,
    attempt,
    captured,
    character,
    characters,
    choice,
    label,
    literal,
    many,
    not_followed_by,
    optional,
    separated,
    sequence,
)

# The order counts where one begins with another.
SIMPLE = ("neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj")
QUANTIFIED = ("eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch")
FULL_TEXT = ("fts", "plfts", "phfts", "wfts")
IS_VALUES = ("null", "not_null", "true", "false", "unknown")
#: Operators whose value may follow at once.
PLAIN = frozenset((*SIMPLE, *QUANTIFIED, *FULL_TEXT, "isdistinct"))

_IN_ITEM = characters("^,)")
_QUOTED_ITEM = attempt(sequence(captured("quoted", QUOTED), not_followed_by(_IN_ITEM)))
_BARE_QUOTED_ITEM = attempt(sequence(QUOTED, not_followed_by(_IN_ITEM)))
_BRACES = attempt(sequence(literal("{"), many(characters("^{}")), literal("}")))
_LOGIC_VALUE = choice(_QUOTED_ITEM, captured("value", choice(_BRACES, many(_IN_ITEM))))
_VALUE = captured("value", ANYTHING)
_element = re.compile(choice(_QUOTED_ITEM, many(_IN_ITEM)).pattern).match


def _words(words: tuple[str, ...]) -> Rule:
    return choice(*(attempt(literal(word)) for word in words))


def _any_case(word: str) -> Rule:
    return sequence(*(characters(f"{one}{one.upper()}") for one in word))


def _keyword(word: str) -> Rule:
    """A word after which there is no way back."""
    return attempt(sequence(captured(word, literal(word)), DELIMITER))


def _parenthesised(rule: Rule) -> Rule:
    return optional(attempt(sequence(character("("), rule, character(")"))))


_ELEMENTS = separated(choice(_BARE_QUOTED_ITEM, many(_IN_ITEM)), character(","))
_IN = sequence(_keyword("in"), lexeme(character("(")), captured("elements", _ELEMENTS), lexeme(character(")")))
_IS_VALUE = label(choice(*(attempt(_any_case(word)) for word in IS_VALUES)), f"isVal: ({', '.join(IS_VALUES)})")
_IS = sequence(_keyword("is"), captured("truth", _IS_VALUE))
_SEARCH = attempt(
    sequence(captured("search", _words(FULL_TEXT)), _parenthesised(captured("language", IDENTIFIER)), DELIMITER)
)
_QUANTIFIER = captured("quantifier", choice(attempt(literal("any")), literal("all")))
_SIMPLE = attempt(sequence(captured("simple", _words(SIMPLE)), DELIMITER))
_COMPARISON = attempt(sequence(captured("comparison", _words(QUANTIFIED)), _parenthesised(_QUANTIFIER), DELIMITER))


def _operation(value: Rule) -> Rule:
    """An operation whose value ends as its context says. The value never fails, so it can stand behind the choice."""
    valued = sequence(choice(_keyword("isdistinct"), _SEARCH, _SIMPLE, _COMPARISON), value)
    return sequence(optional(_keyword("not")), label(choice(_IN, _IS, valued), "operator (eq, gt, ...)"))


def _operation_of(found: re.Match[str], value: str) -> Operation:
    comparison, simple, search, distinct, negated = found.group("comparison", "simple", "search", "isdistinct", "not")
    operator = comparison or simple or search or distinct
    if not operator:
        return _in_or_is(found, negated=negated is not None)
    language = found["language"]
    quantifier = cast("Quantifier | None", found["quantifier"])
    return Operation(operator, value, negated is not None, quantifier, language and language.strip(" "))


def _in_or_is(found: re.Match[str], *, negated: bool) -> Operation:
    truth, elements = found.group("truth", "elements")
    if truth is not None:
        return Operation("is", truth.lower(), negated)
    return Operation("in", elements_of(elements), negated)


def elements_of(text: str) -> tuple[str, ...]:
    """The elements of a list. A single empty one, quoted or not, is none.

    >>> elements_of('1,"a,b", c'), elements_of("")
    (('1', 'a,b', ' c'), ())
    """
    if '"' not in text:
        return tuple(text.split(",")) if text else ()
    elements: list[str] = []
    position = 0
    while position <= len(text) and (found := _element(text, position)):
        elements.append(found[0] if found["quoted"] is None else unquoted(found["quoted"]))
        position = found.end() + 1
    return () if elements == [""] else tuple(elements)


def _filter_of(found: re.Match[str]) -> Filter | Logic:
    quoted = found["quoted"]
    return Filter(field_of(found), _operation_of(found, found["value"] if quoted is None else unquoted(quoted)))


OPERATION = _operation(_VALUE)
CONDITION = attempt(sequence(column(), DELIMITER, _operation(_LOGIC_VALUE)))
GROUP = sequence(
    label(optional(_keyword("not")), "negation operator (not)"),
    label(choice(captured("and", attempt(literal("and"))), literal("or")), "logic operator (and, or)"),
)

OPERATION_PARSER = token(OPERATION, lambda found: _operation_of(found, found["value"]))


def tree_grammar(*, max_depth: int, refusal: type[Exception]) -> Parser[Filter | Logic]:
    """The parser of a filter or a tree of them. Trees inside trees go down to `max_depth`."""

    def node() -> Parser[Filter | Logic]:
        return tree

    terms = between(
        token(lexeme(character("(")), lambda _: None),
        list_of(nested(node, limit=max_depth, refusal=refusal), COMMA),
        token(lexeme(character(")")), lambda _: None),
    )
    group = token(GROUP, lambda found: (found["not"] is not None, found["and"] is not None))
    tree = one_of(token(CONDITION, _filter_of), both(group, terms, _logic_of))
    return tree


def _logic_of(head: tuple[bool, bool], terms: tuple[Filter | Logic, ...]) -> Filter | Logic:
    negated, conjunction = head
    operator: Literal["and", "or"] = "and" if conjunction else "or"
    return Logic(operator, terms, negated)
