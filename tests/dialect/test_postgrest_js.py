"""The official JavaScript client against a Relais of its own, on an awkward database of its own.

The suite is in `tests/js/postgrest-js`; here is what it runs against.
"""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from app.embedded import Servers

from tests.javascript import SUITES, NoPackages, node, node_modules

from .configuration import ANON
from .serving import failures, own_database, serving
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
def relais(servers: Servers, data_dir: Path) -> Generator[str]:
    """The address of a Relais that runs as a process of its own on an awkward database of its own."""
    with own_database(servers) as database, serving(database, servers, data_dir, REST) as address:
        yield address


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
    assert ran.returncode == 0, failures(ran.stdout) + ran.stderr
    assert "pass 0\n" not in ran.stdout
