"""Data directories for the drills, and owners of their servers in processes that can be killed.

Everything lies below one world-readable directory: under root the servers run as another account.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from app.embedded import place, running, stop
from app.settings import EmbeddedSettings

OWNER = """
import json, sys
from pathlib import Path
from app.embedded import running
from app.settings import EmbeddedSettings
with running(Path(sys.argv[1]), EmbeddedSettings()) as servers:
    print(json.dumps([servers.postgres_pid, servers.redis_pid, servers.started]), flush=True)
    sys.stdin.read()
"""


@dataclass
class Owner:
    """A process that uses the servers of a data directory until it is told to leave."""

    process: subprocess.Popen[str]
    pids: tuple[int, int] = (0, 0)
    started: bool = False

    def ready(self) -> "Owner":
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the owner ended before its servers ran"
        postgres, redis, self.started = json.loads(line)
        self.pids = postgres, redis
        return self

    def leaves(self) -> None:
        self.process.communicate(timeout=30)

    def is_killed(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def settings() -> EmbeddedSettings:
    return EmbeddedSettings()  # pyright: ignore[reportCallIssue]


@pytest.fixture(scope="session")
def ground() -> Generator[Path, None, None]:
    directory = Path(tempfile.mkdtemp(prefix="relais-drill-")).resolve()
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(autouse=True)
def system_home(ground: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test leaves anything in the system's own directories."""
    monkeypatch.setattr(place, "SYSTEM_HOME", ground / "system")
    return ground / "system"


@pytest.fixture(scope="session")
def stopped(ground: Path) -> Path:
    """A data directory whose servers have run once and were stopped; to be copied, never used."""
    directory = ground / "stopped"
    with running(directory, EmbeddedSettings()):  # pyright: ignore[reportCallIssue]
        pass
    return directory


@pytest.fixture
def new_dir(ground: Path) -> Generator[Path, None, None]:
    """A data directory that does not exist yet."""
    parent = Path(tempfile.mkdtemp(dir=ground))
    parent.chmod(0o755)
    yield parent / "data"
    if (parent / "data").is_dir():
        stop(parent / "data")
    shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture
def data_dir(new_dir: Path, stopped: Path) -> Path:
    """A data directory with a cluster in it, none of whose servers run."""
    shutil.copytree(stopped, new_dir)
    return new_dir


@pytest.fixture
def owner() -> Generator[Callable[[Path], Owner], None, None]:
    """Start a process that uses the servers of a data directory."""
    owners: list[Owner] = []

    def start(directory: Path) -> Owner:
        argv = (sys.executable, "-c", OWNER, str(directory))
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        owners.append(Owner(process))
        return owners[-1]

    yield start
    for started in owners:
        if started.process.poll() is None:
            started.is_killed()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds; far longer than it should take, so that only a failure waits that long."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.01)

    return wait


@pytest.fixture
def kill(eventually: Callable[[Callable[[], object]], None]) -> Callable[[int], None]:
    """Kill a process with no chance to clean up, and see it gone."""

    def kill_and_wait(pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not runs(pid))

    return kill_and_wait


@pytest.fixture(name="runs")
def _runs() -> Callable[[int], bool]:
    """Whether a process runs: one that only waits to be reaped does not."""
    return runs


def runs(pid: int) -> bool:
    listed = subprocess.run(("ps", "-o", "stat=", "-p", str(pid)), capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip()) and not listed.stdout.strip().startswith("Z")
