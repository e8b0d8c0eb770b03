"""Reads have a tag for whoever asks for one, and whoever has what it stands for is not sent it again."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio
from app.gateway.etags import etag_of
from app.main import create_app
from app.settings import Settings

from tests.beyond.shelf import lab, lab_urls, shelf_urls
from tests.cache.conftest import app, cheap, client, people
from tests.cache.test_kept_answers import LIST, settled
from tests.conftest import Urls, client_of, run_sql, started
from tests.library.conftest import People, new_resource

__all__ = ["app", "cheap", "client", "lab_urls", "people", "shelf_urls"]

ASKED = {"Relais-ETag": "true"}
BOOKS = "/books?select=id,title&order=id&limit=3"


@pytest_asyncio.fixture(scope="module")
async def shelf(settings: Settings, shelf_urls: Urls) -> AsyncGenerator[httpx.AsyncClient]:
    async with lab(settings, shelf_urls.login) as client:
        yield client


async def asked(client: httpx.AsyncClient, path: str = BOOKS, **headers: str) -> httpx.Response:
    return await client.get(path, headers=ASKED | {name.replace("_", "-"): value for name, value in headers.items()})


async def test_a_read_has_a_tag_if_it_is_asked_for(shelf: httpx.AsyncClient) -> None:
    plain = await shelf.get(BOOKS)
    assert not {"etag", "cache-control"} & set(plain.headers)
    assert "etag" not in (await shelf.get(BOOKS, headers={"Relais-ETag": "false"})).headers
    answer = await asked(shelf)
    assert (answer.status_code, answer.content) == (200, plain.content)
    assert answer.headers["etag"] == etag_of(answer.content, b"application/json; charset=utf-8").decode()
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in answer.headers["vary"]


async def test_what_a_client_has_is_not_sent_again(shelf: httpx.AsyncClient) -> None:
    first = await asked(shelf)
    tag = first.headers["etag"]
    for held in (tag, f"W/{tag}", f'"other, with a comma", {tag}', f'W/"other",W/{tag}', "*", " * "):
        again = await shelf.get(BOOKS, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), held
        assert again.headers["content-range"] == first.headers["content-range"]
        assert not {"content-length", "content-type"} & set(again.headers)
    for held in ('"other"', tag.strip('"'), f'"{tag}', f"x{tag[1:]}", "", '"*"'):
        again = await shelf.get(BOOKS, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, tag), held


async def test_a_list_of_tags_may_come_in_several_headers(shelf: httpx.AsyncClient) -> None:
    tag = (await asked(shelf)).headers["etag"]
    for held in (tag, '"other"'), ('"other"', tag):
        again = await shelf.get(BOOKS, headers=[("If-None-Match", value) for value in held])
        assert again.status_code == 304


async def test_a_tag_tells_other_bytes_and_other_types_apart(shelf: httpx.AsyncClient) -> None:
    tag = (await asked(shelf)).headers["etag"]
    others = [
        await asked(shelf, f"{BOOKS}&id=gt.1"),
        await asked(shelf, "/books?select=id,title&order=id&limit=2"),
        await asked(shelf, Accept="text/csv"),
        await asked(shelf, Accept="application/vnd.pgrst.array+json;nulls=stripped"),
    ]
    tags = {answer.headers["etag"] for answer in others} | {tag}
    assert len(tags) == 5
    stripped = await shelf.get(
        BOOKS, headers={"If-None-Match": tag, "Accept": "application/vnd.pgrst.array+json;nulls=stripped"}
    )
    assert (stripped.status_code, stripped.content) == (200, others[3].content)


async def test_pages_of_what_was_counted_are_compared_too(shelf: httpx.AsyncClient) -> None:
    first = await asked(shelf, Prefer="count=exact")
    assert first.status_code == 206
    again = await asked(shelf, Prefer="count=exact", If_None_Match=first.headers["etag"])
    assert (again.status_code, again.headers["content-range"]) == (304, "0-2/30000")


async def test_refusals_writes_and_heads_are_as_before(shelf: httpx.AsyncClient) -> None:
    refused = await asked(shelf, "/books?id=eq.x", If_None_Match="*")
    assert refused.status_code == 400
    nothing = await asked(shelf, "/books?id=eq.0", Accept="application/vnd.pgrst.object+json", If_None_Match="*")
    assert nothing.status_code == 406
    beyond = await asked(shelf, "/books?offset=40000", Prefer="count=exact", If_None_Match="*")
    assert beyond.status_code == 416
    head = await shelf.head(BOOKS, headers=ASKED)
    assert (head.status_code, "etag" in head.headers) == (200, False)
    assert (await shelf.head(BOOKS, headers={"If-None-Match": "*"})).status_code == 304
    assert (await shelf.head(BOOKS, headers={"If-None-Match": '"x"'})).status_code == 200
    written = await shelf.post("/things?select=id", json={"id": 900}, headers=ASKED | {"If-None-Match": "*"})
    assert (written.status_code, "etag" in written.headers) == (201, False)


async def test_functions_have_tags_and_may_give_their_own(shelf: httpx.AsyncClient) -> None:
    sums = await asked(shelf, "/rpc/add?a=1")
    assert (await shelf.get("/rpc/add?a=1", headers={"If-None-Match": sums.headers["etag"]})).status_code == 304
    assert (await shelf.get("/rpc/add?a=2", headers={"If-None-Match": sums.headers["etag"]})).status_code == 200
    own = await asked(shelf, "/rpc/tagged")
    assert own.headers.get_list("etag") == ['"my own"']
    assert (await shelf.get("/rpc/tagged", headers={"If-None-Match": 'W/"my own"'})).status_code == 304


async def test_browsers_may_read_the_tag(shelf: httpx.AsyncClient) -> None:
    answer = await asked(shelf, Origin="https://app.example.org")
    assert answer.headers["access-control-expose-headers"].endswith(", ETag")


async def test_what_changes_between_two_reads_is_never_taken_for_the_same(
    settings: Settings, shelf_urls: Urls, shelf: httpx.AsyncClient
) -> None:
    path = "/books?select=pages&id=eq.77"

    async def change() -> None:
        for pages in range(600, 640):
            await run_sql(shelf_urls.admin, f"update lab.books set pages = {pages} where id = 77")

    changing = asyncio.ensure_future(change())
    seen = [(await asked(shelf, path)).headers["etag"]]
    bodies: dict[str, bytes] = {}
    while not changing.done():
        answer = await shelf.get(path, headers={"If-None-Match": seen[-1]})
        if answer.status_code == 200:
            assert answer.headers["etag"] != seen[-1]
            seen.append(answer.headers["etag"])
            assert bodies.setdefault(seen[-1], answer.content) == answer.content
        else:
            assert (answer.status_code, answer.headers["etag"]) == (304, seen[-1])
    await changing
    last = await shelf.get(path, headers={"If-None-Match": seen[-1]})
    final = last.content if last.status_code == 200 else bodies[seen[-1]]
    assert final == b'[{"pages":639}]'


@pytest.mark.parametrize("headers", [{}, {"Prefer": "count=exact"}, {"Accept": "text/csv"}])
async def test_an_answer_that_was_kept_has_the_tag_of_one_that_was_not(
    settings: Settings, client: httpx.AsyncClient, people: People, headers: dict[str, str]
) -> None:
    await new_resource(client, people.owner)
    await settled(client)
    if "Accept" not in headers:
        await settled(client, **headers)
    kept = await client.get(LIST, headers=headers)
    unkept = settings.model_copy(update={"cache": settings.cache.model_copy(update={"enabled": False})})
    async with started(create_app(unkept)) as app, client_of(app) as other:
        computed = await other.get(LIST, headers=ASKED | headers)
        same = await other.get(LIST, headers={"If-None-Match": kept.headers["etag"]} | headers)
    assert computed.content == kept.content
    assert computed.headers["etag"] == kept.headers["etag"]
    assert same.status_code == 304
