"""Runs the JavaScript suites against a served API."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.javascript import node

SUITES = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))


def test_there_are_suites() -> None:
    assert SUITES


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_javascript_suite(suite: Path, served: str) -> None:
    ran = subprocess.run(
        [node(), "--test", str(suite)],
        env=os.environ | {"API_URL": served},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# pass 0" not in ran.stdout
