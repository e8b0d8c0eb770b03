"""Files: who reads one when what it hung on is gone."""

import asyncpg
import pytest

from .world import PRIVATE, SERVICE, act_as, ident


async def _readers(db: asyncpg.Connection, file: object) -> set[str]:
    found: set[str] = set()
    for name in ("anonymous", "owner", "other", "shared", "moderator", "admin", "outsider"):
        await act_as(db, name)
        if await db.fetchval("select exists (select from library.files where id = $1)", file):
            found.add(name)
    return found


async def test_a_file_of_a_deleted_private_resource_is_its_uploaders(db: asyncpg.Connection) -> None:
    await act_as(db, "owner")
    await db.execute("delete from library.resources where id = $1", PRIVATE)

    assert await _readers(db, ident("private file")) == {"owner", "admin"}


async def test_a_file_taken_off_a_resource_does_not_become_public(db: asyncpg.Connection) -> None:
    await act_as(db, SERVICE)
    await db.execute(
        "update library.files set resource_id = null, is_public = true where id = $1", ident("private file")
    )
    await db.execute("update library.files set is_public = true where id = $1", ident("private file"))

    assert await _readers(db, ident("private file")) == {"owner", "admin"}


async def test_a_file_put_on_a_resource_stops_being_public(db: asyncpg.Connection) -> None:
    assert "anonymous" in await _readers(db, ident("file"))
    await act_as(db, SERVICE)
    await db.execute("update library.files set resource_id = $1 where id = $2", PRIVATE, ident("file"))

    assert await _readers(db, ident("file")) == {"owner", "admin", "shared", "moderator"}


@pytest.mark.parametrize("name", ["../../etc/passwd", ".hidden", "a/b", "a b", ""])
async def test_the_name_of_a_file_is_no_path(db: asyncpg.Connection, name: str) -> None:
    await act_as(db, SERVICE)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "insert into library.files (file_name, original_name, mime_type, size) values ($1, 'n', 'text/plain', 1)",
            name,
        )
