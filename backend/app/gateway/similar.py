"""Names like a name: what an error suggests when something is not there."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import sqrt

_BEST = 50
_KEPT = frozenset(" ,")


def most_similar(name: str, candidates: Iterable[str], least: float) -> str | None:
    """The candidate that looks most like the name, if any looks enough like it."""
    choices = {candidate.lower(): candidate for candidate in candidates}
    wanted = name.lower()
    if wanted in choices:
        return choices[wanted]
    # One that is much shorter or longer never looks enough like it, and a text may be as long as a body.
    near = {choice for choice in choices if _most_likeness(wanted, choice) >= least}
    if not near:
        return None
    for size in (3, 2):
        ranked = _ranked(wanted, choices, size)
        if ranked:
            scored = [(_likeness(wanted, candidate), candidate) for candidate in ranked[:_BEST] if candidate in near]
            score, best = max(scored, key=lambda item: item[0], default=(0.0, ""))
            return choices[best] if best and score >= least else None
    return None


def _ranked(wanted: str, choices: Mapping[str, str], size: int) -> list[str]:
    grams = _grams(wanted, size)
    length = _length(grams)
    found: list[tuple[float, str]] = []
    for candidate in choices:
        theirs = _grams(candidate, size)
        shared = sum(count * theirs[gram] for gram, count in grams.items())
        if shared:
            found.append((shared / (length * _length(theirs)), candidate))
    found.sort(key=lambda item: -item[0])
    return [candidate for _, candidate in found]


def _grams(text: str, size: int) -> Counter[str]:
    framed = "-" + "".join(char for char in text if char.isalnum() or char in _KEPT) + "-"
    framed = framed.ljust(size, "-")
    return Counter(framed[start : start + size] for start in range(len(framed) - size + 1))


def _length(grams: Counter[str]) -> float:
    return sqrt(sum(count * count for count in grams.values()))


def _most_likeness(one: str, other: str) -> float:
    """How much alike texts of these lengths can be: each missing character is a difference."""
    longest = max(len(one), len(other))
    return min(len(one), len(other)) / longest if longest else 0.0


def _likeness(one: str, other: str) -> float:
    longest = max(len(one), len(other))
    return 1 - _distance(one, other) / longest if longest else 0.0


def _distance(one: str, other: str) -> int:
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (left != right)))
        previous = current
    return previous[-1]
