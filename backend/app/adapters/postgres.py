"""PostgreSQL: pools of connections that remember which caller they are set to.

A connection carries a *stamp* (role, claims, user, tenant). A statement for the caller whose stamp it already carries
costs one round trip; otherwise one `select set_config(…)` goes first. The whole stamp is always set; whatever fails or
is cancelled clears what the connection remembers, so a doubt never becomes somebody else's rights.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal, Protocol

import asyncpg

from app.adapters.joint import ANEW, READ_ONLY, SETTLE, Isolation, Joint, Stricter, is_stricter
from app.adapters.pool import CLOSE_SECONDS, Pool, PoolState
from app.adapters.sqlstates import database_error
from app.adapters.watch import Watch
from app.condition import Condition
from app.errors import AppError, ErrorSpec, refuse
from app.metrics import SlowStatements
from app.settings import DatabaseSettings

DATABASE_UNAVAILABLE = ErrorSpec("PGRST000", 503, "Database connection error.")
POOL_TIMEOUT = ErrorSpec("PGRST003", 504, "Timed out acquiring connection from connection pool.")
DATABASE_READ_ONLY = ErrorSpec("DATABASE_READ_ONLY", 503, "The database takes no writes at the moment.")
RETRY_AFTER = {"Retry-After": "1"}
_READ_ONLY = "25006"
#: PostgreSQL has no more room, memory, connections.
_FULL = "53"
_LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError)
Mode = Literal["read", "write"]
DEFAULT_SEARCH_PATH = '"$user", public'
#: Codes that a statement ends with when what it names is not there (any more): the picture of the database is old.
MISSING_CODES = frozenset({"42P01", "42703", "42883", "42704", "3F000", "42804", "42P10"})
#: With a message that begins "cached": a prepared statement does not fit the database any more.
STALE_STATEMENT = "0A000"
#: What a connection that hears is told of the tables that its statements write to (catalog/sql/writes.sql).
_WRITTEN = "RLW01"
#: A commit takes no longer, which no limit of statements bounds.
_COMMIT_SECONDS = 1.0
#: Whoever listens says nothing, and a line that is cut says nothing either: so often the server is asked whether it is
#: there, and so long it may take to answer.
LOOK_SECONDS = 3.0
LOOK_DEADLINE_SECONDS = 3.0
LOOK = "select 'who listens is still there'"
#: The other way round: listeners that are gone without a word would hold up what is announced.
_FIND_OUT = """
    select set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
           set_config('tcp_keepalives_count', '3', false)
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A caller as PostgreSQL is told of it. Empty strings stand for what a caller has not."""

    role: str
    claims: str
    user_id: str
    tenant_id: str
    search_path: str = DEFAULT_SEARCH_PATH
    #: Whatever else is set for this caller, before the role is taken.
    settings: tuple[tuple[str, str], ...] = ()
    #: Nobody has signed in: what is forbidden may be allowed to who does.
    anonymous: bool = False


@cache
def _set_stamp(settings: int, *, local: bool, reads: bool = False) -> str:
    """The statement that sets a stamp with so many other settings; what only reads does so again, whatever was set."""
    scope = "true" if local else "false"
    first = ["set_config('role', 'none', {0})"] if settings else []
    others = [f"set_config(${number}, ${number + 1}, {{0}})" for number in range(6, 6 + 2 * settings, 2)]
    parts = [
        *first,
        *(["set_config('default_transaction_read_only', 'on', {0})"] if reads else []),
        "set_config('search_path', $5, {0})",
        *others,
        "set_config('role', $1, {0})",
        "set_config('request.jwt.claims', $2, {0})",
        "set_config('relais.user_id', $3, {0})",
        "set_config('relais.tenant_id', $4, {0})",
    ]
    return f"select {', '.join(parts)}".format(scope)


def _stamp_values(stamp: Stamp) -> list[str]:
    values = [stamp.role, stamp.claims, stamp.user_id, stamp.tenant_id, stamp.search_path]
    for pair in stamp.settings:
        values += pair
    return values


#: The login itself: what it owns, it may do.
NOBODY = Stamp("none", "", "", "")
#: Jobs, imports and the product's own bookkeeping.
SERVICE = Stamp("service", '{"role":"service"}', "", "")


class StampedConnection(asyncpg.Connection):  # pyright: ignore[reportMissingTypeArgument]
    """A connection that remembers its stamp, or that it has none worth trusting."""

    __slots__ = ("home", "slow", "soiled", "stamp", "stamped", "written")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stamp: Stamp | None = None
        #: Names of other settings that have been set and not been reset.
        self.stamped: frozenset[str] = frozenset()
        #: Something set what no stamp would set again.
        self.soiled = False
        #: Tables that were written to since somebody last asked.
        self.written: set[str] = set()
        #: The pool that lends it.
        self.home: Pool[StampedConnection]
        #: Where statements that take long are noted.
        self.slow: SlowStatements | None = None

    async def _execute(self, query: str, *args: Any, **kwargs: Any) -> Any:
        slow = self.slow
        if slow is None:
            return await super()._execute(query, *args, **kwargs)
        began = time.perf_counter()
        try:
            return await super()._execute(query, *args, **kwargs)
        finally:
            slow.took(query, began)


class Row(Protocol):
    """A row, by name or by number."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def keys(self) -> Iterator[str]: ...


class Connection(Protocol):
    """What the rest of the product does with a connection; only adapters know the driver."""

    async def execute(self, query: str, /, *args: Any) -> str: ...
    async def executemany(self, command: str, args: Iterable[Sequence[Any]], /) -> None: ...
    async def fetch(self, query: str, /, *args: Any) -> Sequence[Row]: ...
    async def fetchrow(self, query: str, /, *args: Any) -> Row | None: ...
    async def fetchval(self, query: str, /, *args: Any) -> Any: ...
    async def copy_records_to_table(
        self, table_name: str, /, *, schema_name: str, columns: Sequence[str], records: Iterable[Sequence[Any]]
    ) -> str: ...


#: Told, before whoever wrote goes on, to which tables they did.
Hearing = Callable[[Stamp, frozenset[str]], Awaitable[None]]


class Database:
    """The pools of one process: one that writes, and one whose transactions are read-only by default.

    With a condition to tell of, servers that fall silent are found out, and reads do without their replica meanwhile.
    """

    def __init__(
        self, settings: DatabaseSettings, slow: SlowStatements | None = None, condition: Condition | None = None
    ) -> None:
        self._settings = settings
        self._slow = slow
        self._condition = condition
        self._pools: dict[Mode, Pool[StampedConnection]] = {}
        self._watches: dict[Mode, Watch] = {}
        #: What reads from the server that writes while the replica is away.
        self._instead: Pool[StampedConnection] | None = None
        #: Set before opening. Without it writes are announced to whoever listens.
        self.on_written: Hearing | None = None
        #: Told when nobody can say what was written.
        self.on_doubt: Callable[[], Awaitable[None]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        #: Tasks all of whose statements go to one transaction.
        self._joints: dict[asyncio.Task[Any], Joint] = {}

    @property
    def reads_elsewhere(self) -> bool:
        """Whether reads go to a server that may lag behind."""
        return self._settings.read_url is not None

    async def open(self) -> None:
        """Prepare the pools. Connections are made when they are needed, so a database that is down is no obstacle."""
        settings = self._settings
        assert settings.url is not None, "resolve the URL before opening the database"
        write_url = settings.url.get_secret_value()
        read_url = settings.read_url.get_secret_value() if settings.read_url else write_url
        self._pools = {"write": self._pool(write_url, "write"), "read": self._pool(read_url, "read")}
        if self._condition is None:
            return
        write, read = self._pools["write"], self._pools["read"]
        if self.reads_elsewhere:
            self._instead = self._pool(write_url, "read")
            self._watches = {
                "write": self._watch(write_url, (write, self._instead), "database"),
                "read": self._watch(read_url, (read,), "replica"),
            }
        else:
            self._watches = dict.fromkeys(("write", "read"), self._watch(write_url, (write, read), "database"))
        for watch in set(self._watches.values()):
            watch.start()

    def _pool(self, url: str, mode: Mode) -> Pool[StampedConnection]:
        return Pool(partial(self._connect, url, mode), self._settings.pool_max)

    def _watch(self, url: str, pools: tuple[Pool[StampedConnection], ...], part: str) -> Watch:
        condition = self._condition
        assert condition is not None

        def changed(away: bool) -> None:
            if away:
                condition.lost(part, part)
            else:
                condition.back(part)

        connect = partial(asyncpg.connect, url, server_settings={"application_name": "relais watch"})
        return Watch(connect, pools, self._settings.silence_seconds, changed)

    async def _connect(self, url: str, mode: Mode) -> StampedConnection:
        try:
            return await self._connected(url, mode)
        except TimeoutError as error:
            # A wait for one of ours that is free may be too long, too, and that is another thing.
            raise ConnectionError("no answer in time") from error

    async def _connected(self, url: str, mode: Mode) -> StampedConnection:
        settings, hears = self._settings, mode == "write" and self.on_written is not None
        connection = await asyncpg.connect(
            url,
            connection_class=StampedConnection,
            timeout=settings.connect_timeout_seconds,  # pyright: ignore[reportArgumentType]
            statement_cache_size=settings.statement_cache_size,
            server_settings={
                "application_name": f"relais {mode}",
                "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
                # Of writes it is the server's: it may have been told to take none.
                **({"default_transaction_read_only": "on"} if mode == "read" else {}),
                **({"timezone": settings.timezone} if settings.timezone != "-" else {}),
                **({"relais.hears": "on"} if hears else {}),
            },
        )
        connection.slow = self._slow
        if hears:
            connection.add_log_listener(_hear)
        # PostgreSQL builds JSON and reads it: bytes go through as they are, in both directions.
        await connection.set_type_codec(
            "json", schema="pg_catalog", format="binary", encoder=lambda value: value, decoder=bytes
        )
        return connection

    def pools(self) -> dict[Mode, PoolState]:
        """How the pools are used at this moment."""
        return {mode: pool.state() for mode, pool in self._pools.items()}

    async def close(self, timeout_seconds: float = 2.0) -> None:
        """Close the pools, by force when the server does not answer."""
        await asyncio.gather(*(watch.stop() for watch in set(self._watches.values())))
        pools = [*self._pools.values(), *([self._instead] if self._instead is not None else [])]
        await asyncio.gather(*(pool.close(timeout_seconds) for pool in pools))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @asynccontextmanager
    async def connection(self, stamp: Stamp, mode: Mode = "read") -> AsyncGenerator[Connection]:
        """A connection set to a caller. Errors of PostgreSQL leave as `AppError`."""
        async with self._stamped(stamp, mode) as connection:
            yield connection  # pyright: ignore[reportReturnType]

    @asynccontextmanager
    async def joined(self, stamp: Stamp, isolation: Isolation | None = None) -> AsyncGenerator[Connection]:
        """Have all that this task does with the database within the block be one transaction.

        Whoever asks for a connection or a transaction has a savepoint of it. `Stricter`: begin anew, isolated more.
        """
        task = asyncio.current_task()
        assert task is not None
        async with self._stamped(stamp, "write") as connection:
            joint = Joint(connection, isolation)
            try:
                async with connection.transaction(isolation=isolation):
                    self._joints[task] = joint
                    try:
                        yield connection  # pyright: ignore[reportReturnType]
                    finally:
                        del self._joints[task]
                    # What is deferred runs as whoever all of it is done for.
                    await self._speak_anew(connection, stamp)
                    await connection.execute(SETTLE)
            finally:
                # Functions may have set what they like, for longer than this.
                self.soil(connection)
            if joint.tenants - {stamp.tenant_id}:
                await self._tell(connection, SERVICE)
        await joint.follow()

    @contextmanager
    def outside(self) -> Generator[None]:
        """Within the block this task's statements are no part of its joint transaction: they are everybody's affair."""
        task, joint = asyncio.current_task(), self._joint()
        if task is None or joint is None:
            yield
            return
        del self._joints[task]
        try:
            yield
        finally:
            self._joints[task] = joint

    @property
    def is_joined(self) -> bool:
        """Whether what this task sees may be known to nobody else yet."""
        return self._joint() is not None

    def _joint(self) -> Joint | None:
        if not self._joints:
            return None
        task = asyncio.current_task()
        return self._joints.get(task) if task is not None else None

    async def afterwards(self, action: Callable[[], Awaitable[object]]) -> None:
        """Do something that rests on what this task has written: now, or when that is committed."""
        joint = self._joint()
        if joint is None:
            await action()
        else:
            joint.afterwards.append(action)

    @asynccontextmanager
    async def _within(self, joint: Joint, stamp: Stamp, mode: Mode) -> AsyncGenerator[StampedConnection]:
        """A savepoint as a caller. An error undoes no more than that, and whoever spoke before speaks again."""
        connection, before = joint.connection, joint.stamp
        written, connection.written = connection.written, set()
        try:
            async with connection.transaction():
                if mode == "read":
                    await connection.execute(READ_ONLY)
                joint.stamp = stamp
                await self._speak_anew(connection, stamp)
                yield connection
                if mode == "write":
                    await joint.settle()
            if before is not None:
                await self._speak_anew(connection, before)
        except BaseException as error:
            translated = self._translated(error, connection, stamp, "write")
            if translated is None:
                raise
            raise translated from error
        finally:
            joint.stamp = before
            if connection.written:
                joint.tenants.add(stamp.tenant_id)
            connection.written |= written

    async def _speak_anew(self, connection: StampedConnection, stamp: Stamp) -> None:
        """Speak for somebody, and of nothing that was set for others."""
        await connection.execute(ANEW)
        await self.speak_as(connection, stamp)  # pyright: ignore[reportArgumentType]

    @asynccontextmanager
    async def _stamped(self, stamp: Stamp, mode: Mode) -> AsyncGenerator[StampedConnection]:
        joint = self._joint()
        if joint is not None:
            async with self._within(joint, stamp, mode) as connection:
                yield connection
            return
        connection = await self._acquire(mode, stamp)
        broken = False
        try:
            if connection.stamp != stamp:
                await _put_stamp(connection, stamp, mode)
            yield connection
        except BaseException as error:
            connection.stamp = None
            broken = isinstance(error, asyncio.CancelledError)
            translated = self._translated(error, connection, stamp, mode)
            if translated is None:
                raise
            raise translated from error
        finally:
            await self._give_back(connection, stamp, mode, broken=broken)

    @asynccontextmanager
    async def transaction(
        self, stamp: Stamp, mode: Mode = "write", *, isolation: Isolation | None = None, reads_only: bool = False
    ) -> AsyncGenerator[Connection]:
        """A transaction as a caller: committed at the end of the block, rolled back by an exception.

        One that only reads is begun so: what transactions are by default, a function may have changed.
        """
        joint = self._joint()
        if joint is not None:
            if is_stricter(isolation, joint.isolation):
                raise Stricter(isolation)
            async with self._within(joint, stamp, "read" if reads_only else mode) as connection:
                yield connection  # pyright: ignore[reportReturnType]
            return
        async with self._stamped(stamp, mode) as connection:
            async with connection.transaction(isolation=isolation, readonly=reads_only):
                yield connection  # pyright: ignore[reportReturnType]

    async def fetch_one(self, stamp: Stamp, mode: Mode, statement: str, args: Sequence[Any], *, call: bool) -> Row:
        """The one row of a statement as a caller: one round trip if a connection carries the stamp already.

        After a `call` the connection does not trust its stamp: a function may have changed any setting.
        """
        joint = self._joint()
        if joint is not None:
            async with self._within(joint, stamp, mode) as connection:
                row = await connection.fetchrow(statement, *args)
                assert row is not None
            return row
        connection = await self._acquire(mode, stamp)
        broken = False
        try:
            if connection.stamp != stamp:
                await _put_stamp(connection, stamp, mode)
            row = await connection.fetchrow(statement, *args)
            assert row is not None
            if call:
                connection.stamp = None
            if row["response_headers"] is not None or row["response_status"] is not None:
                # Set for the session, perhaps; the next request must not be answered with them.
                connection.stamp, connection.soiled = None, True
            return row
        except BaseException as error:
            connection.stamp = None
            broken = isinstance(error, asyncio.CancelledError)
            translated = self._translated(error, connection, stamp, mode)
            if translated is None:
                raise
            raise translated from error
        finally:
            await self._give_back(connection, stamp, mode, broken=broken)

    async def _give_back(self, connection: StampedConnection, stamp: Stamp, mode: Mode, *, broken: bool) -> None:
        if mode == "write" and self.on_written is not None and (broken or connection.is_closed()):
            # PostgreSQL may still be at it. Whoever gave up does not wait for it.
            task = asyncio.ensure_future(self._find_out(connection, stamp))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        connection.home.release(connection, broken=broken)
        await self._tell(connection, stamp)

    async def _find_out(self, connection: StampedConnection, stamp: Stamp) -> None:
        """Have known what was written by what was broken off, when it has come to an end."""
        try:
            answers = await _answers(connection)
        finally:
            self._pools["write"].release(connection, broken=True)
        await self._tell(connection, stamp)
        if not answers and self.on_doubt is not None:
            await self.on_doubt()
            # Whatever still runs there has ended by then.
            await asyncio.sleep(self._settings.statement_timeout_seconds + _COMMIT_SECONDS)
            await self.on_doubt()

    async def _tell(self, connection: StampedConnection, stamp: Stamp) -> None:
        """Have known what was written, whatever became of it: a commit may have gone through without an answer."""
        if connection.written and self.on_written is not None:
            # Taken at once: somebody else may have the connection next.
            written, connection.written = frozenset(connection.written), set()
            await asyncio.shield(asyncio.ensure_future(self.on_written(stamp, written)))

    async def speak_as(self, connection: Connection, stamp: Stamp) -> None:
        """Have the rest of a transaction done as somebody else; with its end whoever began it is back."""
        self.forget(connection)
        await connection.execute(_set_stamp(len(stamp.settings), local=True), *_stamp_values(stamp))

    def forget(self, connection: Connection) -> None:
        """Have the caller set anew before the connection is used again."""
        connection.stamp = None  # pyright: ignore

    def soil(self, connection: Connection) -> None:
        """Have everything reset before the connection is used again."""
        connection.stamp, connection.soiled = None, True  # pyright: ignore

    async def listen(self, channels: Sequence[str], heard: Callable[[str, str], None]) -> AsyncGenerator[None]:
        """Stay connected for notifications; yields once when connected and ends when the connection is lost.

        A line over which nobody answers is lost, though nothing said so.
        """
        settings = self._settings
        assert settings.url is not None
        lost = asyncio.Event()
        try:
            connection = await asyncpg.connect(
                settings.url.get_secret_value(),
                timeout=settings.connect_timeout_seconds,  # pyright: ignore[reportArgumentType]
                server_settings={"application_name": "relais listener"},
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unavailable(error) from error
        try:
            connection.add_termination_listener(lambda _: lost.set())
            try:
                await connection.execute(_FIND_OUT)
                for channel in channels:
                    await connection.add_listener(channel, lambda _c, _pid, name, payload: heard(name, payload))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise unavailable(error) from error
            yield
            await _until_lost(connection, lost)
        finally:
            connection.terminate()

    async def fetch(self, stamp: Stamp, statement: str, *args: Any, mode: Mode = "read") -> Sequence[Row]:
        """The rows of one statement as a caller."""
        async with self.connection(stamp, mode) as connection:
            return await connection.fetch(statement, *args)

    async def _acquire(self, mode: Mode, stamp: Stamp) -> StampedConnection:
        pool, watch = self._pools[mode], self._watches.get(mode)
        if watch is not None and watch.away:
            if mode == "write" or self._instead is None:
                raise unavailable(ConnectionError(watch.away))
            return await self._lent(self._instead, self._watches["write"], stamp)
        try:
            return await self._lent(pool, watch, stamp)
        except AppError as error:
            if mode == "write" or self._instead is None or error.code != DATABASE_UNAVAILABLE.code:
                raise
            return await self._lent(self._instead, self._watches["write"], stamp)

    async def _lent(self, pool: Pool[StampedConnection], watch: Watch | None, stamp: Stamp) -> StampedConnection:
        try:
            seconds = self._settings.acquire_timeout_seconds
            connection = await pool.acquire(seconds, lambda connection: connection.stamp == stamp)
        except TimeoutError as error:
            raise refuse(POOL_TIMEOUT, headers=RETRY_AFTER) from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if watch is not None:
                watch.doubt()
            raise unavailable(error) from error
        connection.home = pool
        return connection

    def _translated(
        self, error: BaseException, connection: StampedConnection, stamp: Stamp, mode: Mode
    ) -> AppError | None:
        """What a caller is told of an error that came while a connection was lent; None: the error itself."""
        watch = self._watches.get(mode)
        if isinstance(error, _LOST) and not _was_raised(error):
            if watch is not None:
                watch.doubt()
            return unavailable(error)
        if not isinstance(error, asyncpg.PostgresError):
            return None
        if mode == "write" and error.sqlstate == _READ_ONLY and _takes_no_writes(connection):
            if watch is not None:
                watch.refused_a_write()
            return refuse(DATABASE_READ_ONLY, error.message, headers=RETRY_AFTER)
        translated = database_error(error, anonymous=stamp.anonymous)
        is_full = (error.sqlstate or "").startswith(_FULL) and translated.status == DATABASE_UNAVAILABLE.status
        if is_full and not _is_of_a_function(error):
            translated.headers = {**translated.headers, **RETRY_AFTER}
            if self._condition is not None:
                self._condition.lost_lately("room", "database")
        return translated


async def _until_lost(connection: Any, lost: asyncio.Event) -> None:
    """Wait for the end of a connection; `AppError` when nobody answers over it any more."""
    while not lost.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await lost.wait()
                return
        try:
            async with asyncio.timeout(LOOK_DEADLINE_SECONDS):
                await connection.execute(LOOK)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unavailable(error) from error


async def _answers(connection: StampedConnection) -> bool:
    """Whether PostgreSQL is done with what it was told to do on a connection; if it does not say so, it is left."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.execute("select 1")
            return True
    except Exception as error:
        if _was_raised(error):
            return True
    connection.terminate()
    return False


def _hear(connection: Any, message: Any) -> None:
    # The driver tells it before it wakes whoever waits for the statement.
    if message.sqlstate == _WRITTEN:
        connection.written.add(message.message)


def _takes_no_writes(connection: StampedConnection) -> bool:
    """Whether it is the server that forbids them, and not the statement: a standby, or one that was told to."""
    settings: Any = connection.get_settings() if not connection.is_closed() else None
    return any(getattr(settings, name, "") == "on" for name in ("in_hot_standby", "default_transaction_read_only"))


def _was_raised(error: BaseException) -> bool:
    """Whether a statement ended with it: SQL may raise codes of lost connections, and the connection is as before."""
    return isinstance(error, asyncpg.PostgresError) and error.as_dict().get("severity_en") == "ERROR"


def _is_of_a_function(error: asyncpg.PostgresError) -> bool:
    """Whether a function raised it with words and a code of its own: nothing is wrong with the server."""
    return error.as_dict().get("server_source_filename") == "pl_exec.c"


async def _put_stamp(connection: StampedConnection, stamp: Stamp, mode: Mode) -> None:
    connection.stamp = None
    names = frozenset(name for name, _ in stamp.settings)
    if connection.soiled or not connection.stamped <= names:
        await connection.execute("reset all")
        connection.soiled = False
    connection.stamped = names
    statement = _set_stamp(len(stamp.settings), local=False, reads=mode == "read")
    await connection.execute(statement, *_stamp_values(stamp))
    connection.stamp = stamp


def unavailable(error: BaseException) -> AppError:
    """What a caller is told when PostgreSQL cannot be reached."""
    return refuse(DATABASE_UNAVAILABLE, str(error) or type(error).__name__, headers=RETRY_AFTER)
