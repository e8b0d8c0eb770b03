"""Hundreds of callers at once on ten connections: everyone gets their own answer, whatever happens meanwhile.

What happens: clients go in the middle of their requests, PostgreSQL ends connections, tables change.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import asyncpg
import pytest
from fastapi import FastAPI

from tests.conftest import run_sql
from tests.dialect.tokens import token

from .asking import Raw, Reply, ask
from .conftest import PLAIN, Awkward, Gateways
from .crowd import Asked, anyone
from .health import assert_well, pools_of, until_nothing_is_lent

AT_ONCE = 200
#: More for who has the time.
ROUNDS = 4 * max(1, int(os.environ.get("RELAIS_TEST_FUZZ", "20000")) // 20_000)
CONNECTIONS = 5
#: What callers are told when PostgreSQL goes away under their request.
GONE = (503,)


@pytest.fixture
async def app(gateway: Gateways, awkward: Awkward) -> AsyncGenerator[FastAPI]:
    """A gateway with five connections to read and five to write, on a database with diaries."""
    await run_sql(
        awkward.admin, "drop table if exists api.diary cascade", "drop function if exists api.pretend, api.slow_pages"
    )
    await run_sql(awkward.admin, (Path(__file__).parent / "crowd.sql").read_text())
    async with gateway(PLAIN) as app:
        for pool in pools_of(app):
            pool._size = CONNECTIONS
        yield app


async def crowd(app: FastAPI, rng: Random, *, cancelled: float = 0.0) -> list[tuple[Asked, Reply]]:
    """What each of a crowd asked and was answered; of those who went away, nothing."""
    asked = [anyone(rng) for _ in range(AT_ONCE)]
    tasks = [asyncio.create_task(ask(app, one.raw)) for one in asked]
    leaving = [asyncio.create_task(_leave(task, rng.random() * 0.3)) for task in tasks if rng.random() < cancelled]
    await asyncio.gather(*leaving)
    replies = await asyncio.gather(*tasks, return_exceptions=True)
    found = [(one, reply) for one, reply in zip(asked, replies, strict=True) if isinstance(reply, Reply)]
    rest = [reply for reply in replies if not isinstance(reply, Reply | asyncio.CancelledError)]
    assert not rest, rest
    return found


async def _leave(task: asyncio.Task[Reply], seconds: float) -> None:
    await asyncio.sleep(seconds)
    task.cancel()


def assert_everyone_got_theirs(found: list[tuple[Asked, Reply]], *, allowed: tuple[int, ...] = ()) -> None:
    wrong = [problem for asked, reply in found if (problem := asked.verdict(reply, allowed=allowed))]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(found)}:", *wrong[:10]])


def assert_no_more_connections_than_allowed(app: FastAPI) -> None:
    assert max(len(pool._open) + pool._opening for pool in pools_of(app)) <= CONNECTIONS


@asynccontextmanager
async def meanwhile(work: Callable[[asyncpg.Connection], Awaitable[object]], url: str) -> AsyncGenerator[None]:
    """Do this over and over, on a connection of the administrator's."""
    connection = await asyncpg.connect(url)

    async def over_and_over() -> None:
        while True:
            await work(connection)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(over_and_over())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        connection.terminate()


async def test_everyone_in_a_crowd_gets_their_own_answer(app: FastAPI) -> None:
    rng = Random(1)
    for _ in range(ROUNDS):
        assert_everyone_got_theirs(await crowd(app, rng))
        assert_no_more_connections_than_allowed(app)
        await until_nothing_is_lent(app)


async def test_what_a_call_leaves_behind_is_not_the_next_answer(app: FastAPI) -> None:
    """The same caller, on the same connection: that nothing about them has changed must not be taken for granted."""
    bearer = (b"authorization", f"Bearer {token({'role': 'dialect_author', 'sub': 'user 1'})}".encode())
    request = Raw("POST", b"/rpc/pretend", b"", (bearer, (b"content-type", b"application/json")), b'{"name":"user 2"}')
    for _ in range(3):
        assert json.loads((await ask(app, request)).body) == "user 1"


async def test_so_they_do_while_others_go_away(app: FastAPI) -> None:
    rng = Random(2)
    gone = 0
    for _ in range(ROUNDS):
        found = await crowd(app, rng, cancelled=0.2)
        gone += AT_ONCE - len(found)
        assert_everyone_got_theirs(found)
        assert_no_more_connections_than_allowed(app)
    assert gone > ROUNDS
    await until_nothing_is_lent(app)
    await assert_well(app)


async def test_so_they_do_while_connections_are_ended(app: FastAPI, awkward: Awkward) -> None:
    rng = Random(3)
    ended = 0

    async def end_one(connection: asyncpg.Connection) -> None:
        nonlocal ended
        ended += await connection.fetchval(
            "select count(*) from (select pg_terminate_backend(pid) from (select pid from pg_stat_activity"
            " where datname = current_database() and application_name in ('relais read', 'relais write')"
            " order by random() limit 1) _ offset 0) _"
        )

    answered = 0
    for _ in range(ROUNDS):
        async with meanwhile(end_one, awkward.admin):
            found = await crowd(app, rng, cancelled=0.2)
        assert_everyone_got_theirs(found, allowed=GONE)
        answered += sum(reply.status < 300 for _, reply in found)
        assert_no_more_connections_than_allowed(app)
    assert ended > ROUNDS
    assert answered > AT_ONCE * ROUNDS * 0.5
    await until_nothing_is_lent(app)
    await assert_well(app)
    assert_everyone_got_theirs(await crowd(app, rng))


async def test_so_they_do_while_tables_change(app: FastAPI, awkward: Awkward) -> None:
    rng = Random(4)
    number = 3

    async def change(connection: asyncpg.Connection) -> None:
        nonlocal number
        new = number + 1
        await connection.execute(f"alter table api.diary add column if not exists extra_{new} integer default {new}")
        await connection.execute(f"create table if not exists api.extra_{new} (id integer primary key)")
        await connection.execute(f"drop table if exists api.extra_{new - 3}")
        await connection.execute("notify pgrst")
        number = new

    before = app.state.relais.engines.version
    for _ in range(ROUNDS):
        async with meanwhile(change, awkward.admin):
            found = await crowd(app, rng)
        assert_everyone_got_theirs(found)
    assert number > 3 + ROUNDS / 2
    await _until(app, Raw("GET", b"/diary", f"select=extra_{number}&limit=1".encode()), 200)
    assert app.state.relais.engines.version > before
    await assert_well(app)


async def test_a_column_shows_up_and_a_table_goes(app: FastAPI, awkward: Awkward) -> None:
    """Soon: as soon as PostgreSQL has told of it, or a request has met what is missing."""
    await run_sql(
        awkward.admin, "create table api.passing (id integer primary key)", "grant all on api.passing to public"
    )
    await run_sql(awkward.admin, "insert into api.passing values (1)", "notify pgrst")
    await _until(app, Raw("GET", b"/passing"), 200)
    await run_sql(awkward.admin, "alter table api.passing add column note text default 'new'", "notify pgrst")
    await _until(app, Raw("POST", b"/passing", b"", (), b'{"id":2,"note":"n"}'), 201)
    reply = await ask(app, Raw("GET", b"/passing", b"order=id"))
    assert b'"note":"new"' in reply.body
    await run_sql(awkward.admin, "drop table api.passing", "notify pgrst")
    reply = await _until(app, Raw("GET", b"/passing"), 404)
    assert b"PGRST205" in reply.body or b"42P01" in reply.body


async def _until(app: FastAPI, request: Raw, status: int) -> Reply:
    """Ask until the answer is this: until then it is a refusal."""
    async with asyncio.timeout(20):
        while (reply := await ask(app, request)).status != status:
            assert 200 <= reply.status < 500, reply
            await asyncio.sleep(0.02)
    return reply
