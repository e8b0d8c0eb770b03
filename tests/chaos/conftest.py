"""An API whose PostgreSQL and Redis are its own, and somebody who asks it everything that the table tells of."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from app.adapters import migrations
from app.embedded import secrets_of

from tests.chaos.asking import Asker, asker_of
from tests.chaos.faults import Servers
from tests.conftest import run_sql
from tests.own_postgres import own_postgres
from tests.own_redis import own_redis
from tests.own_server import CHEAP, own_server

_FUNCTIONS = (
    "create function library.take_time(seconds float) returns text language plpgsql volatile as"
    " $$ begin perform pg_sleep(seconds); return 'taken'; end $$",
    "create function library.fill_up() returns void language plpgsql volatile as"
    " $$ begin perform pg_advisory_xact_lock(n) from generate_series(1, 10000000) as n; end $$",
    "create function library.cry_wolf() returns void language plpgsql volatile as"
    " $$ begin raise sqlstate '53100' using message = 'could not extend file'; end $$",
    "grant execute on function library.take_time, library.fill_up, library.cry_wolf to anon, authenticated",
)


@pytest.fixture(scope="module")
def ground(data_dir: Path) -> Generator[Path]:
    """Where servers may be that run as another account."""
    directory = data_dir.parent / f"chaos-{uuid4().hex[:8]}"
    directory.mkdir(mode=0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def servers(ground: Path) -> Generator[Servers]:
    """A PostgreSQL with everything in it, and a Redis."""
    with own_postgres(ground / "first") as postgres, own_redis() as redis:
        migrations.upgrade(postgres.admin_url)
        migrations.set_login_password(postgres.admin_url, secrets_of(postgres.directory).login)
        asyncio.run(run_sql(postgres.admin_url, *_FUNCTIONS))
        environment = {
            **os.environ,
            **CHEAP,
            "RELAIS_ENVIRONMENT": "test",
            "RELAIS_DATA_DIR": str(ground / "api"),
            "RELAIS_DATABASE_URL": postgres.url,
            "RELAIS_REDIS_URL": redis.url,
            "RELAIS_AUTH_FAILURES_FREE": "1000000",
            "RELAIS_LIMITS_TRANSFERS": "100000/60",
        }
        servers = Servers(postgres, postgres, redis, environment)
        try:
            yield servers
        finally:
            redis.thaw()
            if servers.worker is not None:
                servers.worker.kill()


@pytest.fixture(scope="module")
def address(servers: Servers) -> Generator[str]:
    """An API of one process."""
    with own_server(servers.environment) as server:
        yield server.address


@pytest.fixture(scope="module")
async def asker(address: str, servers: Servers) -> AsyncGenerator[Asker]:
    """Somebody who may ask everything."""
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
        yield await asker_of(client, servers.postgres.admin_url)
