"""`/api/admin/jobs`: what administrators see of the work in the background, and trying a job again."""

from typing import Any

import httpx
import pytest
from app.adapters.postgres import SERVICE
from app.jobs.rows import put_job
from fastapi import FastAPI

from tests.accounts.conftest import NOBODYS, Member
from tests.accounts.ground import must_refuse
from tests.conftest import Urls, run_sql
from tests.library.conftest import People

URL = "/api/admin/jobs"
NOT_FOUND = (404, "JOB_NOT_FOUND", "Tâche non trouvée")


@pytest.fixture(autouse=True)
async def _no_jobs(app: FastAPI, urls: Urls) -> None:
    await run_sql(urls.admin, "delete from relais.jobs")


async def put(app: FastAPI, urls: Urls, state: str = "waiting", name: str = "job", **options: Any) -> str:
    async with app.state.relais.database.transaction(SERVICE) as connection:
        job_id = await put_job(connection, name, {"number": 7}, **options)
    failed = ", last_error = 'ValueError: no', finished_at = now(), attempts = 5" if state == "dead" else ""
    await run_sql(urls.admin, f"update relais.jobs set state = '{state}'{failed} where id = '{job_id}'")
    assert job_id is not None
    return job_id


async def seen(client: httpx.AsyncClient, who: Member, **params: Any) -> dict[str, Any]:
    answer = await client.get(URL, params=params, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def retry(client: httpx.AsyncClient, who: Member, job_id: str) -> httpx.Response:
    return await client.post(f"{URL}/{job_id}/retry", headers=who.headers)


async def test_jobs_are_shown_by_state_with_their_reasons(
    app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    ids = {state: await put(app, urls, state) for state in ("waiting", "running", "done", "dead")}
    told = await seen(client, people.admin)
    counts = {"waiting": 1, "running": 1, "done": 1, "dead": 1}
    assert told["meta"] == {"total": 4, "page": 1, "limit": 20, "totalPages": 1, "counts": counts}
    assert [job["id"] for job in told["data"]] == list(ids.values())[::-1]
    (dead,) = (await seen(client, people.admin, state="dead"))["data"]
    assert (dead["id"], dead["name"], dead["arguments"], dead["attempts"]) == (ids["dead"], "job", {"number": 7}, 5)
    assert dead["lastError"] == dead["last_error"] == "ValueError: no"
    assert dead["createdAt"].endswith("Z")
    assert (await seen(client, people.admin, state="dead"))["meta"]["counts"] == counts


async def test_jobs_have_pages_and_names(app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    ids = [await put(app, urls, name=f"job{number % 2}") for number in range(5)]
    told = await seen(client, people.admin, limit=2, page=2)
    assert [job["id"] for job in told["data"]] == [ids[2], ids[1]]
    assert told["meta"]["totalPages"] == 3
    assert [job["id"] for job in (await seen(client, people.admin, name="job1"))["data"]] == [ids[3], ids[1]]


@pytest.mark.parametrize("query", ["state=lost", "state=", "page=0", "limit=0", "name=%00", "page=x"])
async def test_what_cannot_be_asked_for_is_a_mistake(client: httpx.AsyncClient, people: People, query: str) -> None:
    answer = await client.get(f"{URL}?{query}", headers=people.admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_a_job_that_was_given_up_is_tried_again(
    app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    job_id = await put(app, urls, "dead")
    answer = await retry(client, people.admin, job_id)
    assert (answer.status_code, answer.json()["message"]) == (200, "Tâche remise en file d'attente")
    job = answer.json()["job"]
    assert (job["state"], job["attempts"], job["finishedAt"]) == ("waiting", 0, None)
    audit = "select actor_id::text from relais.audit_log where action = 'JOB_RETRIED' and target = $1"
    (row,) = await app.state.relais.database.fetch(SERVICE, audit, job_id, mode="write")
    assert row[0] == people.admin.id


async def test_a_job_that_waits_need_not(app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    job_id = await put(app, urls, delay_seconds=3600)
    job = (await retry(client, people.admin, job_id)).json()["job"]
    assert job["runAfter"] < job["createdAt"][:11] + "99"
    due = "select run_after <= now() from relais.jobs where id = $1::text::uuid"
    (row,) = await app.state.relais.database.fetch(SERVICE, due, job_id, mode="write")
    assert row[0]


@pytest.mark.parametrize(("state", "code"), [("running", "JOB_IN_HAND"), ("done", "JOB_ALREADY_DONE")])
async def test_a_job_in_hand_or_done_is_left_alone(
    app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls, state: str, code: str
) -> None:
    answer = await retry(client, people.admin, await put(app, urls, state))
    assert (answer.status_code, answer.json()["code"]) == (409, code)


@pytest.mark.parametrize("job_id", [NOBODYS, "1", "x" * 300, "%00", "é"])
async def test_what_is_no_job_is_not_found(client: httpx.AsyncClient, people: People, job_id: str) -> None:
    must_refuse(await retry(client, people.admin, job_id), *NOT_FOUND)


async def test_a_job_of_another_tenant_is_not_there(
    app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    elsewhere = "11111111-1111-4111-8111-111111111111"
    await run_sql(urls.admin, f"insert into relais.tenants (id, slug, name) values ('{elsewhere}', 'else', 'Else')")
    job_id = await put(app, urls, "dead", tenant_id=elsewhere)
    assert (await seen(client, people.admin))["data"] == []
    must_refuse(await retry(client, people.admin, job_id), *NOT_FOUND)


async def test_only_administrators_see_jobs(
    app: FastAPI, client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    job_id = await put(app, urls, "dead")
    for method, url in (("GET", URL), ("POST", f"{URL}/{job_id}/retry")):
        assert (await client.request(method, url)).json()["code"] == "AUTH_TOKEN_MISSING"
        for who in (people.other, people.moderator):
            answer = await client.request(method, url, headers=who.headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_ROLE")
    assert (await seen(client, people.super_admin))["meta"]["total"] == 1
