"""PostgreSQL's own load generator on the very statements: what no gateway on this machine can beat.

It runs as the API's login under a caller's stamp, so row security costs what it costs a gateway.
"""

import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psutil
from app.embedded.programs import postgres_programs

from benchmarks.ground import Ground
from benchmarks.shapes import FIRST_LANDMARK, LANDMARK_PREFIX, LICENSE, OWNED_PREFIX, Samples, Shape
from benchmarks.statements import STAMP, STATEMENTS
from benchmarks.tokens import ROLE, claims

#: Values that pgbench sends as parameters, by the names that statements give them.
_SENT = {name: f":{name}" for name in ("role", "tenant_id", "visibility", "license", "body", "rows")}
_STAMP_ONCE = "\\if :stamped = 0\n{stamp}\n\\set stamped 1\n\\endif\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did. `requests` are those after the warm-up, `all_requests` those that the CPU went to."""

    requests: int
    all_requests: int
    milliseconds: Sequence[float]
    errors: Mapping[str, int]
    cpu_seconds: float


def script(shape: Shape, samples: Samples, *, stamp_once: bool) -> str:
    """A transaction of pgbench: a user's stamp, once a connection or every time, then the statement."""
    user_id = f"(({_array(samples.users, 'uuid')})[:user::int]::text)"
    caller = f"""('{{"sub":"' || {user_id} || '","tenant_id":"' || :tenant_id || '","role":"' || :role || '"}}')"""
    stamp = STAMP.format(**_SENT, user_id=user_id, claims=caller)
    stamp = f"\\set user random(1, {len(samples.users)})\n{stamp};"
    values = {
        **_SENT,
        "id": f"('{LANDMARK_PREFIX}' || :landmark)",
        "owned": f"('{OWNED_PREFIX}' || {FIRST_LANDMARK - 1} + :user::int)",
        "category": f"({_array(samples.categories, 'text')})[:category::int]",
        "query": f"({_array(samples.names, 'text')})[:name::int]",
    }
    return (
        f"{_STAMP_ONCE.format(stamp=stamp) if stamp_once else stamp}\n"
        f"\\set landmark random({FIRST_LANDMARK}, {FIRST_LANDMARK + samples.landmarks - 1})\n"
        f"\\set category random(1, {len(samples.categories)})\n\\set name random(1, {len(samples.names)})\n"
        f"{STATEMENTS[shape].format(**values)};\n"
    )


def _array(values: Sequence[str], kind: str) -> str:
    """Values to choose from: folded to a constant when the statement is planned; which one is taken is a parameter."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"array[{listed}]::{kind}[]"


def run(
    ground: Ground, shape: Shape, *, stamp_once: bool, connections: int, seconds: float, warm_up_seconds: float
) -> Outcome:
    """Run a shape for some seconds after a warm-up."""
    with tempfile.TemporaryDirectory(prefix="relais-pgbench-") as scratch:
        place = Path(scratch)
        (place / "shape.sql").write_text(script(shape, ground.samples, stamp_once=stamp_once))
        program = postgres_programs(None) / "pgbench"
        # pgbench counts whole seconds; what the log says of each transaction is cut to the time that was asked for.
        whole = max(1, -int(-(seconds + warm_up_seconds) // 1))
        argv = (
            *(str(program), "-n", "-M", "prepared", "-c", str(connections), "-j", "1", "-T", str(whole)),
            *("-l", "--log-prefix", str(place / "log"), "--failures-detailed", "-f", str(place / "shape.sql")),
            *(f"-D{name}={value}" for name, value in _variables(ground.samples).items()),
        )
        before = os.times()
        done = subprocess.run(argv, env=_environment(ground.database_url), capture_output=True, text=True, check=False)
        after = os.times()
        if done.returncode:
            raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}")
        lines = [line for log in place.glob("log*") for line in log.read_text().splitlines()]
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return _outcome(lines, seconds, cpu)


def backends(ground: Ground) -> frozenset[int]:
    """The processes that serve clients' connections."""
    found: set[int] = set()
    for child in psutil.Process(ground.postgres_pid).children():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "[local]" in " ".join(child.cmdline()):
                found.add(child.pid)
    return frozenset(found)


def wait_until_gone(ground: Ground, others: frozenset[int]) -> None:
    """Until the server has reaped the connections of a run, whose CPU time only counts then; `others` may stay."""
    deadline = time.monotonic() + 5
    while backends(ground) - others and time.monotonic() < deadline:
        time.sleep(0.02)


def answer(ground: Ground, shape: Shape, values: Mapping[str, str]) -> str:
    """What the statement answers the first user, through psql: for comparing contenders, not for measuring."""
    samples = ground.samples
    user = {"user_id": samples.user_id, "claims": json.dumps(claims(samples.user_id, samples.tenant_id))}
    given = {**_variables(samples), **user, **values}
    quoted = {name: "'" + value.replace("'", "''") + "'" for name, value in given.items()}
    text = f"{STAMP.format(**quoted)} \\g /dev/null\n{STATEMENTS[shape].format(**quoted)};\n"
    argv = (str(postgres_programs(None) / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1")
    done = subprocess.run(
        argv, input=text, env=_environment(ground.database_url), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"psql failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _variables(samples: Samples) -> dict[str, str]:
    return {
        "stamped": "0",
        "user": "1",
        "role": ROLE,
        "tenant_id": samples.tenant_id,
        "visibility": "public",
        "license": LICENSE,
        "body": samples.body(1),
        "rows": samples.bulk_body(1),
    }


def _environment(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        **os.environ,
        "PGHOST": query["host"][0],
        "PGPORT": query.get("port", ["5432"])[0],
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
    }


def _outcome(lines: Sequence[str], seconds: float, cpu_seconds: float) -> Outcome:
    """A line is: client, number, microseconds or what failed, script, and when it ended in seconds and microseconds."""
    errors: Counter[str] = Counter()
    ended: list[tuple[float, float]] = []
    for line in lines:
        fields = line.split()
        if fields[2].isdigit():
            ended.append((int(fields[4]) + int(fields[5]) / 1e6, int(fields[2]) / 1000))
        else:
            errors[fields[2]] += 1
    # Counted back from the end: the beginning is warm-up, however long connecting took.
    begins = max((moment for moment, _ in ended), default=0.0) - seconds
    counted = [took for moment, took in ended if moment > begins]
    if not counted:
        errors["no answer at all"] += 1
    return Outcome(len(counted), len(ended), counted, errors, cpu_seconds)
