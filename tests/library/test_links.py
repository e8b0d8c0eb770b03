"""Where rows lead: to addresses, on every road they are written."""

from typing import Any

import httpx
import pytest

from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource
from tests.library.test_templates import made as new_template

GOOD = ("https://example.org/a", "HTTP://example.org", "/api/files/a.png")
BAD = ("javascript:alert(1)", " JavaScript:alert(1)", "not a url", "data:text/html,x", "ftp://example.org")


@pytest.mark.parametrize("link", BAD)
@pytest.mark.parametrize("field", ["githubUrl", "externalUrl", "fileUrl"])
async def test_what_is_no_address_is_no_link_of_a_resource(
    client: httpx.AsyncClient, people: People, field: str, link: str
) -> None:
    if field == "fileUrl" and link.startswith("data:"):
        return
    resource = await new_resource(client, people.owner)
    template = await new_template(client, people.owner, templateData={"title": "T"})
    body = {"title": "a", "description": "b", field: link}
    for method, path in (
        ("POST", "/api/resources"),
        ("PUT", f"/api/resources/{resource['id']}"),
        *((("POST", f"/api/templates/{template['id']}/use"),) if field != "fileUrl" else ()),
    ):
        answer = await client.request(method, path, json=body, headers=people.owner.headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), path
        assert answer.json()["details"] == [{"path": field, "message": "Adresse invalide"}]


async def test_an_address_is_a_link_and_an_empty_one_is_none(client: httpx.AsyncClient, people: People) -> None:
    for link in GOOD:
        made = await new_resource(client, people.owner, githubUrl=link, externalUrl=f" {link} ", fileUrl=link)
        assert [made[name] for name in ("githubUrl", "externalUrl", "fileUrl")] == [link] * 3
    made = await new_resource(client, people.owner, githubUrl="", externalUrl=" ", fileUrl="")
    assert [made[name] for name in ("githubUrl", "externalUrl", "fileUrl")] == [None] * 3


async def written(client: httpx.AsyncClient, people: People, table: str, row: dict[str, Any]) -> httpx.Response:
    """A row of the owner's, by the gateway: a new one, or their profile."""
    if table == "profiles":
        path = f"/rest/v1/profiles?user_id=eq.{people.owner.id}"
        return await client.patch(path, json=row, headers=people.owner.headers)
    return await client.post(f"/rest/v1/{table}", json=row, headers=people.owner.headers)


@pytest.mark.parametrize(
    ("table", "column"),
    [("resources", "github_url"), ("resources", "external_url"), ("resources", "file_url"),
     ("resource_versions", "github_url"), ("resource_versions", "external_url"), ("resource_versions", "file_url"),
     ("collections", "cover_image_url"), ("profiles", "avatar_url")],
)  # fmt: skip
async def test_the_database_checks_where_rows_lead(
    client: httpx.AsyncClient, people: People, table: str, column: str
) -> None:
    row: dict[str, Any] = {
        "resources": {"title": "T", "description": "D"},
        "collections": {"name": "N"},
        "profiles": {},
        "resource_versions": {"title": "T", "description": "D"},
    }[table]
    if table == "resource_versions":
        row["resource_id"] = (await new_resource(client, people.owner))["id"]
    for link in (link for link in BAD if column != "file_url" or not link.startswith("data:")):
        answer = await written(client, people, table, {**row, column: link})
        assert (answer.status_code, answer.json()["code"]) == (400, "23514"), link
    for link in (*GOOD, "", None):
        answer = await written(client, people, table, {**row, column: link})
        assert answer.status_code in (201, 204), answer.text


async def test_what_a_template_says_of_links_is_checked_when_it_is_used(
    client: httpx.AsyncClient, people: People
) -> None:
    template = await new_template(client, people.owner, templateData={"title": "T", "external_url": BAD[0]})
    answer = await client.post(f"/api/templates/{template['id']}/use", headers=people.owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_a_link_that_is_there_already_may_stay_and_is_kept_as_a_version(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    resource = await new_resource(client, people.owner)
    which = f"where id = '{resource['id']}'"
    await run_sql(urls.admin, f"update library.resources set external_url = 'example.org' {which}")
    row, path = {"title": "Autre", "external_url": "example.org"}, f"/rest/v1/resources?id=eq.{resource['id']}"
    assert (await client.patch(path, json=row, headers=people.owner.headers)).status_code == 204
    kept = await client.post(f"/api/resources/{resource['id']}/versions", headers=people.owner.headers)
    assert (kept.status_code, kept.json()["externalUrl"]) == (201, "example.org")
    row["external_url"] = "example.com"
    assert (await client.patch(path, json=row, headers=people.owner.headers)).status_code == 400
