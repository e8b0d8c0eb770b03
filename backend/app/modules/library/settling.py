"""Jobs about votes: what is pending is decided by the thresholds of now, and counts that went wrong are mended.

Voting itself decides in its own transaction. These do the same again, so that running them twice does it once.
"""

from typing import Any

from app import log
from app.adapters.postgres import SERVICE, Database

_SETTLE = "select mended, decided from library_internal.settle_votes($1::text::uuid)"
_TENANTS = "select id::text from relais.tenants order by id"


async def auto_approval(ctx: dict[Any, Any], tenant_id: str) -> dict[str, int]:
    """Decide what is pending in a tenant whose thresholds were changed."""
    return await _settle(ctx["database"], tenant_id)


async def reconcile_votes(ctx: dict[Any, Any]) -> dict[str, int]:
    """Compare every count with its votes, everywhere."""
    database: Database = ctx["database"]
    total = {"mended": 0, "decided": 0}
    for row in await database.fetch(SERVICE, _TENANTS):
        for name, count in (await _settle(database, row["id"])).items():
            total[name] += count
    return total


async def _settle(database: Database, tenant: str) -> dict[str, int]:
    async with database.connection(SERVICE, "write") as connection:
        row = await connection.fetchrow(_SETTLE, tenant)
    assert row is not None
    found = {"mended": row["mended"], "decided": row["decided"]}
    if any(found.values()):
        log.event("votes_settled", {"tenant": tenant, **found})
    return found
