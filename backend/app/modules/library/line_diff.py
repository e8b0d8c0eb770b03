"""What became of a text, line by line: which lines were kept, removed, added. Knows nothing of versions.

The shortest script of edits (Myers), as far as it is short: texts that have little in common are told as one that went
and one that came. The work is bounded whatever somebody wrote.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

#: Kept lines around what changed.
CONTEXT = 3
#: Of both texts together, after what they begin and end with in common.
MOST_LINES = 10_000
MOST_EDITS = 250
Kind = Literal["kept", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one of the two texts, or of both."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that changed and their surroundings; the starts are counted from 1."""

    before_start: int
    after_start: int
    lines: tuple[Line, ...]


def hunks(before: str, after: str) -> list[Hunk]:
    """What is different, in the order of the texts."""
    lines = list(compared(before.split("\n"), after.split("\n")))
    shown = [place for place, line in enumerate(lines) if line.kind != "kept"]
    found: list[Hunk] = []
    place = number = other = 0
    for start, end in _surroundings(shown, len(lines)):
        for line in lines[place:start]:
            number, other = number + (line.kind != "added"), other + (line.kind != "removed")
        found.append(Hunk(number + 1, other + 1, tuple(lines[start:end])))
        place = start
    return found


def compared(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """All lines of both texts, each once if it was kept."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    yield from (Line("kept", text) for text in before[:start])
    script = _script(old, new) if len(old) + len(new) <= MOST_LINES else None
    if script is None:
        script = [Line("removed", text) for text in old] + [Line("added", text) for text in new]
    yield from script
    yield from (Line("kept", text) for text in before[len(before) - end :])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def _surroundings(shown: Sequence[int], length: int) -> list[tuple[int, int]]:
    """Where what is shown begins and ends; what would touch is one."""
    spans: list[tuple[int, int]] = []
    for place in shown:
        start, end = max(place - CONTEXT, 0), min(place + 1 + CONTEXT, length)
        if spans and start <= spans[-1][1]:
            start, _ = spans.pop()
        spans.append((start, end))
    return spans


def _script(old: Sequence[str], new: Sequence[str]) -> list[Line] | None:
    """The shortest way from one to the other; None if it is longer than anybody would read."""
    #: By diagonal (lines of the old one less lines of the new one): how far down the old one so many edits reach.
    reach = {1: 0}
    past: list[dict[int, int]] = []
    for edits in range(min(len(old) + len(new), MOST_EDITS) + 1):
        past.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            place = _step(reach, diagonal, edits)
            while place < len(old) and place - diagonal < len(new) and old[place] == new[place - diagonal]:
                place += 1
            reach[diagonal] = place
            if place >= len(old) and place - diagonal >= len(new):
                return _walked_back(past, old, new)
    return None


def _step(reach: dict[int, int], diagonal: int, edits: int) -> int:
    adds = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
    return reach[diagonal + 1] if adds else reach[diagonal - 1] + 1


def _walked_back(past: Sequence[dict[int, int]], old: Sequence[str], new: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    place, other = len(old), len(new)
    for edits in range(len(past) - 1, -1, -1):
        reach, diagonal = past[edits], place - other
        came = _step(reach, diagonal, edits)
        lines += [Line("kept", text) for text in reversed(old[came:place])]
        place, other = came, came - diagonal
        if edits == 0:
            break
        if diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1]):
            other -= 1
            lines.append(Line("added", new[other]))
        else:
            place -= 1
            lines.append(Line("removed", old[place]))
    return lines[::-1]
