"""One transaction that all of a task's statements join."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import pytest
from app.adapters.joint import Stricter
from app.adapters.postgres import NOBODY, SERVICE, Database, Stamp
from app.errors import AppError
from app.settings import Settings

from tests.conftest import Urls, run_sql

WHO = "select current_user::text, relais.user_id()::text, relais.tenant_id()::text"
ADD = "insert into public.joint_notes values ($1)"


def stamp() -> Stamp:
    return Stamp("authenticated", '{"role":"authenticated"}', str(uuid4()), str(uuid4()))


@pytest.fixture
async def database(settings: Settings, urls: Urls) -> AsyncGenerator[Database]:
    await run_sql(
        urls.admin,
        "drop table if exists public.joint_notes",
        "create table public.joint_notes (note text primary key,"
        " later text references public.joint_notes deferrable initially deferred)",
        "grant select, insert on public.joint_notes to authenticated, service",
    )
    database = Database(settings.database.model_copy(update={"pool_max": 2}))
    await database.open()
    yield database
    await database.close()


async def add(database: Database, who: Stamp, note: str) -> None:
    async with database.connection(who, "write") as connection:
        await connection.execute(ADD, note)


async def notes(database: Database, who: Stamp = SERVICE) -> list[str]:
    return [row[0] for row in await database.fetch(who, "select note from public.joint_notes order by 1")]


async def test_all_of_it_is_kept_or_nothing(database: Database) -> None:
    alice = stamp()
    with pytest.raises(ZeroDivisionError):
        async with database.joined(alice):
            await add(database, alice, "a")
            await add(database, SERVICE, "b")
            assert await notes(database) == ["a", "b"]
            raise ZeroDivisionError
    assert await notes(database) == []
    async with database.joined(alice):
        await add(database, alice, "a")
        async with database.transaction(SERVICE) as connection:
            await connection.execute(ADD, "b")
        # Nobody else sees it before its end.
        assert await asyncio.create_task(notes(database)) == []
    assert await notes(database) == ["a", "b"]


async def test_an_error_undoes_no_more_than_it_would_otherwise(database: Database) -> None:
    async with database.joined(SERVICE):
        await add(database, SERVICE, "a")
        with pytest.raises(AppError) as refused:
            async with database.transaction(SERVICE) as connection:
                await connection.execute(ADD, "b")
                await connection.execute(ADD, "a")
        assert refused.value.code == "23505"
        assert await notes(database) == ["a"]
    assert await notes(database) == ["a"]


async def test_everybody_speaks_for_themselves(database: Database) -> None:
    alice, bob = stamp(), stamp()
    async with database.joined(alice):
        for who in (alice, bob, SERVICE, alice):
            [row] = await database.fetch(who, WHO)
            assert tuple(row) == (who.role, who.user_id or None, who.tenant_id or None)
        async with database.connection(alice, "write") as outer:
            async with database.connection(SERVICE) as inner:
                assert await inner.fetchval("select current_user::text") == "service"
            assert await outer.fetchval("select relais.user_id()::text") == alice.user_id
            with suppress(AppError):
                await database.fetch(SERVICE, "select 1 / 0")
            assert await outer.fetchval("select relais.user_id()::text") == alice.user_id
    # And whoever comes next.
    for mode in ("write", "read"):
        async with database.connection(bob, mode) as connection:
            assert await connection.fetchval("select relais.user_id()::text") == bob.user_id


async def test_what_reads_does_not_write(database: Database) -> None:
    async with database.joined(SERVICE):
        for reading in (database.connection(SERVICE), database.transaction(SERVICE, reads_only=True)):
            with pytest.raises(AppError) as refused:
                async with reading as connection:
                    await connection.execute(ADD, "a")
            assert refused.value.code == "25006"
        await add(database, SERVICE, "b")
    assert await notes(database) == ["b"]


async def test_what_complains_at_the_end_does_so_at_the_end_of_what_it_belongs_to(database: Database) -> None:
    lost = "insert into public.joint_notes values ('a', 'nowhere')"
    async with database.joined(SERVICE):
        with pytest.raises(AppError) as refused:
            async with database.transaction(SERVICE) as connection:
                await connection.execute(lost)
        assert refused.value.code == "23503"
        async with database.transaction(SERVICE) as connection:
            # It is deferred as before.
            await connection.execute("insert into public.joint_notes values ('b', 'c'), ('c', null)")
    assert await notes(database) == ["b", "c"]


async def test_more_isolation_than_it_has_is_another_transaction(database: Database) -> None:
    async with database.joined(SERVICE):
        for level in (None, "read_committed"):
            async with database.transaction(SERVICE, isolation=level):
                pass
        with pytest.raises(Stricter) as wish:
            async with database.transaction(SERVICE, isolation="serializable"):
                pass
        assert wish.value.isolation == "serializable"
    async with database.joined(SERVICE, "serializable"):
        async with database.transaction(SERVICE, isolation="repeatable_read") as connection:
            assert await connection.fetchval("show transaction_isolation") == "serializable"


async def test_what_rests_on_it_is_done_when_it_is_committed(database: Database) -> None:
    seen: list[list[str]] = []

    async def look() -> None:
        seen.append(await notes(database))

    await database.afterwards(look)
    async with database.joined(SERVICE):
        await add(database, SERVICE, "a")
        await database.afterwards(look)
        assert seen == [[]]
    assert seen == [[], ["a"]]
    with pytest.raises(ZeroDivisionError):
        async with database.joined(SERVICE):
            await database.afterwards(look)
            raise ZeroDivisionError
    assert len(seen) == 2
    assert not database.is_joined


async def test_the_connection_is_as_before(database: Database) -> None:
    async with database.joined(SERVICE):
        await add(database, SERVICE, "a")
    async with database.transaction(NOBODY) as connection:
        with pytest.raises(AppError):
            async with database.transaction(SERVICE) as other:
                await other.execute("insert into public.joint_notes values ('x', 'nowhere')")
        assert await connection.fetchval("show transaction_read_only") == "off"
    assert database.pools()["write"].open == 2


SAYS = "select set_config('response.headers', '[{}]', false) as response_headers, null::text as response_status"
LOOKS = "select coalesce(current_setting('response.headers', true), '') as said"


async def test_what_one_says_of_their_answer_is_in_nobody_elses(database: Database) -> None:
    alice = stamp()
    async with database.joined(alice):
        await database.fetch_one(alice, "write", SAYS, [], call=True)
        [row] = await database.fetch(SERVICE, LOOKS)
        assert row["said"] == ""
    for _ in range(2):
        [row] = await database.fetch(stamp(), LOOKS, mode="write")
        assert row["said"] == ""


async def test_what_is_set_for_one_holds_for_nobody_else(database: Database) -> None:
    of_alice = (("statement_timeout", "1234ms"), ("request.headers", "hers"))
    alice = replace(stamp(), settings=of_alice)
    look = "select current_setting('statement_timeout'), coalesce(current_setting('request.headers', true), '')"

    async def seen(who: Stamp) -> tuple[str, ...]:
        async with database.transaction(who) as connection:
            row = await connection.fetchrow(look)
            assert row is not None
            return tuple(row)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]

    usual = await seen(SERVICE)
    async with database.joined(alice):
        assert await seen(alice) == ("1234ms", "hers")
        assert await seen(SERVICE) == usual
        async with database.transaction(SERVICE) as connection:
            await connection.execute("select set_config('statement_timeout', '77', true)")
        assert await seen(SERVICE) == usual
    assert await seen(SERVICE) == usual


async def test_constraints_are_as_deferred_as_they_are(database: Database, urls: Urls) -> None:
    await run_sql(
        urls.admin,
        "drop table if exists public.joint_once",
        "create table public.joint_once (n integer unique deferrable initially immediate)",
        "grant all on public.joint_once to service",
    )
    async with database.joined(SERVICE):
        await add(database, SERVICE, "a")
        async with database.transaction(SERVICE) as connection:
            await connection.execute("insert into public.joint_once values (1)")
            with pytest.raises(AppError) as refused:
                async with database.transaction(SERVICE) as inner:
                    await inner.execute("insert into public.joint_once values (1)")
                    raise AssertionError("it did not complain at once")
            assert refused.value.code == "23505"


async def test_what_waited_is_done_though_some_of_it_fails(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []

    async def fail() -> None:
        raise AppError("X", 503, "not now")

    async def succeed() -> None:
        done.append(1)

    with caplog.at_level("WARNING", "relais"):
        async with database.joined(SERVICE):
            await database.afterwards(fail)
            await database.afterwards(succeed)
    assert done == [1]
    assert [record.getMessage() for record in caplog.records] == ["afterwards_failed"]


async def test_what_is_everybodys_affair_stays_outside(database: Database) -> None:
    async with database.joined(SERVICE):
        await add(database, SERVICE, "a")
        with database.outside():
            assert not database.is_joined
            assert await notes(database) == []
        assert await notes(database) == ["a"]


async def test_whoever_is_told_of_writes_hears_of_those_for_others(settings: Settings, urls: Urls) -> None:
    heard: list[tuple[str, frozenset[str]]] = []

    async def hear(who: Stamp, tables: frozenset[str]) -> None:
        heard.append((who.tenant_id, tables))

    await run_sql(
        urls.admin,
        "create table if not exists public.joint_notes (note text primary key, later text)",
        "grant all on public.joint_notes to service",
        "drop table if exists public.joint_heard",
        "create table public.joint_heard (n integer)",
        "grant all on public.joint_heard to authenticated, service",
        "select relais.announce_writes('public.joint_heard')",
    )
    database = Database(settings.database)
    database.on_written = hear
    await database.open()
    try:
        alice, bob = stamp(), stamp()
        for who in (alice, bob):
            async with database.joined(alice):
                async with database.connection(who, "write") as connection:
                    await connection.execute("insert into public.joint_heard values (1)")
                # What nobody is told of is of no tenant.
                await add(database, SERVICE, who.user_id)
    finally:
        await database.close()
    # Of somebody in another tenant all are told.
    assert [tenant for tenant, tables in heard if tables] == [alice.tenant_id, ""]


async def test_what_is_deferred_runs_once_as_whoever_it_is_done_for(database: Database, urls: Urls) -> None:
    await run_sql(
        urls.admin,
        "drop table if exists public.joint_late, public.joint_ran",
        "create table public.joint_late (n integer)",
        "create table public.joint_ran (who text)",
        "grant all on public.joint_late, public.joint_ran to authenticated, service",
        "create or replace function public.joint_run() returns trigger language plpgsql as"
        " $$ begin insert into public.joint_ran values (current_user); return null; end $$",
        "create constraint trigger late after insert on public.joint_late deferrable initially deferred"
        " for each row execute function public.joint_run()",
        # Of a schema that nobody may use.
        "create schema if not exists joint_hidden",
        "create table if not exists joint_hidden.once (n integer unique deferrable initially immediate)",
    )
    alice = stamp()
    async with database.joined(alice):
        async with database.transaction(alice) as connection:
            await connection.execute("insert into public.joint_late values (1)")
        await add(database, SERVICE, "a")
    rows = await database.fetch(SERVICE, "select who from public.joint_ran")
    assert [row[0] for row in rows] == ["authenticated"]
