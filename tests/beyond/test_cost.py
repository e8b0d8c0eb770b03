"""A read that the planner expects to cost more than its caller's role may spend is refused before it runs."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio
from app.settings import RestSettings, Settings

from tests.beyond.shelf import lab, lab_urls, shelf_urls
from tests.conftest import Urls, run_sql
from tests.dialect.configuration import ANON, AUTHOR
from tests.dialect.lab import acting_as

__all__ = ["lab_urls", "shelf_urls"]

#: To read all books costs several hundred.
BUDGET = 300
ALL = "/books?select=id,title"
HINT = "No index of books begins with the column {}."


@pytest_asyncio.fixture(scope="module")
async def shelf(settings: Settings, shelf_urls: Urls) -> AsyncGenerator[httpx.AsyncClient]:
    budgets = f"{ANON}:{BUDGET}, {AUTHOR}:1e6"
    async with lab(settings, shelf_urls.login, cost_budgets=budgets, db_plan_enabled=True) as client:
        yield client


def refused(answer: httpx.Response) -> dict[str, str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "RELAIS_COST"), answer.text
    return answer.json()


async def test_what_costs_too_much_is_refused_and_the_rest_is_not(shelf: httpx.AsyncClient) -> None:
    said = refused(await shelf.get(ALL))
    assert said["message"].endswith(f"the budget is {BUDGET}")
    assert said["hint"] is None
    for path in (f"{ALL}&limit=3", f"{ALL}&id=eq.4", f"{ALL}&pages=eq.600", "/rpc/add?a=1", "/rpc/one_book?select=id"):
        assert (await shelf.get(path)).status_code == 200, path


async def test_a_role_with_more_or_without_a_budget_is_served(
    settings: Settings, shelf: httpx.AsyncClient, shelf_urls: Urls
) -> None:
    assert (await shelf.get(f"{ALL}&limit=2", headers=acting_as(AUTHOR))).status_code == 200
    assert len((await shelf.get(ALL, headers=acting_as(AUTHOR))).json()) == 30000
    async with lab(settings, shelf_urls.login, cost_budgets=f"{AUTHOR}:1") as client:
        assert len((await client.get(ALL)).json()) == 30000
        refused(await client.get(ALL, headers=acting_as(AUTHOR)))


async def test_the_values_of_a_request_decide(shelf: httpx.AsyncClient) -> None:
    for _ in range(3):
        assert (await shelf.get(f"{ALL}&id=lt.50")).status_code == 200
        refused(await shelf.get(f"{ALL}&id=lt.29000"))


async def test_every_road_of_a_read_has_the_budget(shelf: httpx.AsyncClient) -> None:
    assert (await shelf.head(ALL)).status_code == 422
    refused(await shelf.get("/books?select=id&limit=1", headers={"Prefer": "count=exact"}))
    refused(await shelf.get("/rpc/books_of?shelf=3"))
    refused(await shelf.post("/rpc/books_of", json={"shelf": 3}))
    refused(await shelf.post("/books/query", content="select=id", headers={"Content-Type": "text/plain"}))
    plan = {"Accept": "application/vnd.pgrst.plan+json"}
    assert (await shelf.get(ALL, headers=plan)).status_code == 200
    refused(await shelf.get(ALL, headers={"Accept": "application/vnd.pgrst.plan+json; options=analyze"}))


async def test_what_is_read_within_a_batch_has_it_too(shelf: httpx.AsyncClient) -> None:
    written = {"method": "POST", "path": "/things", "body": {"id": 801}}
    call = {"method": "POST", "path": "/rpc/books_of", "body": {"shelf": 3}}
    for read in ({"method": "GET", "path": ALL}, {"method": "HEAD", "path": ALL}, call):
        answer = await shelf.post("/batch", json=[written, read])
        assert refused(answer)["details"] == {"item": 1, "details": None}
    answer = await shelf.post("/batch", json=[written, {"method": "GET", "path": f"{ALL}&limit=3"}])
    assert answer.status_code == 200, answer.text


async def test_what_writes_has_none(shelf: httpx.AsyncClient) -> None:
    written = await shelf.post("/things", json={"id": 800}, headers={"Prefer": "return=representation"})
    assert written.status_code == 201
    assert (await shelf.post("/rpc/write", headers=acting_as(AUTHOR))).status_code == 200


async def test_a_plain_missing_index_is_named(shelf: httpx.AsyncClient) -> None:
    secret = "what%20nobody%20else%20should%20read"
    said = refused(await shelf.get(f"{ALL}&title=eq.{secret}"))
    assert said["hint"] == HINT.format("title")
    assert "nobody" not in str(said)
    assert refused(await shelf.get(f"{ALL}&shelf_id=in.(1,2)"))["hint"] == HINT.format("shelf_id")
    embedded = refused(await shelf.get("/shelves?select=name,books(title)"))
    assert embedded["hint"] == HINT.format("shelf_id")
    # An index begins with it, or none would help.
    for condition in ("id=gt.5", "pages=gt.1", "title=like.*x*", "title=neq.x", "or=(title.eq.x,id.eq.1)"):
        assert refused(await shelf.get(f"{ALL}&{condition}"))["hint"] is None, condition


async def test_what_policies_speak_of_is_not_told(settings: Settings, shelf_urls: Urls) -> None:
    await run_sql(
        shelf_urls.admin,
        "create table lab.guarded as select n id, n % 7 as hidden, 'x' || n as name from generate_series(1, 30000) n",
        "alter table lab.guarded enable row level security",
        "create policy chosen on lab.guarded using (hidden = 3)",
        f"grant select (id, name) on lab.guarded to {ANON}",
        "analyze lab.guarded",
    )
    async with lab(settings, shelf_urls.login, cost_budgets=f"{ANON}:50") as client:
        said = refused(await client.get("/guarded?select=id&name=eq.x1"))
        assert said["hint"] == "No index of guarded begins with the column name."
        assert "hidden" not in str(said)
        assert refused(await client.get("/guarded?select=id"))["hint"] is None
        # Whoever may not read a column learns nothing by its cost.
        assert (await client.get("/guarded?select=id&hidden=eq.1")).json()["code"] == "42501"


async def test_many_at_once_are_told_apart(shelf: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(
            shelf.get(ALL if n % 2 else f"{ALL}&id=eq.{n}", headers=acting_as(AUTHOR) if n % 3 == 0 else {})
            for n in range(24)
        )
    )
    statuses = [422 if n % 2 and n % 3 else 200 for n in range(24)]
    assert [answer.status_code for answer in answers] == statuses


@pytest.mark.parametrize("text", ["anon", "anon:", ":3", "anon:0", "anon:x", "anon:nan", "anon:inf", "anon=3"])
def test_a_budget_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="role and a cost"):
        RestSettings.model_validate({"cost_budgets": text})
