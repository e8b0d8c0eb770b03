"""Listening to PostgreSQL: a line that is cut without a word is found out, and another one is made."""

import asyncio
from collections.abc import Callable

import pytest
from app.adapters import postgres
from app.adapters.listener import Listener
from app.adapters.postgres import Database
from app.settings import Settings

from tests.conftest import Urls, run_sql
from tests.wire import wired

CHANNEL = "tests_of_listening"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_line_that_is_cut_without_a_word_is_found_out(
    settings: Settings, urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(postgres, "LOOK_DEADLINE_SECONDS", 0.5)
    heard: list[str] = []
    caught_up = deaf = 0

    async def catch_up() -> None:
        nonlocal caught_up
        caught_up += 1

    def went_deaf() -> None:
        nonlocal deaf
        deaf += 1

    async with wired(settings) as (wire, over):
        listener = Listener(
            database=Database(over.database),
            channels=(CHANNEL,),
            heard=lambda _, said: heard.append(said),
            catch_up=catch_up,
            deaf=went_deaf,
        )
        listener.start()
        try:
            await until(lambda: listener.hears)
            # It is asked again and again, and answers.
            await asyncio.sleep(0.5)
            assert (listener.hears, caught_up, deaf) == (True, 1, 0)
            wire.cut()
            await run_sql(urls.admin, f"notify {CHANNEL}, 'to nobody'")
            await until(lambda: deaf == 1)
            await until(lambda: listener.hears)
            await run_sql(urls.admin, f"notify {CHANNEL}, 'to somebody'")
            await until(lambda: bool(heard))
            assert (heard, caught_up) == (["to somebody"], 2)
        finally:
            await listener.stop()
