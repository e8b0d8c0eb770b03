"""What a session makes for itself is never taken for a built-in by functions that may more than their caller."""

import asyncpg
import pytest

from .world import CALLERS, HOME, act_as, ident, sql

#: A type called like a built-in one, whose check runs whenever a value becomes of that type.
SHADOW = """
create function pg_temp.spy(value pg_catalog.text) returns boolean language plpgsql as $$
begin
  if current_user = 'relais_definer' then
    perform set_config('test.spied', 'yes', false);
  end if;
  return true;
end
$$;
create domain pg_temp.{name} as pg_catalog.{name} check (pg_temp.spy(value::pg_catalog.text));
grant usage on domain pg_temp.{name} to public;
grant execute on function pg_temp.spy(pg_catalog.text) to public;
select set_config('test.spied', 'no', false)
"""
#: Statements whose triggers declare variables of the type, or cast to it.
ROADS = [
    ("uuid", "admin", "insert into library.category_hierarchy (name, parent_id) values ('Child', <category>)"),
    (
        "uuid",
        "owner",
        "insert into library.collection_resources (collection_id, resource_id) values (<private collection>, <public>)",
    ),
    ("text", "admin", "insert into library.category_hierarchy (name, parent_id) values ('Child', <category>)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "caller", "statement"), ROADS)
async def test_a_type_of_the_session_runs_nothing_as_the_definer(
    database: str, name: str, caller: str, statement: str
) -> None:
    connection = await asyncpg.connect(database)  # its own: plans would remember the built-in type
    try:
        await connection.execute(SHADOW.format(name=name))
        transaction = connection.transaction()
        await transaction.start()
        await act_as(connection, caller)
        await connection.execute(sql(statement))

        assert await connection.fetchval("select current_setting('test.spied')") == "no"
    finally:
        await connection.close()


async def test_clients_make_no_temporary_objects(world: str, admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        for role in ("anon", "authenticated", "relais_login", "relais_definer"):
            assert not await connection.fetchval("select has_database_privilege($1, $2, 'temporary')", role, world)
    finally:
        await connection.close()


async def test_a_new_function_runs_for_nobody_until_it_is_granted(db: asyncpg.Connection) -> None:
    for owner in ("none", "relais_definer"):
        await db.execute(f"set local role {owner}")
        for schema in ("relais", "library", "library_internal"):
            await db.execute(f"create function {schema}.fresh() returns int language sql return 1")
            assert not await db.fetchval("select has_function_privilege('anon', $1, 'execute')", f"{schema}.fresh()")
            await db.execute(f"drop function {schema}.fresh()")


async def test_what_clients_may_call_inside_is_known(db: asyncpg.Connection) -> None:
    """Anybody who has SQL can call these with any argument. Whoever adds one makes sure that it checks who asks."""
    found = await db.fetch(
        "select p.proname from pg_proc p where p.pronamespace = 'library_internal'::regnamespace"
        " and (has_function_privilege('anon', p.oid, 'execute')"
        "      or has_function_privilege('authenticated', p.oid, 'execute'))"
    )

    assert {record["proname"] for record in found} == {
        "has_rank", "my_group_ids", "managed_group_ids", "shared_resource_ids", "writable_resource_ids", "role_of",
        "address_of", "permissions_of", "totals_of", "count_view", "count_download", "group_resource_ids",
        "drop_entry", "refuse", "must_be_new", "count_use", "tagged_resource_ids", "folded", "file_exists",
        "public_file", "readable_file",
        "daily_counts", "most_viewed", "contributions", "statistics", "people", "found_resources",
        "search_words", "search_query", "spelled", "marked", "tell_fork",
    }  # fmt: skip


@pytest.mark.parametrize("caller", ["anonymous", "other", "foreigner", "outsider"])
async def test_a_resource_that_the_caller_cannot_read_is_neither_counted_nor_told_of(
    db: asyncpg.Connection, caller: str
) -> None:
    await act_as(db, caller)
    private = ident("private")
    await db.execute("select library_internal.count_view($1), library_internal.count_download($1)", private)
    assert await db.fetch("select * from library_internal.totals_of($1)", private) == []

    await db.execute("set local role none")
    row = await db.fetchrow("select views_count, downloads_count from library.resources where id = $1", private)
    assert tuple(row) == (0, 0)


async def test_a_counter_at_its_largest_value_stays_there(db: asyncpg.Connection) -> None:
    await db.execute("update library.resources set views_count = 2147483647, downloads_count = 2147483647")
    await act_as(db, "owner")
    for name in ("views", "downloads"):
        await db.execute(f"select library.increment_resource_{name}($1)", ident("public"))

    assert await db.fetchval("select views_count from library.resources where id = $1", ident("public")) == 2147483647


async def test_the_rule_of_reading_for_others_is_that_of_the_policy(db: asyncpg.Connection) -> None:
    for name, caller in CALLERS.items():
        if caller.tenant != HOME or name == "service":
            continue
        for resource in ("public", "private"):
            await db.execute("set local role none")
            told = await db.fetchval(
                "select library_internal.readable_by($1, $2, $3)", HOME, ident(resource), caller.user
            )
            await act_as(db, caller)
            seen = await db.fetchval("select exists (select from library.resources where id = $1)", ident(resource))
            assert told is seen, (name, resource)
