"""`python -m benchmarks.realtime`: how soon listeners hear of changes, what they cost, and what that does to requests.

Many clients are connected, some of whom subscribe to the changes of one table, each as another user; rows of it are
changed so many times a second. What is told is the time from a commit to its receipt, beside a message of the same
size through Redis alone; and requests at a fixed rate, with and without all that. Clients and server share the machine.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import asyncpg
from redis.asyncio import Redis

from benchmarks import machine, report
from benchmarks.contenders import RELAIS
from benchmarks.figures import Latency, latency_of
from benchmarks.gateways import relais_command
from benchmarks.ground import Ground, ground
from benchmarks.listeners import Party
from benchmarks.load import Order, report_from
from benchmarks.processes import HOST, ROOT, Command, cpu_seconds, end_in_order, free_port, rss_bytes, serving
from benchmarks.shapes import Shape

WIDE = {
    "RELAIS_LIMITS_READS": "100000000/1",
    "RELAIS_REALTIME_CONNECTIONS_PER_USER": "100000",
    "RELAIS_REALTIME_CONNECTIONS_PER_ADDRESS": "100000",
    "RELAIS_REALTIME_HANDSHAKES_PER_ADDRESS": "100000",
}
WANTED = {
    "channel": "rows",
    "postgres_changes": {"event": "UPDATE", "schema": "public", "table": "resources"},
}
CHANNEL = "bench"
ROWS_CHANGED = 500
WRITERS = 4
HEADINGS = ("what", "events/s", "p50 ms", "p95 ms", "p99 ms", "missing", "server CPU", "PG CPU")
#: What has not come when so much time has passed since the last change is missing.
PATIENCE_SECONDS = 3.0
_SOME = "select id from library.resources where visibility = 'public' order by id limit $1"
_CHANGE = "update library.resources set title = $2 where id = $1"


@dataclass(frozen=True, slots=True)
class Told:
    """How a while of changes went."""

    name: str
    seconds: float
    received: int
    missing: int
    latency: Latency
    server_cpu: float
    postgres_cpu: float

    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        latency = (f"{value:.1f}" for value in (self.latency.p50, self.latency.p95, self.latency.p99))
        cpu = (f"{value / self.seconds:.0%}" for value in (self.server_cpu, self.postgres_cpu))
        return (self.name, f"{self.received / self.seconds:,.0f}", *latency, str(self.missing), *cpu)


class Guests:
    """The process in which listeners are."""

    def __init__(self, party: Party) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-m", "benchmarks.listeners"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(json.dumps(asdict(party)))
        if self._hear().strip() != "ready":
            raise RuntimeError("the listeners could not connect")

    def count(self) -> None:
        """From now on."""
        self._say("count")

    def stop(self) -> list[tuple[int, float]]:
        """What came since, and when."""
        self._say("stop")
        return json.loads(self._hear())

    def close(self) -> None:
        """Show them out."""
        with self._process:
            self._process.kill()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def guests(party: Party) -> Generator[Guests]:
    """Have them during the block."""
    found = Guests(party)
    try:
        yield found
    finally:
        found.close()


async def at_a_rate(per_second: float, seconds: float, do: Callable[[int], Awaitable[Any]]) -> list[float]:
    """Do something so many times a second: when each was done."""
    total = int(per_second * seconds)
    done = [0.0] * total
    numbers = iter(range(total))
    began = time.monotonic()

    async def one_after_the_other() -> None:
        for number in numbers:
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            await do(number)
            done[number] = time.monotonic()

    await asyncio.gather(*(one_after_the_other() for _ in range(WRITERS)))
    return done


async def changes(place: Ground, per_second: float, seconds: float) -> list[float]:
    """Change rows: when each change was committed."""
    pool = cast("Any", await asyncpg.create_pool(place.admin_url, min_size=WRITERS, max_size=WRITERS))
    try:
        which = [row[0] for row in await pool.fetch(_SOME, ROWS_CHANGED)]
        return await at_a_rate(
            per_second, seconds, lambda number: pool.execute(_CHANGE, which[number % len(which)], f"<<{number}>>")
        )
    finally:
        await pool.close()


async def messages(place: Ground, per_second: float, seconds: float, size: int) -> list[float]:
    """Messages through Redis alone: when each was about to be sent."""
    assert place.settings.redis.url is not None
    client = Redis.from_url(place.settings.redis.url.get_secret_value())
    filling = "x" * size
    try:
        return await at_a_rate(per_second, seconds, lambda number: client.publish(CHANNEL, f"<<{number}>>{filling}"))
    finally:
        await client.aclose()


def told_of(name: str, place: Ground, server_pid: int, party: Guests, listeners: int, made: Any) -> Told:
    """How soon what is made is heard."""
    party.count()
    began, server, postgres = time.monotonic(), cpu_seconds(server_pid), cpu_seconds(place.postgres_pid)
    done: list[float] = asyncio.run(made)
    seconds = time.monotonic() - began
    server, postgres = cpu_seconds(server_pid) - server, cpu_seconds(place.postgres_pid) - postgres
    time.sleep(PATIENCE_SECONDS)
    came = party.stop()
    # Told before the writer heard that it was committed: at once.
    latency = latency_of([max(0.0, when - done[number]) * 1000 for number, when in came])
    return Told(name, seconds, len(came), len(done) * listeners - len(came), latency, server, postgres)


@contextmanager
def asked(place: Ground, port: int, per_second: float, seconds: float) -> Generator[subprocess.Popen[str]]:
    """Requests at a fixed rate during the block; its last line is their report."""
    order = Order(HOST, port, 8, 1.0, seconds, RELAIS.requests(Shape.LIST_ALL, place.samples), per_second=per_second)
    process = subprocess.Popen(
        (sys.executable, "-m", "benchmarks.load"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(json.dumps(asdict(order)))
        process.stdin.close()
        process.stdout.readline()
        yield process


def latency_from(process: subprocess.Popen[str]) -> Latency:
    """How long requests took."""
    assert process.stdout is not None
    process.stdout.readline()
    found = report_from(process.stdout.readline())
    if found.errors:
        raise RuntimeError(f"requests failed: {found.errors}")
    return found.latency


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments say; 1 when something that was told did not come."""
    end_in_order()
    chosen = options(argv)
    with ground(chosen.rows) as place:
        print("\n".join(f"- {line}" for line in machine.description(place.postgres_version)), flush=True)
        tokens = [place.samples.tokens[number % len(place.samples.tokens)] for number in range(chosen.clients)]
        started = relais_command(place, port := free_port(), chosen.workers)
        with serving(Command(started.argv, {**started.env, **WIDE}), port, RELAIS.ready_path) as pid:
            rows, lines = measured(place, chosen, port, pid, tokens)
        print("\n".join(f"- {line}" for line in lines), flush=True)
        rows.append(_through_redis(place, chosen))
    print(f"\n{report.drawn(HEADINGS, [row.cells() for row in rows])}\n")
    if rows[-1].latency.p95:
        print(f"- p95 beside that of Redis alone: {rows[0].latency.p95 / rows[-1].latency.p95:.1f} x")
    return 1 if any(row.missing for row in rows) else 0


def measured(
    place: Ground, chosen: argparse.Namespace, port: int, pid: int, tokens: Sequence[str]
) -> tuple[list[Told], list[str]]:
    """Changes alone and beside requests; and what connections and requests cost, in words."""
    with asked(place, port, chosen.requests, chosen.seconds) as process:
        alone = latency_from(process)
    before = rss_bytes(pid)
    idle = Party(HOST, port, tokens[chosen.subscribers :], 0, "")
    busy = Party(HOST, port, tokens[: chosen.subscribers], chosen.subscribers, json.dumps(WANTED))
    with guests(idle):
        each = (rss_bytes(pid) - before) / max(1, len(idle.tokens)) / 1024
        with guests(busy) as party:

            def told(name: str) -> Told:
                made = changes(place, chosen.changes, chosen.seconds)
                return told_of(name, place, pid, party, chosen.subscribers, made)

            told("warm-up")
            rows = [told("changes")]
            with asked(place, port, chosen.requests, chosen.seconds) as process:
                rows.append(told(f"changes, beside {chosen.requests:.0f} requests a second"))
                beside = latency_from(process)
    return rows, [
        f"{len(idle.tokens)} idle connections: {each:.0f} KB of the server's memory each",
        f"{chosen.requests:.0f} requests a second: p95 {alone.p95:.1f} ms without changes and connections, "
        f"{beside.p95:.1f} ms with them ({beside.p95 / alone.p95:.2f} x)",
    ]


def _through_redis(place: Ground, chosen: argparse.Namespace) -> Told:
    assert place.settings.redis.url is not None
    url = urlsplit(place.settings.redis.url.get_secret_value())
    with guests(Party(unquote(url.path), 0, (), chosen.subscribers, CHANNEL, unquote(url.password or ""))) as party:
        made = messages(place, chosen.changes, chosen.seconds, 1500)
        return told_of("Redis alone", place, place.postgres_pid, party, chosen.subscribers, made)


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.realtime", description=__doc__)
    parser.add_argument("--rows", type=int, default=5000, help="resources in the database")
    parser.add_argument("--clients", type=int, default=2000, help="connections")
    parser.add_argument("--subscribers", type=int, default=100, help="those of them that subscribe")
    parser.add_argument("--changes", type=float, default=200.0, help="changes a second")
    parser.add_argument("--requests", type=float, default=50.0, help="requests a second beside them")
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each part")
    parser.add_argument("--workers", type=int, default=2, help="processes of the API")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
