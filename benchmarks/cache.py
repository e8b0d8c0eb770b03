"""`python -m benchmarks.cache`: lists that are kept against the same lists computed, alone and beside writes.

Readers ask for the lists of the shape `list-all`: without a token, so that all of them are shown the same, and as a few
users, each of whom has answers of their own. Writes are updates of rows that no list shows; they do away with the kept
lists all the same, for the versions are those of tables.
"""

import argparse
import dataclasses
import itertools
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks import machine, report
from benchmarks.contenders import RELAIS
from benchmarks.figures import Turn, ratio, summary_of
from benchmarks.ground import Ground, ground
from benchmarks.load import Request
from benchmarks.processes import Command, end_in_order, free_port, serving
from benchmarks.shapes import Shape
from benchmarks.turns import Pace, server_order, server_turn

WIDE = {"RELAIS_LIMITS_READS": "100000000/1", "RELAIS_LIMITS_WRITES": "100000000/1"}
OFF = {**WIDE, "RELAIS_CACHE_ENABLED": "false"}
KEPT = {**WIDE, "RELAIS_CACHE_ENABLED": "true"}
AT_HAND = {**KEPT, "RELAIS_CACHE_LOCAL_SECONDS": "0.5"}
HEADINGS = (
    *("what", "req/s", "slowest–fastest", "p50 ms", "p95 ms", "p99 ms", "errors", "server CPU ms", "PG CPU ms"),
    *("of computed", "others' CPU"),
)
COMPUTED = "computed"
USERS = 20
#: One write in so many requests.
WRITE_EVERY = 100
_TOKEN = re.compile(r"Authorization: [^\r]*\r\n")


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is measured: a name, what it is compared with, and how one turn of it goes."""

    name: str
    yardstick: str
    turn: Callable[[], Turn]


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


@contextmanager
def _server(place: Ground, more: Mapping[str, str]) -> Generator[tuple[int, int]]:
    port = free_port()
    started = RELAIS.command(place, port)
    with serving(Command(started.argv, {**started.env, **more}), port, RELAIS.ready_path) as pid:
        yield port, pid


def rows_of(place: Ground, pace: Pace, stack: ExitStack) -> list[Row]:
    """What is measured, each by a server that runs until the stack ends."""
    off, kept, at_hand = (stack.enter_context(_server(place, more)) for more in (OFF, KEPT, AT_HAND))
    alone, users = lists(place), lists_of_users(place)
    mixed = with_writes(place, alone)

    def turn(server: tuple[int, int], requests: Sequence[Request]) -> Callable[[], Turn]:
        return lambda: server_turn(server_order(server[0], requests, pace), server[1], place.postgres_pid)

    found: list[Row] = []
    for what, requests in (("", alone), (", by users", users), (", 1 % writes", mixed)):
        yardstick = f"{COMPUTED}{what}"
        found.append(Row(yardstick, yardstick, turn(off, requests)))
        found.append(Row(f"kept{what}", yardstick, turn(kept, requests)))
        found.append(Row(f"at hand for 0.5 s{what}", yardstick, turn(at_hand, requests)))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure by turns; 1 when any request failed."""
    end_in_order()
    options = _options(argv)
    pace = Pace(options.turns, options.seconds, options.concurrency)
    with ground(options.rows) as place, ExitStack() as stack:
        print(
            "\n".join(f"- {line}" for line in (*machine.description(place.postgres_version), *place.notes)), flush=True
        )
        rows = rows_of(place, pace, stack)
        turns: dict[str, list[Turn]] = {row.name: [] for row in rows}
        for _, row in itertools.product(range(pace.turns), rows):
            turns[row.name].append(row.turn())
        place.clean()
    lines = [_line(row, turns[row.name], turns[row.yardstick]) for row in rows]
    print(f"\n{report.drawn(HEADINGS, lines)}")
    return 1 if any(turn.errors for own in turns.values() for turn in own) else 0


def _line(row: Row, own: Sequence[Turn], yardstick: Sequence[Turn]) -> tuple[str, ...]:
    found = summary_of(own)
    return (
        *(row.name, f"{found.rate:,.0f}", f"{found.slowest:,.0f}–{found.fastest:,.0f}"),
        *(f"{value:.2f}" for value in (found.latency.p50, found.latency.p95, found.latency.p99)),
        *(str(found.errors), f"{found.server_ms:.3f}", f"{found.postgres_ms:.3f}"),
        *(f"{ratio(own, yardstick):.2f}", f"{found.others:.0%}"),
    )


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="resources in the database")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=5, help="turns of each row")
    parser.add_argument("--concurrency", type=int, default=16, help="connections at once")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
