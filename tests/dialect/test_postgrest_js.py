"""The official JavaScript client against a Relais of its own, on an awkward database of its own.

The suite is in `tests/js/postgrest-js`; here is what it runs against.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from app.embedded import Servers
from app.gateway.gateway import PREFIX

from tests.conftest import Urls, environment_for, run_sql, with_database
from tests.javascript import SUITES, NoPackages, node, node_modules

from .configuration import ANON, login_url
from .database import load
from .tokens import FAR_AHEAD, LONG_AGO, SECRET, token

SUITE = SUITES / "postgrest-js" / "all.test.mjs"
REST = {
    "DB_SCHEMAS": "api,api2",
    "DB_EXTRA_SEARCH_PATH": "extra",
    "DB_ANON_ROLE": ANON,
    "DB_AGGREGATES_ENABLED": "true",
    "DB_PLAN_ENABLED": "true",
    # Writes stay, unless the client asks for `rollback()`.
    "DB_TX_END": "commit-allow-override",
    "JWT_SECRET": SECRET,
}
CLAIMS: dict[str, object] = {"role": "dialect_author", "sub": "ann", "exp": FAR_AHEAD}


@pytest.fixture(scope="module")
def database(servers: Servers) -> Generator[Urls]:
    """An awkward database that nothing else uses."""
    name = f"dialect_{uuid4().hex[:12]}"
    admin = with_database(servers.admin_url, name)
    asyncio.run(run_sql(servers.admin_url, f"create database {name}"))
    try:
        asyncio.run(load(servers.admin_url, admin))
        yield Urls(login_url(servers.admin_url, name), admin)
    finally:
        asyncio.run(run_sql(servers.admin_url, f"drop database {name} with (force)"))


@pytest.fixture(scope="module")
def relais(database: Urls, servers: Servers, data_dir: Path) -> Generator[str]:
    """The address of a Relais that runs as a process of its own on that database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = environment_for(database, servers, data_dir)
    environment |= {"RELAIS_SERVER_PORT": str(port), "RELAIS_LOG_ACCESS": "false"}
    environment |= {f"RELAIS_REST_{name}": value for name, value in REST.items()}
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, f"{address}{PREFIX}/empty")
        yield address
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def environment(relais: str) -> dict[str, str]:
    """What the suite is told."""
    try:
        node_modules()
    except NoPackages as problem:
        pytest.skip(f"The client is not to be had: {problem}")
    return os.environ | {
        "RELAIS_TEST_URL": relais,
        "RELAIS_TEST_TOKEN": token(CLAIMS),
        "RELAIS_TEST_EXPIRED_TOKEN": token(CLAIMS | {"exp": LONG_AGO}),
    }


@pytest.mark.parametrize("run", ["first", "again, on what the first left"])
def test_the_official_client_works_unmodified(environment: dict[str, str], run: str) -> None:
    ran = subprocess.run(
        [node(), "--test", "--test-reporter=spec", str(SUITE)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, _failures(ran.stdout) + ran.stderr
    assert "pass 0\n" not in ran.stdout


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


def _failures(output: str) -> str:
    """What Node says at the end of the tests that failed; all that it says, if it did not get there."""
    _, found, failures = output.partition("failing tests:")
    return found + failures if found else output
