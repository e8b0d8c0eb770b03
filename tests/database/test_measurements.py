"""Numbers of events are found by indexes, however many events there are."""

import asyncpg
import pytest

from .world import HOME, SERVICE, act_as, ident

_EVENTS = """
    insert into library.analytics_events (tenant_id, event, user_id, resource_id, created_at)
    select $1, 'event ' || n % 20, case when n % 500 = 0 then $2::uuid end, $3, now() - n % 300 * interval '1 day'
    from generate_series(1, 30000) as n
"""
_VIEWS = """
    insert into library.analytics_daily (tenant_id, resource_id, day, event, count)
    select $1, case n when 300 then $2::uuid else gen_random_uuid() end, current_date - n % 300, 'resource_view', 1
    from generate_series(1, 30000) as n
"""
_SCANS = "select sum(seq_scan) from pg_stat_xact_user_tables where relname in ('analytics_events', 'analytics_daily')"


@pytest.mark.parametrize(
    "call",
    [
        "library.analytics_stats(7)",
        "library.analytics_stats(30, 'event 3')",
        "library.popular_resources(7, 10)",
        "library.user_activity(relais.user_id(), 30)",
    ],
)
async def test_no_number_takes_a_look_at_everything(db: asyncpg.Connection, call: str) -> None:
    await act_as(db, SERVICE)
    await db.execute(_EVENTS, HOME, ident("owner"), ident("public"))
    await db.execute(_VIEWS, HOME, ident("public"))
    await db.execute("set local role none")
    await db.execute("analyze library.analytics_events, library.analytics_daily")
    before = await db.fetchval(_SCANS)
    await act_as(db, "owner")
    assert await db.fetch(f"select * from {call}")
    await db.execute("set local role none")
    assert await db.fetchval(_SCANS) == before


async def test_days_are_counted_apart_by_resource_and_in_all(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("delete from library.analytics_daily")
    for resource in (ident("public"), ident("private"), None):
        await db.execute(
            "insert into library.analytics_events (tenant_id, event, resource_id)"
            " select $1, 'resource_view', $2 from generate_series(1, 2)",
            HOME,
            resource,
        )
    found = await db.fetch("select resource_id, count from library.analytics_daily order by count, resource_id")
    nil = "00000000-0000-0000-0000-000000000000"
    assert {str(row[0]): row[1] for row in found} == {str(ident("public")): 2, str(ident("private")): 2, nil: 6}
    await act_as(db, "owner")
    popular = await db.fetch("select * from library.popular_resources()")
    assert [tuple(row) for row in popular] == [(ident("public"), 2)]
