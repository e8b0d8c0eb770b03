"""Real servers for every test: one PostgreSQL and one Redis a run, a migrated template, a database for each file."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app import loaded
from app.embedded import Servers, running
from app.main import create_app
from app.routers import WRITES
from app.servers import resolved
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.described import must_be_as_described

TEMPLATE = "template_relais"


ROOT = Path(__file__).parent
#: Half a minute and more.
_LONG = (
    *("e2e/", "chaos/", "restarts/", "cli/", "embedded/", "realtime/", "jobs/", "fuzz/", "benchmarks/", "backups/"),
    *("accounts/test_tenant_matrix", "accounts/oauth/test_oauth_faults", "accounts/test_brute_force"),
    *("accounts/test_redis_away", "library/handover/test_provider_faults", "cache/test_never_wrong"),
    *("dialect/test_differential", "beyond/test_crashes", "test_docs"),
)


@dataclass(frozen=True, slots=True)
class Urls:
    """The two ways into one database."""

    login: str
    admin: str


def pytest_configure(config: pytest.Config) -> None:
    """The workers of one run share their servers: whoever comes first starts them, the last to go stops them."""
    loaded()
    # A run that was started with hang-ups ignored (`nohup`) would hand that down to what its tests start and stop.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # The same of a run in the background of a shell, for interrupts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ["TEST_RUN"] = tempfile.mkdtemp(prefix="relais-test-")
        Path(os.environ["TEST_RUN"]).chmod(0o755)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first: the last one of a run should not keep all but one core waiting."""
    items.sort(key=lambda item: not item.path.relative_to(ROOT).as_posix().startswith(_LONG))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop("TEST_RUN"), ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    for name in list(os.environ):
        if name.startswith("RELAIS_"):
            del os.environ[name]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Where this run's servers live."""
    return Path(os.environ["TEST_RUN"]) / "data"


@pytest.fixture(scope="session")
def servers(data_dir: Path) -> Generator[Servers]:
    """PostgreSQL and Redis, running."""
    with running(data_dir, Settings().embedded) as servers:
        yield servers


@pytest.fixture(scope="session")
def template(servers: Servers, data_dir: Path) -> Urls:
    """A migrated database that others are cloned from."""
    urls = Urls(with_database(servers.database_url, TEMPLATE), with_database(servers.admin_url, TEMPLATE))
    asyncio.run(_make_template(servers, data_dir, urls))
    return urls


@pytest.fixture(scope="module")
def urls(template: Urls, servers: Servers) -> Generator[Urls]:
    """A migrated database for one test file."""
    name = f"test_{uuid4().hex[:12]}"
    asyncio.run(run_sql(servers.admin_url, f"create database {name} template {TEMPLATE}"))
    yield Urls(with_database(template.login, name), with_database(template.admin, name))
    asyncio.run(run_sql(servers.admin_url, f"drop database {name} with (force)"))


@pytest.fixture(scope="module")
def settings(urls: Urls, servers: Servers, data_dir: Path) -> Generator[Settings]:
    """Settings whose database is this file's own."""
    with resolved(settings_for(urls, servers, data_dir)) as settings:
        yield settings


@pytest.fixture(scope="module")
async def app(settings: Settings) -> AsyncGenerator[FastAPI]:
    """The API, with its lifespan begun."""
    async with started(create_app(settings)) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the API."""
    async with client_of(app) as client:
        yield client


@pytest.fixture(scope="module")
def served(urls: Urls, servers: Servers, data_dir: Path) -> Generator[str]:
    """The address of an API that runs as a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = environment_for(urls, servers, data_dir) | {"RELAIS_SERVER_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=environment)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while not _answers(f"{address}/ready"):
        assert process.poll() is None, "the API ended"
        assert time.monotonic() < deadline, "the API did not get ready"
        time.sleep(0.05)
    yield address
    process.terminate()
    assert process.wait(30) == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def settings_for(urls: Urls, servers: Servers, data_dir: Path) -> Settings:
    """Settings that use these servers."""
    base = Settings(environment="test", data_dir=data_dir)
    patient = {"silence_seconds": 30.0, "connect_timeout_seconds": 10.0}
    login = {"url": SecretStr(urls.login), "admin_url": SecretStr(urls.admin)}
    database = base.database.model_copy(update={**login, **patient})
    # Tests of what becomes of slow answers have servers of their own; a busy machine is not to be taken for one.
    theirs = {"url": SecretStr(servers.redis_url), "prefix": f"t{uuid4().hex[:8]}:", "timeout_seconds": 10.0}
    redis = base.redis.model_copy(update=theirs)
    return base.model_copy(update={"database": database, "redis": redis})


def environment_for(urls: Urls, servers: Servers, data_dir: Path) -> dict[str, str]:
    """The same, for a process of its own."""
    return os.environ | {
        "RELAIS_ENVIRONMENT": "test",
        "RELAIS_DATA_DIR": str(data_dir),
        "RELAIS_DATABASE_URL": urls.login,
        "RELAIS_DATABASE_ADMIN_URL": urls.admin,
        "RELAIS_DATABASE_SILENCE_SECONDS": "30",
        "RELAIS_DATABASE_CONNECT_TIMEOUT_SECONDS": "10",
        "RELAIS_REDIS_URL": servers.redis_url,
        "RELAIS_REDIS_TIMEOUT_SECONDS": "10",
    }


class started:
    """An application between its start and its end."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.lifespan = app.router.lifespan_context(app)

    async def __aenter__(self) -> FastAPI:
        await self.lifespan.__aenter__()
        return self.app

    async def __aexit__(self, *problem: object) -> None:
        await self.lifespan.__aexit__(None, None, None)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A client that calls an application in this process, through all of its layers, and looks at what it answers."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    hooks = {"response": [must_be_as_described], "request": [_with_a_key] if "RELAIS_TEST_KEYS" in os.environ else []}
    return httpx.AsyncClient(transport=transport, base_url="http://relais.test", event_hooks=hooks)


async def _with_a_key(request: httpx.Request) -> None:
    """Have every write of a route be one that is done once, by somebody who has signed in."""
    if request.method in WRITES and request.url.path.startswith("/api/") and "authorization" in request.headers:
        request.headers.setdefault("Idempotency-Key", uuid4().hex)


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def run_sql(url: str, *statements: str) -> None:
    """Run statements as the owner, each on its own."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def migrated_to(url: str, *heads: str) -> AsyncGenerator[None]:
    """A database that says of itself, for a while, that these are its newest migrations."""
    connection = await asyncpg.connect(url)
    try:
        known = [row["version_num"] for row in await connection.fetch("select * from relais.alembic_version")]
        await _put_heads(connection, heads)
        try:
            yield
        finally:
            await _put_heads(connection, known)
    finally:
        await connection.close()


async def _put_heads(connection: asyncpg.Connection, heads: Sequence[str]) -> None:
    async with connection.transaction():
        await connection.execute("delete from relais.alembic_version")
        await connection.executemany("insert into relais.alembic_version values ($1)", [(head,) for head in heads])


async def _make_template(servers: Servers, data_dir: Path, urls: Urls) -> None:
    connection = await asyncpg.connect(servers.admin_url)
    try:
        # One worker of the run makes it while the others wait for the lock.
        await connection.execute("select pg_advisory_lock(1)")
        if await connection.fetchval("select exists (select from pg_database where datname = $1)", TEMPLATE):
            return
        await connection.execute(f"create database {TEMPLATE}")
        # A process of its own, as an administrator would run it.
        migrated = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.cli", "migrate", env=environment_for(urls, servers, data_dir)
        )
        assert await migrated.wait() == 0, "the migrations failed"
    finally:
        await connection.close()
