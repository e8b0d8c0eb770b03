"""Generated resources for load tests: how any number of them (`invention`) gets into the database.

Through COPY, in one transaction, with constraints, indexes and triggers as they are. Resource n is the same however
many are made, but for the people around it and its date: both are spread over what is asked.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from app.adapters.postgres import Connection
from app.modules.library.seeding import invention
from app.modules.library.seeding.invention import Invented, Row, Scene
from app.modules.library.seeding.writing import identifier

CHUNK = 10_000
PEOPLE_MIN, PEOPLE_MAX, RESOURCES_PER_PERSON = 20, 5_000, 20
AGE = timedelta(days=730)
_USERS = """
    insert into relais.users (id, email, email_verified_at, created_at, updated_at)
    select given.id, given.email, $2, $2, $2
    from jsonb_to_recordset($1::text::jsonb) as given (id uuid, email text)
    on conflict do nothing
"""
_ACCOUNTS = "select id from relais.users where lower(email) = any($1::text[]) order by lower(email)"
#: Profiles come before memberships: who has one needs no user name to be found, each under a lock of its own.
_PROFILES = """
    insert into library.profiles (id, user_id, username, full_name, bio, created_at, updated_at)
    select account.id, account.id, split_part(account.email, '@', 1), format('Compte de charge n° %s', given.place),
           'Compte engendré pour les mesures de charge.', $2, $2
    from unnest($1::uuid[]) with ordinality as given (id, place)
    join relais.users as account on account.id = given.id
    on conflict do nothing
"""
_MEMBERSHIPS = """
    insert into relais.memberships (tenant_id, user_id, role)
    select relais.tenant_id(), given.id, 'member' from unnest($1::uuid[]) as given (id)
    on conflict do nothing
"""
_MADE = "select id from library.resources where tenant_id = relais.tenant_id() and id = any($1::uuid[])"
#: Foreign keys are checked with plans that a connection keeps. One made while a table was nearly empty may use an index
#: on the tenant alone, and read all of the tenant's rows for each row that is loaded.
_FORGET_PLANS = "discard plans"
#: What PostgreSQL knows of the tables is from before the load. What it does not let us analyze it skips with a warning.
_ANALYZE = """
    analyze library.resources, library.resource_ratings, library.resource_comments, library.saved_resources,
      library.resource_shares, library.profiles
"""


async def write(connection: Connection, scale: int, today: datetime) -> Counter[str]:
    """Make the generated resources up to this number, and say how many of what were new."""
    people = await _people(connection, min(PEOPLE_MAX, max(PEOPLE_MIN, scale // RESOURCES_PER_PERSON)), today)
    scene = Scene(people, today - AGE, today, AGE / scale)
    counts: Counter[str] = Counter()
    async for invented in _one_ahead(scene, await _missing(connection, scale)):
        counts.update(await _copy(connection, invented))
    await connection.execute(_ANALYZE)
    return counts


async def _people(connection: Connection, count: int, today: datetime) -> Sequence[UUID]:
    """The generated accounts, made where they are missing."""
    names = [f"user{number:05}" for number in range(1, count + 1)]
    emails = [f"{name}@load.test" for name in names]
    users = [{"id": identifier("account", name), "email": email} for name, email in zip(names, emails, strict=True)]
    since = today - AGE
    await connection.execute(_USERS, orjson.dumps(users).decode(), since)
    people = [row["id"] for row in await connection.fetch(_ACCOUNTS, emails)]
    await connection.execute(_PROFILES, people, since)
    await connection.execute(_MEMBERSHIPS, people)
    return people


async def _missing(connection: Connection, scale: int) -> Sequence[int]:
    """The numbers of the resources that are not there yet."""
    numbers = {invention.identifier_of(number): number for number in range(1, scale + 1)}
    made = {row["id"] for row in await connection.fetch(_MADE, list(numbers))}
    return [number for key, number in numbers.items() if key not in made]


async def _one_ahead(scene: Scene, numbers: Sequence[int]) -> AsyncGenerator[Sequence[Invented]]:
    """Resources chunk by chunk, each invented in a thread while the one before it is written."""
    upcoming: asyncio.Task[Sequence[Invented]] | None = None
    for start in range(0, len(numbers), CHUNK):
        following = asyncio.create_task(asyncio.to_thread(_invented, scene, numbers[start : start + CHUNK]))
        if upcoming is not None:
            yield await upcoming
        upcoming = following
    if upcoming is not None:
        yield await upcoming


def _invented(scene: Scene, numbers: Sequence[int]) -> Sequence[Invented]:
    return [invention.invent(number, scene) for number in numbers]


async def _copy(connection: Connection, invented: Sequence[Invented]) -> Mapping[str, int]:
    tables: tuple[tuple[str, str, tuple[str, ...], list[Row]], ...] = (
        ("generated resources", "resources", invention.RESOURCE, [item.resource for item in invented]),
        ("ratings", "resource_ratings", invention.RATING, [row for item in invented for row in item.ratings]),
        ("comments", "resource_comments", invention.COMMENT, [row for item in invented for row in item.comments]),
        ("saved", "saved_resources", invention.SAVED, [row for item in invented for row in item.saved]),
        ("shares", "resource_shares", invention.SHARE, [row for item in invented for row in item.shares]),
    )
    for _what, table, columns, rows in tables:
        await connection.execute(_FORGET_PLANS)
        await connection.copy_records_to_table(table, schema_name="library", columns=columns, records=rows)
    return {what: len(rows) for what, _table, _columns, rows in tables}
