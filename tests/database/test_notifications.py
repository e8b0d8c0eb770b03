"""Who is told what, on whichever road it came."""

import asyncpg
import pytest

from .world import HOME, PRIVATE, PUBLIC, SERVICE, act_as, ident


async def _told(db: asyncpg.Connection) -> list[tuple[str, str, str]]:
    await act_as(db, SERVICE)
    rows = await db.fetch(
        "select p.username, n.type, n.message from library.notifications n join library.profiles p using"
        " (tenant_id, user_id)"
        " where n.type <> 'info' order by 1, 2"
    )
    return [tuple(row) for row in rows]


async def test_a_share_tells_its_target(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute(
        "insert into library.resource_shares (resource_id, shared_with_user_id) values ($1, $2)",
        PRIVATE,
        ident("other"),
    )

    assert await _told(db) == [("other", "resource_shared", "owner a partagé avec vous « Private »")]


async def test_a_share_with_a_group_tells_its_members_but_the_sharer(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute(
        "insert into library.resource_shares (resource_id, shared_with_group_id) values ($1, $2)",
        PUBLIC,
        ident("group"),
    )

    assert await _told(db) == [("member", "resource_shared", "owner a partagé avec vous « Public »")]


async def test_a_comment_tells_the_owner_and_whom_it_answers(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    comment = await db.fetchval(
        "insert into library.resource_comments (resource_id, content) values ($1, 'A') returning id", PUBLIC
    )
    assert await _told(db) == [("owner", "new_comment", "other a commenté « Public »")]

    await act_as(db, "shared")
    await db.execute(
        "insert into library.resource_comments (resource_id, parent_id, content) values ($1, $2, 'B')", PUBLIC, comment
    )
    assert [name for name, _, _ in await _told(db)] == ["other", "owner", "owner"]


async def test_nobody_is_told_of_their_own_comment(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute("insert into library.resource_comments (resource_id, content) values ($1, 'A')", PUBLIC)

    assert await _told(db) == []


async def test_a_new_member_of_a_group_is_told(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute(
        "insert into library.group_members (group_id, user_id) values ($1, $2)", ident("group"), ident("other")
    )

    assert await _told(db) == [("other", "group_invitation", "owner vous a ajouté au groupe « Group »")]


async def test_whoever_creates_a_group_is_not_invited_to_it(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute("insert into library.groups (name) values ('New')")

    assert await _told(db) == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("approved", "Votre suggestion « Rust » a été approuvée"),
        ("rejected", "Votre suggestion « Rust » a été refusée"),
    ],
)
async def test_a_verdict_tells_who_suggested(db: asyncpg.Connection, status: str, message: str) -> None:
    await act_as(db, "moderator")
    await db.execute(
        "update library.category_tag_suggestions set status = $2 where id = $1", ident("suggestion"), status
    )

    assert await _told(db) == [("owner", f"suggestion_{status}", message)]


async def test_a_verdict_by_votes_tells_who_suggested(db: asyncpg.Connection) -> None:
    for name in ("other", "shared", "member", "writer"):
        await act_as(db, name)
        await db.execute("insert into library.suggestion_votes (suggestion_id) values ($1)", ident("suggestion"))

    verdict, vote = ("owner", "suggestion_approved"), ("owner", "suggestion_vote")
    assert [(name, kind) for name, kind, _ in await _told(db)] == [verdict, vote]


async def test_an_import_tells_nobody(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute(
        "insert into library.resource_comments (resource_id, user_id, content) values ($1, $2, 'A')",
        PUBLIC,
        ident("other"),
    )
    await db.execute("update library.category_tag_suggestions set status = 'approved' where tenant_id = $1", HOME)

    assert await _told(db) == []


async def test_a_reader_marks_all_their_notifications_without_a_filter(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")

    assert await db.execute("update library.notifications set is_read = true where not is_read") == "UPDATE 1"


SHARE = "insert into library.resource_shares (resource_id, shared_with_user_id, expires_at) values ($1, $2, $3)"


async def test_a_share_that_is_over_and_one_that_is_repeated_tell_nobody(db: asyncpg.Connection) -> None:
    past = await db.fetchval("select now() - interval '1 day'")
    await act_as(db, "owner")
    await db.execute(SHARE, PUBLIC, ident("other"), past)
    assert await _told(db) == []

    await act_as(db, "owner")
    for _ in range(3):
        await db.execute(SHARE, PUBLIC, ident("moderator"), None)
        await db.execute(SHARE, PRIVATE, ident("shared"), None)
    assert [name for name, _, _ in await _told(db)] == ["moderator"]


async def test_a_repeated_share_keeps_its_date(db: asyncpg.Connection) -> None:
    await db.execute("update library.resource_shares set created_at = '2020-01-01' where id = $1", ident("share"))
    await act_as(db, "owner")
    await db.execute(SHARE, PRIVATE, ident("shared"), None)

    created = await db.fetchval("select created_at from library.resource_shares where id = $1", ident("share"))
    assert created.year == 2020


async def test_nobody_is_told_of_what_they_can_no_longer_read(db: asyncpg.Connection) -> None:
    await act_as(db, "other")
    comment = await db.fetchval(
        "insert into library.resource_comments (resource_id, content) values ($1, 'A') returning id", PUBLIC
    )
    await act_as(db, "owner")
    await db.execute("update library.resources set visibility = 'private', title = 'Secret' where id = $1", PUBLIC)
    await db.execute(
        "insert into library.resource_comments (resource_id, content, parent_id) values ($1, 'B', $2)", PUBLIC, comment
    )

    assert [name for name, _, _ in await _told(db)] == ["owner"]
