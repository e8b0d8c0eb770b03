"""The few pieces of Markdown that generated pages are made of. They know nothing of what they show."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

GENERATED: Final = "<!-- Written by `make docs`. Edits are lost: change the code that it describes. -->"


def page(title: str, *parts: str) -> str:
    """A whole page: title, notice, parts with an empty line between them."""
    return "\n\n".join((f"# {title}", GENERATED, *(part.strip("\n") for part in parts if part))) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing when there are no rows."""
    lines = [_line(row) for row in rows]
    if not lines:
        return ""
    return "\n".join((_line(headings), _line(["---"] * len(headings)), *lines))


def code(text: str) -> str:
    """A piece of code on one line; nothing stays nothing."""
    flat = " ".join(text.split())
    if not flat:
        return ""
    fence = "``" if "`" in flat else "`"
    padding = " " if "`" in flat else ""
    return f"{fence}{padding}{flat}{padding}{fence}"


def block(text: str, language: str = "") -> str:
    """A piece of code on lines of its own."""
    return f"```{language}\n{text.rstrip()}\n```"


def bullets(items: Iterable[str]) -> str:
    """A list, or nothing when it is empty."""
    return "\n".join(f"- {item}" for item in items)


def anchor(heading: str) -> str:
    """The anchor that a heading gets, as Python-Markdown makes it."""
    kept = re.sub(r"[^\w\s-]", "", heading).strip().lower()
    return re.sub(r"[-\s]+", "-", kept)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escaped(" ".join(cell.split())) for cell in cells) + " |"


def _escaped(cell: str) -> str:
    # A bar inside code does not end a cell, and a backslash before it would be shown.
    parts = re.split(r"(`+[^`]*`+)", cell)
    return "".join(part if part.startswith("`") else part.replace("|", "\\|") for part in parts)
