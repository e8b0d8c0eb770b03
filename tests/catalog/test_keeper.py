"""The picture is loaded anew whenever the database says that it has changed, and an old one is better than none."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app.catalog import keeper as keeper_module
from app.catalog.keeper import OWN_CHANNEL
from app.embedded import Servers
from app.main import create_app
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import Urls, client_of, run_sql, started, with_database

from .conftest import Watched, keeping, login_in, nobody_listens, somebody_listens, until, with_rest

REST = "/rest/v1"
Tell = Callable[[str], Awaitable[None]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is tried again soon."""
    monkeypatch.setattr(keeper_module, "_FIRST_DELAY_SECONDS", 0.05)
    monkeypatch.setattr(keeper_module, "_PAUSE_SECONDS", 0.01)


@pytest.fixture
async def kept(plain_settings: Settings) -> AsyncGenerator[Watched]:
    """A keeper of a database that says nothing by itself."""
    async with keeping(plain_settings) as keeper:
        yield keeper


@pytest.fixture
async def announced(settings: Settings, told: asyncpg.Connection) -> AsyncGenerator[Watched]:
    """A keeper of a database that announces its changes."""
    async with keeping(with_rest(settings, db_schemas="shop")) as keeper:
        yield keeper


@pytest.fixture
def tell(plain: Urls) -> Tell:
    """Notifies whoever listens for PostgREST's channel."""

    async def told(payload: str) -> None:
        await run_sql(plain.admin, f"notify pgrst, '{payload}'")

    return told


# Told by a notification.


@pytest.mark.parametrize("payload", ["", "reload schema", "reload config"])
async def test_a_notification_brings_a_new_picture(kept: Watched, plain: Urls, tell: Tell, payload: str) -> None:
    name = f"t{uuid4().hex[:8]}"
    await run_sql(plain.admin, f"create table shop.{name} (id integer)")
    assert name not in kept.tables
    await tell(payload)
    await until(lambda: name in kept.tables)


async def test_any_other_payload_is_ignored(kept: Watched, tell: Tell) -> None:
    for payload in ("reload", "RELOAD SCHEMA", "reload schema ", "x"):
        await tell(payload)
    await until(lambda: ("pgrst", "x") in kept.heard)
    await kept.settled()
    assert (len(kept.heard), kept.loads) == (4, [True])


async def test_a_burst_makes_few_loads(kept: Watched, plain: Urls) -> None:
    await run_sql(plain.admin, *["notify pgrst"] * 100)
    await until(lambda: len(kept.heard) == 100)
    await kept.settled()
    assert 2 <= len(kept.loads) < 60


async def test_a_channel_of_another_name(plain_settings: Settings, plain: Urls) -> None:
    async with keeping(with_rest(plain_settings, db_channel="elsewhere")) as keeper:
        await run_sql(plain.admin, "notify pgrst", "notify elsewhere")
        await until(lambda: len(keeper.loads) == 2)
        assert keeper.heard == [("elsewhere", "")]


async def test_who_does_not_listen_hears_nothing(plain_settings: Settings, plain: Urls) -> None:
    async with keeping(with_rest(plain_settings, db_channel_enabled=False)) as keeper:
        connection = await asyncpg.connect(plain.admin)
        listeners = await connection.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and application_name = 'relais listener'"
        )
        await connection.close()
        assert (listeners, keeper.loads) == (0, [True])


# Told by the database itself.


@pytest.mark.parametrize(
    ("before", "change", "seen"),
    [
        ("select 1", "create table shop.made (id integer)", lambda k: "made" in k.tables),
        ("create table shop.gone (id integer)", "drop table shop.gone", lambda k: "gone" not in k.tables),
        ("create table shop.old (id integer)", "alter table shop.old rename to new", lambda k: "new" in k.tables),
        ("select 1", "create view shop.seen as select 1 as one", lambda k: "seen" in k.tables),
        ("create view shop.unseen as select 1 as one", "drop view shop.unseen", lambda k: "unseen" not in k.tables),
        ("select 1", "create function shop.f() returns int language sql as 'select 1'", lambda k: "f" in k.functions),
        (
            "create function shop.g() returns int language sql as 'select 1'",
            "drop function shop.g()",
            lambda k: "g" not in k.functions,
        ),
    ],
)
async def test_a_change_is_seen_without_anybody_telling(
    announced: Watched, told: asyncpg.Connection, before: str, change: str, seen: Callable[[Watched], bool]
) -> None:
    await told.execute(before)
    if before != "select 1":
        await until(lambda: (OWN_CHANNEL, "") in announced.heard)
        await announced.settled()
        await until(lambda: not seen(announced))
    assert not seen(announced)
    await told.execute(change)
    await until(lambda: seen(announced))


async def test_a_new_column_and_its_type_and_comment_are_seen(announced: Watched, told: asyncpg.Connection) -> None:
    def column(name: str) -> object:
        assert announced.current is not None
        tables = {key.name: table for key, table in announced.current[1].tables.items()}
        return tables["things"].columns.get(name) if "things" in tables else None

    await told.execute("create table shop.things (id integer)")
    await told.execute("alter table shop.things add name text")
    await until(lambda: column("name") is not None)
    await told.execute("alter table shop.things alter name type varchar(7)")
    await until(lambda: getattr(column("name"), "type", "") == "character varying(7)")
    await told.execute("comment on column shop.things.name is 'What it is called'")
    await until(lambda: getattr(column("name"), "comment", "") == "What it is called")


async def test_a_change_that_is_rolled_back_is_not_told(announced: Watched, told: asyncpg.Connection) -> None:
    transaction = told.transaction()
    await transaction.start()
    await told.execute("create table shop.never (id integer)")
    await transaction.rollback()
    await told.execute("notify pgrst, 'marker'")
    await until(lambda: ("pgrst", "marker") in announced.heard)
    assert announced.heard == [("pgrst", "marker")]


async def test_temporary_tables_are_nobodys_business(announced: Watched, told: asyncpg.Connection) -> None:
    await told.execute("create temporary table passing (id integer primary key)")
    await told.execute("alter table passing add name text")
    await told.execute("drop table passing")
    await told.execute("notify pgrst, 'marker'")
    await until(lambda: ("pgrst", "marker") in announced.heard)
    assert announced.heard == [("pgrst", "marker")]
    assert announced.loads == [True]


async def test_rows_are_no_change(announced: Watched, told: asyncpg.Connection) -> None:
    await told.execute("insert into relais.tenants (slug, name) values ('t', 't')")
    await told.execute("delete from relais.tenants where slug = 't'")
    await told.execute("notify pgrst, 'marker'")
    await until(lambda: ("pgrst", "marker") in announced.heard)
    assert announced.heard == [("pgrst", "marker")]


# Configuration in the database.


async def test_settings_of_the_login_are_read_with_the_catalog(kept: Watched, plain: Urls, tell: Tell) -> None:
    def most_rows() -> int | None:
        assert kept.current is not None
        return kept.current[0].db_max_rows

    everywhere = f"alter role {login_in(plain)}"
    assert most_rows() is None
    await run_sql(plain.admin, f"{everywhere} set pgrst.db_max_rows = '2'")
    await tell("reload config")
    await until(lambda: most_rows() == 2)
    await run_sql(plain.admin, f"{everywhere} set pgrst.db_max_rows = 'many'", f"{everywhere} set pgrst.db_uri = 'x'")
    await tell("reload config")
    # What makes no sense, and what is not the database's to say, is left alone.
    await until(lambda: most_rows() is None)
    await run_sql(plain.admin, f"{everywhere} reset all")


async def test_settings_in_the_database_hold_for_requests(plain_settings: Settings, plain: Urls, tell: Tell) -> None:
    await run_sql(
        plain.admin, "create table shop.five (id integer)", "insert into shop.five select generate_series(1, 5)"
    )
    await nobody_listens(plain_settings)
    async with started(create_app(plain_settings)) as app, client_of(app) as client:
        await somebody_listens(plain_settings)
        assert len((await client.get(f"{REST}/five")).json()) == 5
        await run_sql(plain.admin, f"alter role {login_in(plain)} set pgrst.db_max_rows = '2'")
        await tell("reload config")
        engines = app.state.relais.engines
        await until(lambda: engines.version >= 2)
        assert len((await client.get(f"{REST}/five")).json()) == 2
    await run_sql(plain.admin, f"alter role {login_in(plain)} reset all")


# What goes wrong.


async def test_a_database_that_is_away_is_waited_for(plain_settings: Settings, servers: Servers) -> None:
    name = f"away_{uuid4().hex[:12]}"
    url, admin = with_database(servers.database_url, name), with_database(servers.admin_url, name)
    database = plain_settings.database.model_copy(update={"url": SecretStr(url), "admin_url": SecretStr(admin)})
    settings = with_rest(plain_settings.model_copy(update={"database": database}), db_schemas="public")
    try:
        async with started(create_app(settings)) as app, client_of(app) as client:
            refused = await client.get(f"{REST}/late")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "0")
            assert refused.json() == {
                "code": "PGRST002",
                "details": None,
                "hint": None,
                "message": "Could not query the database for the schema cache. Retrying.",
            }
            await run_sql(servers.admin_url, f"create database {name}")
            await run_sql(admin, "create table public.late (id integer); grant select on public.late to anon")
            await until(lambda: app.state.relais.engines.get() is not None)
            await run_sql(admin, "notify pgrst")
            served = await _once_served(client, f"{REST}/late")
            assert (served.status_code, served.json()) == (200, [])
    finally:
        await run_sql(servers.admin_url, f"drop database if exists {name} with (force)")


async def test_after_a_lost_connection_everything_is_looked_at_again(
    kept: Watched, plain: Urls, plain_settings: Settings
) -> None:
    name = f"t{uuid4().hex[:8]}"
    await run_sql(plain.admin, f"create table shop.{name} (id integer)", KILL)
    await until(lambda: name in kept.tables)
    await somebody_listens(plain_settings)
    again = f"t{uuid4().hex[:8]}"
    await run_sql(plain.admin, f"create table shop.{again} (id integer)", "notify pgrst")
    await until(lambda: again in kept.tables)


async def test_a_failing_load_keeps_the_old_picture_and_is_tried_again(
    plain_settings: Settings, plain: Urls, tell: Tell
) -> None:
    good, bad = (
        f"create or replace function shop.settle() returns void language plpgsql as $$ begin {body} end $$"
        for body in ("perform 1;", "raise exception 'not now';")
    )
    await run_sql(plain.admin, good, "grant usage on schema shop to public", "create table shop.steady (id integer)")
    async with keeping(with_rest(plain_settings, db_pre_config="shop.settle")) as keeper:
        before = keeper.current
        assert "steady" in keeper.tables
        await run_sql(plain.admin, bad, "create table shop.newer (id integer)")
        await tell("reload schema")
        await until(lambda: keeper.loads.count(False) >= 2)
        assert keeper.current is before
        await run_sql(plain.admin, good)
        await until(lambda: "newer" in keeper.tables)


async def test_requests_never_fail_while_the_picture_changes(plain_settings: Settings, plain: Urls) -> None:
    await run_sql(
        plain.admin, "create table shop.calm (id integer primary key)", "insert into shop.calm values (1), (2)"
    )
    owner = await asyncpg.connect(plain.admin)
    await nobody_listens(plain_settings)
    async with started(create_app(plain_settings)) as app, client_of(app) as client:
        await somebody_listens(plain_settings)
        engines, answers = app.state.relais.engines, []
        began = engines.version

        async def ask(number: int, turn: int) -> None:
            for name in ("a", "b"):
                path = f"{REST}/calm?id=eq.{1 + number % 2}&select=id,{name}{number}_{turn}:id"
                answers.append(await client.get(path))

        async def change(turn: int) -> None:
            before = engines.version
            await owner.execute(f"create table shop.storm_{turn} (id integer)")
            await owner.execute(f"alter table shop.calm add column c{turn} integer")
            await owner.execute("notify pgrst")
            await until(lambda: engines.version > before)

        for turn in range(20):
            await asyncio.gather(change(turn), *(ask(number, turn) for number in range(5)))
        assert engines.version - began >= 20
    await owner.close()
    assert len(answers) == 200
    assert {answer.status_code for answer in answers} == {200}
    assert all(len(answer.json()) == 1 for answer in answers)


KILL = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and application_name = 'relais listener'"
)


async def _once_served(client: httpx.AsyncClient, path: str) -> httpx.Response:
    async with asyncio.timeout(30):
        while (answer := await client.get(path)).status_code != 200:
            await asyncio.sleep(0.01)
    return answer
