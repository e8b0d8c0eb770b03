"""Answers that a process gives again without asking Redis."""

import httpx
import pytest
from app.settings import Settings

from tests.accounts.conftest import with_group
from tests.cache.test_kept_answers import asked, eventually, lent, settled
from tests.conftest import Urls
from tests.library.conftest import People, new_resource


@pytest.fixture(scope="module")
def cheap(cheap: Settings) -> Settings:
    """Settings with answers at hand for longer than any of these tests."""
    return with_group(cheap, "cache", local_seconds=30.0)


async def test_nothing_at_hand_outlives_the_end_of_a_right(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    row = (await new_resource(client, people.owner, title="Jusqu'à", visibility="private"))["id"]
    path = f"/rest/v1/resources?select=title&id=eq.{row}"
    async with lent(urls, row, people.other, 1.5) as is_over:

        async def shared() -> bool:
            return bool((await asked(client, path, **people.other.headers))[1])

        await eventually(shared)
        for _ in range(2):
            assert await settled(client, path, **people.other.headers)
        await eventually(is_over)
        assert (await asked(client, path, **people.other.headers))[1] == []
