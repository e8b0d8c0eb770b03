"""An API as a process of its own, and clients that listen to it with python-socketio."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
from app.embedded import Servers

from tests.conftest import Urls, environment_for
from tests.own_server import CHEAP, OwnServer, own_server

PATIENCE_SECONDS = 15.0


@dataclass(slots=True)
class Ear:
    """A connected client, and everything it has heard."""

    client: socketio.AsyncClient
    heard: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def of(self, event: str) -> list[Any]:
        """What was told under a name."""
        return [payload for name, payload in self.heard if name == event]

    async def until(self, found: Callable[["Ear"], Any], seconds: float = PATIENCE_SECONDS) -> Any:
        """What is found in the end."""
        deadline = time.monotonic() + seconds
        while not (value := found(self)):
            assert time.monotonic() < deadline, self.heard
            await asyncio.sleep(0.01)
        return value

    async def subscribe(self, wanted: Any) -> Any:
        """The answer to a subscription."""
        return await self.client.call("subscribe", wanted, timeout=PATIENCE_SECONDS)


@asynccontextmanager
async def listening(address: str, token: str | None, **options: Any) -> AsyncGenerator[Ear]:
    """A client that is connected."""
    client = socketio.AsyncClient(reconnection=False)
    ear = Ear(client)

    async def hear(event: str, *args: Any) -> None:
        ear.heard.append((event, args[0] if args else None))

    client.on("*", hear)
    auth = {"token": token} if token is not None else None
    await client.connect(address, auth=auth, transports=["websocket"], wait_timeout=PATIENCE_SECONDS, **options)
    try:
        yield ear
    finally:
        await client.disconnect()


@pytest.fixture(scope="module")
def server(urls: Urls, servers: Servers, data_dir: Path) -> Generator[OwnServer]:
    """The API."""
    with own_server({**environment_for(urls, servers, data_dir), **CHEAP}) as server:
        yield server


@pytest.fixture
async def client(server: OwnServer) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of it."""
    async with httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=30) as client:
        yield client
