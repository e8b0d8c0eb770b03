"""An API that is registered with a provider, and the provider."""

from collections.abc import AsyncGenerator, Generator

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, signed_up, some_email
from tests.accounts.oauth_provider import ProviderServer, provider_running, visitor
from tests.accounts.oauth_travel import with_provider
from tests.conftest import Urls, client_of, started


@pytest.fixture(scope="module")
def serving() -> Generator[ProviderServer]:
    """A provider that answers."""
    with provider_running() as provider:
        yield provider


@pytest.fixture
def provider(serving: ProviderServer) -> Generator[ProviderServer]:
    """The same without faults, visited by somebody new."""
    serving.reset()
    serving.who = visitor(some_email())
    yield serving
    assert serving.mistakes == []


@pytest.fixture(scope="module")
async def app(cheap: Settings, serving: ProviderServer) -> AsyncGenerator[FastAPI]:
    """An API that is registered with the provider."""
    async with started(create_app(with_provider(cheap, serving))) as app:
        yield app


@pytest.fixture
async def database(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The database behind it."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


@pytest.fixture
async def other(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """Another browser."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def member(client: httpx.AsyncClient, database: asyncpg.Connection) -> Member:
    """Somebody who has signed up and proved their address."""
    return await proved(client, database)


@pytest.fixture
async def stranger(other: httpx.AsyncClient, database: asyncpg.Connection) -> Member:
    """Another member."""
    return await proved(other, database)


async def proved(client: httpx.AsyncClient, database: asyncpg.Connection) -> Member:
    """A new member whose address is theirs."""
    member = await signed_up(client)
    await database.execute("update relais.users set email_verified_at = now() where id = $1", member.id)
    return member
