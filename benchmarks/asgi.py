"""Tiny ASGI applications for comparing ASGI servers: nothing in them but what every application needs.

`hello` answers a constant; `resources` answers the list shape over the product's own PostgreSQL adapter; `slow` and
`echo` show how a server behaves when it is stopped, left by a client, or spoken to over a WebSocket.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from app.adapters.postgres import Database, Stamp
from app.settings import DatabaseSettings
from pydantic import SecretStr

from benchmarks.shapes import Shape
from benchmarks.statements import STATEMENTS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DATABASE_URL, TENANT_ID, USER_ID = "ASGI_DATABASE_URL", "ASGI_TENANT_ID", "ASGI_USER_ID"
POOL_SIZE = 16
_LIST = STATEMENTS[Shape.LIST].format(tenant_id="$1", visibility="$2", category="$3")


class Resources:
    """The list shape, with a pool that lives as long as the lifespan."""

    def __init__(self) -> None:
        user_id, tenant_id = os.environ[USER_ID], os.environ[TENANT_ID]
        self._tenant_id = tenant_id
        self._stamp = Stamp("authenticated", json.dumps({"role": "authenticated", "sub": user_id}), user_id, tenant_id)
        settings = DatabaseSettings(url=SecretStr(os.environ[DATABASE_URL]), pool_max=POOL_SIZE)  # pyright: ignore
        self._database = Database(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send, self._database.open, self._database.close)
        elif scope["path"] == "/ready":
            await _answer(send, b"{}")
        else:
            category = parse_qs(scope["query_string"].decode())["category"][0]
            async with self._database.connection(self._stamp) as connection:
                body = await connection.fetchval(_LIST, self._tenant_id, "public", category)
            await _answer(send, body)


def resources() -> Resources:
    """The factory of `Resources`, which reads the environment when a worker starts and not before."""
    return Resources()


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """A constant."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send, _nothing, _nothing)
    else:
        await _answer(send, b'{"hello":"world"}')


async def behaviour(scope: Scope, receive: Receive, send: Send) -> None:
    """Says on standard error what the server tells it; `/slow` takes a second, `/pid` says who answers."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send, _said("started"), _said("stopped"))
    elif scope["type"] == "websocket":
        await _echo(receive, send)
    elif scope["path"] == "/slow":
        await _slow(receive, send)
    else:
        await _answer(send, str(os.getpid()).encode())


async def _slow(receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    gone = asyncio.ensure_future(receive())
    done, _ = await asyncio.wait({gone}, timeout=1.0)
    if done and gone.result()["type"] == "http.disconnect":
        await _said("client gone")()
        return
    gone.cancel()
    await _answer(send, b"slow")


async def _echo(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif message["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await _said(f"socket closed {message.get('code')}")()
            return


async def _lifespan(
    receive: Receive, send: Send, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]
) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _nothing() -> None:
    pass


def _said(what: str) -> Callable[[], Awaitable[None]]:
    async def say() -> None:
        print(f"{os.getpid()} {what}", file=sys.stderr, flush=True)

    return say
