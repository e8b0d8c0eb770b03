"""Places in an order and numbers of versions."""

import asyncio

import asyncpg
import pytest

from .world import HOME, PRIVATE, PUBLIC, SERVICE, act_as, ident

PLACE = (
    "insert into library.collection_resources (collection_id, resource_id) values ($1, $2)"
    ' returning order_index, "order"'
)


async def test_an_entry_goes_to_the_end_of_its_collection(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    places = [await db.fetchrow(PLACE, ident("private collection"), resource) for resource in (PUBLIC, PRIVATE)]

    assert [tuple(place) for place in places] == [(1, 1), (2, 2)]


@pytest.mark.parametrize("name", ["order_index", '"order"'])
async def test_either_name_of_a_place_may_be_written(db: asyncpg.Connection, name: str) -> None:
    await act_as(db, "owner")
    written = await db.fetchrow(
        f"insert into library.collection_resources (collection_id, resource_id, {name}) values ($1, $2, 7)"
        ' returning order_index, "order"',
        ident("private collection"),
        PUBLIC,
    )
    changed = await db.fetchrow(
        f'update library.collection_resources set {name} = 4 where collection_id = $1 returning order_index, "order"',
        ident("private collection"),
    )

    assert (tuple(written), tuple(changed)) == ((7, 7), (4, 4))


async def test_one_statement_may_add_many_entries(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    rows = await db.fetch(
        "insert into library.collection_resources (collection_id, resource_id)"
        " select $1, id from library.resources where user_id = $2 returning order_index",
        ident("private collection"),
        ident("owner"),
    )

    assert sorted(row["order_index"] for row in rows) == [1, 2]


async def test_an_entry_that_the_caller_cannot_read_keeps_its_place(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute(
        "update library.resources set user_id = $2, visibility = 'private' where id = $1", PRIVATE, ident("other")
    )
    await act_as(db, "owner")
    new = await db.fetchval("insert into library.resources (title, description) values ('T', 'D') returning id")

    assert tuple(await db.fetchrow(PLACE, ident("collection"), new)) == (3, 3)


async def test_categories_and_filters_are_numbered_within_their_parent(db: asyncpg.Connection) -> None:
    await act_as(db, "admin")
    add = (
        "insert into library.category_hierarchy (name, parent_id) values (gen_random_uuid()::text, $1)"
        " returning order_index"
    )
    assert [await db.fetchval(add, parent) for parent in (None, ident("category"), ident("category"))] == [2, 1, 2]
    filters = (
        "insert into library.category_filters (category_id, filter_key, filter_type, filter_label)"
        " values ($1, 'k', 'text', 'L') returning \"order\""
    )
    assert await db.fetchval(filters, ident("category")) == 2


async def test_two_who_add_at_once_get_different_places(database: str) -> None:
    async def add(connection: asyncpg.Connection) -> int:
        async with connection.transaction():
            await act_as(connection, "admin")
            return await connection.fetchval(
                'insert into library.category_hierarchy (name) values (gen_random_uuid()::text) returning "order"'
            )

    connections = [await asyncpg.connect(database) for _ in range(10)]
    try:
        places = await asyncio.gather(*(add(connection) for connection in connections))
        await connections[0].execute("delete from library.category_hierarchy where name <> 'Books'")
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))

    assert sorted(places) == list(range(2, 12))


VERSION = (
    "insert into library.resource_versions (resource_id, version_number, title, description)"
    " values ($1, $2, 'T', 'D') returning version_number"
)


@pytest.mark.parametrize(("sent", "given"), [(None, 3), (1, 3), (2, 3), (3, 3), (9, 3)])
async def test_a_version_gets_the_next_number_whatever_is_sent(
    db: asyncpg.Connection, sent: int | None, given: int
) -> None:
    await act_as(db, "owner")

    assert await db.fetchval(VERSION, PRIVATE, sent) == given


async def test_a_resource_starts_at_version_one(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")

    assert await db.fetchval(VERSION, PUBLIC, None) == 1


async def test_versions_made_at_once_get_different_numbers(database: str) -> None:
    """Browsers compute the number: all of these send the same one."""

    async def keep(connection: asyncpg.Connection) -> int:
        async with connection.transaction():
            await act_as(connection, "owner")
            return await connection.fetchval(VERSION, PRIVATE, 3)

    connections = [await asyncpg.connect(database) for _ in range(10)]
    try:
        numbers = await asyncio.gather(*(keep(connection) for connection in connections))
        await connections[0].execute("delete from library.resource_versions where version_number > 2")
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))

    assert sorted(numbers) == list(range(3, 13))


async def test_the_newest_version_cannot_be_deleted(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    async with db.transaction():
        assert await db.execute("delete from library.resource_versions where id = $1", ident("version")) == "DELETE 1"

    with pytest.raises(asyncpg.RaiseError, match="Impossible de supprimer la version la plus récente"):
        await db.execute("delete from library.resource_versions where id = $1", ident("newest version"))


async def test_deleting_a_resource_deletes_its_versions(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute("delete from library.resources where id = $1", PRIVATE)
    await act_as(db, SERVICE)

    assert await db.fetchval("select count(*) from library.resource_versions where tenant_id = $1", HOME) == 0
