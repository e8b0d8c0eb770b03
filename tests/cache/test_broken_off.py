"""Writes that were broken off: what PostgreSQL makes of them all the same is found out."""

import asyncio
from typing import Any

import httpx
import pytest
from app.adapters import postgres
from app.adapters.postgres import SERVICE
from app.main import create_app
from app.settings import Settings
from asyncpg import connect_utils
from fastapi import FastAPI

from tests.accounts.conftest import Member, signed_up, with_group
from tests.cache.test_kept_answers import asked, eventually, settled
from tests.conftest import client_of, started
from tests.library.conftest import new_resource
from tests.wire import wired


@pytest.fixture
def unstoppable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody tells PostgreSQL to stop."""

    async def lost(**_: Any) -> None:
        pass

    monkeypatch.setattr(connect_utils, "_cancel", lost)


async def _kept(client: httpx.AsyncClient, owner: Member) -> tuple[str, str]:
    row = (await new_resource(client, owner, title="Avant"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    assert await settled(client, path) == [{"title": "Avant"}]
    return row, path


async def _broken_off(app: FastAPI, row: str, seconds: float) -> None:
    """Begin to write, and give up long before it is done."""

    async def write() -> None:
        async with app.state.relais.database.connection(SERVICE, "write") as connection:
            await connection.execute(
                f"update library.resources set title = 'Après' where id = '{row}'"
                f" and (select pg_sleep({seconds})) is not null"
            )

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.2)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing


async def _shows(client: httpx.AsyncClient, path: str) -> None:
    async def shown() -> bool:
        return (await asked(client, path))[1] == [{"title": "Après"}]

    await eventually(shown)


@pytest.mark.usefixtures("unstoppable")
async def test_what_a_cancelled_write_wrote_shows_when_it_is_done(client: httpx.AsyncClient, app: FastAPI) -> None:
    row, path = await _kept(client, await signed_up(client))
    await _broken_off(app, row, 0.8)
    # What it was before is kept once more meanwhile.
    assert await settled(client, path) == [{"title": "Avant"}]
    await _shows(client, path)


@pytest.mark.usefixtures("unstoppable")
async def test_what_nobody_heard_of_shows_when_it_must_be_done(
    cheap: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CLOSE_SECONDS", 0.2)
    monkeypatch.setattr(postgres, "_COMMIT_SECONDS", 0.2)
    async with wired(with_group(cheap, "database", statement_timeout_seconds=1.5)) as (wire, settings):
        async with started(create_app(settings)) as app, client_of(app) as client:
            row, path = await _kept(client, await signed_up(client))
            wire.cut_after = b"pg_sleep"
            await _broken_off(app, row, 1.0)
            # What it was before is kept once more meanwhile.
            await asyncio.sleep(0.3)
            assert await settled(client, path) == [{"title": "Avant"}]
            await _shows(client, path)
