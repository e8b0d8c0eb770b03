"""`/api/backups`: for those who run the installation. Making one is for administrators, bringing one back for super
administrators, where a setting allows it at all."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import Field

from app.accounts.audit import note
from app.accounts.bodies import Body, Text
from app.accounts.errors import INSUFFICIENT_ROLE
from app.adapters.postgres import SERVICE
from app.answers import Json, errors
from app.backups import restore, store
from app.backups.create import create_backup
from app.backups.errors import (
    BACKUP_DAMAGED,
    BACKUP_DISABLED,
    BACKUP_FAILED,
    BACKUP_NOT_FOUND,
    BACKUP_RUNNING,
    RESTORE_DISABLED,
    RESTORE_FAILED,
)
from app.backups.store import Manifest
from app.errors import AppError, refuse
from app.modules.library.callers import Caller
from app.modules.library.operators import Operator, operating
from app.modules.library.shapes.backups import BackupConfig, BackupMade, BackupRestored, Backups
from app.modules.library.tables.kinds import AppRole
from app.routers import Router
from app.settings import Settings

router = Router(prefix="/api/backups", tags=["backups"])
Maker = Annotated[Caller, Depends(operating("transfers", once="apart"))]
Restorer = Annotated[Caller, Depends(operating("transfers", rank=AppRole.SUPER_ADMIN, once="apart"))]
Outcome = TypeVar("Outcome")
#: What goes on when its client has gone, or waited for longer than a request may take.
_running: set[asyncio.Task[Any]] = set()


class RestoreBody(Body):
    """Of bringing a backup back."""

    filename: Annotated[Text, Field(min_length=1, max_length=255)]


@router.post(
    "/create",
    status_code=201,
    summary="Make a backup",
    response_model=BackupMade,
    responses=errors(BACKUP_DISABLED, BACKUP_RUNNING, BACKUP_FAILED, INSUFFICIENT_ROLE),
)
async def post_backup(caller: Maker, request: Request) -> Json:
    """Of now, while everything runs. One that takes longer than a request may is made to its end all the same."""
    settings = _settings(request)
    if not settings.backup.by_api:
        raise refuse(BACKUP_DISABLED)
    made = await _to_its_end(create_backup(settings))
    await _note(caller, "BACKUP_CREATED", made.name)
    told = {**_told(made), "timestamp": _moment(made)}
    del told["date"]
    return Json({"message": "Backup créé avec succès", "backup": told}, 201)


@router.get("", summary="List the backups", response_model=Backups, responses=errors(INSUFFICIENT_ROLE))
async def get_backups(_caller: Operator, request: Request) -> Json:
    """The newest first."""
    found = await asyncio.to_thread(store.listed, store.directory_of(_settings(request)))
    return Json({"backups": [_told(manifest) for manifest in found], "count": len(found)})


@router.post(
    "/restore",
    summary="Put a backup in the place of the database",
    response_model=BackupRestored,
    responses=errors(
        RESTORE_DISABLED, BACKUP_NOT_FOUND, BACKUP_DAMAGED, BACKUP_RUNNING, RESTORE_FAILED, INSUFFICIENT_ROLE
    ),
)
async def post_restore(caller: Restorer, request: Request, body: RestoreBody) -> Json:
    """Whoever uses the database is disconnected. The one of before is kept under another name."""
    settings = _settings(request)
    if not settings.backup.restore_by_api:
        raise refuse(RESTORE_DISABLED, hint="Set RELAIS_BACKUP_RESTORE_BY_API, or use `relais backup restore`.")
    try:
        await _to_its_end(restore.restore(settings, body.filename))
    except AppError as error:
        if error.code == BACKUP_NOT_FOUND.code:
            raise refuse(BACKUP_NOT_FOUND.worded(f"Fichier de backup non trouvé: {body.filename}")) from error
        raise
    await _note(caller, "BACKUP_RESTORED", body.filename)
    return Json({"message": "Backup restauré avec succès", "filename": body.filename})


@router.get("/config", summary="How backups are made", response_model=BackupConfig, responses=errors(INSUFFICIENT_ROLE))
async def get_config(_caller: Operator, request: Request) -> Json:
    """When, for how long, where."""
    settings = _settings(request)
    hour, _, minute = settings.backup.time.partition(":")
    enabled = settings.backup.time != "-"
    config = {
        "enabled": enabled,
        "schedule": f"{int(minute)} {int(hour)} * * *" if enabled else "",
        "retentionDays": settings.backup.retention_days,
        "backupDir": store.directory_of(settings).name,
        "compress": True,
    }
    return Json({"config": config})


def _settings(request: Request) -> Settings:
    return request.app.state.relais.settings


async def _note(caller: Caller, action: str, name: str) -> None:
    tenant, actor = caller.asked.caller.tenant_id, caller.user_id
    # A database that was just brought back may never have heard of whoever did it; the log has it in any case.
    with suppress(AppError):
        async with caller.database.transaction(SERVICE) as connection:
            await note(connection, caller.asked, action, tenant_id=tenant, actor_id=actor, target=name)


async def _to_its_end(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_ended)
    return await asyncio.shield(task)


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # it was logged where it happened, and perhaps nobody waits for it any more


def _told(manifest: Manifest) -> dict[str, Any]:
    size = manifest.size
    return {
        "filename": manifest.name,
        "size": size,
        "sizeMB": f"{size / 1024**2:.2f}",
        "date": _moment(manifest),
        "reason": manifest.reason,
        "version": manifest.version,
        "migrations": manifest.migrations,
    }


def _moment(manifest: Manifest) -> str:
    return manifest.created_at.replace("+00:00", "Z")
