"""Uses of sessions are noted seldom and without waiting, and written together."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from app.adapters.postgres import Database
from app.auth import uses
from app.auth.uses import NOTED_SECONDS, Uses
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import Urls

HERE, THERE = "203.0.113.1", "203.0.113.2"
SESSION = """
    with person as (insert into relais.users (email) values ($1) returning id),
    member as (
        insert into relais.memberships (tenant_id, user_id) select relais.default_tenant_id(), id from person
        returning tenant_id, user_id)
    insert into relais.sessions (tenant_id, user_id, expires_at, last_used_at, address)
    select tenant_id, user_id, now() + interval '1 day', now() - interval '1 hour', '127.0.0.1' from member
    returning id::text
"""
LOOK = "select host(address), last_used_at from relais.sessions where id = $1::text::uuid"


@dataclass(slots=True)
class Ground:
    """Uses on a clock that a test sets, and the database that they are written to."""

    uses: Uses
    owner: Any
    now: list[float] = field(default_factory=lambda: [1000.0])

    async def session(self) -> str:
        return "session:" + await self.owner.fetchval(SESSION, f"{secrets.token_hex(6)}@example.org")

    async def seen(self, name: str) -> tuple[str, bool]:
        """The address of a session, and whether it was used lately."""
        address, used = await self.owner.fetchrow(LOOK, name.removeprefix("session:"))
        return address, datetime.now(UTC) - used < timedelta(minutes=1)


@pytest.fixture
async def ground(settings: Settings, urls: Urls) -> AsyncGenerator[Ground]:
    database = Database(settings.database)
    await database.open()
    owner: Any = await asyncpg.connect(urls.admin)
    now = [1000.0]
    yield Ground(Uses(database, lambda: now[0]), owner, now)
    await owner.close()
    await database.close()


async def test_what_is_noted_is_written_together(ground: Ground) -> None:
    names = [await ground.session() for _ in range(5)]
    for name in names:
        ground.uses.note(name, HERE)
    assert [await ground.seen(name) for name in names] == [("127.0.0.1", False)] * 5
    await ground.uses.write()
    assert [await ground.seen(name) for name in names] == [(HERE, True)] * 5


async def test_a_use_from_one_address_is_noted_once_in_a_while_and_from_another_at_once(ground: Ground) -> None:
    name = await ground.session()
    reset = "update relais.sessions set last_used_at = now() - interval '1 hour' where id = $1::text::uuid"
    for seconds, address, noted in (
        (0.0, HERE, True),
        (NOTED_SECONDS - 1, HERE, False),
        (0.0, THERE, True),
        (NOTED_SECONDS, THERE, True),
    ):
        await ground.owner.execute(reset, name.removeprefix("session:"))
        ground.now[0] += seconds
        ground.uses.note(name, address)
        await ground.uses.write()
        assert (await ground.seen(name))[1] is noted


async def test_what_another_process_knows_better_stays(ground: Ground) -> None:
    name = await ground.session()
    ground.uses.note(name, HERE)
    ground.now[0] += 600.0
    newer = "update relais.sessions set last_used_at = now(), address = $2::text::inet where id = $1::text::uuid"
    await ground.owner.execute(newer, name.removeprefix("session:"), THERE)
    await ground.uses.write()
    assert await ground.seen(name) == (THERE, True)


@pytest.mark.parametrize("address", ["", "unix:", "a name", "999.1.1.1", "fe80::1%eth0", "'; select 1 --"])
async def test_an_address_that_is_none_leaves_the_one_of_before(ground: Ground, address: str) -> None:
    name = await ground.session()
    ground.uses.note(name, address)
    await ground.uses.write()
    assert await ground.seen(name) == ("fe80::1" if "%" in address else "127.0.0.1", True)


async def test_api_tokens_are_none_of_it(ground: Ground) -> None:
    ground.uses.note(f"token:{secrets.token_hex(4)}", HERE)
    name = await ground.session()
    ground.uses.note(name, HERE)
    await ground.uses.write()
    assert await ground.seen(name) == (HERE, True)


async def test_a_session_that_is_held_by_somebody_is_waited_for_by_nobody(ground: Ground) -> None:
    held, free = await ground.session(), await ground.session()
    ground.uses.note(held, HERE)
    ground.uses.note(free, HERE)
    async with ground.owner.transaction():
        lock = "select from relais.sessions where id = $1::text::uuid for update"
        await ground.owner.execute(lock, held.removeprefix("session:"))
        async with asyncio.timeout(10):
            await ground.uses.write()
    assert [(await ground.seen(name))[1] for name in (held, free)] == [False, True]


async def test_so_many_sessions_are_remembered_and_no_more(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "_MOST_KNOWN", 2)
    names = [await ground.session() for _ in range(3)]
    for name in names:
        ground.uses.note(name, HERE)
    await ground.uses.write()
    assert [(await ground.seen(name))[1] for name in names] == [False, True, True]


async def test_without_postgresql_nothing_is_held_up(settings: Settings) -> None:
    nowhere = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")
    database = Database(settings.database.model_copy(update={"url": nowhere, "connect_timeout_seconds": 0.2}))
    await database.open()
    lost = Uses(database)
    await lost.start()
    lost.note("session:00000000-0000-4000-8000-000000000000", HERE)
    await lost.stop()
    await database.close()
