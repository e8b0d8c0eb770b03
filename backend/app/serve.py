"""Serving the API: one process, or several behind one port."""

import os
import signal
import socket
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from app import log
from app.gateway.assembly import Assembly
from app.leaving import HttpConnection, SocketConnection
from app.servers import environment
from app.settings import ServerSettings, Settings, SettingsError
from app.supervise import PARENT_VARIABLE

STARTED_BADLY = 3
#: A process that is to take the place of another one gets ready within this time, or the other one stays.
READY_SECONDS = 120


def check_port(server: ServerSettings) -> None:
    """Refuse a port that somebody else listens on, in a sentence."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            raise SettingsError(
                f"Port {server.port} of {server.host} cannot be used ({error.strerror or error}):"
                " stop what listens there, or set RELAIS_SERVER_PORT to another."
            ) from None


def check_gateway(settings: Settings) -> None:
    """Refuse keys, audiences and paths of roles that no token could be verified with, in a sentence."""
    try:
        Assembly(settings.auth).check(settings.rest)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def run_server(settings: Settings, workers: int) -> int:
    """Serve until told to stop; the exit code."""
    server = settings.server
    check_port(server)
    check_gateway(settings)
    # Worker processes read their settings from the environment, as this one did.
    os.environ.update(environment(settings))
    config = uvicorn.Config(
        "app.main:application",
        factory=True,
        host=server.host,
        port=server.port,
        workers=workers,
        loop="uvloop",
        http=HttpConnection,
        ws=SocketConnection if settings.realtime.enabled else "none",
        ws_max_size=settings.realtime.message_bytes,
        # Socket.IO looks whether its clients are there; compression would cost each of them a window of memory.
        ws_ping_interval=None,
        ws_ping_timeout=settings.realtime.ping_seconds,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=bool(server.trusted_proxies),
        forwarded_allow_ips=server.trusted_proxies or None,
        timeout_worker_healthcheck=READY_SECONDS,
        timeout_graceful_shutdown=max(1, round(server.shutdown_seconds)),
        backlog=2048,
    )
    log.set_up_logging(settings.log.level)
    if workers > 1:
        os.environ[PARENT_VARIABLE] = str(os.getpid())
        listening = config.bind_socket()
        _Processes(config, sockets=[listening]).run()
        return 0
    running = uvicorn.Server(config)
    # uvicorn raises the signal that stopped it once more when it has finished: that is a good end, not a death.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        # There is nobody to take over: it finishes what it has, and whoever started it starts it anew.
        signal.signal(signal.SIGHUP, lambda _number, frame: running.handle_exit(signal.SIGTERM, frame))
    running.run()
    return 0 if running.started else STARTED_BADLY


class _Processes(Multiprocess):
    """Several of them, which are replaced one after the other on SIGHUP, and stopped in the middle of that, too."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        """Replace those that have ended, at once, though they were being asked whether they live."""
        for process in self.processes:
            # As long as their end of the line is open here too, nobody hears that they have let go of it.
            process.child_conn.close()
        super().keep_subprocess_alive()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
