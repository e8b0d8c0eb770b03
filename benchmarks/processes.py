"""Servers under test as processes: started, waited for, stopped; and the CPU and memory of a tree of processes."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import psutil

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
START_SECONDS = 20.0
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Command:
    """What to run; `env` is added to ours, in which no contender is set up."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Command, port: int, ready_path: str) -> Generator[int]:
    """Have the server during the block: its pid. What it printed is shown if it does not come up."""
    with TemporaryFile() as output:
        process = subprocess.Popen(
            command.argv,
            cwd=ROOT,
            env={**_bare_environment(), **command.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            if not _comes_up(process, port, ready_path):
                output.seek(0)
                raise RuntimeError(f"{command.argv} did not come up:\n{output.read().decode(errors='replace')[-4000:]}")
            yield process.pid
        finally:
            _stop(process)


def _bare_environment() -> dict[str, str]:
    """Ours without what would set a contender up: a measurement depends on nobody's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("RELAIS_", "PGRST_"))}


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process and its descendants, those that it has seen end included."""
    total = 0.0
    for process in _tree(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def rss_bytes(pid: int) -> int:
    """The resident memory of a process and its descendants; pages they share count for each."""
    total = 0
    for process in _tree(pid):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def machine_seconds() -> float:
    """The time that all processors together were busy since the machine started."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _comes_up(process: subprocess.Popen[bytes], port: int, path: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    # It leads a group of its own, in which only its own children are.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_in_order() -> None:
    """Have a signal end this process as an error would: whatever it has started is stopped."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
