"""A `relais serve` of one test's own, as a process, with settings of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

PATIENCE_SECONDS = 110
#: Passwords that cost next to nothing, and limits that no test meets by chance.
CHEAP = {
    "RELAIS_AUTH_ARGON2_MEMORY_KIB": "8192",
    "RELAIS_AUTH_ARGON2_TIME_COST": "1",
    "RELAIS_LIMITS_AUTH": "100000/60",
    "RELAIS_LIMITS_REFRESH": "100000/60",
    "RELAIS_LIMITS_WRITES": "100000/60",
    "RELAIS_LIMITS_READS": "1000000/60",
}


@dataclass(frozen=True, slots=True)
class OwnServer:
    """One that answers."""

    address: str
    port: int
    pid: int

    def workers(self) -> list[psutil.Process]:
        """The processes that answer, of those that live."""
        found: list[psutil.Process] = []
        for child in psutil.Process(self.pid).children():
            with suppress(psutil.NoSuchProcess):
                if "resource_tracker" not in " ".join(child.cmdline()):
                    found.append(child)
        return found

    def holds(self) -> list[int]:
        """How many connections of clients each of them has."""
        return [
            sum(part.status == "ESTABLISHED" and part.laddr.port == self.port for part in child.net_connections("tcp"))
            for child in self.workers()
        ]


@contextmanager
def own_server(environment: Mapping[str, str], *, workers: int = 1, log: Path | None = None) -> Generator[OwnServer]:
    """One that answers; it must end well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app.cli", "serve", "--workers", str(workers)]
    with (log or Path(os.devnull)).open("ab") as output:
        process = subprocess.Popen(command, env={**environment, "RELAIS_SERVER_PORT": str(port)}, stderr=output)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(f"{address}/live"):
            assert process.poll() is None, "the API ended"
            assert time.monotonic() < deadline, "the API did not get ready"
            time.sleep(0.05)
        yield OwnServer(address, port, process.pid)
    finally:
        process.terminate()
        try:
            code = process.wait(30)
        finally:
            process.kill()
            process.wait()
    assert code == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
