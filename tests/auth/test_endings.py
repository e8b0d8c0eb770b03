"""What has ended: known for as long as it matters, heard from PostgreSQL, caught up on after silence."""

import asyncio
import secrets
import uuid
from collections.abc import AsyncGenerator, Callable
from typing import Any

import asyncpg
import pytest
from app.adapters.postgres import Database
from app.auth import endings as endings_module
from app.auth.endings import CHANNEL, LISTENING_LOST, Endings
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import Urls, run_sql

LISTENERS = (
    "select pid from pg_stat_activity where application_name = 'relais listener' and datname = current_database()"
)
PEOPLE = """
    with person as (insert into relais.users (email) values ($1) returning id),
    member as (
        insert into relais.memberships (tenant_id, user_id) select relais.default_tenant_id(), id from person
        returning tenant_id, user_id)
    insert into relais.sessions (id, tenant_id, user_id, expires_at, revoked_at)
    select $2::text::uuid, tenant_id, user_id, now() + interval '1 day', now() - $3::float8 * interval '1 second'
    from member
"""


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def listening(database: Database) -> AsyncGenerator[Endings]:
    endings = Endings(database, 3600)
    await endings.start()
    await until(lambda: endings.hears)
    yield endings
    await endings.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


async def put_session(urls: Urls, *, ended_seconds_ago: float | None) -> str:
    """A session, perhaps one that ended; its name."""
    session = str(uuid.uuid4())
    connection: Any = await asyncpg.connect(urls.admin)
    try:
        await connection.execute(PEOPLE, f"{secrets.token_hex(6)}@example.org", session, ended_seconds_ago)
    finally:
        await connection.close()
    return f"session:{session}"


async def silence(urls: Urls) -> None:
    await run_sql(urls.admin, f"select pg_terminate_backend(pid) from ({LISTENERS}) as listeners")


def test_nothing_has_ended_and_nothing_is_heard_before_it_begins(settings: Settings) -> None:
    endings = Endings(Database(settings.database), 60)
    assert "session:1" not in endings
    assert not endings.hears


def test_an_end_is_remembered_for_as_long_as_a_token_may_live(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(endings_module.time, "monotonic", lambda: now)
    endings = Endings(Database(settings.database), 60)
    endings.add("session:old")
    now = 1059.0
    endings.add("session:new")
    assert "session:old" in endings
    now = 1061.0
    endings.add("session:newest")
    assert "session:old" not in endings
    assert "session:new" in endings


def test_an_end_that_is_told_again_is_remembered_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(endings_module.time, "monotonic", lambda: now)
    endings = Endings(Database(settings.database), 60)
    endings.add("session:told")
    endings.add("session:other")
    now = 1050.0
    endings.add("session:told")
    now = 1100.0
    endings.add("session:later")
    assert "session:told" in endings
    assert "session:other" not in endings


def test_however_many_end_memory_is_bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings_module, "_MOST_KNOWN", 3)
    endings = Endings(Database(settings.database), 60)
    for number in range(10):
        endings.add(f"session:{number}")
    assert [number for number in range(10) if f"session:{number}" in endings] == [7, 8, 9]


async def test_an_announcement_is_heard(listening: Endings, urls: Urls) -> None:
    await run_sql(urls.admin, f"select pg_notify('{CHANNEL}', 'session:announced')")
    await until(lambda: "session:announced" in listening)


async def test_an_end_is_announced_with_its_transaction_and_not_before(listening: Endings, urls: Urls) -> None:
    name = await put_session(urls, ended_seconds_ago=None)
    identifier = name.partition(":")[2]
    connection: Any = await asyncpg.connect(urls.admin)
    revoke = "update relais.sessions set revoked_at = now() where id = $1::text::uuid"
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(revoke, identifier)
        await transaction.rollback()
        await run_sql(urls.admin, f"select pg_notify('{CHANNEL}', 'session:after-the-rollback')")
        await until(lambda: "session:after-the-rollback" in listening)
        assert name not in listening
        await connection.execute(revoke, identifier)
        await until(lambda: name in listening)
    finally:
        await connection.close()


async def test_whoever_wants_to_know_is_told_of_each_end(database: Database, urls: Urls) -> None:
    told: list[str] = []

    async def heard(name: str) -> None:
        told.append(name)

    endings = Endings(database, 60, heard=heard)
    await endings.start()
    await until(lambda: endings.hears)
    await run_sql(urls.admin, f"select pg_notify('{CHANNEL}', 'session:' || n) from generate_series(1, 3) as n")
    await until(lambda: len(told) == 3)
    await endings.stop()
    assert told == ["session:1", "session:2", "session:3"]


async def test_what_ended_before_it_listened_is_known_as_far_as_it_matters(database: Database, urls: Urls) -> None:
    lately = await put_session(urls, ended_seconds_ago=30)
    long_ago = await put_session(urls, ended_seconds_ago=600)
    good = await put_session(urls, ended_seconds_ago=None)
    endings = Endings(database, 300)
    await endings.start()
    await until(lambda: endings.hears)
    assert lately in endings
    assert long_ago not in endings
    assert good not in endings
    await endings.stop()


async def test_a_broken_connection_is_noticed_and_made_good_again_and_again(listening: Endings, urls: Urls) -> None:
    for _ in range(3):
        await silence(urls)
        await until(lambda: not listening.hears)
        missed = await put_session(urls, ended_seconds_ago=0)
        await until(lambda: listening.hears)
        assert missed in listening
    await run_sql(urls.admin, f"select pg_notify('{CHANNEL}', 'session:after')")
    await until(lambda: "session:after" in listening)


async def test_without_a_database_it_hears_nothing_and_goes_on_trying(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = settings.database.model_copy(update={"url": SecretStr("postgresql://nobody@127.0.0.1:1/nothing")})
    endings = Endings(Database(nowhere), 60)
    await endings.start()
    await until(lambda: [item.message for item in caplog.records].count(LISTENING_LOST) >= 2)
    assert not endings.hears
    await endings.stop()


async def test_it_ends_when_it_is_told_to(database: Database, urls: Urls) -> None:
    endings = Endings(database, 60)
    await endings.start()
    await until(lambda: endings.hears)
    await endings.stop()
    assert not endings.hears
    connection: Any = await asyncpg.connect(urls.admin)
    try:
        async with asyncio.timeout(20):
            while await connection.fetch(LISTENERS):
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
