"""Typed settings, read once at an entry point from `RELAIS_*` variables and passed down by group.

Nothing here reads a setting at import time and there is no global instance: `load_settings()` builds one,
checks it as a whole, and every function downstream takes the group it needs.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettings

PREFIX = "RELAIS_"
#: Values that stand in examples and must never guard anything real.
EXAMPLE_SECRETS = frozenset({"change-me", "changeme", "secret", "development", "password"})
MIN_SECRET_BYTES = 32
MOST_WORKERS = 64
_PLAIN_ADDRESS = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z0-9](?:-*[a-z0-9])*\.)*(?!\d+$)[a-z0-9](?:-*[a-z0-9])*",
    re.ASCII | re.IGNORECASE,
)
_BETWEEN_PAIRS = re.compile(r",(?=\s*[\w.$-]+\s*=)")


class SettingsError(Exception):
    """The settings cannot be used; the message is for the person who set them."""


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _seconds_by_name(text: str) -> str:
    """Pairs of a name and a number of seconds."""
    for part in _comma_separated(text):
        name, _, seconds = part.partition("=")
        try:
            usable = bool(name.strip()) and 0 < float(seconds) <= 86400
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(f"`{part}` is not a role and seconds, as in anon=3")
    return text


def _check_url(value: SecretStr | None, schemes: tuple[str, ...]) -> SecretStr | None:
    """A URL of one of these schemes, or a sentence that does not repeat it: it may hold a password."""
    if value is None:
        return None
    wanted = f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    try:
        parts = urlsplit(value.get_secret_value())
        usable = parts.scheme in schemes and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{wanted}, and whose port, if any, is a number from 1 to 65535")
    return value


def _postgres_url(value: SecretStr | None) -> SecretStr | None:
    return _check_url(value, ("postgresql", "postgres"))


def _redis_url(value: SecretStr | None) -> SecretStr | None:
    return _check_url(value, ("redis", "rediss", "unix"))


def _smtp_url(value: SecretStr | None) -> SecretStr | None:
    checked = _check_url(value, ("smtp", "smtps"))
    if checked is not None and not urlsplit(checked.get_secret_value()).hostname:
        raise ValueError("must name a host, as in smtp://mail.example.org:587")
    return checked


def _sender(value: str) -> str:
    """An address, perhaps with a name before it."""
    address = parseaddr(value)[1]
    if not value.isprintable() or not _PLAIN_ADDRESS.fullmatch(address):
        raise ValueError("must be an address, as in Relais <noreply@example.org>")
    return value


def _named_proxies(value: str) -> str:
    if "*" in value:
        raise ValueError("name the proxies: whoever is believed may choose the address that limits count")
    return value


def _exposable(value: str) -> str:
    """Schemas that may be served: PostgreSQL's own would show everybody's definitions."""
    for name in _comma_separated(value):
        if name in ("pg_catalog", "information_schema"):
            raise ValueError(f"{name} cannot be served")
    return value


def _regular_expressions(value: str) -> str:
    for pattern in _comma_separated(value):
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError):
            raise ValueError(f"{pattern} is no regular expression") from None
    return value


PostgresUrl = Annotated[SecretStr | None, AfterValidator(_postgres_url)]
SmtpUrl = Annotated[SecretStr | None, AfterValidator(_smtp_url)]
Sender = Annotated[str, AfterValidator(_sender)]
RedisUrl = Annotated[SecretStr | None, AfterValidator(_redis_url)]


class ServerSettings(_Group):
    """Where the API listens."""

    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the API listens on.")
    workers: int = Field(1, ge=1, le=MOST_WORKERS, description="API processes that share the port.")
    shutdown_seconds: float = Field(
        3.0, ge=0.001, le=86400, description="How long a stopping server waits for requests in flight."
    )
    trusted_proxies: Annotated[str, AfterValidator(_named_proxies)] = Field(
        "",
        description="Comma-separated addresses of proxies whose X-Forwarded-For and -Proto are believed; empty: none.",
    )


class HttpSettings(_Group):
    """What every request goes through."""

    cors_origins: str = Field(
        "http://localhost:5173,http://localhost:8080,http://localhost:3000",
        description="Comma-separated origins whose pages may call the API; `*` allows all, without credentials.",
    )
    body_limit_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="Largest request body; beyond it: 413.")
    timeout_seconds: float = Field(
        30.0, ge=0.001, le=86400, description="Longest time a request may take; beyond it: 503."
    )
    docs: bool = Field(True, description="Serve the API reference at /api/docs.")
    metrics_token: SecretStr | None = Field(
        None,
        description="Bearer token that opens /metrics to other machines. Unset: only this machine may ask.",
    )
    server_timing: bool = Field(True, description="Send Server-Timing with the time each stage took.")

    def origins(self) -> tuple[str, ...]:
        """The allowed origins as a list."""
        return _comma_separated(self.cors_origins)


class DatabaseSettings(_Group):
    """PostgreSQL 15 to 18."""

    url: PostgresUrl = Field(
        None,
        description="Where requests go, as a login that owns nothing. Unset: Relais starts a PostgreSQL of its own.",
    )
    admin_url: PostgresUrl = Field(
        None, description="The same database as its owner, for migrations and seeding. Unset: `url` is used."
    )
    read_url: PostgresUrl = Field(None, description="A replica for reads. Unset: reads go to `url`.")
    pool_max: int = Field(10, ge=1, le=1000, description="Connections that each process opens at the most, per pool.")
    acquire_timeout_seconds: float = Field(
        2.0, ge=0.001, le=86400, description="Longest wait for a free connection; beyond it: 504."
    )
    connect_timeout_seconds: float = Field(5.0, ge=0.001, le=86400, description="Longest wait for a new connection.")
    statement_timeout_seconds: float = Field(10.0, ge=0.001, le=86400, description="Longest time a statement may run.")
    timezone: str = Field(
        "UTC",
        min_length=1,
        description="Time zone that times are shown in unless a request or a role says otherwise. `-`: the database's.",
    )
    statement_cache_size: int = Field(
        512, ge=0, description="Prepared statements kept per connection; 0 behind a transaction pooler."
    )
    lock_timeout_seconds: float = Field(
        5.0, ge=0.001, le=86400, description="Longest wait for a lock during a migration."
    )


class RedisSettings(_Group):
    """Redis 6.2 to 8."""

    url: RedisUrl = Field(None, description="Where Redis is. Unset: Relais starts a Redis of its own.")
    prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9:_-]*$",
        description="Put before our keys in a Redis that is shared (arq's own begin with `arq:` all the same).",
    )
    timeout_seconds: float = Field(0.5, ge=0.001, le=86400, description="Longest wait for an answer from Redis.")
    max_connections: int = Field(50, ge=1, description="Connections that each process opens at the most.")


class EmbeddedSettings(_Group):
    """The PostgreSQL and the Redis that Relais starts when it is given no URL."""

    user: str = Field(
        "",
        description="System user that the servers run as when Relais runs as root. Unset: `postgres`, else `nobody`.",
    )
    postgres_max_connections: int = Field(100, ge=10, le=5000, description="Connections that PostgreSQL accepts.")
    postgres_shared_buffers: str = Field(
        "128MB", pattern=r"^\d+(kB|MB|GB)$", description="Memory that PostgreSQL shares between connections."
    )
    redis_max_memory: str = Field("256mb", pattern=r"^\d+(kb|mb|gb)$", description="Memory that Redis may use.")
    start_timeout_seconds: float = Field(
        30.0, ge=0.001, le=86400, description="Longest wait for a server to answer at its start."
    )


class AuthSettings(_Group):
    """Secrets and passwords."""

    secret: SecretStr | None = Field(
        None,
        description="Signs tokens; at least 32 bytes, or `@file`. Unset in development: one is made at first start and"
        " kept in the data directory.",
    )
    previous_secrets: SecretStr | None = Field(
        None,
        description="Comma-separated secrets of before: what they signed stays good as long as it was meant to.",
    )
    signing_keys: SecretStr | None = Field(
        None,
        description="Private RSA or EC (P-256) keys as a JWK, a JWK set, or `@file`. The first one signs tokens, all"
        " are published at /.well-known/jwks.json. Unset: tokens are signed with the secret (HS256).",
    )
    encryption_key: SecretStr | None = Field(
        None,
        description="Encrypts what is kept for later: tokens of providers, secrets of second factors. Unset: derived"
        " from the secret.",
    )
    access_token_seconds: int = Field(3600, ge=30, le=7 * 86400, description="How long an access token is good for.")
    session_idle_days: float = Field(30.0, gt=0, le=3650, description="A session that is not refreshed ends after it.")
    session_longest_days: float = Field(365.0, gt=0, le=3650, description="A session ends after it in any case.")
    refresh_reuses: int = Field(
        100,
        ge=0,
        le=10000,
        description="How often an exchanged refresh token may come again before the next one is used.",
    )
    argon2_memory_kib: int = Field(19 * 1024, ge=8 * 1024, description="Memory that hashing one password takes.")
    argon2_time_cost: int | None = Field(
        None, ge=1, le=20, description="Passes that hashing one password makes. Unset: measured at the first use."
    )
    argon2_milliseconds: float = Field(
        50.0, gt=0, le=5000, description="Time that hashing one password should take, where passes are measured."
    )
    password_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Passwords that are hashed at once in each process; 0: one less than there are cores.",
    )
    password_queue: int = Field(50, ge=0, description="Passwords that may wait to be hashed; beyond it: 503.")
    failures_free: int = Field(
        5,
        ge=1,
        le=10**9,
        description="Wrong passwords for one account from one address before each further one has to wait, 1 second at"
        " first and twice as long each time, up to 5 minutes.",
    )
    failures_free_wide: int = Field(
        20,
        ge=1,
        le=10**9,
        description="The same for all accounts from one address, and for one account from addresses that it was never"
        " used from.",
    )
    sign_up: bool = Field(True, description="Let anybody make an account; otherwise only those who were invited.")
    verified_email: bool = Field(False, description="Refuse sign-in until the e-mail address has been verified.")
    second_factor_for_admins: bool = Field(
        False, description="Refuse what takes an administrator's rank to sessions without a second factor."
    )
    tenant_hosts: str = Field("", description="Comma-separated `host=slug`: the tenant of callers who come by a host.")
    tenant_header: str = Field(
        "", description="Request header that names the tenant (its slug) of callers who have no token."
    )
    tenant_creation: bool = Field(False, description="Let anybody who has signed in make a tenant of their own.")
    open_invitations: int = Field(
        200, ge=0, le=100000, description="Invitations of a tenant that may wait to be accepted at once."
    )
    site_url: str = Field(
        "http://localhost:5173", description="Where the frontend is: where links in e-mails and sign-ins go back to."
    )
    redirect_urls: str = Field(
        "",
        description="Comma-separated further addresses that sign-ins may go back to; a `*` at the end stands for any"
        " path.",
    )

    def hosts(self) -> dict[str, str]:
        """Slugs of tenants by host."""
        pairs = (part.partition("=") for part in _comma_separated(self.tenant_hosts))
        return {host.strip().lower(): slug.strip() for host, _, slug in pairs}

    def earlier_secrets(self) -> tuple[str, ...]:
        """Secrets of before."""
        return _comma_separated(self.previous_secrets.get_secret_value()) if self.previous_secrets else ()


class OauthSettings(_Group):
    """Signing in with GitHub and Google. Addresses are theirs unless they are given."""

    callback_url: str = Field(
        "", description="Address of this API as browsers reach it, for callbacks. Unset: that of the request."
    )
    github_client_id: str = Field("", description="Unset: no signing in with GitHub.")
    github_client_secret: SecretStr | None = Field(None, description="Secret of the GitHub application.")
    github_url: str = Field("https://github.com", description="Where GitHub signs people in.")
    github_api_url: str = Field("https://api.github.com", description="Where GitHub says who somebody is.")
    google_client_id: str = Field("", description="Unset: no signing in with Google.")
    google_client_secret: SecretStr | None = Field(None, description="Secret of the Google application.")
    google_issuer: str = Field(
        "https://accounts.google.com", description="Where Google is described (OpenID Connect discovery)."
    )
    timeout_seconds: float = Field(10.0, ge=0.001, le=300, description="Longest wait for a provider's answer.")


class MailSettings(_Group):
    """Mail that goes out."""

    smtp_url: SmtpUrl = Field(
        None,
        description="`smtp://user:password@host:port` (STARTTLS where offered), `smtps://…`. Unset: messages are"
        " written to files.",
    )
    directory: str = Field(
        "", description="Where messages are written without SMTP. Unset: `mail` in the data directory."
    )
    sender: Sender = Field("Relais <noreply@localhost>", description="Sender of every message.")
    attempts: int = Field(8, ge=1, le=100, description="How often a message is tried before it counts as failed.")
    timeout_seconds: float = Field(20.0, ge=0.001, le=600, description="Longest wait for the mail server.")


def _rate(value: str) -> str:
    """`requests/seconds`, or `-` for no bound."""
    if value != "-":
        requests, _, seconds = value.partition("/")
        if not (
            requests.isdecimal() and seconds.isdecimal() and 0 < int(requests) < 10**9 and 0 < int(seconds) < 10**6
        ):
            raise ValueError("must be written as requests/seconds, as in 600/60, or `-` for no bound")
    return value


Rate = Annotated[str, AfterValidator(_rate)]


class LimitsSettings(_Group):
    """Requests in a time, as `requests/seconds`, for each user or, without one, each address. `-`: no bound."""

    reads: Rate = Field("60000/60", description="Reads.")
    writes: Rate = Field("12000/60", description="Writes.")
    auth: Rate = Field("60/300", description="Signing in and up, and everything that asks for a password.")
    refresh: Rate = Field("300/300", description="Exchanging refresh tokens.")
    mail: Rate = Field("30/3600", description="What sends a message to somebody.")
    oauth: Rate = Field("60/300", description="Signing in with a provider.")
    admin: Rate = Field("600/60", description="Administration.")
    transfers: Rate = Field("20/600", description="Imports, exports, backups.")


class RestSettings(_Group):
    """The query gateway. A field is called as PostgREST calls its option, `-` written `_`, wherever it has one."""

    db_schemas: Annotated[str, AfterValidator(_exposable)] = Field(
        "",
        description="Comma-separated schemas whose tables and functions are served; the first is the default. Unset:"
        " those of the modules.",
    )
    db_extra_search_path: str = Field(
        "public", description="Comma-separated schemas that functions of rows and types are found in besides."
    )
    db_anon_role: str = Field("anon", description="Role of requests without a token. `-`: tokens are required.")
    db_max_rows: int | None = Field(None, ge=0, description="Rows of any one table in an answer. Unset: no bound.")
    db_pre_request: str = Field("", description="Function that runs before each statement, as the caller.")
    db_root_spec: str = Field("", description="Function that answers the root instead of the OpenAPI document.")
    db_tx_end: Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"] = Field(
        "commit", description="How transactions end, and whether `Prefer: tx=…` may say otherwise."
    )
    db_aggregates_enabled: bool = Field(False, description="Allow `sum()`, `avg()`, `count()`, `max()`, `min()`.")
    db_plan_enabled: bool = Field(False, description="Allow execution plans as answers.")
    db_hoisted_tx_settings: Annotated[str, AfterValidator(_regular_expressions)] = Field(
        "statement_timeout,plan_filter.statement_cost_limit,default_transaction_isolation",
        description="Comma-separated settings of functions that take effect for the whole transaction.",
    )
    db_config: bool = Field(
        True, description="Read settings `pgrst.*` of the login's role and `ALTER ROLE … SET` of the callers' roles."
    )
    db_pre_config: str = Field("", description="Function that sets `pgrst.*` settings before they are read.")
    db_channel: str = Field("pgrst", description="Channel whose notifications reload the catalog, besides `relais`.")
    db_channel_enabled: bool = Field(True, description="Listen to notifications.")
    app_settings: str = Field(
        "", description="Comma-separated `name=value`, readable in SQL as `current_setting('app.settings.name')`."
    )
    jwt_secret: SecretStr | None = Field(
        None,
        description="Key that tokens are verified with: text of 32 bytes or more, a JWK, a JWK set, or `@file`. Unset:"
        " RELAIS_AUTH_SECRET.",
    )
    jwt_secret_is_base64: bool = Field(False, description="The secret is written in base64.")
    jwt_aud: str = Field("", description="Audience that a token must name, if it names one.")
    jwt_issuer: str = Field("", description="Issuer that a token must name.")
    jwt_role_claim_key: str = Field("$.role", description="JSONPath of the role in a token's claims.")
    jwt_cache_max_entries: int = Field(1000, ge=0, description="Verified tokens that are remembered; 0: none.")
    openapi_mode: Literal["follow-privileges", "ignore-privileges", "disabled"] = Field(
        "follow-privileges", description="What the OpenAPI document at the root lists."
    )
    openapi_security_active: bool = Field(False, description="Describe tokens in the OpenAPI document.")
    openapi_server_proxy_uri: str = Field("", description="Address that the OpenAPI document gives as the server's.")
    server_cors_allowed_origins: str = Field(
        "", description="Comma-separated origins whose pages may use the gateway. Unset: all, without credentials."
    )
    server_timing_enabled: bool = Field(True, description="Send Server-Timing with the time each stage took.")
    server_trace_header: str = Field("", description="Request header that is copied to each answer.")
    url_use_legacy_target_names: bool = Field(
        True, description="Let filters name an embed by its table even when it has an alias."
    )
    client_error_verbosity: Literal["verbose", "minimal"] = Field(
        "verbose", description="`minimal`: errors have a code and a message only."
    )
    embeds: Literal["auto", "jsonb", "json"] = Field(
        "auto",
        description="What embeds are made of: `jsonb` gives PostgREST's bytes, `json` the same values faster. `auto`:"
        " `json` when only schemas of the modules are exposed.",
    )
    tenant_column: str = Field(
        "tenant_id", description="Column that is hidden and filled wherever it is the caller's tenant by default."
    )
    request_settings: Literal["auto", "always", "never"] = Field(
        "auto", description="Set `request.headers` and the like: always, or when something in the database reads them."
    )
    max_query_bytes: int = Field(49152, ge=256, le=65000, description="Longest query string.")
    max_filters: int = Field(500, ge=1, description="Filters in a query string, those within logic trees included.")
    max_embeds: int = Field(50, ge=0, description="Embeds in a query string, at all levels.")
    role_statement_timeouts: Annotated[str, AfterValidator(_seconds_by_name)] = Field(
        "",
        description="Comma-separated `role=seconds`: longest time a statement of a role may run. What `ALTER ROLE … SET"
        " statement_timeout` says comes first.",
    )
    plans_by_measurement: bool = Field(
        True,
        description="Let one plan of PostgreSQL serve all values of a statement where that is measured to be faster.",
    )
    plan_cache_entries: int = Field(2000, ge=0, description="Shapes of requests whose statements are remembered.")

    def schemas(self) -> tuple[str, ...]:
        """The exposed schemas, the default one first."""
        return _comma_separated(self.db_schemas)

    def extra_search_path(self) -> tuple[str, ...]:
        """Schemas that are searched after the exposed one."""
        return _comma_separated(self.db_extra_search_path)

    def hoisted(self) -> tuple[str, ...]:
        """Patterns of settings that functions set for the whole transaction."""
        return _comma_separated(self.db_hoisted_tx_settings)

    def cors_origins(self) -> tuple[str, ...]:
        """The origins whose pages may use the gateway; none: all."""
        return _comma_separated(self.server_cors_allowed_origins)

    def statement_timeouts(self) -> dict[str, str]:
        """Milliseconds by role, as PostgreSQL takes them."""
        found: dict[str, str] = {}
        for part in _comma_separated(self.role_statement_timeouts):
            role, _, seconds = part.partition("=")
            found[role.strip()] = str(max(1, round(float(seconds) * 1000)))
        return found

    def app_settings_pairs(self) -> tuple[tuple[str, str], ...]:
        """Settings of the application, by their names in SQL."""
        # A comma that no name follows is part of a value.
        parts = _BETWEEN_PAIRS.split(self.app_settings)
        pairs = (part.partition("=") for part in parts)
        return tuple((f"app.settings.{name.strip()}", value.strip()) for name, found, value in pairs if found)

    def anon_role(self) -> str | None:
        """The role of requests without a token, if they are allowed."""
        return None if self.db_anon_role == "-" else self.db_anon_role


class JobsSettings(_Group):
    """The background worker."""

    concurrency: int = Field(10, ge=1, le=1000, description="Jobs that a worker runs at once.")
    timeout_seconds: float = Field(300.0, ge=0.001, le=86400, description="Longest time a job may run.")
    shutdown_seconds: float = Field(
        3.0, ge=0.001, le=86400, description="How long a stopping worker waits for jobs in flight."
    )


class LogSettings(_Group):
    """Logs go to standard error, one JSON object a line."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is written.")
    access: bool = Field(True, description="Write one line for each request.")
    slow_query_ms: float = Field(
        500.0, ge=0, description="Statements that take longer are logged and remembered, without their values."
    )


def _time_of_day(value: str) -> str:
    """`hours:minutes`, or `-` for never."""
    if value != "-" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise ValueError("must be a time of the day (UTC), as in 02:00, or `-` for never")
    return value


class BackupSettings(_Group):
    """Backups: the database, and a copy of what Redis holds."""

    directory: str = Field("", description="Where backups are written. Unset: `backups` in the data directory.")
    time: Annotated[str, AfterValidator(_time_of_day)] = Field(
        "02:00", description="When the worker makes the backup of the day (UTC). `-`: never."
    )
    retention_days: int = Field(
        30, ge=1, le=36500, description="Backups that are older are removed, but never the newest one."
    )
    programs: str = Field(
        "",
        description="Directory of `pg_dump` and `pg_restore`, at least as new as the server. Unset: those of the"
        " embedded PostgreSQL, else those that the shell would find.",
    )
    timeout_seconds: float = Field(3600.0, ge=1, le=7 * 86400, description="Longest time a backup or a restore takes.")
    by_api: bool = Field(True, description="Let administrators make backups through the API.")
    restore_by_api: bool = Field(
        False, description="Let super administrators put a backup in the place of the database through the API."
    )


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
    embedded: EmbeddedSettings = EmbeddedSettings()  # pyright: ignore[reportCallIssue]
    auth: AuthSettings = AuthSettings()  # pyright: ignore[reportCallIssue]
    oauth: OauthSettings = OauthSettings()  # pyright: ignore[reportCallIssue]
    mail: MailSettings = MailSettings()  # pyright: ignore[reportCallIssue]
    limits: LimitsSettings = LimitsSettings()  # pyright: ignore[reportCallIssue]
    rest: RestSettings = RestSettings()  # pyright: ignore[reportCallIssue]
    jobs: JobsSettings = JobsSettings()  # pyright: ignore[reportCallIssue]
    log: LogSettings = LogSettings()  # pyright: ignore[reportCallIssue]
    backup: BackupSettings = BackupSettings()  # pyright: ignore[reportCallIssue]


def load_settings() -> Settings:
    """Read the settings from the environment, or raise `SettingsError` with every mistake in words.

    An unknown `RELAIS_` variable is a mistake too: a setting that is misspelt must not be a setting that is ignored.
    """
    known = dict(variables())
    mistakes = [
        f"{name} is no setting{_suggestion(name, known)}."
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in known
    ]
    mistakes += [
        f"{name} is not valid UTF-8."
        for name in sorted(known)
        if "\udc80" <= max(os.environ.get(name, " "), default=" ") <= "\udcff"
    ]
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue] - values come from the environment
    except ValidationError as error:
        for item in error.errors():
            if item["type"] == "extra_forbidden":
                continue  # said already, with a suggestion
            variable = PREFIX + "_".join(str(part) for part in item["loc"]).upper()
            mistakes.append(f"{variable}: {item['msg']}.")
        raise SettingsError("\n".join(mistakes)) from None
    except UnreadableSettings as error:
        raise SettingsError("\n".join(mistakes or [f"{error}."])) from None
    mistakes += _weak_secrets(settings)
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


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
        if isinstance(group, type) and issubclass(group, _Group):
            for inner in group.model_fields:
                yield f"{PREFIX}{name}_{inner}".upper(), (name, inner)
        else:
            yield f"{PREFIX}{name}".upper(), (name,)


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}" if close else ""


def _held(secret: SecretStr) -> bytes | str:
    """What a secret is, or a sentence on why the file that it names cannot be read."""
    value = secret.get_secret_value()
    if not value.startswith("@"):
        return value.encode()
    try:
        return Path(value[1:]).read_bytes().removesuffix(b"\n")
    except (OSError, ValueError) as error:
        return f"names the file {value[1:]}, which cannot be read: {getattr(error, 'strerror', error)}."


def _weak_secrets(settings: Settings) -> list[str]:
    mistakes = _weak_secret(settings)
    key = _held(settings.auth.encryption_key) if settings.auth.encryption_key is not None else b" " * MIN_SECRET_BYTES
    if isinstance(key, str):
        mistakes.append(f"{PREFIX}AUTH_ENCRYPTION_KEY {key}")
    elif len(key) < MIN_SECRET_BYTES:
        mistakes.append(f"{PREFIX}AUTH_ENCRYPTION_KEY is shorter than {MIN_SECRET_BYTES} bytes.")
    for provider in ("github", "google"):
        known = getattr(settings.oauth, f"{provider}_client_id")
        if known and getattr(settings.oauth, f"{provider}_client_secret") is None:
            mistakes.append(f"{PREFIX}OAUTH_{provider.upper()}_CLIENT_ID is set without its CLIENT_SECRET.")
    return mistakes


def _weak_secret(settings: Settings) -> list[str]:
    secret = settings.auth.secret
    if secret is None:
        if settings.environment == "production":
            return [f"{PREFIX}AUTH_SECRET must be set in production: at least {MIN_SECRET_BYTES} random bytes."]
        return []
    held = _held(secret)
    if isinstance(held, str):
        return [f"{PREFIX}AUTH_SECRET {held}"]
    if held.decode("utf-8", "replace").lower() in EXAMPLE_SECRETS:
        return [f"{PREFIX}AUTH_SECRET is a value from an example; make one of your own."]
    if len(held) < MIN_SECRET_BYTES:
        return [f"{PREFIX}AUTH_SECRET is shorter than {MIN_SECRET_BYTES} bytes."]
    return []
