"""The directory of backups: names, manifests, lists, what is damaged, what is too old."""

import asyncio
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import orjson

from app import log
from app.backups.errors import BACKUP_DAMAGED, BACKUP_NOT_FOUND
from app.errors import refuse
from app.settings import Settings

DUMP, REDIS_COPY, MANIFEST = "database.dump", "redis.rdb", "manifest.json"
#: Whatever is not called like this is no backup; and no such name leads out of the directory.
NAME = re.compile(r"relais-\d{8}-\d{6}-[0-9a-f]{4}", re.ASCII)
UNFINISHED = ".unfinished-"
PEOPLE = "relais.users"
#: What was left behind by a process that died.
ABANDONED = timedelta(days=2)
DAMAGED = "backup_damaged"
REMOVED = "backup_removed"
_PIECE = 1024 * 1024
Reason = Literal["manual", "daily"]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of."""

    name: str
    created_at: str
    reason: Reason
    #: Of Relais, and of PostgreSQL.
    version: str
    server: str
    migrations: list[str]
    #: Rows by table, at the moment of the dump.
    tables: dict[str, int]
    #: What belongs to the database itself and is not in a dump: how it sorts, who may connect, settings.
    database: dict[str, Any]
    files: dict[str, File] = field(default_factory=dict[str, File])
    #: Why there is no copy of Redis; empty if there is one.
    without_redis: str = ""
    #: When the database was made that the rows are of; empty if nobody knows.
    began: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files.values())

    @property
    def created(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.created_at)

    @property
    def has_people(self) -> bool:
        """Whether anybody would miss it."""
        return self.tables.get(PEOPLE, 0) > 0


def directory_of(settings: Settings) -> Path:
    """Where backups are."""
    return Path(settings.backup.directory) if settings.backup.directory else settings.data_dir / "backups"


def new_name(now: datetime) -> str:
    """A name that says when, and that no other has."""
    return f"relais-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def begun(directory: Path, name: str) -> Path:
    """A directory that is no backup yet."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = directory / f"{UNFINISHED}{name}"
    unfinished.mkdir(mode=0o700)
    return unfinished


def finished(directory: Path, unfinished: Path, manifest: Manifest) -> None:
    """Make a backup of it: all of it, or nothing."""
    (unfinished / MANIFEST).write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
    for path in unfinished.iterdir():
        path.chmod(0o600)
        _synced(path)
    _synced(unfinished)
    unfinished.rename(directory / manifest.name)
    _synced(directory)


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_of(path: Path) -> File:
    """How large a file is, and its digest."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            digest.update(piece)
    return File(path.stat().st_size, digest.hexdigest())


def files_of(unfinished: Path) -> dict[str, File]:
    """All that a backup has, but the manifest."""
    return {path.name: file_of(path) for path in sorted(unfinished.iterdir())}


def listed(directory: Path) -> list[Manifest]:
    """All backups whose manifests can be read, the newest first."""
    if not directory.is_dir():
        return []
    found: list[Manifest] = []
    for path in directory.iterdir():
        if NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            manifest = _read(path)
            if manifest is not None:
                found.append(manifest)
            else:
                log.event(DAMAGED, {"name": path.name}, level="warning")
    return sorted(found, key=lambda manifest: (manifest.created_at, manifest.name), reverse=True)


def found(directory: Path, name: str) -> tuple[Path, Manifest]:
    """The backup of this name, and where it is."""
    path = directory / name if NAME.fullmatch(name) else None
    if path is None or path.is_symlink() or not path.is_dir():
        raise refuse(BACKUP_NOT_FOUND)
    manifest = _read(path)
    if manifest is None or manifest.name != name or DUMP not in manifest.files:
        raise refuse(BACKUP_DAMAGED, "The manifest cannot be read.")
    return path, manifest


async def intact(directory: Path, name: str) -> tuple[Path, Manifest]:
    """The same, once every byte of it is known to be what was written."""
    path, manifest = found(directory, name)
    for file_name, expected in manifest.files.items():
        try:
            seen = await asyncio.to_thread(file_of, path / Path(file_name).name)
        except OSError as error:
            raise refuse(BACKUP_DAMAGED, f"{file_name} cannot be read: {error.strerror}.") from error
        if seen != expected:
            raise refuse(BACKUP_DAMAGED, f"{file_name} is not what was written.")
    return path, manifest


def pruned(directory: Path, days: int, now: datetime) -> list[str]:
    """Remove what is older than so many days, but never the newest one, nor the newest with people in it, nor those of
    the database that was there before; the names of those that went.
    """
    if not directory.is_dir():
        return []
    too_old = _too_old(listed(directory), now - timedelta(days=days))
    for manifest in too_old:
        # Renamed first: a backup that is half gone must not look like one.
        gone = directory / f"{UNFINISHED}{manifest.name}"
        (directory / manifest.name).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        log.event(REMOVED, {"name": manifest.name})
    for path in directory.glob(f"{UNFINISHED}*"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - ABANDONED:
            shutil.rmtree(path, ignore_errors=True)
    return [manifest.name for manifest in too_old]


def _too_old(manifests: Sequence[Manifest], limit: datetime) -> list[Manifest]:
    if not manifests:
        return []
    newest = manifests[0]
    with_people = next((manifest for manifest in manifests if manifest.has_people), newest)
    # A database that was made anew knows nothing of what these hold: they may be all that is left.
    since = datetime.fromisoformat(newest.began) if newest.began else datetime.min.replace(tzinfo=UTC)
    return [
        manifest
        for manifest in manifests
        if since <= manifest.created < limit and manifest not in (newest, with_people)
    ]


def _read(path: Path) -> Manifest | None:
    try:
        told: dict[str, Any] = orjson.loads((path / MANIFEST).read_bytes())
        told["files"] = {name: File(**file) for name, file in told["files"].items()}
        manifest = Manifest(**told)
        return manifest if manifest.created.tzinfo is not None else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
