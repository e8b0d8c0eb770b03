"""Rows of a table that are measured by turns against servers of ours: what the benchmarks of one product share."""

import argparse
import itertools
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks import machine, report
from benchmarks.contenders import RELAIS
from benchmarks.figures import Turn, summary_of
from benchmarks.ground import Ground, ground
from benchmarks.load import Request
from benchmarks.processes import Command, end_in_order, free_port, serving
from benchmarks.turns import Pace, server_order, server_turn

HEADINGS = ("what", "req/s", "slowest–fastest", "p50 ms", "p95 ms", "p99 ms", "errors", "server CPU ms", "PG CPU ms")
#: A port and the process that answers there.
Server = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is measured: a name, and how one turn of it goes."""

    name: str
    turn: Callable[[], Turn]


#: Starts what is measured; it runs until the stack ends.
Made = Callable[[Ground, Pace, ExitStack], list[Row]]


@contextmanager
def server(place: Ground, more: Mapping[str, str]) -> Generator[Server]:
    """An API with further settings."""
    port = free_port()
    started = RELAIS.command(place, port)
    with serving(Command(started.argv, {**started.env, **more}), port, RELAIS.ready_path) as pid:
        yield port, pid


def turns_of(place: Ground, running: Server, requests: Sequence[Request], pace: Pace) -> Callable[[], Turn]:
    """A turn of these requests to a server."""
    return lambda: server_turn(server_order(running[0], requests, pace), running[1], place.postgres_pid)


def options(doc: str | None, *, rows: int, turns: int) -> argparse.ArgumentParser:
    """What all of them let be said."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--rows", type=int, default=rows, help="resources in the database")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=turns, help="turns of each row")
    parser.add_argument("--concurrency", type=int, default=16, help="connections at once")
    return parser


def measure(
    chosen: argparse.Namespace,
    made: Made,
    headings: Sequence[str],
    line: Callable[[str, Mapping[str, Sequence[Turn]]], Sequence[str]],
    *,
    about: Callable[[Ground], Sequence[str]] = lambda _: (),
) -> int:
    """Every row by turns, then the table; 1 when any request failed."""
    end_in_order()
    pace = Pace(chosen.turns, chosen.seconds, chosen.concurrency)
    with ground(chosen.rows) as place, ExitStack() as stack:
        told = (*machine.description(place.postgres_version), *place.notes, *about(place))
        print("\n".join(f"- {item}" for item in told), flush=True)
        rows = made(place, pace, stack)
        turns: dict[str, list[Turn]] = {row.name: [] for row in rows}
        for _, row in itertools.product(range(pace.turns), rows):
            turns[row.name].append(row.turn())
        place.clean()
    lines = [(*figures(name, own), *line(name, turns)) for name, own in turns.items()]
    print(f"\n{report.drawn((*HEADINGS, *headings), lines)}")
    return 1 if any(turn.errors for own in turns.values() for turn in own) else 0


def figures(name: str, own: Sequence[Turn]) -> tuple[str, ...]:
    """A row of the table, as far as `HEADINGS` go."""
    found = summary_of(own)
    return (
        *(name, f"{found.rate:,.0f}", f"{found.slowest:,.0f}–{found.fastest:,.0f}"),
        *(f"{value:.2f}" for value in (found.latency.p50, found.latency.p95, found.latency.p99)),
        *(str(found.errors), f"{found.server_ms:.3f}", f"{found.postgres_ms:.3f}"),
    )


def others(own: Sequence[Turn]) -> str:
    """How much of the machine others had meanwhile."""
    return f"{summary_of(own).others:.0%}"
