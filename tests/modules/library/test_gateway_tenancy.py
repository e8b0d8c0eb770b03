"""The tenant's column over HTTP: nobody is shown it, nobody writes it, and no request of one tenant reaches another."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from app.embedded import Servers
from app.main import create_app
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import Urls, client_of, run_sql, started, with_database
from tests.database.world import (
    COLLECTION,
    ELSEWHERE,
    FOREIGN,
    HOME,
    MEMBERS,
    PRIVATE,
    PUBLIC,
    fill,
    ident,
)
from tests.dialect.tokens import FAR_AHEAD, SECRET, token

REST = "/rest/v1"
EXACT = {"Prefer": "count=exact"}
SHOWN = {"Prefer": "return=representation"}
MERGE = {"Prefer": "resolution=merge-duplicates, return=representation"}
TABLES = (
    "select c.relname as name from pg_class c where c.relnamespace = 'library'::regnamespace"
    " and c.relkind in ('r', 'v') order by 1"
)
GUEST_TABLES = ("resources", "collections", "profiles", "resource_comments", "resource_statistics")
Client = httpx.AsyncClient


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The owner of the database, in which two tenants live."""
    connection = await asyncpg.connect(urls.admin)
    await fill(connection)
    await connection.execute("select set_config('relais.tenant_id', '', false)")
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def anybody(settings: Settings, owner: asyncpg.Connection) -> AsyncGenerator[Client]:
    """A client without a token."""
    rest = settings.rest.model_copy(update={"jwt_secret": SecretStr(SECRET), "db_aggregates_enabled": True})
    async with started(create_app(settings.model_copy(update={"rest": rest}))) as app, client_of(app) as client:
        yield client


def signed_in(client: Client, name: str, tenant: UUID = HOME) -> Client:
    """The same application, asked by somebody."""
    claims = {"role": "authenticated", "sub": str(ident(name)), "tenant_id": str(tenant), "exp": FAR_AHEAD}
    headers = {"Authorization": f"Bearer {token(claims)}"}
    return Client(transport=client._transport, base_url=f"{client.base_url}{REST}", headers=headers)


@pytest.fixture
def chief(anybody: Client) -> Client:
    """Who may do most at home."""
    return signed_in(anybody, "super_admin")


@pytest.fixture
def member(anybody: Client) -> Client:
    """Who has rows at home."""
    return signed_in(anybody, "owner")


@pytest.fixture
def foreigner(anybody: Client) -> Client:
    """The only member of the other tenant."""
    return signed_in(anybody, "foreigner", ELSEWHERE)


@pytest_asyncio.fixture
async def untouched(owner: asyncpg.Connection) -> AsyncGenerator[None]:
    """What happens meanwhile leaves every row of the other tenant as it was."""
    before = await rows_of(owner, ELSEWHERE)
    yield
    assert await rows_of(owner, ELSEWHERE) == before


async def rows_of(owner: asyncpg.Connection, tenant: UUID) -> dict[str, str]:
    """What changes when a row of a tenant does."""
    found: dict[str, str] = {}
    for table in await owner.fetch(TABLES.replace("('r', 'v')", "('r')")):
        statement = (
            f"select string_agg(t::text, '|' order by t::text) from library.{table['name']} t where tenant_id = $1"
        )
        text = await owner.fetchval(statement, tenant)
        found[table["name"]] = hashlib.sha256((text or "").encode()).hexdigest()
    return found


def tells_of_tenants(answer: httpx.Response) -> bool:
    """Whether anything in an answer gives the column or its value away."""
    text = answer.text + str(answer.headers.raw)
    return any(word in text for word in ("tenant", str(HOME), str(ELSEWHERE)))


async def names_of_tables(owner: asyncpg.Connection) -> list[str]:
    """Of those that somebody may ask for: what is counted by day is for functions alone."""
    return [row["name"] for row in await owner.fetch(TABLES) if row["name"] != "analytics_daily"]


# Never shown.


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/vnd.pgrst.array+json;nulls=stripped"])
async def test_no_table_shows_it(chief: Client, owner: asyncpg.Connection, accept: str) -> None:
    filled = 0
    for name in await names_of_tables(owner):
        answer = await chief.get(f"/{name}", headers={"Accept": accept, **EXACT})
        assert answer.status_code == 200, (name, answer.text)
        assert not tells_of_tenants(answer), name
        filled += not answer.headers["content-range"].endswith("/0")
    assert filled > 15


@pytest.mark.parametrize(
    "query",
    [
        "select=tenant_id",
        "select=id,tenant_id",
        "select=*,tenant_id",
        "select=x:tenant_id",
        "select=tenant_id::text",
        "select=tenant_id.max()",
        "select=tenant_id->x",
        f"tenant_id=eq.{HOME}",
        "tenant_id=not.is.null",
        f"tenant_id=in.({HOME})",
        "or=(tenant_id.is.null,id.not.is.null)",
        "order=tenant_id",
        "order=tenant_id->x.desc",
    ],
)
async def test_who_names_it_is_told_that_it_is_not_there(member: Client, query: str) -> None:
    for table in ("resources", "resource_statistics"):
        answer = await member.get(f"/{table}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "42703"), answer.text
        assert answer.json()["message"] == f"column {table}.tenant_id does not exist"
        assert str(HOME) not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "select=id,resource_comments(tenant_id)",
        "select=id,resource_comments(id)&resource_comments.tenant_id=not.is.null",
        "select=id,resource_comments(id)&resource_comments.order=tenant_id",
        "select=id,profiles!resources_user_id_fkey(id)&order=profiles(tenant_id)",
        "select=id,...profiles!resources_user_id_fkey(tenant_id)",
    ],
)
async def test_nor_is_it_inside_an_embed(member: Client, query: str) -> None:
    answer = await member.get(f"/resources?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "42703"), answer.text
    assert str(HOME) not in answer.text


@pytest.mark.parametrize(
    "select",
    ["*,resource_comments(*)", "*,profiles!resources_user_id_fkey(*)", "id,...profiles!resources_user_id_fkey(*)"],
)
async def test_stars_of_embeds_leave_it_out(member: Client, select: str) -> None:
    answer = await member.get(f"/resources?select={select}&id=eq.{PUBLIC}")
    assert len(answer.json()) == 1
    assert len(answer.json()[0]) > 3
    assert not tells_of_tenants(answer)


async def test_it_is_no_hint_of_a_relationship(member: Client) -> None:
    answer = await member.get("/resources?select=id,profiles!tenant_id(id)")
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST200")
    assert (await member.get("/resources?select=id,tenant_id(id)")).status_code == 400


async def test_relationships_are_told_without_it(member: Client) -> None:
    answer = await member.get("/category_tag_suggestions?select=id,profiles(id)")
    assert answer.status_code == 300
    assert "category_tag_suggestions(reviewed_by) and profiles(user_id)" in answer.text
    assert not tells_of_tenants(answer)


async def test_what_a_write_returns_leaves_it_out(member: Client) -> None:
    row = {"id": str(uuid4()), "name": "Mine"}
    made = await member.post("/collections", json=row, headers=SHOWN)
    assert (made.status_code, made.json()[0]["id"]) == (201, row["id"])
    changed = await member.patch(f"/collections?id=eq.{row['id']}", json={"name": "Still"}, headers=SHOWN)
    put = await member.put(f"/collections?id=eq.{row['id']}", json=row, headers=SHOWN)
    removed = await member.delete(f"/collections?id=eq.{row['id']}", headers=SHOWN)
    for answer in (made, changed, put, removed):
        assert answer.json()[0].keys() > {"id", "name", "user_id"}
        assert not tells_of_tenants(answer)


async def test_the_place_of_a_new_row_is_its_id(member: Client) -> None:
    new = uuid4()
    row = {"id": str(new), "name": "Placed"}
    answer = await member.post("/collections", json=row, headers={"Prefer": "return=headers-only"})
    assert answer.headers["location"] == f"/collections?id=eq.{new}"
    assert not tells_of_tenants(answer)


async def test_the_description_has_it_not(chief: Client) -> None:
    answer = await chief.get("/")
    assert "resources" in answer.json()["definitions"]
    assert "tenant" not in answer.text


async def test_rows_of_functions_have_it_not(member: Client) -> None:
    answer = await member.post("/rpc/fork_resource", json={"resource_id": str(PUBLIC)})
    assert answer.json()["title"] == "Public (Fork)"
    assert not tells_of_tenants(answer)
    refused = await member.post("/rpc/fork_resource?select=tenant_id", json={"resource_id": str(PUBLIC)})
    assert (refused.status_code, refused.json()["code"]) == (400, "42703")
    filtered = await member.post(f"/rpc/fork_resource?tenant_id=eq.{HOME}", json={"resource_id": str(PUBLIC)})
    assert (filtered.status_code, filtered.json()["code"]) == (400, "42703")


@pytest.mark.parametrize(
    ("table", "row", "code"),
    [
        ("collections", {"id": str(COLLECTION), "name": "Twice"}, "23505"),
        ("collections", {"name": None}, "23502"),
        ("collection_resources", {"collection_id": str(COLLECTION), "resource_id": str(uuid4())}, None),
        ("saved_resources", {"resource_id": str(PUBLIC)}, "23505"),
        ("resource_comments", {"resource_id": str(uuid4()), "content": "Where?"}, None),
        ("collections", {"tenant": 1}, "PGRST204"),
    ],
)
async def test_errors_do_not_tell_of_it(member: Client, table: str, row: dict[str, Any], code: str | None) -> None:
    answer = await member.post(f"/{table}", json=row)
    assert 400 <= answer.status_code < 500
    assert code in (None, answer.json()["code"])
    assert str(HOME) not in answer.text
    assert "tenant_id" not in answer.text


# Never written.


@pytest.mark.parametrize("value", [str(HOME), str(ELSEWHERE), None])
@pytest.mark.usefixtures("untouched")
async def test_it_cannot_be_written(member: Client, value: str | None) -> None:
    row = {"id": str(uuid4()), "name": "Smuggled", "tenant_id": value}
    for answer in (
        await member.post("/collections", json=row),
        await member.post("/collections", json=[row], headers=MERGE),
        await member.post("/collections?columns=id,name,tenant_id", json=row),
        await member.patch(f"/collections?id=eq.{COLLECTION}", json={"tenant_id": value}),
        await member.put(f"/collections?id=eq.{row['id']}", json=row),
        await member.post("/collections", content=f"name,tenant_id\nx,{value}", headers={"Content-Type": "text/csv"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "PGRST204")
        assert answer.json()["message"] == "Could not find the 'tenant_id' column of 'collections' in the schema cache"


@pytest.mark.usefixtures("untouched")
async def test_column_lists_drop_it_unseen(member: Client, owner: asyncpg.Connection) -> None:
    new = uuid4()
    row = {"id": str(new), "name": "Dropped", "tenant_id": str(ELSEWHERE)}
    assert (await member.post("/collections?columns=id,name", json=row)).status_code == 201
    assert await owner.fetchval("select tenant_id from library.collections where id = $1", new) == HOME


@pytest.mark.parametrize("target", ["tenant_id", "tenant_id,id", "id,tenant_id", "tenant_id,user_id,name"])
async def test_it_is_no_target_of_a_conflict(member: Client, target: str) -> None:
    answer = await member.post(f"/collections?on_conflict={target}", json={"name": "x"}, headers=MERGE)
    assert (answer.status_code, answer.json()["code"]) == (400, "42703")
    assert answer.json()["message"] == 'column "tenant_id" does not exist'


# Never crossed.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_rows_of_another_tenant_are_not_found(member: Client, foreigner: Client, method: str) -> None:
    theirs = await foreigner.request(method, f"/resources?id=eq.{FOREIGN}", headers=EXACT)
    assert theirs.headers["content-range"] == "0-0/1"
    for path in (f"/resources?id=eq.{FOREIGN}", "/resources?title=eq.Foreign", f"/resource_statistics?id=eq.{FOREIGN}"):
        answer = await member.request(method, path, headers=EXACT)
        assert (answer.status_code, answer.headers["content-range"]) == (200, "*/0")


async def test_two_tenants_share_no_row_of_any_table(
    chief: Client, foreigner: Client, owner: asyncpg.Connection
) -> None:
    await owner.execute("update library.user_roles set role = 'super_admin' where user_id = $1", ident("foreigner"))
    try:
        for name in await names_of_tables(owner):
            home = {UUID(row["id"]) for row in (await chief.get(f"/{name}")).json() if row.get("id")}
            elsewhere = {UUID(row["id"]) for row in (await foreigner.get(f"/{name}")).json() if row.get("id")}
            assert not home & elsewhere, name
    finally:
        await owner.execute("update library.user_roles set role = 'user' where user_id = $1", ident("foreigner"))


async def test_counts_and_sums_are_of_one_tenant(member: Client, foreigner: Client, owner: asyncpg.Connection) -> None:
    assert (await foreigner.get("/resources?select=count()")).json() == [{"count": 1}]
    assert (await foreigner.get("/resources?select=id", headers=EXACT)).headers["content-range"] == "0-0/1"
    at_home = await owner.fetchval(
        "select count(*) from library.resources where tenant_id = $1 and (visibility = 'public' or user_id = $2)",
        HOME, ident("owner"),
    )  # fmt: skip
    assert (await member.get("/resources?select=count()")).json() == [{"count": at_home}]


async def test_embeds_stay_inside(foreigner: Client) -> None:
    rows = (await foreigner.get("/profiles?select=id,resources!resources_user_id_fkey(id),collections(id)")).json()
    assert [row["id"] for row in rows] == [str(ident("foreigner"))]
    assert [[item["id"] for item in row["resources"]] for row in rows] == [[str(FOREIGN)]]
    assert rows[0]["collections"] == []


async def test_the_same_person_sees_each_tenant_by_its_own_token(anybody: Client, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "insert into relais.memberships (tenant_id, user_id) values ($1, $2)", ELSEWHERE, ident("other")
    )
    try:
        here = (await signed_in(anybody, "other").get("/resources?select=title")).json()
        there = (await signed_in(anybody, "other", ELSEWHERE).get("/resources?select=title&title=eq.Public")).json()
        assert {"title": "Public"} in here
        assert there == []
    finally:
        await owner.execute(
            "delete from relais.memberships where tenant_id = $1 and user_id = $2", ELSEWHERE, ident("other")
        )


async def test_a_token_of_a_tenant_that_one_does_not_belong_to_opens_no_more_than_a_stranger_sees(
    anybody: Client,
) -> None:
    outsider = signed_in(anybody, "foreigner", HOME)
    assert (await outsider.get("/resources?select=id")).json() == [{"id": str(PUBLIC)}]
    assert (await outsider.get(f"/resources?id=eq.{PRIVATE}")).json() == []
    assert (await outsider.post("/collections", json={"name": "x"})).status_code == 403


async def test_who_names_no_tenant_is_in_the_default_one(anybody: Client) -> None:
    for table in GUEST_TABLES:
        answer = await anybody.get(f"{REST}/{table}")
        assert (answer.status_code, answer.json()) == (200, []), table


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("table", ["resource_comments", "resource_ratings", "saved_resources", "collection_resources"])
async def test_a_new_row_cannot_point_into_another_tenant(member: Client, table: str) -> None:
    row = {"resource_id": str(FOREIGN)}
    row |= {"resource_comments": {"content": "x"}, "resource_ratings": {"rating": 5},
            "collection_resources": {"collection_id": str(COLLECTION)}}.get(table, {})  # fmt: skip
    answer = await member.post(f"/{table}", json=row, headers=SHOWN)
    assert answer.status_code in (403, 404, 409), answer.text
    assert (await member.get(f"/{table}?resource_id=eq.{FOREIGN}")).json() == []


@pytest.mark.usefixtures("untouched")
async def test_an_id_of_another_tenant_is_a_new_one_here(member: Client, owner: asyncpg.Connection) -> None:
    row = {"id": str(FOREIGN), "title": "Mine", "description": "Here", "user_id": str(ident("owner"))}
    try:
        merged = await member.post("/resources", json=row, headers=MERGE)
        assert (merged.status_code, merged.json()[0]["title"]) == (201, "Mine")
        again = await member.post("/resources", json=row | {"title": "Newer"}, headers=MERGE)
        assert (again.status_code, again.json()[0]["title"]) == (200, "Newer")
        put = await member.put(f"/resources?id=eq.{FOREIGN}", json=row, headers=SHOWN)
        assert (put.status_code, put.json()[0]["title"]) == (200, "Mine")
        assert await owner.fetchval("select count(*) from library.resources where id = $1", FOREIGN) == 2
        removed = await member.delete(f"/resources?id=eq.{FOREIGN}", headers=EXACT)
        assert removed.headers["content-range"] == "*/1"
    finally:
        await owner.execute("delete from library.resources where id = $1 and tenant_id = $2", FOREIGN, HOME)


@pytest.mark.usefixtures("untouched")
async def test_a_put_of_an_id_of_another_tenant_makes_a_row_here(member: Client, owner: asyncpg.Connection) -> None:
    row = {"id": str(FOREIGN), "title": "Put", "description": "Here"}
    try:
        put = await member.put(f"/resources?id=eq.{FOREIGN}", json=row, headers=SHOWN)
        assert (put.status_code, put.json()[0]["title"]) == (201, "Put")
    finally:
        await owner.execute("delete from library.resources where id = $1 and tenant_id = $2", FOREIGN, HOME)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("who", ["owner", "super_admin"])
async def test_rows_of_another_tenant_are_neither_changed_nor_removed(anybody: Client, who: str) -> None:
    client = signed_in(anybody, who)
    changed = await client.patch(f"/resources?id=eq.{FOREIGN}", json={"title": "Taken"}, headers=EXACT)
    removed = await client.delete(f"/resources?id=eq.{FOREIGN}", headers=EXACT)
    assert (changed.status_code, changed.headers["content-range"]) == (204, "*/0")
    assert (removed.status_code, removed.headers["content-range"]) == (204, "*/0")
    everything = await client.patch("/resources", json={"language": "fr"}, headers=SHOWN)
    assert str(FOREIGN) not in everything.text


@pytest.mark.usefixtures("untouched")
async def test_functions_do_not_reach_another_tenant(member: Client, foreigner: Client) -> None:
    fork = await member.post("/rpc/fork_resource", json={"resource_id": str(FOREIGN)})
    assert (fork.status_code, fork.json()["code"]) == (404, "PT404")
    await member.post("/rpc/increment_resource_views", json={"resource_id": str(FOREIGN)})
    assert (await member.get("/rpc/search_users?query=foreigner")).json() == []
    assert [row["username"] for row in (await foreigner.get("/rpc/search_users?query=foreigner")).json()] == [
        "foreigner"
    ]
    assert (await foreigner.get("/rpc/search_users?query=owner")).json() == []


async def test_many_of_both_tenants_at_once_get_their_own(anybody: Client) -> None:
    async def asked(number: int) -> tuple[str, set[str]]:
        name = "foreigner" if number % 2 else MEMBERS[number % 4]
        client = signed_in(anybody, name, ELSEWHERE if number % 2 else HOME)
        return name, {row["id"] for row in (await client.get("/resources?select=id")).json()}

    for name, seen in await asyncio.gather(*(asked(number) for number in range(60))):
        assert (str(FOREIGN) in seen) == (name == "foreigner")
        assert (str(PUBLIC) in seen) == (name != "foreigner")


# Natural keys.


@pytest.mark.parametrize(
    ("table", "key", "row", "change"),
    [
        ("resource_ratings", "resource_id,user_id", {"resource_id": str(PUBLIC)}, {"rating": 2}),
        ("resource_ratings", "user_id,resource_id", {"resource_id": str(PUBLIC)}, {"rating": 3}),
        ("profile_preferences", "user_id", {}, {"preferred_layout": "list"}),
    ],
)
async def test_natural_keys_are_merged_by_though_the_tenant_is_in_them(
    member: Client, table: str, key: str, row: dict[str, str], change: dict[str, Any]
) -> None:
    body = row | {"user_id": str(ident("owner"))} | change
    answer = await member.post(f"/{table}?on_conflict={key}", json=body, headers=MERGE)
    assert (answer.status_code, len(answer.json())) == (200, 1), answer.text
    assert change.items() <= answer.json()[0].items()


async def test_a_natural_key_of_another_tenant_is_free_here(
    chief: Client, foreigner: Client, owner: asyncpg.Connection
) -> None:
    ignored = {"Prefer": "resolution=ignore-duplicates, return=representation"}
    row = {"name": "Rust", "type": "tag"}
    path = "/category_tag_suggestions?on_conflict=name,type&select=name"
    taken = await chief.post(path, json=row, headers=ignored)
    assert (taken.status_code, taken.json()) == (201, [])
    try:
        free = await foreigner.post(path, json=row, headers=ignored)
        assert (free.status_code, free.json()) == (201, [{"name": "Rust"}])
    finally:
        await owner.execute("delete from library.category_tag_suggestions where tenant_id = $1", ELSEWHERE)


# Where there is nothing of the kind.

PLAIN = """
create table public.notes (id integer primary key, text text);
create table public.rooms (id integer primary key, tenant_id text default 'hotel', unique (tenant_id, id));
create table public.bare (tenant_id uuid, id integer, primary key (tenant_id, id));
grant all on public.notes, public.rooms, public.bare to anon;
insert into public.notes values (1, 'one');
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plain(settings: Settings, servers: Servers) -> AsyncGenerator[Client]:
    """A client of a database that was not made for tenants."""
    name = f"plain_{uuid4().hex[:12]}"
    login = with_database(servers.database_url, name)
    await run_sql(servers.admin_url, f"create database {name}")
    await run_sql(with_database(servers.admin_url, name), PLAIN)
    database = settings.database.model_copy(update={"url": SecretStr(login)})
    rest = settings.rest.model_copy(update={"db_schemas": "public"})
    try:
        async with started(create_app(settings.model_copy(update={"database": database, "rest": rest}))) as app:
            yield Client(transport=client_of(app)._transport, base_url=f"http://relais.test{REST}")
    finally:
        await run_sql(servers.admin_url, f"drop database {name} with (force)")


async def test_a_database_without_tenants_is_served_as_it_is(plain: Client) -> None:
    assert (await plain.get("/notes")).json() == [{"id": 1, "text": "one"}]
    merged = await plain.post("/notes", json={"id": 1, "text": "two"}, headers=MERGE)
    assert (merged.status_code, merged.json()) == (200, [{"id": 1, "text": "two"}])
    put = await plain.put("/notes?id=eq.2", json={"id": 2, "text": "three"}, headers=SHOWN)
    assert (put.status_code, put.json()) == (201, [{"id": 2, "text": "three"}])
    assert (await plain.delete("/notes?id=eq.2", headers=EXACT)).headers["content-range"] == "*/1"


async def test_a_column_that_is_only_called_so_is_a_column(plain: Client) -> None:
    made = await plain.post("/rooms", json={"id": 1}, headers=SHOWN)
    assert made.json() == [{"id": 1, "tenant_id": "hotel"}]
    other = await plain.post("/rooms", json={"id": 2, "tenant_id": "motel"}, headers=SHOWN)
    assert other.json() == [{"id": 2, "tenant_id": "motel"}]
    assert (await plain.get("/rooms?select=tenant_id&tenant_id=eq.motel")).json() == [{"tenant_id": "motel"}]
    assert (await plain.patch("/rooms?id=eq.2", json={"tenant_id": "inn"})).status_code == 204
    merged = await plain.post("/rooms?on_conflict=tenant_id,id", json={"id": 2, "tenant_id": "inn"}, headers=MERGE)
    assert (merged.status_code, merged.json()) == (200, [{"id": 2, "tenant_id": "inn"}])
    assert "tenant_id" in (await plain.get("/")).json()["definitions"]["rooms"]["properties"]


async def test_it_is_a_part_of_its_tables_key(plain: Client) -> None:
    tenant = str(uuid4())
    row = {"tenant_id": tenant, "id": 1}
    made = await plain.post("/bare", json=row, headers={"Prefer": "return=headers-only"})
    assert made.headers["location"] == f"/bare?tenant_id=eq.{tenant}&id=eq.1"
    assert (await plain.put("/bare?id=eq.1", json=row)).status_code == 405
    assert (await plain.put(f"/bare?id=eq.1&tenant_id=eq.{tenant}", json=row)).status_code == 204


@pytest.mark.parametrize("name", ["row_to_json", "to_jsonb", "text", "hash_record"])
async def test_no_function_of_a_row_shows_what_is_hidden(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/rest/v1/resources?select={name}")
    assert (answer.status_code, answer.json()["code"]) == (400, "42703")
    assert (await client.get("/rest/v1/resources?select=count")).status_code == 200
