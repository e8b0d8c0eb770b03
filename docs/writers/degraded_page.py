"""`reference/degraded.md`: what every kind of request is answered while something is away."""

import json
from pathlib import Path
from typing import Any, Final

from docs.writers.markdown import code, page, table

TABLE: Final = Path(__file__).parents[2] / "tests" / "chaos" / "table.json"
INTRO: Final = """\
What Relais answers while something that it rests on is away. `make chaos` brings about each of these states under load
and holds every cell against `tests/chaos/table.json`, from which this page is written; `make test` does it once."""
PROMISES: Final = """\
In every state:

- Nobody waits longer than two seconds because something is away. What cannot be done is 503 with `Retry-After`: trying
  again after that is right. How long a statement may take does not depend on it: a PostgreSQL that answers to others is
  not away ([why and how](../decisions/0022-degraded-modes.md)).
- A write that was acknowledged is there afterwards. One that was answered 503 was not done or, where the connection
  was lost on the way, may have been.
- Nobody is signed out, and nobody may do what they may not do otherwise.
- Five seconds after everything is there again, all is as before. Nothing has to be restarted."""
HEADER: Final = """\
Answers that are given meanwhile carry `Relais-Degraded` with the parts that did not work, or not as they do otherwise.
Pages of allowed origins may read it. Without trouble there is no such header. A part is told as soon as the process
that answers knows of it, which may be a second after the first request that met it."""
_PARTS: Final = {
    "cache": "answers are computed each time",
    "limits": "each process counts requests for itself",
    "counters": "views are written one by one, and one visitor's may count again",
    "realtime": "what clients say to each other does not reach other processes; changes of rows do",
    "jobs": "no worker runs: what is done in the background waits",
    "replica": "reads go to the server that writes",
    "database": "PostgreSQL is away, or takes no writes",
}
_WORDS: Final = {"served": "served", "refused": "503", "told": "503, and says what"}
_ROOM: Final = """\
A PostgreSQL whose disk, memory or shared memory is full says so statement by statement: what needs no more room is
served, the rest is 503 with `Retry-After` and the code of PostgreSQL (`53…`), and `database` is told for three
seconds."""


def degraded_page() -> str:
    """The whole page."""
    data = json.loads(TABLE.read_text(encoding="utf-8"))
    states: dict[str, Any] = data["states"]
    return page(
        "Degraded modes",
        INTRO,
        "## What holds",
        PROMISES,
        "## The header",
        HEADER,
        table(("Part", "Meanwhile"), ((code(name), meaning) for name, meaning in _PARTS.items())),
        "## States",
        table(
            ("State", "`Relais-Degraded`", "Meaning"),
            ((state["title"], code(state["told"]), state["meaning"]) for state in states.values()),
        ),
        _ROOM,
        "## Cell by cell",
        *(_cells(data["classes"], names, states) for names in _groups(states)),
        "**served**: as ever, with the header. **503**: with `Retry-After`.",
    )


def _groups(states: dict[str, Any]) -> list[list[str]]:
    of_postgres = [name for name in states if name.startswith("postgres")]
    return [[name for name in states if name not in of_postgres], of_postgres]


def _cells(classes: dict[str, str], names: list[str], states: dict[str, Any]) -> str:
    headings = ["", *(states[name]["title"] for name in names)]
    return table(
        headings,
        (
            [title, *(_WORDS[states[name]["cells"].get(kind, states[name]["others"])] for name in names)]
            for kind, title in classes.items()
        ),
    )
