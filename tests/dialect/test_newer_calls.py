"""Calls of functions: what neither 12.0.2 nor the generator can tell."""

import httpx
import pytest
from app.settings import Settings

from tests.conftest import Urls

from .configuration import ADMIN
from .lab import acting_as, lab


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_several_nothings_are_a_list(lab_client: httpx.AsyncClient, method: str) -> None:
    answer = await lab_client.request(method, "/rpc/nothings")
    assert (answer.status_code, answer.json(), answer.headers["content-range"]) == (200, [], "*/*")


async def test_one_nothing_has_no_body(lab_client: httpx.AsyncClient) -> None:
    answer = await lab_client.get("/rpc/look")
    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (204, b"", "0-0/*")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("hoisted", ["", "statement_timeout", "default_transaction_isolation"])
async def test_the_isolation_of_a_function_needs_not_be_listed(
    settings: Settings, lab_urls: Urls, hoisted: str
) -> None:
    async with lab(settings, lab_urls.login, db_hoisted_tx_settings=hoisted) as client:
        assert (await client.get("/rpc/serial")).json() == "serializable"


async def test_a_function_may_ask_for_less_isolation_than_its_caller_has(lab_client: httpx.AsyncClient) -> None:
    assert (await lab_client.get("/rpc/committed", headers=acting_as(ADMIN))).json() == "read committed"
    assert (await lab_client.get("/rpc/serial", headers=acting_as(ADMIN))).json() == "serializable"
    role = await lab_client.post("/rpc/surroundings", headers=acting_as(ADMIN))
    assert role.json()["isolation"] == "repeatable read"


@pytest.mark.parametrize(
    ("body", "content_type", "message", "details"),
    [
        (
            '{"b":1,"c":2}',
            "application/json",
            "Could not find the function lab.add(b, c) in the schema cache",
            "Searched for the function lab.add with parameters b, c or with a single unnamed json/jsonb parameter,"
            " but no matches were found in the schema cache.",
        ),
        (
            "b=1",
            "application/x-www-form-urlencoded",
            "Could not find the function lab.add(b) in the schema cache",
            "Searched for the function lab.add with parameter b, but no matches were found in the schema cache.",
        ),
        (
            "text",
            "text/plain",
            "Could not find the function lab.add in the schema cache",
            "Searched for the function lab.add with a single unnamed text parameter, but no matches were found in the"
            " schema cache.",
        ),
        (
            "",
            "application/json",
            "Could not find the function lab.add without parameters in the schema cache",
            "Searched for the function lab.add without parameters or with a single unnamed json/jsonb parameter, but"
            " no matches were found in the schema cache.",
        ),
    ],
)
async def test_a_function_that_is_not_there_is_told_as_it_was_looked_for(
    lab_client: httpx.AsyncClient, body: str, content_type: str, message: str, details: str
) -> None:
    answer = await lab_client.post("/rpc/add", content=body, headers={"Content-Type": content_type})
    error = answer.json()
    assert (answer.status_code, error["code"]) == (404, "PGRST202")
    assert (error["message"], error["details"]) == (message, details)


async def test_only_sets_can_be_bounded(lab_client: httpx.AsyncClient) -> None:
    headers = {"Prefer": "handling=strict, max-affected=1"}
    one = await lab_client.post("/rpc/write", headers=headers)
    several = await lab_client.post("/rpc/nothings", headers=headers)
    lenient = await lab_client.post("/rpc/write", headers={"Prefer": "max-affected=1"})
    assert (one.status_code, one.json()["code"]) == (400, "PGRST128")
    assert (several.status_code, several.headers["preference-applied"]) == (200, "handling=strict, max-affected=1")
    assert (lenient.status_code, "preference-applied" in lenient.headers) == (200, False)


async def test_the_root_can_be_a_function(settings: Settings, lab_urls: Urls) -> None:
    async with lab(settings, lab_urls.login, db_root_spec="elsewhere.write") as client:
        called, refused = await client.post("/"), await client.patch("/")
        read = await client.get("/")
    assert (called.status_code, called.json()) == (200, "off")
    assert (refused.status_code, refused.json()["code"]) == (405, "PGRST101")
    assert (read.status_code, read.json()["code"]) == (405, "25006")
    async with lab(settings, lab_urls.login, db_root_spec="write", openapi_mode="disabled") as client:
        off = await client.post("/")
    assert (off.status_code, off.json()["code"]) == (404, "PGRST126")
