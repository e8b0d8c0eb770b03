"""Redis: one client a process, short waits, and the one place that makes key names.

Redis makes things fast and is never the only place where something is true. A caller of this adapter catches
`RedisUnavailable` and says, beside the call, what happens without it.
"""

from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio import Redis as Client
from redis.exceptions import RedisError

from app.settings import RedisSettings


class RedisUnavailable(Exception):
    """Redis did not answer in time, or not as expected."""


class Redis:
    """A pool of connections with a deadline on every answer."""

    def __init__(self, settings: RedisSettings) -> None:
        assert settings.url is not None, "resolve the URL before opening Redis"
        self._prefix = settings.prefix
        self.pool: ConnectionPool = ConnectionPool.from_url(
            settings.url.get_secret_value(),
            max_connections=settings.max_connections,
            socket_timeout=settings.timeout_seconds,
            socket_connect_timeout=settings.timeout_seconds,
        )
        self.client: Client = Client(connection_pool=self.pool)

    def key(self, *parts: str) -> str:
        """The name of a key: the installation's prefix, then its parts."""
        return self._prefix + ":".join(parts)

    async def ping(self) -> str:
        """The server's version, or `RedisUnavailable`."""
        try:
            info: dict[str, Any] = await self.client.info("server")
        except (RedisError, OSError, TimeoutError) as error:
            raise RedisUnavailable(str(error) or type(error).__name__) from error
        return str(info["redis_version"])

    async def close(self) -> None:
        """Give the connections back."""
        await self.client.aclose()
        await self.pool.disconnect()
