"""`python -m benchmarks.memory`: the resident memory of the API process, at rest, after a run, and under a large body.

A body within the limit must be answered 201 and one beyond it 413, whatever either does to memory.
"""

import argparse
import http.client
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

from benchmarks import dialect, machine, report
from benchmarks.contenders import RELAIS
from benchmarks.ground import Ground, ground
from benchmarks.processes import HOST, Command, end_in_order, free_port, rss_bytes, serving
from benchmarks.shapes import INSERT_CATEGORY, INSERT_VISIBILITY, Shape
from benchmarks.turns import Pace, server_order, server_turn

MB = 2**20
#: How long a row's text is. Few long rows, so that it is the body that costs and not the indexes.
TEXT_BYTES = 50_000
SAMPLE_SECONDS = 0.005
#: Nothing but the size of the body is to end a request.
PATIENT = {
    "RELAIS_HTTP_TIMEOUT_SECONDS": "300",
    "RELAIS_DATABASE_STATEMENT_TIMEOUT_SECONDS": "300",
}
HEADINGS = ("moment", "RSS MB", "peak MB", "answer", "seconds")


@dataclass(frozen=True, slots=True)
class Moment:
    """The memory of the process at the end of something, and the most that was seen during it."""

    what: str
    rss: int
    peak: int
    answer: str = report.NOTHING
    seconds: float | None = None

    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        seconds = report.NOTHING if self.seconds is None else f"{self.seconds:.2f}"
        return (self.what, f"{self.rss / MB:.0f}", f"{self.peak / MB:.0f}", self.answer, seconds)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments say; 1 when a body was not answered as it should be."""
    end_in_order()
    options = _options(argv)
    with ground(options.rows) as place:
        print("\n".join(f"- {line}" for line in machine.description(place.postgres_version)), flush=True)
        pace = Pace(1, options.seconds, options.concurrency)
        moments = [*moments_of(place, pace, options.body_mb, within=True)]
        moments += moments_of(place, pace, options.body_mb, within=False)
    print(f"\n{report.drawn(HEADINGS, [item.cells() for item in moments])}")
    answers = [item.answer for item in moments if item.answer != report.NOTHING]
    return 0 if answers == ["201", "413"] else 1


def moments_of(place: Ground, pace: Pace, body_mb: int, *, within: bool) -> Iterator[Moment]:
    """A process of its own: at rest, after a run, after a body that is within its limit or twice as large."""
    limit = 2 * body_mb if within else max(1, body_mb // 2)
    port = free_port()
    started = RELAIS.command(place, port)
    settings = {**started.env, **PATIENT, "RELAIS_HTTP_BODY_LIMIT_BYTES": str(limit * MB)}
    with serving(Command(started.argv, settings), port, RELAIS.ready_path) as pid:
        at_rest = rss_bytes(pid)
        yield Moment(f"at rest, body limit {limit} MB", at_rest, at_rest)
        with peak_of(pid) as peak:
            requests = RELAIS.requests(Shape.LIST_ALL, place.samples)
            turn = server_turn(server_order(port, requests, pace), pid, place.postgres_pid)
        yield Moment(f"after {turn.requests:,} lists", rss_bytes(pid), peak())
        body = large_body(body_mb)
        with peak_of(pid) as peak:
            began = time.perf_counter()
            status = _sent(port, body, place.samples.tokens[0])
            seconds = time.perf_counter() - began
        yield Moment(f"after a body of {len(body) / MB:.0f} MB", rss_bytes(pid), peak(), str(status), seconds)
    place.clean()


def large_body(megabytes: int) -> bytes:
    """Rows to insert, about so many megabytes of JSON together."""
    row = {"category": INSERT_CATEGORY, "visibility": INSERT_VISIBILITY, "description": "Une ligne très longue."}
    count = max(1, megabytes * MB // TEXT_BYTES)
    rows = [
        {**row, "title": f"Longue, la {number}", "readme": "mesure " * (TEXT_BYTES // 7)} for number in range(count)
    ]
    return json.dumps(rows).encode()


@contextmanager
def peak_of(pid: int) -> Generator[Callable[[], int]]:
    """Watch the memory of a process during the block; then ask for the most that was seen."""
    ended, seen = Event(), [rss_bytes(pid)]

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            seen[0] = max(seen[0], rss_bytes(pid))

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield lambda: seen[0]
    finally:
        ended.set()
        watching.join()


def _sent(port: int, body: bytes, token: str) -> int:
    """The status of an insert; a server that refuses need not read what it refuses."""
    connection = http.client.HTTPConnection(HOST, port, timeout=600)
    headers = {"Content-Type": "application/json", **dialect.authorization(token), **dialect.MINIMAL}
    try:
        connection.request("POST", "/rest/v1/resources", body, headers)
    except (BrokenPipeError, ConnectionResetError):
        pass  # its answer may be there all the same
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="resources in the database")
    parser.add_argument("--body-mb", type=int, default=50, help="megabytes of the large body")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the run")
    parser.add_argument("--concurrency", type=int, default=16, help="connections at once during the run")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
