"""The functions of profiles, collections and groups, called by everybody; and notifications that nobody wants."""

import asyncpg
import pytest

from .world import COLLECTION, GROUP, HOME, PRIVATE, PRIVATE_COLLECTION, PUBLIC, act_as, ident, sql


@pytest.mark.parametrize(
    ("caller", "total", "saved"),
    [
        ("anonymous", 1, 0),
        ("outsider", 1, 0),
        ("other", 1, 0),
        ("expired", 1, 0),
        ("shared", 2, 0),
        ("member", 2, 0),
        ("moderator", 2, 0),
        ("admin", 2, 0),
        ("owner", 2, 1),
        ("foreigner", None, None),
    ],
)
async def test_totals_are_of_what_the_caller_may_read(
    db: asyncpg.Connection, caller: str, total: int | None, saved: int | None
) -> None:
    await act_as(db, caller)
    found = await db.fetchrow("select * from library.profile_stats($1)", ident("owner"))
    assert (found and found["resources_total"], found and found["saved_count"]) == (total, saved)


async def test_what_was_saved_and_may_no_longer_be_read_is_not_counted(db: asyncpg.Connection) -> None:
    await act_as(db, "service")
    for resource in (PUBLIC, PRIVATE):
        await db.execute(
            "insert into library.saved_resources (user_id, resource_id) values ($1, $2)", ident("other"), resource
        )
    await act_as(db, "other")
    assert await db.fetchval("select saved_count from library.profile_stats($1)", ident("other")) == 1


async def test_nobody_has_no_totals(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    for person in (ident("nothing"), ident("foreigner"), None):
        assert await db.fetch("select * from library.profile_stats($1)", person) == []


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        ("owner", 1),
        ("member", 1),
        ("admin", 1),
        ("super_admin", 1),
        ("moderator", 0),
        ("shared", 0),
        ("other", 0),
        ("outsider", 0),
        ("foreigner", 0),
        ("anonymous", 0),
    ],
)
async def test_resources_of_a_group_are_shown_in_it(db: asyncpg.Connection, caller: str, seen: int) -> None:
    await act_as(db, caller)
    ids = await db.fetch("select library_internal.group_resource_ids($1)", GROUP)
    rows = await db.fetch("select id from library.group_resources($1)", GROUP)
    assert (len(ids), len(rows)) == (seen, seen)


async def test_a_share_with_a_group_that_expired_is_none(db: asyncpg.Connection) -> None:
    await db.execute("update library.resource_shares set expires_at = now() where shared_with_group_id = $1", GROUP)
    await act_as(db, "member")
    assert await db.fetch("select id from library.group_resources($1)", GROUP) == []


async def order_of(db: asyncpg.Connection, collection: object) -> list[object]:
    rows = await db.fetch(
        "select resource_id from library.collection_resources where collection_id = $1 order by order_index", collection
    )
    return [row[0] for row in rows]


async def test_owners_put_their_collections_in_order(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    assert await order_of(db, COLLECTION) == [PUBLIC, PRIVATE]
    await db.execute("select library.reorder_collection($1, $2)", COLLECTION, [PRIVATE])
    assert await order_of(db, COLLECTION) == [PRIVATE, PUBLIC]
    await db.execute("select library.reorder_collection($1, $2)", COLLECTION, [])
    assert await order_of(db, COLLECTION) == [PRIVATE, PUBLIC]


@pytest.mark.parametrize(
    ("caller", "collection", "code"),
    [
        ("other", COLLECTION, "42501"),
        ("admin", COLLECTION, "42501"),
        ("anonymous", COLLECTION, "42501"),
        ("foreigner", COLLECTION, "PT404"),
        ("other", PRIVATE_COLLECTION, "PT404"),
        ("owner", ident("nothing"), "PT404"),
    ],
)
async def test_nobody_else_does(db: asyncpg.Connection, caller: str, collection: object, code: str) -> None:
    before = await order_of(db, COLLECTION)
    async with db.transaction():
        await act_as(db, caller)
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with db.transaction():
                await db.execute("select library.reorder_collection($1, $2)", collection, [PRIVATE])
    assert refused.value.sqlstate == code
    await db.execute("reset role")
    assert await order_of(db, COLLECTION) == before


@pytest.mark.parametrize(
    ("caller", "collection", "left"),
    [
        ("owner", COLLECTION, 1),
        ("other", COLLECTION, 2),
        ("admin", COLLECTION, 2),
        ("anonymous", COLLECTION, 2),
        ("foreigner", COLLECTION, 2),
        ("other", PRIVATE_COLLECTION, 2),
    ],
)
async def test_owners_alone_take_resources_out(
    db: asyncpg.Connection, caller: str, collection: object, left: int
) -> None:
    await act_as(db, caller)
    if left == 1:
        await db.execute("select library.remove_from_collection($1, $2)", collection, PUBLIC)
    else:
        # Inside, nothing is refused: nothing is found.
        await db.execute("select library_internal.drop_entry($1, $2)", collection, PUBLIC)
        with pytest.raises(asyncpg.PostgresError, match=r"propriétaire|non trouvée"):
            async with db.transaction():
                await db.execute("select library.remove_from_collection($1, $2)", collection, PUBLIC)
    await act_as(db, "service")
    assert len(await order_of(db, COLLECTION)) == left
    assert await db.fetchval("select resources_count from library.collections where id = $1", COLLECTION) == left


@pytest.mark.parametrize("order", [[PUBLIC, PUBLIC], [PUBLIC, None], [ident("nothing")]])
async def test_an_order_names_what_is_there_once(db: asyncpg.Connection, order: list[object]) -> None:
    await act_as(db, "owner")
    with pytest.raises(asyncpg.PostgresError) as refused:
        await db.execute("select library.reorder_collection($1, $2)", COLLECTION, order)
    assert refused.value.sqlstate == "PT400"


COMMENT = sql("insert into library.resource_comments (user_id, resource_id, content) values (<other>, <public>, 'x')")
TOLD = "select count(*) from library.notifications where user_id = $1 and type = 'new_comment'"


@pytest.mark.parametrize(
    ("preferences", "told"),
    [('{"muted": ["new_comment"]}', 0), ('{"muted": ["group_invitation"]}', 1), ("{}", 1), ("[]", 1), ("null", 1)],
)
async def test_what_somebody_muted_is_not_told(db: asyncpg.Connection, preferences: str, told: int) -> None:
    await db.execute(
        "update library.profile_preferences set notifications = $2 where user_id = $1", ident("owner"), preferences
    )
    await act_as(db, "other")
    await db.execute(COMMENT)
    await act_as(db, "owner")
    assert await db.fetchval(TOLD, ident("owner")) == told


async def test_an_import_brings_what_is_muted_all_the_same(db: asyncpg.Connection) -> None:
    await db.execute(
        'update library.profile_preferences set notifications = \'{"muted": ["info"]}\' where tenant_id = $1', HOME
    )
    await act_as(db, "service")
    await db.execute(
        sql("insert into library.notifications (user_id, type, title, message) values (<owner>, 'info', 'T', 'M')")
    )
    assert await db.fetchval("select count(*) from library.notifications where user_id = $1", ident("owner")) == 2
