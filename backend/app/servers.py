"""Where the servers are: those that the settings name, or our own, started on demand."""

from collections.abc import Generator
from contextlib import contextmanager

from pydantic import SecretStr

from app.embedded import Servers, running, secrets_of
from app.settings import AuthSettings, Settings


@contextmanager
def resolved(settings: Settings) -> Generator[Settings]:
    """The settings with every URL and secret filled in, and the servers behind them up while the block runs."""
    with resolved_with_servers(settings) as (filled, _servers):
        yield filled


@contextmanager
def resolved_with_servers(settings: Settings) -> Generator[tuple[Settings, Servers | None]]:
    """The same, and our own servers when there are any."""
    own_postgres, own_redis = settings.database.url is None, settings.redis.url is None
    if not own_postgres and not own_redis:
        yield _filled(settings, None), None
        return
    with running(settings.data_dir, settings.embedded, postgres=own_postgres, redis=own_redis) as servers:
        yield _filled(settings, servers), servers


def environment(settings: Settings) -> dict[str, str]:
    """What a child process must be told of resolved settings; the rest it inherits."""
    secrets = {
        "RELAIS_DATABASE_URL": settings.database.url,
        "RELAIS_DATABASE_ADMIN_URL": settings.database.admin_url,
        "RELAIS_REDIS_URL": settings.redis.url,
        "RELAIS_AUTH_SECRET": settings.auth.secret,
    }
    return {name: secret.get_secret_value() for name, secret in secrets.items() if secret is not None}


def _filled(settings: Settings, servers: Servers | None) -> Settings:
    database, redis = settings.database, settings.redis
    if database.url is None and servers is not None:
        urls = {"url": SecretStr(servers.database_url), "admin_url": SecretStr(servers.admin_url)}
        database = database.model_copy(update=urls)
    elif database.admin_url is None:
        database = database.model_copy(update={"admin_url": database.url})
    if redis.url is None and servers is not None:
        redis = redis.model_copy(update={"url": SecretStr(servers.redis_url)})
    return settings.model_copy(update={"database": database, "redis": redis, "auth": _auth(settings)})


def _auth(settings: Settings) -> AuthSettings:
    if settings.auth.secret is not None:
        return settings.auth
    secret = secrets_of(settings.data_dir).auth_secret
    return settings.auth.model_copy(update={"secret": SecretStr(secret)})
