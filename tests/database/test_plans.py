"""How PostgreSQL goes about the questions that the interface asks, on tables large enough to matter."""

import asyncpg
import pytest

from .world import HOME, PRIVATE, PUBLIC, SERVICE, act_as, ident

ROWS = 5000
FILL = (
    "insert into library.resources (user_id, title, description, category, visibility, created_at, views_count)"
    " select p.user_id, 'T' || g, repeat('lorem ', 20), 'c' || g % 50,"
    "        (case when g % 3 = 0 then 'private' else 'public' end)::library.resource_visibility,"
    "        now() - g * interval '1 minute', g"
    f" from generate_series(1, {ROWS}) g"
    " join (select user_id, row_number() over (order by user_id) - 1 as n from library.profiles"
    "       where tenant_id = relais.tenant_id()) p on p.n = g % 9",
    "insert into library.resource_comments (resource_id, user_id, content)"
    " select id, user_id, 'C' from library.resources where tenant_id = relais.tenant_id()",
    "insert into library.category_tag_suggestions (name, type, status, votes_count)"
    " select 'n' || g, 'tag', 'approved', g from generate_series(1, 10_000) g",
    "analyze library.resources, library.resource_comments, library.category_tag_suggestions",
)


@pytest.fixture(scope="module", autouse=True)
async def _filled(connection: asyncpg.Connection) -> None:
    await connection.execute("select set_config('relais.tenant_id', $1, false)", str(HOME))
    for statement in FILL:
        await connection.execute(statement)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "from library.resources where visibility = 'public' order by created_at desc limit 20",
            "resources_created_at_idx",
        ),
        (
            "from library.resources where visibility = 'public' order by views_count desc limit 20",
            "resources_views_count_idx",
        ),
        ("from library.resources order by created_at desc limit 20", "resources_created_at_idx"),
        (f"from library.resources where id = '{PUBLIC}'", "resources_pkey"),
        (
            f"from library.resource_comments where resource_id = '{PRIVATE}' order by created_at",
            "resource_comments_resource_id_created_at_idx",
        ),
        (
            "from library.category_tag_suggestions where type = 'tag' and status = 'approved' and action = 'add'"
            " order by votes_count desc limit 50",
            "category_tag_suggestions_votes_count_idx",
        ),
    ],
)
@pytest.mark.parametrize("caller", ["anonymous", "shared"])
async def test_lists_and_details_read_an_index_and_no_whole_table(
    db: asyncpg.Connection, caller: str, query: str, index: str
) -> None:
    await act_as(db, caller)
    plan = await _plan(db, f"select * {query}")

    assert index in plan
    assert "Seq Scan on resources" not in plan
    assert "Seq Scan on resource_comments" not in plan
    assert "Seq Scan on category_tag_suggestions" not in plan


async def test_shares_are_looked_up_once_a_statement_however_many_rows_are_read(db: asyncpg.Connection) -> None:
    await act_as(db, "shared")
    plan = await _plan(db, "select id from library.resources")

    assert "hashed SubPlan" in plan
    assert _loops(plan, "ProjectSet") == [1]
    assert set(_loops(plan, "Result")) == {1}


async def test_a_public_resource_asks_nobody_for_anything(db: asyncpg.Connection) -> None:
    await act_as(db, "shared")
    plan = await _plan(db, f"select * from library.resources where id = '{PUBLIC}'")

    assert "ProjectSet (never executed)" in plan


async def test_loading_many_ratings_counts_them_in_one_go(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    plan = await _plan(
        db,
        "insert into library.resource_ratings (resource_id, user_id, rating)"
        f" select id, '{ident('other')}', 3 from library.resources where tenant_id = '{HOME}'",
    )

    assert "Trigger count_ratings_on_insert: calls=1" in plan


async def _plan(db: asyncpg.Connection, statement: str) -> str:
    rows = await db.fetch(f"explain (analyze, costs off, timing off, summary off, buffers off) {statement}")
    return "\n".join(row[0] for row in rows)


def _loops(plan: str, node: str) -> list[int]:
    return [int(line.rsplit("loops=", 1)[1].rstrip(")")) for line in plan.splitlines() if f"{node} (actual" in line]
