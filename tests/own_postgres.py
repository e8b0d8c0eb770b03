"""A PostgreSQL of one test's own, to be frozen, killed, crowded, made a standby and started again."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg
import psutil
from app.embedded import Servers, ensure, processes, running
from app.embedded.postgres import Postgres, _command  # pyright: ignore[reportPrivateUsage]
from app.embedded.programs import postgres_programs
from app.settings import EmbeddedSettings

PATIENCE_SECONDS = 60.0
_CONNECTIONS = 30


@dataclass(slots=True)
class OwnPostgres:
    """A server in a directory of its own."""

    directory: Path
    settings: EmbeddedSettings
    servers: Servers
    _holding: list[asyncpg.Connection] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.servers.database_url

    @property
    def admin_url(self) -> str:
        return self.servers.admin_url

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.servers = ensure(self.directory, self.settings, redis=False)

    def freeze(self) -> None:
        """Have it and all that it does stand still, with its connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self._signal(signal.SIGCONT)

    async def become_standby(self) -> None:
        """Have it come back as a server that only reads, as another one's copy does."""
        self._end(signal.SIGINT)
        place = self.servers.place
        mark = place.postgres.directory / "standby.signal"
        mark.touch()
        if place.account is not None:
            os.chown(mark, place.account.uid, place.account.gid)
        postgres = Postgres(place, self.settings, postgres_programs(place.account), "")
        process = processes.launch(place.postgres, _command(postgres), place.account, errors=subprocess.DEVNULL)
        self.servers = replace(self.servers, postgres_pid=process.pid)
        await self.ask("select 1")

    async def be_promoted(self) -> None:
        """Have it take writes again."""
        await self.ask("select pg_promote(true, 60)")

    async def take_no_writes(self) -> None:
        """Have every transaction be read-only unless it says otherwise."""
        await self.ask("alter system set default_transaction_read_only = on", "select pg_reload_conf()")

    async def take_writes(self) -> None:
        """The other way round."""
        await self.ask(
            "set default_transaction_read_only = off",
            "alter system reset default_transaction_read_only",
            "select pg_reload_conf()",
        )

    async def crowd(self) -> None:
        """Leave no connection for anybody else, and end those that others have."""
        with suppress(asyncpg.PostgresError):
            while True:
                self._holding.append(await asyncpg.connect(self.admin_url))
        held = [connection.get_server_pid() for connection in self._holding]
        statement = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> all($1) and backend_type = $2"
        for _ in range(3):
            await self._holding[0].fetch(statement, held, "client backend")
            with suppress(asyncpg.PostgresError):
                while True:
                    self._holding.append(await asyncpg.connect(self.admin_url))
                    held.append(self._holding[-1].get_server_pid())

    async def make_room(self) -> None:
        """Give them back."""
        while self._holding:
            await self._holding.pop().close()

    async def ask(self, *statements: str) -> object:
        """What the last statement says, as the owner; waits for a server that starts."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(self.admin_url)
                break
            except (OSError, asyncpg.PostgresError):
                assert time.monotonic() < deadline, "PostgreSQL did not start"
                await asyncio.sleep(0.05)
        try:
            answer: object = None
            for statement in statements:
                answer = await connection.fetchval(statement)
            return answer
        finally:
            await connection.close()

    def _signal(self, number: int) -> None:
        server = psutil.Process(self.servers.postgres_pid)
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _end(self, number: int) -> None:
        os.kill(self.servers.postgres_pid, number)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while processes.holder(self.servers.place.postgres) is not None:
            assert time.monotonic() < deadline, "PostgreSQL did not end"
            time.sleep(0.02)


@contextmanager
def own_postgres(directory: Path) -> Generator[OwnPostgres]:
    """One that runs, and is gone with everything it had."""
    settings = EmbeddedSettings(postgres_max_connections=_CONNECTIONS)  # pyright: ignore[reportCallIssue]
    with running(directory, settings, redis=False) as servers:
        server = OwnPostgres(directory, settings, servers)
        try:
            yield server
        finally:
            with suppress(psutil.NoSuchProcess):
                server.thaw()
