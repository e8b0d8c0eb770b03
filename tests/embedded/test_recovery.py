"""Whatever was killed, and whenever, the next start works and nothing that was committed is lost."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import redis
from app.embedded import running
from app.settings import EmbeddedSettings
from conftest import Owner


def test_committed_rows_survive_the_kill_of_postgres(
    data_dir: Path, settings: EmbeddedSettings, kill: Callable[[int], None]
) -> None:
    with running(data_dir, settings) as servers:
        asked(servers.admin_url, "create table kept as select generate_series(1, 1000) as n")
        kill(servers.postgres_pid)
    with running(data_dir, settings) as servers:
        assert servers.started
        assert asked(servers.admin_url, "select count(*) from kept") == 1000


def test_a_backend_that_does_not_notice_the_kill_of_postgres_is_ended(
    data_dir: Path, settings: EmbeddedSettings, kill: Callable[[int], None], runs: Callable[[int], bool]
) -> None:
    async def abandon_a_busy_backend(url: str, pid: int) -> int:
        connection = await asyncpg.connect(url)
        backend = connection.get_server_pid()
        await connection.execute("create function spin() returns void language plpgsql as 'begin loop end loop; end'")
        spinning = asyncio.create_task(connection.execute("select spin()"))
        await asyncio.sleep(0.1)
        kill(pid)
        spinning.cancel()
        connection.terminate()
        await asyncio.gather(spinning, return_exceptions=True)
        return backend

    with running(data_dir, settings) as servers:
        backend = asyncio.run(abandon_a_busy_backend(servers.admin_url, servers.postgres_pid))
        assert runs(backend)
        with running(data_dir, settings) as again:
            assert again.postgres_pid != servers.postgres_pid
            assert asked(again.admin_url, "select 1") == 1
            assert not runs(backend)


def test_redis_starts_again_after_a_kill_and_keeps_what_it_wrote(
    data_dir: Path, settings: EmbeddedSettings, kill: Callable[[int], None]
) -> None:
    with running(data_dir, settings) as servers:
        client = redis.Redis.from_url(servers.redis_url)
        client.config_set("appendfsync", "always")
        client.set("kept", "1")
        kill(servers.redis_pid)
    with running(data_dir, settings) as servers:
        assert redis.Redis.from_url(servers.redis_url).get("kept") == b"1"


def test_a_torn_end_of_the_redis_log_is_cut_off(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings, postgres=False) as servers:
        redis.Redis.from_url(servers.redis_url).set("kept", "1")
    with (data_dir / "redis" / "appendonly.aof").open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nto")
    with running(data_dir, settings, postgres=False) as servers:
        assert redis.Redis.from_url(servers.redis_url).keys() == [b"kept"]


def test_servers_that_outlive_their_owner_are_adopted_and_stopped_at_the_end(
    data_dir: Path, settings: EmbeddedSettings, owner: Callable[[Path], Owner], runs: Callable[[int], bool]
) -> None:
    killed = owner(data_dir).ready()
    killed.is_killed()
    assert all(map(runs, killed.pids))
    with running(data_dir, settings) as servers:
        assert not servers.started
        assert (servers.postgres_pid, servers.redis_pid) == killed.pids
        assert asked(servers.admin_url, "select 1") == 1
    assert not any(map(runs, killed.pids))


def test_owner_and_servers_killed_together_start_again(
    data_dir: Path, settings: EmbeddedSettings, owner: Callable[[Path], Owner], kill: Callable[[int], None]
) -> None:
    killed = owner(data_dir).ready()
    killed.is_killed()
    for pid in killed.pids:
        kill(pid)
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    with running(data_dir, settings) as servers:
        assert servers.started
        assert asked(servers.admin_url, "select 1") == 1
        assert redis.Redis.from_url(servers.redis_url).ping() is True


def test_pid_files_that_name_another_program_are_not_believed(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as servers:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        socket_dir = servers.socket_dir
    other = subprocess.Popen(("sleep", "60"), start_new_session=True)
    try:
        claim = "\n".join([str(other.pid), *lines[1:]]) + "\n"
        (data_dir / "postgres" / "postmaster.pid").write_text(claim)
        for name in ("postgres.lock", "redis.lock"):
            (data_dir / name).write_text(f"{other.pid}\n")
        socket_dir.mkdir(mode=0o700)
        (socket_dir / ".s.PGSQL.5432.lock").write_text(claim)
        with running(data_dir, settings) as servers:
            assert servers.started
            assert asked(servers.admin_url, "select 1") == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_servers_whose_sockets_were_swept_away_are_started_anew(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as lost:
        shutil.rmtree(lost.socket_dir)
        with running(data_dir, settings) as servers:
            assert servers.started
            assert asked(servers.admin_url, "select 1") == 1
            assert redis.Redis.from_url(servers.redis_url).ping() is True


def test_a_half_made_cluster_is_made_again(new_dir: Path, settings: EmbeddedSettings) -> None:
    half = new_dir / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with running(new_dir, settings, redis=False) as servers:
        assert asked(servers.admin_url, "select 1") == 1
        assert not half.exists()


def test_a_first_start_that_is_killed_on_the_way_is_done_again(
    new_dir: Path,
    settings: EmbeddedSettings,
    owner: Callable[[Path], Owner],
    eventually: Callable[[Callable[[], object]], None],
) -> None:
    killed = owner(new_dir)
    eventually((new_dir / "postgres.new" / "global").exists)
    killed.is_killed()
    assert not (new_dir / "postgres").exists()
    with running(new_dir, settings) as servers:
        assert asked(servers.admin_url, "select 1") == 1
        assert sorted(path.name for path in new_dir.glob("postgres*")) == ["postgres", "postgres.lock"]


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.4])
def test_a_start_may_be_killed_at_any_moment(
    new_dir: Path,
    settings: EmbeddedSettings,
    owner: Callable[[Path], Owner],
    eventually: Callable[[Callable[[], object]], None],
    moment: float,
) -> None:
    killed = owner(new_dir)
    eventually((new_dir / "start.lock").exists)
    time.sleep(moment)
    killed.is_killed()
    with running(new_dir, settings) as servers:
        assert asked(servers.admin_url, "select 1") == 1
        assert redis.Redis.from_url(servers.redis_url).ping() is True


def test_a_server_that_is_being_stopped_is_awaited_and_started_again(
    data_dir: Path, settings: EmbeddedSettings, owner: Callable[[Path], Owner]
) -> None:
    killed = owner(data_dir).ready()
    killed.is_killed()
    for pid in killed.pids:
        os.kill(pid, signal.SIGTERM)
    with running(data_dir, settings) as servers:
        assert servers.started
        assert servers.postgres_pid != killed.pids[0]
        assert asked(servers.admin_url, "select 1") == 1


def test_servers_end_even_if_their_directory_was_removed(
    data_dir: Path, settings: EmbeddedSettings, runs: Callable[[int], bool]
) -> None:
    with running(data_dir, settings) as servers:
        shutil.rmtree(data_dir)
    assert not runs(servers.postgres_pid)
    assert not runs(servers.redis_pid)
    assert not servers.socket_dir.exists()


def test_a_directory_that_others_made_again_keeps_its_new_servers(
    data_dir: Path,
    stopped: Path,
    settings: EmbeddedSettings,
    owner: Callable[[Path], Owner],
    runs: Callable[[int], bool],
) -> None:
    before = owner(data_dir).ready()
    shutil.rmtree(data_dir)
    shutil.copytree(stopped, data_dir)
    with running(data_dir, settings) as servers:
        assert servers.started
        before.leaves()
        assert not any(map(runs, before.pids))
        assert asked(servers.admin_url, "select 1") == 1
        assert redis.Redis.from_url(servers.redis_url).ping() is True


def asked(url: str, statement: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())
