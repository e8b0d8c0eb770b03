"""What probes are told, with every part there and with one part gone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from app.adapters.migrations import lineage
from app.main import create_app
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import client_of, migrated_to, started

GONE = "127.0.0.1:9"


async def test_everything_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert list(parts) == ["database", "redis", "migrations", "catalog"]
    assert parts["database"] == {"ok": True, "detail": "PostgreSQL 18.6"}
    assert parts["redis"]["detail"].startswith("Redis 6.2.")
    assert all(part["ok"] for part in parts.values())


@pytest.mark.parametrize(
    ("group", "url", "unready"),
    [
        ("redis", f"redis://{GONE}/0", ["redis"]),
        ("database", f"postgresql://nobody:nothing@{GONE}/none", ["database", "migrations", "catalog"]),
    ],
)
async def test_a_part_that_is_gone_is_named(settings: Settings, group: str, url: str, unready: list[str]) -> None:
    changed = getattr(settings, group).model_copy(update={"url": SecretStr(url)})
    async with started(create_app(settings.model_copy(update={group: changed}))) as app, client_of(app) as client:
        ready = await client.get("/ready")
        live = await client.get("/live")
    assert ready.status_code == 503
    assert ready.headers["retry-after"] == "1"
    assert [name for name, part in ready.json()["parts"].items() if not part["ok"]] == unready
    assert "nothing" not in ready.text, "a password must not be told"
    assert live.status_code == 200


async def test_a_database_behind_the_code_is_not_ready(client: httpx.AsyncClient, settings: Settings) -> None:
    assert settings.database.admin_url is not None
    admin = settings.database.admin_url.get_secret_value()
    async with migrated_to(admin, "core_0002"):
        answer = await client.get("/ready")
    assert answer.status_code == 503
    detail = answer.json()["parts"]["migrations"]["detail"]
    lacking = sorted(lineage().keys() - lineage()["core_0002"])
    assert f"{', '.join(lacking)}: run `relais migrate`" in detail


@pytest.mark.parametrize("path", ["/health", "/api/health"])
async def test_the_frontend_finds_its_probes(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Origin": "http://localhost:5173"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    body = answer.json()
    assert body["status"] == "ok"
    assert body["environment"] == "test"
    assert body["timestamp"].endswith("Z")
    assert body["uptime"] >= 0
    assert ("version" in body) is (path == "/api/health")


async def test_the_third_probe_answers(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api")).json()["message"] == "Relais API"
    assert (await client.get("/")).json()["documentation"] == "/api/docs"


@pytest.mark.parametrize("path", ["/live", "/ready", "/health", "/api/health"])
async def test_probes_may_ask_for_the_head_alone(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.head(path)).status_code == 200


def newest_of(branch: str) -> str:
    """The last migration of a branch."""
    return max(name for name in lineage() if name.startswith(f"{branch}_"))


async def test_an_older_process_stays_ready_while_an_upgrade_rolls(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    assert settings.database.admin_url is not None
    admin = settings.database.admin_url.get_secret_value()
    async with migrated_to(admin, newest_of("core"), "library_9999"):
        answer = await client.get("/ready")
    assert answer.status_code == 200
    assert "ahead of this process: library_9999" in answer.json()["parts"]["migrations"]["detail"]


async def test_readiness_is_told_in_time_when_postgresql_hangs(settings: Settings) -> None:
    async with deaf_server() as port:
        url = SecretStr(f"postgresql://a:b@127.0.0.1:{port}/c?sslmode=disable")
        database = settings.database.model_copy(update={"url": url, "connect_timeout_seconds": 8.0})
        async with started(create_app(settings.model_copy(update={"database": database}))) as app:
            async with client_of(app) as client, asyncio.timeout(5):
                answer = await client.get("/ready")
    assert answer.status_code == 503
    assert not answer.json()["parts"]["database"]["ok"]


@asynccontextmanager
async def deaf_server() -> AsyncGenerator[int]:
    """A port that takes connections and never says a word."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
