"""Files through a server process: nothing holds a whole file in memory, nothing is left of what broke off."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import httpx
import psutil
import pytest
from app.embedded import Servers

from tests.accounts.conftest import signed_up
from tests.conftest import Urls, environment_for
from tests.library.file_samples import form, path_of
from tests.library.test_files import FILE_PART, lying
from tests.own_server import CHEAP, OwnServer, own_server

MEGABYTE = 1024 * 1024
LARGE = 96 * MEGABYTE


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path, directory: Path) -> Generator[OwnServer]:
    bounds = {"RELAIS_FILES_MAX_BYTES": str(LARGE), "RELAIS_FILES_DIRECTORY": str(directory)}
    limits = {"RELAIS_LIMITS_TRANSFERS": "100000/60"}
    with own_server({**environment_for(urls, servers, data_dir), **CHEAP, **bounds, **limits}) as server:
        yield server


@pytest.fixture
async def client(server: OwnServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=60) as client:
        yield client


async def until_nothing_comes_in(directory: Path) -> None:
    async with asyncio.timeout(20):
        while any((directory / "incoming").iterdir()):
            await asyncio.sleep(0.02)


def memory_of(server: OwnServer) -> int:
    process = psutil.Process(server.pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


async def test_a_large_file_is_never_in_memory(client: httpx.AsyncClient, server: OwnServer, directory: Path) -> None:
    member = await signed_up(client)
    piece = secrets.token_bytes(MEGABYTE)
    body, headers = form((FILE_PART.replace("text/plain", "application/octet-stream"), b"<>"))
    start, end = body.split(b"<>")
    most = before = memory_of(server)

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal most
        yield start
        for _ in range(LARGE // MEGABYTE):
            yield b"\0" + piece[1:]
            most = max(most, memory_of(server))
        yield end

    answer = await client.post("/api/files/upload", content=pieces(), headers={**headers, **member.headers})
    assert answer.status_code == 201, answer.text
    file = answer.json()["file"]
    assert file["size"] == LARGE
    size = 0
    async with client.stream("GET", path_of(file)) as answer:
        async for chunk in answer.aiter_raw():
            size += len(chunk)
            most = max(most, memory_of(server))
    assert size == LARGE
    assert most - before < LARGE / 3
    await client.delete(path_of(file), headers=member.headers)


async def test_a_connection_that_ends_leaves_nothing_behind(
    client: httpx.AsyncClient, server: OwnServer, directory: Path
) -> None:
    member = await signed_up(client)
    before = lying(directory)
    body, headers = form((FILE_PART, b"x" * 2 * MEGABYTE))
    told = {**headers, **member.headers, "Host": "127.0.0.1", "Content-Length": str(len(body))}
    head = "POST /api/files/upload HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items())
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head.encode() + b"\r\n" + body[:MEGABYTE])
    await writer.drain()
    async with asyncio.timeout(20):
        while not any((directory / "incoming").iterdir()):
            await asyncio.sleep(0.02)
    writer.transport.abort()
    await until_nothing_comes_in(directory)
    assert lying(directory) == before
    listed = await client.get("/api/files", headers=member.headers)
    assert listed.json()["data"] == []


async def test_whoever_stops_reading_holds_nothing_open(
    client: httpx.AsyncClient, server: OwnServer, directory: Path
) -> None:
    member = await signed_up(client)
    body, headers = form((FILE_PART, b"x" * 20 * MEGABYTE))
    answer = await client.post("/api/files/upload", content=body, headers={**headers, **member.headers})
    file = answer.json()["file"]
    for _ in range(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET {path_of(file)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert await reader.read(1000)
        writer.transport.abort()
    async with asyncio.timeout(20):
        while opened(server, file["fileName"]):
            await asyncio.sleep(0.02)
    assert (await client.get("/live")).status_code == 200


def opened(server: OwnServer, name: str) -> list[str]:
    """Files of this name that the server has open."""
    process = psutil.Process(server.pid)
    found: list[str] = []
    for each in (process, *process.children(recursive=True)):
        for number in os.listdir(f"/proc/{each.pid}/fd"):
            try:
                found.append(os.readlink(f"/proc/{each.pid}/fd/{number}"))
            except FileNotFoundError:
                continue
    return [path for path in found if path.endswith(name)]


async def test_many_uploads_at_once_are_all_whole(client: httpx.AsyncClient, directory: Path) -> None:
    member = await signed_up(client)

    async def one(number: int) -> None:
        content = f"{number}\n".encode() * 50_000
        body, headers = form((FILE_PART, content))
        answer = await client.post("/api/files/upload", content=body, headers={**headers, **member.headers})
        assert (await client.get(path_of(answer.json()["file"]))).content == content

    await asyncio.gather(*map(one, range(20)))
    assert not any((directory / "incoming").iterdir())
