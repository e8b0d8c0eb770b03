"""API processes of a test's own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conftest import Urls

#: Passwords that cost next to nothing, and limits that nobody meets.
_CHEAP = {
    "RELAIS_ENVIRONMENT": "test",
    "RELAIS_AUTH_ARGON2_MEMORY_KIB": "8192",
    "RELAIS_AUTH_ARGON2_TIME_COST": "1",
    "RELAIS_LIMITS_READS": "1000000/60",
    "RELAIS_LIMITS_WRITES": "1000000/60",
}


@contextmanager
def api_process(urls: Urls, data_dir: Path, more: Mapping[str, str]) -> Generator[str]:
    """The address of an API of one process, which is ended at the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"RELAIS_DATABASE_URL": urls.login, "RELAIS_DATABASE_ADMIN_URL": urls.admin}
    environment = os.environ | _CHEAP | own | {"RELAIS_DATA_DIR": str(data_dir), "RELAIS_SERVER_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env={**environment, **more})
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while not _is_ready(address):
            assert process.poll() is None, "the API ended"
            assert time.monotonic() < deadline, "the API did not get ready"
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
