"""How connections come to their end when the process that holds them stops: nobody's request is lost on the way.

A connection on which nothing is asked may be the one that a request is travelling on: it is left open for a moment,
and what still comes over it is answered, with `Connection: close`. Clients of realtime are told before they are cut.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.sockets.transport import Connection

#: Where the application leaves, in the state of its lifespan, whom to tell that the process stops.
FAREWELL: Final = "farewell"
#: The longest that a connection without a request stays, and that a client has to take its leave; less where the
#: whole stop may take less than twice as long.
MOMENT_SECONDS: Final = 1.0


def _moment(config: Any) -> float:
    return min(MOMENT_SECONDS, (config.timeout_graceful_shutdown or 0.0) / 2)


class HttpConnection(HttpToolsProtocol):
    """A connection that answers whatever was sent over it before its client could know that it ends."""

    _leaving = False

    def shutdown(self) -> None:
        """Answer what is under way and what still comes in a moment, and tell that nothing comes after it."""
        self._leaving = True
        self.timeout_keep_alive = _moment(self.config)
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if cycle is None or cycle.response_complete:
            self._unset_keepalive_if_required()
            after, close = self.timeout_keep_alive, self.timeout_keep_alive_handler
            self.timeout_keep_alive_task = self.loop.call_later(after, close)
        elif not cycle.response_started:
            # Where the head has gone out already, the client was told that it may go on.
            cycle.keep_alive = False

    def on_headers_complete(self) -> None:
        """A request has come."""
        super().on_headers_complete()
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if self._leaving and cycle is not None:
            cycle.keep_alive = False


class SocketConnection(Connection):
    """A connection whose client hears why it ends."""

    def shutdown(self) -> None:
        """Have the client told, and cut it off a moment later."""
        farewell: Callable[[], None] | None = self.app_state.get(FAREWELL)
        if farewell is None or not self.handshake_complete:
            return super().shutdown()
        farewell()
        self.loop.call_later(_moment(self.config), self._leave)

    def _leave(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()
