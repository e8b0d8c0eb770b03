"""Nothing that a request says becomes SQL: a canary table and a canary setting stay as they are, whatever is tried.

The table belongs to the role of those who have not signed in: if a text became SQL, nothing would hold it back.
"""

import asyncio
from collections.abc import AsyncGenerator

import asyncpg
import pytest
from fastapi import FastAPI

from tests.conftest import run_sql
from tests.dialect.configuration import ANON

from .asking import Raw, ask_each
from .attacks import HARM, PAYLOADS, POSITIONS, SET, SETTING
from .conftest import PLAIN, UNDONE, Awkward, Gateways
from .health import assert_well, pools_of, until_nothing_is_lent
from .invariants import problems_of

CANARIES = "1 sings, 2 sings, 3 sings"
MAKE = (
    "create table api.canary (id integer primary key, does text default 'sings')",
    "insert into api.canary select generate_series(1, 3)",
    f"grant create on schema api to {ANON}",
    f"alter table api.canary owner to {ANON}",
    # Every attack is one function's work away from harm, if it could only be called.
    f"create function api.harm(text) returns text language sql volatile as $$ {HARM}; select {SET} $$",
)


@pytest.fixture(scope="module")
def canary(awkward: Awkward) -> Awkward:
    """The database with a canary in it."""
    asyncio.run(run_sql(awkward.admin, *MAKE))
    return awkward


@pytest.fixture(scope="module", params=[PLAIN, UNDONE], ids=lambda found: found.name)
async def app(gateway: Gateways, canary: Awkward, request: pytest.FixtureRequest) -> AsyncGenerator[FastAPI]:
    async with gateway(request.param) as app:
        yield app


async def canaries(database: Awkward) -> str:
    connection = await asyncpg.connect(database.admin)
    try:
        return await connection.fetchval("select string_agg(id || ' ' || does, ', ' order by id) from api.canary")
    finally:
        await connection.close()


async def settings_of(app: FastAPI) -> set[tuple[str, str]]:
    """The canary setting and the login of every connection of the application."""
    found: set[tuple[str, str]] = set()
    for pool in pools_of(app):
        for connection, _ in pool._idle:
            row = await connection.fetchrow(
                f"select coalesce(current_setting('{SETTING}', true), ''), session_user::text"
            )
            found.add(tuple(row))
    return found


@pytest.mark.parametrize("position", POSITIONS)
async def test_no_text_becomes_sql(app: FastAPI, canary: Awkward, position: str) -> None:
    requests = [POSITIONS[position](payload) for payload in PAYLOADS]
    replies = await ask_each(app, requests)
    wrong = [f"{request.curl()}\n{problems}" for request, reply in zip(requests, replies, strict=True)
             if (problems := problems_of(request, reply))]  # fmt: skip
    assert not wrong, "\n\n".join(wrong[:5])
    assert await canaries(canary) == CANARIES
    assert {setting for setting, _ in await settings_of(app)} <= {""}
    await until_nothing_is_lent(app)


async def test_the_gateway_is_well_after_all_that(app: FastAPI) -> None:
    await assert_well(app)


async def test_the_canaries_would_fall_silent(gateway: Gateways, canary: Awkward) -> None:
    """The positive control: what the attacks try is harm, and is noticed."""
    async with gateway(PLAIN) as app:
        # What listens for ends of sessions uses a connection at the start, and would reset what is set on it.
        endings = app.state.relais.guard.endings
        while not (endings.hears or endings.ended):
            await asyncio.sleep(0.01)
        [reply] = await ask_each(app, [Raw("POST", b"/rpc/harm", b"", ((b"content-type", b"text/plain"),), b"x")])
        assert reply.status == 200, reply
        assert await canaries(canary) is None
        assert {setting for setting, _ in await settings_of(app)} >= {"harmed"}
        await run_sql(canary.admin, "insert into api.canary select generate_series(1, 3)")
