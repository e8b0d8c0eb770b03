"""`/api/backups` and `relais backup`: who may make and bring back what, in the shapes of the frontend's own backend."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app.backups import store
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import with_group
from tests.backups.conftest import rows_of, value
from tests.conftest import Urls, client_of, run_sql, started, with_database
from tests.library.conftest import People, people

__all__ = ["people"]
PATHS = (("POST", "create"), ("GET", ""), ("POST", "restore"), ("GET", "config"))


@pytest.fixture
def cheap(safe: Settings) -> Settings:
    limits = safe.limits.model_copy(update=dict.fromkeys(type(safe.limits).model_fields, "100000/60"))
    quick = with_group(safe, "auth", argon2_memory_kib=8 * 1024, argon2_time_cost=1)
    return quick.model_copy(update={"limits": limits})


@pytest.fixture
def urls(cheap: Settings) -> Urls:
    assert cheap.database.url is not None
    assert cheap.database.admin_url is not None
    return Urls(cheap.database.url.get_secret_value(), cheap.database.admin_url.get_secret_value())


@pytest.fixture
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    async with started(create_app(cheap)) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def code_of(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_backups_are_for_administrators(
    client: httpx.AsyncClient, people: People, method: str, path: str, cheap: Settings
) -> None:
    url = f"/api/backups/{path}".rstrip("/")
    body = {"filename": "relais-20200101-000000-0000"} if path == "restore" else None
    assert (await client.request(method, url, json=body)).status_code == 401
    for who in (people.other, people.moderator):
        assert code_of(await client.request(method, url, json=body, headers=who.headers)) == (403, "INSUFFICIENT_ROLE")
    if path == "restore":
        refused = await client.request(method, url, json=body, headers=people.admin.headers)
        assert (*code_of(refused), refused.json()["required"]) == (403, "INSUFFICIENT_ROLE", "super_admin")
    assert store.listed(store.directory_of(cheap)) == []


async def test_one_is_made_and_listed(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    answer = await client.post("/api/backups/create", headers=people.admin.headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()["backup"]
    assert store.NAME.fullmatch(made["filename"]), "a name, never a path"
    assert re.fullmatch(r"\d+\.\d\d", made["sizeMB"])
    assert made["timestamp"].endswith("Z")
    listed = (await client.get("/api/backups", headers=people.admin.headers)).json()
    assert listed["count"] == 1
    [row] = listed["backups"]
    assert (row["filename"], row["size"], row["date"]) == (made["filename"], made["size"], made["timestamp"])
    noted = "select target from relais.audit_log where action = 'BACKUP_CREATED' order by id desc limit 1"
    assert await value(urls.admin, noted) == made["filename"]


async def test_one_that_takes_longer_than_a_request_may_is_made_all_the_same(
    people: People, cheap: Settings, urls: Urls
) -> None:
    hasty = with_group(cheap, "http", timeout_seconds=3.0)
    async with started(create_app(hasty)) as app, client_of(app) as client:
        connection = await asyncpg.connect(urls.admin)
        async with connection.transaction():
            # It waits for whoever has the table to themselves.
            await connection.execute("lock table library.collections in access exclusive mode")
            answer = await client.post("/api/backups/create", headers=people.admin.headers)
            assert code_of(answer) == (503, "REQUEST_TIMEOUT")
            assert store.listed(store.directory_of(cheap)) == []
        await connection.close()
        async with asyncio.timeout(60):
            while not store.listed(store.directory_of(cheap)):
                await asyncio.sleep(0.05)


async def test_how_backups_are_made_is_told(client: httpx.AsyncClient, people: People) -> None:
    told = (await client.get("/api/backups/config", headers=people.admin.headers)).json()
    assert told["config"] == {
        "enabled": True,
        "schedule": "0 2 * * *",
        "retentionDays": 30,
        "backupDir": "backups",
        "compress": True,
    }


async def test_what_a_setting_does_not_allow_is_not_done(
    client: httpx.AsyncClient, people: People, cheap: Settings
) -> None:
    body = {"filename": "relais-20200101-000000-0000"}
    restored = await client.post("/api/backups/restore", json=body, headers=people.super_admin.headers)
    assert code_of(restored) == (403, "RESTORE_DISABLED")
    async with started(create_app(with_group(cheap, "backup", by_api=False))) as app, client_of(app) as other:
        made = await other.post("/api/backups/create", headers=people.super_admin.headers)
    assert code_of(made) == (403, "BACKUP_DISABLED")


@pytest.mark.parametrize("name", ["../secrets.json", "/etc/passwd", "relais-20200101-000000-0000", "x" * 255, "; ls"])
async def test_a_backup_that_is_not_there_is_not_found(people: People, cheap: Settings, name: str) -> None:
    async with started(create_app(with_group(cheap, "backup", restore_by_api=True))) as app, client_of(app) as client:
        headers = people.super_admin.headers
        answer = await client.post("/api/backups/restore", json={"filename": name}, headers=headers)
        assert code_of(answer) == (404, "BACKUP_NOT_FOUND")
        assert answer.json()["error"] == f"Fichier de backup non trouvé: {name}"
        for body in ({"filename": ""}, {}, {"filename": 5}, {"filename": "x" * 256}, {"filename": "a\0"}):
            wrong = await client.post("/api/backups/restore", json=body, headers=headers)
            assert code_of(wrong) == (400, "VALIDATION_ERROR"), body


async def test_a_super_administrator_brings_one_back(
    client: httpx.AsyncClient, people: People, cheap: Settings, urls: Urls
) -> None:
    made = (await client.post("/api/backups/create", headers=people.admin.headers)).json()["backup"]["filename"]
    await run_sql(urls.admin, "update library.resources set title = 'zqx-perdu'")
    async with started(create_app(with_group(cheap, "backup", restore_by_api=True))) as app, client_of(app) as other:
        body = {"filename": made}
        answer = await other.post("/api/backups/restore", json=body, headers=people.super_admin.headers)
        assert (answer.status_code, answer.json()) == (
            200,
            {"message": "Backup restauré avec succès", "filename": made},
        )
        found = await other.get("/api/resources?search=zqx-perdu", headers=people.super_admin.headers)
    assert (found.status_code, found.json()["data"]) == (200, [])
    assert await value(urls.admin, "select count(*) from library.resources where title = 'zqx-perdu'") == 0


def test_the_command_line_makes_checks_and_brings_back(cheap: Settings, urls: Urls, tmp_path: Path) -> None:
    assert cheap.redis.url is not None
    environment = os.environ | {
        "RELAIS_ENVIRONMENT": "test",
        "RELAIS_DATA_DIR": str(cheap.data_dir),
        "RELAIS_DATABASE_URL": urls.login,
        "RELAIS_DATABASE_ADMIN_URL": urls.admin,
        "RELAIS_REDIS_URL": cheap.redis.url.get_secret_value(),
        "RELAIS_BACKUP_DIRECTORY": str(tmp_path / "kept"),
        "COLUMNS": "200",
    }

    def relais(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "app.cli", "backup", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, input="")

    made = relais("create")
    assert made.returncode == 0, made.stderr
    name = made.stdout.partition(":")[0]
    assert name in relais("list").stdout
    assert "rows came back" in relais("verify", name, "--deep").stdout
    into = f"{urlsplit(urls.admin).path[1:]}_{uuid4().hex[:6]}"
    assert relais("restore", name, "--into", into).returncode == 0
    refused = relais("restore", name, "--into", into)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert relais("restore", name).returncode == 1, "nobody said yes"
    assert relais("restore", name, "--yes").returncode == 0
    found, expected = (asyncio.run(rows_of(url)) for url in (urls.admin, with_database(urls.admin, into)))
    assert found.pop("jobs") != expected.pop("jobs"), "what was brought back is noted there"
    assert found == expected
    assert relais("prune", "--days", "1").stdout == ""
    missing = relais("verify", "../x")
    assert missing.returncode == 1
    assert "Traceback" not in missing.stderr
