"""Sends requests straight into the application, as bytes: no client tidies them, no server refuses them first."""

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes

App = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]
Headers = tuple[tuple[bytes, bytes], ...]
PREFIX = b"/rest/v1"
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Raw:
    """A request, byte by byte. The path is below the prefix."""

    method: str = "GET"
    path: bytes = b"/"
    query: bytes = b""
    headers: Headers = ()
    body: bytes = b""

    def curl(self) -> str:
        """A command that sends it again."""
        words = ["curl", "-sgi", "-X", self.method, f"$URL{_text(self.path)}?{_text(self.query)}"]
        for name, value in self.headers:
            words += ["-H", f"{_text(name)}: {_text(value)}"]
        if self.body:
            words += ["--data-binary", _text(self.body[:2000])]
        return shlex.join(words)[:6000]


@dataclass(frozen=True, slots=True)
class Reply:
    """What was sent back, byte by byte. Status 0: nothing was."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: bytes) -> bytes | None:
        """The value of a header."""
        return next((value for key, value in self.headers if key == name), None)


async def ask(app: App, request: Raw, *, pieces: Iterable[bytes] | None = None, hangs_up: bool = False) -> Reply:
    """The application's answer. The body comes in these pieces; the client may hang up before the last."""
    incoming = _messages(request, pieces, hangs_up=hangs_up)
    finished = asyncio.Event()
    reply = Reply()

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        await finished.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal reply
        if message["type"] == "http.response.start":
            assert reply.status == 0, "two answers"
            reply = Reply(message["status"], tuple(message.get("headers", ())))
        else:
            reply = replace(reply, body=reply.body + message.get("body", b""))

    try:
        await app(scope_of(request), receive, send)
    finally:
        finished.set()
    return reply


async def ask_each(app: App, requests: list[Raw], *, at_once: int = AT_ONCE) -> list[Reply]:
    """The answers, in the order of the requests."""
    replies = [Reply()] * len(requests)
    places = iter(range(len(requests)))

    async def work() -> None:
        for place in places:
            replies[place] = await ask(app, requests[place])

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return replies


def scope_of(request: Raw) -> dict[str, Any]:
    """What a server makes of a request's line and headers."""
    raw_path = PREFIX + request.path
    headers = [(b"host", b"gateway.test"), *((name.lower(), value) for name, value in request.headers)]
    if request.body and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"%d" % len(request.body)))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": request.query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


def _messages(request: Raw, pieces: Iterable[bytes] | None, *, hangs_up: bool) -> list[dict[str, Any]]:
    parts = list(pieces) if pieces is not None else [request.body]
    found: list[dict[str, Any]] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if hangs_up:
        found.append({"type": "http.disconnect"})
    else:
        found[-1]["more_body"] = False
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
