"""Rules between rows: replies, shares, groups, categories, ranks, and the record of permissions."""

import asyncpg
import pytest

from .world import HOME, PRIVATE, PUBLIC, SERVICE, act_as, ident, sql


async def test_a_reply_belongs_to_the_resource_of_what_it_answers(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    reply = "insert into library.resource_comments (resource_id, parent_id, content) values ($1, $2, 'Re') returning id"
    assert await db.fetchval(reply, PUBLIC, ident("public comment"))

    with pytest.raises(asyncpg.CheckViolationError, match="même ressource"):
        await db.fetchval(reply, PUBLIC, ident("private comment"))


async def test_replies_go_with_the_comment_that_they_answer_whoever_wrote_them(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    await db.execute(
        "insert into library.resource_comments (resource_id, parent_id, content) values ($1, $2, 'Re')",
        PUBLIC,
        ident("public comment"),
    )
    await act_as(db, "owner")
    await db.execute("delete from library.resource_comments where id = $1", ident("public comment"))

    assert await db.fetchval("select count(*) from library.resource_comments where resource_id = $1", PUBLIC) == 0


async def test_deleting_a_resource_takes_other_peoples_rows_along(db: asyncpg.Connection) -> None:
    """As the interface does it: their rows first, which touches nothing, then the resource."""
    await act_as(db, "other")
    for table, columns in (("saved_resources", "resource_id"), ("resource_ratings", "rating, resource_id")):
        await db.execute(
            f"insert into library.{table} ({columns}) values ({'4, ' * (columns != 'resource_id')}$1)", PUBLIC
        )
    await act_as(db, "owner")
    for table in ("saved_resources", "resource_ratings", "resource_shares", "resource_comments"):
        await db.execute(f"delete from library.{table} where resource_id = $1", PUBLIC)
    await act_as(db, SERVICE)
    assert await db.fetchval("select count(*) from library.saved_resources where user_id = $1", ident("other")) == 1

    await act_as(db, "owner")
    assert await db.execute("delete from library.resources where id = $1", PUBLIC) == "DELETE 1"
    await act_as(db, SERVICE)
    assert await db.fetchval("select count(*) from library.saved_resources") == 0
    assert await db.fetchval("select count(*) from library.resource_ratings where resource_id = $1", PUBLIC) == 0


@pytest.mark.parametrize(
    ("column", "target", "share"),
    [("shared_with_user_id", "shared", "share"), ("shared_with_group_id", "group", "group share")],
)
async def test_sharing_again_with_somebody_changes_the_share(
    db: asyncpg.Connection, column: str, target: str, share: str
) -> None:
    await act_as(db, "owner")
    repeat = (
        f"insert into library.resource_shares (resource_id, {column}, permission) values ($1, $2, 'write') returning *"
    )
    row = await db.fetchrow(repeat, PRIVATE, ident(target))

    assert (row["id"], row["permission"]) == (ident(share), "write")
    assert await db.fetchval("select count(*) from library.resource_shares where resource_id = $1", PRIVATE) == 4


async def test_sharing_by_upsert_means_the_same(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    row = await db.fetchrow(
        "insert into library.resource_shares (resource_id, shared_with_user_id, permission) values ($1, $2, 'write')"
        " on conflict (tenant_id, resource_id, shared_with_user_id) do update set permission ="
        " excluded.permission returning *",
        PRIVATE,
        ident("shared"),
    )

    assert (row["id"], row["permission"]) == (ident("share"), "write")


async def test_somebody_else_who_shares_again_takes_nothing_away(db: asyncpg.Connection) -> None:
    await act_as(db, "admin")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.transaction():
            await db.execute(
                "insert into library.resource_shares (resource_id, shared_with_user_id) values ($1, $2)",
                PRIVATE,
                ident("shared"),
            )

    await act_as(db, "shared")
    assert await db.fetchval("select count(*) from library.resources where id = $1", PRIVATE) == 1


@pytest.mark.parametrize("targets", ["null, null", "'{user}', '{group}'"])
async def test_a_share_has_exactly_one_target(db: asyncpg.Connection, targets: str) -> None:
    await act_as(db, "owner")
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "insert into library.resource_shares (resource_id, shared_with_user_id, shared_with_group_id) values ($1, "
            + targets.format(user=ident("other"), group=ident("group"))
            + ")",
            PUBLIC,
        )


@pytest.mark.parametrize("permission", ["read", "resource:read", "resource:write", "moderate", "resource:share"])
async def test_an_explicit_permission_opens_a_resource_in_either_spelling(
    db: asyncpg.Connection, permission: str
) -> None:
    await act_as(db, "owner")
    await db.execute(
        "insert into library.resource_permissions (resource_id, user_id, permission) values ($1, $2, $3)",
        PRIVATE,
        ident("other"),
        permission,
    )
    await act_as(db, "other")

    assert await db.fetchval("select count(*) from library.resources where id = $1", PRIVATE) == 1
    written = await db.execute("update library.resources set title = 'x' where id = $1", PRIVATE)
    assert written == ("UPDATE 1" if permission == "resource:write" else "UPDATE 0")


@pytest.mark.parametrize(("permission", "expires"), [("comment", None), ("read", "2020-01-01")])
async def test_an_unknown_or_expired_permission_opens_nothing(
    db: asyncpg.Connection, permission: str, expires: str | None
) -> None:
    await act_as(db, "owner")
    await db.execute(
        "insert into library.resource_permissions (resource_id, user_id, permission, expires_at)"
        " values ($1, $2, $3, $4::text::timestamptz)",
        PRIVATE,
        ident("other"),
        permission,
        expires,
    )
    await act_as(db, "other")

    assert await db.fetchval("select count(*) from library.resources where id = $1", PRIVATE) == 0


async def test_the_owner_of_a_group_reads_what_is_shared_with_it(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("update library.groups set owner_id = $1", ident("other"))
    await act_as(db, "other")

    assert await db.fetchval("select count(*) from library.resources where id = $1", PRIVATE) == 1


async def test_whoever_creates_a_group_is_its_first_administrator(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    group = await db.fetchval("insert into library.groups (name) values ('New') returning id")

    members = await db.fetch("select user_id, role::text from library.group_members where group_id = $1", group)
    assert [tuple(member) for member in members] == [(ident("other"), "admin")]


async def test_the_owner_cannot_leave_the_group_nor_be_put_out(db: asyncpg.Connection) -> None:
    for caller in ("owner", "admin"):
        await act_as(db, caller)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="Le propriétaire ne peut pas quitter le groupe"):
            async with db.transaction():
                await db.execute("delete from library.group_members where user_id = $1", ident("owner"))

    await act_as(db, "owner")
    assert await db.execute("delete from library.groups where id = $1", ident("group")) == "DELETE 1"


async def test_an_administrator_of_a_group_manages_its_members_and_its_name(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute("update library.group_members set role = 'admin' where user_id = $1", ident("member"))
    await act_as(db, "member")
    await db.execute(
        "insert into library.group_members (group_id, user_id) values ($1, $2)", ident("group"), ident("other")
    )

    assert await db.execute("update library.groups set name = 'x' where id = $1", ident("group")) == "UPDATE 1"
    assert await db.execute("delete from library.group_members where user_id = $1", ident("other")) == "DELETE 1"
    assert await db.execute("delete from library.groups where id = $1", ident("group")) == "DELETE 0"


async def test_nobody_lets_themselves_into_a_group(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(
            "insert into library.group_members (group_id, user_id) values ($1, $2)", ident("group"), ident("other")
        )


async def test_a_category_cannot_be_put_below_itself(db: asyncpg.Connection) -> None:
    await act_as(db, "admin")
    child = await db.fetchval(
        "insert into library.category_hierarchy (name, parent_id) values ('C', $1) returning id", ident("category")
    )
    for parent in (child, ident("category")):
        with pytest.raises(asyncpg.CheckViolationError, match="sous elle-même"):
            async with db.transaction():
                await db.execute(
                    "update library.category_hierarchy set parent_id = $1 where id = $2", parent, ident("category")
                )


async def test_the_last_super_administrator_stays(db: asyncpg.Connection) -> None:
    await act_as(db, "super_admin")
    for statement in (
        "update library.user_roles set role = 'user' where user_id = $1",
        "update library.user_roles set expires_at = now() - interval '1 s' where user_id = $1",
        "delete from library.user_roles where user_id = $1",
    ):
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with db.transaction():
                await db.execute(statement, ident("super_admin"))
        assert refused.value.sqlstate == "PT409"

    await db.execute("update library.user_roles set role = 'super_admin' where user_id = $1", ident("admin"))
    assert (
        await db.execute("update library.user_roles set role = 'user' where user_id = $1", ident("super_admin"))
        == "UPDATE 1"
    )


@pytest.mark.parametrize("role", ["admin", "super_admin"])
async def test_an_administrator_makes_no_administrators(db: asyncpg.Connection, role: str) -> None:
    await act_as(db, "admin")
    assert (
        await db.execute("update library.user_roles set role = 'moderator' where user_id = $1", ident("other"))
        == "UPDATE 1"
    )

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("update library.user_roles set role = $2 where user_id = $1", ident("other"), role)


async def test_the_last_super_administrator_may_close_their_account(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)

    assert await db.execute("delete from relais.users where id = $1", ident("super_admin")) == "DELETE 1"


async def test_changes_of_the_permission_matrix_are_recorded(db: asyncpg.Connection) -> None:
    await act_as(db, "super_admin")
    permission = await db.fetchval(
        "insert into library.permissions (name, resource, action) values ('book:lend', 'book', 'lend') returning id"
    )
    await db.execute("insert into library.role_permissions (role, permission_id) values ('user', $1)", permission)
    await db.execute("delete from library.role_permissions where permission_id = $1", permission)

    record = await db.fetch(
        "select action, actor_user_id, target_role::text, permission_name, metadata::text from"
        " library.permission_audit_logs"
        " where permission_id = $1 order by id",
        permission,
    )
    me = ident("super_admin")
    assert [tuple(entry) for entry in record] == [
        ("PERMISSION_CREATED", me, None, "book:lend", '{"action": "lend", "resource": "book"}'),
        ("PERMISSION_ASSIGNED", me, "user", "book:lend", '{"role": "user"}'),
        ("PERMISSION_REVOKED", me, "user", "book:lend", '{"role": "user"}'),
    ]


async def test_a_new_tenant_records_no_permissions(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("insert into relais.tenants (slug, name) values ('new', 'New')")

    assert await db.fetchval("select count(*) from library.permission_audit_logs where tenant_id <> $1", HOME) == 0


@pytest.mark.parametrize(("caller", "allowed"), [("other", False), ("member", True), ("admin", True)])
async def test_sharing_with_a_group_takes_being_in_it(db: asyncpg.Connection, caller: str, allowed: bool) -> None:
    await act_as(db, caller)
    mine = await db.fetchval("insert into library.resources (title, description) values ('T', 'D') returning id")
    share = "insert into library.resource_shares (resource_id, shared_with_group_id) values ($1, $2)"
    if allowed:
        assert await db.execute(share, mine, ident("group")) == "INSERT 0 1"
        return
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(share, mine, ident("group"))


async def test_a_reply_tells_nothing_of_a_resource_that_the_caller_cannot_read(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    for resource in (PRIVATE, ident("nothing")):
        for parent in ("private comment", "public comment", "nothing"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with db.transaction():
                    await db.execute(
                        "insert into library.resource_comments (resource_id, parent_id, content) values ($1, $2, 'x')",
                        resource,
                        ident(parent),
                    )


async def test_a_super_administrator_for_a_time_does_not_count_as_the_last(db: asyncpg.Connection) -> None:
    await act_as(db, "super_admin")
    await db.execute(
        "update library.user_roles set role = 'super_admin', expires_at = now() + interval '1 day' where user_id = $1",
        ident("admin"),
    )
    for change in ("role = 'user'", "expires_at = now() + interval '1 day'"):
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with db.transaction():
                await db.execute(f"update library.user_roles set {change} where user_id = $1", ident("super_admin"))
        assert refused.value.sqlstate == "PT409"


async def test_a_new_member_of_a_group_is_neither_its_owner_nor_dated_back(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    row = await db.fetchrow(
        "insert into library.group_members (group_id, user_id, role, added_at)"
        " values ($1, $2, 'owner', '2001-01-01') returning role::text, added_at, now()",
        ident("group"),
        ident("other"),
    )

    assert (row["role"], row["added_at"]) == ("member", row["now"])


@pytest.mark.parametrize(
    "statement",
    [
        "insert into library.resource_comments (resource_id, content) values (<public>, E' \\n ')",
        "insert into library.category_tag_suggestions (name, type) values ('  ', 'tag')",
    ],
)
async def test_a_comment_and_a_suggestion_say_something(db: asyncpg.Connection, statement: str) -> None:
    await act_as(db, "owner")
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(sql(statement))


async def test_two_categories_of_one_parent_have_two_names(db: asyncpg.Connection) -> None:
    await act_as(db, "admin")
    add = "insert into library.category_hierarchy (name, parent_id) values ($1, $2)"
    await db.execute(add, "books", ident("category"))
    for name, parent in (("BOOKS", None), ("Books", ident("category"))):
        with pytest.raises(asyncpg.UniqueViolationError):
            async with db.transaction():
                await db.execute(add, name, parent)
