"""`python -m tests.load`: an API of its own, filled, asked by Locust's users for a while; a report in HTML.

`--knee` goes on with more and more users until the 95th percentile passes the bound or requests fail, and says where
that was. Everything runs on this machine, the users too.
"""

import argparse
import asyncio
import csv
import os
import secrets
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.prepare import make_owner
from app.servers import environment

from benchmarks.ground import Ground, ground
from benchmarks.processes import HOST, Command, end_in_order, free_port, serving

LOCUSTFILE = Path(__file__).parent / "locustfile.py"
#: What the product is to hold.
BOUND_MS = 250.0
MODERATOR = "moderation@example.org"
#: All users come from one address here.
WIDE = {f"RELAIS_LIMITS_{kind}": "100000000/60" for kind in ("READS", "WRITES", "AUTH", "ADMIN", "MAIL", "REFRESH")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Locust has counted over all requests."""

    requests: int
    failures: int
    rate: float
    p50: float
    p95: float
    p99: float

    @property
    def holds(self) -> bool:
        """Whether people would not have noticed."""
        return self.failures == 0 and self.requests > 0 and self.p95 < BOUND_MS


def main(argv: Sequence[str] | None = None) -> int:
    """Load; 1 if what should hold does not."""
    end_in_order()
    options = _options(argv)
    with ground(options.rows) as place, _api(place) as (address, more):
        outcome = _loaded(address, more, options.users, options.seconds, html=options.html)
        _tell(options.users, outcome)
        users, held = options.users, outcome.holds
        while options.knee and held and users < options.most:
            users += options.step
            found = _loaded(address, more, users, options.knee_seconds)
            _tell(users, found)
            held = found.holds
    return 0 if outcome.holds else 1


@contextmanager
def _api(place: Ground) -> Generator[tuple[str, Mapping[str, str]]]:
    """The API and a worker, as they are run; and how a moderator signs in."""
    port, password = free_port(), secrets.token_urlsafe(12)
    env = {**environment(place.settings), **WIDE, "RELAIS_DATA_DIR": str(place.settings.data_dir)}
    env |= {"RELAIS_SERVER_PORT": str(port), "RELAIS_SERVER_HOST": HOST, "RELAIS_LOG_ACCESS": "false"}
    asyncio.run(make_owner(place.settings, MODERATOR, password))
    serve, work = ((sys.executable, "-m", "app.cli", what) for what in ("serve", "worker"))
    with serving(Command(serve, env), port, "/ready"):
        worker = subprocess.Popen(work, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield f"http://{HOST}:{port}", {"LOAD_MODERATOR": f"{MODERATOR}:{password}"}
        finally:
            worker.terminate()
            worker.wait(30)


def _loaded(address: str, more: Mapping[str, str], users: int, seconds: int, *, html: Path | None = None) -> Outcome:
    with TemporaryDirectory() as directory:
        stem = Path(directory) / "load"
        command = [
            *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", address, "--headless"),
            *("--users", str(users), "--spawn-rate", str(max(10, users // 10)), "--run-time", f"{seconds}s"),
            *("--csv", str(stem), "--reset-stats", "--only-summary", "--exit-code-on-error", "0"),
            *(("--html", str(html)) if html is not None else ()),
        ]
        done = subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True, check=False)
        table = stem.with_name("load_stats.csv")
        if not table.exists():
            raise RuntimeError(done.stderr[-2000:])
        rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    if html is not None:
        print(done.stderr[-6000:])
    return _outcome(next(row for row in rows if row["Name"] == "Aggregated"))


def _outcome(row: Mapping[str, str]) -> Outcome:
    def number(name: str) -> float:
        return float(row[name]) if row[name] not in ("", "N/A") else 0.0

    return Outcome(
        int(number("Request Count")),
        int(number("Failure Count")),
        number("Requests/s"),
        number("50%"),
        number("95%"),
        number("99%"),
    )


def _tell(users: int, outcome: Outcome) -> None:
    print(
        f"{users} users: {outcome.rate:.0f} requests/s, p50 {outcome.p50:.0f} ms, p95 {outcome.p95:.0f} ms,"
        f" p99 {outcome.p99:.0f} ms, {outcome.failures} of {outcome.requests} failed",
        flush=True,
    )


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rows", type=int, default=20_000, help="resources in the database")
    parser.add_argument("--html", type=Path, default=Path("load.html"), help="where the report goes")
    parser.add_argument("--knee", action="store_true", help="go on until it does not hold any more")
    parser.add_argument("--step", type=int, default=100, help="users more each time")
    parser.add_argument("--knee-seconds", type=int, default=25)
    parser.add_argument("--most", type=int, default=1500)
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
