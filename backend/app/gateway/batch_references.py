"""References: `{"$ref": "0.id"}` stands for what an earlier item of the batch answered."""

import re
from dataclasses import dataclass, field

from app.errors import AppError, refuse
from app.gateway.batch_items import Value, exact, written
from app.gateway.errors import too_complex
from app.gateway.errors_beyond import BATCH_REFERENCE

_REFERENCE, _LITERAL = "$ref", "$value"
_WORDS = re.compile(r"(0|[1-9][0-9]{0,4})((?:\.[^.]+)*)\Z")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")
#: A short text may stand for a long one, again and again.
_DEEPEST = 200
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Answers:
    """What the items so far have answered."""

    #: By item; None where it was no JSON, or nothing.
    bodies: list[bytes | None] = field(default_factory=list[bytes | None])
    _read: dict[int, Value] = field(default_factory=dict[int, Value])
    _lengths: dict[str, int] = field(default_factory=dict[str, int])
    _bytes: int = 0

    def resolved(self, value: Value, depth: int = 0) -> Value:
        """A value with what its references stand for in their place."""
        if depth > _DEEPEST:
            raise too_complex("Nesting", _DEEPEST)
        if isinstance(value, list):
            return [self.resolved(part, depth + 1) for part in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            if _LITERAL in value:
                return value[_LITERAL]
            if _REFERENCE in value:
                return self._found(value[_REFERENCE])
        return {name: self.resolved(part, depth + 1) for name, part in value.items()}

    def _found(self, words: Value) -> Value:
        if not isinstance(words, str) or (said := _WORDS.match(words)) is None:
            raise _leads_nowhere(f"No reference: {written(words)[:60].decode('utf-8', 'replace')}")
        number, steps = int(said[1]), said[2].split(".")[1:]
        if number >= len(self.bodies):
            raise _leads_nowhere(f"{words}: only earlier items can be referred to")
        found = self._body(number, words)
        if isinstance(found, list) and steps and not _NUMBER.match(steps[0]):
            steps.insert(0, "0")
        for step in steps:
            try:
                found = _member(found, step)
            except (LookupError, TypeError):
                raise _leads_nowhere(f"{words}: there is no {step}") from None
        self._count(words, found)
        return found

    def _body(self, number: int, words: str) -> Value:
        if number not in self._read:
            body = self.bodies[number]
            if body is None:
                raise _leads_nowhere(
                    f"{words}: item {number} answered no JSON", "Writes answer rows with Prefer: return=representation."
                )
            self._read[number] = exact(body)
        return self._read[number]

    def _count(self, words: str, found: Value) -> None:
        if words not in self._lengths:
            self._lengths[words] = len(written(found))
        self._bytes += self._lengths[words]
        if self._bytes > _MOST_BYTES:
            raise too_complex("Bytes that references stand for", _MOST_BYTES)


def _member(value: Value, name: str) -> Value:
    if isinstance(value, list) and _NUMBER.match(name):
        return value[int(name)]
    if not isinstance(value, dict):
        raise TypeError
    return value[name]


def _leads_nowhere(details: str, hint: str | None = None) -> AppError:
    return refuse(BATCH_REFERENCE, details, hint=hint)
