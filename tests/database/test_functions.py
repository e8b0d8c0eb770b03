"""What clients may call."""

import asyncpg
import pytest

from .world import HOME, PRIVATE, PUBLIC, SERVICE, act_as, ident, sql


@pytest.mark.parametrize(("function", "column"), [("views", "views_count"), ("downloads", "downloads_count")])
@pytest.mark.parametrize(
    ("caller", "resource", "counted"),
    [("anonymous", PUBLIC, 1), ("shared", PRIVATE, 1), ("anonymous", PRIVATE, 0), ("other", PRIVATE, 0)],
)
async def test_a_view_counts_for_whoever_may_read(
    db: asyncpg.Connection, function: str, column: str, caller: str, resource: object, counted: int
) -> None:
    await act_as(db, caller)
    await db.execute(f"select library.increment_resource_{function}($1)", resource)
    await act_as(db, SERVICE)

    assert await db.fetchval(f"select {column} from library.resources where id = $1", resource) == counted


async def test_a_view_of_an_unknown_resource_is_nothing(db: asyncpg.Connection) -> None:
    await act_as(db, "anonymous")

    assert await db.fetchval("select library.increment_resource_views(resource_id => $1)", ident("nothing")) is None


@pytest.mark.parametrize(
    ("caller", "person", "role", "held"),
    [
        ("owner", "owner", "user", True),
        ("owner", "owner", "guest", False),
        ("moderator", "moderator", "user", False),
        ("admin", "moderator", "moderator", True),
        ("owner", "moderator", "moderator", True),
        ("anonymous", "moderator", "moderator", True),
    ],
)
async def test_has_role_answers_exactly_what_is_shown_with_profiles(
    db: asyncpg.Connection, caller: str, person: str, role: str, held: bool
) -> None:
    await act_as(db, caller)

    assert await db.fetchval("select library.has_role(_user_id => $1, _role => $2)", ident(person), role) is held
    shown = await db.fetchval("select library.role(p)::text from library.profiles p where id = $1", ident(person))
    assert (shown == role) is held


async def test_a_fork_is_a_private_copy_of_ones_own(db: asyncpg.Connection) -> None:
    await db.execute(
        "update library.resources set license = 'MIT', tags = '{a}', views_count = 5, category = 'C' where id = $1",
        PRIVATE,
    )
    await act_as(db, "shared")
    fork = await db.fetchrow("select * from library.fork_resource($1)", PRIVATE)

    assert fork["id"] != PRIVATE
    assert (fork["title"], fork["visibility"], fork["user_id"]) == ("Private (Fork)", "private", ident("shared"))
    assert (fork["license"], fork["tags"], fork["category"], fork["views_count"]) == ("MIT", ["a"], "C", 0)


async def test_a_fork_of_a_long_title_fits(db: asyncpg.Connection) -> None:
    await db.execute("update library.resources set title = repeat('x', 500) where id = $1", PUBLIC)
    await act_as(db, "other")
    title = await db.fetchval("select title from library.fork_resource($1)", PUBLIC)

    assert len(title) == 500
    assert title.endswith("x (Fork)")


@pytest.mark.parametrize(
    "call",
    [
        "fork_resource(<private>)",
        "fork_resource(<private>, 'public')",
        "keep_version(<private>)",
        "keep_version(<nothing>, 'Why')",
        "restore_numbered_version(<private>, 1)",
        "restore_numbered_version(<nothing>, 1)",
        "restore_version(<version>)",
        "vote_on_suggestion(<nothing>, 'upvote')",
    ],
)
async def test_what_a_caller_may_not_read_is_not_found(db: asyncpg.Connection, call: str) -> None:
    await act_as(db, "other")
    with pytest.raises(asyncpg.PostgresError) as refused:
        await db.fetch(sql(f"select * from library.{call}"))

    assert refused.value.sqlstate == "PT404"


async def test_a_vote_is_given_taken_back_and_replaced(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    seen = [
        tuple(
            await db.fetchrow(
                "select votes_count, total_upvotes, total_downvotes, user_vote::text"
                " from library.vote_on_suggestion(suggestion_id => $1, vote => $2)",
                ident("suggestion"),
                vote,
            )
        )
        for vote in ("upvote", "upvote", "downvote", "upvote")
    ]

    assert seen == [(2, 2, 0, "upvote"), (1, 1, 0, None), (0, 1, 1, "downvote"), (2, 2, 0, "upvote")]


async def test_voting_takes_a_session(db: asyncpg.Connection) -> None:
    await act_as(db, "anonymous")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch("select * from library.vote_on_suggestion($1, 'upvote')", ident("suggestion"))


async def test_a_review_gives_the_status_and_another_wording(db: asyncpg.Connection) -> None:
    await act_as(db, "moderator")
    row = await db.fetchrow(
        "select *, now() from library.review_suggestion($1, 'approved', description => 'A language')",
        ident("suggestion"),
    )

    assert (row["status"], row["name"], row["description"]) == ("approved", "Rust", "A language")
    assert (row["reviewed_by"], row["reviewed_at"]) == (ident("moderator"), row["now"])


async def test_a_review_is_for_moderators(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="Réservé aux modérateurs"):
        await db.fetch("select * from library.review_suggestion($1, 'approved')", ident("suggestion"))


@pytest.mark.parametrize("caller", ["owner", "writer", "admin"])
async def test_restoring_a_version_keeps_the_present_state_as_a_new_one(db: asyncpg.Connection, caller: str) -> None:
    await act_as(db, caller)
    restored = await db.fetchrow("select * from library.restore_version($1)", ident("version"))

    newest = await db.fetchrow(
        "select * from library.resource_versions where resource_id = $1 order by version_number desc", PRIVATE
    )
    assert (restored["id"], restored["title"], restored["description"]) == (PRIVATE, "Old", "Old")
    assert restored["visibility"] == "private"
    assert (newest["version_number"], newest["title"], newest["created_by"]) == (3, "Private", ident(caller))
    assert newest["change_summary"] == "Sauvegarde avant la restauration de la version 1"


@pytest.mark.parametrize("caller", ["shared", "member", "moderator"])
async def test_whoever_only_reads_a_resource_restores_nothing(db: asyncpg.Connection, caller: str) -> None:
    await act_as(db, caller)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="Seul le propriétaire peut restaurer une version"):
        await db.fetch("select * from library.restore_version($1)", ident("version"))


@pytest.mark.parametrize("caller", ["owner", "writer", "admin"])
async def test_versions_are_kept_and_restored_by_number(db: asyncpg.Connection, caller: str) -> None:
    await act_as(db, caller)
    kept = await db.fetchrow("select * from library.keep_version($1, 'Why')", PRIVATE)
    assert (kept["version_number"], kept["title"], kept["change_summary"]) == (3, "Private", "Why")
    assert kept["created_by"] == ident(caller)

    numbers = await db.fetchrow("select * from library.restore_numbered_version($1, 1)", PRIVATE)
    assert tuple(numbers) == (1, 4)
    assert await db.fetchval("select title from library.resources where id = $1", PRIVATE) == "Old"


@pytest.mark.parametrize("caller", ["shared", "member", "moderator"])
@pytest.mark.parametrize(
    ("call", "words"),
    [("keep_version($1)", "créer des versions"), ("restore_numbered_version($1, 1)", "restaurer une version")],
)
async def test_whoever_only_reads_a_resource_keeps_no_version_of_it(
    db: asyncpg.Connection, caller: str, call: str, words: str
) -> None:
    await act_as(db, caller)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=words):
        await db.fetch(f"select * from library.{call}", PRIVATE)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("MODER", ["moderator"]),
        ("helene", ["other"]),
        ("Hélène", ["other"]),
        ("e", []),
        ("100%", []),
        ("_d", []),
        (" owner ", ["owner"]),
    ],
)
async def test_users_are_found_by_a_part_of_their_names(db: asyncpg.Connection, query: str, found: list[str]) -> None:
    await db.execute("update library.profiles set full_name = 'Hélène Éluard' where id = $1", ident("other"))
    await act_as(db, "owner")

    assert [
        row["username"] for row in await db.fetch("select * from library.search_users(query => $1)", query)
    ] == found


async def test_at_most_ten_users_are_found_and_no_address_searched(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    for number in range(12):
        user = await db.fetchval("insert into relais.users (email) values ($1) returning id", f"bob@{number}.org")
        await db.execute("insert into relais.memberships (tenant_id, user_id) values ($1, $2)", HOME, user)
    await act_as(db, "owner")

    assert len(await db.fetch("select * from library.search_users('bob')")) == 10
    assert await db.fetch("select * from library.search_users('test.org')") == []


@pytest.mark.parametrize(
    ("caller", "found"), [("guest", 1), ("member", 1), ("service", 1), ("outsider", 0), ("foreigner", 0)]
)
async def test_people_are_found_by_members_of_their_tenant(db: asyncpg.Connection, caller: str, found: int) -> None:
    await act_as(db, caller)

    assert len(await db.fetch("select * from library.search_users('moder')")) == found


async def test_statistics_count_what_everybody_did(db: asyncpg.Connection) -> None:
    await act_as(db, "anonymous")
    rows = await db.fetch("select * from library.resource_statistics")

    assert [row["id"] for row in rows] == [PUBLIC]
    row = rows[0]
    assert (row["comments_count"], row["saves_count"], row["versions_count"], row["collections_count"]) == (1, 1, 0, 1)
    assert (row["ratings_count"], float(row["average_rating"])) == (1, 5.0)


@pytest.mark.parametrize(("caller", "seen"), [("owner", 2), ("shared", 2), ("other", 1), ("foreigner", 1)])
async def test_statistics_are_of_resources_that_the_caller_reads(
    db: asyncpg.Connection, caller: str, seen: int
) -> None:
    await act_as(db, caller)

    assert await db.fetchval("select count(*) from library.resource_statistics") == seen
