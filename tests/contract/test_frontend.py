"""The requests of the web application, page by page as it sends them: every answer has what its page reads of it.

`frontend_requests.json` says who asks for what, and what is read: a shape, `rows` (an array and nothing else), one
`row` (alone or in a list), a `refusal` in words, or nothing but that it went well. Rows that others read as a page from
the same URL come below `data`: which those are, the page about compatibility says.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings

from docs.writers.compatibility_page import ASKED_BOTH_WAYS
from tests.accounts.conftest import signed_up
from tests.conftest import Urls, client_of, started
from tests.contract.conftest import in_default_tenant
from tests.contract.examples import Example, made
from tests.contract.judging import ERROR
from tests.contract.offered import has_route
from tests.contract.shape import problems
from tests.contract.world import World, populated

REQUESTS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("frontend_requests.json").read_text())
#: The roles in the file, and who plays them here.
PLAYED_BY = {"visitor": "anonymous", "user": "other", "owner": "owner", "super_admin": "super_admin"}


def _name(told: dict[str, Any]) -> str:
    return f"{told['method']} {told['path']} {'&'.join(told.get('query', {}))}".strip()


@pytest.fixture(scope="module")
def replayed(cheap: Settings, urls: Urls) -> list[httpx.Response | None]:
    """The answers, in order; None where there is no such route."""
    return asyncio.run(_replayed(cheap, urls))


async def _replayed(settings: Settings, urls: Urls) -> list[httpx.Response | None]:
    async with (
        started(create_app(settings)) as app,
        client_of(app) as client,
        asyncpg.create_pool(urls.admin, min_size=1, max_size=2, setup=in_default_tenant) as pool,
    ):
        world = await populated(client, pool)
        return [await _sent(world, told) for told in REQUESTS]


async def _sent(world: World, told: dict[str, Any]) -> httpx.Response | None:
    if not has_route(told["method"], told["path"]):
        return None
    who = PLAYED_BY.get(told["by"], "other")
    texts = {"path": told["path"].replace("{user}", "{person}")}
    body, headers = told.get("body"), world.headers(who)
    if told["by"] == "refreshing":
        body = {"refresh_token": (await signed_up(world.client)).refresh_token}
    request = await made(world, Example(texts, body, told.get("query", {})), who)
    sent: dict[str, Any] = {} if body is None else {"json": request.body}
    return await world.client.request(
        told["method"], request.path["path"], params=dict(request.query), headers=headers, **sent
    )


@pytest.mark.parametrize("number", range(len(REQUESTS)), ids=map(_name, REQUESTS))
def test_a_page_reads_what_it_needs(replayed: list[httpx.Response | None], number: int) -> None:
    told, answer = REQUESTS[number], replayed[number]
    if answer is None:
        pytest.skip("no such route: see the page about compatibility")
    reads = told["reads"]
    if reads == "refusal":
        assert 400 <= answer.status_code < 500, answer.text
        assert not problems(answer.json(), ERROR)
        return
    assert answer.is_success, answer.text
    if reads != "nothing":
        assert not _unread(answer.json(), reads, as_page=_name(told) in ASKED_BOTH_WAYS)


def test_each_url_that_is_asked_both_ways_is_asked() -> None:
    asked = {_name(told) for told in REQUESTS if isinstance(told["reads"], dict) and told["reads"].keys() == {"rows"}}
    assert asked >= ASKED_BOTH_WAYS.keys()


def _unread(told: Any, reads: Any, *, as_page: bool) -> list[str]:
    if as_page:
        return problems(told, {"data": [reads["rows"]], "meta": "object"})
    if isinstance(reads, dict) and reads.keys() == {"rows"}:
        return problems(told, [reads["rows"]])
    if isinstance(reads, dict) and reads.keys() == {"row"}:
        return problems(told[0] if isinstance(told, list) else told, reads["row"])
    return problems(told, reads)
