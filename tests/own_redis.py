"""A Redis of one test's own, to be frozen, killed, emptied and started again."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.programs import redis_program
from app.settings import RedisSettings
from pydantic import SecretStr

PATIENCE_SECONDS = 20


class OwnRedis:
    """A server on a socket, with its commands written to a file as ours does.

    Written before they are answered, so that a kill loses nothing; a busy disk is not waited for.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "r.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def settings(self) -> RedisSettings:
        return RedisSettings(url=SecretStr(self.url))

    def start(self, *more: str) -> None:
        """Start it, with more options, and wait until it answers."""
        options = f"--port 0 --unixsocket {self.socket} --dir {self.directory} --appendonly yes --appendfsync no"
        self.process = subprocess.Popen(
            [redis_program(None), *options.split(), "--save", "", *more],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.say("PING") != "+PONG":
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def forget(self) -> None:
        """Lose its data; only while it is not running."""
        shutil.rmtree(self.directory / "appendonlydir", ignore_errors=True)
        (self.directory / "appendonly.aof").unlink(missing_ok=True)

    def keep(self, directory: Path) -> None:
        """Put aside what it knows now, for `fall_back`."""
        for item in self._files():
            target = directory / item.relative_to(self.directory)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(item, target)

    def fall_back(self, directory: Path, *more: str) -> None:
        """Kill it, and start it with what it knew then, with more options."""
        self.kill()
        for item in self._files():
            item.unlink()
        shutil.copytree(directory, self.directory, dirs_exist_ok=True)
        self.start(*more)

    def _files(self) -> list[Path]:
        return [item for item in self.directory.rglob("*") if item.is_file()]

    def freeze(self) -> None:
        """Have it answer nothing, with its connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self._signal(signal.SIGCONT)

    def say(self, command: str) -> str:
        """Its answer's first line to a command; empty when nobody answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.socket))
                connection.sendall(command.encode() + b"\r\n")
                return connection.recv(65536).decode().split("\r\n", 1)[0]
            except OSError:
                return ""

    def figure(self, section: str, name: str) -> int:
        """A number of its own account of itself."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket))
            connection.sendall(f"INFO {section}\r\n".encode())
            told = connection.recv(65536).decode()
        found = re.search(rf"^{name}:(?:calls=)?(\d+)", told, re.MULTILINE)
        return int(found[1]) if found else 0

    def _signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)


@contextmanager
def own_redis() -> Generator[OwnRedis]:
    """One that runs, and is gone with everything it had."""
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="relais-redis-") as directory:
        server = OwnRedis(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.kill()
