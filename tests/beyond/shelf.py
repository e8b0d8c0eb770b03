"""The gateway on the small database of the dialect's tests with a shelf of books in it."""

from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Urls
from tests.dialect.conftest import lab_urls
from tests.dialect.lab import lab

__all__ = ["lab", "lab_urls", "shelf_urls"]


@pytest.fixture(scope="module")
async def shelf_urls(lab_urls: Urls) -> Urls:
    """The database, one for each file that asks for it."""
    connection = await asyncpg.connect(lab_urls.admin)
    try:
        await connection.execute((Path(__file__).parent / "shelf.sql").read_text())
    finally:
        await connection.close()
    return lab_urls
