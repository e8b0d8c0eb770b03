"""What of a condition holds for everybody: the part of it that speaks of the row alone, and not of who reads it.

PostgreSQL writes conditions out with everything in brackets. They are taken apart at `AND` and `OR`, and what is left
is looked at word by word: columns, constants, comparisons, and the tenant, which is the same for all who are asked
about at once. Whatever is not known to be one of these (a function, the time, a look into another table) may depend on
the reader. Casts that come by themselves are not written out, nor is what an operator does with a type that somebody
made: PostgreSQL is asked about these (`catalog/queries/policies.sql`). So what is found may be less than there
is, and is never more.
"""

import re
from collections.abc import Callable, Collection, Sequence
from itertools import accumulate
from typing import NamedTuple

from app.catalog.policies import Policies

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<constant>E'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | \d[\w.]*)
      | (?P<name>"(?:[^"]|"")*" | [A-Za-z_][\w$]*)
      | (?P<cast>::) | (?P<operator>[+\-*/<>=~!@\#%^&|`?]+) | (?P<mark>[()\[\],.])
    )""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset("ALL AND ANY ARRAY DISTINCT FALSE FROM IS NOT NULL OR TRUE UNKNOWN false true".split())
_BEFORE_BRACKETS = frozenset("ALL AND ANY FROM NOT OR".split())
#: Beside one of these, a word does not join what it stands between.
_DIVIDING = frozenset("AND OR NOT CASE SELECT".split())
_OPENING, _CLOSING = frozenset("(["), frozenset(")]")
#: Casts that ask no function of anybody's, if nobody made some. Those of constants are part of how these are written.
_PLAIN_CASTS = frozenset({"text", "text[]"})
#: What follows the first word of a type that has more than one. Words of the language may follow it as well: `AT TIME
#: ZONE`, `OPERATOR`, and what they are about.
_REST_OF_TYPES = frozenset("precision varying with without time zone year month day hour minute second to".split())


class _Token(NamedTuple):
    kind: str
    said: str
    start: int
    end: int


_Tokens = Sequence[_Token]


def for_everybody(policies: Policies) -> str | None:
    """A condition that implies the policies' one, and on which all readers in a tenant agree; None: there is none."""
    return None if policies.hides else part_for_everybody(policies.condition(), policies.plain)


def part_for_everybody(condition: str, columns: Collection[str]) -> str | None:
    """The same of a condition, given the columns whose operators are PostgreSQL's own."""
    tokens = _tokens(condition)
    found = _part(tokens, columns) if tokens is not None and _is_whole(tokens) else None
    return None if found is None else found(condition)


def _tokens(condition: str) -> _Tokens | None:
    tokens, place, text = list[_Token](), 0, condition.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            return None
        kind = match.lastgroup
        tokens.append(_Token(kind, match[kind], match.start(kind), place := match.end()))
    return tokens


_TENANTS = [
    [token.said for token in _tokens(text) or ()]
    for text in ("( SELECT relais.tenant_id() AS tenant_id)", "relais.tenant_id()")
]
_Written = Callable[[str], str]


def _part(tokens: _Tokens, names: Collection[str]) -> _Written | None:
    """The part of a condition, or of a part of it, that speaks of the row alone: given the condition, its text."""
    while len(tokens) > 1 and tokens[0].said == "(" and _closing(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    for word, enough in (("OR", any), ("AND", all)):
        parts = _split(tokens, word)
        if len(parts) > 1:
            found = [_part(part, names) for part in parts]
            return _joined(word, [part for part in found if part]) if enough(found) else None
    if not tokens or not _is_of_the_row(tokens, names):
        return None
    return lambda condition: condition[tokens[0].start : tokens[-1].end]


def _joined(word: str, parts: Sequence[_Written]) -> _Written:
    return lambda condition: f" {word} ".join(f"({part(condition)})" for part in parts)


def _closing(tokens: _Tokens) -> int:
    """Where the bracket ends that comes first."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.said in _OPENING) - (token.said in _CLOSING)
        if depth == 0:
            return place
    return -1


def _is_whole(tokens: _Tokens) -> bool:
    """Whether every bracket has its other half."""
    depths = list(accumulate((token.said in _OPENING) - (token.said in _CLOSING) for token in tokens))
    return bool(depths) and min(depths) >= 0 and depths[-1] == 0


def _split(tokens: _Tokens, word: str) -> list[_Tokens]:
    """What is joined by a word, unless there is another one beside it that joins or divides."""
    depth, ends = 0, list[int]()
    for place, token in enumerate(tokens):
        depth += (token.said in _OPENING) - (token.said in _CLOSING)
        if depth == 0 and token.said == word:
            ends.append(place)
        elif depth == 0 and token.said in _DIVIDING:
            return [tokens]
    begins = [0, *(end + 1 for end in ends)]
    return [tokens[begin:end] for begin, end in zip(begins, [*ends, len(tokens)], strict=True)]


def _is_of_the_row(tokens: _Tokens, names: Collection[str]) -> bool:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if (tenant := _tenant_at(tokens, place)) > 0:
            place += tenant
            continue
        if token.kind == "cast":
            end = _end_of_type(tokens, place + 1)
            said = "".join(part.said for part in tokens[place + 1 : end])
            if said not in _PLAIN_CASTS and tokens[place - 1].kind != "constant":
                return False
            place = end
            continue
        is_called = place + 1 < len(tokens) and tokens[place + 1].said == "("
        if token.kind == "name" and not _is_known(token.said, names, is_called=is_called):
            return False
        place += 1
    return True


def _tenant_at(tokens: _Tokens, place: int) -> int:
    """How many tokens the tenant takes, if it is spoken of here."""
    for tenant in _TENANTS:
        if [token.said for token in tokens[place : place + len(tenant)]] == tenant:
            return len(tenant)
    return 0


def _is_known(word: str, names: Collection[str], *, is_called: bool) -> bool:
    if word in _KEYWORDS:
        return not is_called or word in _BEFORE_BRACKETS
    if word.startswith('"'):
        return not is_called and word[1:-1].replace('""', '"') in names
    # What is not in quotes and not in small letters is a word of the language: CURRENT_USER.
    return not is_called and word.islower() and word in names


def _end_of_type(tokens: _Tokens, place: int) -> int:
    """Where a type ends that begins here: its schema, its name, more words, and what makes an array of it."""
    said = [token.said for token in tokens]
    place += 3 if said[place + 1 : place + 2] == ["."] else 1
    while place < len(said) and said[place] in _REST_OF_TYPES:
        place += 1
    while said[place : place + 2] == ["[", "]"]:
        place += 2
    return place
