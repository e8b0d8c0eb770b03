"""Connections that remember their caller: fast when they may, and never somebody else's."""

import asyncio
import random
from collections.abc import AsyncGenerator
from uuid import uuid4

import asyncpg
import psutil
import pytest
from app.adapters.postgres import SERVICE, Database, Stamp
from app.errors import AppError
from app.settings import Settings

from tests.conftest import Urls, run_sql

WHO = "select current_user::text, relais.user_id()::text, relais.tenant_id()::text"


def stamp(role: str = "authenticated") -> Stamp:
    return Stamp(role, f'{{"role":"{role}"}}', str(uuid4()), str(uuid4()))


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.database.model_copy(update={"pool_max": 1}))
    await database.open()
    yield database
    await database.close()


async def test_a_statement_runs_as_its_caller(database: Database) -> None:
    caller = stamp()
    [row] = await database.fetch(caller, WHO)
    assert tuple(row) == ("authenticated", caller.user_id, caller.tenant_id)


async def test_the_next_caller_on_the_same_connection_is_itself(database: Database) -> None:
    await database.fetch(SERVICE, WHO)
    [row] = await database.fetch(Stamp("anon", "{}", "", ""), WHO)
    assert tuple(row) == ("anon", None, None)


async def test_a_caller_that_is_already_set_costs_one_statement(database: Database) -> None:
    caller = stamp()
    counted: list[str] = []
    async with database.connection(caller) as connection:
        connection.add_query_logger(lambda record: counted.append(record.query))  # type: ignore[attr-defined]
    await database.fetch(caller, "select 1")
    await asyncio.sleep(0)  # the driver logs in the loop's next turn
    assert counted == ["select 1"]
    await database.fetch(stamp(), "select 2")
    await asyncio.sleep(0)
    assert len(counted) == 3
    assert counted[1].startswith("select set_config")


async def test_what_reads_reads_whatever_was_set_before(database: Database) -> None:
    caller = stamp()
    async with database.connection(caller) as connection:
        await connection.execute("select set_config('default_transaction_read_only', 'off', false)")
        # As after every function that was called.
        database.forget(connection)
    for who in (caller, stamp()):
        async with database.connection(who) as connection:
            assert await connection.fetchval("show transaction_read_only") == "on"


async def test_an_error_makes_the_connection_forget_its_caller(database: Database) -> None:
    caller = stamp()
    with pytest.raises(AppError):
        await database.fetch(caller, "select 1 / 0")
    async with database.connection(caller) as connection:
        connection.add_query_logger(lambda record: counted.append(record.query))  # type: ignore[attr-defined]
        counted: list[str] = []
    with pytest.raises(AppError):
        await database.fetch(caller, "select 1 / 0")
    await database.fetch(caller, "select 1")
    await asyncio.sleep(0)
    assert [query.split("(")[0] for query in counted if "1 / 0" not in query] == ["select set_config", "select 1"]


async def test_a_cancelled_statement_leaves_no_rights_behind(database: Database, urls: Urls) -> None:
    task = asyncio.create_task(database.fetch(SERVICE, "select pg_sleep(30)"))
    await wait_for_sleep(urls)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [row] = await database.fetch(Stamp("anon", "{}", "", ""), WHO)
    assert row[0] == "anon"


async def test_who_gives_up_does_not_wait_for_postgresql(database: Database, urls: Urls) -> None:
    [row] = await database.fetch(SERVICE, "select pg_backend_pid()")
    backend = psutil.Process(row[0])
    task = asyncio.create_task(database.fetch(SERVICE, "select pg_sleep(30)"))
    await wait_for_sleep(urls)
    backend.suspend()
    try:
        task.cancel()
        async with asyncio.timeout(3):
            with pytest.raises(asyncio.CancelledError):
                await task
    finally:
        backend.resume()
    assert len(await database.fetch(SERVICE, "select 1")) == 1


async def test_an_open_transaction_does_not_outlive_its_block(database: Database) -> None:
    with pytest.raises(RuntimeError, match="no"):
        async with database.transaction(SERVICE) as connection:
            await connection.execute("insert into relais.tenants (slug, name) values ('gone', 'Gone')")
            raise RuntimeError("no")
    assert await database.fetch(SERVICE, "select 1 from relais.tenants where slug = 'gone'") == []


async def test_ten_thousand_interleaved_statements_never_meet_another_caller(settings: Settings) -> None:
    database = Database(settings.database.model_copy(update={"pool_max": 4}))
    await database.open()
    callers = [stamp(role) for role in ("authenticated", "anon", "authenticated", "authenticated", "service")]
    chance = random.Random(7)

    async def client(number: int) -> int:
        wrong = 0
        for turn in range(500):
            caller = callers[chance.randrange(len(callers))]
            if (number + turn) % 50 == 0:
                with pytest.raises(AppError):
                    await database.fetch(caller, "select 1 / 0")
                continue
            [row] = await database.fetch(caller, WHO)
            wrong += tuple(row) != (caller.role, caller.user_id, caller.tenant_id)
        return wrong

    try:
        assert sum(await asyncio.gather(*(client(number) for number in range(20)))) == 0
    finally:
        await database.close()


async def test_the_read_pool_cannot_write(database: Database) -> None:
    with pytest.raises(AppError) as refused:
        await database.fetch(SERVICE, "insert into relais.tenants (slug, name) values ('x', 'x')", mode="read")
    assert (refused.value.code, refused.value.status) == ("25006", 405)


async def test_the_login_owns_nothing_and_inherits_nothing(database: Database) -> None:
    await database.fetch(SERVICE, "select 1")
    async with database.connection(SERVICE) as connection:
        await connection.execute("reset role")
        with pytest.raises(Exception, match="permission denied"):
            await connection.fetch("select * from library.resources")
        assert (
            await connection.fetchval(
                "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'relais_login'"
            )
            == 0
        )
        await connection.execute("set role service")


async def test_a_full_pool_says_so_in_time(settings: Settings) -> None:
    database = Database(settings.database.model_copy(update={"pool_max": 1, "acquire_timeout_seconds": 0.1}))
    await database.open()
    try:
        async with database.connection(SERVICE):
            with pytest.raises(AppError) as refused:
                await database.fetch(SERVICE, "select 1")
        assert (refused.value.code, refused.value.status) == ("PGRST003", 504)
        assert refused.value.headers["Retry-After"] == "1"
        assert len(await database.fetch(SERVICE, "select 1")) == 1
    finally:
        await database.close()


async def test_connections_that_the_server_ended_are_replaced(database: Database, urls: Urls) -> None:
    [row] = await database.fetch(SERVICE, "select pg_backend_pid()")
    async with database.connection(SERVICE) as connection:
        await run_sql(urls.admin, f"select pg_terminate_backend({row[0]})")
        with pytest.raises(Exception, match=r"terminat|closed|another operation"):
            await connection.fetch("select 1")
    assert len(await database.fetch(SERVICE, "select 1")) == 1


async def test_json_goes_through_as_bytes(database: Database) -> None:
    [row] = await database.fetch(SERVICE, """select '{"b": 1,  "a": "é"}'::json""")
    assert row[0] == '{"b": 1,  "a": "é"}'.encode()
    async with database.connection(SERVICE) as connection:
        assert await connection.fetchval("select $1::json ->> 'k'", b'{"k": "v"}') == "v"


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("select 'x'::int", 400, "22P02"),
        ("select * from nowhere", 404, "42P01"),
        ("select nothing()", 404, "42883"),
        ("select * from relais.users", 403, "42501"),
        ("do $$ begin raise sqlstate 'PT418' using message = 'tea'; end $$", 418, "PT418"),
        ("do $$ begin raise exception 'no'; end $$", 400, "P0001"),
    ],
)
async def test_errors_of_postgresql_keep_their_words_and_get_their_status(
    database: Database, statement: str, status: int, code: str
) -> None:
    with pytest.raises(AppError) as refused:
        await database.fetch(stamp(), statement)
    assert (refused.value.status, refused.value.code) == (status, code)


async def test_what_an_anonymous_caller_may_not_do_asks_for_a_login(database: Database) -> None:
    with pytest.raises(AppError) as refused:
        await database.fetch(Stamp("anon", "{}", "", "", anonymous=True), "select * from relais.users")
    assert refused.value.status == 401
    assert refused.value.headers["WWW-Authenticate"] == "Bearer"


async def wait_for_sleep(urls: Urls) -> None:
    connection = await asyncpg.connect(urls.admin)
    try:
        for _ in range(500):
            if await connection.fetchval("select 1 from pg_stat_activity where query like 'select pg_sleep%'"):
                return
            await asyncio.sleep(0.01)
        pytest.fail("the statement never ran")
    finally:
        await connection.close()
