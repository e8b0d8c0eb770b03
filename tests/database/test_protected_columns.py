"""What clients may send and the server does not believe."""

import asyncpg
import pytest

from .world import HOME, PRIVATE, PUBLIC, SERVICE, act_as, ident, sql

OLD = "2020-01-01T00:00:00Z"
#: Table, row, and columns that its owner sends with a value that must not stick.
PROTECTED = [
    ("resources", "<public>", "user_id = <other>, views_count = 9, downloads_count = 9"),
    ("resources", "<public>", "ratings_count = 9, average_rating = 1, created_at = now()"),
    ("groups", "<group>", "owner_id = <other>"),
    ("collections", "<collection>", "user_id = <other>, resources_count = 99"),
    ("saved_resources", "<save>", "user_id = <other>, resource_id = <private>"),
    ("resource_ratings", "<public rating>", "user_id = <other>, resource_id = <private>"),
    ("resource_comments", "<public comment>", "user_id = <other>, resource_id = <private>"),
    ("resource_comments", "<public comment>", "parent_id = <private comment>"),
    ("resource_shares", "<share>", "resource_id = <public>, shared_with_user_id = <other>"),
    ("resource_permissions", "<resource permission>", "resource_id = <public>"),
    ("resource_templates", "<public template>", "created_by = <other>, usage_count = 9"),
    ("collection_resources", "<public entry>", "collection_id = <private collection>"),
    ("suggestion_votes", "<vote>", "user_id = <other>, suggestion_id = <nothing>"),
    ("notifications", "<notification>", "user_id = <other>, title = 'x', message = 'x', type = 'x'"),
    ("profiles", "<owner>", "user_id = <other>, id = <other>"),
    ("group_members", "<membership>", "user_id = <other>, added_at = '2001-01-01', role = 'owner'"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row", "sent"), PROTECTED, ids=[item[0] for item in PROTECTED])
async def test_protected_columns_keep_their_values(db: asyncpg.Connection, table: str, row: str, sent: str) -> None:
    read = sql(f"select to_jsonb(t) - 'updated_at' from library.{table} t where id = {row}")
    before = await db.fetchval(read)
    await act_as(db, "owner")

    assert await db.execute(sql(f"update library.{table} set {sent} where id = {row}")) == "UPDATE 1"
    assert await db.fetchval(read) == before


async def test_a_new_resource_starts_from_nothing_whatever_is_sent(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    row = await db.fetchrow(
        "insert into library.resources (title, description, average_rating, ratings_count, downloads_count,"
        " views_count,"
        " created_at, updated_at) values ('T', 'D', 5, 5, 5, 5, $1::text::timestamptz, $1::text::timestamptz)"
        " returning *, now()",
        OLD,
    )

    assert (row["average_rating"], row["ratings_count"], row["downloads_count"], row["views_count"]) == (0, 0, 0, 0)
    assert row["user_id"] == ident("owner")
    assert row["tenant_id"] == HOME
    assert row["created_at"] == row["updated_at"] == row["now"]
    assert (row["category"], row["tags"], row["resource_type"], row["visibility"]) == (
        "",
        [],
        "external_link",
        "public",
    )


async def test_an_import_keeps_its_dates_and_its_counters(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    row = await db.fetchrow(
        "insert into library.resources (user_id, title, description, views_count, created_at, updated_at)"
        " values ($1, 'T', 'D', 5, $2::text::timestamptz, $2::text::timestamptz) returning *",
        ident("owner"),
        OLD,
    )

    assert row["views_count"] == 5
    assert row["created_at"].year == row["updated_at"].year == 2020


@pytest.mark.parametrize(
    ("table", "row", "change"),
    [
        ("resources", PUBLIC, "title = 'x'"),
        ("collections", ident("collection"), "name = 'x'"),
        ("resource_templates", ident("public template"), "name = 'x'"),
        ("group_members", ident("membership"), "role = 'admin'"),
        ("admin_config", None, "description = 'x'"),
    ],
)
async def test_a_change_moves_updated_at_to_the_clock_of_the_server(
    db: asyncpg.Connection, table: str, row: object, change: str
) -> None:
    await db.execute(
        f"update library.{table} set updated_at = $1::text::timestamptz, created_at = $1::text::timestamptz", OLD
    )
    await act_as(db, "admin" if table == "admin_config" else "owner")
    where = "true" if row is None else f"id = '{row}'"
    stamps = await db.fetchrow(
        f"update library.{table} set {change}, updated_at = '2000-01-01', created_at = now() where {where}"
        " returning created_at, updated_at, now()"
    )

    assert stamps["updated_at"] == stamps["now"]
    assert stamps["created_at"].year == 2020


async def test_counters_do_not_move_updated_at(db: asyncpg.Connection) -> None:
    for table in ("resources", "collections", "category_tag_suggestions"):
        await db.execute(f"update library.{table} set updated_at = $1::text::timestamptz", OLD)
    await act_as(db, "other")
    await db.execute("select library.increment_resource_views($1)", PUBLIC)
    await db.execute("insert into library.resource_ratings (resource_id, rating) values ($1, 1)", PUBLIC)
    await db.execute("insert into library.suggestion_votes (suggestion_id) values ($1)", ident("suggestion"))
    await act_as(db, "owner")
    await db.execute("delete from library.collection_resources where id = $1", ident("public entry"))

    await act_as(db, SERVICE)
    resource = await db.fetchrow("select * from library.resources where id = $1", PUBLIC)
    collection = await db.fetchrow("select * from library.collections where id = $1", ident("collection"))
    suggestion = await db.fetchrow("select * from library.category_tag_suggestions where id = $1", ident("suggestion"))
    assert (resource["views_count"], resource["ratings_count"], float(resource["average_rating"])) == (1, 2, 3.0)
    assert (collection["resources_count"], suggestion["votes_count"]) == (1, 2)
    assert {row["updated_at"].year for row in (resource, collection, suggestion)} == {2020}


async def test_whom_a_resource_is_shared_with_may_not_decide_who_sees_it(db: asyncpg.Connection) -> None:
    await act_as(db, "writer")
    changed = await db.fetchrow(
        "update library.resources set title = 'New', visibility = 'public' where id = $1 returning *", PRIVATE
    )
    assert (changed["title"], changed["visibility"]) == ("New", "private")

    await act_as(db, "owner")
    assert await db.fetchval(
        "update library.resources set visibility = 'public' where id = $1 returning visibility", PRIVATE
    ) == "public"  # fmt: skip


async def test_a_suggestion_of_a_user_waits_whatever_they_send(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    row = await db.fetchrow(
        "insert into library.category_tag_suggestions (name, type, status, votes_count, suggested_by)"
        " values (' Go ', 'tag', 'approved', 50, null) returning *"
    )

    assert (row["name"], row["status"], row["votes_count"], row["suggested_by"]) == ("Go", "pending", 0, ident("other"))


async def test_a_moderator_may_record_an_approved_suggestion_of_nobody(db: asyncpg.Connection) -> None:
    await act_as(db, "moderator")
    row = await db.fetchrow(
        "insert into library.category_tag_suggestions (name, type, status, votes_count, suggested_by)"
        " values ('Go', 'tag', 'approved', 8, null) returning *"
    )

    assert (row["status"], row["votes_count"], row["suggested_by"], row["action"]) == ("approved", 8, None, "add")


async def test_a_moderators_verdict_is_signed_by_the_server(db: asyncpg.Connection) -> None:
    await act_as(db, "moderator")
    row = await db.fetchrow(
        "update library.category_tag_suggestions set status = 'rejected', reviewed_by = $2, reviewed_at = null,"
        " votes_count = 9"
        " where id = $1 returning *, now()",
        ident("suggestion"),
        ident("owner"),
    )

    assert (row["status"], row["reviewed_by"], row["votes_count"]) == ("rejected", ident("moderator"), 1)
    assert row["reviewed_at"] == row["now"]


async def test_an_event_is_the_callers_whatever_they_send(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    await db.execute("insert into library.analytics_events (event, user_id) values ('x', $1)", ident("owner"))
    await act_as(db, "anonymous")
    await db.execute("insert into library.analytics_events (event, user_id) values ('x', $1)", ident("owner"))

    await act_as(db, SERVICE)
    found = await db.fetch("select user_id from library.analytics_events where event = 'x'")
    assert {record["user_id"] for record in found} == {ident("other"), None}


async def test_settings_are_matched_by_key_whatever_id_is_sent(db: asyncpg.Connection) -> None:
    before = await db.fetchval(
        "select id from library.admin_config where tenant_id = $1 and key = 'consider_downvotes'", HOME
    )
    await act_as(db, "admin")
    row = await db.fetchrow(
        "insert into library.admin_config (id, key, value) values ('config-2', 'consider_downvotes', 'false')"
        " on conflict (tenant_id, key) do update set id = excluded.id, value = excluded.value returning id, value"
    )

    assert (row["id"], row["value"]) == (before, "false")
