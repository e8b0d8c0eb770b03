"""The small database of `tracker.sql`, and what is told of old spellings there."""

import asyncio
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.conftest import run_sql, with_database

from .configuration import login_url

LEGACY_WARNING = re.compile(
    r'299 PostgRESTv\S+ "Embedded resource was referenced by relation name even though it has an alias\. This is'
    r" deprecated and will stop working in a future release\. Update `clients` to `c` in query string filters, orders"
    r' or limits\."'
)


@contextmanager
def tracker_database(admin_url: str) -> Generator[str]:
    """The database as the authenticator reaches it, during the block. The roles are there already."""
    name = f"dialect_{uuid4().hex[:12]}"
    asyncio.run(run_sql(admin_url, f"create database {name}"))
    try:
        asyncio.run(run_sql(with_database(admin_url, name), Path(__file__).with_name("tracker.sql").read_text()))
        yield login_url(admin_url, name)
    finally:
        asyncio.run(run_sql(admin_url, f"drop database if exists {name} with (force)"))
