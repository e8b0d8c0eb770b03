"""PostgreSQL: pools of connections that remember which caller they are set to.

A connection carries a *stamp* (role, claims, user, tenant). A statement for the caller whose stamp it already carries
costs one round trip; otherwise one `select set_config(…)` goes first. The whole stamp is always set; whatever fails or
is cancelled clears what the connection remembers, so a doubt never becomes somebody else's rights.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import asyncpg

from app.adapters.sqlstates import database_error
from app.errors import AppError, ErrorSpec, refuse
from app.settings import DatabaseSettings

DATABASE_UNAVAILABLE = ErrorSpec("PGRST000", 503, "Database connection error.")
POOL_TIMEOUT = ErrorSpec("PGRST003", 504, "Timed out acquiring connection from connection pool.")
RETRY_AFTER = {"Retry-After": "1"}
Mode = Literal["read", "write"]

_SET_STAMP = (
    "select set_config('role', $1, false), set_config('request.jwt.claims', $2, false),"
    " set_config('relais.user_id', $3, false), set_config('relais.tenant_id', $4, false)"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A caller as PostgreSQL is told of it. Empty strings stand for what a caller has not."""

    role: str
    claims: str
    user_id: str
    tenant_id: str


#: The role of callers who have not signed in.
ANONYMOUS = "anon"
#: Jobs, imports and the product's own bookkeeping.
SERVICE = Stamp("service", '{"role":"service"}', "", "")


class StampedConnection(asyncpg.Connection):  # pyright: ignore[reportMissingTypeArgument]
    """A connection that remembers its stamp, or that it has none worth trusting."""

    __slots__ = ("stamp",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stamp: Stamp | None = None


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


class Database:
    """The pools of one process: one that writes, and one whose transactions are read-only by default."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._pools: dict[Mode, asyncpg.Pool] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Prepare the pools. Connections are made when they are needed, so a database that is down is no obstacle."""
        settings = self._settings
        assert settings.url is not None, "resolve the URL before opening the database"
        write_url = settings.url.get_secret_value()
        read_url = settings.read_url.get_secret_value() if settings.read_url else write_url
        self._pools = {"write": await self._pool(write_url, "write"), "read": await self._pool(read_url, "read")}

    async def _pool(self, url: str, mode: Mode) -> asyncpg.Pool:
        settings = self._settings
        return await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=settings.pool_max,
            connection_class=StampedConnection,
            timeout=settings.connect_timeout_seconds,
            statement_cache_size=settings.statement_cache_size,
            max_inactive_connection_lifetime=300,
            reset=_keep_session_settings,
            init=_pass_json_through,
            server_settings={
                "application_name": f"relais {mode}",
                "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
                "default_transaction_read_only": "on" if mode == "read" else "off",
                "timezone": "UTC",
            },
        )

    async def close(self, timeout_seconds: float = 2.0) -> None:
        """Close the pools, by force when the server does not answer."""
        for pool in self._pools.values():
            try:
                async with asyncio.timeout(timeout_seconds):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def connection(self, stamp: Stamp, mode: Mode = "read") -> AsyncGenerator[Connection]:
        """A connection set to a caller. Errors of PostgreSQL leave as `AppError`."""
        async with self._stamped(stamp, mode) as connection:
            yield connection  # pyright: ignore[reportReturnType]

    @asynccontextmanager
    async def _stamped(self, stamp: Stamp, mode: Mode) -> AsyncGenerator[StampedConnection]:
        pool = self._pools[mode]
        lease = await self._acquire(pool)
        cancelled = False
        connection: StampedConnection = lease._con  # pyright: ignore - stamps live on the connection, not on its lease
        try:
            if connection.stamp != stamp:
                connection.stamp = None
                await connection.execute(_SET_STAMP, stamp.role, stamp.claims, stamp.user_id, stamp.tenant_id)
                connection.stamp = stamp
            yield connection
        except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
            connection.stamp = None
            raise unavailable(error) from error
        except asyncpg.PostgresError as error:
            connection.stamp = None
            raise database_error(error, anonymous=stamp.role == ANONYMOUS) from error
        except asyncio.CancelledError:
            connection.stamp = None
            cancelled = True
            raise
        except BaseException:
            connection.stamp = None
            raise
        finally:
            release = pool.release(lease, timeout=self._settings.connect_timeout_seconds)
            if cancelled:
                # Whoever gave up does not wait until PostgreSQL has taken note of it.
                self._in_background(release)
            else:
                await release

    @asynccontextmanager
    async def transaction(self, stamp: Stamp, mode: Mode = "write") -> AsyncGenerator[Connection]:
        """A transaction as a caller: committed at the end of the block, rolled back by an exception."""
        async with self._stamped(stamp, mode) as connection, connection.transaction():
            yield connection  # pyright: ignore[reportReturnType]

    async def fetch(self, stamp: Stamp, statement: str, *args: Any, mode: Mode = "read") -> Sequence[Row]:
        """The rows of one statement as a caller."""
        async with self.connection(stamp, mode) as connection:
            return await connection.fetch(statement, *args)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled():
            task.exception()  # a connection that could not be given back has been closed; there is nothing to do

    async def _acquire(self, pool: asyncpg.Pool) -> Any:
        try:
            return await pool.acquire(timeout=self._settings.acquire_timeout_seconds)
        except TimeoutError as error:
            raise refuse(POOL_TIMEOUT, headers=RETRY_AFTER) from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unavailable(error) from error


async def _keep_session_settings(_connection: Any) -> None:
    """Instead of asyncpg's own reset, which costs a round trip on every release and would drop the stamp.

    asyncpg has rolled back an open transaction before it calls this.
    """


async def _pass_json_through(connection: Any) -> None:
    # PostgreSQL builds JSON and reads it: bytes go through as they are, in both directions.
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=lambda value: value, decoder=bytes
    )


def unavailable(error: BaseException) -> AppError:
    """What a caller is told when PostgreSQL cannot be reached."""
    return refuse(DATABASE_UNAVAILABLE, str(error) or type(error).__name__, headers=RETRY_AFTER)
