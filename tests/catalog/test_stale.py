"""A picture that nobody has told of a change: reads find out by themselves, and mistakes do not cost a load each."""

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import asyncpg
import httpx
import pytest
from app.catalog.keeper import Keeper
from app.gateway.engine import Engine
from app.main import create_app
from app.settings import Settings

from tests.conftest import Urls, client_of, started

from .conftest import with_rest

REST = "/rest/v1"
SCHEMA = """
drop schema shop cascade;
create schema shop;
grant usage on schema shop to anon;
alter default privileges in schema shop grant all on tables to anon;
create table shop.people (id integer primary key, name text);
create table shop.houses (id integer primary key, owner_id integer references shop.people, rooms integer, kind text);
insert into shop.people values (1, 'Ann'), (2, 'Bo');
insert into shop.houses values (1, 1, 3, 'hut'), (2, 2, 5, 'villa');
create function shop.twice(a integer) returns integer language sql stable as 'select a * 2';
"""


@dataclass(slots=True)
class Served:
    """An application that nobody tells of changes."""

    client: httpx.AsyncClient
    owner: asyncpg.Connection
    engines: Keeper[Engine]

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(REST + path)

    @property
    def versions(self) -> int:
        """How many pictures there have been."""
        return self.engines.version


@pytest.fixture
async def served(plain: Urls, plain_settings: Settings) -> AsyncGenerator[Served]:
    owner = await asyncpg.connect(plain.admin)
    await owner.execute(SCHEMA)
    app = create_app(with_rest(plain_settings, db_channel_enabled=False))
    async with started(app), client_of(app) as client:
        yield Served(client, owner, app.state.relais.engines)
    await owner.close()


async def test_a_column_of_another_type_is_found_by_its_new_type(served: Served) -> None:
    assert (await served.get("/houses?select=id&rooms=eq.3")).json() == [{"id": 1}]
    await served.owner.execute("alter table shop.houses alter rooms type text")
    answer = await served.get("/houses?select=id&rooms=eq.3")
    assert (answer.status_code, answer.json(), served.versions) == (200, [{"id": 1}], 2)
    assert (await served.get("/houses?select=id&rooms=eq.many")).json() == []
    assert served.versions == 2


async def test_a_key_by_another_column_is_followed(served: Served) -> None:
    path = "/houses?select=id,people(name)&id=eq.1"
    assert (await served.get(path)).json() == [{"id": 1, "people": {"name": "Ann"}}]
    await served.owner.execute("alter table shop.houses rename owner_id to keeper_id")
    answer = await served.get(path)
    assert (answer.status_code, answer.json()) == (200, [{"id": 1, "people": {"name": "Ann"}}])
    assert served.versions == 2


async def test_a_function_with_another_argument_is_called_with_it(served: Served) -> None:
    assert (await served.get("/rpc/twice?a=2")).json() == 4
    await served.owner.execute("drop function shop.twice(integer)")
    await served.owner.execute("create function shop.twice(a text) returns text language sql stable as 'select a || a'")
    answer = await served.get("/rpc/twice?a=2")
    assert (answer.status_code, answer.json(), served.versions) == (200, "22", 2)


async def test_a_table_that_is_gone_is_told_as_such(served: Served) -> None:
    assert (await served.get("/houses?select=id")).status_code == 200
    await served.owner.execute("drop table shop.houses")
    answer = await served.get("/houses?select=id")
    assert (answer.status_code, answer.json()["code"]) == (404, "PGRST205")
    assert served.versions == 2


async def test_a_new_column_is_shown_without_a_new_picture(served: Served) -> None:
    assert (await served.get("/people?id=eq.1")).json() == [{"id": 1, "name": "Ann"}]
    await served.owner.execute("alter table shop.people add mood text default 'fine'")
    assert (await served.get("/people?id=eq.1")).json() == [{"id": 1, "name": "Ann", "mood": "fine"}]
    assert served.versions == 1


async def test_a_column_that_changed_its_type_comes_out_without_a_new_picture(served: Served) -> None:
    assert (await served.get("/houses?select=rooms&id=eq.1")).json() == [{"rooms": 3}]
    await served.owner.execute("alter table shop.houses alter rooms type text")
    assert (await served.get("/houses?select=rooms&id=eq.1")).json() == [{"rooms": "3"}]
    assert served.versions == 1


async def test_a_write_that_fails_is_not_run_again(served: Served) -> None:
    await served.owner.execute("alter table shop.houses alter rooms type text")
    answer = await served.client.patch(f"{REST}/houses?rooms=eq.3", json={"kind": "tent"})
    assert (answer.status_code, answer.json()["code"]) == (404, "42883")
    assert await served.owner.fetchval("select count(*) from shop.houses where kind = 'tent'") == 0


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/people?nope=eq.1", "42703"),
        ("/people?select=nope", "42703"),
        ("/people?order=nope", "42703"),
        ("/people?name=sl.x", "42883"),
        ("/people?select=id::nope", "42704"),
    ],
)
async def test_mistakes_do_not_load_the_catalog_each(served: Served, path: str, code: str) -> None:
    began = time.monotonic()
    for _ in range(40):
        answer = await served.get(path)
        assert answer.json()["code"] == code
    seconds = time.monotonic() - began
    # The first mistake is doubted, and from then on one every two seconds.
    assert served.versions <= 2 + seconds / 2


@pytest.mark.parametrize(
    "path", ["/people?id=eq.x", "/people?id=foo.1", "/nope", "/people?select=id,nope(id)", "/people?id=eq.1&limit=-1"]
)
async def test_other_mistakes_do_not_load_it_at_all(served: Served, path: str) -> None:
    for _ in range(10):
        assert (await served.get(path)).status_code >= 400
    assert served.versions == 1
