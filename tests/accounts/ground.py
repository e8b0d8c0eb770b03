"""What several files of these tests stand on: APIs with other settings, the database behind them, refusals."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
from app.main import create_app
from app.settings import Settings

from tests.conftest import client_of, started


async def value(url: str, statement: str, *args: Any) -> Any:
    """The first value of a statement, as the owner of the database."""
    connection: Any = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement, *args)
    finally:
        await connection.close()


@asynccontextmanager
async def running_with(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of an API with these settings: one process of an installation, as far as anybody can tell."""
    async with started(create_app(settings)) as app, client_of(app) as client:
        yield client


def must_refuse(answer: httpx.Response, status: int, code: str, message: str) -> None:
    """A refusal in the one shape, in these words."""
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert (told["code"], told["message"], told["error"]) == (code, message, message)
    assert {"details", "hint"} <= set(told)
    assert answer.headers["Content-Type"].startswith("application/json")
