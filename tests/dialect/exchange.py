"""Sends requests exactly as they are written, over a socket or into an application of this process.

Ordinary clients tidy URLs; here not a byte of the target, the headers or the body may change.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import unquote

import httpcore

from .messages import Answer, Request

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

READS_AT_ONCE = 8
#: The status of an answer that never came.
NO_ANSWER = 0
PATIENCE = {"timeout": {"connect": 10.0, "read": 12.0, "write": 30.0, "pool": 60.0}}


class Side(Protocol):
    """One of the two that answer."""

    async def ask(self, request: Request) -> Answer: ...


class OverSocket:
    """A server at an address, over connections that are kept."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.pool = httpcore.AsyncConnectionPool(max_connections=READS_AT_ONCE)

    async def ask(self, request: Request) -> Answer:
        try:
            return await self._ask(request)
        except (httpcore.RemoteProtocolError, httpcore.ReadError):
            # The connection was about to be closed: nothing that is asked here is the worse for being asked twice.
            return await self._ask_again(request)
        except httpcore.ReadTimeout:
            return Answer(NO_ANSWER, (), b"too late")

    async def _ask_again(self, request: Request) -> Answer:
        try:
            return await self._ask(request)
        except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.ReadTimeout) as error:
            return Answer(NO_ANSWER, (), str(error).encode())

    async def _ask(self, request: Request) -> Answer:
        url = httpcore.URL(scheme=b"http", host=self.host.encode(), port=self.port, target=request.target.encode())
        response = await self.pool.request(
            request.method, url, headers=_headers(request), content=request.body, extensions=PATIENCE
        )
        headers = tuple((key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in response.headers)
        return Answer(response.status, headers, response.content)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.pool.aclose()


class InProcess:
    """An ASGI application, whose routes for tables begin with a prefix."""

    def __init__(self, app: App, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    async def ask(self, request: Request) -> Answer:
        raw_path = self.prefix + ("" if self.prefix and request.path == "/" else request.path)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": request.query.encode(),
            "root_path": "",
            "headers": [(key.lower().encode(), value.encode()) for key, value in _headers(request)],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        return await _asked(self.app, scope, request.body or b"")


async def ask_all(side: Side, requests: Iterable[Request], *, at_once: int) -> list[Answer]:
    """The answers, in the order of the requests."""
    found = list(requests)
    answers: list[Answer | None] = [None] * len(found)
    places = iter(range(len(found)))

    async def work() -> None:
        for place in places:
            answers[place] = await _with_reason(side, found[place])

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return [answer for answer in answers if answer is not None]


async def _with_reason(side: Side, request: Request) -> Answer:
    """The answer; to a HEAD that was refused, with the body that a GET gets: two refusals may have two reasons."""
    answer = await side.ask(request)
    if request.method != "HEAD" or answer.status < 300:
        return answer
    told = await side.ask(replace(request, method="GET"))
    return replace(answer, body=told.body if told.status == answer.status else b"")


async def _asked(app: App, scope: dict[str, Any], body: bytes) -> Answer:
    status, headers, parts = 0, (), []
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    finished = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        await finished.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = tuple((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in message.get("headers", ()))
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    try:
        await app(scope, receive, send)
    finally:
        finished.set()
    # What a server does: HEAD has no body, whatever the application sends.
    return Answer(status, headers, b"" if scope["method"] == "HEAD" else b"".join(parts))


def _headers(request: Request) -> list[tuple[str, str]]:
    headers = [("Host", "gateway.test"), *request.headers]
    if request.body is not None:
        headers.append(("Content-Length", str(len(request.body))))
    return headers
