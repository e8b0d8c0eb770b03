"""`relais up`: everything at once, for a developer's machine or a single small server."""

import asyncio
import json
import math
import sys
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from app.embedded import Servers, alive, ensure, secrets_of
from app.jobs.mail_files import Glimpse, NewMail, mail_directory
from app.prepare import migrate_database, seed_database
from app.serve import check_port
from app.servers import environment, resolved_with_servers
from app.settings import Settings
from app.supervise import Child, Supervisor

CHECK_SERVERS_SECONDS = 1.0
LOOK_FOR_MAIL_SECONDS = 0.5
PROBE_SECONDS = 2.0
#: Our own address is asked directly, whatever proxy the environment names.
_direct = build_opener(ProxyHandler({}))
#: How long an unready API may be silent about it.
PATIENCE_SECONDS = 5.0


def run_everything(settings: Settings, out: Console, *, demo: bool) -> int:
    """Prepare, start, and stay until told to stop; the exit code."""
    begun = time.perf_counter()
    check_port(settings.server)
    with resolved_with_servers(settings) as (ready, servers):
        for line in migrate_database(ready):
            if line != "nothing to do":
                out.print(f"  migrations: {line}")
        if demo and ready.environment != "production":
            for line in asyncio.run(seed_database(ready, only_if_empty=True)):
                out.print(f"  demo data: {line}")
        supervisor = Supervisor(_children(ready), lambda sentence: out.print(f"[yellow]{escape(sentence)}[/]"))
        return supervisor.run(_Tick(ready, servers, out, begun))


def _children(settings: Settings) -> list[Child]:
    given = environment(settings)
    command = (sys.executable, "-m", "app.cli")
    return [Child("api", (*command, "serve"), given), Child("worker", (*command, "worker"), given)]


class _Tick:
    """Between the supervisor's turns: announce the API once it answers, bring back an embedded server that died, and
    show the mail that was written to files, because in development nobody else delivers it.
    """

    def __init__(self, settings: Settings, servers: Servers | None, out: Console, begun: float) -> None:
        self._settings = settings
        self._servers = servers
        self._out = out
        self._begun = begun
        self._announced = False
        self._patience = time.monotonic() + PATIENCE_SECONDS
        self._next_check = 0.0
        directory = mail_directory(settings) if settings.environment != "production" else None
        self._mail = NewMail(directory) if directory is not None else None
        self._next_mail = 0.0

    def __call__(self) -> None:
        if not self._announced:
            self._announce()
        if self._servers is not None and time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + CHECK_SERVERS_SECONDS
            self._bring_back(self._servers)
        if self._mail is not None and time.monotonic() >= self._next_mail:
            self._next_mail = time.monotonic() + LOOK_FOR_MAIL_SECONDS
            for glimpse in self._mail.read():
                self._out.print(_letter(glimpse), soft_wrap=True)

    def _announce(self) -> None:
        waits_for = _unready(f"{_address(self._settings)}/ready")
        if waits_for == "":
            self._announced = True
            self._out.print(_where_to_look(self._settings, self._servers, self._begun))
        elif waits_for is not None and time.monotonic() > self._patience:
            self._patience = math.inf
            self._out.print(f"[yellow]The API answers but is not ready: {escape(waits_for)}. It goes on trying.[/]")

    def _bring_back(self, servers: Servers) -> None:
        died = alive(servers)
        if not died:
            return
        self._out.print(f"[yellow]{' and '.join(died)} died; starting it again.[/]")
        self._servers = ensure(
            self._settings.data_dir,
            self._settings.embedded,
            postgres=bool(servers.postgres_pid),
            redis=bool(servers.redis_pid),
        )


def _unready(url: str) -> str | None:
    """What an API waits for: nothing when it is ready, None when it does not answer at all."""
    try:
        with _direct.open(url, timeout=PROBE_SECONDS):
            return ""
    except HTTPError as error:
        return _said(error)
    except (HTTPException, OSError):
        return None


def _said(error: HTTPError) -> str:
    try:
        parts = json.load(error)["parts"]
        return "; ".join(f"{name}: {part['detail']}" for name, part in parts.items() if not part["ok"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"it answers {error.code}"


def _letter(glimpse: Glimpse) -> str:
    about = f"Mail to {glimpse.recipient}: {glimpse.subject}"
    return f"[cyan]{escape(about)}[/]" + (f"\n  {escape(glimpse.link)}" if glimpse.link else "")


def _address(settings: Settings) -> str:
    host = settings.server.host
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{settings.server.port}"


def _where_to_look(settings: Settings, servers: Servers | None, begun: float) -> Panel:
    address = _address(settings)
    lines = [
        f"API          {address}",
        f"Reference    {address}/api/docs",
        f"Health       {address}/ready",
    ]
    if servers is not None and servers.postgres_pid:
        lines.append(f"PostgreSQL   process {servers.postgres_pid}, data in {settings.data_dir / 'postgres'}")
    if servers is not None and servers.redis_pid:
        lines.append(f"Redis        process {servers.redis_pid}, data in {settings.data_dir / 'redis'}")
    demo = secrets_of(settings.data_dir).demo if settings.environment != "production" else {}
    if demo:
        lines += ["", "Demo accounts (address, password):"]
        lines += [f"  {email:<20} {password}" for email, password in demo.items()]
    lines += ["", "Ctrl-C stops everything."]
    title = f"Relais is ready after {time.perf_counter() - begun:.1f} s"
    return Panel("\n".join(map(escape, lines)), title=title, title_align="left", expand=False)
