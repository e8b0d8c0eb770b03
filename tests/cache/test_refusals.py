"""A Redis that answers and does not do as it is told."""

import shutil
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from app.settings import Settings

from tests.cache.test_kept_answers import asked, eventually, settled
from tests.library.conftest import People, new_resource
from tests.own_redis import OwnRedis, own_redis


@pytest.fixture(scope="module")
def own() -> Generator[OwnRedis]:
    """A Redis that may be spoilt."""
    with own_redis() as redis:
        yield redis


@pytest.fixture(scope="module")
def cheap(cheap: Settings, own: OwnRedis) -> Settings:
    """Settings with that Redis."""
    return cheap.model_copy(update={"redis": own.settings})


async def test_a_redis_that_refuses_is_used_again_when_it_does_not(
    client: httpx.AsyncClient, people: People, own: OwnRedis, tmp_path: Path
) -> None:
    row = (await new_resource(client, people.owner, title="Un"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    await settled(client, path)
    # What cannot be saved must not be written.
    gone = tmp_path / "gone"
    gone.mkdir()
    assert own.say(f"CONFIG SET dir {gone}") == own.say('CONFIG SET save "3600 1"') == "+OK"
    shutil.rmtree(gone)
    own.say("BGSAVE")

    async def refuses() -> bool:
        return own.say("SET a b").startswith("-MISCONF")

    await eventually(refuses)
    change = {"title": "Deux"}
    answer = await client.patch(f"/rest/v1/resources?id=eq.{row}", json=change, headers=people.owner.headers)
    assert answer.status_code == 204
    for _ in range(3):
        assert (await asked(client, path))[1] == [change]
    assert own.say("CONFIG SET stop-writes-on-bgsave-error no") == "+OK"
    assert await settled(client, path) == [change]
