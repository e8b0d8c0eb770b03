"""Sweeps out what is left over of files: those that hang on nothing any more, bytes without a row, rows without bytes.

Nothing is touched before it has been left over for a while (`RELAIS_FILES_ORPHAN_HOURS`): a file that is just coming in
has bytes and no row yet. Storage that has lost most of its files has not lost them, it is the wrong one or is away. A
database that knows nothing of most files is as wrong: it is new, and the one that knew them may be brought back.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import log
from app.adapters.postgres import SERVICE, Database
from app.adapters.storage import Lying, Storage, key_of
from app.adapters.stores import storage_for
from app.module import RESTORED
from app.settings import Settings

PAGE_ROWS = 500
#: So many may be missing, or unknown, without a doubt about the storage or the database; beyond it no more than half.
FEW = 10
#: What is more than this waits for the next sweep.
MOST_AT_ONCE = 10_000
DOUBTED = "files_storage_doubted"
_HOUR = 3600.0
_LEFT = """
    delete from library.files as f
    where not f.is_public and (f.resource_id is null or f.is_inline)
      and f.updated_at < now() - $1::float8 * interval '1 hour'
      and not exists (
        select from library.resources as r where r.tenant_id = f.tenant_id and r.file_path = f.file_name)
      and not exists (
        select from library.resources as r
        where r.tenant_id = f.tenant_id and r.id = f.resource_id and strpos(r.file_url, f.file_name) > 0)
      and not exists (
        select from library.resource_versions as v where v.tenant_id = f.tenant_id and v.file_path = f.file_name)
      and not exists (
        select from library.resource_versions as v
        where v.tenant_id = f.tenant_id and v.resource_id = f.resource_id and strpos(v.file_url, f.file_name) > 0)
    returning f.tenant_id::text, f.file_name
"""
_ROWS = """
    select f.id::text, f.tenant_id::text, f.file_name
    from library.files as f
    where f.id > $1::text::uuid and f.created_at < now() - $2::float8 * interval '1 hour'
    order by f.id limit $3
"""
_KNOWN = "select f.tenant_id::text, f.file_name from library.files as f where f.file_name = any($1::text[])"
_DROP = "delete from library.files as f where f.id = any($1::text[]::uuid[])"
#: Between the making of a backup and its return, in seconds of the clock.
_RETURNS = """
    select extract(epoch from (j.arguments ->> 'made')::timestamptz)::float8,
           extract(epoch from j.scheduled_for)::float8
    from relais.jobs as j where j.name = $1 and j.scheduled_for is not null
"""
_FIRST = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class _Sweep:
    database: Database
    storage: Storage
    hours: float

    async def files_of_nothing(self) -> int:
        """Private files that no resource and no version of one names: their resource is gone, or has another one."""
        async with self.database.connection(SERVICE, "write") as connection:
            rows = await connection.fetch(_LEFT, self.hours)
        for row in rows:
            await self.storage.remove(key_of(row[0], row[1]))
        return len(rows)

    async def bytes_without_rows(self) -> int:
        """What lies there and belongs to no row, if most of what lies there belongs to one."""
        known, unknown, keys = 0, 0, list[str]()
        # What came after a backup that was brought back may belong to rows of the database of before.
        returns = await self.database.fetch(SERVICE, _RETURNS, RESTORED, mode="write")
        async for page in self._pages():
            strange = await self._unknown(page)
            found = [
                lying.key
                for lying in strange
                if not any(row[0] - _HOUR < lying.since < row[1] + _HOUR for row in returns)
            ]
            known, unknown = known + len(page) - len(strange), unknown + len(found)
            keys += found[: MOST_AT_ONCE - len(keys)]
        if unknown and (not known or (unknown > FEW and unknown > known)):
            log.event(DOUBTED, {"files": known + unknown, "unknown": unknown}, level="error")
            return 0
        for key in keys:
            await self.storage.remove(key)
        return len(keys)

    async def _pages(self) -> AsyncGenerator[Sequence[Lying]]:
        """What has lain there for a while."""
        page, before = list[Lying](), time.time() - self.hours * _HOUR
        async for lying in self.storage.listed():
            if lying.since < before:
                page.append(lying)
            if len(page) >= PAGE_ROWS:
                yield page
                page = []
        yield page

    async def _unknown(self, page: Sequence[Lying]) -> list[Lying]:
        names = [lying.key.rpartition("/")[2] for lying in page]
        rows = await self.database.fetch(SERVICE, _KNOWN, names, mode="write")
        known = {key_of(row[0], row[1]) for row in rows}
        return [lying for lying in page if lying.key not in known]

    async def rows_without_bytes(self) -> int:
        """Rows that show what is not there."""
        after, seen, missing = _FIRST, 0, list[str]()
        while True:
            rows = await self.database.fetch(SERVICE, _ROWS, after, self.hours, PAGE_ROWS, mode="write")
            if not rows:
                break
            for row in rows:
                if await self.storage.size(key_of(row[1], row[2])) is None:
                    missing.append(row[0])
            seen, after = seen + len(rows), rows[-1][0]
        if len(missing) > FEW and len(missing) > seen / 2:
            log.event(DOUBTED, {"rows": seen, "missing": len(missing)}, level="error")
            return 0
        if missing:
            async with self.database.connection(SERVICE, "write") as connection:
                await connection.execute(_DROP, missing)
        return len(missing)


async def sweep_files(ctx: dict[Any, Any]) -> dict[str, int]:
    """Remove everything that is left over; running it twice at once is harmless."""
    settings: Settings = ctx["settings"]
    storage = storage_for(settings)
    sweep = _Sweep(ctx["database"], storage, settings.files.orphan_hours)
    try:
        removed = {
            "files_of_nothing": await sweep.files_of_nothing(),
            "rows_without_bytes": await sweep.rows_without_bytes(),
            "bytes_without_rows": await sweep.bytes_without_rows(),
            "broken_off": await asyncio.to_thread(_broken_off, storage.incoming, sweep.hours),
        }
    finally:
        await storage.close()
    log.event("files_swept", removed)
    return removed


def _broken_off(incoming: Path, hours: float) -> int:
    """Files that were coming in when their process died."""
    removed, before = 0, time.time() - hours * _HOUR
    for path in incoming.glob("*"):
        try:
            if path.stat().st_mtime < before:
                path.unlink()
                removed += 1
        except FileNotFoundError:
            continue
    return removed
