"""The servers come with the first and go with the last who uses them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis
from app.embedded import EmbeddedError, alive, ensure, running
from app.settings import EmbeddedSettings
from conftest import Owner
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


def test_a_first_start_makes_a_database_that_takes_statements(new_dir: Path, settings: EmbeddedSettings) -> None:
    with running(new_dir, settings) as servers:
        assert servers.started
        assert asked(servers.admin_url, "select current_database() || ' ' || current_user") == "relais relais"
        assert asked(servers.admin_url, "show server_encoding") == "UTF8"
        assert asked(servers.admin_url, "show data_checksums") == "on"
        assert asked(servers.admin_url, "show fsync") == "on"


def test_a_french_word_is_one_word_to_full_text_and_trigrams(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings, redis=False) as servers:
        words = asked(servers.admin_url, "select tsvector_to_array(to_tsvector('simple', 'l’école «été»'))")
        assert words == ["l", "école", "été"]
        assert asked(servers.admin_url, "select 'ÉTÉ' ilike 'été'") is True


def test_the_settings_reach_the_servers(data_dir: Path) -> None:
    chosen = EmbeddedSettings(postgres_max_connections=23, postgres_shared_buffers="16MB", redis_max_memory="7mb")  # pyright: ignore[reportCallIssue]
    with running(data_dir, chosen) as servers:
        assert asked(servers.admin_url, "show max_connections") == "23"
        assert asked(servers.admin_url, "show shared_buffers") == "16MB"
        assert redis.Redis.from_url(servers.redis_url).config_get("maxmemory") == {"maxmemory": str(7 * 1024**2)}


def test_nothing_listens_on_the_network(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as servers:
        assert asked(servers.admin_url, "show listen_addresses") == ""
        assert redis.Redis.from_url(servers.redis_url).config_get("port") == {"port": "0"}


def test_the_login_of_requests_connects_once_it_was_made(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings, redis=False) as servers:
        password = urlsplit(servers.database_url).password
        asked(servers.admin_url, f"create role relais_login login password '{password}'")
        assert asked(servers.database_url, "select current_user") == "relais_login"


def test_a_wrong_password_is_refused_by_both(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as servers:
        with pytest.raises(asyncpg.InvalidPasswordError):
            asked(servers.admin_url.replace("relais:", "relais:x"), "select 1")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(servers.redis_url.replace("unix://:", "unix://:x")).ping()


def test_sqlalchemy_understands_the_url(data_dir: Path, settings: EmbeddedSettings) -> None:
    async def ask(url: str) -> object:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        try:
            async with engine.connect() as connection:
                return (await connection.execute(text("select 41 + 1"))).scalar_one()
        finally:
            await engine.dispose()

    with running(data_dir, settings, redis=False) as servers:
        assert asyncio.run(ask(servers.admin_url)) == 42


def test_a_second_start_joins_the_running_servers(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as first, running(data_dir, settings) as second:
        assert first.started
        assert not second.started
        assert (second.postgres_pid, second.redis_pid) == (first.postgres_pid, first.redis_pid)
        assert second.admin_url == first.admin_url


def test_only_the_last_to_leave_stops_the_servers(
    data_dir: Path, settings: EmbeddedSettings, owner: Callable[[Path], Owner], runs: Callable[[int], bool]
) -> None:
    first = owner(data_dir).ready()
    with running(data_dir, settings) as servers:
        assert not servers.started
        first.leaves()
        assert asked(servers.admin_url, "select 1") == 1
        assert alive(servers) == []
    assert not any(map(runs, first.pids))
    assert not servers.socket_dir.exists()


def test_two_starts_at_the_same_moment_start_one_cluster(new_dir: Path, owner: Callable[[Path], Owner]) -> None:
    both = [owner(new_dir), owner(new_dir)]
    first, second = (one.ready() for one in both)
    assert first.pids == second.pids
    assert sorted([first.started, second.started]) == [False, True]


def test_a_server_that_has_a_url_of_its_own_is_not_started(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings, postgres=False) as servers:
        assert (servers.database_url, servers.admin_url, servers.postgres_pid) == ("", "", 0)
        assert redis.Redis.from_url(servers.redis_url).ping() is True
        assert alive(servers) == []
    with running(data_dir, settings, redis=False) as servers:
        assert (servers.redis_url, servers.redis_pid) == ("", 0)


def test_what_was_written_is_there_at_the_next_start(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as servers:
        asked(servers.admin_url, "create table kept as select 7 as n")
        redis.Redis.from_url(servers.redis_url).set("kept", "seven")
    with running(data_dir, settings) as servers:
        assert servers.started
        assert asked(servers.admin_url, "select n from kept") == 7
        assert redis.Redis.from_url(servers.redis_url).get("kept") == b"seven"


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_server_that_died_is_named_and_brought_back(
    data_dir: Path, settings: EmbeddedSettings, kill: Callable[[int], None], name: str
) -> None:
    with running(data_dir, settings) as servers:
        kill({"postgres": servers.postgres_pid, "redis": servers.redis_pid}[name])
        assert alive(servers) == [name]
        again = ensure(data_dir, settings)
        assert alive(again) == []
        assert asked(servers.admin_url, "select 1") == 1
        assert redis.Redis.from_url(servers.redis_url).ping() is True


def test_a_start_that_fails_leaves_no_server_behind(data_dir: Path, settings: EmbeddedSettings) -> None:
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("\nnonsense = 1\n")
    with pytest.raises(EmbeddedError, match=r'ended while it started; it said: .*"nonsense"'):
        running(data_dir, settings).__enter__()
    with running(data_dir, settings, postgres=False) as servers:
        assert servers.started


def test_a_log_that_grew_large_is_set_aside(data_dir: Path, settings: EmbeddedSettings) -> None:
    log = data_dir / "log" / "redis.log"
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    with running(data_dir, settings, postgres=False):
        assert log.stat().st_size < 10_000
        assert (data_dir / "log" / "redis.log.1").stat().st_size == 10 * 1024 * 1024 + 1


def test_passwords_are_not_in_the_representation(data_dir: Path, settings: EmbeddedSettings) -> None:
    with running(data_dir, settings) as servers:
        for url in (servers.database_url, servers.admin_url):
            assert str(urlsplit(url).password) not in repr(servers)


def asked(url: str, statement: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())
