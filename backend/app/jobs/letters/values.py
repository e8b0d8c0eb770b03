"""What may be filled into a letter: values that others chose, made so that they can only be read.

A name in a message of ours is something that its bearer has us send to others: it must not carry a link, another line,
or anything that turns the text around it.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from app.jobs.letters.devices import device_of
from app.jobs.letters.shape import Language

LONGEST_VALUE = 80
_MOST_PARTS = 10
#: Mail programs make links of what looks like one.
_LINK_DOT = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=\w)")
_SCHEME = re.compile(r"\w+:/*(?=/)|(?<=\w):(?=\S)")
#: Categories of characters that are not seen, or that break lines; of those of format, joiners may stay.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
#: Of somebody who has not told their name.
_PLAIN_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)
_ADDRESS = re.compile(r"[0-9a-fA-F:.]{2,45}")


def known_values(told: Mapping[str, Any], language: Language) -> dict[str, str]:
    """The values of a message that can be used."""
    found = {name: _value(name, value, language) for name, value in told.items()}
    agent = told.get("agent")
    found["device"] = device_of(agent) if isinstance(agent, str) else ""
    return {name: text for name, text in found.items() if text}


def _value(name: str, value: Any, language: Language) -> str:
    if isinstance(value, list | tuple):
        parts = (_value(name, part, language) for part in cast("list[Any]", value)[:_MOST_PARTS])
        return ", ".join(part for part in parts if part)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    text = one_line(str(value))
    if name in language.words:
        return language.words[name].get(text, "")
    if name == "at":
        return _time(text, language)
    if name == "email":
        return _masked(text)
    if name == "inviter" and len(text) <= LONGEST_VALUE and _PLAIN_ADDRESS.fullmatch(text):
        return text
    if name == "address":
        return text if _ADDRESS.fullmatch(text) else ""
    return calm(text)


def one_line(text: str) -> str:
    """The text without what is not seen, on one line."""
    seen = (letter if _is_seen(letter) else " " for letter in text[: 50 * LONGEST_VALUE])
    # Written so, headers are encoded; what reads like it would be decoded, and could hold another line.
    return " ".join("".join(seen).replace("=?", "= ?").split())


def calm(text: str) -> str:
    """A text of somebody else's, short and without links."""
    text = _LINK_DOT.sub(". ", _SCHEME.sub(" ", text)).replace("//", " ").replace("@", " @ ")
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1].rstrip()}…"


def _is_seen(letter: str) -> bool:
    return letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN


def _time(text: str, language: Language) -> str:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return ""
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return when.astimezone(UTC).strftime(language.time_format)


def _masked(address: str) -> str:
    """An address that its owner recognises, and nobody else."""
    local, _, domain = address.rpartition("@")
    if not local or not re.fullmatch(r"[\w.-]{1,255}", domain):
        return ""
    return f"{calm(local[:1])}…@{domain}"
