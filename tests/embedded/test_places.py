"""Data directories in awkward places, and servers that do not run as root."""

import asyncio
import os
import pwd
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import redis
from app.embedded import EmbeddedError, programs, running, stop
from app.settings import EmbeddedSettings
from conftest import Owner

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root has another account run the servers")
NAMES = {
    "spaces and quotes": 'des espaces, l\'apostrophe et "guillemets"',
    "percent and backslash": "100%25 \\ $HOME `id` ?#&",
    "accents": "données élèves",
    "deep": "/".join(["a" * 60] * 3),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_awkward_path_works(new_dir: Path, stopped: Path, settings: EmbeddedSettings, name: str) -> None:
    directory = new_dir / name
    shutil.copytree(stopped, directory)
    with running(directory, settings) as servers:
        assert asked(servers.admin_url, "select 1") == 1
        assert redis.Redis.from_url(servers.redis_url).ping() is True


def test_a_first_start_works_in_an_awkward_path(new_dir: Path, settings: EmbeddedSettings) -> None:
    directory = new_dir / NAMES["spaces and quotes"] / NAMES["deep"]
    with running(directory, settings) as servers:
        assert asked(servers.admin_url, "select 1") == 1


def test_an_awkward_directory_for_temporary_files_works(
    data_dir: Path, new_dir: Path, settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    awkward = new_dir.parent / 'l\'a "b" % é'
    awkward.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(awkward))
    with running(data_dir, settings) as servers:
        assert servers.socket_dir.parent == awkward
        assert asked(servers.admin_url, "select 1") == 1
        assert redis.Redis.from_url(servers.redis_url).ping() is True


def test_a_path_for_temporary_files_that_is_too_long_is_passed_over(
    data_dir: Path, new_dir: Path, settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = new_dir.parent / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with running(data_dir, settings, postgres=False) as servers:
        assert servers.socket_dir.parent == Path("/tmp")


def test_joining_from_another_environment_finds_the_same_sockets(
    data_dir: Path, new_dir: Path, settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(data_dir, settings) as servers:
        other = new_dir.parent / "tmp"
        other.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(other))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(other))
        with running(data_dir, settings) as joined:
            assert not joined.started
            assert joined.socket_dir == servers.socket_dir


def test_two_data_directories_do_not_meet(data_dir: Path, new_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as one:
        asked(one.admin_url, "create table only_here as select 1 as n")
        copy = new_dir.with_name("copy")
        # Made while the first one runs: what it notes about its sockets comes along and must not be believed.
        shutil.copytree(data_dir, copy)
        shutil.rmtree(copy / "postgres")
        with running(copy, settings) as two:
            assert two.started
            assert two.socket_dir != one.socket_dir
            assert asked(two.admin_url, "select to_regclass('only_here')") is None
            redis.Redis.from_url(two.redis_url).set("here", "two")
            assert redis.Redis.from_url(one.redis_url).get("here") is None
        assert asked(one.admin_url, "select n from only_here") == 1


def test_two_paths_to_one_directory_meet(data_dir: Path, new_dir: Path, settings: EmbeddedSettings) -> None:
    link = new_dir.with_name("link")
    link.symlink_to(data_dir)
    with running(data_dir, settings, postgres=False) as one, running(link, settings, postgres=False) as two:
        assert one.redis_pid == two.redis_pid


def test_sockets_and_data_are_closed_to_others(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as servers:
        for directory in (servers.socket_dir, data_dir / "postgres", data_dir / "redis", data_dir / "log"):
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_socket_directory_that_somebody_prepared_is_not_used(
    data_dir: Path, new_dir: Path, settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(data_dir, settings, postgres=False) as servers:
        usual = servers.socket_dir
    base = new_dir.with_name("tmp")
    base.mkdir()
    target = base / "target"
    target.mkdir(mode=0o700)
    (base / usual.name).symlink_to(target)
    (data_dir / "socket_dir").unlink()
    monkeypatch.setattr("tempfile.tempdir", str(base))
    with running(data_dir, settings, postgres=False) as servers:
        assert servers.socket_dir.parent != base
        assert list(target.iterdir()) == []


@as_root
def test_the_servers_do_not_run_as_root(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as servers:
        for pid in (servers.postgres_pid, servers.redis_pid):
            identities = next(line for line in _status(pid) if line.startswith("Uid:")).split()[1:]
            assert identities
            assert "0" not in identities
            assert _groups(pid) <= {servers.place.account.gid if servers.place.account else 0}


@as_root
def test_the_account_in_the_settings_runs_the_servers(data_dir: Path) -> None:
    chosen = EmbeddedSettings(user="nobody")  # pyright: ignore[reportCallIssue]
    with running(data_dir, chosen) as servers:
        assert Path(f"/proc/{servers.postgres_pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
        assert asked(servers.admin_url, "select 1") == 1


@as_root
@pytest.mark.parametrize(("name", "said"), [("no-such-user", "which is no account"), ("root", "does not run as root")])
def test_an_account_that_cannot_be_used_is_refused(data_dir: Path, name: str, said: str) -> None:
    chosen = EmbeddedSettings(user=name)  # pyright: ignore[reportCallIssue]
    with pytest.raises(EmbeddedError, match=f"RELAIS_EMBEDDED_USER names {name}, .*{said}"):
        running(data_dir, chosen).__enter__()


@as_root
def test_a_closed_directory_keeps_its_servers_files_elsewhere(
    new_dir: Path, settings: EmbeddedSettings, system_home: Path
) -> None:
    new_dir.parent.chmod(0o700)
    with running(new_dir, settings) as servers:
        asked(servers.admin_url, "create table kept as select 7 as n")
        home = Path((new_dir / "elsewhere").read_text().strip())
        assert home.parent == system_home
        assert (home / "postgres" / "PG_VERSION").exists()
        assert not (new_dir / "postgres").exists()
    # It stays there even when the directory is opened.
    new_dir.parent.chmod(0o755)
    with running(new_dir, settings) as servers:
        assert asked(servers.admin_url, "select n from kept") == 7


@as_root
def test_a_closed_directory_that_is_moved_finds_its_files_and_a_copy_is_refused(
    new_dir: Path, settings: EmbeddedSettings
) -> None:
    new_dir.parent.chmod(0o700)
    with running(new_dir, settings, postgres=False) as servers:
        redis.Redis.from_url(servers.redis_url).set("kept", "1")
    copy, moved = new_dir.with_name("copy"), new_dir.with_name("moved")
    shutil.copytree(new_dir, copy)
    with pytest.raises(EmbeddedError, match="is a copy of"):
        running(copy, settings, postgres=False).__enter__()
    new_dir.rename(moved)
    with running(moved, settings, postgres=False) as servers:
        assert redis.Redis.from_url(servers.redis_url).get("kept") == b"1"


@as_root
def test_a_closed_directory_that_is_removed_and_made_again_starts_anew(
    new_dir: Path, settings: EmbeddedSettings
) -> None:
    new_dir.parent.chmod(0o700)
    with running(new_dir, settings) as servers:
        asked(servers.admin_url, "create table gone as select 1")
    shutil.rmtree(new_dir)
    with running(new_dir, settings) as servers:
        assert asked(servers.admin_url, "select to_regclass('gone')") is None


@as_root
def test_a_cluster_that_its_account_cannot_reach_any_more_is_not_replaced(
    data_dir: Path, settings: EmbeddedSettings
) -> None:
    with running(data_dir, settings):
        pass
    data_dir.parent.chmod(0o700)
    with pytest.raises(EmbeddedError, match=r"cannot enter .*RELAIS_EMBEDDED_USER"):
        running(data_dir, settings).__enter__()


@as_root
def test_programs_that_the_account_cannot_reach_are_copied(
    new_dir: Path, settings: EmbeddedSettings, system_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "can_run", lambda *_: False)
    with running(new_dir, settings) as servers:
        assert Path(f"/proc/{servers.postgres_pid}/exe").readlink().is_relative_to(system_home)
        assert Path(f"/proc/{servers.redis_pid}/exe").readlink().is_relative_to(system_home)
        assert asked(servers.admin_url, "create extension pg_trgm") is None
    assert not list(system_home.glob(".copy-*"))


def test_stopping_from_outside_ends_the_servers(
    data_dir: Path, owner: Callable[[Path], Owner], runs: Callable[[int], bool]
) -> None:
    user = owner(data_dir).ready()
    stop(data_dir)
    assert not any(map(runs, user.pids))


def asked(url: str, statement: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def _status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/status").read_text().splitlines()


def _groups(pid: int) -> set[int]:
    return {int(group) for line in _status(pid) if line.startswith("Groups:") for group in line.split()[1:]}
