"""Batches: requests in one transaction, all or none, later ones with what earlier ones answered."""

import asyncio
import threading
from typing import Any
from uuid import uuid4

import httpx
import pytest
from app.gateway import batch
from app.settings import Settings

from tests.beyond.desk import (
    REPRESENTATION,
    ask,
    count_of,
    desk,
    desk_client,
    desk_urls,
    rows_of,
    somebody,
)
from tests.conftest import Urls, run_sql

__all__ = ["desk_client", "desk_urls"]


def order(title: str, **more: Any) -> dict[str, Any]:
    """An item that writes an order and answers it."""
    return {"method": "POST", "path": "/orders", "body": {"title": title, **more}, "headers": REPRESENTATION}


def line(quantity: int, **more: Any) -> dict[str, Any]:
    """An item that writes a line of the first item's order."""
    body = {"order_id": {"$ref": "0.id"}, "quantity": quantity, **more}
    return {"method": "POST", "path": "/lines", "body": body, "headers": REPRESENTATION}


async def test_later_items_use_what_earlier_ones_answered(desk_client: httpx.AsyncClient) -> None:
    items = [
        order("a"),
        {**line(1), "body": [{"order_id": {"$ref": "0.0.id"}, "quantity": n} for n in (1, 2)]},
        {"method": "PATCH", "path": "/lines", "query": {"id": ["eq", {"$ref": "1.1.id"}]}, "body": {"note": "second"}},
        {"method": "GET", "path": "/lines?select=quantity,note,orders(title)&order=id",
         "query": {"order_id": ["eq", {"$ref": "0.id"}]}},
        {"method": "POST", "path": "/rpc/double", "body": {"n": {"$ref": "3.1.quantity"}}},
        {"method": "POST", "path": "/rpc/double", "body": {"n": {"$ref": "4"}}},
        {"method": "DELETE", "path": "/lines", "query": {"id": ["in", [{"$ref": "1.0.id"}, {"$ref": "1.1.id"}]]},
         "headers": REPRESENTATION},
    ]  # fmt: skip
    told = await ask(desk_client, items, somebody())
    assert [part["status"] for part in told] == [201, 201, 204, 200, 200, 200, 200]
    assert told[3]["body"] == [
        {"quantity": 1, "note": None, "orders": {"title": "a"}},
        {"quantity": 2, "note": "second", "orders": {"title": "a"}},
    ]
    assert (told[2]["body"], told[4]["body"], told[5]["body"]) == (None, 4, 8)
    assert told[0]["headers"]["preference-applied"] == "return=representation"
    assert told[3]["headers"]["content-range"] == "0-1/*"
    assert [row["quantity"] for row in told[6]["body"]] == [1, 2]


@pytest.mark.parametrize("at", range(5))
async def test_nothing_is_written_when_an_item_fails(desk_client: httpx.AsyncClient, desk_urls: Urls, at: int) -> None:
    title, me = uuid4().hex, somebody()
    items: list[Any] = [order(title), line(1, note="a"), line(2, note="b"), order(title)]
    items.insert(at, {"method": "POST", "path": "/lines", "body": {"order_id": 1, "quantity": -1}})
    # References to the first item lead elsewhere when the one that fails is the first: it fails all the same.
    told = await ask(desk_client, items, me, status=400)
    assert told["code"] == "23514"
    assert told["details"]["item"] == at
    assert "quantity_check" in told["message"]
    assert await count_of(desk_urls, "desk.orders", f"title = '{title}'") == 0


async def test_the_item_that_failed_is_told_in_the_headers_too(settings: Settings, desk_urls: Urls) -> None:
    async with desk(settings, client_error_verbosity="minimal") as client:
        answer = await client.post("/batch", json=[order("a"), order(None)], headers=somebody())  # pyright: ignore
        assert answer.status_code == 400
        assert answer.headers["relais-batch-item"] == "1"
        assert answer.json().keys() == {"code", "message"}


async def test_an_item_is_refused_by_the_rules_that_single_requests_meet(desk_client: httpx.AsyncClient) -> None:
    me = somebody()
    strict = {"Prefer": "handling=strict, max-affected=1"}
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"method": "PATCH", "path": "/counters", "body": {"value": 1}, "headers": strict}, 400, "PGRST124"),
        ({"method": "GET", "path": "/counters", "headers": {"Accept": "application/vnd.pgrst.object+json"}}, 406,
         "PGRST116"),
        ({"method": "PUT", "path": "/counters?id=eq.1", "body": {"id": 2, "value": 1}}, 400, "PGRST115"),
        ({"method": "GET", "path": "/nothing"}, 404, "PGRST205"),
        ({"method": "PATCH", "path": "/notes?id=eq.1", "body": {"said": "x"}}, 403, "42501"),
        ({"method": "GET", "path": "/rpc/lies?said=x"}, 405, "25006"),
        ({"method": "POST", "path": "/"}, 404, "PGRST125"),
        ({"method": "POST", "path": "/batch", "body": []}, 404, "PGRST125"),
    ]  # fmt: skip
    for item, status, code in cases:
        told = await ask(desk_client, [order("x"), item], me, status=status)
        assert (told["code"], told["details"]["item"]) == (code, 1), item


async def test_what_a_caller_may_not_see_is_not_there(desk_client: httpx.AsyncClient) -> None:
    me = somebody()
    (mine,) = (await ask(desk_client, [order("mine")], me))[0]["body"]
    theirs = {"method": "PATCH", "path": f"/orders?id=eq.{mine['id']}", "body": {"title": "theirs"}}
    told = await ask(desk_client, [{**theirs, "headers": REPRESENTATION}], somebody())
    assert told[0]["body"] == []
    told = await ask(desk_client, [order("x")], {}, status=401)
    assert told["code"] == "42501"


async def test_a_reference_is_a_value_whatever_it_leads_to(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    me, title = somebody(), uuid4().hex
    hostile = ["eq.1", "neq.", "1&id=neq.0", 'a","b', "x)&or=(id.gt.0", "*", "%", "a\\", 'é "quoted", \\ and (more)']
    items: list[Any] = [order(title, document=hostile)]
    for number, text in enumerate(hostile):
        items += [
            line(number + 1, note=text),
            {"method": "PATCH", "path": "/lines", "headers": REPRESENTATION, "body": {"quantity": 100 + number},
             "query": {"note": ["eq", {"$ref": f"0.document.{number}"}], "order_id": ["eq", {"$ref": "0.id"}]}},
            {"method": "PATCH", "path": "/lines", "headers": REPRESENTATION, "body": {"quantity": 200 + number},
             "query": {"note": ["in", [{"$ref": f"0.document.{number}"}]], "order_id": ["eq", {"$ref": "0.id"}]}},
            {"method": "PATCH", "path": "/lines", "headers": REPRESENTATION, "body": {"quantity": 300 + number},
             "query": {"note": ["eq(any)", [{"$ref": f"0.document.{number}"}]], "order_id": ["eq", {"$ref": "0.id"}]}},
        ]  # fmt: skip
    told = await ask(desk_client, items, me)
    for number, text in enumerate(hostile):
        for step, hundred in ((2, 100), (3, 200), (4, 300)):
            changed = told[4 * number + step]["body"]
            assert [(row["note"], row["quantity"]) for row in changed] == [(text, hundred + number)], text


async def test_operators_and_whole_values_come_from_the_client_alone(desk_client: httpx.AsyncClient) -> None:
    me = somebody()
    for query in (
        {"title": {"$ref": "0.title"}},
        {"title": [{"$ref": "0.title"}, "x"]},
        {"title": ["eq.x&id", "x"]},
        {"title": ["eq", {"$ref": "0.document"}, "more"]},
        {"title": ["eq", None]},
        {"title": ["in", "x"]},
        {"title": None},
    ):
        told = await ask(
            desk_client, [order("neq.x"), {"method": "DELETE", "path": "/orders", "query": query}], me, status=400
        )
        # A whole value that is an object is JSON, which is no operator.
        assert told["code"] in ("RELAIS_BATCH_UNREADABLE", "PGRST100"), query
        assert told["details"]["item"] == 1


async def test_references_that_lead_nowhere_are_told(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    title = uuid4().hex
    for words in (
        "1.id",
        "2.id",
        "0.nothing",
        "0.5.id",
        "0.title.x",
        "x",
        "",
        "0..id",
        "-1.id",
        5,
        None,
        "00.id",
        "0.document.-1",
        "0.document.00",
        "0.document.1",
    ):
        made = order(title, document=[1])
        items = [made, {"method": "POST", "path": "/lines", "body": {"order_id": {"$ref": words}}}]
        told = await ask(desk_client, items, somebody(), status=422)
        assert (told["code"], told["details"]["item"]) == ("RELAIS_BATCH_REFERENCE", 1), words
    told = await ask(desk_client, [{**order(title), "headers": {}}, line(1)], somebody(), status=422)
    assert "return=representation" in told["hint"]
    assert await count_of(desk_urls, "desk.orders", f"title = '{title}'") == 0


async def test_values_stay_as_they_were_written(desk_client: httpx.AsyncClient) -> None:
    exact = "12345678901234567890.123456789012345678901234567890"
    body = (
        '[{"method":"POST","path":"/orders","headers":{"Prefer":"return=representation"},'
        '"body":{"title":"a","amount":' + exact + ',"document":{"$value":{"$ref":"#/definitions/a"}}}},'
        '{"method":"POST","path":"/orders","headers":{"Prefer":"return=representation"},'
        '"body":{"title":"b","amount":{"$ref":"0.amount"},"document":{"$ref":"0.document"}}},'
        '{"method":"GET","path":"/orders?select=title","query":{"amount":["eq",{"$ref":"1.amount"}]}}]'
    )
    answer = await desk_client.post("/batch", content=body, headers=somebody())
    assert answer.status_code == 200, answer.text
    assert answer.text.count(exact) == 3
    told = answer.json()
    assert told[1]["body"][0]["document"] == {"$ref": "#/definitions/a"}
    assert [row["title"] for row in told[2]["body"]] == ["a", "b"]


async def test_what_an_item_sets_is_its_own(desk_client: httpx.AsyncClient) -> None:
    now = {"method": "POST", "path": "/rpc/now_is", "body": {}}
    items = [
        now,
        {**now, "headers": {"Prefer": "timezone=Pacific/Auckland"}},
        {"method": "POST", "path": "/rpc/teapot", "body": {}},
        {"method": "POST", "path": "/rpc/surroundings", "body": {}},
        {"method": "GET", "path": "/counters?limit=1"},
        now,
    ]
    first, zoned, tea, set_up, read, last = await ask(desk_client, items, {**somebody(), "X-Mine": "yes"})
    assert last["body"] == first["body"]
    assert first["body"]["read_only"] == "off"
    assert zoned["body"] == {**first["body"], "timezone": "Pacific/Auckland"}
    assert (tea["status"], tea["headers"]["x-tea"], tea["body"]) == (418, "yes", "short")
    assert (read["status"], "x-tea" in last["headers"]) == (200, False)
    assert (set_up["body"]["timeout"], set_up["body"]["path"]) == ("7s", "/rpc/surroundings")
    assert set_up["body"]["header"]["x-mine"] == "yes"
    alone = await desk_client.post("/rpc/now_is", json={}, headers=somebody())
    assert alone.json() == first["body"]


async def test_a_function_gets_the_isolation_that_it_asks_for(desk_client: httpx.AsyncClient) -> None:
    items = [order("a"), {"method": "POST", "path": "/rpc/serious", "body": {}}]
    assert (await ask(desk_client, items, somebody()))[1]["body"] == "serializable"


async def test_deferred_constraints_are_looked_at_once_at_the_end(
    desk_client: httpx.AsyncClient, desk_urls: Urls
) -> None:
    def ring(identifier: int, to: int) -> dict[str, Any]:
        return {"method": "POST", "path": "/rings", "body": {"id": identifier, "next": to}}

    await ask(desk_client, [ring(1, 2), ring(2, 1)], somebody())
    told = await ask(desk_client, [ring(3, 4)], somebody(), status=409)
    assert told["code"] == "23503"
    assert await rows_of(desk_urls, "select id from desk.rings order by id") == [(1,), (2,)]


async def test_a_batch_ends_as_its_own_preference_says(settings: Settings, desk_urls: Urls) -> None:
    title = uuid4().hex
    async with desk(settings, db_tx_end="commit-allow-override") as client:
        items = [order(title), {**order(title), "headers": {"Prefer": "return=representation, tx=rollback"}}]
        answer = await client.post("/batch", json=items, headers={**somebody(), "Prefer": "tx=rollback"})
        assert answer.status_code == 200
        assert answer.headers["preference-applied"] == "tx=rollback"
        assert [part["status"] for part in answer.json()] == [201, 201]
        assert await count_of(desk_urls, "desk.orders", f"title = '{title}'") == 0
        told = await ask(client, items, somebody())
        assert "tx=" not in told[1]["headers"]["preference-applied"]
        assert await count_of(desk_urls, "desk.orders", f"title = '{title}'") == 2


async def test_what_is_no_batch_is_refused(desk_client: httpx.AsyncClient) -> None:
    good = order("a")
    for content in (
        "", "{}", "null", "[", "[1]", "[[]]", "[" * 5000, '[{"method":"GET"}]', '["\\ud800"]',
        '[{"method":"GET","path":"/orders","more":1}]', '[{"method":"TRACE","path":"/orders"}]',
        '[{"method":"GET","path":"orders"}]', '[{"method":"GET","path":"/orders","body":1}]',
        '[{"method":"GET","path":"/orders","headers":{"Authorization":"x"}}]',
        '[{"method":"GET","path":"/orders","headers":{"Prefer":"a\\nb"}}]',
        '[{"method":"GET","path":"/orders","headers":{"X-Forwarded-For":"1.1.1.1"}}]',
        '[{"method":"GET","path":"/orders","query":[]}]', '[{"method":"GET","path":"/orders\\u0000"}]',
        '[{"method":[],"path":1}]',
    ):  # fmt: skip
        answer = await desk_client.post("/batch", content=content, headers=somebody())
        assert (answer.status_code, answer.json()["code"]) == (400, "RELAIS_BATCH_UNREADABLE"), content[:60]
    told = await ask(desk_client, [good] * 101, somebody(), status=400)
    assert (told["code"], told["details"]) == ("RELAIS_BATCH_TOO_LONG", "The limit is 100")
    assert await ask(desk_client, [], somebody()) == []
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    told = await ask(desk_client, [order("a", document=deep)], somebody(), status=400)
    assert told["details"]["item"] == 0


async def test_a_short_reference_does_not_stand_for_more_than_a_server_bears(desk_client: httpx.AsyncClient) -> None:
    long = {"method": "POST", "path": "/rpc/long_text", "body": {"n": 1_000_000}}
    many = {"method": "POST", "path": "/orders", "body": {"title": "x", "document": [{"$ref": "0"}] * 100}}
    told = await ask(desk_client, [long, many], somebody(), status=400)
    assert (told["code"], told["details"]["item"]) == ("REQUEST_TOO_COMPLEX", 1)


async def test_a_batch_does_not_answer_more_than_a_server_bears(desk_client: httpx.AsyncClient) -> None:
    long = {"method": "POST", "path": "/rpc/long_text", "body": {"n": 30_000_000}}
    told = await ask(desk_client, [long] * 3, somebody(), status=400)
    assert (told["code"], told["details"]["item"]) == ("REQUEST_TOO_COMPLEX", 2)


async def test_others_do_not_wait_for_a_long_batch_to_be_read(
    desk_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[threading.Thread] = []

    def noted(work: Any) -> Any:
        return lambda *given: (there.append(threading.current_thread()), work(*given))[1]

    monkeypatch.setattr(batch, "parse_items", noted(batch.parse_items))
    monkeypatch.setattr(batch.Item, "bytes_of_body", noted(batch.Item.bytes_of_body))
    for length, elsewhere in ((10, False), (2_000_000, True)):
        there.clear()
        assert len(await ask(desk_client, [order("x" * length)], somebody())) == 1
        assert [thread is not threading.main_thread() for thread in there] == [elsewhere] * 2


async def test_answers_that_are_no_json_are_texts(desk_client: httpx.AsyncClient) -> None:
    items = [
        {"method": "GET", "path": "/counters?select=id&order=id", "headers": {"Accept": "text/csv"}},
        {"method": "POST", "path": "/notes", "body": "id,said\n7,seven\n8,eight",
         "headers": {"Content-Type": "text/csv", **REPRESENTATION}},
        {"method": "HEAD", "path": "/counters"},
    ]  # fmt: skip
    csv, notes, head = await ask(desk_client, items, somebody())
    assert csv["body"] == "id\n1\n2\n3"
    assert [row["said"] for row in notes["body"]] == ["seven", "eight"]
    assert (head["status"], head["body"]) == (200, None)


async def test_every_item_counts_as_a_write(settings: Settings, desk_urls: Urls) -> None:
    limits = settings.limits.model_copy(update={"writes": "10/60"})
    async with desk(settings.model_copy(update={"limits": limits})) as client:
        me = somebody()
        await ask(client, [{"method": "GET", "path": "/counters"}] * 6, me)
        told = await ask(client, [{"method": "GET", "path": "/counters"}] * 6, me, status=429)
        assert told["code"] == "RATE_LIMIT_EXCEEDED"


async def test_a_table_of_that_name_keeps_its_path(settings: Settings, desk_urls: Urls) -> None:
    await run_sql(
        desk_urls.admin,
        "create schema named",
        "grant usage on schema named to authenticated",
        "create table named.batch (id integer primary key)",
        "grant select, insert on named.batch to authenticated",
    )
    async with desk(settings, db_schemas="named") as client:
        answer = await client.post("/batch", json=[{"id": 1}], headers={**somebody(), **REPRESENTATION})
        assert (answer.status_code, answer.json()) == (201, [{"id": 1}])
        headers = {**somebody(), "Content-Type": "application/vnd.relais.batch+json"}
        answer = await client.post("/batch", content='[{"method":"GET","path":"/batch"}]', headers=headers)
        assert answer.json()[0]["body"] == [{"id": 1}]


async def test_batches_at_the_same_time_see_all_of_each_other_or_nothing(
    desk_client: httpx.AsyncClient, desk_urls: Urls
) -> None:
    me, title = somebody(), uuid4().hex
    batch = [order(title), line(1), line(2), line(3)]
    done = False

    async def watch() -> set[tuple[Any, ...]]:
        seen: set[tuple[Any, ...]] = set()
        query = (
            "select count(l.id) from desk.orders as o left join desk.lines as l on l.order_id = o.id"
            f" where o.title = '{title}' group by o.id"
        )
        while not done:
            seen |= set(await rows_of(desk_urls, query))
        return seen

    watching = asyncio.create_task(watch())
    await asyncio.gather(*[ask(desk_client, batch, me) for _ in range(20)])
    done = True
    assert await watching <= {(3,)}
    assert await count_of(desk_urls, "desk.orders", f"title = '{title}'") == 20
