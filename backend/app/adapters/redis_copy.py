"""A copy of all that a Redis holds, as it gives one to a replica: the only way that needs no access to its files."""

import asyncio
from pathlib import Path
from typing import Any, BinaryIO

from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from app.adapters.redis import RedisUnavailable
from app.settings import RedisSettings

_PIECE = 256 * 1024
_MAGIC = b"REDIS"


async def copy_redis(settings: RedisSettings, target: Path, *, seconds: float) -> None:
    """Write what Redis holds into a file (RDB); `RedisUnavailable` if it does not give it."""
    assert settings.url is not None, "resolve the URL before opening Redis"
    pool: Any = ConnectionPool.from_url(
        settings.url.get_secret_value(), socket_connect_timeout=settings.timeout_seconds
    )
    line = pool.make_connection()
    try:
        async with asyncio.timeout(seconds):
            await line.connect()
            await line.send_command("SYNC", check_health=False)
            with target.open("wb") as file:
                await _received(line._reader, file)
    except (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise RedisUnavailable(str(error) or type(error).__name__) from error
    finally:
        await line.disconnect(nowait=True)
        await pool.disconnect()


async def _received(reader: asyncio.StreamReader, file: BinaryIO) -> None:
    header = b"\n"
    while header == b"\n":  # it shows that it lives while it writes
        header = await reader.readline()
    if not header.startswith(b"$") or not header[1:].strip().isdigit():
        raise RedisError(header.decode("utf-8", "replace").strip()[:200] or "the connection was closed")
    left = int(header[1:])
    first = True
    while left:
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            raise RedisError("the connection was closed")
        if first and not piece.startswith(_MAGIC):
            raise RedisError("what it sent is no copy")
        first = False
        await asyncio.to_thread(file.write, piece)
        left -= len(piece)
