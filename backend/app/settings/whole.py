"""All groups together, and what people read about each setting. Reading the environment is `loading`'s."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings.accounts import AuthSettings, HandoverSettings, LimitsSettings, MailSettings, OauthSettings
from app.settings.files import FilesSettings
from app.settings.group import Group
from app.settings.jobs import JobsSettings, RetentionSettings
from app.settings.rest import RestSettings
from app.settings.servers import (
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

PREFIX = "RELAIS_"


class Settings(BaseSettings):
    """Everything that can be set, by group."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="_", env_nested_max_split=1, env_ignore_empty=True, frozen=True
    )

    environment: Literal["development", "test", "production"] = Field(
        "development", description="Outside development, missing or example secrets are refused."
    )
    data_dir: Path = Field(Path(".relais"), description="Where the embedded servers and generated secrets live.")
    server: ServerSettings = ServerSettings()  # pyright: ignore[reportCallIssue]
    http: HttpSettings = HttpSettings()  # pyright: ignore[reportCallIssue]
    database: DatabaseSettings = DatabaseSettings()  # pyright: ignore[reportCallIssue]
    redis: RedisSettings = RedisSettings()  # pyright: ignore[reportCallIssue]
    cache: CacheSettings = CacheSettings()  # pyright: ignore[reportCallIssue]
    embedded: EmbeddedSettings = EmbeddedSettings()  # pyright: ignore[reportCallIssue]
    auth: AuthSettings = AuthSettings()  # pyright: ignore[reportCallIssue]
    oauth: OauthSettings = OauthSettings()  # pyright: ignore[reportCallIssue]
    handover: HandoverSettings = HandoverSettings()  # pyright: ignore[reportCallIssue]
    mail: MailSettings = MailSettings()  # pyright: ignore[reportCallIssue]
    limits: LimitsSettings = LimitsSettings()  # pyright: ignore[reportCallIssue]
    files: FilesSettings = FilesSettings()  # pyright: ignore[reportCallIssue]
    rest: RestSettings = RestSettings()  # pyright: ignore[reportCallIssue]
    jobs: JobsSettings = JobsSettings()  # pyright: ignore[reportCallIssue]
    retention: RetentionSettings = RetentionSettings()  # pyright: ignore[reportCallIssue]
    realtime: RealtimeSettings = RealtimeSettings()  # pyright: ignore[reportCallIssue]
    log: LogSettings = LogSettings()  # pyright: ignore[reportCallIssue]
    backup: BackupSettings = BackupSettings()  # pyright: ignore[reportCallIssue]


@dataclass(frozen=True, slots=True)
class Described:
    """A setting as people read it."""

    variable: str
    value: str
    default: str
    description: str


def describe(settings: Settings) -> list[Described]:
    """Every setting with its value, secrets masked."""
    rows: list[Described] = []
    for variable, path in variables():
        owner: BaseModel = settings
        for name in path[:-1]:
            owner = getattr(owner, name)
        field = type(owner).model_fields[path[-1]]
        value, default = _shown(getattr(owner, path[-1])), _shown(field.default)
        rows.append(Described(variable, value, default, field.description or ""))
    return rows


def _shown(value: object) -> str:
    return "unset" if value is None or value == "" else str(value)


def variables() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each variable with the path of its field, in the order of the file."""
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, Group):
            for inner in group.model_fields:
                yield f"{PREFIX}{name}_{inner}".upper(), (name, inner)
        else:
            yield f"{PREFIX}{name}".upper(), (name,)
