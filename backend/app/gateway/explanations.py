"""What a parser expected and what it met: the errors of a failed parse, and their text.

Grammars are in `grammar.py` and its neighbours; how they are read is in `combinators.py`.
The texts are those of the Parsec library, which clients of the dialect know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

_CONTROLS = "NUL SOH STX ETX EOT ENQ ACK a b t n v f r SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a parser stopped, and why."""

    position: int
    #: The characters that single-character tests and literals met; empty at the end of the text.
    met: tuple[str, ...] = ()
    #: What a negative test met.
    refused: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()


class Reply(NamedTuple):
    """How a rule went: where it ended (-1: it failed), and the mismatch that it failed or stopped at."""

    end: int
    consumed: bool
    mismatch: Mismatch | None = None


#: How a rule goes on a text, from a position.
Explain = Callable[[str, int], Reply]


def merged(first: Mismatch | None, second: Mismatch | None) -> Mismatch | None:
    """The farther of two mismatches, or both when they are at the same place."""
    if first is None or second is None:
        return second if first is None else first
    if first.position != second.position:
        return first if first.position > second.position else second
    return Mismatch(
        first.position, first.met + second.met, first.refused + second.refused, first.expected + second.expected
    )


def labelled(mismatch: Mismatch | None, label: str) -> Mismatch | None:
    """The same mismatch, told as one expectation."""
    if mismatch is None:
        return None
    return Mismatch(mismatch.position, mismatch.met, mismatch.refused, (label,))


def explained(mismatch: Mismatch) -> str:
    """The text of a mismatch.

    >>> explained(Mismatch(0, met=('"f"',), expected=('"not"', "digit")))
    'unexpected "f" expecting "not" or digit'
    """
    told: list[str] = []
    unexpected = mismatch.refused or mismatch.met
    if unexpected:
        told.append(f"unexpected {unexpected[0] or 'end of input'}")
    expected = list(dict.fromkeys(mismatch.expected))
    if expected:
        *others, last = expected
        told.append(f"expecting {', '.join(others)} or {last}" if others else f"expecting {last}")
    return " ".join(told) or "unknown parse error"


def met(text: str, position: int) -> str:
    """The character at a position, empty at the end."""
    return shown(text[position]) if position < len(text) else ""


def shown(text: str, quote: str = '"') -> str:
    """A character or a literal as Haskell writes it."""
    return quote + "".join(_shown(character, quote) for character in text) + quote


def _shown(character: str, quote: str) -> str:
    code = ord(character)
    if character in ("\\", quote):
        return f"\\{character}"
    if code < 32:
        return f"\\{_CONTROLS.split()[code]}"
    if code == 127:
        return "\\DEL"
    return character if code < 127 else f"\\{code}"
