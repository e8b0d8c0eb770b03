"""The shared cases once more, from JavaScript over a socket: `tests/js/dialect/cases.test.mjs` asks them."""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from app.embedded import Servers

from tests.javascript import SUITES, node

from .case_files import FILES, configuration_of, read_cases
from .serving import failures, own_database, serving

SUITE = SUITES / "dialect" / "cases.test.mjs"


@pytest.fixture(scope="module")
def relais(servers: Servers, data_dir: Path) -> Generator[str]:
    """The address of a Relais on an awkward database."""
    rest = {name.removeprefix("PGRST_"): value for name, value in configuration_of("open").postgrest().items()}
    with own_database(servers) as database, serving(database, servers, data_dir, rest) as address:
        yield address


def test_javascript_gets_the_same_answers(relais: str) -> None:
    ran = subprocess.run(
        [node(), "--test", "--test-reporter=spec", str(SUITE)],
        env=os.environ | {"RELAIS_TEST_URL": relais},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, failures(ran.stdout) + ran.stderr
    asked = sum(len(read_cases(path)) for path in FILES.glob("*.json"))
    assert f"pass {asked}\n" in ran.stdout
