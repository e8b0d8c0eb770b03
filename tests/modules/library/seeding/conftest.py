"""Seeded libraries: two to read, and as many as wanted to change."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest_asyncio
from app.embedded import Servers

from tests.conftest import Urls

from .library import ACCOUNTS, SCALE, Library, Opener, opened


@pytest_asyncio.fixture(scope="session")
async def demo(template: Urls, servers: Servers) -> AsyncGenerator[Library]:
    """A library with the demo in it, to be read only."""
    async with opened(template, servers, ACCOUNTS) as library:
        await library.seed()
        yield library


@pytest_asyncio.fixture(scope="session")
async def crowd(template: Urls, servers: Servers) -> AsyncGenerator[Library]:
    """A library with generated resources besides, to be read only."""
    async with opened(template, servers, ACCOUNTS) as library:
        await library.seed(SCALE)
        yield library


@pytest_asyncio.fixture
async def open_library(template: Urls, servers: Servers) -> AsyncGenerator[Opener]:
    """Make libraries with nothing but accounts, to be changed at will."""
    async with AsyncExitStack() as stack:

        async def open_one(accounts: tuple[str, ...] = ACCOUNTS) -> Library:
            return await stack.enter_async_context(opened(template, servers, accounts))

        yield open_one
