"""Request lines, headers, media types and plans, as far as the differential test against 12.0.2 does not reach them."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from app.gateway.parse import PREFIX
from app.settings import Settings

from .conftest import DialectDatabase
from .test_openapi import serving

PLAN = "application/vnd.pgrst.plan"
ROWS = '[{"id":1}]'


@pytest.fixture
async def zoo(settings: Settings, dialect_database: DialectDatabase) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the awkward database."""
    async with serving(settings, dialect_database.ours, db_schemas="api,api2", db_plan_enabled=True) as (_, client):
        yield client


@pytest.fixture
async def anything(settings: Settings, tracker_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a schema in which there is an aggregate that makes bytes of anything."""
    async with serving(settings, tracker_url, db_schemas="tracker,elsewhere") as (_, client):
        yield client


# What Accept asks for.


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json, text/csv;q=1.0", "application/json; charset=utf-8"),
        ("text/csv;q=1.0, application/json", "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/csv;q=0.6", "text/csv; charset=utf-8"),
        ("application/json;q=high, text/csv;q=0.6", "application/json; charset=utf-8"),
        ("*/*, text/csv", "text/csv; charset=utf-8"),
        ("text/csv;header=present, application/json", "text/csv; charset=utf-8"),
        ("text/unheard-of, text/csv;q=0", "text/csv; charset=utf-8"),
        ("application/vnd.pgrst.array+json", "application/json; charset=utf-8"),
        ("application/vnd.pgrst.array", "application/json; charset=utf-8"),
        ("Application/JSON", "application/json; charset=utf-8"),
    ],
)
async def test_the_most_wanted_then_the_most_specific_then_the_first_type_is_sent(
    zoo: httpx.AsyncClient, accept: str, content_type: str
) -> None:
    answer = await zoo.get(f"{PREFIX}/authors?select=id&limit=1", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/rpc/plain_text", "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("/labels", "TEXT/plain;format=flowed", "text/plain; charset=utf-8"),
        ("/rpc/some_bytes", "application/octet-stream;x=y", "application/octet-stream"),
    ],
)
async def test_parameters_of_known_types_mean_nothing(
    zoo: httpx.AsyncClient, path: str, accept: str, content_type: str
) -> None:
    answer = await zoo.get(PREFIX + path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)


async def test_what_cannot_be_sent_is_told_in_the_order_in_which_it_was_wanted(zoo: httpx.AsyncClient) -> None:
    for path in ("/authors", "/"):
        answer = await zoo.get(PREFIX + path, headers={"Accept": "text/b;q=0.1, text/z, text/a;q=0.5, text/z"})
        assert answer.status_code == 406
        assert answer.json()["message"] == "None of these media types are available: text/z, text/z, text/a, text/b"


async def test_a_handler_of_one_table_answers_for_arrays_too_but_not_for_single_objects(zoo: httpx.AsyncClient) -> None:
    array = await zoo.get(f"{PREFIX}/any_media", headers={"Accept": "application/vnd.pgrst.array+json"})
    assert array.headers["content-type"] == "application/octet-stream"
    stripped = await zoo.get(f"{PREFIX}/any_media", headers={"Accept": "application/vnd.pgrst.array;nulls=stripped"})
    assert stripped.headers["content-type"] == "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"
    single = await zoo.get(f"{PREFIX}/any_media?limit=1", headers={"Accept": "application/vnd.pgrst.object"})
    assert single.headers["content-type"] == "application/vnd.pgrst.object+json; charset=utf-8"


async def test_a_handler_of_anything_answers_who_accepts_anything(anything: httpx.AsyncClient) -> None:
    answer = await anything.get(f"{PREFIX}/users?select=name&order=id", headers={"Accept": "text/unheard-of, */*"})
    assert (answer.headers["content-type"], answer.text) == ("application/octet-stream", "(Ann)(Bo)(Cy)")
    for accept in ("application/json", "application/vnd.pgrst.array+json"):
        answer = await anything.get(f"{PREFIX}/users?select=id&limit=1", headers={"Accept": accept})
        assert (answer.headers["content-type"], answer.text) == ("application/json; charset=utf-8", ROWS)
    answer = await anything.get(f"{PREFIX}/users", headers={"Accept": "text/unheard-of"})
    assert answer.status_code == 406


# Plans.


@pytest.mark.parametrize(
    "wanted", ["application/vnd.pgrst.object+json;nulls=stripped", "application/vnd.pgrst.array+json;nulls=stripped"]
)
async def test_the_type_that_a_plan_is_for_may_have_parameters(zoo: httpx.AsyncClient, wanted: str) -> None:
    accept = f'{PLAN}+json; for="{wanted}"; options=verbose|settings'
    answer = await zoo.get(f"{PREFIX}/labels", headers={"Accept": accept})
    told = f'{PLAN}+json; for="{wanted}"; options=verbose|settings; charset=utf-8'
    assert (answer.status_code, answer.headers["content-type"]) == (200, told)
    assert "json_strip_nulls" in answer.text


async def test_a_plan_varies_as_any_answer_does(zoo: httpx.AsyncClient) -> None:
    answer = await zoo.get(f"{PREFIX}/labels", headers={"Accept": PLAN})
    assert answer.status_code == 200
    assert answer.headers["vary"] == "Accept, Prefer, Range"
    assert answer.headers["content-profile"] == "api"


# Query strings and ranges.


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("foo=1", 400, "PGRST100"), ("select=a,,b", 400, "PGRST100"), ("limit=-1", 416, "PGRST103")],
)
async def test_mistakes_in_a_query_string_are_told_where_it_changes_nothing(
    zoo: httpx.AsyncClient, query: str, status: int, code: str
) -> None:
    for method, path in (("GET", "/"), ("OPTIONS", "/"), ("OPTIONS", "/books"), ("OPTIONS", "/rpc/nothing")):
        answer = await zoo.request(method, f"{PREFIX}{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), (method, path)


@pytest.mark.parametrize("value", ["0 - 1", "items=0-1", "bytes=0-1", "0-1,4-5", "-1", "0-1 "])
async def test_a_range_is_two_numbers_and_nothing_else(zoo: httpx.AsyncClient, value: str) -> None:
    answer = await zoo.get(f"{PREFIX}/labels?select=id&order=id&limit=3", headers={"Range": value})
    assert answer.headers["content-range"] == "0-2/*"


@pytest.mark.parametrize(
    ("method", "query", "header", "status", "code"),
    [
        ("GET", "limit=99999999999999999999", None, 400, "22003"),
        ("GET", "offset=99999999999999999999", None, 400, "22003"),
        ("GET", "limit=-99999999999999999999", None, 416, "PGRST103"),
        ("GET", "", "0-99999999999999999999", 400, "22003"),
        ("GET", "", "99999999999999999999-", 400, "22003"),
        ("GET", "select=book_labels(label_id)&book_labels.limit=99999999999999999999", None, 400, "22003"),
        ("HEAD", "limit=99999999999999999999", None, 400, None),
        ("DELETE", "id=eq.0&limit=99999999999999999999", None, 204, None),
        ("PATCH", "select=book_labels()&id=eq.0&book_labels.limit=99999999999999999999", None, 204, None),
        ("OPTIONS", "limit=99999999999999999999", None, 200, None),
    ],
)
async def test_only_reads_mind_numbers_that_postgresql_cannot_count_to(
    zoo: httpx.AsyncClient, method: str, query: str, header: str | None, status: int, code: str | None
) -> None:
    headers = {"Range": header} if header else {}
    answer = await zoo.request(method, f"{PREFIX}/books?{query}", headers=headers, content="{}")
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code


@pytest.mark.parametrize("target", ["/labels?limit=99999999999999999999", "/labels?limit=9223372036854775808"])
async def test_a_bound_on_rows_makes_any_limit_small(
    settings: Settings, dialect_database: DialectDatabase, target: str
) -> None:
    async with serving(settings, dialect_database.ours, db_schemas="api", db_max_rows=2) as (_, client):
        answer = await client.get(PREFIX + target)
    assert (answer.status_code, answer.headers["content-range"]) == (200, "0-1/*")


# Pages.


async def test_options_that_are_no_preflight_say_once_who_may_read_them(zoo: httpx.AsyncClient) -> None:
    for headers in (
        {"Origin": "http://page.test"},
        {"Origin": "http://page.test", "Access-Control-Request-Method": "X"},
    ):
        answer = await zoo.options(f"{PREFIX}/labels", headers=headers)
        assert answer.headers["allow"] == "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]
        assert "access-control-expose-headers" not in answer.headers
