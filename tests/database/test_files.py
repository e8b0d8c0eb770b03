"""Files: who reads one by its name, who finds it in a list, and what comes of it when what it hung on is gone."""

import asyncpg
import pytest

from .world import PRIVATE, SERVICE, act_as, ident

EVERYBODY = {"anonymous", "owner", "other", "shared", "moderator", "admin", "outsider"}


async def _readers(db: asyncpg.Connection, name: str) -> set[str]:
    """Who reads the file of this name; whoever finds it in a list is among them."""
    found: set[str] = set()
    for caller in sorted(EVERYBODY):
        await act_as(db, caller)
        reads = await db.fetchval("select count(*) from library_internal.readable_file($1)", name)
        lists = await db.fetchval("select count(*) from library.files where file_name = $1", name)
        assert lists <= reads <= 1
        found |= {caller} if reads else set()
    return found


async def test_a_file_that_hangs_on_nothing_is_read_by_its_name_and_listed_to_its_uploader(
    db: asyncpg.Connection,
) -> None:
    listed: set[str] = set()
    for caller in sorted(EVERYBODY):
        await act_as(db, caller)
        if await db.fetchval("select exists (select from library.files where id = $1)", ident("file")):
            listed.add(caller)

    assert listed == {"owner", "admin"}
    assert await _readers(db, "free.txt") == EVERYBODY
    await act_as(db, "foreigner")
    assert not await db.fetchval("select count(*) from library_internal.readable_file('free.txt')")


async def test_a_file_of_a_deleted_private_resource_is_its_uploaders(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute("delete from library.resources where id = $1", PRIVATE)

    assert await _readers(db, "bound.txt") == {"owner", "admin"}


async def test_a_file_taken_off_a_resource_does_not_become_public(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute(
        "update library.files set resource_id = null, is_public = true where id = $1", ident("private file")
    )
    await db.execute("update library.files set is_public = true where id = $1", ident("private file"))

    assert await _readers(db, "bound.txt") == {"owner", "admin"}


async def test_a_file_put_on_a_resource_stops_being_public(db: asyncpg.Connection) -> None:
    assert "anonymous" in await _readers(db, "free.txt")
    await act_as(db, SERVICE)
    await db.execute("update library.files set resource_id = $1 where id = $2", PRIVATE, ident("file"))

    assert await _readers(db, "free.txt") == {"owner", "admin", "shared", "moderator"}


@pytest.mark.parametrize("name", ["../../etc/passwd", ".hidden", "a/b", "a b", ""])
async def test_the_name_of_a_file_is_no_path(db: asyncpg.Connection, name: str) -> None:
    await act_as(db, SERVICE)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "insert into library.files (file_name, original_name, mime_type, size) values ($1, 'n', 'text/plain', 1)",
            name,
        )
