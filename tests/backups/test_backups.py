"""A backup brings back what was there, byte by byte; a bad one is found out; nothing is lost on the way."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import psutil
import pytest
from app.adapters.redis import Redis
from app.backups import programs, store
from app.backups.create import LOCK, create_backup, owners
from app.backups.errors import BACKUP_FAILED
from app.backups.job import daily_backup, is_due
from app.backups.restore import MAINTENANCE, _swapped, restore, restore_into, verify
from app.backups.returned import HELD
from app.errors import AppError
from app.main import create_app
from app.module import RESTORED
from app.settings import Settings
from app.worker import CORE, HOUR
from pydantic import SecretStr

from tests.accounts.conftest import with_group
from tests.backups.conftest import RULES, rows_of, value
from tests.conftest import client_of, run_sql, started, with_database
from tests.own_redis import own_redis


def admin(settings: Settings) -> str:
    assert settings.database.admin_url is not None
    return settings.database.admin_url.get_secret_value()


def elsewhere(settings: Settings) -> tuple[str, str]:
    """A name that no database has, and where it would be; it begins so that the fixture sweeps it away."""
    name = f"{urlsplit(admin(settings)).path[1:]}_{uuid4().hex[:6]}"
    return name, with_database(admin(settings), name)


async def refused(work: Any) -> AppError:
    with pytest.raises(AppError) as caught:
        await work
    return caught.value


async def databases(settings: Settings) -> set[str]:
    """This one and those that are made of it; others come and go beside it."""
    query = (
        "select array_agg(datname::text) from pg_database where starts_with(datname::text, current_database()::text)"
    )
    return set(await value(admin(settings), query))  # type: ignore[arg-type]


async def test_what_comes_back_is_what_was_there(safe: Settings) -> None:
    before, rules = await rows_of(admin(safe)), await value(admin(safe), RULES)
    assert sum(not digest.startswith("none") for digest in before.values()) > 15, "the drill needs rows"
    made = await create_backup(safe)
    await run_sql(
        admin(safe),
        "delete from library.resource_comments",
        "update library.resources set title = 'changed', views_count = views_count + 1",
        "insert into relais.users (email) values ('late@example.org')",
    )
    assert await rows_of(admin(safe)) != before
    name, url = elsewhere(safe)
    await restore_into(safe, made.name, name)
    assert await rows_of(url) == before
    assert await value(url, RULES) == rules
    assert made.migrations == await value(
        url, "select array_agg(version_num order by version_num) from relais.alembic_version"
    )
    assert made.tables["library.resources"] == await value(url, "select count(*) from library.resources")
    # Numbers go on where they were.
    await run_sql(url, "insert into relais.audit_log (action) values ('AFTER')")


async def test_a_backup_says_what_it_is(safe: Settings) -> None:
    made = await create_backup(safe)
    directory = store.directory_of(safe) / made.name
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["files"].keys() == {"database.dump", "redis.rdb"}
    assert (directory / "database.dump").read_bytes()[:5] == b"PGDMP"
    assert (directory / "redis.rdb").read_bytes()[:5] == b"REDIS"
    assert manifest["tables"]["library.resources"] > 0
    assert manifest["server"].startswith("18.")
    assert oct(directory.stat().st_mode & 0o777) == "0o700"
    assert all(path.stat().st_mode & 0o077 == 0 for path in directory.iterdir())
    assert store.listed(store.directory_of(safe)) == [made]
    assert await verify(safe, made.name, deep=True) == made


async def test_rows_are_counted_in_the_moment_of_the_dump(safe: Settings) -> None:
    async def write() -> None:
        connection = await asyncpg.connect(admin(safe))
        try:
            while True:
                await connection.execute("insert into relais.audit_log (action) values ('MEANWHILE')")
        finally:
            await connection.close()

    writing = [asyncio.create_task(write()) for _ in range(2)]
    try:
        made = await create_backup(safe)
    finally:
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
    await verify(safe, made.name, deep=True)


async def test_a_backup_takes_the_place_of_a_database_that_is_in_use(safe: Settings) -> None:
    connection = await asyncpg.connect(admin(safe))
    title = "select title from library.resources order by id limit 1"
    before, known = await connection.fetchval(title), await databases(safe)
    await run_sql(
        admin(safe),
        "insert into relais.jobs (name) values ('of before')",
        "insert into relais.email_outbox (recipient, template, locale) values ('lea@example.org', 'welcome', 'fr')",
    )
    async with started(create_app(safe)) as app, client_of(app) as client:
        made = await create_backup(safe)
        await connection.execute("update library.resources set title = 'après'")
        assert (await client.get("/rest/v1/resources?select=title&limit=1")).json() == [{"title": "après"}]
        done = await restore(safe, made.name)
        assert connection.is_closed() or await is_lost(connection)
        answer = await client.get("/rest/v1/resources?select=title&order=id&limit=1")
        for _ in range(50):
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.1)
            answer = await client.get("/rest/v1/resources?select=title&order=id&limit=1")
        assert answer.json() == [{"title": before}], "nothing that was kept may be told any more"
    assert await databases(safe) - known == {done.before}
    noted = "select arguments ->> 'backup' from relais.jobs where name = $1 and state = 'done'"
    assert await value(admin(safe), noted, RESTORED) == made.name
    held = "select (select state || last_error from relais.jobs where name = 'of before') || status || last_error"
    assert await value(admin(safe), f"{held} from relais.email_outbox") == f"dead{HELD}failed{HELD}"
    aside = with_database(admin(safe), done.before)
    assert await value(aside, "select distinct title from library.resources") == "après"
    assert await value(admin(safe), "select has_database_privilege('anon', current_database(), 'temporary')") is False


async def is_lost(connection: asyncpg.Connection) -> bool:
    try:
        await connection.execute("select 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return True
    return False


async def test_what_goes_wrong_while_databases_are_renamed_is_undone(safe: Settings) -> None:
    used = urlsplit(admin(safe)).path[1:]
    known = await databases(safe)
    async with owners(safe, MAINTENANCE) as server:
        await refused(_swapped(server, used, "no_such_database", f"{used}_aside"))
    assert await databases(safe) == known
    assert await value(admin(safe), "select count(*) from library.resources")


@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "counts", "manifest", "names"])
async def test_a_damaged_backup_is_found_out_and_harms_nothing(safe: Settings, harm: str) -> None:
    made = await create_backup(safe)
    directory = store.directory_of(safe) / made.name
    dump, manifest = directory / "database.dump", directory / "manifest.json"
    match harm:
        case "flip":
            content = bytearray(dump.read_bytes())
            content[len(content) // 2] ^= 1
            dump.write_bytes(content)
        case "cut":
            dump.write_bytes(dump.read_bytes()[:-100])
        case "gone":
            dump.unlink()
        case "counts":
            told = json.loads(manifest.read_text())
            told["tables"]["library.resources"] += 1
            manifest.write_text(json.dumps(told))
        case "manifest":
            manifest.write_text("{")
        case _:
            told = json.loads(manifest.read_text())
            told["name"] = "relais-20200101-000000-0000"
            manifest.write_text(json.dumps(told))
    known = await databases(safe)
    rows = await value(admin(safe), "select count(*) from library.resources")
    error = await refused(restore(safe, made.name))
    assert error.code == "BACKUP_DAMAGED"
    assert await databases(safe) == known
    assert await value(admin(safe), "select count(*) from library.resources") == rows


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../secrets.json", "/etc/passwd", "relais-20200101-000000-0000", "relais-20200101-000000-0000/..",
     "relais-20200101-000000-0000\n", "x" * 5000, "a\0b", "'; drop database relais; --", "$(touch x)"],
)  # fmt: skip
async def test_a_name_leads_nowhere_but_to_a_backup(safe: Settings, name: str) -> None:
    for work in (verify(safe, name), restore(safe, name), restore_into(safe, name, "x")):
        assert (await refused(work)).code == "BACKUP_NOT_FOUND"


async def test_a_link_is_no_backup(safe: Settings, tmp_path: Path) -> None:
    made = await create_backup(safe)
    directory = store.directory_of(safe)
    (directory / made.name).rename(tmp_path / "away")
    (directory / made.name).symlink_to(tmp_path / "away")
    assert store.listed(directory) == []
    assert (await refused(verify(safe, made.name))).code == "BACKUP_NOT_FOUND"


async def test_a_database_that_is_there_is_not_overwritten(safe: Settings) -> None:
    made = await create_backup(safe)
    name, url = elsewhere(safe)
    await run_sql(admin(safe), f"create database {name}")
    await run_sql(url, "create table mine (id int)")
    assert (await refused(restore_into(safe, made.name, name))).code == "DATABASE_EXISTS"
    assert await value(url, "select count(*) from mine") == 0


async def test_one_at_a_time(safe: Settings) -> None:
    made = await create_backup(safe)
    connection = await asyncpg.connect(admin(safe))
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        assert (await refused(create_backup(safe))).code == "BACKUP_RUNNING"
        assert (await refused(restore(safe, made.name))).code == "BACKUP_RUNNING"
    finally:
        await connection.close()
    first, second = await asyncio.gather(create_backup(safe), create_backup(safe), return_exceptions=True)
    assert sorted(isinstance(outcome, AppError) for outcome in (first, second)) == [False, True]


async def test_what_fails_leaves_nothing_behind(safe: Settings, tmp_path: Path) -> None:
    without_programs = with_group(safe, "backup", programs=str(tmp_path))
    error = await refused(create_backup(without_programs))
    assert error.code == "BACKUP_FAILED"
    assert "RELAIS_BACKUP_PROGRAMS" in str(error.hint)
    login = safe.database.model_copy(update={"admin_url": safe.database.url})
    error = await refused(create_backup(safe.model_copy(update={"database": login})))
    assert "RELAIS_DATABASE_ADMIN_URL" in str(error.hint)
    assert list(store.directory_of(safe).iterdir()) == []


async def test_a_password_is_in_no_argument_and_no_message(safe: Settings) -> None:
    where, password = programs.address("postgresql://me:s%40crét@db.example.org:5432/x?host=%2Fa%20b&password=other")
    assert (where, password) == ("postgresql://me@db.example.org:5432/x?host=%2Fa%20b&password=other", "s@crét")
    assert programs.address("postgresql:///x?password=p&user=me") == ("postgresql:///x?user=me", "p")
    argv = ("/bin/sh", "-c", "echo $PGPASSWORD >&2; exit 1")
    error = await refused(programs.run(argv, "s3cr3t", seconds=5, failure=BACKUP_FAILED))
    assert "s3cr3t" not in str(error.details)


async def test_a_program_does_not_outlive_whoever_waits_for_it() -> None:
    argv = ("/bin/sh", "-c", f"exec sleep 98765.{os.getpid()}")
    running = asyncio.create_task(programs.run(argv, "", seconds=60, failure=BACKUP_FAILED))

    def sleepers() -> int:
        children = psutil.Process().children()
        return sum(any("98765" in word for word in child.cmdline()) for child in children)

    while not sleepers():
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sleepers() == 0
    late = await refused(programs.run(("/bin/sleep", "60"), "", seconds=0.05, failure=BACKUP_FAILED))
    assert "RELAIS_BACKUP_TIMEOUT_SECONDS" in str(late.details)


async def test_redis_is_copied_when_it_is_there_and_not_needed_when_it_is_not(safe: Settings, tmp_path: Path) -> None:
    with own_redis() as server:
        with_own = safe.model_copy(update={"redis": server.settings})
        redis = Redis(server.settings)
        await redis.run(("SET", "mark", "of-a-value-that-nobody-else-has"))
        await redis.close()
        made = await create_backup(with_own)
        copy = store.directory_of(safe) / made.name / "redis.rdb"
        assert b"of-a-value-that-nobody-else-has" in copy.read_bytes()
        server.kill()
        without = await create_backup(with_own)
    assert without.without_redis
    assert without.files.keys() == {"database.dump"}
    await verify(safe, without.name)


async def test_old_ones_go_but_never_the_newest(safe: Settings) -> None:
    directory, now = store.directory_of(safe), datetime.now(UTC)
    first, second = await create_backup(safe), await create_backup(safe)
    (directory / ".unfinished-of-long-ago").mkdir()
    long_ago = (now - timedelta(days=9)).timestamp()
    os.utime(directory / ".unfinished-of-long-ago", (long_ago, long_ago))
    (directory / "somebody-elses").mkdir()
    assert store.pruned(directory, 30, now) == []
    assert store.pruned(directory, 30, now + timedelta(days=29)) == []
    assert store.pruned(directory, 30, now + timedelta(days=31)) == [first.name]
    assert store.pruned(directory, 30, now + timedelta(days=365)) == []
    assert {path.name for path in directory.iterdir()} == {second.name, "somebody-elses"}


async def test_those_of_the_database_of_before_stay(safe: Settings) -> None:
    directory, later = store.directory_of(safe), datetime.now(UTC) + timedelta(days=100)
    before, after, newest = [await create_backup(safe) for _ in range(3)]
    made = datetime.fromisoformat(newest.began) - timedelta(hours=1)
    rewrite(safe, before.name, created_at=made.isoformat())
    assert store.pruned(directory, 30, later) == [after.name], "a database may be new and all it was still in backups"
    rewrite(safe, newest.name, began="", tables={"relais.users": 0})
    assert store.pruned(directory, 30, later) == [], "nobody is in the newest"
    rewrite(safe, newest.name, began="", tables={"relais.users": 1})
    assert store.pruned(directory, 30, later) == [before.name]


def rewrite(settings: Settings, name: str, **told: Any) -> None:
    path = store.directory_of(settings) / name / store.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | told))


async def test_the_backup_of_the_day_is_made_once(safe: Settings) -> None:
    now = datetime.now(UTC)
    today = with_group(safe, "backup", time=f"{now:%H:%M}")
    assert is_due(today, now)
    context = {"settings": today}
    await daily_backup(context)
    await daily_backup(context)
    [made] = store.listed(store.directory_of(safe))
    assert made.reason == "daily"
    assert not is_due(today, now + timedelta(hours=23))
    assert is_due(today, now + timedelta(hours=25))
    assert not is_due(with_group(safe, "backup", time="-"), now)
    await create_backup(safe)
    assert is_due(today, now + timedelta(hours=25)), "one that was made by hand is none of the day"


def test_the_worker_asks_every_hour() -> None:
    assert daily_backup in CORE.jobs
    assert [one.every for one in CORE.schedules if one.job is daily_backup] == [HOUR]


async def test_a_worker_without_the_owner_goes_on(safe: Settings) -> None:
    gone = safe.database.model_copy(update={"admin_url": SecretStr("postgresql://nobody@127.0.0.1:9/none")})
    assert await daily_backup({"settings": safe.model_copy(update={"database": gone})}) == []
