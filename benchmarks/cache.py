"""`python -m benchmarks.cache`: lists that are kept against the same lists computed, alone and beside writes.

Readers ask for the lists of the shape `list-all`: without a token, so that all of them are shown the same, and as a few
users, each of whom has answers of their own. Writes are updates of rows that no list shows; they do away with the kept
lists all the same, for the versions are those of tables.
"""

import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from benchmarks.contenders import RELAIS
from benchmarks.figures import Turn, ratio
from benchmarks.ground import Ground
from benchmarks.load import Request
from benchmarks.rounds import Row, measure, options, others, server, turns_of
from benchmarks.shapes import Shape
from benchmarks.turns import Pace

WIDE = {"RELAIS_LIMITS_READS": "100000000/1", "RELAIS_LIMITS_WRITES": "100000000/1"}
OFF = {**WIDE, "RELAIS_CACHE_ENABLED": "false"}
KEPT = {**WIDE, "RELAIS_CACHE_ENABLED": "true"}
AT_HAND = {**KEPT, "RELAIS_CACHE_LOCAL_SECONDS": "0.5"}
COMPUTED, BY_USERS, WRITES = "computed", ", by users", ", 1 % writes"
USERS = 20
#: One write in so many requests.
WRITE_EVERY = 100
_TOKEN = re.compile(r"Authorization: [^\r]*\r\n")


def lists(place: Ground) -> Sequence[Request]:
    """Lists, by nobody in particular."""
    found = RELAIS.requests(Shape.LIST_ALL, place.samples)
    return list(
        {raw: Request(raw, item.status, item.contains) for item in found if (raw := _TOKEN.sub("", item.raw))}.values()
    )


def lists_of_users(place: Ground) -> Sequence[Request]:
    """The same lists, each by one of a few users."""
    host = "Host: localhost\r\n"
    return [
        dataclasses.replace(item, raw=item.raw.replace(host, f"{host}Authorization: Bearer {token}\r\n", 1))
        for item in lists(place)
        for token in place.samples.tokens[:USERS]
    ]


def with_writes(place: Ground, reads: Sequence[Request]) -> Sequence[Request]:
    """Reads, and every so often a write."""
    writes = itertools.cycle(RELAIS.requests(Shape.UPDATE, place.samples))
    found: list[Request] = []
    for number, read in zip(range(50 * WRITE_EVERY), itertools.cycle(reads), strict=False):
        found.append(next(writes) if number % WRITE_EVERY == WRITE_EVERY - 1 else read)
    return found


def rows_of(place: Ground, pace: Pace, stack: ExitStack) -> list[Row]:
    """What is measured."""
    off, kept, at_hand = (stack.enter_context(server(place, more)) for more in (OFF, KEPT, AT_HAND))
    alone, users = lists(place), lists_of_users(place)
    found: list[Row] = []
    for what, requests in (("", alone), (BY_USERS, users), (WRITES, with_writes(place, alone))):
        found.append(Row(f"{COMPUTED}{what}", turns_of(place, off, requests, pace)))
        found.append(Row(f"kept{what}", turns_of(place, kept, requests, pace)))
        found.append(Row(f"at hand for 0.5 s{what}", turns_of(place, at_hand, requests, pace)))
    return found


def _line(name: str, turns: Mapping[str, Sequence[Turn]]) -> tuple[str, ...]:
    what = next((what for what in (BY_USERS, WRITES) if name.endswith(what)), "")
    return f"{ratio(turns[name], turns[f'{COMPUTED}{what}']):.2f}", others(turns[name])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments say."""
    chosen = options(__doc__, rows=20_000, turns=5).parse_args(argv)
    return measure(chosen, rows_of, ("of computed", "others' CPU"), _line)


if __name__ == "__main__":
    raise SystemExit(main())
