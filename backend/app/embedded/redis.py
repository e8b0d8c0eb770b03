"""The embedded Redis server: joined when it runs and answers to our password, else started.

It is configured through its standard input, so the password is neither on disk nor in the list of processes.
"""

import socket
import time
from signal import SIGKILL, SIGTERM

from app.embedded import logs, processes
from app.embedded.account import give
from app.embedded.errors import failure
from app.embedded.place import Place
from app.embedded.programs import redis_program
from app.settings import EmbeddedSettings

POLL_SECONDS = 0.02
ANSWER_SECONDS = 2.0
#: SIGTERM writes everything down.
ENDING = ((SIGTERM, 3.0), (SIGKILL, 1.0))
READY = "+OK\r\n+PONG\r\n"
LOADING = "+OK\r\n-LOADING"


def ensured(place: Place, settings: EmbeddedSettings, password: str) -> tuple[int, bool]:
    """The pid of a server that answers, and whether it had to be started."""
    pid = processes.holder(place.redis)
    if pid and _answer(place, password).startswith((READY, LOADING)):
        _wait_until_ready(place, password, timeout_seconds=settings.start_timeout_seconds, log_start=0)
        return pid, False
    stop(place)
    try:
        pid, log_start = _start(place, settings, password)
        _wait_until_ready(place, password, timeout_seconds=settings.start_timeout_seconds, log_start=log_start)
    except BaseException:
        stop(place)
        raise
    return pid, True


def stop(place: Place) -> None:
    """End the server and whatever is left of one."""
    processes.end(place.redis, ENDING)


def _start(place: Place, settings: EmbeddedSettings, password: str) -> tuple[int, int]:
    slot = place.redis
    program = redis_program(place.account)
    slot.directory.mkdir(mode=0o700, exist_ok=True)
    give(place.account, slot.directory)
    with logs.appended(logs.redis_log(place)) as (descriptor, log_start):
        configuration = _configuration(place, settings, password).encode()
        process = processes.launch(
            slot, (str(program), "-"), place.account, errors=descriptor, standard_input=configuration
        )
    return process.pid, log_start


def _configuration(place: Place, settings: EmbeddedSettings, password: str) -> str:
    path = str(place.redis_socket).replace("\\", "\\\\").replace('"', '\\"')
    lines = (
        "port 0",
        f'unixsocket "{path}"',
        "unixsocketperm 700",
        f"requirepass {password}",
        "daemonize no",
        "loglevel warning",
        "databases 16",
        # The log of commands is the only file: at most its last second is lost, and a torn end is cut off.
        'save ""',
        "appendonly yes",
        "appendfsync everysec",
        "aof-load-truncated yes",
        f"maxmemory {settings.redis_max_memory}",
        # Cached answers live for seconds and job definitions for a day: what ends soonest goes first, queues never.
        "maxmemory-policy volatile-ttl",
    )
    return "\n".join(lines) + "\n"


def _wait_until_ready(place: Place, password: str, *, timeout_seconds: float, log_start: int) -> None:
    log = logs.redis_log(place)
    deadline = time.monotonic() + timeout_seconds
    while not _answer(place, password).startswith(READY):
        if processes.holder(place.redis) is None:
            raise failure(place.home, "Redis ended while it started", logs.since(log, log_start))
        if time.monotonic() >= deadline:
            what = f"Redis did not answer within {timeout_seconds:g} s (RELAIS_EMBEDDED_START_TIMEOUT_SECONDS)"
            raise failure(place.home, what, logs.since(log, log_start))
        time.sleep(POLL_SECONDS)


def _answer(place: Place, password: str) -> str:
    """What the server says to our password and a PING; empty when nobody answers."""
    received = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(place.redis_socket))
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            while received.count(b"\r\n") < 2 and (part := connection.recv(512)):
                received += part
        except OSError:
            return ""
    return received.decode(errors="replace")
