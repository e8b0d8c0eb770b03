"""A read whose query is the body of a POST is answered as the GET is that it stands for."""

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import quote

import asyncpg
import httpx
import pytest
import pytest_asyncio
from app.main import create_app
from app.settings import Settings

from tests.beyond.shelf import lab, lab_urls, shelf_urls
from tests.cache.conftest import app, cheap, client, people
from tests.cache.test_kept_answers import settled
from tests.conftest import Urls, client_of, started
from tests.dialect.configuration import AUTHOR
from tests.dialect.lab import acting_as
from tests.library.conftest import People, new_resource

__all__ = ["app", "cheap", "client", "lab_urls", "people", "shelf_urls"]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
#: What every answer has of its own.
OWN = {"x-request-id", "server-timing", "date"}
LIMITS = ("ratelimit", "x-ratelimit")


@pytest_asyncio.fixture(scope="module")
async def shelf(settings: Settings, shelf_urls: Urls) -> AsyncGenerator[httpx.AsyncClient]:
    async with lab(settings, shelf_urls.login, db_max_rows=500, db_plan_enabled=True) as client:
        yield client


async def posted(client: httpx.AsyncClient, path: str, query: str | bytes, **headers: str) -> httpx.Response:
    return await client.post(f"{path}/query", content=query, headers=FORM | named(headers))


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [item for item in answer.headers.multi_items() if item[0] not in OWN and not item[0].startswith(LIMITS)]
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        ("/books", "", {}),
        ("/books", "select=id,title&order=id&limit=3", {}),
        ("/books", "select=id&order=id", {"Range": "5-9"}),
        ("/books", "select=id,shelves(name)&shelves.id=gt.3&order=id.desc&limit=9", {"Prefer": "count=exact"}),
        ("/books", "select=id&order=id&limit=2", {"Accept": "text/csv"}),
        ("/books", "select=id&id=eq.3", {"Accept": "application/vnd.pgrst.object+json"}),
        ("/books", "select=id&id=eq.0", {"Accept": "application/vnd.pgrst.object+json"}),
        ("/books", "select=id&or=(id.eq.1,and(id.gt.5,id.lt.8))", {"Prefer": "handling=strict, nonsense"}),
        ("/books", "offset=40000", {"Prefer": "count=exact"}),
        ("/books", "select=id&order=id&limit=2", {"Relais-ETag": "true"}),
        ("/books", "select=id&order=id&limit=2", {"If-None-Match": "*"}),
        ("/books", "select=id&limit=1", {"Accept": "application/vnd.pgrst.plan+json"}),
        ("/books", "select=id&limit=1", {"Accept-Profile": "nowhere"}),
        ("/books", "select=id&limit=1", {"Accept-Profile": "lab", "Content-Profile": "nowhere"}),
        ("/books", "select=id&limit=1", {"Authorization": "Bearer nonsense"}),
        ("/books", "select=nothing", {}),
        ("/books", "title=eq", {}),
        ("/nothing", "", {}),
        ("/thick_books", "select=id&order=id&limit=2&pages=gt.498", {}),
        ("/rpc/add", "a=1&b=2", {}),
        ("/rpc/add", "a=x", {}),
        ("/rpc/books_of", "shelf=4&select=id&order=id&limit=2&title=like.*1", {"Prefer": "count=exact"}),
        ("/rpc/told", "what=method", {}),
        ("/rpc/told", "what=path", {}),
        ("/rpc/write", "", {}),
        ("/rpc/tagged", "", {}),
        ("/rpc/nothing", "", {}),
    ],
)
async def test_the_answer_is_that_of_a_get(
    shelf: httpx.AsyncClient, path: str, query: str, headers: dict[str, str]
) -> None:
    got = await shelf.get(f"{path}?{query}" if query else path, headers=headers)
    assert told(await posted(shelf, path, query, **headers)) == told(got)
    plain = await posted(shelf, path, query, **{"Content-Type": "text/plain; charset=utf-8"} | headers)
    assert told(plain) == told(got)


async def test_ten_thousand_ids_are_no_more_than_a_body(shelf: httpx.AsyncClient, shelf_urls: Urls) -> None:
    connection = await asyncpg.connect(shelf_urls.admin)
    rows = await connection.fetch("select reference::text from lab.books where id <= 10000")
    await connection.close()
    references = [row["reference"] for row in rows]
    assert len(references) == 10_000
    answer = await posted(shelf, "/books", f"select=id&order=id&reference=in.({','.join(references)})")
    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in answer.json()] == list(range(1, 501))
    assert answer.headers["relais-truncated"] == "true"
    counted = await posted(
        shelf, "/books", f"select=id&limit=1&reference=in.({','.join(references)})", Prefer="count=exact"
    )
    assert counted.status_code == 206, counted.text
    assert counted.headers["content-range"] == "0-0/10000"
    # Somewhat shorter, and yet too long for an address.
    in_url = await shelf.get(f"/books?reference=in.({','.join(references[:1500])})")
    assert (in_url.status_code, in_url.json()["code"]) == (400, "REQUEST_TOO_COMPLEX")


async def test_text_need_not_be_encoded(shelf: httpx.AsyncClient) -> None:
    await shelf.post("/things", json={"id": 700, "name": "café ≠ thé"}, headers={"Prefer": "tx=commit"})
    expected = [{"id": 700}]
    for query in ("select=id&name=eq.café ≠ thé\r\n", f"select=id&name=eq.{quote('café ≠ thé')}"):
        assert (await posted(shelf, "/things", query, Content_Type="text/plain")).json() == expected
    # What is no character is told as it is of an address.
    broken = await posted(shelf, "/things", b"select=id&name=eq.\xff")
    assert told(broken) == told(await shelf.get("/things?select=id&name=eq.%FF"))


async def test_what_is_no_query_is_refused(settings: Settings, shelf: httpx.AsyncClient, shelf_urls: Urls) -> None:
    twice = await shelf.post("/books/query?select=id", content="limit=1", headers=FORM)
    assert (twice.status_code, twice.json()["code"]) == (400, "RELAIS_QUERY_TWICE")
    for sent_as in ({"Content-Type": "application/json"}, {}):
        answer = await shelf.post("/books/query", content=b"{}", headers=sent_as)
        assert (answer.status_code, answer.json()["code"]) == (415, "RELAIS_QUERY_TYPE")
    async with lab(settings, shelf_urls.login, max_query_body_bytes=300, max_query_bytes=256) as bounded:
        query = f"select=id&id=in.({','.join(['1'] * 130)})"
        assert 256 < len(query) < 300
        assert (await posted(bounded, "/books", query)).json() == [{"id": 1}]
        # What was understood as a body is not remembered as an address.
        assert (await bounded.get(f"/books?{query}")).json()["code"] == "REQUEST_TOO_COMPLEX"
        longer = await posted(bounded, "/books", f"{query}&order=id,title,shelf_id")
        assert (longer.status_code, longer.json()["code"]) == (413, "BODY_TOO_LARGE")
        # Bytes are counted as they came.
        assert (await posted(bounded, "/books", f"select=id&limit=1&title=neq.{'é' * 130}")).status_code == 200
    filters = "&".join(f"id=gt.{n}" for n in range(501))
    assert (await posted(shelf, "/books", filters)).json()["code"] == "REQUEST_TOO_COMPLEX"


async def test_other_methods_and_names_are_the_dialect_s(shelf: httpx.AsyncClient) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await shelf.request(method, "/books/query")
        assert (answer.status_code, answer.json()["code"]) == (404, "PGRST125")
    for path in ("/rpc/query", "/%72pc/query"):
        answer = await shelf.post(path, content="a=1", headers=FORM)
        assert (answer.status_code, answer.json()["code"]) == (404, "PGRST202")
    assert (await shelf.post("/query", json={})).json()["code"] == "PGRST205"
    for path in ("/rpc//query", "/a/b/query", "/rpc/a/b/query"):
        assert (await shelf.post(path, content="", headers=FORM)).json()["code"] == "PGRST125"


async def test_it_counts_as_a_read(settings: Settings) -> None:
    limits = settings.limits.model_copy(update={"writes": "1/600", "reads": "5/600"})
    # What is counted here is nobody else's.
    apart = settings.redis.model_copy(update={"prefix": f"{settings.redis.prefix}limits:"})
    settings = settings.model_copy(update={"limits": limits, "redis": apart})
    async with started(create_app(settings)) as app, client_of(app) as client:
        client.base_url = httpx.URL("http://relais.test/rest/v1")
        answers = [await posted(client, "/resources", "select=id&limit=1") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["ratelimit-limit"] == "5"


async def test_it_cannot_write(shelf: httpx.AsyncClient) -> None:
    answer = await posted(shelf, "/rpc/write", "", **acting_as(AUTHOR))
    assert (answer.status_code, answer.json()["code"]) == (405, "25006")


async def test_answers_are_kept_and_never_old(client: httpx.AsyncClient, people: People) -> None:
    row = await new_resource(client, people.owner, title="Avant")
    query = f"select=title&id=eq.{row['id']}"
    await settled(client, f"/rest/v1/resources?{query}")
    kept = await posted(client, "/rest/v1/resources", query)
    # One question, by whichever road: what a GET left there is found.
    assert ("cache;desc=hit" in kept.headers["server-timing"], kept.json()) == (True, [{"title": "Avant"}])

    async def change(title: str) -> None:
        changed = await client.put(f"/api/resources/{row['id']}", json={"title": title}, headers=people.owner.headers)
        assert changed.status_code == 200
        answers = await asyncio.gather(*(posted(client, "/rest/v1/resources", query) for _ in range(5)))
        assert [answer.text for answer in answers] == [f'[{{"title":"{title}"}}]'] * 5

    for number in range(10):
        await change(f"Titre {number}")
