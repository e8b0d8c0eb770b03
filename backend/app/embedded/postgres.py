"""The embedded PostgreSQL server: joined when it runs and answers, else started.

Not here: its files (`cluster`), how its process is held and ended (`processes`), when it is started (`servers`).
"""

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT

from app.embedded import logs, processes
from app.embedded.cluster import SUPERUSER, ensure_cluster
from app.embedded.errors import EmbeddedError, failure
from app.embedded.place import PORT, Place
from app.embedded.programs import postgres_programs
from app.settings import EmbeddedSettings

DATABASE = "relais"
POLL_SECONDS = 0.02
#: SIGINT rolls back and writes everything down; SIGQUIT stops at once and leaves the rest to recovery.
ENDING = ((SIGINT, 3.0), (SIGQUIT, 2.0), (SIGKILL, 1.0))


@dataclass(frozen=True, slots=True)
class Postgres:
    """What a start needs to know, gathered once."""

    place: Place
    settings: EmbeddedSettings
    programs: Path
    password: str


def ensured(place: Place, settings: EmbeddedSettings, password: str) -> tuple[int, bool]:
    """The pid of a server that answers, and whether it had to be started."""
    postgres = Postgres(place, settings, postgres_programs(place.account), password)
    if pid := _joinable(place):
        try:
            _wait_until_ready(postgres, 0)
        except EmbeddedError:
            if processes.lives(place.postgres, pid):
                raise
        else:
            return pid, False
    stop(place)
    try:
        pid, log_start = _start(postgres)
        _wait_until_ready(postgres, log_start)
    except BaseException:
        stop(place)
        raise
    return pid, True


def stop(place: Place) -> None:
    """End the server and whatever is left of one."""
    processes.end(place.postgres, ENDING)


def _joinable(place: Place) -> int | None:
    pid, state = _status(place)
    if not processes.lives(place.postgres, pid):
        return None
    joinable = state == "starting" or (state == "ready" and _listens(place))
    return pid if joinable else None


def _listens(place: Place) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(place.postgres_socket)) == 0


def _status(place: Place) -> tuple[int, str]:
    """The pid and the state that the server notes in its own pid file, where pg_ctl reads them too."""
    try:
        lines = (place.postgres.directory / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
        return 0, ""


def _start(postgres: Postgres) -> tuple[int, int]:
    place = postgres.place
    timeout = postgres.settings.start_timeout_seconds
    ensure_cluster(place, postgres.programs, password=postgres.password, timeout_seconds=timeout)
    # Nothing of ours runs here any more, whatever these files and the pids in them say.
    for stale in (place.postgres.directory / "postmaster.pid", *place.socket_dir.glob(".s.PGSQL.*")):
        stale.unlink(missing_ok=True)
    with logs.appended(logs.postgres_log(place)) as (descriptor, log_start):
        process = processes.launch(place.postgres, _command(postgres), place.account, errors=descriptor)
    return process.pid, log_start


def _command(postgres: Postgres) -> tuple[str, ...]:
    quoted = str(postgres.place.socket_dir).replace('"', '""')
    values = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        "max_connections": str(postgres.settings.postgres_max_connections),
        "shared_buffers": postgres.settings.postgres_shared_buffers,
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_min_messages": "warning",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "fsync": "on",
        # Compiling takes longer than the short statements of an API.
        "jit": "off",
    }
    if postgres.programs.parent.joinpath("lib", "pg_stat_statements.so").exists():
        values["shared_preload_libraries"] = "pg_stat_statements"
    options = tuple(part for name, value in values.items() for part in ("-c", f"{name}={value}"))
    return (str(postgres.programs / "postgres"), "-D", str(postgres.place.postgres.directory), *options)


def _wait_until_ready(postgres: Postgres, log_start: int) -> None:
    place = postgres.place
    log = logs.postgres_log(place)
    timeout = postgres.settings.start_timeout_seconds
    deadline = time.monotonic() + timeout
    while True:
        pid = processes.holder(place.postgres)
        if pid is None:
            raise failure(place.home, "PostgreSQL ended while it started", logs.since(log, log_start))
        if _status(place) == (pid, "ready"):
            return _ensure_database(postgres)
        if time.monotonic() >= deadline:
            what = f"PostgreSQL was not ready within {timeout:g} s (RELAIS_EMBEDDED_START_TIMEOUT_SECONDS)"
            raise failure(place.home, what, logs.since(log, log_start))
        time.sleep(POLL_SECONDS)


def _ensure_database(postgres: Postgres) -> None:
    """Make our database unless it is there; that it can be asked for proves that the password is the right one."""
    exists = _asked(postgres, f"select 1 from pg_database where datname = '{DATABASE}'")  # noqa: S608 - a constant
    if not exists:
        _asked(postgres, f"create database {DATABASE}")


def _asked(postgres: Postgres, statement: str) -> str:
    place = postgres.place
    environment = {
        "LC_ALL": "C",
        "PGHOST": str(place.socket_dir),
        "PGPORT": str(PORT),
        "PGUSER": SUPERUSER,
        "PGPASSWORD": postgres.password,
        "PGDATABASE": "postgres",
        "PGCONNECT_TIMEOUT": str(max(2, int(postgres.settings.start_timeout_seconds))),
    }
    argv = (str(postgres.programs / "psql"), "-X", "-w", "-A", "-t", "-q", "-c", statement)
    outcome = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if outcome.returncode == 0:
        return outcome.stdout.decode().strip()
    said = outcome.stderr.decode(errors="replace")
    if "password authentication failed" in said:
        raise EmbeddedError(
            f"The passwords in {place.data_dir / 'secrets.json'} are not those of the PostgreSQL in"
            f" {place.postgres.directory}; put that file back, or remove the directory to start anew."
        )
    raise failure(place.home, "PostgreSQL takes no connections", said)
