"""Guests, and people who left: they read what everybody reads and write nothing but what is about themselves."""

import asyncpg
import pytest

from .world import HOME, PRIVATE, PUBLIC, SERVICE, act_as, ident, sql

ADDED = [
    "resources (title, description) values ('T', 'D')",
    "groups (name) values ('G')",
    "collections (name) values ('C')",
    "resource_templates (name) values ('T')",
    "resource_comments (resource_id, content) values (<public>, 'C')",
    "resource_ratings (resource_id, rating) values (<public>, 3)",
    "saved_resources (resource_id) values (<public>)",
    "category_tag_suggestions (name, type) values ('New', 'tag')",
    "suggestion_votes (suggestion_id) values (<suggestion>)",
]
#: Their own rows, from before.
OWN = ["resources", "groups", "collections", "resource_comments", "resource_ratings", "resource_templates"]


async def _demote(db: asyncpg.Connection, how: str) -> None:
    await act_as(db, SERVICE)
    await db.execute(
        {
            "guest": "update library.user_roles set role = 'guest' where user_id = $1",
            "expired": "update library.user_roles set expires_at = now() - interval '1 s' where user_id = $1",
            "left": "delete from relais.memberships where user_id = $1",
        }[how],
        ident("owner"),
    )
    await act_as(db, "owner")


@pytest.mark.parametrize("how", ["guest", "expired", "left"])
@pytest.mark.parametrize("added", ADDED)
async def test_they_add_nothing(db: asyncpg.Connection, how: str, added: str) -> None:
    await _demote(db, how)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(sql(f"insert into library.{added}"))


@pytest.mark.parametrize("how", ["guest", "expired", "left"])
@pytest.mark.parametrize("table", OWN)
async def test_they_change_and_remove_nothing(db: asyncpg.Connection, how: str, table: str) -> None:
    await _demote(db, how)

    assert await db.execute(f"update library.{table} set created_at = now()") == "UPDATE 0"
    assert await db.execute(f"delete from library.{table}") == "DELETE 0"


@pytest.mark.parametrize("call", ["fork_resource(<public>)", "vote_on_suggestion(<suggestion>, 'downvote')"])
async def test_no_function_writes_for_them(db: asyncpg.Connection, call: str) -> None:
    await _demote(db, "guest")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch(sql(f"select * from library.{call}"))


async def test_a_guest_keeps_a_profile_and_notifications(db: asyncpg.Connection) -> None:
    await _demote(db, "guest")

    assert await db.execute("update library.profiles set bio = 'x'") == "UPDATE 1"
    assert await db.execute("update library.profile_preferences set preferred_layout = 'list'") == "UPDATE 1"
    assert await db.execute("update library.notifications set is_read = true") == "UPDATE 1"
    assert await db.fetchval("select count(*) from library.resources where id = $1", PUBLIC) == 1


async def test_a_guest_leaves_a_group_and_removes_nobody_else(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute(sql("update library.user_roles set role = 'guest' where user_id = <member>"))
    await db.execute(sql("update library.group_members set role = 'admin' where user_id = <member>"))
    await act_as(db, "member")

    assert await db.execute(sql("delete from library.group_members where user_id != <member>")) == "DELETE 0"
    assert await db.execute("delete from library.group_members") == "DELETE 1"


@pytest.mark.parametrize("name", ["member", "shared"])
async def test_whoever_leaves_loses_groups_shares_and_permissions(db: asyncpg.Connection, name: str) -> None:
    await act_as(db, name)
    assert await db.fetchval("select count(*) from library.resources where id = $1", PRIVATE) == 1
    await act_as(db, SERVICE)
    await db.execute("delete from relais.memberships where user_id = $1 and tenant_id = $2", ident(name), HOME)
    await act_as(db, name)

    assert await db.fetchval("select count(*) from library.resources where id = $1", PRIVATE) == 0
    await act_as(db, SERVICE)
    for table, column in (
        ("group_members", "user_id"), ("resource_shares", "shared_with_user_id"), ("resource_permissions", "user_id"),
    ):  # fmt: skip
        assert await db.fetchval(f"select count(*) from library.{table} where {column} = $1", ident(name)) == 0


@pytest.mark.parametrize(
    ("rank", "expires", "before", "after", "found"),
    [
        ("user", None, "member", "owner", ("super_admin", None)),
        ("moderator", "2020-01-01", "member", "owner", ("super_admin", None)),
        ("super_admin", "2020-01-01", "member", "admin", ("admin", None)),
        ("super_admin", None, "owner", "member", ("user", None)),
        ("super_admin", None, "owner", "admin", ("admin", None)),
        ("admin", None, "admin", "member", ("user", None)),
        ("moderator", None, "admin", "member", ("moderator", None)),
        ("super_admin", None, "admin", "member", ("super_admin", None)),
    ],
)
async def test_the_rank_follows_the_standing(
    db: asyncpg.Connection, rank: str, expires: str | None, before: str, after: str, found: tuple[str, None]
) -> None:
    await act_as(db, SERVICE)
    stand = "update relais.memberships set role = $2 where user_id = $1"
    await db.execute(stand, ident("other"), before)
    await db.execute(
        "update library.user_roles set role = $2, expires_at = $3::text::timestamptz where user_id = $1",
        ident("other"),
        rank,
        expires,
    )
    await db.execute(stand, ident("other"), after)

    row = await db.fetchrow("select role::text, expires_at from library.user_roles where user_id = $1", ident("other"))
    assert tuple(row) == found
