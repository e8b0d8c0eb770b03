"""Profiles: how they come about, and which of what is known of somebody is shown to whom."""

import asyncio

import asyncpg
import pytest

from .world import HOME, SERVICE, act_as, ident


async def _join(db: asyncpg.Connection, email: str) -> asyncpg.Record:
    user = await db.fetchval("insert into relais.users (email) values ($1) returning id", email)
    await db.execute("insert into relais.memberships (tenant_id, user_id) values ($1, $2)", HOME, user)
    return await db.fetchrow("select * from library.profiles where user_id = $1", user)


async def test_a_member_has_a_profile_and_the_rank_of_a_user(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    profile = await _join(db, "ada@test.org")

    assert (profile["tenant_id"], profile["username"], profile["full_name"]) == (HOME, "ada", "ada")
    assert profile["id"] == profile["user_id"]
    assert await db.fetchval("select role::text from library.user_roles where user_id = $1", profile["id"]) == "user"


async def test_a_taken_user_name_gets_a_number(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    names = [(await _join(db, f"ada@{host}.org"))["username"] for host in ("one", "two", "three")]

    assert names == ["ada", "ada-2", "ada-3"]


async def test_two_who_join_at_once_with_one_name_both_get_in(database: str) -> None:
    connections = [await asyncpg.connect(database) for _ in range(8)]
    try:
        joined = await asyncio.gather(*(_join(one, f"eve@{n}.org") for n, one in enumerate(connections)))
    finally:
        await asyncio.gather(*(one.close() for one in connections))

    assert sorted(profile["username"] for profile in joined) == ["eve", *(f"eve-{n}" for n in range(2, 9))]


async def test_joining_a_second_tenant_makes_a_second_profile(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("insert into relais.memberships (tenant_id, user_id) values ($1, $2)", HOME, ident("foreigner"))

    assert await db.fetchval("select count(*) from library.profiles where user_id = $1", ident("foreigner")) == 2


async def test_whoever_leaves_loses_the_rank_and_leaves_what_they_wrote(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("delete from relais.memberships where user_id = $1", ident("owner"))

    assert await db.fetchval("select count(*) from library.user_roles where user_id = $1", ident("owner")) == 0
    assert await db.fetchval("select count(*) from library.resources where user_id = $1", ident("owner")) == 2


async def test_removing_an_account_removes_what_it_wrote(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("delete from relais.users where id = $1", ident("owner"))

    assert await db.fetchval("select count(*) from library.resources where user_id = $1", ident("owner")) == 0
    suggestion = await db.fetchrow("select * from library.category_tag_suggestions where id = $1", ident("suggestion"))
    assert suggestion["suggested_by"] is None
    assert suggestion["tenant_id"] == HOME


@pytest.mark.parametrize("given", ["id", "user_id"])
async def test_either_identifier_of_a_profile_fills_the_other(db: asyncpg.Connection, given: str) -> None:
    await act_as(db, SERVICE)
    profile = await db.fetchrow(f"insert into library.profiles ({given}) values ($1) returning *", ident("foreigner"))

    assert profile["id"] == profile["user_id"] == ident("foreigner")


async def test_the_two_identifiers_of_a_profile_cannot_differ(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "insert into library.profiles (id, user_id) values ($1, $2)", ident("nobody"), ident("foreigner")
        )


@pytest.mark.parametrize(
    ("caller", "shown"),
    [("owner", True), ("admin", True), ("super_admin", True), ("service", True)]
    + [(name, False) for name in ("anonymous", "other", "moderator", "outsider")],
)
async def test_an_address_is_shown_to_its_owner_and_to_administrators(
    db: asyncpg.Connection, caller: str, shown: bool
) -> None:
    await act_as(db, caller)
    address = await db.fetchval("select library.email(p) from library.profiles p where id = $1", ident("owner"))

    assert address == ("owner@test.org" if shown else None)


async def test_an_administrator_cannot_ask_for_addresses_of_another_tenant(db: asyncpg.Connection) -> None:
    await act_as(db, "admin")

    assert await db.fetchval(
        "select library.email(row($1::uuid, $2::uuid, $2::uuid, null, null, null, null, null, now(), now())"
        "::library.profiles)", HOME, ident("foreigner")
    ) is None  # fmt: skip


async def test_everybody_sees_ranks_with_profiles_until_they_expire(db: asyncpg.Connection) -> None:
    query = "select library.role(p)::text from library.profiles p where id = $1"
    await act_as(db, "anonymous")
    assert await db.fetchval(query, ident("moderator")) == "moderator"

    await act_as(db, SERVICE)
    await db.execute(
        "update library.user_roles set expires_at = now() - interval '1 s' where user_id = $1", ident("moderator")
    )
    await act_as(db, "anonymous")
    assert await db.fetchval(query, ident("moderator")) is None


async def test_an_expired_rank_gives_no_rights(db: asyncpg.Connection) -> None:
    await db.execute(
        "update library.user_roles set expires_at = now() - interval '1 s' where user_id = $1", ident("admin")
    )
    await act_as(db, "admin")

    assert await db.execute("update library.profiles set bio = 'x' where id = $1", ident("owner")) == "UPDATE 0"


async def test_a_new_tenant_has_its_settings_and_its_matrix(db: asyncpg.Connection) -> None:
    tenant = await db.fetchval("insert into relais.tenants (slug, name) values ('new', 'New') returning id")
    counts = [
        await db.fetchval(f"select count(*) from library.{table} where tenant_id = $1", tenant)
        for table in ("admin_config", "permissions", "role_permissions")
    ]
    ranks = await db.fetch(
        "select r.role::text, count(*) as total from library.role_permissions r where tenant_id = $1 group by 1", tenant
    )

    assert counts == [10, 28, 97]
    assert {record["role"]: record["total"] for record in ranks} == {
        "guest": 3, "user": 18, "moderator": 23, "admin": 25, "super_admin": 28,
    }  # fmt: skip


async def test_preparing_a_tenant_again_changes_nothing(db: asyncpg.Connection) -> None:
    await db.execute("update library.admin_config set value = '9' where tenant_id = $1", HOME)
    before = await db.fetchval("select count(*) from library.role_permissions")
    await db.execute("select library_internal.prepare_tenant($1)", HOME)

    assert await db.fetchval("select count(*) from library.role_permissions") == before
    assert (
        await db.fetchval("select count(*) from library.admin_config where tenant_id = $1 and value = '9'", HOME) == 10
    )


async def test_a_tenant_starts_with_words_that_nobody_signed(db: asyncpg.Connection) -> None:
    """One that was proposed in other capitals is not there twice, and what was decided stays decided."""
    tenant = await db.fetchval("insert into relais.tenants (slug, name) values ('mots', 'Mots') returning id")
    mine = "from library.category_tag_suggestions where tenant_id = $1"
    counted = f"select type::text, status::text, votes_count, count(*) {mine} and suggested_by is null group by 1, 2, 3"
    started = {tuple(row) for row in await db.fetch(counted, tenant)}
    assert started == {
        ("category", "approved", 10, 8), ("tag", "approved", 8, 15),
        ("resource_type", "approved", 5, 3), ("filter", "approved", 7, 6),
        ("category", "pending", 0, 1), ("tag", "pending", 0, 2), ("filter", "pending", 0, 1),
    }  # fmt: skip

    await db.execute("delete " + mine + " and name in ('react', 'python')", tenant)
    await db.execute(
        "insert into library.category_tag_suggestions (tenant_id, name, type, status)"
        " values ($1, 'React', 'tag', 'rejected')",
        tenant,
    )
    await db.execute("select library_internal.prepare_tenant($1)", tenant)
    again = await db.fetch(f"select name, status::text {mine} and lower(name) in ('react', 'python')", tenant)
    assert {tuple(row) for row in again} == {("React", "rejected"), ("python", "approved")}
    assert await db.fetchval(f"select count(*) {mine}", tenant) == 36


async def test_an_empty_user_name_is_none(db: asyncpg.Connection) -> None:
    for name in ("owner", "other"):
        await act_as(db, name)
        await db.execute("update library.profiles set username = ' ' where id = $1", ident(name))

    assert await db.fetchval("select count(*) from library.profiles where username is null") == 2


async def test_joining_waits_for_whoever_takes_the_name_at_that_moment(database: str) -> None:
    """By a change of theirs, which takes no turn, or with a name that another one gets as its suffix."""
    first, second = [await asyncpg.connect(database) for _ in range(2)]
    try:
        renaming = first.transaction()
        await renaming.start()
        await act_as(first, "other")
        await first.execute("update library.profiles set username = 'zoe' where id = $1", ident("other"))
        joining = asyncio.create_task(_join(second, "zoe@one.org"))
        await _waits(database, second)
        await renaming.commit()
        assert (await joining)["username"] == "zoe-2"

        taking = first.transaction()
        await taking.start()
        assert (await _join(first, "zoe-3@one.org"))["username"] == "zoe-3"
        joining = asyncio.create_task(_join(second, "zoe@two.org"))
        await _waits(database, second)
        await taking.commit()
        assert (await joining)["username"] == "zoe-4"
    finally:
        await asyncio.gather(first.close(), second.close())


async def _waits(database: str, connection: asyncpg.Connection) -> None:
    """Until another connection is held up by a lock."""
    watcher = await asyncpg.connect(database)
    try:
        pid = connection.get_server_pid()
        while not await watcher.fetchval("select cardinality(pg_blocking_pids($1)) > 0", pid):
            await asyncio.sleep(0.01)
    finally:
        await watcher.close()
