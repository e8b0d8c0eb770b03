"""The official JavaScript client against a Relais of its own, by each transport; the suite is in `js`."""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from app.embedded import Servers

from tests.conftest import Urls, environment_for
from tests.dialect.serving import failures
from tests.javascript import NoPackages, node, node_modules
from tests.own_server import CHEAP, OwnServer, own_server

FOLDER = Path(__file__).parent / "js"
SECRET = "a-secret-that-only-this-suite-has-and-nobody-else"


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path) -> Generator[OwnServer]:
    """One that admits polling, and takes tokens that the suite signs."""
    try:
        node_modules(FOLDER)
    except NoPackages as problem:
        pytest.skip(f"The client is not to be had: {problem}")
    settings = {"RELAIS_REALTIME_TRANSPORTS": "websocket,polling", "RELAIS_REST_JWT_SECRET": SECRET}
    with own_server({**environment_for(urls, servers, data_dir), **CHEAP, **settings}) as server:
        yield server


@pytest.mark.parametrize("transports", ["websocket", "polling", "polling,websocket"])
def test_the_official_client_works_unmodified(server: OwnServer, transports: str) -> None:
    ran = subprocess.run(
        [node(), "--test", "--test-force-exit", "--test-reporter=spec", str(FOLDER / "all.test.mjs")],
        env=os.environ
        | {"RELAIS_TEST_URL": server.address, "RELAIS_TEST_SECRET": SECRET, "RELAIS_TEST_TRANSPORTS": transports},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ran.returncode == 0, failures(ran.stdout) + ran.stderr
    assert "pass 0\n" not in ran.stdout
