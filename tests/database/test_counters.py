"""Numbers that the server keeps, also when many write at once."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from .world import HOME, PRIVATE, PUBLIC, SERVICE, Caller, act_as, ident

VOTERS = 30


async def test_the_rating_of_a_resource_follows_its_marks(db: asyncpg.Connection) -> None:
    for name, rating in (("other", 4), ("shared", 4)):
        await act_as(db, name)
        await db.execute("insert into library.resource_ratings (resource_id, rating) values ($1, $2)", PUBLIC, rating)
    assert await _rating(db, PUBLIC) == (4.33, 3)

    await db.execute("update library.resource_ratings set rating = 1 where resource_id = $1", PUBLIC)
    assert await _rating(db, PUBLIC) == (3.33, 3)

    await db.execute("delete from library.resource_ratings where resource_id = $1", PUBLIC)
    assert await _rating(db, PUBLIC) == (4.5, 2)


async def test_a_resource_nobody_rates_any_more_is_back_at_zero(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("delete from library.resource_ratings")

    assert await _rating(db, PUBLIC) == await _rating(db, PRIVATE) == (0.0, 0)


async def test_a_mark_given_again_replaces_the_first(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    for rating in (1, 5):
        await db.execute(
            "insert into library.resource_ratings (resource_id, user_id, rating) values ($1, $2, $3)"
            " on conflict (tenant_id, resource_id, user_id) do update set rating = excluded.rating",
            PUBLIC,
            ident("other"),
            rating,
        )

    assert await _rating(db, PUBLIC) == (5.0, 2)


async def test_one_statement_may_rate_many_resources(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("delete from library.resource_ratings")
    await db.execute(
        "insert into library.resource_ratings (user_id, resource_id, rating)"
        " select p.user_id, r.id, 1 + (p.username < 'n')::int from library.profiles p, library.resources r"
        " where p.tenant_id = $1 and r.tenant_id = $1",
        HOME,
    )

    assert await _rating(db, PUBLIC) == await _rating(db, PRIVATE)
    assert (await _rating(db, PUBLIC))[1] == 10


async def test_a_collection_counts_its_entries(db: asyncpg.Connection) -> None:
    count = "select resources_count from library.collections where id = $1"
    assert await db.fetchval(count, ident("collection")) == 2

    await db.execute("delete from library.resources where id = $1", PRIVATE)
    assert await db.fetchval(count, ident("collection")) == 1


async def test_votes_count_is_upvotes_less_downvotes(db: asyncpg.Connection) -> None:
    await _vote(db, "other", "downvote")
    await _vote(db, "shared", "downvote")

    assert await _suggestion(db) == (-1, "pending")


async def test_without_downvotes_the_score_is_the_upvotes(db: asyncpg.Connection) -> None:
    await _configure(db, "consider_downvotes", "false")
    for name in ("other", "shared", "member", "admin"):
        await _vote(db, name, "downvote")

    assert await _suggestion(db) == (1, "pending")


async def test_the_first_vote_takes_the_place_of_seeded_ones(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute("delete from library.suggestion_votes")
    await db.execute("update library.category_tag_suggestions set votes_count = 10, status = 'approved'")
    await _vote(db, "other", "upvote")

    assert await _suggestion(db) == (1, "approved")


async def test_a_suggestion_is_approved_at_its_threshold(db: asyncpg.Connection) -> None:
    await _configure(db, "auto_approval_vote_threshold_tag", "3")
    await _vote(db, "other", "upvote")
    assert await _suggestion(db) == (2, "pending")

    await _vote(db, "shared", "upvote")
    row = await db.fetchrow("select *, now() from library.category_tag_suggestions where id = $1", ident("suggestion"))
    assert (row["votes_count"], row["status"], row["reviewed_by"]) == (3, "approved", None)
    assert row["reviewed_at"] == row["now"]


async def test_the_threshold_of_another_type_does_not_count(db: asyncpg.Connection) -> None:
    await _configure(db, "auto_approval_vote_threshold_category", "1")
    await _vote(db, "other", "upvote")

    assert await _suggestion(db) == (2, "pending")


async def test_a_suggestion_is_rejected_at_its_threshold_when_more_are_against(db: asyncpg.Connection) -> None:
    for name in ("other", "shared"):
        await _vote(db, name, "downvote")
    assert await _suggestion(db) == (-1, "pending")

    await _vote(db, "member", "downvote")
    assert await _suggestion(db) == (-2, "rejected")


async def test_a_verdict_is_final_for_votes(db: asyncpg.Connection) -> None:
    for name in ("other", "shared", "member"):
        await _vote(db, name, "downvote")
    for name in ("other", "shared", "member", "writer", "expired", "admin", "moderator"):
        await _vote(db, name, "upvote")

    assert await _suggestion(db) == (8, "rejected")


async def test_votes_decide_nothing_when_the_switch_is_off(db: asyncpg.Connection) -> None:
    await _configure(db, "auto_approval_enabled", "false")
    for name in ("other", "shared", "member", "writer", "expired", "admin"):
        await _vote(db, name, "upvote")

    assert await _suggestion(db) == (7, "pending")


async def test_a_setting_that_is_no_number_means_the_default(db: asyncpg.Connection) -> None:
    # As an import may leave it; administrators are refused such a value.
    await act_as(db, SERVICE)
    await db.execute("update library.admin_config set value = 'many' where key = 'auto_approval_vote_threshold_tag'")
    for name in ("other", "shared", "member", "writer"):
        await _vote(db, name, "upvote")

    assert await _suggestion(db) == (5, "approved")


async def test_an_import_of_votes_decides_nothing(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute(
        "insert into library.suggestion_votes (suggestion_id, user_id)"
        " select $1, user_id from library.profiles where tenant_id = $2 and user_id <> $3",
        ident("suggestion"),
        HOME,
        ident("owner"),
    )

    assert await _suggestion(db) == (10, "pending")


@pytest_asyncio.fixture(loop_scope="session")
async def crowd(database: str) -> AsyncIterator[list[tuple[asyncpg.Connection, Caller]]]:
    """Members of a tenant, each with a connection of their own; gone afterwards, with all they did."""
    owner = await asyncpg.connect(database)
    people = [Caller(f"voter {n}", "authenticated", ident(f"voter {n}"), HOME) for n in range(VOTERS)]
    for person in people:
        await owner.execute(
            "insert into relais.users (id, email) values ($1, $2)", person.user, f"{person.user}@test.org"
        )
        await owner.execute("insert into relais.memberships (tenant_id, user_id) values ($1, $2)", HOME, person.user)
    connections = [await asyncpg.connect(database) for _ in people]
    yield list(zip(connections, people, strict=True))
    for connection in connections:
        await connection.close()
    await owner.execute("delete from relais.users where id = any ($1)", [person.user for person in people])
    await owner.execute("update library.category_tag_suggestions set status = 'pending', reviewed_at = null")
    await owner.close()


async def test_thirty_votes_at_once_are_all_counted(crowd: list[tuple[asyncpg.Connection, Caller]]) -> None:
    async def vote(connection: asyncpg.Connection, person: Caller) -> None:
        async with connection.transaction():
            await act_as(connection, person)
            await connection.execute("select * from library.vote_on_suggestion($1, 'upvote')", ident("suggestion"))

    await asyncio.gather(*(vote(*one) for one in crowd))

    assert await _suggestion(crowd[0][0]) == (VOTERS + 1, "approved")


async def test_votes_by_row_and_by_function_at_once_do_not_block_each_other(
    database: str, crowd: list[tuple[asyncpg.Connection, Caller]]
) -> None:
    """The same person included, in two windows."""

    async def vote(connection: asyncpg.Connection, person: Caller) -> None:
        for statement in (
            "insert into library.suggestion_votes (suggestion_id) values ($1)"
            " on conflict (tenant_id, suggestion_id, user_id) do update set vote_type = excluded.vote_type",
            "select * from library.vote_on_suggestion($1, 'downvote')",
            "select * from library.vote_on_suggestion($1, 'downvote')",
            "select * from library.vote_on_suggestion($1, 'upvote')",
        ):
            async with connection.transaction():
                await act_as(connection, person)
                await connection.execute(statement, ident("suggestion"))

    windows = [(await asyncpg.connect(database), person) for _, person in crowd[:8]]
    try:
        await asyncio.gather(*(vote(*one) for one in (*windows, *crowd)))
    finally:
        for connection, _ in windows:
            await connection.close()

    counted = await crowd[0][0].fetchrow(
        "select s.votes_count, count(*) filter (where v.vote_type = 'upvote') - count(*) filter (where"
        " v.vote_type = 'downvote')"
        " as score from library.category_tag_suggestions s join library.suggestion_votes v on v.suggestion_id = s.id"
        " where s.id = $1 group by 1",
        ident("suggestion"),
    )
    assert counted["votes_count"] == counted["score"]


async def test_ratings_given_at_once_are_all_counted(crowd: list[tuple[asyncpg.Connection, Caller]]) -> None:
    async def rate(connection: asyncpg.Connection, person: Caller) -> None:
        async with connection.transaction():
            await act_as(connection, person)
            await connection.execute(
                "insert into library.resource_ratings (resource_id, rating) values ($1, 5)", PUBLIC
            )

    await asyncio.gather(*(rate(*one) for one in crowd))

    assert await _rating(crowd[0][0], PUBLIC) == (5.0, VOTERS + 1)


async def test_views_at_once_are_all_counted(crowd: list[tuple[asyncpg.Connection, Caller]]) -> None:
    async def look(connection: asyncpg.Connection, person: Caller) -> None:
        async with connection.transaction():
            await act_as(connection, person)
            await connection.execute("select library.increment_resource_views($1)", PUBLIC)

    await asyncio.gather(*(look(*one) for one in crowd))

    assert await crowd[0][0].fetchval("select views_count from library.resources where id = $1", PUBLIC) == VOTERS


async def _vote(db: asyncpg.Connection, name: str, vote: str) -> None:
    await act_as(db, name)
    await db.execute(
        "insert into library.suggestion_votes (suggestion_id, vote_type) values ($1, $2)"
        " on conflict (tenant_id, suggestion_id, user_id) do update set vote_type = excluded.vote_type",
        ident("suggestion"),
        vote,
    )


async def _configure(db: asyncpg.Connection, key: str, value: str) -> None:
    await act_as(db, "admin")
    assert await db.execute("update library.admin_config set value = $2 where key = $1", key, value) == "UPDATE 1"


async def _suggestion(db: asyncpg.Connection) -> tuple[int, str]:
    row = await db.fetchrow("select * from library.category_tag_suggestions where id = $1", ident("suggestion"))
    return row["votes_count"], row["status"]


async def _rating(db: asyncpg.Connection, resource: object) -> tuple[float, int]:
    row = await db.fetchrow("select average_rating, ratings_count from library.resources where id = $1", resource)
    return float(row["average_rating"]), row["ratings_count"]
