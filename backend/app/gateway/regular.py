"""Rules: the parts of a grammar that nest nothing, so that each of them *is* a regular expression.

A rule is written once, from the constructors below. Two things are made of it: a pattern, which decides, and an
explanation, which walks the rule step by step and tells what it expected. Both keep Parsec's meaning: a choice
tries its next option only if the one before failed *without consuming*, and `attempt` makes a failure such.

In patterns that is a question of look-ahead. Every rule knows its `trap`: the pattern of the places where the rule,
given that it does not match there, has consumed something before it failed. Options, repetitions and later choices
are closed by the traps of what they tried. Everything is atomic, so no pattern ever backtracks into a rule.

Values, sequences of items and nesting are not here: see `combinators.py`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

from app.gateway.explanations import Explain, Mismatch, Reply, labelled, merged, met, shown


@dataclass(frozen=True, slots=True)
class Rule:
    """A part of a grammar. All patterns but `pattern` are without groups."""

    pattern: str
    explain: Explain
    #: Matches where the rule succeeds having consumed something; None if it never consumes.
    advance: str | None
    trap: str | None = None
    nullable: bool = False
    #: What to repeat, once or more, instead of the pattern: it is faster, or is compiled faster.
    run: str | None = None


def characters(inside: str, *labels: str, beyond: str | None = None) -> Rule:
    """One character of a class, given as the inside of `[…]`; `beyond` is the pattern of its non-ASCII members."""
    one = f"(?:[{inside}]|{beyond})" if beyond else f"[{inside}]"
    run = f"(?:[{inside}]+|{beyond}+)" if beyond else one

    def explain(text: str, position: int) -> Reply:
        if _compiled(one).match(text, position):
            return Reply(position + 1, consumed=True)
        return Reply(-1, consumed=False, mismatch=Mismatch(position, (met(text, position),), (), labels))

    return Rule(one, explain, one, run=run)


def character(one: str) -> Rule:
    """Just this character."""
    return characters(re.escape(one), shown(one))


def literal(word: str) -> Rule:
    """This word. Its mismatch is told at its start, even if some of it was there."""

    def explain(text: str, position: int) -> Reply:
        if text.startswith(word, position):
            return Reply(position + len(word), consumed=True)
        same = 0
        while text.startswith(word[: same + 1], position):
            same += 1
        mismatch = Mismatch(position, (met(text, position + same),), (), (shown(word),))
        return Reply(-1, same > 0, mismatch)

    return Rule(re.escape(word), explain, re.escape(word), trap=re.escape(word[0]) if len(word) > 1 else None)


def sequence(*rules: Rule) -> Rule:
    """One after the other."""
    pattern = "".join(rule.pattern for rule in rules)
    nullable = all(rule.nullable for rule in rules)

    def explain(text: str, position: int) -> Reply:
        consumed, mismatch = False, None
        for rule in rules:
            reply = rule.explain(text, position)
            mismatch = reply.mismatch if reply.consumed else merged(mismatch, reply.mismatch)
            consumed = consumed or reply.consumed
            position = reply.end
            if position < 0:
                break
        return Reply(position, consumed, mismatch)

    advance = _either(_first(rules, lambda rule: rule.advance)) if nullable else _bare(pattern)
    trap = _either(_first(rules, lambda rule: _either([rule.trap, rule.advance])))
    return Rule(pattern, explain, advance, trap, nullable)


def choice(*rules: Rule) -> Rule:
    """The first that succeeds, unless one before it fails having consumed something."""

    def explain(text: str, position: int) -> Reply:
        mismatch = None
        for rule in rules:
            reply = rule.explain(text, position)
            if reply.consumed:
                return reply
            mismatch = merged(mismatch, reply.mismatch)
            if reply.end >= 0:
                return Reply(reply.end, consumed=False, mismatch=mismatch)
        return Reply(-1, consumed=False, mismatch=mismatch)

    pattern = rules[-1].pattern
    for rule in reversed(rules[:-1]):
        pattern = f"{rule.pattern}|(?!{rule.trap})(?:{pattern})" if rule.trap else f"{rule.pattern}|{pattern}"
    advance, trap = _either(rule.advance for rule in rules), _either(rule.trap for rule in rules)
    return Rule(f"(?>{pattern})", explain, advance, trap, any(rule.nullable for rule in rules))


def optional(rule: Rule) -> Rule:
    """The rule or nothing."""
    return choice(rule, Rule("", lambda _, position: Reply(position, consumed=False), None, nullable=True))


def many(rule: Rule) -> Rule:
    """The rule, as often as it succeeds. What its last iteration stopped at is told with why there is no further."""
    rest = _repeated(rule)
    last = f"(?>({_bare(rule.pattern)})*)"

    def explain(text: str, position: int) -> Reply:
        reply = rest.explain(text, position)
        found = _compiled(last).match(text, position)
        if reply.end <= position or not found:
            return reply
        return reply._replace(mismatch=merged(rule.explain(text, found.start(1)).mismatch, reply.mismatch))

    # After one character there is nothing to tell.
    return rest if rule.run else replace(rest, explain=explain)


def many1(rule: Rule) -> Rule:
    """At least once."""
    unrolled = sequence(rule, _repeated(rule))
    if rule.trap:
        return unrolled
    pattern = f"(?>{rule.run or _once(rule)}+)"
    return replace(unrolled, pattern=pattern, advance=pattern)


def separated(rule: Rule, separator: Rule) -> Rule:
    """At least one, with separators between. What one after the first stopped at is forgotten."""
    return sequence(rule, _repeated(sequence(separator, rule)))


def _repeated(rule: Rule) -> Rule:
    run = f"(?>{rule.run or _once(rule)}*)"

    def explain(text: str, position: int) -> Reply:
        found = _compiled(run).match(text, position)
        end = found.end() if found else position
        reply = rule.explain(text, end)
        if reply.consumed:
            return reply
        return Reply(end, end > position, reply.mismatch)

    pattern = f"{run}(?!{rule.trap})" if rule.trap else run
    trap = _either([rule.trap, rule.advance]) if rule.trap else None
    return Rule(pattern, explain, rule.advance, trap, nullable=True)


def attempt(rule: Rule) -> Rule:
    """The rule, as if it had consumed nothing when it fails."""

    def explain(text: str, position: int) -> Reply:
        reply = rule.explain(text, position)
        return reply if reply.end >= 0 else reply._replace(consumed=False)

    return replace(rule, explain=explain, trap=None)


def look_ahead(rule: Rule) -> Rule:
    """The rule must succeed here, but consumes nothing."""

    def explain(text: str, position: int) -> Reply:
        reply = rule.explain(text, position)
        return reply if reply.end < 0 else Reply(position, consumed=False)

    return Rule(f"(?={_bare(rule.pattern)})", explain, None, rule.trap, nullable=True)


def not_followed_by(rule: Rule) -> Rule:
    """The rule, of one character, must fail here."""

    def explain(text: str, position: int) -> Reply:
        reply = rule.explain(text, position)
        if reply.end < 0:
            return Reply(position, consumed=False, mismatch=reply.mismatch)
        return Reply(-1, consumed=False, mismatch=Mismatch(reply.end, (), (shown(text[position], "'"),)))

    return Rule(f"(?!{_bare(rule.pattern)})", explain, None, nullable=True)


def label(rule: Rule, name: str) -> Rule:
    """The rule, told under one name wherever it consumed nothing."""

    def explain(text: str, position: int) -> Reply:
        reply = rule.explain(text, position)
        return reply if reply.consumed else reply._replace(mismatch=labelled(reply.mismatch, name))

    return replace(rule, explain=explain)


def captured(name: str, rule: Rule) -> Rule:
    """The rule, whose text is wanted: a named group of the pattern."""
    return replace(rule, pattern=f"(?P<{name}>{rule.pattern})", run=None)


def _explain_end(text: str, position: int) -> Reply:
    expected = ("end of input",)
    if position == len(text):
        return Reply(position, consumed=False, mismatch=Mismatch(position, ("",), (), expected))
    return Reply(-1, consumed=False, mismatch=Mismatch(position, (), (shown(text[position], "'"),), expected))


END = Rule(r"\Z", _explain_end, None, nullable=True)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """What only explanations need is compiled when the first of them does."""
    return re.compile(pattern)


def _once(rule: Rule) -> str:
    return f"(?:{_bare(rule.pattern)})"


def _bare(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _either(patterns: Iterable[str | None]) -> str | None:
    found = [pattern for pattern in patterns if pattern is not None]
    return "|".join(found) if found else None


def _first(rules: tuple[Rule, ...], wanted: Callable[[Rule], str | None]) -> list[str | None]:
    """What is wanted of each rule that may be the first of a sequence to consume, behind those that then did not."""
    found: list[str | None] = []
    before = ""
    for rule in rules:
        pattern = wanted(rule)
        found.append(None if pattern is None else f"{before}(?:{pattern})")
        if not rule.nullable:
            break
        before += _bare(rule.pattern)
    return found
