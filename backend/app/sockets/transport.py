"""A WebSocket connection whose peer cannot make us hold what it does not take.

Relais has uvicorn use it. While what was written is not taken, nothing more is read from there. After a while of that
the connection is cut: closing it in order would wait for the peer.
"""

import asyncio
from functools import lru_cache
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import OP_TEXT, CloseCode, Frame
from websockets.protocol import State

#: Messages that a client may send before the first of them is looked at, and frames that a message may be made of.
_MOST_WAITING, _MOST_FRAMES = 1000, 1000
#: What was written last has so long to arrive when the connection is over.
_LINGER_SECONDS = 15.0


class Connection(WebSocketsSansIOProtocol):
    """One that is read from as fast as it is written to."""

    _cutting: asyncio.TimerHandle | None = None
    #: What is sent at the end of this turn, in one go.
    _frames_due: list[bytes] | None = None

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the application has; of messages that are sent one after the other, all at once."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        if not isinstance(text, str) or not self._is_open():
            self._flush()
            return await super().send(message)
        if self._frames_due is None:
            self._frames_due = []
            self.loop.call_soon(self._flush)
        self._frames_due.append(_frame(text))

    def _is_open(self) -> bool:
        return (
            self.handshake_complete
            and self.writable.is_set()
            and not (self.disconnected or self.close_sent)
            and self.conn.state is State.OPEN
        )

    def _flush(self) -> None:
        due, self._frames_due = self._frames_due, None
        if due and not self.transport.is_closing():
            self.transport.write(b"".join(due))

    def pause_writing(self) -> None:
        """The peer takes nothing: wait for it, but not for ever."""
        super().pause_writing()
        if self.ping_timeout is not None:
            self._cut_in(self.ping_timeout)

    def resume_writing(self) -> None:
        """It takes something again."""
        super().resume_writing()
        self._keep()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Read, and no further while nothing can be written."""
        super().data_received(data)
        if not self.writable.is_set() and not self.transport.is_closing():
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._keep()
        super().connection_lost(exc)

    async def receive(self) -> ASGIReceiveEvent:
        """What came next; when it is over, nothing that came before."""
        if self.disconnected or self.transport.is_closing():
            return {"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE}
        return await super().receive()

    async def run_asgi(self) -> None:
        """Run the application; then what it left gets a moment."""
        await super().run_asgi()
        if not self.disconnected:
            self._cut_in(_LINGER_SECONDS)

    def handle_cont(self, event: Frame) -> None:
        """One more frame of a message."""
        if len(self.frames) >= _MOST_FRAMES:
            return self._refuse(CloseCode.MESSAGE_TOO_BIG)
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a message over, if it is text that can be read and not too many wait."""
        if self.queue.qsize() >= _MOST_WAITING:
            return self._refuse(CloseCode.POLICY_VIOLATION)
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                return self._refuse(CloseCode.INVALID_DATA)
        super().send_receive_event_to_app()

    def handle_close(self, event: Frame) -> None:
        """The peer goes: what is due was said before that."""
        self._flush()
        super().handle_close(event)

    def _refuse(self, code: int) -> None:
        self.frames = []
        if not self.close_sent:
            self.conn.send_close(code)
            self.handle_parser_exception()

    def _cut_in(self, seconds: float) -> None:
        self._keep()
        self._cutting = self.loop.call_later(seconds, self._cut)

    def _keep(self) -> None:
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None

    def _cut(self) -> None:
        transport: Any = self.transport
        transport.abort()


@lru_cache(maxsize=64)
def _frame(text: str) -> bytes:
    """A message as it is sent to each of many: a server's frames are the same for all."""
    return Frame(OP_TEXT, text.encode()).serialize(mask=False)
