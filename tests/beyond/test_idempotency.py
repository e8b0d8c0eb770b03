"""`Idempotency-Key`: a write that is sent again is not done again, and answered as the first time."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from app.adapters.postgres import Database
from app.jobs.housekeeping import sweep
from app.settings import Settings

from tests.beyond.desk import REPRESENTATION, count_of, desk, desk_client, desk_urls, rows_of, somebody
from tests.conftest import Urls, run_sql

__all__ = ["desk_client", "desk_urls"]


def keyed(me: dict[str, str], key: str | None = None, **more: str) -> dict[str, str]:
    """Headers of a write that is done once."""
    return {**me, "Idempotency-Key": key or uuid4().hex, **more}


def of_the_answer(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """What is the same each time."""
    of_the_moment = ("x-request-id", "server-timing", "idempotency-replayed", "ratelimit", "x-ratelimit", "date")
    headers = {name: value for name, value in answer.headers.items() if not name.startswith(of_the_moment)}
    return answer.status_code, headers, answer.content


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/orders?select=id,title", {"title": "once"}),
    ("PATCH", "/counters?id=eq.1&select=id,value", {"value": 7}),
    ("PUT", "/counters?id=eq.200", {"id": 200, "value": 1}),
    ("DELETE", "/counters?id=eq.200", None),
    ("POST", "/rpc/add_order", {"title": "by a function"}),
    ("POST", "/rpc/teapot", {}),
    ("POST", "/rpc/double", {"n": 4}),
    ("POST", "/batch", [{"method": "POST", "path": "/orders", "body": {"title": "in a batch"}}] * 2),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=[f"{write[0]}{write[1][:8]}" for write in WRITES])
async def test_a_write_that_is_sent_again_is_answered_as_the_first_time(
    desk_client: httpx.AsyncClient, desk_urls: Urls, method: str, path: str, body: Any
) -> None:
    headers = keyed(somebody(), **REPRESENTATION)
    content = {} if body is None else {"json": body}
    tables = (
        "select (select count(*) from desk.orders), (select count(*) from desk.log), (select max(id) from desk.orders)"
    )
    first = await desk_client.request(method, path, headers=headers, **content)
    assert first.is_success or first.status_code == 418, first.text
    assert "idempotency-replayed" not in first.headers
    after = await rows_of(desk_urls, tables)
    for _ in range(3):
        again = await desk_client.request(method, path, headers=headers, **content)
        assert of_the_answer(again) == of_the_answer(first)
        assert again.headers["idempotency-replayed"] == "true"
    assert await rows_of(desk_urls, tables) == after


async def test_a_hundred_at_once_have_one_effect_and_one_answer(
    settings: Settings, desk_client: httpx.AsyncClient, desk_urls: Urls
) -> None:
    said = uuid4().hex
    headers = keyed(somebody())
    async with desk(settings) as other:
        # Two processes' worth of waiting: in each of them, and at the index.
        clients = [desk_client, other] * 50
        calls = [client.post("/rpc/slowly", json={"said": said, "seconds": 0.5}, headers=headers) for client in clients]
        answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == ["", *["true"] * 99]
    assert await count_of(desk_urls, "desk.log", f"said = '{said}'") == 1


async def test_the_same_key_with_another_request_is_refused(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    me = somebody()
    headers = keyed(me)
    body = {"title": uuid4().hex}
    assert (await desk_client.post("/orders", json=body, headers=headers)).status_code == 201
    before = await count_of(desk_urls, "desk.orders")
    others: list[tuple[str, str, Any, dict[str, str]]] = [
        ("POST", "/orders", {"title": "other"}, {}),
        ("POST", "/orders?select=id", body, {}),
        ("PATCH", "/orders", body, {}),
        ("POST", "/rpc/add_order", body, {}),
        ("POST", "/orders", body, REPRESENTATION),
        ("POST", "/orders", body, {"Accept": "text/csv"}),
        ("POST", "/batch", [], {}),
    ]
    for method, path, content, more in others:
        answer = await desk_client.request(method, path, json=content, headers={**headers, **more})
        assert (answer.status_code, answer.json()["code"]) == (422, "RELAIS_IDEMPOTENCY_KEY_REUSED"), path
    assert await count_of(desk_urls, "desk.orders") == before
    # Whatever stands between client and server may say what it likes.
    answer = await desk_client.post("/orders", json=body, headers={**headers, "X-Forwarded-For": "10.0.0.1"})
    assert answer.headers["idempotency-replayed"] == "true"


async def test_what_failed_is_not_kept(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    title = uuid4().hex
    await run_sql(
        desk_urls.admin,
        f"create function desk.refuse_{title}() returns trigger language plpgsql as $$"
        " begin raise exception 'not now'; end $$",
        f"create trigger refuse before insert on desk.orders for each row when (new.title = '{title}')"
        f" execute function desk.refuse_{title}()",
    )
    headers = keyed(somebody())
    for _ in range(2):
        answer = await desk_client.post("/orders", json={"title": title}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "P0001")
    await run_sql(desk_urls.admin, "drop trigger refuse on desk.orders")
    answer = await desk_client.post("/orders", json={"title": title}, headers=headers)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)
    # So are refusals that came before anything was done: the key is as good as new.
    headers = keyed(somebody())
    assert (await desk_client.post("/nothing", json={}, headers=headers)).status_code == 404
    assert (await desk_client.post("/orders", json={"title": "x"}, headers=headers)).status_code == 201


async def test_what_complains_at_the_end_is_not_kept(desk_client: httpx.AsyncClient) -> None:
    headers = keyed(somebody())
    for _ in range(2):
        answer = await desk_client.post("/rings", json={"id": 900, "next": 901}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "23503")


async def test_keys_belong_to_a_user_within_a_tenant(desk_client: httpx.AsyncClient) -> None:
    key, user = uuid4().hex, str(uuid4())
    callers = [
        somebody(user), somebody(), somebody(user, tenant_id=str(uuid4())),
        # Without a user of ours: whatever else the token says of its holder.
        somebody("not an id", name="a"), somebody("not an id", name="b"),
    ]  # fmt: skip
    made: set[str] = set()
    for caller in callers:
        answer = await desk_client.post("/rpc/slowly", json={"said": "x", "seconds": 0}, headers=keyed(caller, key))
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (200, False), answer.text
        made.add(answer.headers["x-request-id"])
    for caller in [somebody(user, iat=1_600_000_000), *callers]:
        answer = await desk_client.post("/rpc/slowly", json={"said": "x", "seconds": 0}, headers=keyed(caller, key))
        assert answer.headers["idempotency-replayed"] == "true"
    # The next token of the same user may be good for less.
    less = keyed(somebody(user, relais_scopes=["read", "write"]), key)
    answer = await desk_client.post("/rpc/slowly", json={"said": "x", "seconds": 0}, headers=less)
    assert answer.status_code == 422


async def test_callers_that_nobody_knows_have_no_keys(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    said = uuid4().hex
    answer = await desk_client.post("/rpc/slowly", json={"said": said, "seconds": 0}, headers=keyed({}))
    assert (answer.status_code, answer.json()["code"]) == (401, "RELAIS_IDEMPOTENCY_KEY_ANONYMOUS")
    assert await count_of(desk_urls, "desk.log", f"said = '{said}'") == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "é"], ids=["empty", "long", "tab", "beyond ASCII"])
async def test_keys_that_cannot_be_used_are_refused(desk_client: httpx.AsyncClient, key: str) -> None:
    headers = {**somebody(), "Idempotency-Key": key.encode()}
    answer = await desk_client.post("/orders", json={"title": "x"}, headers=headers)  # pyright: ignore
    assert (answer.status_code, answer.json()["code"]) == (400, "RELAIS_IDEMPOTENCY_KEY_MALFORMED")


async def test_reads_take_no_notice_of_a_key(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    headers = keyed(somebody())
    for _ in range(2):
        answer = await desk_client.get("/counters", headers=headers)
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (200, False)
    key = headers["Idempotency-Key"]
    assert await count_of(desk_urls, "relais.idempotency_keys", f"key = '{key}'") == 0


async def test_an_answer_that_is_too_long_is_told_to_have_been_given(desk_client: httpx.AsyncClient) -> None:
    headers = keyed(somebody())
    body = {"n": 100_000}
    first = await desk_client.post("/rpc/long_text", json=body, headers=headers)
    assert (first.status_code, len(first.json())) == (200, 100_000)
    again = await desk_client.post("/rpc/long_text", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "RELAIS_IDEMPOTENCY_ANSWER_NOT_KEPT")


async def test_keys_are_forgotten_after_their_time(settings: Settings, desk_urls: Urls) -> None:
    me, key, title = somebody(), uuid4().hex, uuid4().hex
    async with desk(settings, idempotency_seconds=60) as client:
        for age, found in ((0, 1), (30, 1), (61, 2)):
            await run_sql(
                desk_urls.admin,
                f"update relais.idempotency_keys set created_at = now() - interval '{age} s' where key = '{key}'",
            )
            answer = await client.post("/orders", json={"title": title}, headers=keyed(me, key))
            assert answer.status_code == 201, answer.text
            assert await count_of(desk_urls, "desk.orders", f"title = '{title}'") == found


async def test_what_is_old_is_swept_away(settings: Settings, desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    keys = [uuid4().hex, uuid4().hex]
    for key in keys:
        await desk_client.post("/orders", json={"title": "x"}, headers=keyed(somebody(), key))
    old = "update relais.idempotency_keys set created_at = now() - interval '25 hours' where key = '{}'"
    await run_sql(desk_urls.admin, old.format(keys[0]))
    database = Database(settings.database)
    await database.open()
    try:
        await sweep({"database": database, "settings": settings})
    finally:
        await database.close()
    left = await rows_of(desk_urls, "select key from relais.idempotency_keys where key = any ($1)", keys)
    assert left == [(keys[1],)]


async def test_a_user_has_only_so_many_keys(settings: Settings, desk_urls: Urls) -> None:
    me, title = somebody(), uuid4().hex
    async with desk(settings, idempotency_keys=3) as client:
        answers = [await client.post("/orders", json={"title": title}, headers=keyed(me, f"k{n}")) for n in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert answers[3].json()["code"] == "RELAIS_IDEMPOTENCY_KEYS_TOO_MANY"
        assert await count_of(desk_urls, "desk.orders", f"title = '{title}'") == 3
        again = await client.post("/orders", json={"title": title}, headers=keyed(me, "k0"))
        assert again.headers["idempotency-replayed"] == "true"
        assert (await client.post("/orders", json={"title": title}, headers=keyed(somebody()))).status_code == 201


async def test_a_key_and_a_precondition_go_together(desk_client: httpx.AsyncClient, desk_urls: Urls) -> None:
    headers = {**keyed(somebody()), **REPRESENTATION, "If-Match": "*"}
    body = {"note": uuid4().hex}
    calls = [desk_client.patch("/counters?id=eq.2", json=body, headers=headers) for _ in range(20)]
    answers = await asyncio.gather(*calls)
    assert {(answer.status_code, answer.headers["etag"]) for answer in answers} == {(200, answers[0].headers["etag"])}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19


async def test_clients_reach_what_is_kept_by_no_other_way(desk_urls: Urls, settings: Settings) -> None:
    async with desk(settings, db_schemas="desk,relais") as client:
        for method in ("GET", "DELETE"):
            answer = await client.request(
                method, "/idempotency_keys?key=neq.x", headers={**somebody(), "Accept-Profile": "relais",
                                                               "Content-Profile": "relais"}
            )  # fmt: skip
            assert (answer.status_code, answer.json()["code"]) == (403, "42501")
