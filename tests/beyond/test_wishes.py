"""Explicit routes: writes that are done once, or only if nothing has changed; reads that say whether it has."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from app.accounts.asking import asking_of
from app.errors import AppError
from app.gateway.gateway import head_of
from app.gateway.idempotency import key_of
from app.main import create_app
from app.modules.library import events
from app.named.ask import Ask
from app.routers import WRITES, Route
from app.settings import Settings
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from tests.accounts.conftest import signed_up, with_group
from tests.beyond.desk import count_of, rows_of
from tests.beyond.people import Member, People, app, cheap, client, new_resource, people
from tests.conftest import Urls, client_of, run_sql, started
from tests.library.file_samples import PNG, TEXT, uploaded

__all__ = ["app", "cheap", "client", "people"]


def keyed(member: Member, key: str | None = None, **more: str) -> dict[str, str]:
    """Headers of a write that is done once."""
    return {**member.headers, "Idempotency-Key": key or uuid4().hex, **more}


def is_replayed(answer: httpx.Response) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


@pytest.fixture
async def other_process(cheap: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of another process of the same installation."""
    async with started(create_app(cheap)) as app, client_of(app) as client:
        yield client


SENT: list[tuple[str, str, Any]] = [
    ("POST", "/api/resources", {"title": "une fois", "description": "d"}),
    ("PUT", "/api/resources/{resource}", {"title": "autrement"}),
    ("POST", "/api/resources/{resource}/comments", {"content": "une fois"}),
    ("POST", "/api/collections", {"name": "une fois"}),
    ("POST", "/api/groups", {"name": "une fois"}),
    ("POST", "/api/v1/resources", {"title": "une fois", "description": "d"}),
    ("POST", "/api/suggestions/{suggestion}/vote", {"voteType": "upvote"}),
    ("DELETE", "/api/suggestions/{suggestion}/vote", None),
    ("DELETE", "/api/resources/{resource}", None),
]


async def test_a_write_that_is_sent_again_is_answered_as_the_first_time(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    resource = await new_resource(client, people.owner)
    made = await client.post(
        "/api/suggestions",
        json={"name": uuid4().hex, "type": "tag"},
        headers=people.other.headers,
    )
    assert made.status_code == 201, made.text
    ids = {"resource": resource["id"], "suggestion": (made.json().get("suggestion") or made.json())["id"]}
    counts = (
        "select (select count(*) from library.resources), (select count(*) from library.resource_comments),"
        " (select count(*) from library.collections), (select count(*) from library.groups),"
        " (select count(*) from library.suggestion_votes)"
    )
    for method, path, body in SENT:
        headers = keyed(people.owner)
        address, content = path.format(**ids), {} if body is None else {"json": body}
        first = await client.request(method, address, headers=headers, **content)
        assert first.is_success, (path, first.text)
        assert not is_replayed(first)
        after = await rows_of(urls, counts)
        again = await client.request(method, address, headers=headers, **content)
        assert (again.status_code, again.content, is_replayed(again)) == (first.status_code, first.content, True), path
        assert again.headers["content-type"] == first.headers["content-type"]
        assert await rows_of(urls, counts) == after


def test_no_route_is_left_out(app: FastAPI) -> None:
    asked = [
        route
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, APIRoute)
        and route.methods & WRITES
        and (who := asking_of(route.dependant)) is not None
        and who.bearer == "good"
    ]
    assert len(asked) > 100
    assert not [route.path for route in asked if not isinstance(route, Route)]


async def test_a_hundred_at_once_have_one_effect_and_one_answer(
    client: httpx.AsyncClient, other_process: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    title = uuid4().hex
    headers, body = keyed(people.owner), {"title": title, "description": "d"}
    clients = [client, other_process] * 50
    answers = await asyncio.gather(*[one.post("/api/resources", json=body, headers=headers) for one in clients])
    assert {answer.status_code for answer in answers} == {201}, {answer.text for answer in answers}
    assert len({answer.content for answer in answers}) == 1
    assert sum(map(is_replayed, answers)) == 99
    assert await count_of(urls, "library.resources", f"title = '{title}'") == 1


async def test_the_same_key_with_another_request_is_refused(client: httpx.AsyncClient, people: People) -> None:
    headers = keyed(people.owner)
    assert (await client.post("/api/collections", json={"name": "a"}, headers=headers)).status_code == 201
    for path, body in (("/api/collections", {"name": "b"}), ("/api/groups", {"name": "a"})):
        answer = await client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "RELAIS_IDEMPOTENCY_KEY_REUSED")
    # Somebody else's key of the same name is another one.
    theirs = {**people.other.headers, "Idempotency-Key": headers["Idempotency-Key"]}
    assert not is_replayed(await client.post("/api/collections", json={"name": "a"}, headers=theirs))
    # A form of the API of its own for refusals.
    answer = await client.post("/api/v1/resources", json={"title": "t", "description": "d"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "RELAIS_IDEMPOTENCY_KEY_REUSED")


async def test_what_failed_is_not_kept(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    headers = keyed(people.owner)
    key = headers["Idempotency-Key"]
    for path, body, status in (
        ("/api/collections", {}, 400), ("/api/collections", {"name": "x" * 100_000}, 400),
        (f"/api/resources/{uuid4()}/comments", {"content": "c"}, 404),
    ):  # fmt: skip
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert await count_of(urls, "relais.idempotency_keys", f"key = '{key}'") == 0
    answer = await client.post("/api/collections", json={"name": "a"}, headers=headers)
    assert (answer.status_code, is_replayed(answer)) == (201, False)


async def test_all_that_a_route_writes_is_kept_with_its_answer_or_nothing(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    file = await uploaded(client, people.owner)
    path = f"/api/files/{file['fileName']}"
    await run_sql(
        urls.admin,
        "create function public.keep_nothing() returns trigger language plpgsql as"
        " $$ begin raise 'no room' using errcode = 'XX001'; end $$",
        "create trigger keep_nothing before update on relais.idempotency_keys"
        " for each row execute function public.keep_nothing()",
    )
    try:
        headers = keyed(people.owner)
        answer = await client.delete(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (500, "XX001")
        # The row is there, and what it speaks of as well.
        assert (await client.get(path, headers=people.owner.headers)).content == PNG
        title = uuid4().hex
        answer = await client.post("/api/resources", json={"title": title, "description": "d"}, headers=headers)
        assert answer.status_code == 500
        assert await count_of(urls, "library.resources", f"title = '{title}'") == 0
    finally:
        await run_sql(urls.admin, "drop function public.keep_nothing() cascade")
    assert (await client.delete(path, headers=headers)).status_code == 200
    assert (await client.get(path, headers=people.owner.headers)).status_code == 404


async def test_callers_that_nobody_knows_have_no_keys(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner)
    answer = await client.post(f"/api/resources/{resource['id']}/view", headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["code"]) == (401, "RELAIS_IDEMPOTENCY_KEY_ANONYMOUS")
    answer = await client.post("/api/collections", json={"name": "a"}, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_MISSING")
    # Whoever signs in is nobody yet.
    body = {"email": people.owner.email, "password": people.owner.password}
    for _ in range(2):
        answer = await client.post("/api/auth/signin", json=body, headers={"Idempotency-Key": "a"})
        assert (answer.status_code, is_replayed(answer)) == (200, False), answer.text


async def test_of_a_form_what_is_in_it_counts(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    def sending(content: bytes, **fields: str) -> Any:
        files = {"file": ("point.png", content, "image/png")}
        return client.post("/api/files/upload", files=files, data=fields, headers=headers)

    headers = keyed(people.owner)
    mine = f"uploaded_by = '{people.owner.id}'"
    first = await sending(PNG)
    # Each time with a boundary of its own.
    again = await sending(PNG)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    assert await count_of(urls, "library.files", mine) == 1
    for other in (sending(TEXT), sending(PNG + b"x"), sending(PNG, isPublic="false")):
        answer = await other
        assert (answer.status_code, answer.json()["code"]) == (422, "RELAIS_IDEMPOTENCY_KEY_REUSED")
    headers = keyed(people.owner)
    answers = await asyncio.gather(*[sending(PNG) for _ in range(10)])
    assert {answer.status_code for answer in answers} == {201}
    assert sum(map(is_replayed, answers)) == 9
    assert await count_of(urls, "library.files", mine) == 2


async def test_what_holds_a_secret_is_done_once_and_not_said_again(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    headers, body = keyed(people.owner), {"name": "robot", "scopes": ["read"]}
    answers = await asyncio.gather(*[client.post("/api/api-tokens", json=body, headers=headers) for _ in range(5)])
    told = sorted(answer.status_code for answer in answers)
    assert told == [201, 409, 409, 409, 409], [answer.text for answer in answers]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "RELAIS_IDEMPOTENCY_ANSWER_NOT_KEPT"
    key = headers["Idempotency-Key"]
    assert await rows_of(
        urls, "select status, headers::text, body from relais.idempotency_keys where key = $1", key
    ) == [(201, "[]", None)]
    listed = (await client.get("/api/api-tokens", headers=people.owner.headers)).json()
    assert len(listed.get("tokens", listed) if isinstance(listed, dict) else listed) == 1
    # A refusal leaves the key as it was.
    headers = keyed(people.owner)
    for _ in range(2):
        answer = await client.post("/api/api-tokens", json={"name": "robot", "scopes": ["no"]}, headers=headers)
        assert answer.status_code in (400, 422), answer.text
    assert (await client.post("/api/api-tokens", json=body, headers=headers)).status_code == 201


async def test_what_was_broken_off_is_not_done_again(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    headers, body = keyed(people.owner), {"name": "robot", "scopes": ["read"]}
    assert (await client.post("/api/api-tokens", json=body, headers=headers)).status_code == 201
    # As if the process had died between the key and the answer.
    key = headers["Idempotency-Key"]
    await run_sql(urls.admin, f"update relais.idempotency_keys set status = null, headers = null where key = '{key}'")
    answer = await client.post("/api/api-tokens", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "RELAIS_IDEMPOTENCY_UNFINISHED")


async def tag_of(client: httpx.AsyncClient, path: str, who: Member) -> str:
    answer = await client.get(path, headers={**who.headers, "Relais-ETag": "true"})
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


async def test_a_read_that_is_asked_again_is_told_that_nothing_has_changed(
    client: httpx.AsyncClient, people: People
) -> None:
    resource = await new_resource(client, people.owner, visibility="private")
    for path in (f"/api/resources/{resource['id']}", "/api/notifications", "/api/collections", "/api/auth/session"):
        plain = await client.get(path, headers=people.owner.headers)
        tag = await tag_of(client, path, people.owner)
        answer = await client.get(path, headers={**people.owner.headers, "If-None-Match": f'"other", {tag}'})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        answer = await client.get(path, headers={**people.owner.headers, "If-None-Match": '"other"'})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, plain.content, tag)
        assert plain.headers.get("cache-control") == answer.headers.get("cache-control")
    path = f"/api/resources/{resource['id']}"
    tag = await tag_of(client, path, people.owner)
    refused = await client.get(path, headers={**people.other.headers, "If-None-Match": tag})
    assert (refused.status_code, "etag" in refused.headers) == (404, False)
    await client.put(path, json={"title": "autrement"}, headers=people.owner.headers)
    assert (await client.get(path, headers={**people.owner.headers, "If-None-Match": tag})).status_code == 200


async def test_a_write_is_refused_where_something_has_changed(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner)
    path = f"/api/resources/{resource['id']}"
    tag = await tag_of(client, path, people.owner)
    mine = people.owner.headers
    assert (await client.put(path, json={"title": "a"}, headers={**mine, "If-Match": tag})).status_code == 200
    for method, content in (("PUT", {"json": {"title": "b"}}), ("DELETE", {})):
        answer = await client.request(method, path, headers={**mine, "If-Match": tag}, **content)  # pyright: ignore
        assert (answer.status_code, answer.json()["code"]) == (412, "RELAIS_PRECONDITION_FAILED")
        assert answer.headers["etag"] == await tag_of(client, path, people.owner)
    assert (await client.get(path, headers=mine)).json()["title"] == "a"
    new = await tag_of(client, path, people.owner)
    for form in ("*", '"x", {}', "{}"):
        said = form.format(new.removeprefix("W/"))
        answer = await client.put(path, json={"title": "a"}, headers={**mine, "If-Match": said})
        assert answer.status_code == 200, answer.text
        new = await tag_of(client, path, people.owner)
    for said in ("*", new):
        answer = await client.put(f"/api/resources/{uuid4()}", json={"title": "a"}, headers={**mine, "If-Match": said})
        assert (answer.status_code, answer.json()["code"]) == (412, "RELAIS_PRECONDITION_FAILED")
    assert (await client.delete(path, headers={**mine, "If-Match": new})).status_code == 204


async def test_what_may_be_read_and_not_written_was_not_written(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner)
    path = f"/rest/v1/resources?id=eq.{resource['id']}"
    for method, body in (("PATCH", {"title": "a"}), ("DELETE", None)):
        content = {} if body is None else {"json": body}
        # Without a condition nothing was found that could be written; with one it is said.
        assert (await client.request(method, path, headers=people.other.headers, **content)).status_code == 204
        headers = {**people.other.headers, "If-Match": "*"}
        answer = await client.request(method, path, headers=headers, **content)
        assert (answer.status_code, answer.json()["code"]) == (412, "RELAIS_PRECONDITION_FAILED")
    nothing = await client.patch(path, json={}, headers={**people.owner.headers, "If-Match": "*"})
    assert nothing.status_code == 204, nothing.text


async def test_preconditions_are_for_what_can_be_read_at_the_address(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner)
    mine = {**people.owner.headers, "If-Match": "*"}
    for method, path, body in (
        ("POST", "/api/collections", {"name": "a"}),
        ("POST", "/api/files/upload", {}),
        ("PUT", f"/api/comments/{uuid4()}", {"content": "c"}),
        ("DELETE", f"/api/suggestions/{uuid4()}/vote", None),
        ("PUT", f"/api/notifications/{uuid4()}/read", None),
        ("DELETE", f"/api/api-tokens/{uuid4()}", None),
        ("PUT", "/auth/v1/user", {"data": {}}),
    ):
        content = {} if body is None else {"json": body}
        answer = await client.request(method, path, headers=mine, **content)
        told = answer.json()
        code = told.get("error_code", told["code"]).upper()
        assert (answer.status_code, code) == (400, "RELAIS_PRECONDITION_NOT_SUPPORTED"), (path, answer.text)
    for path in (f"/api/resources/{uuid4()}", f"/api/resource_comments/{uuid4()}"):
        answer = await client.put(path, json={"title": "a"}, headers=mine)
        assert (answer.status_code, answer.json()["code"]) == (412, "RELAIS_PRECONDITION_FAILED"), path
    bad = {**people.owner.headers, "If-Match": "no quotes"}
    answer = await client.put(f"/api/resources/{resource['id']}", json={"title": "a"}, headers=bad)
    assert (answer.status_code, answer.json()["code"]) == (412, "RELAIS_PRECONDITION_FAILED")


async def test_a_file_is_deleted_if_it_is_the_one_that_was_seen(client: httpx.AsyncClient, people: People) -> None:
    path = f"/api/files/{(await uploaded(client, people.owner))['fileName']}"
    tag = (await client.get(path, headers=people.owner.headers)).headers["etag"]
    answer = await client.delete(path, headers={**people.owner.headers, "If-Match": '"other"'})
    assert (answer.status_code, answer.headers["etag"]) == (412, tag)
    assert (await client.delete(path, headers={**people.owner.headers, "If-Match": tag})).status_code == 200


@pytest.mark.parametrize(("code", "status"), [("PGRST000", 503), ("40001", 200)])
async def test_what_goes_wrong_with_the_reading_is_no_change(
    client: httpx.AsyncClient, people: People, monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    resource = await new_resource(client, people.owner)
    path = f"/api/resources/{resource['id']}"
    tag = await tag_of(client, path, people.owner)
    rows, asked = Ask.rows, list[str]()

    async def once(self: Ask, table: str, *pairs: Any, **more: Any) -> Any:
        asked.append(table)
        if len(asked) == 1:
            raise AppError(code, 503 if code == "PGRST000" else 409, "for a moment")
        return await rows(self, table, *pairs, **more)

    monkeypatch.setattr(Ask, "rows", once)
    answer = await client.put(path, json={"title": "a"}, headers={**people.owner.headers, "If-Match": tag})
    assert answer.status_code == status, answer.text


async def test_what_is_compared_is_not_counted_as_read(
    cheap: Settings, client: httpx.AsyncClient, people: People
) -> None:
    resource = await new_resource(client, people.owner)
    path, headers = f"/api/resources/{resource['id']}", {**people.owner.headers, "If-Match": "*"}
    async with started(create_app(with_group(cheap, "limits", reads="1/3600"))) as app, client_of(app) as strict:
        for _ in range(3):
            answer = await strict.put(path, json={"title": "a"}, headers=headers)
            assert answer.status_code == 200, answer.text
            assert answer.headers["ratelimit-limit"] != "1"


async def test_what_a_body_is_said_to_be_changes_nothing(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner)
    path = f"/api/resources/{resource['id']}"
    headers = keyed(people.owner, **{"Content-Type": "multipart/form-data; boundary=x"})
    for replayed in (False, True):
        answer = await client.delete(path, headers=headers)
        assert (answer.status_code, is_replayed(answer)) == (204, replayed)
    stranger = {"Idempotency-Key": "a", "Content-Type": "multipart/form-data"}
    answer = await client.post(f"{path}/view", headers=stranger)
    assert answer.status_code == 401
    # And what is no form is not read for its key.
    read = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal read
        while read < 100:
            read += 1
            yield bytes(1024 * 1024)

    headers = keyed(people.owner, **{"Content-Type": "application/octet-stream"})
    answer = await client.post("/api/files/upload", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "NO_FILE")
    assert read < 100


async def test_an_upload_is_tried_once(
    client: httpx.AsyncClient, people: People, monkeypatch: pytest.MonkeyPatch, urls: Urls
) -> None:
    async def stale(*_: Any) -> None:
        raise AppError("0A000", 500, "cached plan must not change result type")

    headers, files = keyed(people.owner), {"file": ("point.png", PNG, "image/png")}
    with monkeypatch.context() as patched:
        patched.setattr("app.modules.library.files.keep", stale)
        answer = await client.post("/api/files/upload", files=files, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (500, "0A000")
    answer = await client.post("/api/files/upload", files=files, headers=headers)
    assert (answer.status_code, is_replayed(answer)) == (201, False)


async def test_what_redis_counts_is_what_was_committed(
    app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    resource = await new_resource(client, people.owner)
    made = await client.post(
        "/api/suggestions", json={"name": uuid4().hex, "type": "tag"}, headers=people.other.headers
    )
    suggestion = (made.json().get("suggestion") or made.json())["id"]
    redis = app.state.relais.redis

    async def gathered() -> int:
        (count,) = await redis.run(("LLEN", events.gathered(redis).key))
        return int(count)

    async def votes() -> int:
        told = await client.get(f"/api/suggestions/{suggestion}/votes", headers=people.owner.headers)
        assert told.status_code == 200, told.text
        return told.json()["totalUpvotes"]

    before = await gathered(), await votes()
    sent: list[tuple[str, Any, dict[str, str]]] = [
        (f"/api/resources/{resource['id']}/{what}", {}, keyed(people.owner)) for what in ("download", "view")
    ]
    sent.append((f"/api/suggestions/{suggestion}/vote", {"voteType": "upvote"}, keyed(people.owner)))
    await run_sql(
        urls.admin,
        "create function public.keep_nothing() returns trigger language plpgsql as"
        " $$ begin raise 'no room' using errcode = 'XX001'; end $$",
        "create trigger keep_nothing before update on relais.idempotency_keys"
        " for each row execute function public.keep_nothing()",
    )
    try:
        for path, body, headers in sent:
            assert (await client.post(path, json=body, headers=headers)).status_code == 500, path
    finally:
        await run_sql(urls.admin, "drop function public.keep_nothing() cascade")
    assert (await gathered(), await votes()) == before
    for _ in range(2):
        for path, body, headers in sent:
            answer = await client.post(path, json=body, headers=headers)
            assert answer.is_success, answer.text
    assert (await gathered(), await votes()) == (before[0] + 2, before[1] + 1)


async def test_what_is_rolled_back_on_purpose_keeps_no_key(cheap: Settings, people: People, urls: Urls) -> None:
    async with started(create_app(with_group(cheap, "rest", db_tx_end="rollback"))) as app, client_of(app) as client:
        headers = keyed(people.owner)
        for _ in range(2):
            answer = await client.post("/api/collections", json={"name": "rolled back"}, headers=headers)
            assert (answer.status_code, is_replayed(answer)) == (201, False)
    assert await count_of(urls, "library.collections", "name = 'rolled back'") == 0


async def test_no_password_is_guessed_from_what_is_kept(
    client: httpx.AsyncClient, people: People, urls: Urls, app: FastAPI
) -> None:
    body = {"currentPassword": people.other.password, "newPassword": "Another-Horse-9"}
    headers = keyed(people.other)
    assert (await client.post("/api/auth/password/change", json=body, headers=headers)).status_code == 200
    [(kept,)] = await rows_of(
        urls, "select request from relais.idempotency_keys where key = $1", headers["Idempotency-Key"]
    )
    request = client.build_request("POST", "/api/auth/password/change", json=body, headers=headers)
    scope = {
        **{"method": "POST", "path": "/api/auth/password/change", "query_string": b""},
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    caller = app.state.relais.callers.resolve(people.other.headers["Authorization"].encode())
    guessed = key_of(head_of(scope), request.content, caller, str(uuid4()))
    assert guessed is not None
    assert bytes(kept) != guessed.request
    # That is how it is made where nothing is secret.
    headers = keyed(people.owner)
    assert (await client.post("/api/collections", json={"name": "a"}, headers=headers)).status_code == 201
    [(kept,)] = await rows_of(
        urls, "select request from relais.idempotency_keys where key = $1", headers["Idempotency-Key"]
    )
    request = client.build_request("POST", "/api/collections", json={"name": "a"}, headers=headers)
    scope = {
        **{"method": "POST", "path": "/api/collections", "query_string": b""},
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    caller = app.state.relais.callers.resolve(people.owner.headers["Authorization"].encode())
    guessed = key_of(head_of(scope), request.content, caller, str(uuid4()))
    assert guessed is not None
    assert bytes(kept) == guessed.request
    stronger = key_of(head_of(scope), request.content, replace(caller, assurance=2), str(uuid4()))
    assert stronger is not None
    assert stronger.request != guessed.request


async def test_of_many_who_read_and_write_none_loses_an_update(
    client: httpx.AsyncClient, other_process: httpx.AsyncClient, people: People
) -> None:
    resource = await new_resource(client, people.owner, description="0")
    path = f"/api/resources/{resource['id']}"

    async def add_one(one: httpx.AsyncClient) -> None:
        while True:
            read = await one.get(path, headers={**people.owner.headers, "Relais-ETag": "true"})
            body = {"description": str(int(read.json()["description"]) + 1)}
            wrote = await one.put(
                path, json=body, headers={**people.owner.headers, "If-Match": read.headers["etag"]}
            )  # fmt: skip
            if wrote.status_code == 200:
                return
            assert wrote.status_code == 412, wrote.text
            await asyncio.sleep(0.01)

    await asyncio.gather(*[add_one(one) for one in [client, other_process] * 10])
    assert (await client.get(path, headers=people.owner.headers)).json()["description"] == "20"


async def test_a_key_and_a_precondition_go_together(client: httpx.AsyncClient, people: People) -> None:
    resource = await new_resource(client, people.owner)
    path = f"/api/resources/{resource['id']}"
    headers = keyed(people.owner, **{"If-Match": await tag_of(client, path, people.owner)})
    for replayed in (False, True):
        answer = await client.put(path, json={"title": "a"}, headers=headers)
        assert (answer.status_code, is_replayed(answer)) == (200, replayed)


async def test_what_a_route_has_just_written_is_kept_for_nobody(
    cheap: Settings, people: People, client: httpx.AsyncClient
) -> None:
    # Lists of collections are kept; the one that is read within a write is not.
    mine = people.owner.headers
    await client.get("/api/collections", headers=mine)
    made = await client.post("/api/collections", json={"name": "une", "isPublic": True}, headers=keyed(people.owner))
    assert made.status_code == 201
    names = [row["name"] for row in _rows((await client.get("/api/collections", headers=mine)).json())]
    assert "une" in names


def _rows(told: Any) -> list[dict[str, Any]]:
    return told if isinstance(told, list) else told["data"]


async def test_lists_of_routes_are_as_long_as_they_say(cheap: Settings) -> None:
    # The bound of the gateway is for queries that others write.
    async with started(create_app(with_group(cheap, "rest", db_max_rows=2))) as app, client_of(app) as client:
        owner = await signed_up(client)
        for title in "abcde":
            await new_resource(client, owner, title=title)
        told = (await client.get(f"/api/resources?limit=4&userId={owner.id}", headers=owner.headers)).json()
        assert (len(told["data"]), told["meta"]["total"], told["meta"]["totalPages"]) == (4, 5, 2)
        # Neither is answered with what is kept of the other.
        query = f"select=id&user_id=eq.{owner.id}"
        for _ in range(2):
            clipped = await client.get(f"/rest/v1/resources?{query}", headers=owner.headers)
            assert (len(clipped.json()), clipped.headers["relais-truncated"]) == (2, "true")


async def test_a_member_of_another_tenant_has_keys_of_their_own(cheap: Settings) -> None:
    settings = with_group(cheap, "auth", tenant_creation=True)
    async with started(create_app(settings)) as app:
        assert isinstance(app, FastAPI)
        async with client_of(app) as client:
            one, two = await signed_up(client), await signed_up(client)
            key = uuid4().hex
            for who in (one, two):
                answer = await client.post("/api/collections", json={"name": "a"}, headers=keyed(who, key))
                assert (answer.status_code, is_replayed(answer)) == (201, False)
