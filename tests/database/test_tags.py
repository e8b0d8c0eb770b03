"""Resources by their tags, whatever the case: who finds which, and how PostgreSQL goes about it."""

import asyncpg
import pytest

from .world import CALLERS, HOME, PRIVATE, PUBLIC, act_as

ROWS = 20_000


@pytest.fixture(scope="module", autouse=True)
async def _filled(connection: asyncpg.Connection) -> None:
    await connection.execute("select set_config('relais.tenant_id', $1, false)", str(HOME))
    await connection.execute(
        "insert into library.resources (user_id, title, description, visibility, tags, created_at)"
        " select p.user_id, 'T' || g, repeat('lorem ', 20),"
        "        (case when g % 3 = 0 then 'private' else 'public' end)::library.resource_visibility,"
        "        array['Tag' || g % 500, 'Autre' || g % 7], now() - g * interval '1 minute'"
        f" from generate_series(1, {ROWS}) g"
        " join (select user_id, row_number() over (order by user_id) - 1 as n from library.profiles"
        "       where tenant_id = relais.tenant_id()) p on p.n = g % 9"
    )
    await connection.execute("update library.resources set tags = '{Rare,Élan}' where id = any($1)", [PUBLIC, PRIVATE])
    await connection.execute("analyze library.resources")


@pytest.mark.parametrize("caller", sorted(CALLERS))
async def test_everybody_finds_what_they_may_read_and_nothing_else(db: asyncpg.Connection, caller: str) -> None:
    await act_as(db, caller)
    for tags in (["rare"], ["TAG7", "tag8"], ["autre3"]):
        readable = await db.fetch(
            "select id from library.resources where library.folded_tags(resources) && library_internal.folded($1)"
            " and tenant_id = relais.tenant_id()",
            tags,
        )
        found = await db.fetch("select id from library.resources_tagged($1)", tags)
        looked_up = await db.fetch("select library_internal.tagged_resource_ids($1) as id", tags)
        assert set(found) == set(readable) == set(looked_up)


async def test_letters_have_no_case_and_nothing_asks_for_nothing(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    for tags, count in ((["RARE"], 2), (["rare", "nothing"], 2), (["élan"], 2), (["rar"], 0), ([], 0)):
        assert await db.fetchval("select count(*) from library.resources_tagged($1)", tags) == count, tags
    assert await db.fetchval("select count(*) from library.resources_tagged(null)") == 0


@pytest.mark.parametrize("caller", ["anonymous", "shared", "admin"])
async def test_tags_are_looked_up_in_the_index_and_the_table_is_not_read(db: asyncpg.Connection, caller: str) -> None:
    plans: list[str] = []
    # As a superuser: what runs inside of the definer function is told as well.
    await db.execute("load 'auto_explain'")
    for name, value in (("log_min_duration", "0"), ("log_nested_statements", "on"), ("log_analyze", "on")):
        await db.execute(f"set local auto_explain.{name} = {value}")
    await db.execute("set local client_min_messages = log")
    db.add_log_listener(lambda _, message: plans.append(message.message))
    await act_as(db, caller)
    found = await db.fetch("select id from library.resources_tagged(array['tag7']) order by created_at desc limit 20")
    assert len(found) == 20
    assert any("Index Scan on resources_folded_tags_idx" in plan for plan in plans)
    assert not any("Seq Scan on resources" in plan for plan in plans)
