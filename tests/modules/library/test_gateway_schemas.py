"""Which schema a client asks for: the default one goes by the name that clients of Supabase have for it."""

import httpx
from app.main import create_app
from app.settings import Settings

from tests.conftest import client_of, started


async def test_public_is_another_name_of_the_default_schema(client: httpx.AsyncClient) -> None:
    for method, header in (("GET", "Accept-Profile"), ("POST", "Content-Profile")):
        path = "/rest/v1/category_hierarchy" if method == "GET" else "/rest/v1/rpc/search_users"
        body = None if method == "GET" else {"query": "nobody"}
        named = await client.request(method, path, json=body, headers={header: "public"})
        unnamed = await client.request(method, path, json=body)
        assert (named.status_code, named.content) == (unnamed.status_code, unnamed.content)
    other = await client.get("/rest/v1/category_hierarchy", headers={"Accept-Profile": "relais"})
    assert (other.status_code, other.json()["code"]) == (406, "PGRST106")


async def test_where_schemas_are_chosen_each_has_its_own_name_only(settings: Settings) -> None:
    rest = settings.rest.model_copy(update={"db_schemas": "library"})
    async with started(create_app(settings.model_copy(update={"rest": rest}))) as app, client_of(app) as client:
        answer = await client.get("/rest/v1/category_hierarchy", headers={"Accept-Profile": "public"})
    assert (answer.status_code, answer.json()["code"]) == (406, "PGRST106")
