"""`python -m benchmarks`: compare the contenders and print the tables."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, report
from benchmarks.contenders import CONTENDERS, why_missing
from benchmarks.ground import ground
from benchmarks.processes import end_in_order
from benchmarks.shapes import Shape
from benchmarks.turns import Measured, Pace, take_turns


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments say; 1 when any request failed."""
    end_in_order()
    options = _options(argv)
    wanted = {item: why_missing(item) for item in CONTENDERS if item.name in options.only}
    chosen = [item for item, reason in wanted.items() if reason is None]
    left_out = tuple(f"{item.name} is left out: {reason}" for item, reason in wanted.items() if reason is not None)
    pace = Pace(turns=options.turns, seconds=options.seconds, concurrency=options.concurrency)
    with ground(options.rows) as place:
        about = (
            *machine.description(place.postgres_version),
            *place.notes,
            f"{pace.concurrency} connections, median of {pace.turns} turns of {pace.seconds:g} s",
            *(f"{item.name}: {item.about}" for item in chosen),
            *left_out,
        )
        print("\n".join(f"- {line}" for line in about), flush=True)
        measured: list[Measured] = []
        for item in take_turns(place, chosen, options.shapes, pace):
            measured.append(item)
            print(f"{item.shape.value} {item.name}: {item.turn.rate:,.0f} req/s", file=sys.stderr, flush=True)
    for shape in options.shapes:
        print(f"\n{report.table(measured, shape)}")
    if options.json is not None:
        options.json.write_text(json.dumps(report.document(measured, about), indent=1) + "\n")
    failed = report.failures(measured)
    print("".join(f"\nFAILED {line}" for line in failed), file=sys.stderr)
    return 1 if failed else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    names = [item.name for item in CONTENDERS]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, beside PostgREST, the ceiling and the textbook."
    )
    parser.add_argument("--rows", type=int, default=100_000, help="resources in the database")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=5, help="turns of each contender on each shape")
    parser.add_argument("--concurrency", type=int, default=16, help="connections at once")
    parser.add_argument("--shapes", type=_list_of(list(Shape)), default=list(Shape), help=", ".join(Shape))
    parser.add_argument("--only", type=_list_of(names), default=names, help=", ".join(names))
    parser.add_argument("--json", type=Path, help="write every turn to this file as well")
    return parser.parse_args(argv)


def _list_of(known: Sequence[str]):
    def chosen(text: str) -> list[str]:
        wanted = text.split(",")
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
        return [name for name in known if name in wanted]

    return chosen


if __name__ == "__main__":
    raise SystemExit(main())
