"""The gateway on a schema of orders beside the product's own, and callers with tokens."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app.gateway.parse import PREFIX
from app.main import create_app
from app.settings import Settings
from pydantic import SecretStr

from tests.conftest import Urls, client_of, started
from tests.dialect.tokens import SECRET, token

__all__ = ["ask", "count_of", "desk", "desk_client", "desk_urls", "rows_of", "somebody"]
REPRESENTATION = {"Prefer": "return=representation"}


def somebody(user_id: str | None = None, **claims: Any) -> dict[str, str]:
    """The header of somebody who has signed in."""
    values = {"role": "authenticated", "sub": user_id or str(uuid4()), **claims}
    return {"Authorization": f"Bearer {token(values)}"}


@pytest.fixture(scope="module")
async def desk_urls(urls: Urls) -> Urls:
    """A migrated database with the desk in it."""
    connection = await asyncpg.connect(urls.admin)
    try:
        await connection.execute((Path(__file__).parent / "desk.sql").read_text())
    finally:
        await connection.close()
    return urls


@asynccontextmanager
async def desk(settings: Settings, **options: str | int | bool) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the gateway; paths begin below its own."""
    rest = settings.rest.model_copy(update={"db_schemas": "desk", "jwt_secret": SecretStr(SECRET), **options})
    async with started(create_app(settings.model_copy(update={"rest": rest}))) as app, client_of(app) as client:
        client.base_url = httpx.URL(f"http://relais.test{PREFIX}")
        yield client


@pytest.fixture(scope="module")
async def desk_client(settings: Settings, desk_urls: Urls) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with the usual settings."""
    async with desk(settings) as client:
        yield client


async def rows_of(urls: Urls, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the owner of the database is answered."""
    connection = await asyncpg.connect(urls.admin)
    try:
        return [tuple(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def count_of(urls: Urls, table: str, where: str = "true") -> int:
    """Rows of a table."""
    return (await rows_of(urls, f"select count(*) from {table} where {where}"))[0][0]


async def ask(client: httpx.AsyncClient, items: Any, headers: Mapping[str, str], *, status: int = 200) -> Any:
    """What a batch is answered."""
    answer = await client.post("/batch", json=items, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()
