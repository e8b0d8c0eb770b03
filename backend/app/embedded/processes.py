"""Server processes: started apart from the terminal, found again after any crash, ended for good.

A server holds the lock of its *slot* from before its first instruction: the descriptor is inherited, so the kernel
lets go of it when the last process of that server has ended, and no pid file has to be believed. The lock file names
the pid. What the servers are is known in `postgres` and `redis`.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.embedded import locks
from app.embedded.account import Account
from app.embedded.errors import EmbeddedError

#: How long what a dead server left behind may take to notice that it is dead.
ORPHAN_SECONDS = 3.0
KILL_SECONDS = 2.0
#: The shell writes its pid into the lock file (its output), then becomes the server, which keeps the file open as 3.
AS_HOLDER = 'echo $$; exec "$0" "$@" 3>&1 1>&2'


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one server runs: its working directory, and the lock file that it holds as long as it lives."""

    directory: Path
    lock: Path


#: Only the parent can reap; a child that nobody reaps would look alive for ever.
_children: dict[int, tuple[subprocess.Popen[bytes], Slot]] = {}


def launch(
    slot: Slot, argv: Sequence[str], account: Account | None, *, errors: int, standard_input: bytes = b""
) -> subprocess.Popen[bytes]:
    """Start a server in its slot, in a session of its own, so that a Ctrl-C in the terminal does not reach it."""
    descriptor = locks.opened(slot.lock)
    try:
        if not locks.taken(descriptor, patience_seconds=KILL_SECONDS):
            raise EmbeddedError(f"Another process uses {slot.directory}; wait until it has ended.")
        os.ftruncate(descriptor, 0)
        process = subprocess.Popen(
            ("/bin/sh", "-c", AS_HOLDER, *argv),
            cwd=slot.directory,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=errors,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=() if account else None,
        )
    finally:
        os.close(descriptor)
    _children[process.pid] = process, slot
    if process.stdin:
        # A program that ended at once is found out by whoever waits for it.
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(standard_input)
        process.stdin = None
    return process


def holder(slot: Slot) -> int | None:
    """The pid of the server in this slot; 0 while it has not said so yet; None when there is none."""
    for pid, (child, _) in tuple(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)
    try:
        descriptor = os.open(slot.lock, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if locks.free(descriptor):
            return None
        return int(os.read(descriptor, 20) or b"0")
    finally:
        os.close(descriptor)


def lives(slot: Slot, pid: int) -> bool:
    """Whether the server with this pid runs; what a dead one left behind may still hold the slot."""
    return holder(slot) == pid and _leads(pid)


def end(slot: Slot, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """End the server in this slot with one signal after the other, each with its time, and whatever it left behind."""
    for number, seconds in signals:
        pid = holder(slot)
        if pid is None:
            return
        if not _signalled(pid, number):
            break
        if _freed(slot, seconds):
            return
    if _freed(slot, ORPHAN_SECONDS):
        return
    for pid in _inside(slot.directory):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not _freed(slot, KILL_SECONDS):
        raise EmbeddedError(
            f"A server that cannot be stopped from here uses {slot.directory}: another container, perhaps;"
            " stop it there, or set RELAIS_DATA_DIR to another directory."
        )


def kill_own(slot: Slot) -> None:
    """Kill what this process started in the slot, without asking its lock: for when the files are gone."""
    for pid, (child, home) in tuple(_children.items()):
        if home == slot:
            child.kill()
            child.wait()
            _children.pop(pid, None)


def _leads(pid: int) -> bool:
    # A server leads its session: a pid that was handed to another program since is not met by mistake.
    try:
        return pid != 0 and os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _signalled(pid: int, number: signal.Signals) -> bool:
    if not _leads(pid):
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    return True


def _freed(slot: Slot, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while holder(slot) is not None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(locks.POLL_SECONDS)
    return True


def _inside(directory: Path) -> list[int]:
    """The processes that work in this directory, where the system can say (Linux): every backend of a cluster does."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if entry.joinpath("cwd").readlink() == directory:
                found.append(int(entry.name))
    return found


def _environment() -> dict[str, str]:
    # Nothing of ours: a server that knew our secrets would pass them on to whatever it starts.
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C"}
