"""Clients that listen: many connections to `/socket.io/`, some of which subscribe, or as many to a channel of Redis.

A process of its own (`python -m benchmarks.listeners`, a `Party` as JSON on standard input). It says `ready` when all
are connected, counts whatever comes between a `count` and a `stop` on standard input, as often as it is told to, and
writes one JSON line each time: by number, when each message came to each listener. Messages carry their number as
`<<number>>`. Both protocols are spoken here only as far as this needs, so that what is measured is the server.
"""

import asyncio
import base64
import json
import re
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

NUMBER = re.compile(rb"<<(\d+)>>")
#: So many connect at once.
_AT_ONCE = 50
_MASK = b"\0\0\0\0"


@dataclass(frozen=True, slots=True)
class Party:
    """Who listens to what: a token each; the first of them subscribe."""

    #: A path without a port is a socket's.
    host: str
    port: int
    tokens: Sequence[str]
    subscribers: int
    #: What they subscribe to, as JSON; or the name of a channel of Redis, if there are no tokens.
    wanted: str
    #: Of Redis.
    password: str = ""


class Listener(asyncio.Protocol):
    """One connection."""

    def __init__(self, party: Party, token: str | None, *, subscribes: bool, came: "list[tuple[int, float]]") -> None:
        self._party, self._token, self._subscribes, self._came = party, token, subscribes, came
        self._buffer = bytearray()
        self._upgraded = token is None
        self.ready = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # pyright: ignore[reportAttributeAccessIssue]
        if self._token is None:
            for command in (("AUTH", self._party.password), ("SUBSCRIBE", self._party.wanted)):
                parts = b"".join(b"$%d\r\n%b\r\n" % (len(part), part.encode()) for part in command)
                if all(command):
                    self.transport.write(b"*2\r\n" + parts)
            self.ready.set_result(None)
            return
        key = base64.b64encode(b"0123456789abcdef").decode()
        self.transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {self._party.host}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if self._token is None:
            self._note(data)
            return
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                self.ready.set_exception(RuntimeError(bytes(self._buffer[:200])))
                return
            del self._buffer[: end + 4]
            self._upgraded = True
        while (message := self._next()) is not None:
            self._packet(message)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("closed"))

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            start = 4
        elif length == 127:
            start = 10
        if len(buffer) < start:
            return None
        if start > 2:
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        message = bytes(buffer[start : start + length])
        del buffer[: start + length]
        return message

    def _packet(self, message: bytes) -> None:
        if message[:1] == b"0":
            self._send("40" + json.dumps({"token": self._token}))
        elif message[:1] == b"2":
            self._send("3")
        elif message[:2] == b"40" and self._subscribes:
            self._send(f'421["subscribe",{self._party.wanted}]')
        elif message[:2] in (b"40", b"43"):
            if b'"error"' in message:
                self.ready.set_exception(RuntimeError(message))
            else:
                self.ready.set_result(None)
        elif message[:2] == b"44":
            self.ready.set_exception(RuntimeError(message))
        else:
            self._note(message)

    def _note(self, data: bytes) -> None:
        now = time.monotonic()
        self._came += [(int(number), now) for number in NUMBER.findall(data)]

    def _send(self, text: str) -> None:
        payload = text.encode()
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        self.transport.write(b"\x81" + size + _MASK + payload)


async def listen(party: Party) -> None:
    """Have everybody connected, count, and tell."""
    loop = asyncio.get_running_loop()
    came: list[tuple[int, float]] = []
    turn = asyncio.Semaphore(_AT_ONCE)
    listeners: list[Listener] = []

    async def connect(number: int, token: str | None) -> None:
        async with turn:
            subscribes = number < party.subscribers
            made = lambda: Listener(party, token, subscribes=subscribes, came=came)  # noqa: E731
            if party.port:
                _, protocol = await loop.create_connection(made, party.host, party.port)
            else:
                _, protocol = await loop.create_unix_connection(made, party.host)
            await protocol.ready
            listeners.append(protocol)

    whose: Sequence[str | None] = party.tokens or [None] * party.subscribers
    await asyncio.gather(*(connect(number, token) for number, token in enumerate(whose)))
    print("ready", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        came.clear()
        await loop.run_in_executor(None, sys.stdin.readline)
        print(json.dumps(came), flush=True)
    for listener in listeners:
        listener.transport.abort()


if __name__ == "__main__":
    uvloop.run(listen(Party(**json.loads(sys.stdin.readline()))))
