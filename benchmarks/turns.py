"""Contenders by turns on each shape: A, B, A, B …, so that a machine that slows down slows all of them."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from time import perf_counter

import psutil

from benchmarks import pgbench
from benchmarks.contenders import Ceiling, Contender
from benchmarks.figures import Turn, latency_of
from benchmarks.ground import Ground
from benchmarks.load import Order, Request, report_from
from benchmarks.processes import HOST, ROOT, cpu_seconds, free_port, machine_seconds, rss_bytes, serving
from benchmarks.shapes import Shape


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how hard."""

    turns: int
    seconds: float
    concurrency: int
    warm_up_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A turn that is over."""

    shape: Shape
    name: str
    turn: Turn


#: A contender that is ready: measures one turn on a shape.
Measure = Callable[[Shape], Turn]


def take_turns(
    ground: Ground, contenders: Sequence[Contender | Ceiling], shapes: Sequence[Shape], pace: Pace
) -> Iterator[Measured]:
    """Every turn as it ends. All servers run the whole time; only one is asked at a time, for what it has."""
    with ExitStack() as stack:
        ready = [(item, stack.enter_context(_ready(item, ground, pace))) for item in contenders]
        for shape in shapes:
            for _ in range(pace.turns):
                for item, measure in ready:
                    if shape in item.shapes:
                        ground.clean()
                        yield Measured(shape, item.name, measure(shape))
        ground.clean()


@contextmanager
def _ready(contender: Contender | Ceiling, ground: Ground, pace: Pace) -> Generator[Measure]:
    if isinstance(contender, Ceiling):
        yield lambda shape: ceiling_turn(contender, ground, shape, pace)
        return
    port = free_port()
    with serving(contender.command(ground, port), port, contender.ready_path) as pid:
        yield lambda shape: server_turn(
            server_order(port, contender.requests(shape, ground.samples), pace), pid, ground.postgres_pid
        )


def server_order(port: int, requests: Sequence[Request], pace: Pace) -> Order:
    """What the load generator is to do to a server of ours."""
    return Order(
        host=HOST,
        port=port,
        connections=pace.concurrency,
        warm_up_seconds=pace.warm_up_seconds,
        seconds=pace.seconds,
        requests=requests,
    )


def server_turn(order: Order, server_pid: int, postgres_pid: int) -> Turn:
    """Have the load generator ask a server, and see what that takes."""
    process = subprocess.Popen(
        (sys.executable, "-m", "benchmarks.load"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(json.dumps(asdict(order)))
        process.stdin.close()
        _expect(process.stdout.readline(), "measuring")
        before = _seen(server_pid, postgres_pid)
        _expect(process.stdout.readline(), "measured")
        after = _seen(server_pid, postgres_pid)
        rss = rss_bytes(server_pid)
        report = report_from(process.stdout.readline())
    machine, server, postgres = (late - early for early, late in zip(before, after, strict=True))
    return Turn(
        requests=report.requests,
        seconds=report.seconds,
        latency=report.latency,
        errors=report.errors,
        server_cpu=server,
        postgres_cpu=postgres,
        load_cpu=report.cpu_seconds,
        others=_share(machine - server - postgres - report.cpu_seconds, report.seconds),
        cpu_requests=report.requests,
        rss_bytes=rss,
    )


def ceiling_turn(ceiling: Ceiling, ground: Ground, shape: Shape, pace: Pace) -> Turn:
    """Have pgbench ask PostgreSQL, and see what that takes."""
    others = pgbench.backends(ground)
    machine, postgres, began = machine_seconds(), cpu_seconds(ground.postgres_pid), perf_counter()
    outcome = pgbench.run(
        ground,
        shape,
        stamp_once=ceiling.stamp_once,
        connections=pace.concurrency,
        seconds=pace.seconds,
        warm_up_seconds=pace.warm_up_seconds,
    )
    took = perf_counter() - began
    pgbench.wait_until_gone(ground, others)
    postgres = cpu_seconds(ground.postgres_pid) - postgres
    machine = machine_seconds() - machine
    return Turn(
        requests=outcome.requests,
        seconds=pace.seconds,
        latency=latency_of(outcome.milliseconds),
        errors=outcome.errors,
        server_cpu=0.0,
        postgres_cpu=postgres,
        load_cpu=outcome.cpu_seconds,
        others=_share(machine - postgres - outcome.cpu_seconds, took),
        cpu_requests=outcome.all_requests,
        rss_bytes=0,
    )


def _seen(server_pid: int, postgres_pid: int) -> tuple[float, float, float]:
    return machine_seconds(), cpu_seconds(server_pid), cpu_seconds(postgres_pid)


def _share(seconds: float, took: float) -> float:
    return max(0.0, seconds / (took * (psutil.cpu_count() or 1)))


def _expect(line: str, wanted: str) -> None:
    if line.strip() != wanted:
        raise RuntimeError(f"the load generator ended early: it said {line.strip()!r} in place of {wanted!r}")
