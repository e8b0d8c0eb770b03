"""The words of the query dialect: names, JSON paths, columns, quoted texts, types; and what their texts mean.

How words make selects, filters and orders is in the grammars beside this file.
"""

import re

from app.gateway.combinators import token
from app.gateway.query import Field, JsonStep
from app.gateway.regular import (
    END,
    Rule,
    attempt,
    captured,
    character,
    characters,
    choice,
    label,
    literal,
    look_ahead,
    many,
    many1,
    not_followed_by,
    optional,
    separated,
    sequence,
)


def _not_letters() -> str:
    """What `\\w` has beyond ASCII that is not a letter: numerals. All of them lie in the first two planes."""
    numerals = (code for code in range(0x80, 0x20000) if chr(code).isalnum() and not chr(code).isalpha())
    runs: list[list[int]] = []
    for code in numerals:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


WS = many(characters(r" \t"))
ANYTHING = many(characters(r"\s\S"))
DIGIT = characters("0-9", "digit")
#: `delimiter (.)`, as it is told.
DELIMITER = label(character("."), "delimiter (.)")
#: Words of names and types: letters, digits, `_`, space and `$`.
IDENTIFIER = many1(characters("A-Za-z0-9_ $", "letter", "digit", beyond=rf"[^\x00-\x7f\W{_not_letters()}]"))
#: A dash between two pieces of a name, not the beginning of an arrow.
DASH = attempt(sequence(character("-"), not_followed_by(character(">"))))
_ESCAPED = sequence(character("\\"), characters(r"\s\S"))
QUOTED = sequence(character('"'), many(choice(many1(characters(r'^"\\')), _ESCAPED)), character('"'))
NAME = label(choice(QUOTED, separated(IDENTIFIER, DASH)), "field name (* or [a..z0..9_$])")

_INDEX_END = choice(*(attempt(look_ahead(literal(word))) for word in ("->", "::", ".", ",")), attempt(END))
_INDEX = sequence(optional(character("-")), many1(DIGIT), _INDEX_END)
_KEY = label(
    choice(QUOTED, separated(many1(characters("^(:.,>)-")), DASH)),
    "any non reserved character different from: .,>()",
)
_ARROW = choice(attempt(literal("->>")), attempt(literal("->")))
_STEP = sequence(captured("arrow", _ARROW), choice(captured("index", attempt(_INDEX)), captured("key", attempt(_KEY))))
JSON_PATH = many(_STEP)

_step = re.compile(_STEP.pattern).match
_name = re.compile(NAME.pattern).match
_escape = re.compile(r"\\([\s\S])")


def lexeme(rule: Rule) -> Rule:
    """The rule, with spaces and tabs around it."""
    return sequence(WS, rule, WS)


def column(prefix: str = "") -> Rule:
    """A column with its JSON path, captured for `field_of`."""
    return lexeme(sequence(captured(f"{prefix}name", NAME), captured(f"{prefix}path", JSON_PATH)))


COMMA = token(lexeme(character(",")), lambda _: None)


def name_of(text: str) -> str:
    """The name that is written so.

    >>> name_of('first - name '), name_of('"a \\\\" b"')
    ('first-name', 'a " b')
    """
    if text[0] == '"':
        return unquoted(text)
    if " " in text:
        return "-".join(piece.strip(" ") for piece in text.split("-"))
    return text


def names_of(text: str) -> tuple[str, ...]:
    """The names of a dotted path."""
    if '"' not in text:
        return tuple(map(name_of, text.split(".")))
    names: list[str] = []
    position = 0
    while found := _name(text, position):
        names.append(name_of(found[0]))
        position = found.end() + 1
    return tuple(names)


def unquoted(text: str) -> str:
    """What is between the quotes; a backslash takes the next character literally."""
    inside = text[1:-1]
    return _escape.sub(r"\1", inside) if "\\" in inside else inside


def field_of(found: re.Match[str], prefix: str = "") -> Field:
    """The field that `column` captured."""
    name, path = found.group(f"{prefix}name", f"{prefix}path")
    return Field(name_of(name), steps_of(found, f"{prefix}path")) if path else Field(name_of(name))


def steps_of(found: re.Match[str], group: str = "path") -> tuple[JsonStep, ...]:
    """The JSON path of a group. What follows the group tells an index from a key, so it is read in its text."""
    steps: list[JsonStep] = []
    position, end = found.span(group)
    while position < end and (step := _step(found.string, position)):
        arrow, index, key = step.group("arrow", "index", "key")
        steps.append(JsonStep(index or _key_of(key), arrow == "->>", index is not None))
        position = step.end()
    return tuple(steps)


def _key_of(text: str) -> str:
    if text[0] == '"':
        return unquoted(text)
    return "-".join(piece.strip() for piece in text.split("-"))
