"""`If-Match`: nothing is written unless the row is as the client saw it."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from app.gateway.etags import etag_of
from app.settings import Settings

from tests.beyond.desk import REPRESENTATION, ask, desk, desk_client, desk_urls, rows_of, somebody
from tests.conftest import Urls, run_sql

__all__ = ["desk_client", "desk_urls"]
ONE = "/counters?id=eq.1"


async def seen(client: httpx.AsyncClient, path: str, **headers: str) -> tuple[str, httpx.Response]:
    """The tag of what is there now, as it follows from the answer of a read."""
    answer = await client.get(path, headers={**somebody(), **headers})
    assert answer.status_code == 200, answer.text
    return etag_of(answer.content, answer.headers["content-type"].encode()).decode(), answer


async def test_a_row_that_is_as_it_was_is_written(desk_client: httpx.AsyncClient) -> None:
    tag, _ = await seen(desk_client, ONE)
    headers = {**somebody(), **REPRESENTATION, "If-Match": tag}
    answer = await desk_client.patch(ONE, json={"note": "first"}, headers=headers)
    assert (answer.status_code, answer.json()[0]["note"]) == (200, "first")
    now, _ = await seen(desk_client, ONE)
    assert answer.headers["etag"] == now != tag
    again = await desk_client.patch(ONE, json={"note": "second"}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (412, "RELAIS_PRECONDITION_FAILED")
    assert again.headers["etag"] == now
    assert (await seen(desk_client, ONE))[0] == now


@pytest.mark.parametrize(
    "said", ['"x", {tag}', "W/{tag}", '{tag}, "y"', "*", " * "], ids=["second", "weakened", "first", "any", "spaces"]
)
async def test_one_of_several_tags_is_enough(desk_client: httpx.AsyncClient, said: str) -> None:
    tag, _ = await seen(desk_client, ONE)
    headers = {**somebody(), "If-Match": said.format(tag=tag)}
    answer = await desk_client.patch(ONE, json={"note": uuid4().hex}, headers=headers)
    assert answer.status_code == 204, answer.text
    assert "etag" not in answer.headers


async def test_tags_may_come_in_several_lines(desk_client: httpx.AsyncClient) -> None:
    tag, _ = await seen(desk_client, ONE)
    headers = [*somebody().items(), ("If-Match", tag), ("If-Match", '"y"')]
    answer = await desk_client.patch(ONE, json={"note": uuid4().hex}, headers=headers)
    assert answer.status_code == 204, answer.text


async def test_the_tag_is_that_of_the_query_and_its_type(desk_client: httpx.AsyncClient) -> None:
    path = "/counters?id=eq.2&select=id,note"
    plain, _ = await seen(desk_client, path)
    whole, _ = await seen(desk_client, "/counters?id=eq.2")
    csv, _ = await seen(desk_client, path, Accept="text/csv")
    single = "application/vnd.pgrst.object+json"
    alone, _ = await seen(desk_client, path, Accept=single)
    assert len({plain, whole, csv, alone}) == 4
    for accept, tag, status in (
        ("*/*", whole, 412), ("*/*", csv, 412), ("text/csv", plain, 412), ("text/csv", csv, 204),
        (single, alone, 204), ("*/*", plain, 204),
    ):  # fmt: skip
        headers = {**somebody(), "If-Match": tag, "Accept": accept}
        # What the query does not show may change.
        answer = await desk_client.patch(path, json={"value": 5}, headers=headers)
        assert answer.status_code == status, (accept, answer.text)


async def test_exactly_one_row_must_be_there(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    me = {**somebody(), "If-Match": "*"}
    before = await rows_of(desk_urls, "select * from desk.counters order by id")
    for path in ("/counters?id=gt.0", "/counters?id=eq.99", "/counters", "/counters?order=id&limit=1"):
        for method in ("PATCH", "DELETE"):
            body = {"json": {"note": "x"}} if method == "PATCH" else {}
            answer = await desk_client.request(method, path, headers=me, **body)
            assert (answer.status_code, answer.json()["code"]) == (412, "RELAIS_PRECONDITION_FAILED"), path
    answer = await desk_client.put("/counters?id=eq.99", json={"id": 99, "value": 1}, headers=me)
    assert answer.status_code == 412
    single = {**me, "Accept": "application/vnd.pgrst.object+json"}
    assert (await desk_client.patch("/counters?id=eq.99", json={"note": "x"}, headers=single)).status_code == 412
    assert await rows_of(desk_urls, "select * from desk.counters order by id") == before


async def test_the_row_that_is_read_is_the_row_that_is_written(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    """Whoever sees both rows and may change the second one alone must not change it with the tag of the first one."""
    shared = """
        create policy shared on desk.orders for select to authenticated using (title like '{0}%');
        insert into desk.orders (title, owner) values ('{0} theirs', 'nobody')
    """
    me, title = somebody(), uuid4().hex
    await run_sql(desk_urls.admin, *shared.format(title).split(";"))
    made = {"title": f"{title} mine"}
    assert (await desk_client.post("/orders", json=made, headers=me)).status_code == 201
    for window in ("limit=1", "limit=1&offset=0", "%6Cimit=1"):
        path = f"/orders?title=like.{title}*&order=id&{window}"
        theirs = await desk_client.get(path, headers={**me, "Relais-ETag": "true"})
        assert [row["title"] for row in theirs.json()] == [f"{title} theirs"]
        headers = {**me, "If-Match": theirs.headers["etag"]}
        for method, body in (("PATCH", {"json": {"amount": 5}}), ("DELETE", {})):
            answer = await desk_client.request(method, path, headers=headers, **body)
            assert (answer.status_code, answer.json()["details"]) == (412, "The filters find 2 rows")
    query = f"select count(*), count(amount) from desk.orders where title like '{title}%'"
    assert await rows_of(desk_urls, query) == [(2, 0)]


async def test_embeds_that_leave_out_rows_of_reads_are_refused(desk_client: httpx.AsyncClient) -> None:
    me = somebody()
    made = await desk_client.post("/orders", json={"title": "x"}, headers={**me, **REPRESENTATION})
    order = made.json()[0]["id"]
    assert (await desk_client.post("/lines", json={"order_id": order, "quantity": 1}, headers=me)).status_code == 201
    headers = {**me, "If-Match": "*"}
    left_out = ("lines!inner(id)", "lines(id)&lines=not.is.null", "lines(id)&or=(lines.not.is.null,id.eq.0)")
    for embed, status in (*((each, 412) for each in left_out), ("lines(id)", 204)):
        path = f"/orders?id=eq.{order}&select=id,{embed}"
        assert (await desk_client.get(path, headers=me)).json() != []
        answer = await desk_client.patch(path, json={"amount": 5}, headers=headers)
        assert answer.status_code == status, (embed, answer.text)


async def test_rows_are_replaced_and_removed(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    await run_sql(desk_urls.admin, "insert into desk.notes values (50, 'a')", "insert into desk.counters values (50)")
    tag, _ = await seen(desk_client, "/counters?id=eq.50")
    row = {"id": 50, "value": 8, "note": "put"}
    answer = await desk_client.put("/counters?id=eq.50", json=row, headers={**somebody(), "If-Match": tag})
    assert answer.status_code == 204, answer.text
    answer = await desk_client.put("/counters?id=eq.50", json=row, headers={**somebody(), "If-Match": tag})
    assert answer.status_code == 412
    # Whoever may remove but not change a row may be as careful.
    tag, _ = await seen(desk_client, "/notes?id=eq.50")
    for status in (204, 412):
        answer = await desk_client.delete("/notes?id=eq.50", headers={**somebody(), "If-Match": tag})
        assert answer.status_code == status, answer.text


async def test_tags_without_quotes_match_nothing_and_other_writes_are_refused(desk_client: httpx.AsyncClient) -> None:
    answer = await desk_client.patch(ONE, json={"note": "x"}, headers={**somebody(), "If-Match": "abc"})
    assert (answer.status_code, answer.json()["hint"]) == (412, "Tags are sent in their quotes.")
    for path, body in (("/counters", {"id": 77}), ("/rpc/double", {"n": 1}), ("/batch", [])):
        answer = await desk_client.post(path, json=body, headers={**somebody(), "If-Match": "*"})
        assert (answer.status_code, answer.json()["code"]) == (400, "RELAIS_PRECONDITION_NOT_SUPPORTED")


async def test_what_a_caller_may_not_see_is_not_there(desk_client: httpx.AsyncClient) -> None:
    me, title = somebody(), uuid4().hex
    made = await desk_client.post("/orders", json={"title": title}, headers={**me, **REPRESENTATION})
    path = f"/orders?id=eq.{made.json()[0]['id']}"
    body = {"title": "theirs"}
    answer = await desk_client.patch(path, json=body, headers={**somebody(), "If-Match": "*"})
    assert answer.status_code == 412
    assert (await desk_client.patch(path, json=body, headers={**me, "If-Match": "*"})).status_code == 204
    answer = await desk_client.patch(path, json=body, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (401, "42501")


async def test_fifty_writers_lose_no_update(settings: Settings, desk_urls: Urls) -> None:
    path = "/counters?id=eq.3"
    # A busy machine is not to be taken for a pool that is too small.
    database = settings.database.model_copy(update={"acquire_timeout_seconds": 60.0})

    async def add_one(desk_client: httpx.AsyncClient) -> None:
        while True:
            tag, answer = await seen(desk_client, path)
            value = answer.json()[0]["value"]
            headers = {**somebody(), "If-Match": tag}
            written = await desk_client.patch(path, json={"value": value + 1}, headers=headers)
            if written.status_code == 204:
                return
            assert written.status_code == 412, written.text

    async with desk(settings.model_copy(update={"database": database})) as client:
        await asyncio.gather(*[add_one(client) for _ in range(50)])
    assert await rows_of(desk_urls, "select value from desk.counters where id = 3") == [(50,)]


async def test_an_item_of_a_batch_may_be_conditional(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    tag, _ = await seen(desk_client, ONE)
    item = {"method": "PATCH", "path": ONE, "body": {"note": uuid4().hex}, "headers": {"If-Match": tag}}
    title = uuid4().hex
    batch = [{"method": "POST", "path": "/orders", "body": {"title": title}}, item]
    await ask(desk_client, batch, somebody())
    told = await ask(desk_client, batch, somebody(), status=412)
    assert (told["code"], told["details"]["item"]) == ("RELAIS_PRECONDITION_FAILED", 1)
    assert await rows_of(desk_urls, "select count(*) from desk.orders where title = $1", title) == [(1,)]


async def test_pages_of_other_origins_may_read_the_tag(desk_client: httpx.AsyncClient) -> None:
    tag, _ = await seen(desk_client, ONE)
    headers = {**somebody(), "If-Match": tag, "Origin": "https://example.org", **REPRESENTATION}
    for status in (200, 412):
        answer = await desk_client.patch(ONE, json={"note": uuid4().hex}, headers=headers)
        assert answer.status_code == status
        assert "ETag" in answer.headers["access-control-expose-headers"]
