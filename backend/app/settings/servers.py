"""Settings of what Relais listens on, runs, and rests on: HTTP, PostgreSQL, Redis, worker, logs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from app.settings.group import Group, comma_separated
from app.settings.values import PostgresUrl, RedisUrl, named_proxies, time_of_day

MOST_WORKERS = 64


class ServerSettings(Group):
    """Where the API listens."""

    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the API listens on.")
    workers: int = Field(1, ge=1, le=MOST_WORKERS, description="API processes that share the port.")
    shutdown_seconds: float = Field(
        3.0, ge=0.001, le=86400, description="How long a stopping server waits for requests in flight."
    )
    trusted_proxies: Annotated[str, AfterValidator(named_proxies)] = Field(
        "",
        description="Comma-separated addresses or networks (`10.0.0.0/8`) of proxies whose X-Forwarded-For and"
        " X-Forwarded-Proto are believed; empty: none.",
    )


class HttpSettings(Group):
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
        return comma_separated(self.cors_origins)


class DatabaseSettings(Group):
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
    silence_seconds: float = Field(
        1.5,
        ge=0.1,
        le=3600,
        description="A PostgreSQL that answers nothing for so long, nor a short question over another connection, is"
        " away: 503 until it answers again. How long a statement may take does not depend on it.",
    )
    connect_timeout_seconds: float = Field(2.0, ge=0.001, le=86400, description="Longest wait for a new connection.")
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


class RedisSettings(Group):
    """Redis 6.2 to 8."""

    url: RedisUrl = Field(None, description="Where Redis is. Unset: Relais starts a Redis of its own.")
    prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9:_-]*$",
        description="Put before our keys in a Redis that is shared (arq's own begin with `arq:` all the same).",
    )
    timeout_seconds: float = Field(0.5, ge=0.001, le=86400, description="Longest wait for an answer from Redis.")
    max_connections: int = Field(50, ge=1, description="Connections that each process opens at the most.")


class CacheSettings(Group):
    """Answers that are kept in Redis until something that they depend on is written to."""

    enabled: bool = Field(True, description="Answers are kept at all.")
    max_entry_bytes: int = Field(1024 * 1024, ge=0, description="Longer answers are not kept.")
    local_seconds: float = Field(
        0.0,
        ge=0,
        le=60,
        description="Each process gives an answer again for so long without asking Redis: what was written through"
        " another process shows that much later. 0: it always asks.",
    )
    local_entries: int = Field(1000, ge=0, description="So many answers each process has at hand for that.")


class EmbeddedSettings(Group):
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


class LogSettings(Group):
    """Logs go to standard error, one JSON object a line."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is written.")
    access: bool = Field(True, description="Write one line for each request.")
    slow_query_ms: float = Field(
        500.0, ge=0, description="Statements that take longer are logged and remembered, without their values."
    )


class BackupSettings(Group):
    """Backups: the database, and a copy of what Redis holds."""

    directory: str = Field("", description="Where backups are written. Unset: `backups` in the data directory.")
    time: Annotated[str, AfterValidator(time_of_day)] = Field(
        "02:00", description="When the worker makes the backup of the day (UTC). `-`: never."
    )
    retention_days: int = Field(
        30,
        ge=1,
        le=36500,
        description="Backups that are older are removed, but never the newest, nor one of another database.",
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


class RealtimeSettings(Group):
    """Events over Socket.IO."""

    enabled: bool = Field(True, description="Clients may connect to `/socket.io`.")
    transports: Literal["websocket", "websocket,polling"] = Field(
        "websocket", description="Polling needs a balancer that sends a client to the same process each time."
    )
    connections_per_user: int = Field(20, ge=1, description="Connections of one user to each process.")
    subscriptions_per_connection: int = Field(100, ge=1, description="Channels that one connection hears.")
    message_bytes: int = Field(64 * 1024, ge=1024, description="Longest message of a client.")
    events_per_second: float = Field(20.0, gt=0, description="Events that a client may send, on average.")
    events_at_once: int = Field(100, ge=1, description="Events that a client may send at once.")
    backlog_events: int = Field(1000, ge=10, description="Events that wait for a client before it is told of a gap.")
    ping_seconds: int = Field(25, ge=1, le=600, description="Pause between two looks whether a client is still there.")
    backlog_bytes: int = Field(
        1024 * 1024, ge=1024, description="Characters that wait for a client before it is told of a gap."
    )
    connections_per_address: int = Field(5000, ge=1, description="Connections from one address to each process.")
    handshakes_per_address: int = Field(
        500, ge=1, description="Those of them that have not signed in yet; beyond it: 429."
    )
    handshake_seconds: float = Field(10.0, gt=0, description="Time that a connection has to sign in.")
