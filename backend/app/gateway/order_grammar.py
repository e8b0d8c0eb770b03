"""The grammar of `order`. Public functions and errors are in `grammar.py`."""

import re

from app.gateway.combinators import list_of, token
from app.gateway.lexemes import DELIMITER, NAME, column, field_of, lexeme, name_of
from app.gateway.query import OrderTerm
from app.gateway.regular import (
    END,
    Rule,
    attempt,
    captured,
    character,
    choice,
    literal,
    look_ahead,
    optional,
    sequence,
)


def _suffix(name: str, words: tuple[str, str]) -> Rule:
    return optional(captured(name, choice(*(attempt(sequence(DELIMITER, literal(word))) for word in words))))


def _sorted(prefix: str, field: Rule) -> Rule:
    """The field, and how it is sorted, up to the end of the term."""
    direction = _suffix(f"{prefix}direction", ("asc", "desc"))
    nulls = _suffix(f"{prefix}nulls", ("nullsfirst", "nullslast"))
    return sequence(field, direction, nulls, choice(attempt(look_ahead(character(","))), attempt(END)))


def _term_of(found: re.Match[str]) -> OrderTerm:
    relation = found["relation"]
    prefix = "its_" if relation else ""
    direction, nulls = found.group(f"{prefix}direction", f"{prefix}nulls")
    return OrderTerm(
        field_of(found, prefix),
        name_of(relation) if relation else None,
        direction == ".desc" if direction else None,
        nulls == ".nullsfirst" if nulls else None,
    )


_RELATED = sequence(captured("relation", NAME), character("("), column("its_"), character(")"))
TERM = lexeme(choice(attempt(_sorted("its_", _RELATED)), _sorted("", column())))

ORDER = list_of(token(TERM, _term_of), token(character(","), lambda _: None))
