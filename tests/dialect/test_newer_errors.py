"""Errors: codes that SQL raises, and how much of an error is told."""

import httpx
import pytest
from app.settings import Settings

from tests.conftest import Urls

from .lab import acting_as, lab


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        ("08003", "m", 503),
        ("08P01", "m", 503),
        ("0L000", "m", 403),
        ("21000", "m", 500),
        ("21000", "DELETE requires a WHERE clause", 400),
        ("22023", "m", 400),
        ("22023", 'role "x" does not exist', 401),
        ("23505", "m", 409),
        ("25001", "m", 500),
        ("25006", "m", 405),
        ("26000", "m", 400),
        ("28000", "m", 403),
        ("40001", "m", 500),
        ("42883", "m", 404),
        ("42883", "function xmlagg(x) does not exist", 406),
        ("42P01", "m", 404),
        ("42P05", "m", 400),
        ("42P17", "m", 500),
        ("53300", "m", 503),
        ("53400", "m", 500),
        ("57014", "m", 500),
        ("57P01", "m", 503),
        ("58030", "m", 500),
        ("HV000", "m", 500),
        ("P0001", "m", 400),
        ("P0002", "m", 500),
        ("PT402", "m", 402),
        ("PTABC", "m", 500),
        ("XX000", "m", 500),
    ],
)
async def test_a_code_that_sql_raises_is_told_as_it_is(
    lab_client: httpx.AsyncClient, code: str, message: str, status: int
) -> None:
    answer = await lab_client.post("/rpc/raise", json={"code": code, "message": message})
    assert (answer.status_code, answer.json()) == (
        status,
        {"code": code, "details": None, "hint": None, "message": message},
    )
    assert answer.headers["proxy-status"] == f"PostgREST; error={code}"


async def test_the_connection_of_a_raised_code_serves_on(lab_client: httpx.AsyncClient) -> None:
    for _ in range(20):
        assert (await lab_client.post("/rpc/raise", json={"code": "08006"})).json()["code"] == "08006"
    assert (await lab_client.post("/rpc/write")).json() == "off"


async def test_a_hint_is_left_as_it_was_given(lab_client: httpx.AsyncClient) -> None:
    answer = await lab_client.post("/rpc/raise", json={"code": "26000", "hint": "Ask again"})
    assert answer.json()["hint"] == "Ask again"


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/things?x=1", {}, "PGRST100"),
        ("/things?id=eq.x", {}, "22P02"),
        ("/things?offset=9", {"Prefer": "count=exact"}, "PGRST103"),
        ("/things", {"Range": "5-1"}, "PGRST103"),
        ("/things", {"Authorization": "Bearer x"}, "PGRST301"),
        ("/nothing/there", {}, "PGRST125"),
    ],
)
async def test_errors_can_be_told_in_short(
    settings: Settings, lab_urls: Urls, path: str, headers: dict[str, str], code: str
) -> None:
    async with lab(settings, lab_urls.login, client_error_verbosity="minimal") as client:
        answer = await client.get(path, headers=headers)
    assert answer.json().keys() == {"code", "message"}
    assert answer.json()["code"] == code


async def test_what_is_forbidden_is_a_challenge_to_who_has_not_signed_in(lab_client: httpx.AsyncClient) -> None:
    stranger = await lab_client.post("/rpc/raise", json={"code": "42501"})
    anonymous = await lab_client.post("/rpc/raise", json={"code": "42501"}, headers=acting_as("dialect_anon"))
    author = await lab_client.post("/rpc/raise", json={"code": "42501"}, headers=acting_as("dialect_author"))
    assert [(one.status_code, one.headers.get("www-authenticate")) for one in (stranger, anonymous, author)] == [
        (401, "Bearer"),
        (401, "Bearer"),
        (403, None),
    ]
