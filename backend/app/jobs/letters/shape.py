"""The parts of a letter, and of what all letters of a language have in common."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """One kind of message. `{names}` in its sentences are filled in."""

    #: The first whose values are known.
    subjects: tuple[str, ...]
    #: One paragraph each; those whose values are not all known are left out.
    says: tuple[str, ...]
    #: What the link is called.
    label: str = ""
    after: tuple[str, ...] = ()
    #: Whether `name` is that of whoever reads it.
    names_reader: bool = True


@dataclass(frozen=True, slots=True)
class Language:
    """The letters of a language, and the words around them."""

    code: str
    letters: Mapping[str, Letter]
    greetings: tuple[str, ...]
    #: Between the name of a link and the link.
    colon: str
    #: Before the link itself, for those who cannot press the button.
    by_hand: str
    closing: str
    #: How a time is written, for `strftime`.
    time_format: str
    #: What values that are words of ours are called, by the name of the value.
    words: Mapping[str, Mapping[str, str]]
