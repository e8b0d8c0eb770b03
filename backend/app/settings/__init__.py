"""Typed settings, read once at an entry point from `RELAIS_*` variables and passed down by group.

Nothing here reads a setting at import time and there is no global instance: `load_settings()` builds one,
checks it as a whole, and every function downstream takes the group it needs.
"""

from app.settings.accounts import AuthSettings, HandoverSettings, LimitsSettings, MailSettings, OauthSettings
from app.settings.files import FilesSettings
from app.settings.jobs import JobsSettings, RetentionSettings
from app.settings.loading import SettingsError, load_settings
from app.settings.refusals import EXAMPLE_SECRETS, MIN_SECRET_BYTES
from app.settings.rest import RestSettings
from app.settings.servers import (
    MOST_WORKERS,
    BackupSettings,
    CacheSettings,
    DatabaseSettings,
    EmbeddedSettings,
    HttpSettings,
    LogSettings,
    RealtimeSettings,
    RedisSettings,
    ServerSettings,
)
from app.settings.values import PostgresUrl, Rate, RedisUrl, Sender, SmtpUrl
from app.settings.whole import PREFIX, Described, Settings, describe, variables

__all__ = [
    "EXAMPLE_SECRETS",
    "MIN_SECRET_BYTES",
    "MOST_WORKERS",
    "PREFIX",
    "AuthSettings",
    "BackupSettings",
    "CacheSettings",
    "DatabaseSettings",
    "Described",
    "EmbeddedSettings",
    "FilesSettings",
    "HandoverSettings",
    "HttpSettings",
    "JobsSettings",
    "LimitsSettings",
    "LogSettings",
    "MailSettings",
    "OauthSettings",
    "PostgresUrl",
    "Rate",
    "RealtimeSettings",
    "RedisSettings",
    "RedisUrl",
    "RestSettings",
    "RetentionSettings",
    "Sender",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "SmtpUrl",
    "describe",
    "load_settings",
    "variables",
]
