"""Connections that send whatever they are told to, with a WebSocket and nothing on top of it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.own_server import OwnServer

PATIENCE_SECONDS = 15.0
PATH = "/socket.io/?EIO=4&transport=websocket"


@dataclass(slots=True)
class Raw:
    """One of them."""

    socket: ClientConnection

    async def sign_in(self, token: str) -> str:
        """The server's answer."""
        await self.socket.send("40" + json.dumps({"token": token}))
        return await self.until("4")

    async def until(self, start: str, seconds: float = PATIENCE_SECONDS) -> str:
        """The first message that begins so."""
        async with asyncio.timeout(seconds):
            while True:
                message = await self.socket.recv()
                if message == "2":
                    await self.socket.send("3")
                elif isinstance(message, str) and message.startswith(start):
                    return message

    async def acknowledged(self, event: str, *args: Any, number: int = 7) -> Any:
        """What an event is answered with."""
        await self.socket.send(f"42{number}{json.dumps([event, *args])}")
        return json.loads((await self.until(f"43{number}")).removeprefix(f"43{number}"))[0]

    async def end(self, seconds: float = PATIENCE_SECONDS) -> ConnectionClosed:
        """How the server ends the connection; whatever it says before is passed over."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await self.socket.recv()
                except ConnectionClosed as closed:
                    return closed


@asynccontextmanager
async def raw(server: OwnServer, token: str | None = None, **options: Any) -> AsyncGenerator[Raw]:
    """One that is open, and signed in if there is a token."""
    url = f"ws://127.0.0.1:{server.port}{PATH}"
    options = {"compression": None, "ping_interval": None, "close_timeout": 1, **options}
    async with connect(url, proxy=None, **options) as socket:
        one = Raw(socket)
        await one.until("0")
        if token is not None:
            # What is heard from the beginning is said before the connection is.
            await socket.send("40" + json.dumps({"token": token}))
            assert '"sid"' in await one.until("40")
        yield one
