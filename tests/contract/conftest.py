"""One API, one world, and the answers to everything."""

import asyncio

import asyncpg
import pytest
from app.main import create_app
from app.settings import Settings

from tests.accounts.conftest import cheap, with_group
from tests.conftest import Urls, client_of, started
from tests.contract.asking import Asked, asked
from tests.contract.endpoints import endpoints
from tests.contract.offered import is_offered
from tests.contract.uploads import MOST_BYTES
from tests.contract.world import World, populated

__all__ = ["Answers", "answers", "cheap"]


class Answers:
    """What was answered to whom, by endpoint."""

    def __init__(self, world: World, told: list[Asked]) -> None:
        self.emails = {name: member.email for name, member in world.people.items()}
        self.of: dict[str, list[Asked]] = {}
        for answer in told:
            self.of.setdefault(answer.case.endpoint.id, []).append(answer)


@pytest.fixture(scope="module")
def answers(cheap: Settings, urls: Urls) -> Answers:
    """Everything asked once, many at a time."""
    return asyncio.run(_asked(with_group(cheap, "files", max_bytes=MOST_BYTES), urls))


async def _asked(settings: Settings, urls: Urls) -> Answers:
    async with (
        started(create_app(settings)) as app,
        client_of(app) as client,
        asyncpg.create_pool(urls.admin, min_size=1, max_size=4, setup=in_default_tenant) as pool,
    ):
        world = await populated(client, pool)
        return Answers(world, await asked(world, tuple(item for item in endpoints() if is_offered(item))))


async def in_default_tenant(connection: asyncpg.Connection) -> None:
    """Rows of the test itself are of the one tenant there is."""
    await connection.execute("select set_config('relais.tenant_id', relais.default_tenant_id()::text, false)")
