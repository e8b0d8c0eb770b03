"""What the processes are told that these tests restart."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from app.embedded import Servers

from tests.conftest import Urls, environment_for, run_sql
from tests.own_server import CHEAP

_SLOW = (
    "create or replace function library.take_time(seconds float) returns text language plpgsql volatile as"
    " $$ begin perform pg_sleep(seconds); return 'taken'; end $$",
    "grant execute on function library.take_time to anon, authenticated",
)


@pytest.fixture(scope="module")
async def environment(urls: Urls, servers: Servers, data_dir: Path) -> Mapping[str, str]:
    """What its processes are told; its database has a function that takes time."""
    await run_sql(urls.admin, *_SLOW)
    return {**environment_for(urls, servers, data_dir), **CHEAP}
