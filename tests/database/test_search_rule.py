"""Search states the rule of reading a second time: it is the policy's, for every caller."""

import asyncpg

from .world import CALLERS, act_as


async def test_search_finds_exactly_what_the_policy_lets_every_caller_read(db: asyncpg.Connection) -> None:
    await db.execute("update library.resources set title = 'Zinnia ' || title")
    seen: set[int] = set()
    for name, caller in CALLERS.items():
        await act_as(db, caller)
        # The service is bound by no policy, but by the tenant that it names.
        rows = await db.fetch("select id from library.resources where tenant_id = relais.tenant_id()")
        readable = {row["id"] for row in rows}
        for query in ("zinnia", "zinia"):
            found = await db.fetch("select resource_id from library_internal.found_resources($1)", query)
            ids = [row["resource_id"] for row in found]
            assert (set(ids), len(ids)) == (readable, len(readable)), (name, query)
            rows = await db.fetch("select id from library.matching_resources($1)", query)
            assert {row["id"] for row in rows} == readable, (name, query)
        seen.add(len(readable))
        await db.execute("set local role none")
    assert len(seen) > 1
