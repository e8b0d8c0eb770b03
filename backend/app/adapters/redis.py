"""Redis: one client a process, short waits, and the one place that makes key names.

Redis makes things fast and is never the only place where something is true. A caller of this adapter catches
`RedisUnavailable` and says, beside the call, what happens without it.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio import Redis as Client
from redis.exceptions import NoScriptError, RedisError

from app.settings import RedisSettings

#: After a failure Redis is left alone for so long: a frozen one must not hold up every request.
PAUSE_SECONDS = 1.0
Command = tuple[Any, ...]


class RedisUnavailable(Exception):
    """Redis did not answer in time, or not as expected."""


class Script:
    """A Lua script, for `Redis.run(script.call(keys, arguments))`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def call(self, keys: Sequence[str], arguments: Sequence[str | int | float] = ()) -> Command:
        """One call of it."""
        return (self, len(keys), *keys, *arguments)


_Waiting = tuple[tuple[Command, ...], "asyncio.Future[list[Any]]"]


def _by_digest(command: Command) -> Command:
    return ("EVALSHA", command[0].digest, *command[1:]) if isinstance(command[0], Script) else command


def _whole(command: Command) -> Command:
    return ("EVAL", command[0].text, *command[1:])


def _looked_at(answers: "asyncio.Future[list[Any]]") -> None:
    if not answers.cancelled():
        answers.exception()


def _fail(batch: Sequence[_Waiting], error: RedisUnavailable) -> None:
    for _, answers in batch:
        if not answers.done():
            answers.set_exception(error)


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
        self._away_until = 0.0
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None

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

    async def run(self, *commands: Command) -> list[Any]:
        """Commands in one round trip, which those of other requests share; `RedisUnavailable` if Redis is away.

        A command that Redis refuses gives its error as its result.
        """
        if time.monotonic() < self._away_until:
            raise RedisUnavailable("Redis did not answer a moment ago")
        answers: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        answers.add_done_callback(_looked_at)
        self._waiting.append((commands, answers))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        # Whoever is cancelled must not take along what others wait for.
        return await asyncio.shield(answers)

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    results = await self._answers([command for commands, _ in batch for command in commands])
                except (RedisError, OSError, TimeoutError) as error:
                    self._away_until = time.monotonic() + PAUSE_SECONDS
                    _fail(batch, RedisUnavailable(str(error) or type(error).__name__))
                    continue
                place = 0
                for commands, answers in batch:
                    if not answers.done():
                        answers.set_result(results[place : place + len(commands)])
                    place += len(commands)
        finally:
            self._sending = None
            _fail(self._waiting, RedisUnavailable("closed"))
            self._waiting = []

    async def _answers(self, commands: Sequence[Command]) -> list[Any]:
        results = await self._piped([_by_digest(command) for command in commands])
        missing = [place for place, result in enumerate(results) if isinstance(result, NoScriptError)]
        if missing:
            # Redis forgets scripts when it starts; it learns them by being sent them whole.
            again = await self._piped([_whole(commands[place]) for place in missing])
            for place, result in zip(missing, again, strict=True):
                results[place] = result
        return results

    async def _piped(self, commands: Sequence[Command]) -> list[Any]:
        async with self.client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return await pipe.execute(raise_on_error=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self.client.aclose()
        await self.pool.disconnect()
