"""What comes before the library: how many may come in, from which pages, and what their requests must look like."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BODY_TOO_LARGE, AppError, ErrorSpec, refuse
from app.middleware.trace import address_of
from app.settings import RealtimeSettings
from app.sockets.engine import StrictServer
from app.sockets.pace import Pace

TOO_MANY_PEERS = ErrorSpec("REALTIME_TOO_MANY_PEERS", 429, "Trop de connexions, veuillez réessayer plus tard")
BAD_REQUEST = ErrorSpec("REALTIME_BAD_REQUEST", 400, "Requête invalide")
#: What a client sends in a frame of its own: a close, a ping, a pong, a message, the end of an upgrade.
_FRAMES = frozenset("12345")
#: An attachment in a request, and what stands for it: a message that is none.
_BINARY, _UNREAD = "b", "4"
#: Packets that one request may carry, as the library has it.
_MOST_PACKETS = 16
_SEPARATOR = "\x1e"
_OVER: Message = {"type": "websocket.disconnect", "code": 1002}


class Door:
    """Stands in front of the Socket.IO server of a process."""

    def __init__(self, app: ASGIApp, server: StrictServer, settings: RealtimeSettings) -> None:
        self._app, self._server, self._settings = app, server, settings
        #: Connections that a request is in hand for, and its method.
        self._busy: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        sid = query.get("sid", [""])[0]
        try:
            if not sid:
                self._count(address_of(scope))
            if scope["type"] == "websocket":
                return await self._connected(sid, scope, receive, send)
            if not sid or scope["method"] not in ("GET", "POST"):
                return await self._app(scope, receive, send)
            await self._polled(sid, query, scope, receive, send)
        except AppError as error:
            if scope["type"] == "websocket":
                # 403: a page would not be shown more of an answer.
                return await send({"type": "websocket.close"})
            await error.plain_response()(scope, receive, send)

    def _count(self, address: str) -> None:
        """Refuse one more from an address that has enough."""
        server, settings = self._server, self._settings
        if (
            server.of_address[address] >= settings.connections_per_address
            or server.waiting[address] >= settings.handshakes_per_address
        ):
            raise refuse(TOO_MANY_PEERS, headers={"Retry-After": "5"})

    def _pace(self) -> Pace:
        # Pongs and the like come on top of events.
        return Pace(2 * self._settings.events_per_second, 2 * self._settings.events_at_once)

    # WebSocket.

    async def _connected(self, sid: str, scope: Scope, receive: Receive, send: Send) -> None:
        seconds, pace = self._settings.handshake_seconds, self._pace()
        # A connection that takes over from polling says so in its first two messages, or is none.
        upgrading, frames = bool(sid), 0

        async def read() -> Message:
            nonlocal frames
            frames += 1
            # The first is not the client's.
            if not upgrading or not 1 < frames <= 3:
                message = await receive()
            else:
                try:
                    async with asyncio.timeout(seconds):
                        message = await receive()
                except TimeoutError:
                    return _OVER
            if message["type"] != "websocket.receive":
                return message
            await pace.wait()
            text = message.get("text")
            return _OVER if text is not None and text[:1] not in _FRAMES else message

        try:
            await self._app(scope, read, send)
        finally:
            socket = self._server.socket(sid) if upgrading else None
            if socket is not None and not socket.upgraded:
                socket.upgrading = False

    # Polling.

    async def _polled(
        self, sid: str, query: Mapping[str, Sequence[str]], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if "j" in query:
            raise refuse(BAD_REQUEST, "JSONP is not supported")
        request = sid, scope["method"]
        if request in self._busy:
            # What one of them is told, the other one would miss.
            await self._server.drop(sid)
            raise refuse(BAD_REQUEST, "one request at a time")
        self._busy.add(request)
        try:
            if scope["method"] == "POST":
                receive = await self._posted(sid, scope, receive)
            await self._app(scope, receive, send)
        finally:
            self._busy.discard(request)

    async def _posted(self, sid: str, scope: Scope, receive: Receive) -> Receive:
        """The body, once it is known to be a few packets of reasonable size."""
        socket, peer = self._server.socket(sid), self._server.peers.get(sid)
        if socket is None or peer is None:
            raise refuse(BAD_REQUEST, "no such connection")
        body = await _body(Request(scope, receive), self._settings.message_bytes)
        try:
            packets = [_UNREAD if part[:1] == _BINARY else part for part in body.decode().split(_SEPARATOR)]
        except UnicodeDecodeError:
            packets = [""]
        if len(packets) > _MOST_PACKETS or any(packet[:1] not in _FRAMES for packet in packets):
            await self._server.drop(sid)
            raise refuse(BAD_REQUEST, "no packets")
        if socket.queue.qsize() > 2 * self._settings.backlog_events:
            # Answers that nobody comes for.
            await self._server.drop(sid)
            raise refuse(BAD_REQUEST, "nothing is read")
        peer.pace = peer.pace or self._pace()
        await peer.pace.wait(len(packets))
        body = _SEPARATOR.join(packets).encode()
        scope["headers"] = [
            *(item for item in scope["headers"] if item[0] != b"content-length"),
            (b"content-length", str(len(body)).encode()),
        ]
        told: Message = {"type": "http.request", "body": body, "more_body": False}

        async def again() -> Message:
            return told

        return again


async def _body(request: Request, most: int) -> bytes:
    parts, size = list[bytes](), 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise refuse(BODY_TOO_LARGE)
        parts.append(part)
    return b"".join(parts)


def own_origin(origin: str | None, environ: Mapping[str, Any]) -> bool:
    """Whether a page comes from where we are: it may always."""
    return origin is not None and origin.partition("://")[2] == environ.get("HTTP_HOST")
