"""The rows that are measured on: given landmarks, put in order, and cleaned between turns. Seeding makes them.

Everything here runs as the administrator of the benchmark's own database.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from benchmarks.shapes import FIRST_LANDMARK, INSERT_CATEGORY, LANDMARK_PREFIX, Samples

CATEGORIES = 8
LANDMARKS = 2000

#: Copies of public rows under identifiers that a counter can spell, spread over the table's whole time.
_LANDMARKS = f"""
    with originals as (
        select *, {FIRST_LANDMARK} - 1 + row_number() over (order by md5(id::text)) as number
        from library.resources where tenant_id = relais.default_tenant_id() and visibility = 'public'
        order by md5(id::text) limit $1
    )
    insert into library.resources
        (tenant_id, id, user_id, title, description, category, tags, resource_type, visibility, github_url,
         external_url, language, license, readme, views_count, created_at, updated_at)
    select tenant_id, ('{LANDMARK_PREFIX}' || number)::uuid, user_id, title, description, category, tags,
           resource_type, visibility, github_url, external_url, language, license, readme, views_count,
           created_at + interval '7 seconds', updated_at
    from originals
"""
_CATEGORIES = """
    select category from library.resources
    where tenant_id = relais.default_tenant_id() and visibility = 'public' and category not in ('', $2)
    group by category order by count(*) desc, category limit $1
"""
_MEMBER = """
    select user_id::text from relais.memberships
    where tenant_id = relais.default_tenant_id() and role = 'member' order by md5(user_id::text) limit 1
"""
_COUNTS = """
    select (select count(*) from library.resources) as resources, (select count(*) from library.profiles) as profiles,
           (select count(*) from pg_catalog.pg_policies where schemaname = 'library') as policies
"""


async def version(url: str) -> str:
    """The version of the server."""
    async with _connection(url) as connection:
        return str(await connection.fetchval("show server_version"))


async def settle(url: str) -> tuple[str, ...]:
    """Put the tables in order, keep the server from doing so in the middle of a turn; say what there is."""
    async with _connection(url) as connection:
        await connection.execute("alter system set autovacuum = off")
        await connection.execute("select pg_reload_conf()")
        await connection.execute("vacuum (analyze)")
        found = await connection.fetchrow(_COUNTS)
        assert found is not None
        return (
            f"{found['resources']:,} resources, {found['profiles']:,} profiles",
            f"{found['policies']} policies on the schema library",
        )


async def samples(url: str) -> Samples:
    """Add the landmarks and choose what is asked for."""
    async with _connection(url) as connection:
        public = await connection.fetchval("select count(*) from library.resources where visibility = 'public'")
        landmarks = min(LANDMARKS, public // 10)
        await connection.execute(_LANDMARKS, landmarks)
        names = await connection.fetch(_CATEGORIES, CATEGORIES, INSERT_CATEGORY)
        return Samples(
            tenant_id=str(await connection.fetchval("select relais.default_tenant_id()")),
            user_id=await connection.fetchval(_MEMBER),
            categories=tuple(row["category"] for row in names),
            landmarks=landmarks,
        )


async def clean(url: str) -> None:
    """Remove inserted rows and write out what is pending, so that the next turn does not pay for this one."""
    async with _connection(url) as connection:
        removed = await connection.execute("delete from library.resources where category = $1", INSERT_CATEGORY)
        if removed != "DELETE 0":
            await connection.execute("vacuum library.resources")
        await connection.execute("checkpoint")


@asynccontextmanager
async def _connection(url: str) -> AsyncGenerator[Any]:
    connection = cast(Any, await asyncpg.connect(url))
    try:
        await connection.execute("set statement_timeout = 0")
        yield connection
    finally:
        await connection.close()
