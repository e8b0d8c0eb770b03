"""A file while it comes in: written to a place of its own, looked at as it goes by, and gone unless it is put away."""

import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from app.adapters.storage import CHUNK_BYTES, Whole, disk_failures, finished, new_incoming
from app.files.kinds import Sniffer


class TooLong(Exception):
    """The file is longer than files may be."""


class Incoming:
    """Takes the bytes of one file."""

    def __init__(self, number: int, path: Path, longest: int) -> None:
        self.seen = Sniffer()
        self.size = 0
        self._number, self._path, self._longest = number, path, longest
        self._digest = hashlib.sha256()
        self._waiting = bytearray()

    async def write(self, data: bytes) -> None:
        """More of the file."""
        self.size += len(data)
        if self.size > self._longest:
            raise TooLong
        self.seen.feed(data)
        self._waiting += data
        if len(self._waiting) >= CHUNK_BYTES:
            await self._flush()

    async def digest(self) -> str:
        """SHA-256 of what has come so far, in hexadecimal."""
        await self._flush()
        return self._digest.hexdigest()

    async def whole(self, kind: str) -> Whole:
        """The file once all of it is here, safe on the disk."""
        digest = await self.digest()
        with disk_failures():
            await finished(os.fsync, self._number)
        return Whole(self._path, self.size, digest, kind)

    async def _flush(self) -> None:
        data = bytes(self._waiting)
        self._waiting.clear()
        with disk_failures():
            await finished(self._put, data)

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._number, view) :]


@asynccontextmanager
async def incoming(directory: Path, longest: int) -> AsyncGenerator[Incoming]:
    """A new file; what has not been moved away by the end goes, however that end comes about."""
    with disk_failures():
        number, path = new_incoming(directory)
    try:
        yield Incoming(number, path, longest)
    finally:
        os.close(number)
        path.unlink(missing_ok=True)
