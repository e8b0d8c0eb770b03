"""Names of files: as they are shown, and as they are stored and stand in addresses. No name is ever a path."""

import re
import secrets
import time
import unicodedata

from app.files.kinds import EXTENSIONS, extension_of

LONGEST_NAME = 200
_LONGEST_STEM = 60
_STORED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_-]+")


def shown_name(given: str, kind: str) -> str:
    """The name that a file came with, without the path before it; it ends as names of its type do."""
    last = re.split(r"[/\\]", given)[-1]
    name = "".join(letter for letter in last if letter.isprintable()).strip(" .") or "fichier"
    usual = EXTENSIONS.get(kind)
    ending = extension_of(name)
    if usual is not None and ending not in usual:
        ending = usual[0]
        name += ending
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - len(ending)] + ending


def stored_name(shown: str) -> str:
    """A new name that nothing else has and nobody guesses: `photo-d-ete_1700000000000_0123456789abcdef.jpg`."""
    ending = extension_of(shown)
    plain = unicodedata.normalize("NFKD", shown[: len(shown) - len(ending)]).encode("ascii", "ignore").decode()
    stem = _UNUSUAL.sub("-", plain).strip("-_")[:_LONGEST_STEM].rstrip("-_") or "fichier"
    return f"{stem}_{time.time_ns() // 1_000_000}_{secrets.token_hex(8)}{ending}"


def is_stored_name(name: str) -> bool:
    """Whether a file may be called so."""
    return _STORED.match(name) is not None and ".." not in name
