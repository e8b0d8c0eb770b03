"""The processes of `relais up`: started, brought back when they die, stopped together; and orphans that end themselves.

It knows nothing of what the children do; their output goes where ours goes.
"""

import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

#: Names the supervisor to a child. Without the prefix of settings, which refuse names they do not know.
PARENT_VARIABLE = "_RELAIS_PARENT_PID"
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 8.0
#: So many deaths of one child within this time and it is not coming back.
DEATHS = 5
DEATHS_SECONDS = 60.0
GRACE_SECONDS = 4.0
TICK_SECONDS = 0.2
ORPHAN_POLL_SECONDS = 0.2
ORPHAN_GRACE_SECONDS = 3.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running; `env` is added to ours."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(slots=True)
class _Life:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    starts_at: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque[float](maxlen=DEATHS))


class Supervisor:
    """Keeps children running until it is told to stop (exit code 0) or one cannot be kept (1).

    `say` takes sentences for the person at the terminal. `run` belongs in the main thread, where signals arrive.
    """

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._lives = [_Life(child) for child in children]
        self._say = say
        self._told_to_stop = 0

    def run(self, on_tick: Callable[[], None]) -> int:
        """Start the children and stay with them; `on_tick` runs a few times a second, and ends it all if it raises."""
        with self._signals() as wake:
            try:
                while not self._told_to_stop:
                    for life in self._lives:
                        if not self._kept(life):
                            return 1
                    on_tick()
                    _wait(wake, TICK_SECONDS)
                return 0
            finally:
                self._stop(wake)

    def _kept(self, life: _Life) -> bool:
        """Whether the child runs or is to be started again; False when it died too often."""
        now = time.monotonic()
        if life.process and life.process.poll() is not None:
            code = life.process.returncode
            # Its own children may hold the port that its successor needs.
            _kill_session(life.process)
            life.process = None
            life.deaths.append(now)
            recent = sum(now - death < DEATHS_SECONDS for death in life.deaths)
            if recent >= DEATHS:
                self._say(
                    f"{life.child.name} died {recent} times within {DEATHS_SECONDS:g} s ({_ending(code)}): giving up."
                )
                return False
            delay = min(FIRST_DELAY_SECONDS * 2 ** (recent - 1), LONGEST_DELAY_SECONDS)
            self._say(f"{life.child.name} died ({_ending(code)}); starting it again in {delay:g} s.")
            life.starts_at = now + delay
        if life.process is None and now >= life.starts_at:
            life.process = _started(life.child)
        return True

    def _stop(self, wake: socket.socket) -> None:
        """End every child: asked in order, then, when the grace is over or a second signal came, killed."""
        running = [life.process for life in self._lives if life.process]
        told = self._told_to_stop
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(process.poll() is None for process in running):
            left = deadline - time.monotonic()
            if left <= 0 or self._told_to_stop > max(told, 1):
                break
            _wait(wake, min(left, TICK_SECONDS))
        for process in running:
            _kill_session(process)
            process.wait()

    @contextmanager
    def _signals(self) -> Generator[socket.socket, None, None]:
        """Count the signals that ask to stop, and wake up on them and on the death of a child."""
        wake, waker = socket.socketpair()
        for end in (wake, waker):
            end.setblocking(False)
        before = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)}
        # Without this the first signal that comes twice would fill standard error with tracebacks.
        previous = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            for number in STOP_SIGNALS:
                # What `nohup` had us ignore stays ignored.
                if before[number] is not signal.SIG_IGN or number is signal.SIGTERM:
                    signal.signal(number, self._count)
            signal.signal(signal.SIGCHLD, _nothing)
            yield wake
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(previous)
            wake.close()
            waker.close()

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop += 1


def die_with_parent() -> None:
    """In a child of a supervisor: end when the supervisor has ended, however it did, so that no port stays taken."""
    parent = os.environ.pop(PARENT_VARIABLE, "")
    if parent.isdecimal():
        threading.Thread(target=_watch, args=(int(parent),), name="die-with-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_GRACE_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def _started(child: Child) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **child.env, PARENT_VARIABLE: str(os.getpid())}
    return subprocess.Popen(child.argv, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    # The child leads a process group of its own, whose number stays its own while any member lives.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _wait(wake: socket.socket, seconds: float) -> None:
    readable, _, _ = select.select([wake], [], [], seconds)
    if readable:
        wake.recv(4096)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """SIGCHLD needs a handler to wake us up."""
