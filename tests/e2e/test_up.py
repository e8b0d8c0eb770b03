"""`relais up` as a person runs it: everything starts, Ctrl-C ends it, and whatever is killed comes back."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

PATIENCE_SECONDS = 60
STOP_SECONDS = 5


class Up:
    """A running `relais up` and what it said."""

    def __init__(self, directory: Path, port: int, log: Path) -> None:
        self.port = port
        self.log = log
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "up"],
                cwd=directory,
                env=environment | {"RELAIS_SERVER_PORT": str(port), "COLUMNS": "150"},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=2) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except (URLError, OSError):
            return False

    def wait_until_ready(self) -> None:
        wait_for(lambda: self.ready() or self.process.poll() is not None, self.said)
        assert self.process.poll() is None, self.said()

    def interrupt(self) -> int:
        os.kill(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def child(self, word: str) -> psutil.Process:
        """Its API or worker process."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.cmdline()[-1] == word)

    def server(self, name: str) -> psutil.Process:
        """Its PostgreSQL or Redis, as it named them."""
        found = re.findall(rf"{name} +process (\d+)", self.said())
        return psutil.Process(int(found[-1]))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory to run in, with a space in its name, that any user may reach."""
    place = Path(os.environ["TEST_RUN"]) / "up in here"
    place.mkdir()
    place.chmod(0o755)
    return place


@pytest.fixture
def start(place: Path) -> Generator[Callable[[], Up]]:
    """Starts `relais up`; whatever a test leaves running is ended."""
    started: list[Up] = []

    def start() -> Up:
        up = Up(place, free_port(), place / f"up-{len(started)}-{time.time_ns()}.log")
        started.append(up)
        return up

    yield start
    for up in started:
        if up.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                up.interrupt()
            up.process.kill()
            up.process.wait()


def test_the_first_start_prepares_everything_and_says_where_to_look(start: Callable[[], Up]) -> None:
    up = start()
    up.wait_until_ready()
    wait_for(lambda: "Ctrl-C stops everything" in up.said(), up.said)
    assert f"http://127.0.0.1:{up.port}/api/docs" in up.said()
    assert re.search(r"admin@demo\.test +\S{16}", up.said())
    servers = [up.server("PostgreSQL"), up.server("Redis"), up.child("serve"), up.child("worker")]
    assert up.interrupt() == 0
    assert [process for process in servers if process.is_running()] == []


def test_a_second_start_finds_its_data_and_its_passwords(start: Callable[[], Up], place: Path) -> None:
    up = start()
    up.wait_until_ready()
    wait_for(lambda: "Ctrl-C stops everything" in up.said(), up.said)
    assert "applied" not in up.said()
    assert "demo data" not in up.said()
    first = next(place.glob("up-0-*.log"))
    passwords = re.findall(r"@demo\.test +(\S{16})", first.read_text())
    assert passwords
    assert re.findall(r"@demo\.test +(\S{16})", up.said()) == passwords


def test_smoke_finds_a_running_api_good(start: Callable[[], Up]) -> None:
    up = start()
    up.wait_until_ready()
    wait_for(lambda: "Ctrl-C stops everything" in up.said(), up.said)
    demo = re.search(r"(admin@demo\.test) +(\S{16})", up.said())
    assert demo is not None
    command = [sys.executable, "-m", "app.cli", "smoke", f"http://127.0.0.1:{up.port}", "--email", demo[1]]
    asked = subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=os.environ | {"SMOKE_PASSWORD": demo[2]}
    )
    assert asked.returncode == 0, asked.stdout
    assert asked.stdout.count("ok") >= 17
    assert "the session has ended" in asked.stdout


@pytest.mark.parametrize("victim", ["serve", "worker", "PostgreSQL", "Redis"])
def test_what_is_killed_is_brought_back(start: Callable[[], Up], victim: str) -> None:
    up = start()
    up.wait_until_ready()
    wait_for(lambda: "Ctrl-C stops everything" in up.said(), up.said)
    find = up.child if victim in ("serve", "worker") else up.server
    killed = find(victim)
    killed.kill()
    wait_for(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE, up.said)
    wait_for(up.ready, up.said)
    if victim in ("serve", "worker"):
        wait_for(lambda: any_child(up, victim), up.said)
        assert up.child(victim).pid != killed.pid
    assert up.interrupt() == 0


def test_after_the_supervisor_is_killed_the_next_start_recovers(start: Callable[[], Up]) -> None:
    up = start()
    up.wait_until_ready()
    orphans = [up.child("serve"), up.child("worker")]
    up.process.kill()
    up.process.wait()
    wait_for(lambda: not any(orphan.is_running() for orphan in orphans), up.said)
    again = start()
    again.wait_until_ready()
    assert again.interrupt() == 0


def test_a_taken_port_is_a_sentence_and_nothing_is_started(start: Callable[[], Up], place: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        environment = os.environ | {"RELAIS_SERVER_PORT": str(port), "RELAIS_DATA_DIR": str(place / "untouched")}
        command = [sys.executable, "-m", "app.cli", "up"]
        refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"relais: Port {port} of 127.0.0.1 cannot be used (Address already in use)")
    assert not (place / "untouched").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_of_the_start_leaves_nothing_behind(
    start: Callable[[], Up], place: Path, number: signal.Signals
) -> None:
    for seconds in (0.6, 1.0, 1.5):
        up = start()
        time.sleep(seconds)  # the moment is the point
        os.kill(up.process.pid, number)
        up.process.wait(PATIENCE_SECONDS)
        left = [process for process in psutil.process_iter(["cmdline"]) if str(place) in str(process.info["cmdline"])]
        assert left == [], up.said()


def test_a_process_of_several_ends_with_its_parent(start: Callable[[], Up], place: Path) -> None:
    environment = os.environ | {"RELAIS_SERVER_PORT": str(free_port()), "RELAIS_DATA_DIR": str(place / ".relais")}
    command = [sys.executable, "-m", "app.cli", "serve", "--workers", "2"]
    with (place / "serve.log").open("ab") as output:
        parent = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    address = f"http://127.0.0.1:{environment['RELAIS_SERVER_PORT']}/live"
    wait_for(lambda: answers(address), (place / "serve.log").read_text)
    children = psutil.Process(parent.pid).children(recursive=True)
    workers = [child for child in children if "spawn_main" in str(child.cmdline())]
    assert len(workers) == 2
    parent.kill()
    parent.wait()
    wait_for(lambda: not any(worker.is_running() for worker in workers), (place / "serve.log").read_text)


def test_requests_in_flight_end_before_the_server_does(start: Callable[[], Up]) -> None:
    up = start()
    up.wait_until_ready()
    with socket.create_connection(("127.0.0.1", up.port)) as client:
        client.sendall(b"POST /live HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n")
        time.sleep(0.2)  # the request is in; its body is not
        os.kill(up.process.pid, signal.SIGINT)
        client.sendall(b"{}")
        assert client.recv(100).startswith(b"HTTP/1.1 405")
    assert up.process.wait(STOP_SECONDS) == 0


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2):
            return True
    except (URLError, OSError):
        return False


def any_child(up: Up, word: str) -> bool:
    with suppress(StopIteration, psutil.NoSuchProcess):
        return up.child(word).is_running()
    return False


def wait_for(true: Callable[[], bool], said: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, said()
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
