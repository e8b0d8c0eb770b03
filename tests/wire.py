"""A wire to PostgreSQL that can be cut without anybody being told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from app.settings import Settings
from pydantic import SecretStr


class Wire:
    """Between us and PostgreSQL; what is on it when it is cut stays open and carries nothing any more."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._cuts: list[asyncio.Event] = []
        self._tasks: set[asyncio.Task[None]] = set()
        #: A connection is cut as soon as it has carried this.
        self.cut_after: bytes | None = None

    def cut(self) -> None:
        """Have those who are connected now neither hear nor be heard."""
        for cut in self._cuts:
            cut.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        there, back = await asyncio.open_unix_connection(self._socket)
        cut = asyncio.Event()
        self._cuts.append(cut)
        for one, other in ((reader, back), (there, writer)):
            self._tasks.add(asyncio.create_task(self._pump(one, other, cut)))

    async def _pump(self, one: asyncio.StreamReader, other: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        try:
            while (some := await one.read(65536)) and not cut.is_set():
                other.write(some)
                await other.drain()
                if self.cut_after is not None and self.cut_after in some:
                    cut.set()
            if cut.is_set():
                await asyncio.Event().wait()
        finally:
            other.close()

    async def end(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def wired(settings: Settings) -> AsyncGenerator[tuple[Wire, Settings]]:
    """Settings with which the database is reached over a wire."""
    assert settings.database.url is not None
    url = urlsplit(settings.database.url.get_secret_value())
    asked = parse_qs(url.query)
    wire = Wire(f"{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}")
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    over = url._replace(netloc=f"{url.netloc.rpartition('@')[0]}@127.0.0.1:{port}", query="").geturl()
    try:
        database = settings.database.model_copy(update={"url": SecretStr(over)})
        yield wire, settings.model_copy(update={"database": database})
    finally:
        server.close()
        await wire.end()
