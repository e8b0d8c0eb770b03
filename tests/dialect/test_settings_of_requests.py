"""What is set for a request, by whom, and what the database says of how it is served."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.main import create_app
from app.serve import check_gateway
from app.settings import RestSettings, Settings, SettingsError
from pydantic import ValidationError

from tests.conftest import Urls, client_of, run_sql, started

from .configuration import ADMIN, ANON, AUTHOR, LOGIN, Configuration
from .lab import acting_as, lab
from .tokens import SECRET

OTHER_SECRET = "another-secret-that-only-these-tests-have"
#: Roles are the whole server's, what they are given here is this database's.
RESET = "do $$ begin execute format('alter role {} in database %I reset all', current_database()); end $$"
SET = "do $$ begin execute format('alter role {} in database %I set {} = %L', current_database(), '{}'); end $$"


@asynccontextmanager
async def given(urls: Urls, role: str, **values: str) -> AsyncGenerator[None]:
    """A role with settings in this database. Two underscores are a dot."""
    await give(urls, role, **values)
    try:
        yield
    finally:
        await run_sql(urls.admin, RESET.format(role))


async def give(urls: Urls, role: str, **values: str) -> None:
    """Settings for a role in this database, besides those that it has."""
    await run_sql(urls.admin, *(SET.format(role, name.replace("__", "."), value) for name, value in values.items()))


async def surroundings(client: httpx.AsyncClient, method: str = "POST", **headers: str) -> dict[str, Any]:
    """What a function sees of its transaction."""
    answer = await client.request(method, "/rpc/surroundings", headers=acting_as(AUTHOR) | headers)
    return answer.json()


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 20
    while not await holds():
        assert time.monotonic() < deadline, "it never came to be"
        await asyncio.sleep(0.02)


# Roles.


async def test_a_caller_has_the_settings_of_its_role(settings: Settings, lab_urls: Urls) -> None:
    own = {"timezone": "Europe/Paris", "search_path": "public", "statement_timeout": "4321ms", "lab__own": "mine"}
    async with given(lab_urls, AUTHOR, **own), lab(settings, lab_urls.login) as client:
        seen = await surroundings(client)
        asked = await surroundings(client, Prefer="timezone=Asia/Tokyo")
        strangers = (await client.post("/rpc/surroundings")).json()
    assert [seen[name] for name in ("timezone", "search_path", "timeout", "own")] == [
        "Europe/Paris", "public", "4321ms", "mine",
    ]  # fmt: skip
    assert asked["timezone"] == "Asia/Tokyo"
    assert strangers["timezone"] == "UTC"
    assert strangers["search_path"] == '"lab", "extra"'
    assert not strangers["own"]


@pytest.mark.parametrize("value", ["on", "off"])
async def test_whether_a_request_may_write_is_for_its_method_to_say(
    settings: Settings, lab_urls: Urls, value: str
) -> None:
    async with (
        given(lab_urls, AUTHOR, default_transaction_read_only=value),
        lab(settings, lab_urls.login) as client,
    ):
        written = await client.post("/rpc/write", headers=acting_as(AUTHOR))
        refused = await client.get("/rpc/write", headers=acting_as(AUTHOR))
    assert (written.status_code, written.json()) == (200, "off")
    assert (refused.status_code, refused.json()["code"]) == (405, "25006")


async def test_without_settings_of_the_database_roles_have_none(settings: Settings, lab_urls: Urls) -> None:
    async with (
        given(lab_urls, AUTHOR, timezone="Europe/Paris"),
        given(lab_urls, LOGIN, pgrst__db_max_rows="1"),
        lab(settings, lab_urls.login, db_config=False) as client,
    ):
        seen = await surroundings(client)
        isolated = (await client.post("/rpc/surroundings", headers=acting_as(ADMIN))).json()
        rows = (await client.get("/things?select=id")).json()
    assert (seen["timezone"], isolated["isolation"], len(rows)) == ("UTC", "read committed", 5)


# The request.


async def test_the_request_is_set_for_whoever_might_read_it(settings: Settings, lab_urls: Urls) -> None:
    async with lab(settings, lab_urls.login) as client:
        method = (await client.get("/rpc/told?what=method")).json()
        path = (await client.post("/rpc/told", json={"what": "path"})).json()
    assert (method, path) == ("GET", "/rpc/told")


async def test_headers_set_for_the_session_are_not_the_next_request_s(settings: Settings, lab_urls: Urls) -> None:
    for options in ({}, {"db_pre_request": "lab.look"}):
        async with lab(settings, lab_urls.login, **options) as client:
            said = await client.post("/rpc/speak_on", headers={"Prefer": "tx=commit"})
            after = await client.post("/rpc/write", headers={"Prefer": "tx=commit"})
        assert (said.headers.get("x-said"), after.headers.get("x-said")) == ("once", None)


async def test_the_times_of_stages_are_told_if_both_settings_say_so(settings: Settings, lab_urls: Urls) -> None:
    timing = settings.model_copy(update={"http": settings.http.model_copy(update={"server_timing": True})})
    assert "server-timing" in await headers_of(timing, lab_urls, rest=True)
    assert "server-timing" not in await headers_of(timing, lab_urls, rest=False)


async def headers_of(settings: Settings, urls: Urls, *, rest: bool) -> httpx.Headers:
    """The headers of an answer."""
    options = {"db_schemas": "lab", "server_timing_enabled": rest}
    configured = Configuration("timing", 1, options).relais(settings, urls.login)
    configured = configured.model_copy(update={"http": settings.http})
    async with started(create_app(configured)) as app, client_of(app) as client:
        return (await client.get("/rest/v1/things")).headers


# What the database says.


async def test_the_role_comes_before_the_function_and_both_before_the_environment(
    settings: Settings, lab_urls: Urls
) -> None:
    async with (
        given(lab_urls, LOGIN, pgrst__db_max_rows="2", pgrst__nonsense="1", pgrst__openapi_mode="wrong"),
        lab(settings, lab_urls.login, db_pre_config="lab.set_up", db_max_rows=1) as client,
    ):
        assert await has_rows(client, 2)
        ended = await client.get("/things", headers={"Prefer": "tx=rollback"})
        assert "preference-applied" not in ended.headers
        # The connections that there are still have what the role had when they were made.
        await run_sql(lab_urls.admin, RESET.format(LOGIN), "notify pgrst, 'reload config'")
        await eventually(lambda: has_rows(client, 3))


async def has_rows(client: httpx.AsyncClient, count: int) -> bool:
    """Whether so many things are shown."""
    return len((await client.get("/things?select=id")).json()) == count


async def test_a_secret_of_the_database_takes_the_place_of_the_first(settings: Settings, lab_urls: Urls) -> None:
    async with given(lab_urls, LOGIN), lab(settings, lab_urls.login) as client:
        assert (await client.get("/things", headers=acting_as(AUTHOR))).status_code == 200
        await give(lab_urls, LOGIN, pgrst__jwt_secret=OTHER_SECRET)
        await run_sql(lab_urls.admin, "notify pgrst, 'reload config'")
        await eventually(lambda: refused(client, SECRET))
        assert not await refused(client, OTHER_SECRET)


async def refused(client: httpx.AsyncClient, secret: str) -> bool:
    """Whether tokens of a secret are refused."""
    return (await client.get("/things", headers=acting_as(AUTHOR, secret=secret))).status_code == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwt_secret", "short"),
        ("jwt_role_claim_key", "$.a["),
        ("jwt_aud", "a:b c"),
        ("db_schemas", "pg_catalog"),
        ("db_hoisted_tx_settings", "("),
        ("db_tx_end", "never"),
    ],
)
async def test_a_mistake_in_the_database_hides_no_new_table(
    settings: Settings, lab_urls: Urls, name: str, value: str
) -> None:
    async with given(lab_urls, LOGIN), lab(settings, lab_urls.login) as client:
        await give(lab_urls, LOGIN, **{f"pgrst__{name}": value})
        await run_sql(
            lab_urls.admin, f"create table lab.fresh as select 1 as n; grant select on lab.fresh to {ANON}, {AUTHOR}"
        )
        try:
            await run_sql(lab_urls.admin, "notify pgrst")
            await eventually(lambda: is_there(client, "/fresh"))
            answer = await client.get("/fresh", headers=acting_as(AUTHOR))
        finally:
            await run_sql(lab_urls.admin, "drop table lab.fresh")
    assert (answer.status_code, answer.json()) == (200, [{"n": 1}])


async def is_there(client: httpx.AsyncClient, path: str) -> bool:
    """Whether a path leads somewhere."""
    return (await client.get(path)).status_code == 200


async def test_a_secret_in_a_file_is_read_anew(settings: Settings, lab_urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    async with lab(settings, lab_urls.login, jwt_secret=f"@{file}") as client:
        assert not await refused(client, SECRET)
        file.write_text(OTHER_SECRET)
        await run_sql(lab_urls.admin, "notify pgrst, 'reload config'")
        await eventually(lambda: refused(client, SECRET))
        assert not await refused(client, OTHER_SECRET)


def test_settings_of_the_application_may_hold_commas() -> None:
    rest = RestSettings.model_validate({"app_settings": 'a=1, 2 ,b.c = {"x":1,"y":2},d=e=f'})
    assert rest.app_settings_pairs() == (
        ("app.settings.a", "1, 2"),
        ("app.settings.b.c", '{"x":1,"y":2}'),
        ("app.settings.d", "e=f"),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("db_schemas", "lab, pg_catalog"), ("db_schemas", "information_schema"), ("db_hoisted_tx_settings", "work_mem,(")],
)
def test_what_can_never_be_served_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        RestSettings.model_validate({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("jwt_secret", "short"), ("jwt_secret", "@/nowhere"), ("jwt_aud", "a:b c"), ("jwt_role_claim_key", "$.a[")],
)
def test_a_server_that_could_verify_no_token_does_not_start(settings: Settings, name: str, value: str) -> None:
    rest = RestSettings.model_validate(settings.rest.model_dump() | {name: value})
    with pytest.raises(SettingsError):
        check_gateway(settings.model_copy(update={"rest": rest}))
    check_gateway(settings)
