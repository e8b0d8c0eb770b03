"""The grammar of `select`: columns, casts, aggregates, embeds, spreads.

Public functions and errors are in `grammar.py`.
"""

import re
from functools import lru_cache
from typing import NamedTuple, cast

from app.gateway.combinators import Parser, attempted, between, both, list_of, nested, one_of, only_if, token
from app.gateway.lexemes import COMMA, IDENTIFIER, NAME, column, field_of, lexeme, name_of
from app.gateway.query import Aggregate, Field, SelectEmbed, SelectField, SelectItem
from app.gateway.regular import (
    END,
    Rule,
    attempt,
    captured,
    character,
    choice,
    literal,
    look_ahead,
    not_followed_by,
    optional,
    sequence,
)


def _aliased(prefix: str, rule: Rule) -> Rule:
    separator = sequence(character(":"), not_followed_by(character(":")))
    return sequence(optional(attempt(sequence(captured(f"{prefix}alias", NAME), separator))), rule)


def _cast(name: str) -> Rule:
    return optional(sequence(literal("::"), captured(name, IDENTIFIER)))


def _param(name: str) -> Rule:
    """A hint or a join type, after `!`."""
    join = choice(attempt(literal("left")), attempt(literal("inner")))
    hint = attempt(captured(f"{name}_hint", NAME))
    return optional(sequence(character("!"), choice(captured(f"{name}_join", join), hint)))


def _target(prefix: str) -> Rule:
    params = sequence(_param(f"{prefix}first"), _param(f"{prefix}second"))
    return sequence(captured(f"{prefix}name", NAME), params, attempt(look_ahead(literal("("))))


class _Head(NamedTuple):
    """An embed before its items are known."""

    name: str
    alias: str | None
    hint: str | None
    inner: bool
    spread: bool


_EMBED_GROUPS = ("name", "first_hint", "second_hint", "first_join", "second_join")
_SPREAD_GROUPS = tuple(f"spread_{name}" for name in _EMBED_GROUPS)
HEAD = choice(attempt(lexeme(sequence(literal("..."), _target("spread_")))), lexeme(_aliased("", _target(""))))
_ITEM_END = choice(attempt(look_ahead(literal(")"))), attempt(look_ahead(literal(","))), attempt(END))
_AGGREGATE = choice(literal("sum"), literal("avg"), literal("count"), attempt(literal("max")), attempt(literal("min")))
_FIELD_GROUPS = ("name", "alias", "path", "cast", "aggregate", "aggregate_cast")
FIELD = lexeme(
    choice(
        attempt(sequence(captured("star", literal("*")), _ITEM_END)),
        attempt(_aliased("count_", sequence(captured("count", literal("count()")), _cast("count_cast"), _ITEM_END))),
        _aliased(
            "",
            sequence(
                column(),
                _cast("cast"),
                optional(attempt(sequence(character("."), captured("aggregate", _AGGREGATE), literal("()")))),
                _cast("aggregate_cast"),
                _ITEM_END,
            ),
        ),
    )
)


def select_grammar(*, max_depth: int, refusal: type[Exception]) -> Parser[tuple[SelectItem, ...]]:
    """The parser of a list of items, which may be empty. Embeds inside embeds go down to `max_depth`."""

    def items() -> Parser[tuple[SelectItem, ...]]:
        return select

    inside = between(
        token(character("("), _nothing),
        nested(items, limit=max_depth, refusal=refusal),
        token(character(")"), _nothing),
    )
    # `count(` is not an embed but the beginning of an aggregate.
    head = attempted(only_if(token(HEAD, _head_of), lambda head: head.spread or head.name != "count"))
    select = list_of(one_of(both(head, inside, _embed_of), token(FIELD, _field_of)), COMMA, at_least_one=False)
    return select


def _nothing(_: re.Match[str]) -> None:
    return None


def _head_of(found: re.Match[str]) -> _Head:
    spread = found["name"] is None
    name, first_hint, second_hint, first_join, second_join = found.group(*(_SPREAD_GROUPS if spread else _EMBED_GROUPS))
    hint = _named(first_hint or second_hint)
    return _Head(name_of(name), _named(found["alias"]), hint, (first_join or second_join) == "inner", spread)


def _embed_of(head: _Head, items: tuple[SelectItem, ...]) -> SelectItem:
    return SelectEmbed(head.name, items, head.alias, head.hint, head.inner, head.spread)


def _field_of(found: re.Match[str]) -> SelectItem:
    if found["name"] is None:
        return _counted(found)
    name, alias, path, type_name, aggregate, aggregate_type = found.group(*_FIELD_GROUPS)
    if len(name) < 64 and not (alias or path or type_name or aggregate or aggregate_type):
        return _plain(name)
    return SelectField(
        field_of(found),
        _named(alias),
        type_name and type_name.strip(" "),
        cast("Aggregate | None", aggregate),
        aggregate_type and aggregate_type.strip(" "),
    )


@lru_cache(maxsize=1024)
def _plain(name: str) -> SelectField:
    """Most items are just a name, and the same names come again."""
    return SelectField(Field(name_of(name)))


def _counted(found: re.Match[str]) -> SelectField:
    """`*` or `count()`."""
    if found["star"]:
        return SelectField(Field("*"))
    alias, type_name = found.group("count_alias", "count_cast")
    return SelectField(Field("*"), _named(alias), None, "count", type_name and type_name.strip(" "))


def _named(text: str | None) -> str | None:
    return None if text is None else name_of(text)
