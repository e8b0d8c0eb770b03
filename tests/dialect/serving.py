"""An awkward database of one's own, and a Relais that runs on it as a process of its own: for suites in JavaScript."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from app.embedded import Servers
from app.gateway.parse import PREFIX

from tests.conftest import Urls, environment_for, run_sql, with_database

from .configuration import login_url
from .database import load


@contextmanager
def own_database(servers: Servers) -> Generator[Urls]:
    """An awkward database that nothing else uses."""
    name = f"dialect_{uuid4().hex[:12]}"
    admin = with_database(servers.admin_url, name)
    asyncio.run(run_sql(servers.admin_url, f"create database {name}"))
    try:
        asyncio.run(load(servers.admin_url, admin))
        yield Urls(login_url(servers.admin_url, name), admin)
    finally:
        asyncio.run(run_sql(servers.admin_url, f"drop database {name} with (force)"))


@contextmanager
def serving(database: Urls, servers: Servers, data_dir: Path, rest: dict[str, str]) -> Generator[str]:
    """The address of a Relais on that database, with these `RELAIS_REST_` settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = environment_for(database, servers, data_dir)
    environment |= {"RELAIS_SERVER_PORT": str(port), "RELAIS_LOG_ACCESS": "false"}
    environment |= {f"RELAIS_REST_{name}": value for name, value in rest.items()}
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, f"{address}{PREFIX}/empty")
        yield address
    finally:
        process.terminate()
        assert process.wait(30) == 0


def failures(output: str) -> str:
    """What Node says at the end of the tests that failed; all that it says, if it did not get there."""
    _, found, failed = output.partition("failing tests:")
    return found + failed if found else output


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    """Until the API answers: `/ready` asks for migrations, which this database has none of."""
    deadline = time.monotonic() + 60
    while not _answers(url):
        assert process.poll() is None, "the API ended"
        assert time.monotonic() < deadline, "the API did not get ready"
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
