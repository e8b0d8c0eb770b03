"""A file while it comes in: whatever ends it, nothing stays open, lies around, or is written to what came after it."""

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from app.adapters.storage import CHUNK_BYTES, DiskStorage, Span, finished, key_of
from app.files.incoming import TooLong, incoming

TENANT = "5f0c6a52-3a0e-4d5b-9f3e-0d6a1f0b7c11"


async def test_a_file_is_there_once_it_is_put_away(tmp_path: Path) -> None:
    storage, key = DiskStorage(tmp_path), key_of(TENANT, "a.txt")
    async with incoming(storage.incoming, 10**7) as come:
        for _ in range(3):
            await come.write(b"a" * CHUNK_BYTES)
        await storage.put(key, await come.whole("text/plain"))
    assert await storage.size(key) == 3 * CHUNK_BYTES
    async with storage.opened(key, Span(1, CHUNK_BYTES + 2)) as chunks:
        assert len(b"".join([chunk async for chunk in chunks])) == CHUNK_BYTES + 1
    assert not list(storage.incoming.iterdir())
    assert [item.key async for item in storage.listed()] == [key]


async def test_a_file_that_gets_too_long_is_gone(tmp_path: Path) -> None:
    with pytest.raises(TooLong):
        async with incoming(tmp_path, 10) as come:
            await come.write(b"a" * 11)
    assert not list(tmp_path.iterdir())


async def test_whoever_is_cancelled_waits_for_what_a_thread_is_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_go_on, order = threading.Event(), threading.Event(), list[str]()
    write, close = os.write, os.close

    def slow_write(number: int, data: Any) -> int:
        began.set()
        may_go_on.wait(10)
        order.append("written")
        return write(number, data)

    def noted_close(number: int) -> None:
        order.append("closed")
        close(number)

    async def upload() -> None:
        async with incoming(tmp_path, 10**7) as come:
            monkeypatch.setattr(os, "write", slow_write)
            monkeypatch.setattr(os, "close", noted_close)
            await come.write(b"a" * CHUNK_BYTES)

    task = asyncio.create_task(upload())
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert order[:2] == ["written", "closed"]
    assert not list(tmp_path.iterdir())


async def test_what_a_thread_refuses_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        await finished(os.stat, "/nowhere/at/all")
