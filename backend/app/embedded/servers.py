"""Who starts and stops the embedded servers: the first to come, and the last to go.

Everyone who uses a data directory holds `use.lock` together with the others; starting and stopping happen one at a
time under `start.lock`. Both go with the process that holds them, so after any crash the next one finds its way.
"""

import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from app.embedded import locks, place, postgres, processes, redis
from app.embedded.cluster import SUPERUSER
from app.embedded.errors import explained
from app.embedded.place import PORT, Place, made
from app.embedded.postgres import DATABASE
from app.embedded.secret_file import Secrets, secrets_of
from app.settings import EmbeddedSettings

LOGIN = "relais_login"
Result = TypeVar("Result")
NONE = (0, False)


@dataclass(frozen=True, slots=True)
class Servers:
    """How to reach the servers; empty and 0 for one that was not asked for."""

    database_url: str = field(repr=False)
    admin_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    postgres_pid: int
    redis_pid: int
    socket_dir: Path
    started: bool
    place: Place


@contextmanager
def running(
    data_dir: Path, settings: EmbeddedSettings, *, postgres: bool = True, redis: bool = True
) -> Generator[Servers, None, None]:
    """Have the servers during the block, whether they run already or not; the last to leave stops them."""
    with _used(data_dir) as is_ours:
        servers = ensure(data_dir, settings, postgres=postgres, redis=redis)
        try:
            yield servers
        finally:
            if not is_ours():
                _abandon(servers.place)


def ensure(data_dir: Path, settings: EmbeddedSettings, *, postgres: bool = True, redis: bool = True) -> Servers:
    """Start what does not run. Only inside `running`, to bring back a server that died."""
    with explained(data_dir):
        directory = made(data_dir)
        secrets = secrets_of(directory)
        with locks.exclusive(directory / "start.lock"):
            where = place.prepared(directory, settings)
            return _servers(where, settings, secrets=secrets, wanted=(postgres, redis))


def alive(servers: Servers) -> list[str]:
    """The names of the servers that have died."""
    expected = (
        ("postgres", servers.postgres_pid, servers.place.postgres),
        ("redis", servers.redis_pid, servers.place.redis),
    )
    return [name for name, pid, slot in expected if pid and not processes.lives(slot, pid)]


def stop(data_dir: Path) -> None:
    """Stop the servers of a data directory, whoever uses them."""
    with explained(data_dir):
        directory = data_dir.resolve()
        with locks.exclusive(directory / "start.lock"):
            _stop(directory)


@contextmanager
def _used(data_dir: Path) -> Generator[Callable[[], bool], None, None]:
    """Count as a user of the directory; gives a way to ask whether it still is the same directory."""
    with explained(data_dir):
        directory = made(data_dir)
        with locks.exclusive(directory / "start.lock"):
            use = locks.shared(directory / "use.lock")
    try:
        yield lambda: locks.names(directory / "use.lock", use)
    finally:
        with explained(directory):
            _leave(directory, use)


def _leave(directory: Path, use: int) -> None:
    try:
        # A directory that was removed, and perhaps made again by others, has nothing that is ours to stop.
        if locks.names(directory / "use.lock", use):
            with locks.exclusive(directory / "start.lock"):
                if locks.taken(use):
                    _stop(directory)
    finally:
        os.close(use)


def _abandon(where: Place) -> None:
    """End what we started in a directory that is gone, locks and all, so that nobody else can find it."""
    for slot in (where.postgres, where.redis):
        processes.kill_own(slot)
    if not where.data_dir.is_dir():
        place.cleared(where.socket_dir)


def _stop(directory: Path) -> None:
    where = place.found(directory)
    _together(lambda: postgres.stop(where), lambda: redis.stop(where))
    place.cleared(where.socket_dir)


def _servers(where: Place, settings: EmbeddedSettings, *, secrets: Secrets, wanted: tuple[bool, bool]) -> Servers:
    (postgres_pid, postgres_started), (redis_pid, redis_started) = _together(
        lambda: postgres.ensured(where, settings, secrets.admin) if wanted[0] else NONE,
        lambda: redis.ensured(where, settings, secrets.redis) if wanted[1] else NONE,
    )
    return Servers(
        database_url=_postgres_url(where, LOGIN, secrets.login) if wanted[0] else "",
        admin_url=_postgres_url(where, SUPERUSER, secrets.admin) if wanted[0] else "",
        redis_url=f"unix://:{secrets.redis}@{quote(str(where.redis_socket))}?db=0" if wanted[1] else "",
        postgres_pid=postgres_pid,
        redis_pid=redis_pid,
        socket_dir=where.socket_dir,
        started=postgres_started or redis_started,
        place=where,
    )


def _postgres_url(where: Place, user: str, password: str) -> str:
    # The port is spelt out because it is part of the socket's name and PGPORT may say otherwise.
    return f"postgresql://{user}:{password}@/{DATABASE}?host={quote(str(where.socket_dir))}&port={PORT}"


def _together(first: Callable[[], Result], second: Callable[[], Result]) -> tuple[Result, Result]:
    """Do both at once, and both to the end even if one fails."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = pool.submit(first), pool.submit(second)
    return futures[0].result(), futures[1].result()
