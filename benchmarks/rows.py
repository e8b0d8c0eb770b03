"""The rows that are measured on: given landmarks, put in order, and cleaned between turns. Seeding makes them.

Everything here runs as the administrator of the benchmark's own database.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from benchmarks.copies import copy_resources
from benchmarks.shapes import (
    FIRST_LANDMARK,
    INSERT_CATEGORY,
    INSERT_VISIBILITY,
    LANDMARK_PREFIX,
    OWNED_PREFIX,
    UPDATE_CATEGORY,
    USERS,
    Samples,
)
from benchmarks.tokens import claims, signed

CATEGORIES = 8
NAMES = 50
LANDMARKS = 2000
_UNASKED = ("", INSERT_CATEGORY, UPDATE_CATEGORY)
#: What tells the rules who asks in place of `relais serve`, for a gateway that sets a token's claims and nothing else.
PRE_REQUEST = "bench.take_caller"

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
    where tenant_id = relais.default_tenant_id() and visibility = 'public' and category <> all ($2::text[])
    group by category order by count(*) desc, category limit $1
"""
_MEMBERS = """
    select user_id::text from relais.memberships
    where tenant_id = relais.default_tenant_id() and role = 'member' order by md5(user_id::text) limit $1
"""
_NAMES = """
    select distinct left(username, 8) as name from library.profiles
    where tenant_id = relais.default_tenant_id() and username like 'user0%' order by name limit $1
"""
_OWNED = f"""
    insert into library.resources (tenant_id, id, user_id, title, description, category, visibility)
    select relais.default_tenant_id(), ('{OWNED_PREFIX}' || {FIRST_LANDMARK} - 1 + place)::uuid, owner::uuid,
           'Une ressource à changer', 'Sa licence change, rien d''autre. ', '{UPDATE_CATEGORY}', '{INSERT_VISIBILITY}'
    from unnest($1::text[]) with ordinality as owners (owner, place)
"""
# The name of the setting stands in one piece: a gateway may look for functions that read more than that.
_PRE_REQUEST = f"""
    create schema bench;
    grant usage on schema bench to anon, authenticated;
    create function {PRE_REQUEST}() returns void language sql volatile as $$
        select set_config('relais.user_id', coalesce(claims ->> 'sub', ''), true),
               set_config('relais.tenant_id', coalesce(claims ->> 'tenant_id', ''), true)
        from (select nullif(current_setting('request.jwt.claims', true), '')::json as claims) as token
    $$;
    grant execute on function {PRE_REQUEST}() to anon, authenticated;
"""
_COUNTS = """
    select (select count(*) from library.resources) as resources, (select count(*) from library.profiles) as profiles,
           (select count(*) from pg_catalog.pg_policies where schemaname = 'library') as policies
"""


async def version(url: str) -> str:
    """The version of the server."""
    async with _connection(url) as connection:
        return str(await connection.fetchval("show server_version"))


async def multiply(url: str, originals: int, wanted: int) -> None:
    """Copy resources until there are as many as are wanted."""
    async with _connection(url) as connection:
        await copy_resources(connection, originals, wanted // originals - 1)


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


async def samples(url: str, secret: str) -> Samples:
    """Add the landmarks and what is updated; choose what is asked for, and by whom."""
    async with _connection(url) as connection:
        public = await connection.fetchval("select count(*) from library.resources where visibility = 'public'")
        landmarks = min(LANDMARKS, public // 10)
        await connection.execute(_LANDMARKS, landmarks)
        tenant = str(await connection.fetchval("select relais.default_tenant_id()"))
        users = tuple(row["user_id"] for row in await connection.fetch(_MEMBERS, USERS))
        await connection.execute(_OWNED, users)
        return Samples(
            tenant_id=tenant,
            users=users,
            tokens=tuple(signed(claims(user, tenant), secret) for user in users),
            categories=tuple(row["category"] for row in await connection.fetch(_CATEGORIES, CATEGORIES, _UNASKED)),
            names=tuple(row["name"] for row in await connection.fetch(_NAMES, NAMES)),
            landmarks=landmarks,
        )


async def put_pre_request(url: str) -> None:
    """Add the function that `PRE_REQUEST` names."""
    async with _connection(url) as connection:
        await connection.execute(_PRE_REQUEST)


async def clean(url: str) -> None:
    """Undo what was written and write out what is pending, so that the next turn does not pay for this one."""
    async with _connection(url) as connection:
        removed = await connection.execute("delete from library.resources where category = $1", INSERT_CATEGORY)
        undone = await connection.execute(
            "update library.resources set license = null where category = $1 and license is not null", UPDATE_CATEGORY
        )
        if (removed, undone) != ("DELETE 0", "UPDATE 0"):
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
