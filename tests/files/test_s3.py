"""A bucket as a place for files: every request is signed, what fails says so, files come and go in pieces."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest
from app.adapters.s3 import Bucket, S3Storage
from app.adapters.sigv4 import Credentials
from app.adapters.storage import Missing, Span, Whole, key_of
from app.errors import AppError

from tests.files.s3_server import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, S3Server, s3_running

TENANT = "5f0c6a52-3a0e-4d5b-9f3e-0d6a1f0b7c11"
KEY = key_of(TENANT, "a_b-c.txt")
KEYS = Credentials(ACCESS_KEY, SECRET_KEY, REGION)


@pytest.fixture
def server() -> Generator[S3Server]:
    with s3_running() as server:
        yield server


def storage_at(server: S3Server, tmp_path: Path, keys: Credentials = KEYS, prefix: str = "some where/") -> S3Storage:
    return S3Storage(Bucket(server.endpoint, BUCKET, prefix, 2.0), keys, tmp_path)


@pytest.fixture
async def storage(server: S3Server, tmp_path: Path) -> AsyncGenerator[S3Storage]:
    storage = storage_at(server, tmp_path)
    yield storage
    await storage.close()


def whole(tmp_path: Path, content: bytes) -> Whole:
    path = tmp_path / "whole"
    path.write_bytes(content)
    return Whole(path, len(content), hashlib.sha256(content).hexdigest(), "text/plain")


async def read(storage: S3Storage, key: str, span: Span) -> bytes:
    async with storage.opened(key, span) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_files_come_and_go(server: S3Server, storage: S3Storage, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    await storage.put(KEY, whole(tmp_path, content))
    assert not (tmp_path / "whole").exists()
    assert server.objects[f"some where/{KEY}"][:2] == (content, "text/plain")
    assert await storage.size(KEY) == len(content)
    assert await read(storage, KEY, Span(0, len(content))) == content
    assert await read(storage, KEY, Span(10, 300_000)) == content[10:300_000]
    await storage.remove(KEY)
    await storage.remove(KEY)
    assert await storage.size(KEY) is None
    with pytest.raises(Missing):
        await read(storage, KEY, Span(0, 1))
    assert not server.refused


async def test_a_list_has_pages(server: S3Server, storage: S3Storage, tmp_path: Path) -> None:
    keys = [key_of(TENANT, f"{number}.txt") for number in range(5)]
    for key in keys:
        await storage.put(key, whole(tmp_path, b"abc"))
    server.objects["elsewhere/x"] = server.objects[f"some where/{keys[0]}"]
    found = [item async for item in storage.listed()]
    assert sorted(item.key for item in found) == sorted(keys)
    assert {item.size for item in found} == {3}
    assert not server.refused


async def test_another_secret_is_refused(server: S3Server, tmp_path: Path) -> None:
    storage = storage_at(server, tmp_path, Credentials(ACCESS_KEY, "another", REGION))
    with pytest.raises(AppError) as error:
        await storage.put(KEY, whole(tmp_path, b"abc"))
    assert (error.value.code, error.value.details) == ("STORAGE_UNAVAILABLE", "status 403")
    assert server.refused == ["signature"]
    assert (tmp_path / "whole").exists()
    await storage.close()


async def test_what_was_changed_on_the_way_is_refused(server: S3Server, storage: S3Storage, tmp_path: Path) -> None:
    changed = whole(tmp_path, b"abc")
    changed.path.write_bytes(b"abd")
    with pytest.raises(AppError):
        await storage.put(KEY, changed)
    assert server.refused == ["digest"]
    assert not server.objects


async def test_nobody_reads_the_bucket_unsigned(server: S3Server, storage: S3Storage, tmp_path: Path) -> None:
    await storage.put(KEY, whole(tmp_path, b"abc"))
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{server.endpoint}/{BUCKET}/some%20where/{KEY}")).status_code == 403


@pytest.mark.parametrize("status", [500, 503, 301, 400])
async def test_a_service_that_fails_is_away(server: S3Server, storage: S3Storage, tmp_path: Path, status: int) -> None:
    server.failing = status
    for asked in (
        storage.put(KEY, whole(tmp_path, b"a")),
        storage.size(KEY),
        storage.remove(KEY),
        read(storage, KEY, Span(0, 1)),
    ):
        with pytest.raises(AppError) as error:
            await asked
        assert (error.value.status, error.value.headers["Retry-After"]) == (503, "5")


async def test_a_service_that_is_not_there_is_away(server: S3Server, tmp_path: Path) -> None:
    server.port = 9
    storage = storage_at(server, tmp_path)
    with pytest.raises(AppError) as error:
        await storage.size(KEY)
    assert error.value.code == "STORAGE_UNAVAILABLE"
    await storage.close()


async def test_an_answer_that_breaks_off_is_no_whole_file(server: S3Server, storage: S3Storage, tmp_path: Path) -> None:
    await storage.put(KEY, whole(tmp_path, b"abcdef"))
    server.cut = True
    with pytest.raises(AppError):
        await read(storage, KEY, Span(0, 6))


async def test_a_list_of_a_bucket_that_is_gone_is_no_empty_list(server: S3Server, tmp_path: Path) -> None:
    storage = S3Storage(Bucket(server.endpoint, "another", "", 2.0), KEYS, tmp_path)
    with pytest.raises(AppError):
        _ = [item async for item in storage.listed()]
    await storage.close()


@pytest.mark.parametrize("key", ["../a", f"{TENANT}/ab/../x", f"{TENANT}/ab/a/b", f"{TENANT}/ab/.hidden", "a"])
async def test_a_key_is_no_path_to_anywhere_else(storage: S3Storage, key: str) -> None:
    with pytest.raises(ValueError):
        await storage.size(key)


async def test_many_at_once(server: S3Server, storage: S3Storage, tmp_path: Path) -> None:
    async def one(number: int) -> bytes:
        content = bytes([number]) * 50_000
        directory = tmp_path / str(number)
        directory.mkdir()
        key = key_of(TENANT, f"{number}.bin")
        await storage.put(key, whole(directory, content))
        return await read(storage, key, Span(0, len(content)))

    assert await asyncio.gather(*map(one, range(20))) == [bytes([number]) * 50_000 for number in range(20)]
