"""`python -m benchmarks.servers`: the same ASGI applications under uvicorn and, where it is installed, granian.

Granian is no dependency: name its program with `--granian`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks import asgi, machine, report
from benchmarks.figures import Turn, ratio, summary_of
from benchmarks.ground import Ground, ground
from benchmarks.load import Request, get
from benchmarks.processes import HOST, Command, free_port, serving
from benchmarks.shapes import Samples
from benchmarks.turns import Pace, server_order, server_turn

WORKERS = (1, 2)
HEADINGS = (
    "server",
    "workers",
    "req/s",
    "slowest–fastest",
    "p50 ms",
    "p99 ms",
    "errors",
    "server CPU ms",
    "load CPU ms",
    "RSS MB",
    "of uvicorn",
    "others' CPU",
)


@dataclass(frozen=True, slots=True)
class Application:
    """An application under test, and what it is asked."""

    name: str
    target: str
    factory: bool
    requests: Callable[[Samples], Sequence[Request]]


def _lists(samples: Samples) -> Sequence[Request]:
    return [get(f"/?category={quote(name)}", contains=f'"{name}"') for name in samples.categories]


def _hellos(_samples: Samples) -> Sequence[Request]:
    return [get("/", contains="hello")]


#: The command line of a server for an application, a port and a number of workers.
Argv = Callable[[Application, int, int], tuple[str, ...]]
APPLICATIONS = (
    Application("hello", "benchmarks.asgi:hello", False, _hellos),
    Application("list", "benchmarks.asgi:resources", True, _lists),
)


def uvicorn_argv(application: Application, port: int, workers: int) -> tuple[str, ...]:
    """uvicorn as `relais serve` runs it."""
    return (
        *(sys.executable, "-m", "uvicorn", application.target, *(("--factory",) if application.factory else ())),
        *("--host", HOST, "--port", str(port), "--workers", str(workers), "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning", "--no-server-header", "--lifespan", "on"),
    )


def granian_argv(program: str) -> Argv:
    """granian with the same event loop and one thread."""

    def argv(application: Application, port: int, workers: int) -> tuple[str, ...]:
        return (
            *(program, application.target, *(("--factory",) if application.factory else ())),
            *("--interface", "asgi", "--http", "1", "--loop", "uvloop", "--host", HOST, "--port", str(port)),
            *("--workers", str(workers), "--runtime-threads", "1", "--no-access-log", "--log-level", "warning"),
        )

    return argv


def environment(place: Ground) -> dict[str, str]:
    """What the applications read. A granian that lives in an environment of its own uses the libraries of ours."""
    return {
        asgi.DATABASE_URL: place.database_url,
        asgi.TENANT_ID: place.samples.tenant_id,
        asgi.USER_ID: place.samples.user_id,
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
    }


@contextmanager
def _ready(
    argv: Argv, application: Application, workers: int, *, place: Ground, pace: Pace
) -> Generator[Callable[[], Turn]]:
    port = free_port()
    requests = application.requests(place.samples)
    with serving(Command(argv(application, port, workers), environment(place)), port, "/ready") as pid:
        yield lambda: server_turn(server_order(port, requests, pace), pid, place.postgres_pid)


def compare(application: Application, servers: Mapping[str, Argv], place: Ground, pace: Pace) -> None:
    """An application under every server with one and with two workers, by turns."""
    turns: dict[tuple[str, int], list[Turn]] = {(name, workers): [] for workers in WORKERS for name in servers}
    with ExitStack() as stack:
        ready = {
            (name, workers): stack.enter_context(_ready(servers[name], application, workers, place=place, pace=pace))
            for name, workers in turns
        }
        for _ in range(pace.turns):
            for key, measure in ready.items():
                turns[key].append(measure())
    rows = [_line(*key, own, turns["uvicorn", key[1]]) for key, own in turns.items()]
    print(f"\n### {application.name}\n\n{report.drawn(HEADINGS, rows)}", flush=True)


def _line(name: str, workers: int, turns: Sequence[Turn], uvicorn: Sequence[Turn]) -> tuple[str, ...]:
    found = summary_of(turns)
    return (
        *(name, str(workers), f"{found.rate:,.0f}", f"{found.slowest:,.0f}–{found.fastest:,.0f}"),
        *(f"{found.latency.p50:.2f}", f"{found.latency.p99:.2f}", str(found.errors)),
        *(f"{found.server_ms:.3f}", f"{found.load_ms:.3f}", f"{found.rss_bytes / 2**20:.0f}"),
        *(f"{ratio(turns, uvicorn):.2f}", f"{found.others:.0%}"),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Compare the servers that are there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers")
    parser.add_argument("--granian", help="the program granian, if it is installed")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=16)
    options = parser.parse_args(argv)
    servers: dict[str, Argv] = {"uvicorn": uvicorn_argv}
    if options.granian:
        servers["granian"] = granian_argv(options.granian)
    with ground(options.rows) as place:
        print("\n".join(f"- {line}" for line in machine.description(place.postgres_version)), flush=True)
        for application in APPLICATIONS:
            compare(application, servers, place, Pace(options.turns, options.seconds, options.concurrency))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
