"""`python -m benchmarks.growth`: does the indexed list stay as fast when the table grows?

The same list of Relais on databases of several sizes, which take turns; the figures are ratios to the smallest.
"""

import argparse
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

from benchmarks import machine, report
from benchmarks.contenders import RELAIS
from benchmarks.figures import Turn, summary_of
from benchmarks.ground import Ground, ground
from benchmarks.processes import end_in_order, free_port, serving
from benchmarks.shapes import SUMMARIES, Shape
from benchmarks.turns import Pace, server_order, server_turn

HEADINGS = ("resources", "connections", "req/s", "p50 ms", "p99 ms", "p50 x smallest", "p99 x smallest", "errors")
#: A size of the database and a number of connections.
Place = tuple[int, int]
#: Measures one turn with so many connections.
Measure = Callable[[int], Turn]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments say; 1 when any request failed."""
    end_in_order()
    options = _options(argv)
    sizes, connections = sorted(options.sizes), sorted(options.connections)
    with ExitStack() as stack:
        ready: dict[int, Measure] = {}
        for size in sizes:
            print(f"making a database of {size:,} resources", file=sys.stderr, flush=True)
            place = stack.enter_context(ground(size))
            ready[size] = stack.enter_context(_ready(place, options.shape, options.turns, options.seconds))
            if size == sizes[0]:
                print("\n".join(f"- {line}" for line in machine.description(place.postgres_version)), flush=True)
        turns: dict[Place, list[Turn]] = {(size, count): [] for count in connections for size in sizes}
        for _ in range(options.turns):
            for size, count in turns:
                turns[size, count].append(ready[size](count))
    rows = [line(place, own, turns[sizes[0], place[1]]) for place, own in turns.items()]
    print(f"\n### {options.shape.value}: {SUMMARIES[options.shape]}\n\n{report.drawn(HEADINGS, rows)}")
    return 1 if any(turn.errors for own in turns.values() for turn in own) else 0


def line(place: Place, own: Sequence[Turn], smallest: Sequence[Turn]) -> tuple[str, ...]:
    """A row of the table: ratios are medians over neighbouring turns, which saw the same machine."""
    found = summary_of(own)
    pairs = list(zip(own, smallest, strict=True))
    p50 = median(_times(ours.latency.p50, theirs.latency.p50) for ours, theirs in pairs)
    p99 = median(_times(ours.latency.p99, theirs.latency.p99) for ours, theirs in pairs)
    latencies = (f"{found.latency.p50:.2f}", f"{found.latency.p99:.2f}", f"{p50:.2f}", f"{p99:.2f}")
    return (f"{place[0]:,}", str(place[1]), f"{found.rate:,.0f}", *latencies, str(found.errors))


def _times(value: float, yardstick: float) -> float:
    return value / yardstick if yardstick else 0.0


@contextmanager
def _ready(place: Ground, shape: Shape, turns: int, seconds: float) -> Generator[Measure]:
    port = free_port()
    requests = RELAIS.requests(shape, place.samples)

    def measure(connections: int) -> Turn:
        order = server_order(port, requests, Pace(turns, seconds, connections))
        return server_turn(order, pid, place.postgres_pid)

    with serving(RELAIS.command(place, port), port, RELAIS.ready_path) as pid:
        yield measure


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=_numbers, default=[10_000, 100_000, 1_000_000], help="resources, by commas")
    parser.add_argument("--connections", type=_numbers, default=[1, 16], help="connections at once, by commas")
    parser.add_argument("--shape", type=Shape, default=Shape.LIST_ALL, choices=list(Shape), help="what is asked")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=5, help="turns of each size with each number of connections")
    return parser.parse_args(argv)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    raise SystemExit(main())
