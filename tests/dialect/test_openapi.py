"""The description at the root: what it says of an awkward database, to whom, and that it is Swagger."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from app.embedded import Servers
from app.gateway.parse import PREFIX
from app.main import create_app
from app.settings import Settings
from app.version import VERSION
from fastapi import FastAPI

from tests.conftest import Urls, client_of, run_sql, started, with_database

from .as_newer import as_newer
from .configuration import ADMIN, ANON, AUTHOR, Configuration, login_url
from .conftest import DialectDatabase
from .picture import Picture
from .swagger import problems
from .tokens import token

ROOT = f"{PREFIX}/"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def shop_urls(servers: Servers, dialect_database: DialectDatabase) -> Generator[Urls]:
    """A small database of this file's own. The roles are there already."""
    name = f"dialect_{uuid4().hex[:12]}"
    asyncio.run(run_sql(servers.admin_url, f"create database {name}"))
    urls = Urls(login_url(servers.admin_url, name), with_database(servers.admin_url, name))
    try:
        asyncio.run(run_sql(urls.admin, Path(__file__).with_name("shop.sql").read_text()))
        yield urls
    finally:
        asyncio.run(run_sql(servers.admin_url, f"drop database {name} with (force)"))


@pytest.fixture(scope="module")
def shop(shop_urls: Urls) -> str:
    """The small database as the authenticator reaches it."""
    return shop_urls.login


@pytest.fixture
async def zoo(settings: Settings, dialect_database: DialectDatabase) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the awkward database."""
    async with serving(settings, dialect_database.ours, db_schemas="api,api2") as (_, client):
        yield client


@pytest.mark.parametrize("schema", ["api", "api2"])
@pytest.mark.parametrize("role", [ANON, AUTHOR, ADMIN])
async def test_it_is_what_postgrest_says_brought_up_to_date(
    zoo: httpx.AsyncClient, postgrest: tuple[str, int], picture: Picture, role: str, schema: str
) -> None:
    headers = asking(role) | {"Accept-Profile": schema}
    host, port = postgrest
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        reference = (await client.get(f"http://{host}:{port}/", headers=headers)).json()
    ours = (await zoo.get(ROOT, headers=headers)).json()
    volatile = {item.name for item in picture.functions if item.schema == schema and item.volatile}
    assert ours == as_newer(reference, volatile, VERSION)


@pytest.mark.parametrize("schema", ["api", "api2"])
async def test_it_is_swagger(zoo: httpx.AsyncClient, schema: str) -> None:
    document = await described(zoo, ADMIN, schema)
    assert document["paths"].keys() > {"/"}
    assert problems(document) == []


async def test_names_that_mean_something_in_urls_are_escaped(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        document = await described(client)
        assert problems(document) == []
        assert {"$ref": "#/parameters/rowFilter.a~1b {c}~0d%25.e~1f"} in document["paths"]["/a%2Fb %7Bc%7D~d%25"][
            "get"
        ]["parameters"]
        assert (await client.get(f"{PREFIX}/a%2Fb %7Bc%7D~d%25")).status_code == 200


async def test_an_open_address_is_left_to_whoever_fetches_the_document(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        document = await described(client)
    assert document["basePath"] == PREFIX
    assert not {"host", "schemes"} & document.keys()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://api.example.org", {"host": "api.example.org:443", "basePath": "/", "schemes": ["https"]}),
        ("http://example.org/rest/v1", {"host": "example.org:80", "basePath": "/rest/v1", "schemes": ["http"]}),
        ("https://[::1]:8443/a", {"host": "[::1]:8443", "basePath": "/a", "schemes": ["https"]}),
        ("https://me:password@example.org/", {"basePath": PREFIX}),
        ("ftp://example.org", {"basePath": PREFIX}),
        ("https://example.org:many", {"basePath": PREFIX}),
        ("https://", {"basePath": PREFIX}),
    ],
)
async def test_an_address_is_told_if_it_is_one(settings: Settings, shop: str, address: str, expected: Json) -> None:
    async with serving(settings, shop, openapi_server_proxy_uri=address) as (_, client):
        document = await described(client)
    assert {name: document[name] for name in ("host", "basePath", "schemes") if name in document} == expected
    assert problems(document) == []


async def test_tokens_are_described_when_asked_for(settings: Settings, shop: str) -> None:
    async with serving(settings, shop, openapi_security_active=True) as (_, client):
        document = await described(client)
    assert document["security"] == [{"JWT": []}]
    assert document["securityDefinitions"] == {
        "JWT": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": 'Add the token prepending "Bearer " (without quotes) to it',
        }
    }
    assert problems(document) == []


async def test_tokens_are_not_described_otherwise(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        assert not {"security", "securityDefinitions"} & (await described(client)).keys()


async def test_a_comment_of_one_line_is_the_title(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        info = (await described(client))["info"]
    assert info == {"title": "A shop", "description": "", "version": VERSION}


async def test_the_tenant_is_nowhere(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        assert "tenant" not in (await client.get(ROOT)).text


async def test_a_key_that_includes_the_tenant_is_the_key_of_the_other_column(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        definitions = (await described(client))["definitions"]
    assert definitions["customers"]["properties"]["id"]["description"] == (
        "Given by hand\n\nNote:\nThis is a Primary Key.<pk/>"
    )
    assert definitions["orders"]["properties"]["customer_id"]["description"] == (
        "Note:\nThis is a Foreign Key to `customers.id`.<fk table='customers' column='id'/>"
    )
    # The other way round is no key.
    assert "Foreign" not in definitions["customers"]["properties"]["id"]["description"]


async def test_defaults_are_values_or_the_text_of_an_expression(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        properties = (await described(client))["definitions"]["customers"]["properties"]
    assert {name: column["default"] for name, column in properties.items() if "default" in column} == {
        "name": 'it\'s "x" \\ y',
        "nick": "('a'::text || 'b'::text)",
        "since": "2024-01-01",
        "seen": "now()",
        "visits": 0,
        "ratio": 0.5,
    }


async def test_integers_have_the_formats_that_swagger_knows(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        properties = (await described(client))["definitions"]["customers"]["properties"]
    assert [properties[name]["format"] for name in ("id", "small", "visits", "balance", "friends")] == [
        "int32", "int32", "int64", "numeric", "jsonb[]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (ANON, {"by_column", "by_trigger"}),
        (AUTHOR, {"owned"}),
        (ADMIN, set()),
    ],
)
async def test_tables_are_shown_to_whom_any_privilege_was_given(
    settings: Settings, shop: str, role: str, shown: set[str]
) -> None:
    async with serving(settings, shop) as (_, client):
        document = await described(client, role)
    single = {"by_column", "by_trigger", "owned", "nothing"}
    assert single & document["definitions"].keys() == shown
    assert {name for name in single if f"/{name}" in document["paths"]} == shown
    assert {name for name in single if f"body.{name}" in document["parameters"]} == shown


@pytest.mark.parametrize(("role", "arguments"), [(ANON, ["a"]), (ADMIN, ["a", "b"])])
async def test_of_functions_of_one_name_the_longest_is_shown_that_the_caller_may_execute(
    settings: Settings, shop: str, role: str, arguments: list[str]
) -> None:
    async with serving(settings, shop) as (_, client):
        path = (await described(client, role))["paths"]["/rpc/pick"]
    assert [parameter["name"] for parameter in path["get"]["parameters"]] == arguments
    assert path["post"]["parameters"][0]["schema"]["required"] == arguments


async def test_a_function_that_changes_something_is_not_called_by_get(settings: Settings, shop: str) -> None:
    async with serving(settings, shop) as (_, client):
        assert (await described(client))["paths"]["/rpc/change"].keys() == {"post"}


async def test_privileges_can_be_ignored(settings: Settings, shop: str) -> None:
    async with serving(settings, shop, openapi_mode="ignore-privileges") as (_, client):
        document = await described(client)
    assert {"by_column", "by_trigger", "owned", "nothing"} <= document["definitions"].keys()
    assert document["paths"]["/rpc/pick"]["get"]["parameters"][-1]["name"] == "b"
    assert problems(document) == []


@pytest.mark.parametrize("mode", ["follow-privileges", "ignore-privileges"])
async def test_a_role_that_does_not_exist_is_told_nothing(settings: Settings, shop: str, mode: str) -> None:
    async with serving(settings, shop, openapi_mode=mode) as (_, client):
        answer = await client.get(ROOT, headers=asking("dialect_nobody"))
    assert answer.status_code in (400, 401, 403)
    assert answer.json().keys() == {"code", "message", "details", "hint"}


@pytest.mark.parametrize("mode", ["follow-privileges", "ignore-privileges"])
async def test_the_function_before_requests_can_refuse(settings: Settings, shop: str, mode: str) -> None:
    async with serving(settings, shop, openapi_mode=mode, db_pre_request="relais.refuse") as (_, client):
        answer = await client.get(ROOT)
    assert (answer.status_code, answer.json()["message"]) == (418, "not now")


async def test_the_function_before_requests_can_change_who_asks(settings: Settings, shop: str) -> None:
    async with serving(settings, shop, db_pre_request="relais.become") as (_, client):
        for _ in range(2):
            definitions = (await described(client))["definitions"]
            assert "owned" in definitions
            assert "by_column" not in definitions


async def test_the_parts_are_written_once_for_each_picture_of_the_database(settings: Settings, shop_urls: Urls) -> None:
    async with serving(settings, shop_urls.login) as (app, client):
        engines = app.state.relais.engines
        before = engines.get()
        assert before.openapi_parts("shop") is before.openapi_parts("shop")
        assert "fresh" not in (await described(client))["definitions"]
        await run_sql(shop_urls.admin, "create table shop.fresh (id integer)", f"grant select on shop.fresh to {ANON}")
        try:
            await engines.doubt()
            assert (await described(client))["definitions"]["fresh"] == {
                "type": "object",
                "properties": {"id": {"type": "integer", "format": "int32"}},
            }
        finally:
            await run_sql(shop_urls.admin, "drop table shop.fresh")


async def test_only_who_takes_json_is_answered(zoo: httpx.AsyncClient) -> None:
    for accepted in ("application/openapi+json", "application/json", "*/*"):
        answer = await zoo.get(ROOT, headers={"Accept": accepted})
        assert (answer.status_code, answer.headers["content-type"]) == (
            200,
            "application/openapi+json; charset=utf-8",
        )
    refused = await zoo.get(ROOT, headers={"Accept": "text/csv"})
    assert (refused.status_code, refused.json()["code"]) == (406, "PGRST107")


async def test_it_can_be_switched_off(settings: Settings, shop: str) -> None:
    async with serving(settings, shop, openapi_mode="disabled") as (_, client):
        answer = await client.get(ROOT)
    assert (answer.status_code, answer.json()["code"]) == (404, "PGRST126")


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (("swagger",), "3.0", "swagger: is not 2.0"),
        (("paths", "/pick"), {"get": {}}, "get /pick: missing ['responses']"),
        (("definitions", "orders", "properties", "id", "type"), "int", "definitions.orders.id: type int"),
        (("definitions", "orders", "required"), ["none"], "definitions.orders: something unknown is required"),
        (("definitions", "customers", "properties", "visits", "default"), "0",
         "definitions.customers.visits: the default is no integer"),
        (("parameters", "limit", "enum"), [], "parameters.limit: enum is empty or repeats itself"),
        (("parameters", "body.orders", "schema", "$ref"), "#/definitions/none",
         "parameters.body.orders: #/definitions/none leads nowhere"),
        (("parameters", "rowFilter.orders.id", "name"), "limit", "get /orders: two parameters of one name"),
        (("security",), [{"Key": []}], "security: not declared"),
    ],
)  # fmt: skip
async def test_a_document_that_is_not_swagger_is_noticed(
    settings: Settings, shop: str, where: tuple[str, ...], value: object, told: str
) -> None:
    async with serving(settings, shop) as (_, client):
        document = await described(client)
    inner = document
    for part in where[:-1]:
        inner = inner[part]
    inner[where[-1]] = value
    assert told in problems(document)


@asynccontextmanager
async def serving(
    settings: Settings, url: str, *, db_schemas: str = "shop", **options: str | bool
) -> AsyncGenerator[tuple[FastAPI, httpx.AsyncClient]]:
    """The API on a database, with these options."""
    configured = Configuration("openapi", 1, {"db_schemas": db_schemas, **options}).relais(settings, url)
    async with started(create_app(configured)) as app, client_of(app) as client:
        yield app, client


async def described(client: httpx.AsyncClient, role: str = ANON, schema: str | None = None) -> Json:
    """The document as a role is shown it."""
    headers = asking(role) | ({"Accept-Profile": schema} if schema else {})
    answer = await client.get(ROOT, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def asking(role: str) -> dict[str, str]:
    """The header of a caller with this role."""
    return {"Authorization": f"Bearer {token({'role': role})}"}
