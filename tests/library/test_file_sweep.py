"""What is left over of files goes after a while, in a directory as in a bucket; what is in use stays."""

import os
import time
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.adapters.postgres import Database
from app.main import create_app
from app.module import RESTORED
from app.modules.library.file_sweep import FEW, sweep_files
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import with_group
from tests.conftest import Urls, client_of, run_sql, started
from tests.files.s3_server import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, S3Server, s3_running
from tests.library.conftest import People, new_resource
from tests.library.file_samples import PNG, data_url, path_of, sent, uploaded

OLD = "00000000-0000-0000-0000-000000000001/ab/left_1_2.txt"
LONG_AGO = time.time() - 30 * 86400


@dataclass
class Place:
    """Where files lie, whichever it is."""

    settings: Settings
    server: S3Server | None

    @property
    def directory(self) -> Path:
        return Path(self.settings.files.directory)

    def names(self) -> set[str]:
        if self.server is not None:
            return {key.rpartition("/")[2] for key in self.server.objects}
        return {path.name for path in self.directory.rglob("*") if path.is_file() and path.parent.name != "incoming"}

    def put(self, key: str, since: float) -> None:
        if self.server is not None:
            self.server.objects[f"files/{key}"] = b"abc", "", datetime.fromtimestamp(since, UTC)
            return
        path = self.directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"abc")
        os.utime(path, (since, since))

    def lose(self, name: str) -> None:
        if self.server is not None:
            self.server.objects = {key: value for key, value in self.server.objects.items() if not key.endswith(name)}
            return
        for path in self.directory.rglob(name):
            path.unlink()

    def age(self) -> None:
        """All that lies there has lain there for long."""
        if self.server is not None:
            past = datetime.fromtimestamp(LONG_AGO, UTC)
            self.server.objects = {key: (*value[:2], past) for key, value in self.server.objects.items()}
            return
        for path in self.directory.rglob("*"):
            if path.is_file():
                os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, cheap: Settings, tmp_path: Path) -> Generator[Place]:
    here = with_group(cheap, "files", directory=str(tmp_path))
    if request.param == "directory":
        yield Place(here, None)
        return
    with s3_running() as server:
        keys = {"s3_access_key": ACCESS_KEY, "s3_secret_key": SecretStr(SECRET_KEY), "s3_region": REGION}
        there = with_group(here, "files", s3_bucket=BUCKET, s3_endpoint=server.endpoint, s3_prefix="files", **keys)
        yield Place(there, server)
        assert not server.refused


@pytest.fixture
async def app(place: Place) -> AsyncGenerator[FastAPI]:
    async with started(create_app(place.settings)) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture(autouse=True)
async def _no_files_of_others(urls: Urls) -> None:
    await run_sql(urls.admin, "delete from library.files")


async def swept(place: Place) -> dict[str, int]:
    database = Database(place.settings.database)
    await database.open()
    try:
        removed: dict[str, Any] = await sweep_files({"database": database, "settings": place.settings})
        return {name: number for name, number in removed.items() if number}
    finally:
        await database.close()


async def grow_old(urls: Urls) -> None:
    await run_sql(
        urls.admin,
        "alter table library.files disable trigger user",
        "update library.files set created_at = now() - interval '30 days', updated_at = now() - interval '30 days'",
        "alter table library.files enable trigger user",
    )


async def test_files_go_in_and_out_of_either_place(client: httpx.AsyncClient, people: People, place: Place) -> None:
    file = await uploaded(client, people.owner)
    assert place.names() == {file["fileName"]}
    assert (await client.get(path_of(file))).content == PNG
    part = await client.get(path_of(file), headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, PNG[2:6])
    empty = await uploaded(client, people.owner, b"", "text/plain", "empty.txt")
    assert (await client.get(path_of(empty))).content == b""
    await client.delete(path_of(file), headers=people.owner.headers)
    assert place.names() == {empty["fileName"]}
    assert not list((place.directory / "incoming").iterdir())


async def test_what_is_in_use_stays(client: httpx.AsyncClient, people: People, place: Place, urls: Urls) -> None:
    await uploaded(client, people.owner)
    resource = await new_resource(client, people.owner, visibility="private")
    await uploaded(client, people.owner, resourceId=resource["id"])
    await grow_old(urls)
    place.age()
    names = place.names()
    assert await swept(place) == {}
    assert place.names() == names


async def test_bytes_without_a_row_go_after_a_while(client: httpx.AsyncClient, people: People, place: Place) -> None:
    file = await uploaded(client, people.owner)
    place.age()
    place.put(OLD, LONG_AGO)
    place.put(OLD.replace("left", "fresh"), time.time())
    assert await swept(place) == {"bytes_without_rows": 1}
    assert place.names() == {file["fileName"], "fresh_1_2.txt"}


async def test_a_database_that_knows_most_files_is_needed_to_remove_any(
    client: httpx.AsyncClient, people: People, place: Place
) -> None:
    place.put(OLD, LONG_AGO)
    assert await swept(place) == {}, "a new database knows nothing"
    await uploaded(client, people.owner)
    place.age()
    others = [OLD.replace("left", f"left{number}") for number in range(FEW)]
    for key in others:
        place.put(key, LONG_AGO)
    assert await swept(place) == {}
    assert len(place.names()) == FEW + 2
    for key in others:
        place.lose(key.rpartition("/")[2])
    assert await swept(place) == {"bytes_without_rows": 1}


async def test_what_came_after_a_backup_that_was_brought_back_stays(
    client: httpx.AsyncClient, people: People, place: Place, urls: Urls
) -> None:
    file = await uploaded(client, people.owner)
    place.age()
    place.put(OLD, LONG_AGO)
    place.put(OLD.replace("left", "before"), LONG_AGO - 2 * 86400)
    put = "insert into relais.jobs (name, arguments, scheduled_for, state, finished_at)"
    made, returned = (f"to_timestamp({LONG_AGO + hours * 3600})" for hours in (-10, 10))
    await run_sql(
        urls.admin,
        f"{put} select '{RESTORED}', jsonb_build_object('made', {made}), {returned}, 'done', now()",
    )
    try:
        assert await swept(place) == {"bytes_without_rows": 1}
    finally:
        await run_sql(urls.admin, "delete from relais.jobs")
    assert place.names() == {file["fileName"], "left_1_2.txt"}


async def test_rows_without_bytes_go_after_a_while(
    client: httpx.AsyncClient, people: People, place: Place, urls: Urls
) -> None:
    lost, kept = await uploaded(client, people.owner), await uploaded(client, people.owner)
    place.lose(lost["fileName"])
    assert await swept(place) == {}
    await grow_old(urls)
    assert await swept(place) == {"rows_without_bytes": 1}
    assert (await client.get(f"{path_of(lost)}/info")).status_code == 404
    assert (await client.get(path_of(kept))).status_code == 200


async def test_storage_that_lost_most_files_is_doubted(
    client: httpx.AsyncClient, people: People, place: Place, urls: Urls
) -> None:
    for _ in range(FEW + 1):
        await uploaded(client, people.owner)
    await grow_old(urls)
    for name in place.names():
        place.lose(name)
    assert await swept(place) == {}
    listed = await client.get("/api/files", headers=people.owner.headers)
    assert listed.json()["meta"]["total"] == FEW + 1


async def test_files_of_a_deleted_resource_go_after_a_while(
    client: httpx.AsyncClient, people: People, place: Place, urls: Urls
) -> None:
    resource = await new_resource(client, people.owner)
    file = await uploaded(client, people.owner, resourceId=resource["id"])
    await grow_old(urls)
    await client.delete(f"/api/resources/{resource['id']}", headers=people.owner.headers)
    assert await swept(place) == {}, "it has hung on nothing for a moment only"
    assert (await client.get(path_of(file))).status_code == 404
    assert (await client.get(path_of(file), headers=people.owner.headers)).status_code == 200
    await grow_old(urls)
    assert await swept(place) == {"files_of_nothing": 1}
    assert place.names() == set()
    assert (await client.get(path_of(file), headers=people.owner.headers)).status_code == 404


async def test_a_private_file_that_never_hung_on_anything_goes_after_a_while(
    client: httpx.AsyncClient, people: People, place: Place, urls: Urls
) -> None:
    file, kept = await uploaded(client, people.owner, isPublic="false"), await uploaded(client, people.owner)
    assert await swept(place) == {}
    await grow_old(urls)
    assert await swept(place) == {"files_of_nothing": 1}
    assert place.names() == {kept["fileName"]}
    assert (await client.get(path_of(file), headers=people.owner.headers)).status_code == 404


async def test_a_file_that_a_fork_or_a_version_names_stays(
    client: httpx.AsyncClient, people: People, place: Place, urls: Urls
) -> None:
    file = await uploaded(client, people.owner)
    first = await new_resource(client, people.owner, filePath=file["fileName"])
    body = {"resource_id": first["id"]}
    fork = await client.post("/rest/v1/rpc/fork_resource", json=body, headers=people.other.headers)
    await client.delete(f"/api/resources/{first['id']}", headers=people.owner.headers)
    await grow_old(urls)
    assert await swept(place) == {}
    assert (await client.get(path_of(file), headers=people.other.headers)).content == PNG
    await client.delete(f"/api/resources/{fork.json()['id']}", headers=people.other.headers)
    assert await swept(place) == {"files_of_nothing": 1}


async def test_what_a_form_replaced_goes_unless_a_version_names_it(
    client: httpx.AsyncClient, people: People, place: Place, urls: Urls
) -> None:
    hung = {"file_url": data_url(PNG, "image/png")}
    made = await new_resource(client, people.owner, **hung)
    path, headers = f"/api/resources/{made['id']}", people.owner.headers
    beside = await uploaded(client, people.owner, resourceId=made["id"])
    kept = await client.post(f"{path}/versions", json={}, headers=headers)
    assert kept.status_code == 201, kept.text
    second = (await client.put(path, json=hung, headers=headers)).json()
    await grow_old(urls)
    third = (await client.put(path, json=hung, headers=headers)).json()
    assert await swept(place) == {}, "it has been left over for a moment only"
    await grow_old(urls)
    assert await swept(place) == {"files_of_nothing": 1}
    assert place.names() == {made["filePath"], third["filePath"], beside["fileName"]}
    assert (await client.get(second["fileUrl"], headers=headers)).status_code == 404
    restored = await client.post(f"{path}/versions/1/restore", headers=headers)
    assert restored.status_code == 200, restored.text
    assert (await client.get(made["fileUrl"])).content == PNG


async def test_the_bytes_of_a_replaced_picture_go_after_a_while(
    client: httpx.AsyncClient, people: People, place: Place
) -> None:
    for _ in range(2):
        body = {"avatarUrl": data_url(PNG, "image/png")}
        told = (await client.put(f"/api/profiles/{people.owner.id}", json=body, headers=people.owner.headers)).json()
    place.age()
    assert await swept(place) == {"bytes_without_rows": 1}
    assert place.names() == {told["avatarUrl"].rpartition("/")[2]}


async def test_files_that_were_coming_in_when_a_process_died_go(place: Place) -> None:
    incoming = place.directory / "incoming"
    incoming.mkdir()
    for name, since in (("old", LONG_AGO), ("new", time.time())):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (since, since))
    assert await swept(place) == {"broken_off": 1}
    assert [path.name for path in incoming.iterdir()] == ["new"]


async def test_a_service_that_fails_leaves_neither_row_nor_bytes(
    client: httpx.AsyncClient, people: People, place: Place
) -> None:
    if place.server is None:
        pytest.skip("only a service can be away like this")
    file = await uploaded(client, people.owner)
    place.server.failing = 503
    refused = await sent(client, people.owner)
    assert (refused.status_code, refused.json()["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert (await client.get(path_of(file))).status_code == 503
    place.server.failing = None
    listed = await client.get("/api/files", headers=people.owner.headers)
    assert [row["fileName"] for row in listed.json()["data"]] == [file["fileName"]]
    assert place.names() == {file["fileName"]}
    assert not list((place.directory / "incoming").iterdir())
