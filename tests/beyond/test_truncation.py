"""An answer that the bound on rows clipped says so, and where the rest is."""

import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from app.settings import Settings

from tests.beyond.shelf import lab, lab_urls, shelf_urls
from tests.conftest import Urls

__all__ = ["lab_urls", "shelf_urls"]

MOST = 40
#: 300 books are on each shelf.
SHELF = "/books?select=id&order=id&shelf_id=eq.1"


@pytest_asyncio.fixture(scope="module")
async def client(settings: Settings, shelf_urls: Urls) -> AsyncGenerator[httpx.AsyncClient]:
    async with lab(settings, shelf_urls.login, db_max_rows=MOST) as client:
        yield client


def next_of(answer: httpx.Response) -> str:
    """Where the link leads, below the gateway."""
    found = re.fullmatch(r'<(/rest/v1)(/[^>]*)>; rel="next"', answer.headers["link"])
    assert found, answer.headers["link"]
    return found[2]


def is_whole(answer: httpx.Response) -> bool:
    assert answer.status_code in (200, 206), answer.text
    return "relais-truncated" not in answer.headers and "link" not in answer.headers


async def followed(client: httpx.AsyncClient, path: str, **headers: str) -> list[Any]:
    """The rows of an answer and of all that its links lead to."""
    rows: list[Any] = []
    while True:
        answer = await client.get(path, headers=headers)
        assert answer.status_code in (200, 206), answer.text
        rows += answer.json()
        if "link" not in answer.headers:
            return rows
        assert answer.headers["relais-truncated"] == "true"
        path = next_of(answer)


async def test_what_was_clipped_leads_to_the_rest(client: httpx.AsyncClient) -> None:
    rows = await followed(client, SHELF)
    assert [row["id"] for row in rows] == list(range(100, 30001, 100))


async def test_the_request_s_own_window_is_no_truncation(client: httpx.AsyncClient) -> None:
    for window in ("limit=3", f"limit={MOST}", "limit=0"):
        assert is_whole(await client.get(f"{SHELF}&{window}"))
    assert is_whole(await client.get(SHELF, headers={"Range": f"0-{MOST - 1}"}))
    assert is_whole(await client.get(f"{SHELF}&id=lt.3900"))


async def test_a_window_beyond_the_bound_is_walked_to_its_end(client: httpx.AsyncClient) -> None:
    assert len(await followed(client, f"{SHELF}&limit=95&offset=10")) == 95
    by_range = await client.get(SHELF, headers={"Range": "10-104"})
    assert next_of(by_range) == f"{SHELF}&offset=50&limit=55"
    # Sent again or left out, the header makes no difference.
    expected = await followed(client, f"{SHELF}&limit=95&offset=10")
    assert await followed(client, SHELF, Range="10-104") == expected
    assert by_range.json() + await followed(client, next_of(by_range)) == expected


async def test_a_count_decides_where_there_is_one(client: httpx.AsyncClient) -> None:
    # As many as the bound allows, and not one more.
    exactly = f"{SHELF}&id=lte.{MOST * 100}"
    assert (await client.get(exactly)).headers["relais-truncated"] == "true"
    for count in ("exact", "estimated"):
        assert is_whole(await client.get(exactly, headers={"Prefer": f"count={count}"}))
        clipped = await client.get(SHELF, headers={"Prefer": f"count={count}"})
        assert clipped.headers["relais-truncated"] == "true"
    last = await client.get(f"{SHELF}&offset=260&limit=1000", headers={"Prefer": "count=exact"})
    assert is_whole(last)


async def test_other_parameters_stay_as_they_were_sent(client: httpx.AsyncClient) -> None:
    sent = "select=id,title&title=like.book%201*&or=(pages.gt.1,pages.is.null)&order=id.desc&of%66set=2"
    answer = await client.get(f"/books?{sent}&limit=100")
    assert next_of(answer) == f"/books?{sent.removesuffix('&of%66set=2')}&offset=42&limit=60"


async def test_nothing_in_a_link_ends_it_early(client: httpx.AsyncClient) -> None:
    answer = await client.get("/books?select=id&title=neq.%3E%3B%20rel=%22x%22&pages=not.in.(1,2)")
    assert next_of(answer).count("%3E") == 1
    raw = httpx.URL("http://relais.test/rest/v1/books").copy_with(raw_path=b'/rest/v1/books?select=id&title=neq.>"<')
    assert next_of(await client.get(raw)).endswith("&title=neq.%3E%22%3C&offset=40")


async def test_a_link_that_would_be_too_long_is_left_out(client: httpx.AsyncClient) -> None:
    ids = ",".join(map(str, range(1, 3000)))
    answer = await client.get(f"/books?select=id&id=in.({ids})")
    assert answer.headers["relais-truncated"] == "true"
    assert "link" not in answer.headers


async def test_functions_and_heads_say_it_too(client: httpx.AsyncClient) -> None:
    assert len(await followed(client, "/rpc/books_of?shelf=7&select=id&order=id")) == 300
    posted = await client.post("/rpc/books_of?select=id&order=id", json={"shelf": 7})
    assert next_of(posted) == "/rpc/books_of?select=id&order=id&offset=40"
    more = await client.post(next_of(posted), json={"shelf": 7})
    assert more.json()[0]["id"] == 6 + 100 * MOST
    head = await client.head(SHELF)
    assert (head.headers["relais-truncated"], next_of(head)) == ("true", f"{SHELF}&offset={MOST}")
    csv = await client.get(SHELF, headers={"Accept": "text/csv"})
    assert csv.headers["relais-truncated"] == "true"


async def test_one_object_and_what_was_written_are_whole(settings: Settings, shelf_urls: Urls) -> None:
    async with lab(settings, shelf_urls.login, db_max_rows=1) as client:
        assert is_whole(await client.get("/rpc/one_book?select=id"))
        assert is_whole(await client.get("/rpc/add?a=1"))
        written = await client.post(
            "/things", json=[{"id": 101}, {"id": 102}, {"id": 103}], headers={"Prefer": "return=representation"}
        )
    assert written.status_code == 201
    assert len(written.json()) == 3
    assert "relais-truncated" not in written.headers


async def test_without_a_bound_nothing_is_said(settings: Settings, shelf_urls: Urls) -> None:
    async with lab(settings, shelf_urls.login) as client:
        assert is_whole(await client.get(SHELF))


async def test_the_address_is_the_one_that_clients_see(settings: Settings, shelf_urls: Urls) -> None:
    public = "https://api.example.org/data/"
    async with lab(settings, shelf_urls.login, db_max_rows=MOST, openapi_server_proxy_uri=public) as client:
        answer = await client.get("/books?select=id")
    assert answer.headers["link"] == f'</data/books?select=id&offset={MOST}>; rel="next"'


async def test_browsers_may_read_it(client: httpx.AsyncClient) -> None:
    origin = {"Origin": "https://app.example.org"}
    clipped = await client.get(SHELF, headers=origin)
    assert clipped.headers["access-control-expose-headers"].endswith(", Relais-Truncated, Link")
    whole = await client.get(f"{SHELF}&limit=1", headers=origin)
    assert "Relais" not in whole.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("query", "embeds"),
    [
        ("/shelves?select=id,books(id)&limit=2", "books"),
        ("/shelves?select=id,of_it:books(id)&limit=2", "of_it"),
        ("/shelves?select=id,of_it:books(id)&limit=2&of_it.limit=39", None),
        (f"/shelves?select=id,books(id)&limit=2&books.limit={MOST}", None),
        (f"/shelves?select=id,books(id)&limit=2&books.limit={MOST + 1}", "books"),
        ("/shelves?select=id,books(id)&limit=2&books.offset=290", None),
        ("/shelves?select=id,books(id)&limit=2&books.offset=250", "books"),
        ("/shelves?select=id,books(id)&limit=2&books.id=lt.300", None),
        ("/shelves?select=id,...books(id)&limit=2", "books"),
        ("/books?select=id,shelves(id,books(id))&limit=1", "shelves.books"),
        ("/books?select=id,...shelves(name,books(id))&limit=1", "shelves.books"),
        ("/shelves?select=id,books(id,shelves(books(id)))&limit=1&books.limit=1", "books.shelves.books"),
        ("/shelves?select=id,books(count)&limit=2", None),
        ("/shelves?select=id,books()&limit=2", None),
    ],
)
async def test_embeds_that_were_clipped_are_named(client: httpx.AsyncClient, query: str, embeds: str | None) -> None:
    answer = await client.get(query)
    assert answer.status_code == 200, answer.text
    assert answer.headers.get("relais-truncated-embeds") == embeds
    assert ("relais-truncated" in answer.headers) is (embeds is not None)
    # The rows themselves are all there.
    assert "link" not in answer.headers


async def test_rows_and_embeds_may_both_be_clipped(client: httpx.AsyncClient) -> None:
    answer = await client.get("/shelves?select=id,books(id)&order=id")
    assert (len(answer.json()), answer.headers["relais-truncated-embeds"]) == (MOST, "books")
    assert "offset=40" in next_of(answer)
    one = {"Accept": "application/vnd.pgrst.object+json"}
    answer = await client.get("/shelves?select=id,books(id)&id=eq.1", headers=one)
    assert (answer.json()["id"], answer.headers["relais-truncated-embeds"]) == (1, "books")
    answer = await client.get("/shelves?select=id,books(id)&limit=1", headers={"Origin": "https://example.org"})
    assert "Relais-Truncated-Embeds" in answer.headers["access-control-expose-headers"]


async def test_without_a_bound_nothing_is_looked_for(settings: Settings, shelf_urls: Urls) -> None:
    async with lab(settings, shelf_urls.login) as client:
        answer = await client.get("/shelves?select=id,books(id)&limit=2")
        assert is_whole(answer)
        assert len(answer.json()[0]["books"]) == 300
