"""Where the bytes of files lie: a directory, or a service that speaks S3 (`s3.py`).

A file is put there whole or not at all. Keys are `tenant/xx/name`, so that a tenant's files lie together and no
directory gets too long. Who may read a file is not known here.
"""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from app.errors import ErrorSpec, refuse

STORAGE_UNAVAILABLE = ErrorSpec("STORAGE_UNAVAILABLE", 503, "Le stockage des fichiers est indisponible")
CHUNK_BYTES = 256 * 1024
INCOMING = "incoming"
Result = TypeVar("Result")
_KEY = re.compile(r"[0-9a-f-]{36}/[0-9a-f]{2}/[A-Za-z0-9][A-Za-z0-9._-]*\Z")


class Missing(Exception):
    """Nothing lies under this key."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` to before `stop`."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many they are."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that has come in and waits to be put in its place."""

    path: Path
    size: int
    #: SHA-256 of its bytes, in hexadecimal.
    digest: str
    kind: str


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies under a key."""

    key: str
    size: int
    #: When it was put there, in seconds of the clock.
    since: float


class Storage(Protocol):
    """A place for files."""

    #: Where files are written while they come in.
    incoming: Path

    async def put(self, key: str, whole: Whole) -> None: ...
    def opened(self, key: str, span: Span) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...
    async def remove(self, key: str) -> None: ...
    async def size(self, key: str) -> int | None: ...
    def listed(self) -> AsyncIterator[Lying]: ...
    async def close(self) -> None: ...


async def finished(work: Callable[..., Result], *args: Any) -> Result:
    """What a thread makes of it. Whoever is cancelled waits for it: it must not write to what is closed by then."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()
        raise


def key_of(tenant_id: str, name: str) -> str:
    """Where a file of a tenant lies."""
    return f"{tenant_id}/{hashlib.sha256(name.encode()).hexdigest()[:2]}/{name}"


def checked(key: str) -> str:
    """A key, which is no path to anywhere else."""
    if not _KEY.match(key) or ".." in key:
        raise ValueError(f"{key!r} is no key of a file")
    return key


class DiskStorage:
    """A directory, of this machine or shared by several."""

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self.incoming = directory / INCOMING

    async def put(self, key: str, whole: Whole) -> None:
        """Return once the file would outlive a power cut."""
        with disk_failures():
            await finished(_move, whole.path, self._root / checked(key))

    @asynccontextmanager
    async def opened(self, key: str, span: Span) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Read a part of a file; somebody may delete it meanwhile."""
        with disk_failures():
            number = _open(self._root / checked(key))
        try:
            yield _chunks(number, span)
        finally:
            os.close(number)

    async def remove(self, key: str) -> None:
        """Nothing lies there any more."""
        with disk_failures(), suppress(FileNotFoundError):
            await asyncio.to_thread((self._root / checked(key)).unlink)

    async def size(self, key: str) -> int | None:
        """How many bytes lie there; None: nothing does."""
        with disk_failures():
            try:
                return (await asyncio.to_thread((self._root / checked(key)).stat)).st_size
            except FileNotFoundError:
                return None

    async def listed(self) -> AsyncIterator[Lying]:
        """Everything that lies there, directory by directory."""
        for directory in await asyncio.to_thread(lambda: sorted(self._root.glob("*-*/??"))):
            for item in await asyncio.to_thread(_files_in, directory):
                yield item

    async def close(self) -> None:
        """Nothing is kept open."""


class disk_failures:  # reads as words where it is used: `with disk_failures():`
    """A disk that fails is a service that is away; whatever was not there is not."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise refuse(STORAGE_UNAVAILABLE, os.strerror(error.errno or 0), headers={"Retry-After": "5"}) from error


def new_incoming(directory: Path) -> tuple[int, Path]:
    """A new file to write to, for its owner's eyes only."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / secrets.token_hex(16)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), path


def _move(source: Path, target: Path) -> None:
    for directory in (target.parent.parent, target.parent):
        if not directory.is_dir():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(directory.parent)
    source.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise Missing(path.name) from error


async def _chunks(number: int, span: Span) -> AsyncIterator[bytes]:
    position = span.start
    while position < span.stop:
        chunk = await finished(os.pread, number, min(CHUNK_BYTES, span.stop - position), position)
        if not chunk:
            raise Missing("the file is shorter than its row says")
        position += len(chunk)
        yield chunk


def _files_in(directory: Path) -> list[Lying]:
    def found() -> Iterator[Lying]:
        for entry in os.scandir(directory):
            with suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    told = entry.stat(follow_symlinks=False)
                    yield Lying(f"{directory.parent.name}/{directory.name}/{entry.name}", told.st_size, told.st_mtime)

    with suppress(FileNotFoundError):
        return list(found())
    return []
