"""Listening to PostgreSQL: a line that is cut without a word is found out, and another one is made."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from app.adapters import postgres
from app.adapters.listener import Listener
from app.adapters.postgres import Database
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import Urls, run_sql

CHANNEL = "tests_of_listening"


class Wire:
    """Between us and PostgreSQL; what is on it when it is cut stays open and carries nothing any more."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._cuts: list[asyncio.Event] = []
        self._tasks: set[asyncio.Task[None]] = set()

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
            task = asyncio.create_task(_pump(one, other, cut))
            self._tasks.add(task)

    def end(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()


async def _pump(one: asyncio.StreamReader, other: asyncio.StreamWriter, cut: asyncio.Event) -> None:
    try:
        while (some := await one.read(65536)) and not cut.is_set():
            other.write(some)
            await other.drain()
        if cut.is_set():
            await asyncio.Event().wait()
    finally:
        other.close()


@asynccontextmanager
async def wired(settings: Settings) -> AsyncGenerator[tuple[Wire, Database]]:
    """A database that is reached over a wire."""
    assert settings.database.url is not None
    url = urlsplit(settings.database.url.get_secret_value())
    asked = parse_qs(url.query)
    wire = Wire(f"{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}")
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = url.netloc.rpartition("@")[0]
    over = url._replace(netloc=f"{login}@127.0.0.1:{port}", query="").geturl()
    try:
        yield wire, Database(settings.database.model_copy(update={"url": SecretStr(over)}))
    finally:
        server.close()
        wire.end()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_line_that_is_cut_without_a_word_is_found_out(
    settings: Settings, urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(postgres, "LOOK_DEADLINE_SECONDS", 0.5)
    heard: list[str] = []
    caught_up = deaf = 0

    async def catch_up() -> None:
        nonlocal caught_up
        caught_up += 1

    def went_deaf() -> None:
        nonlocal deaf
        deaf += 1

    async with wired(settings) as (wire, database):
        listener = Listener(
            database=database,
            channels=(CHANNEL,),
            heard=lambda _, said: heard.append(said),
            catch_up=catch_up,
            deaf=went_deaf,
        )
        listener.start()
        try:
            await until(lambda: listener.hears)
            # It is asked again and again, and answers.
            await asyncio.sleep(0.5)
            assert (listener.hears, caught_up, deaf) == (True, 1, 0)
            wire.cut()
            await run_sql(urls.admin, f"notify {CHANNEL}, 'to nobody'")
            await until(lambda: deaf == 1)
            await until(lambda: listener.hears)
            await run_sql(urls.admin, f"notify {CHANNEL}, 'to somebody'")
            await until(lambda: bool(heard))
            assert (heard, caught_up) == (["to somebody"], 2)
        finally:
            await listener.stop()
