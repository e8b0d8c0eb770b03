"""The Socket.IO server as strangers meet it: what is no packet goes no further, and who does not sign in does not stay.

The library is written for peers that follow the protocol: it waits for attachments that never come, hands out events
under the names of its own handlers, and writes a trace for whatever it cannot read.
"""

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import engineio
import socketio
from engineio.async_socket import AsyncSocket
from socketio.packet import CONNECT_ERROR
from socketio.packet import Packet as Sent
from starlette.types import Scope

from app import log
from app.middleware.trace import address_of
from app.sockets.outbox import Outbox
from app.sockets.pace import Pace
from app.sockets.packets import Packet, read_packet

NAMESPACE = "/"
_KEPT = frozenset({"asgi.receive", "asgi.send", "asgi.scope", "HTTP_ORIGIN", "REQUEST_METHOD", "QUERY_STRING"})
#: Times that one connection may try to sign in.
_MOST_TRIES = 5


class _Untold(logging.Filter):
    """Of what the library has to say, only that something failed; never what a client sent, and no trace of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is told."""
        if not record.exc_info or record.exc_info[0] is None:
            return False
        record.msg, record.args = f"{record.getMessage()}: {record.exc_info[0].__name__}", ()
        record.exc_info = record.exc_text = None
        return True


QUIET = logging.getLogger("relais.sockets.library")
QUIET.addFilter(_Untold())
QUIET.setLevel(logging.ERROR)


class _Engine(engineio.AsyncServer):
    def create_queue(self, *_args: Any, **_options: Any) -> Any:
        return Outbox()


@dataclass(slots=True)
class Peer:
    """Somebody at the other end, whether they have signed in or not."""

    address: str
    #: Since when they have been there without being signed in; None: they are.
    waiting_since: float | None
    tries: int = 0
    #: Of what comes by polling.
    pace: Pace | None = None


class StrictServer(socketio.AsyncServer):
    """A Socket.IO server that believes nothing."""

    def __init__(self, *, handshake_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._handshake_seconds = handshake_seconds
        self.peers: dict[str, Peer] = {}
        self.of_address: Counter[str] = Counter()
        self.waiting: Counter[str] = Counter()
        #: Told, with the sid, of what a client sent that is no packet.
        self.nonsense: Callable[[str], Awaitable[Any]] | None = None

    def outbox(self, sid: str) -> Outbox | None:
        """What waits to be sent to a client, if it is still there."""
        socket = self.socket(cast("str", self.manager.eio_sid_from_sid(sid, NAMESPACE)))
        return None if socket is None or socket.closed else cast("Outbox", socket.queue)

    def socket(self, eio_sid: str) -> AsyncSocket | None:
        """The Engine.IO connection of that name."""
        return cast("dict[str, AsyncSocket]", self.eio.sockets).get(eio_sid)

    async def drop(self, eio_sid: str) -> None:
        """End a connection, with all that waits for it sent before if the peer takes it."""
        socket = self.socket(eio_sid)
        if socket is None:
            return
        await socket.close(wait=False)
        # The writer ends with this, and the transport with the writer.
        socket.queue.put_nowait(None)

    async def drop_all(self) -> None:
        """End every connection; clients come back by themselves."""
        for eio_sid in list(self.peers):
            await self.drop(eio_sid)

    async def look(self) -> None:
        """Show out who has not signed in for too long, and forget who is gone."""
        now = time.monotonic()
        for eio_sid, peer in list(self.peers.items()):
            socket = self.socket(eio_sid)
            if socket is None:
                await self._handle_eio_disconnect(eio_sid, self.reason.TRANSPORT_CLOSE)
            elif self.manager.sid_from_eio_sid(eio_sid, NAMESPACE) is not None:
                self._wait(peer, None)
            elif peer.waiting_since is None:
                self._wait(peer, now)
            elif now - peer.waiting_since > self._handshake_seconds:
                await self.drop(eio_sid)
        manager = cast("Any", self.manager)
        for sid, eio_sid in list(manager.get_participants(NAMESPACE, None)):
            if eio_sid not in self.peers:
                # It went while it was being let in.
                await self._trigger_event("disconnect", NAMESPACE, sid, self.reason.TRANSPORT_CLOSE)
                await manager.disconnect(sid, NAMESPACE)

    def _wait(self, peer: Peer, since: float | None) -> None:
        if (peer.waiting_since is None) != (since is None):
            _count(self.waiting, peer.address, -1 if since is None else 1)
        peer.waiting_since = since

    # What the library calls.

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return _Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: Mapping[str, Any]) -> None:
        scope: Scope = environ["asgi.scope"]
        peer = self.peers[eio_sid] = Peer(address_of(scope), None)
        _count(self.of_address, peer.address, 1)
        self._wait(peer, time.monotonic())
        await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        peer = self.peers.pop(eio_sid, None)
        if peer is not None:
            self._wait(peer, None)
            _count(self.of_address, peer.address, -1)
        socket = self.socket(eio_sid)
        if socket is not None and not socket.upgraded and reason == self.reason.CLIENT_DISCONNECT:
            # Whoever says that they go may wait for the answer to their last question.
            socket.queue.put_nowait(None)
        await super()._handle_eio_disconnect(eio_sid, reason)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        peer, socket = self.peers.get(eio_sid), self.socket(eio_sid)
        if peer is None or socket is None or socket.closed:
            return
        try:
            await self._taken(eio_sid, peer, read_packet(data))
        except Exception as error:
            # A mistake of ours; it must not end the reading.
            log.event("unexpected_error", {"in": "sockets"}, level="error", error=error)
            await self.drop(eio_sid)

    async def _taken(self, eio_sid: str, peer: Peer, packet: Packet | None) -> None:
        sid = cast("str | None", self.manager.sid_from_eio_sid(eio_sid, NAMESPACE))
        if packet is None:
            if sid is None or self.nonsense is None:
                await self.drop(eio_sid)
            else:
                await self.nonsense(sid)
        elif packet.kind == "connect":
            peer.tries += 1
            if peer.tries > _MOST_TRIES:
                await self.drop(eio_sid)
            elif packet.namespace != NAMESPACE:
                told = Sent(CONNECT_ERROR, {"message": "Invalid namespace"}, packet.namespace)
                await self._send_packet(eio_sid, told)
            else:
                await self._handle_connect(eio_sid, NAMESPACE, packet.data)
                _forget_request(cast("dict[str, dict[str, Any]]", self.environ).get(eio_sid, {}))
        elif sid is None or packet.namespace != NAMESPACE:
            # Said to a place that they are not in, by somebody who was shown out a moment ago, perhaps.
            return
        elif packet.kind == "disconnect":
            await self._handle_disconnect(eio_sid, NAMESPACE, self.reason.CLIENT_DISCONNECT)
        elif packet.kind == "event":
            await self._handle_event(eio_sid, NAMESPACE, packet.id, packet.data)


def _forget_request(environ: dict[str, Any]) -> None:
    """Of the request that a connection began with, keep what is still asked for: it stays as long as the connection."""
    kept = {name: value for name, value in environ.items() if name in _KEPT}
    environ.clear()
    environ.update(kept)


def _count(counter: Counter[str], name: str, change: int) -> None:
    counter[name] += change
    if counter[name] <= 0:
        del counter[name]
