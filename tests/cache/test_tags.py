"""Answers that are kept have a tag, and whoever has one already is not sent it again."""

import httpx
import pytest

from tests.cache.test_kept_answers import LIST, settled
from tests.library.conftest import People, new_resource

PATHS = [LIST, "/api/resources?limit=3"]


@pytest.mark.parametrize("path", PATHS)
async def test_what_a_client_has_is_not_sent_again(client: httpx.AsyncClient, people: People, path: str) -> None:
    row = await new_resource(client, people.owner)
    first = await client.get(path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    again = await client.get(path, headers={"If-None-Match": f'W/"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    await client.put(f"/api/resources/{row['id']}", json={"title": "Autre"}, headers=people.owner.headers)
    changed = await client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


@pytest.mark.parametrize("path", ["/rest/v1/notifications", "/api/auth/session", "/rest/v1/resources?id=eq.x"])
async def test_what_is_not_kept_has_none(client: httpx.AsyncClient, people: People, path: str) -> None:
    answer = await client.get(path, headers=people.owner.headers)
    assert "etag" not in answer.headers


async def test_an_explicit_route_says_whether_it_was_kept(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner)
    assert (await settled(client, f"/api/resources/{made['id']}"))["title"] == made["title"]


async def test_an_answer_to_a_head_is_as_before(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner)
    answer = await client.head(LIST)
    assert (answer.status_code, answer.content) == (200, b"")
