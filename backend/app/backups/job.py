"""The backup of the day, made by the worker."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from app.backups import store
from app.backups.create import create_backup
from app.errors import AppError
from app.settings import Settings

#: Longer than a job may take: what runs in the background is not broken off with the job that began it.
_running: set[asyncio.Task[Any]] = set()


async def daily_backup(ctx: dict[Any, Any]) -> list[str]:
    """Make a backup if that of the day is due, and remove those that are too old. Asked every hour.

    A worker that was away at the time of the backup makes it when it is back.
    """
    settings: Settings = ctx["settings"]
    if not is_due(settings, datetime.now(UTC)) or _running:
        return []
    task = asyncio.create_task(_backed_up(settings))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.shield(task)


async def _backed_up(settings: Settings) -> list[str]:
    try:
        await create_backup(settings, reason="daily")
    except AppError:
        return []  # logged where it failed; the next hour tries again
    days = settings.backup.retention_days
    return await asyncio.to_thread(store.pruned, store.directory_of(settings), days, datetime.now(UTC))


def is_due(settings: Settings, now: datetime) -> bool:
    """Whether there is no backup since the last time that one should have been made."""
    if settings.backup.time == "-":
        return False
    hour, minute = map(int, settings.backup.time.split(":"))
    due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if due > now:
        due -= timedelta(days=1)
    daily = (manifest for manifest in store.listed(store.directory_of(settings)) if manifest.reason == "daily")
    newest = next(daily, None)
    return newest is None or newest.created < due
