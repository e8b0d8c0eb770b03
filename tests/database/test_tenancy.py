"""Tenants: no caller of one reaches a row of another, and no row points into another."""

import asyncpg
import pytest

from .world import ELSEWHERE, FOREIGNER, HOME, OUTSIDER, PUBLIC, SERVICE, act_as, ident, sql

TABLES = (
    "select c.relname as name from pg_class c where c.relnamespace = 'library'::regnamespace and c.relkind = 'r'"
    " and has_table_privilege('authenticated', c.oid, 'select')"
    " order by 1"
)


async def test_a_caller_sees_rows_of_one_tenant_only_in_every_table(db: asyncpg.Connection) -> None:
    tables = [record["name"] for record in await db.fetch(TABLES)]
    await act_as(db, SERVICE)
    await db.execute("update library.user_roles set role = 'super_admin' where user_id = $1", FOREIGNER.user)
    for table in tables:
        await act_as(db, SERVICE)
        at_home = await db.fetchval(f"select count(*) from library.{table} where tenant_id = $1", HOME)
        await act_as(db, FOREIGNER)

        assert at_home > 0, table
        assert await db.fetchval(f"select count(*) from library.{table} where tenant_id = $1", HOME) == 0, table


async def test_somebody_from_elsewhere_has_no_rank_here(db: asyncpg.Connection) -> None:
    await db.execute("update library.user_roles set role = 'super_admin' where user_id = $1", OUTSIDER.user)
    await act_as(db, OUTSIDER)

    assert await db.fetchval("select count(*) from library.resources where tenant_id = $1", HOME) == 1
    assert await db.fetchval("select count(*) from library.user_roles") == 0


async def test_a_row_cannot_point_into_another_tenant(db: asyncpg.Connection) -> None:
    """Not even when the service role, which passes row security, writes it."""
    await act_as(db, SERVICE)
    keys = await db.fetch(
        "select conname, conrelid::regclass::text as name, confrelid::regclass::text as target from pg_constraint"
        " where contype = 'f' and connamespace = 'library'::regnamespace and confrelid::regclass::text like 'library.%'"
    )
    assert len(keys) > 30

    single = await db.fetch(
        "select conname from pg_constraint where contype = 'f' and connamespace = 'library'::regnamespace"
        " and confrelid in (select oid from pg_class where relnamespace = 'library'::regnamespace)"
        " and not exists (select from pg_attribute where attrelid = conrelid and attnum = conkey[1]"
        "                 and attname = 'tenant_id')"
    )
    assert single == []
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await db.execute(
            "insert into library.resource_comments (tenant_id, resource_id, user_id, content) values ($1, $2, $3, 'x')",
            ELSEWHERE,
            PUBLIC,
            FOREIGNER.user,
        )


async def test_a_row_cannot_be_written_into_another_tenant(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(
            "insert into library.collections (tenant_id, user_id, name) values ($1, $2, 'x')", ELSEWHERE, ident("owner")
        )


async def test_a_row_cannot_be_moved_to_another_tenant(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute(
        "update library.collections set tenant_id = $1, id = $1 where id = $2", ELSEWHERE, ident("collection")
    )

    assert await db.fetchval("select tenant_id from library.collections where id = $1", ident("collection")) == HOME


async def test_the_same_name_may_be_used_in_two_tenants(db: asyncpg.Connection) -> None:
    await act_as(db, FOREIGNER)
    await db.execute("insert into library.category_tag_suggestions (name, type) values ('Rust', 'tag')")
    await db.execute("update library.profiles set username = 'owner'")

    assert await db.fetchval("select username from library.profiles") == "owner"


async def test_removing_a_tenant_removes_all_of_it_and_nothing_else(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("delete from relais.tenants where id = $1", HOME)

    for record in await db.fetch(TABLES):
        assert await db.fetchval(f"select count(*) from library.{record['name']} where tenant_id = $1", HOME) == 0
    assert await db.fetchval(sql("select count(*) from library.resources where id = <foreign>")) == 1
