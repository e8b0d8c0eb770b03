"""Redis: one client a process, short waits, and the one place that makes key names.

Redis makes things fast and is never the only place where something is true. A caller of this adapter catches
`RedisUnavailable` and says, beside the call, what happens without it.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio import Redis as Client
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from app import log
from app.condition import OF_REDIS, Condition
from app.settings import RedisSettings

#: After a failure Redis is left alone for so long, and longer until it answers to a PING that no request waits for: a
#: frozen one holds up nobody but those who asked when it froze.
PAUSE_SECONDS = 1.0
LOST = "redis_lost"
BACK = "redis_back"
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


Greeting = Callable[[], Sequence[Command]]
Greeted = Callable[[Sequence[Any]], None]
_Waiting = tuple[tuple[Command, ...], "asyncio.Future[list[Any]]"]
_FAILURES = (RedisError, OSError, TimeoutError)
_SENDABLE = frozenset({bytes, int, float, Script})


def _encoded(command: Command) -> Command:
    # Here, where the caller sees it: what cannot be sent must not spoil what others send with it.
    parts = tuple([part.encode() if isinstance(part, str) else part for part in command])
    for part in parts:
        if type(part) not in _SENDABLE:
            raise TypeError(f"A {type(part).__name__} cannot be sent to Redis")
    return parts


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


def _unavailable(error: BaseException) -> RedisUnavailable:
    return RedisUnavailable(str(error) or type(error).__name__)


def _line_like(pool: Any) -> Any:
    return pool.connection_class(**{**pool.connection_kwargs, "socket_timeout": None})


class Redis:
    """A pool of connections with a deadline on every answer."""

    def __init__(self, settings: RedisSettings, condition: Condition | None = None) -> None:
        assert settings.url is not None, "resolve the URL before opening Redis"
        self._condition = condition or Condition()
        self._prefix = settings.prefix
        self._seconds = settings.timeout_seconds
        self.pool: ConnectionPool = ConnectionPool.from_url(
            settings.url.get_secret_value(),
            max_connections=settings.max_connections,
            socket_timeout=settings.timeout_seconds,
            socket_connect_timeout=settings.timeout_seconds,
        )
        self.client: Client = Client(connection_pool=self.pool)
        #: What batches go over, one after the other. The deadline of a batch is the only one: one for each step and
        #: a look at the connection before each use, as the pool has them, cost more than the batch itself.
        self._line: Any = _line_like(self.pool)
        self._greetings: list[tuple[Greeting, Greeted]] = []
        #: What others still have to say when this is closed.
        self.last_words: list[Callable[[], Awaitable[None]]] = []
        self._away = self._closed = False
        self._look_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._waiting: list[_Waiting] = []
        self._waiting_since = 0.0
        self._sending: asyncio.Task[None] | None = None

    def key(self, *parts: str) -> str:
        """The name of a key: the installation's prefix, then its parts."""
        return self._prefix + ":".join(parts)

    def greet(self, greeting: Greeting, greeted: Greeted) -> None:
        """Have this said on every new connection of the line, and be told what Redis answered, before anything else is.

        Redis may have been restarted, with what it knew before.
        """
        self._greetings.append((greeting, greeted))

    async def ping(self) -> str:
        """The server's version, or `RedisUnavailable`."""
        try:
            async with asyncio.timeout(self._seconds):
                info: dict[str, Any] = await self.client.info("server")
        except _FAILURES as error:
            raise _unavailable(error) from error
        return str(info["redis_version"])

    async def run(self, *commands: Command) -> list[Any]:
        """Commands in one round trip, which those of other requests share; `RedisUnavailable` if Redis is away.

        Results are as Redis sends them: bytes, numbers, lists. A command that it refuses gives its error as its result.
        """
        if self._away:
            self._look_again()
            raise RedisUnavailable("Redis has not answered yet")
        if self._closed:
            raise RedisUnavailable("closed")
        encoded = tuple([_encoded(command) for command in commands])
        loop = asyncio.get_running_loop()
        answers: asyncio.Future[list[Any]] = loop.create_future()
        answers.add_done_callback(_looked_at)
        if not self._waiting:
            self._waiting_since = loop.time()
        self._waiting.append((encoded, answers))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        # Whoever is cancelled must not take along what others wait for.
        return await asyncio.shield(answers)

    async def _send(self) -> None:
        batch: list[_Waiting] = []
        failure = RedisUnavailable("closed")
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                # Whoever waits longest has waited for the batch before, too.
                async with asyncio.timeout_at(self._waiting_since + self._seconds):
                    results = await self._answers([command for commands, _ in batch for command in commands])
                _hand_out(batch, results)
                batch = []
        except _FAILURES as error:
            failure = _unavailable(error)
            self._leave_alone(failure)
        finally:
            self._sending = None
            _fail((*batch, *self._waiting), failure)
            self._waiting = []

    async def _answers(self, commands: Sequence[Command]) -> list[Any]:
        results = await self._exchanged([_by_digest(command) for command in commands])
        missing = [place for place, result in enumerate(results) if isinstance(result, NoScriptError)]
        if missing:
            # Redis forgets scripts when it starts; it learns them by being sent them whole.
            again = await self._exchanged([_whole(commands[place]) for place in missing])
            for place, result in zip(missing, again, strict=True):
                results[place] = result
        refused = [result for result in results if isinstance(result, OutOfMemoryError | ReadOnlyError)]
        if refused:
            self._condition.lost_lately("redis takes nothing", *OF_REDIS)
        if any(isinstance(result, ReadOnlyError) for result in refused):
            # No primary any more: a new connection finds the one that has taken over.
            await self._line.disconnect()
            await self.pool.disconnect(inuse_connections=False)
        return results

    async def _exchanged(self, commands: Sequence[Command]) -> list[Any]:
        line = self._line
        try:
            if line.is_connected and line._reader.at_eof():
                await line.disconnect(nowait=True)
            if not line.is_connected:
                await line.connect()
                for greeting, greeted in self._greetings:
                    greeted(await _said(line, [_encoded(command) for command in greeting()]))
            results = await _said(line, commands)
        except BaseException:
            # Whatever is still to come must not be taken for an answer to what is asked next.
            await line.disconnect(nowait=True)
            raise
        return results

    def _leave_alone(self, failure: RedisUnavailable) -> None:
        self._away = True
        self._condition.lost("redis", *OF_REDIS)
        self._look_at = time.monotonic() + PAUSE_SECONDS
        log.event(LOST, {"reason": str(failure)}, level="warning")

    def _look_again(self) -> None:
        if self._looking is None and not self._closed and time.monotonic() >= self._look_at:
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._exchanged((("PING",),))
        except _FAILURES:
            self._look_at = time.monotonic() + PAUSE_SECONDS
        else:
            self._away = False
            self._condition.back("redis")
            log.event(BACK)
        finally:
            self._looking = None

    async def close(self) -> None:
        """Give the connections back."""
        while self.last_words:
            await self.last_words.pop()()
        self._closed = True
        for task in (self._sending, self._looking):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        # A task that is cancelled before it begins leaves behind what it was made for.
        _fail(self._waiting, RedisUnavailable("closed"))
        await self._line.disconnect()
        await self.client.aclose()
        await self.pool.disconnect()


def _on_the_wire(command: Command) -> bytes:
    """A command as Redis reads it. The library's own way there costs several times as much."""
    parts = [part if type(part) is bytes else str(part).encode() for part in command]
    return b"*%d\r\n%b" % (len(parts), b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]))


async def _said(line: Any, commands: Sequence[Command]) -> list[Any]:
    results = list[Any]()
    await line.send_packed_command((b"".join(map(_on_the_wire, commands)),), check_health=False)
    for _ in commands:
        try:
            results.append(await line.read_response(disable_decoding=True))
        except ResponseError as error:
            results.append(error)
    return results


def _hand_out(batch: Sequence[_Waiting], results: Sequence[Any]) -> None:
    place = 0
    for commands, answers in batch:
        if not answers.done():
            answers.set_result(list(results[place : place + len(commands)]))
        place += len(commands)
