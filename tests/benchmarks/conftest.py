"""A small ground that the tests of a worker share."""

from collections.abc import Generator

import pytest

from benchmarks.ground import Ground, ground

ROWS = 500


@pytest.fixture(scope="session")
def place() -> Generator[Ground]:
    with ground(ROWS) as found:
        yield found
