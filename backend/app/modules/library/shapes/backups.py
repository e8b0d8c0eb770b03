"""Backups, as those who run the installation are shown them."""

from datetime import datetime

from pydantic import BaseModel


class _Backup(BaseModel):
    filename: str
    size: int
    #: With two decimals.
    sizeMB: str
    reason: str
    version: str
    migrations: list[str]


class ListedBackup(_Backup):
    """One of the list."""

    date: datetime


class NewBackup(_Backup):
    """One that was just made."""

    timestamp: datetime


class Backups(BaseModel):
    """All of them."""

    backups: list[ListedBackup]
    count: int


class BackupMade(BaseModel):
    """That one was made."""

    message: str
    backup: NewBackup


class BackupRestored(BaseModel):
    """That one was brought back."""

    message: str
    filename: str


class _Config(BaseModel):
    enabled: bool
    schedule: str
    retentionDays: int
    backupDir: str
    compress: bool


class BackupConfig(BaseModel):
    """How backups are made."""

    config: _Config
