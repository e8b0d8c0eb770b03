"""`Relais-As`: an administrator is answered as a user would be, and can change nothing then."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.accounts.conftest import NOBODYS, bearer, signed_up, with_group
from tests.accounts.ground import running_with, value
from tests.accounts.tenant_people import token_of
from tests.beyond.people import Member, People, app, cheap, client, new_resource, people, reading_as
from tests.conftest import Settings, Urls, run_sql
from tests.library.conftest import ranked
from tests.library.file_samples import uploaded

__all__ = ["app", "cheap", "client", "people"]

NOTES = "select count(*) from relais.audit_log where action = 'READ_AS' and actor_id = '{}' and target = '{}'"
WRITER = """
    create function library.write_something() returns text language plpgsql volatile as $$
    begin
        update library.profiles set bio = 'written' where user_id = relais.user_id();
        return 'written';
    end $$;
    grant execute on function library.write_something() to authenticated;
"""
HIDDEN_WRITER = """
    create function library.tampered(library.profiles) returns text language plpgsql volatile as $$
    begin
        perform set_config('transaction_read_only', 'off', false);
        update library.profiles set bio = 'tampered' where user_id = relais.user_id();
        return 'written';
    end $$;
    grant execute on function library.tampered(library.profiles) to authenticated;
"""
TURNED = """
    create function library.turned(library.profiles) returns text language plpgsql volatile as $$
    begin
        perform set_config('default_transaction_read_only', 'off', false);
        return 'turned';
    end $$;
    create function library.wrote(library.profiles) returns text language plpgsql volatile as $$
    begin
        update library.profiles set bio = 'tampered' where user_id = relais.user_id();
        return 'written';
    end $$;
    grant execute on function library.turned(library.profiles), library.wrote(library.profiles) to authenticated;
"""


async def notes(urls: Urls, admin: Member, target: str) -> int:
    """How often it was noted that one reads as the other."""
    return await value(urls.admin, NOTES.format(admin.id, target))


def must_be_refused(answer: httpx.Response, status: int, code: str) -> None:
    """By this code, and not in the other one's name."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert "Relais-As" not in answer.headers


@pytest.mark.parametrize("path", ["/rest/v1/saved_resources?select=resource_id", "/rest/v1/resources?select=id"])
async def test_an_administrator_is_answered_byte_for_byte_what_the_user_is(
    client: httpx.AsyncClient, people: People, path: str
) -> None:
    private = await new_resource(client, people.owner, visibility="private")
    await client.post("/rest/v1/saved_resources", json={"resource_id": private["id"]}, headers=people.owner.headers)
    theirs = await client.get(path, headers=people.owner.headers)
    seen = await client.get(path, headers=reading_as(people.admin, people.owner.id))

    assert (seen.status_code, seen.content) == (200, theirs.content)
    assert private["id"] in seen.text
    assert seen.headers["Relais-As"] == people.owner.id
    assert "no-store" in seen.headers["Cache-Control"]
    assert "ETag" not in seen.headers


async def test_an_administrator_sees_less_as_somebody_who_may_see_less(
    client: httpx.AsyncClient, people: People
) -> None:
    private = await new_resource(client, people.owner, visibility="private")
    path = f"/rest/v1/resources?select=id&id=eq.{private['id']}"

    assert (await client.get(path, headers=people.admin.headers)).json() != []
    assert (await client.get(path, headers=reading_as(people.admin, people.other.id))).json() == []


async def test_explicit_routes_answer_as_to_the_user(client: httpx.AsyncClient, people: People) -> None:
    private = await new_resource(client, people.owner, visibility="private")
    path = f"/api/resources/{private['id']}"
    seen = await client.get(path, headers=reading_as(people.admin, people.owner.id))
    other = await client.get(path, headers=reading_as(people.admin, people.other.id))

    assert (seen.status_code, seen.json()) == (200, (await client.get(path, headers=people.owner.headers)).json())
    assert seen.headers["Relais-As"] == people.owner.id
    assert "no-store" in seen.headers["Cache-Control"]
    assert other.status_code == 404


@pytest.mark.parametrize("path", ["/rest/v1/resources?limit=1", "/api/resources"])
async def test_each_time_is_noted(client: httpx.AsyncClient, people: People, urls: Urls, path: str) -> None:
    headers = reading_as(people.super_admin, people.owner.id)
    for method in ("GET", "HEAD") if path.startswith("/rest") else ("GET", "GET"):
        assert (await client.request(method, path, headers=headers)).status_code == 200

    assert await notes(urls, people.super_admin, people.owner.id) == 2
    details = await value(
        urls.admin, "select details::text from relais.audit_log where action = 'READ_AS' order by id desc limit 1"
    )
    assert path.partition("?")[0] in details
    assert "limit" not in details


@pytest.mark.parametrize("path", ["/rest/v1/resources?limit=1", "/api/resources"])
@pytest.mark.parametrize("rank", ["owner", "moderator"])
async def test_nobody_else_may(client: httpx.AsyncClient, people: People, urls: Urls, path: str, rank: str) -> None:
    asker: Member = getattr(people, rank)
    for wanted in (people.other.id, NOBODYS, "no id"):
        must_be_refused(await client.get(path, headers=reading_as(asker, wanted)), 403, "RELAIS_AS_REFUSED")

    assert await notes(urls, asker, people.other.id) == 0


@pytest.mark.parametrize("path", ["/rest/v1/resources?limit=1", "/api/resources"])
async def test_somebody_who_has_not_signed_in_may_not(client: httpx.AsyncClient, people: People, path: str) -> None:
    must_be_refused(await client.get(path, headers={"Relais-As": people.other.id}), 403, "RELAIS_AS_REFUSED")


@pytest.mark.parametrize("path", ["/rest/v1/resources?limit=1", "/api/resources"])
async def test_who_is_not_there_and_what_is_no_id(client: httpx.AsyncClient, people: People, path: str) -> None:
    must_be_refused(await client.get(path, headers=reading_as(people.admin, NOBODYS)), 404, "RELAIS_AS_UNKNOWN")
    for wanted in ("no id", "", f"{people.owner.id}'", "'; drop table relais.users; --"):
        must_be_refused(await client.get(path, headers=reading_as(people.admin, wanted)), 400, "RELAIS_AS_INVALID")


async def test_nobody_reads_as_somebody_who_stands_higher(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    path = "/rest/v1/user_roles?select=user_id"
    higher = await client.get(path, headers=reading_as(people.admin, people.super_admin.id))
    must_be_refused(higher, 403, "RELAIS_AS_REFUSED")
    # The owner of the tenant has a rank no higher than anybody else's here, and stands higher all the same.
    chief = await signed_up(client)
    await run_sql(urls.admin, f"update relais.memberships set role = 'owner' where user_id = '{chief.id}'")
    await ranked(urls, chief, "user")
    must_be_refused(await client.get(path, headers=reading_as(people.admin, chief.id)), 403, "RELAIS_AS_REFUSED")

    assert (await client.get(path, headers=reading_as(people.super_admin, people.admin.id))).status_code == 200


async def test_users_of_other_tenants_are_not_there(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    stranger = await signed_up(client)
    await run_sql(
        urls.admin,
        "insert into relais.tenants (slug, name) values ('elsewhere', 'Elsewhere')",
        f"delete from relais.memberships where user_id = '{stranger.id}'",
        "insert into relais.memberships (tenant_id, user_id)"
        f" select id, '{stranger.id}' from relais.tenants where slug = 'elsewhere'",
    )
    answer = await client.get("/rest/v1/resources?limit=1", headers=reading_as(people.super_admin, stranger.id))
    must_be_refused(answer, 404, "RELAIS_AS_UNKNOWN")


async def test_disabled_users_are_not_read_as(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    await run_sql(urls.admin, f"update relais.users set disabled_at = now() where id = '{people.other.id}'")
    answer = await client.get("/rest/v1/resources?limit=1", headers=reading_as(people.admin, people.other.id))
    must_be_refused(answer, 404, "RELAIS_AS_UNKNOWN")


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_writes_are_refused(client: httpx.AsyncClient, people: People, urls: Urls, method: str) -> None:
    resource = await new_resource(client, people.owner)
    headers = reading_as(people.admin, people.owner.id)
    body: dict[str, Any] = {} if method == "DELETE" else {"json": {"title": "Autre"}}
    for path in (f"/rest/v1/resources?id=eq.{resource['id']}", "/api/resources"):
        if path.startswith("/api") and method != "POST":
            path += f"/{resource['id']}"
        answer = await client.request(method, path, headers=headers, **body)
        if answer.status_code != 405:
            must_be_refused(answer, 403, "RELAIS_AS_READS_ONLY")

    title = await value(urls.admin, "select title from library.resources where id = $1::text::uuid", resource["id"])
    assert title == resource["title"]


async def test_functions_that_write_are_stopped_by_the_transaction(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    await run_sql(urls.admin, WRITER, HIDDEN_WRITER, "notify relais_catalog")
    headers, me = reading_as(people.admin, people.owner.id), f"user_id=eq.{people.owner.id}"
    async with asyncio.timeout(60):
        while (called := await client.get("/rest/v1/rpc/write_something", headers=headers)).status_code == 404:
            await asyncio.sleep(0.1)
    hidden = await client.get(f"/rest/v1/profiles?select=tampered&{me}", headers=headers)

    assert called.json()["code"] == "25006", called.text
    assert hidden.is_error, hidden.text
    bio = await value(urls.admin, "select bio from library.profiles where user_id = $1::text::uuid", people.owner.id)
    assert bio not in ("written", "tampered")
    # The connection is as it was for whoever has it next.
    own = await client.patch(f"/rest/v1/profiles?{me}", json={"bio": "mine"}, headers=people.owner.headers)
    assert own.status_code == 204, own.text


async def test_what_a_function_sets_for_later_lets_nobody_write(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    await run_sql(urls.admin, TURNED, "notify relais_catalog")
    headers, me = reading_as(people.admin, people.owner.id), f"user_id=eq.{people.owner.id}"
    async with asyncio.timeout(60):
        while (await client.get(f"/rest/v1/profiles?select=turned&{me}", headers=headers)).status_code != 200:
            await asyncio.sleep(0.1)
    tampered = await client.get(f"/rest/v1/profiles?select=wrote&{me}", headers=headers)

    assert (tampered.status_code, tampered.json()["code"]) == (405, "25006"), tampered.text
    bio = await value(urls.admin, "select bio from library.profiles where user_id = $1::text::uuid", people.owner.id)
    assert bio != "tampered"


async def test_accounts_are_not_lent(client: httpx.AsyncClient, people: People) -> None:
    of_accounts = ("/api/auth/session", "/api/auth/sessions", "/api/tenants")
    linked = ("/api/google-drive/user", "/api/google-drive/folders", "/api/github/user", "/api/github/repositories")
    for path in (*of_accounts, *linked):
        answer = await client.get(path, headers=reading_as(people.super_admin, people.owner.id))
        must_be_refused(answer, 403, "RELAIS_AS_REFUSED")


async def test_what_outlasts_the_request_is_not_lent(client: httpx.AsyncClient, people: People) -> None:
    path = f"/api/files/{(await uploaded(client, people.owner))['fileName']}"
    reading = reading_as(people.super_admin, people.owner.id)
    assert (await client.get(f"{path}/info", headers=reading)).status_code == 200
    must_be_refused(await client.get(f"{path}/signed", headers=reading), 403, "RELAIS_AS_REFUSED")


async def test_api_tokens_need_the_scope(client: httpx.AsyncClient, people: People, app: FastAPI, urls: Urls) -> None:
    tenant = await value(urls.admin, "select id::text from relais.tenants where is_default")
    path = "/rest/v1/resources?limit=1"
    for scopes, status in ((("read", "write"), 403), (("read", "admin"), 200)):
        token = await token_of(app, tenant, people.admin.id, scopes)
        answer = await client.get(path, headers={**bearer(token), "Relais-As": people.owner.id})
        assert answer.status_code == status, answer.text


async def test_where_administration_takes_a_second_factor_so_does_this(
    cheap: Settings, client: httpx.AsyncClient, people: People
) -> None:
    async with running_with(with_group(cheap, "auth", second_factor_for_admins=True)) as careful:
        told = await careful.post(
            "/api/auth/signin", json={"email": people.admin.email, "password": people.admin.password}
        )
        asker = replace(people.admin, access_token=told.json()["access_token"])
        answer = await careful.get("/rest/v1/resources?limit=1", headers=reading_as(asker, people.owner.id))
    must_be_refused(answer, 403, "RELAIS_AS_REFUSED")


async def test_a_session_that_ended_lends_nobody(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    assert (await client.post("/api/auth/signout", headers=people.admin.headers)).is_success
    for path in ("/rest/v1/resources?limit=1", "/api/resources"):
        must_be_refused(await client.get(path, headers=reading_as(people.admin, people.owner.id)), 401, "SESSION_ENDED")
    assert await notes(urls, people.admin, people.owner.id) == 0


async def test_whoever_is_an_administrator_no_more_is_refused_at_once(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    headers = reading_as(people.admin, people.owner.id)
    assert (await client.get("/rest/v1/resources?limit=1", headers=headers)).status_code == 200
    await ranked(urls, people.admin, "user")
    must_be_refused(await client.get("/rest/v1/resources?limit=1", headers=headers), 403, "RELAIS_AS_REFUSED")


async def test_kept_answers_do_not_mix(client: httpx.AsyncClient, people: People) -> None:
    """Many at once, as oneself and as others: each is answered what is theirs, whatever was kept for whom."""
    private = await new_resource(client, people.owner, visibility="private")
    path = f"/rest/v1/resources?select=id&id=eq.{private['id']}"
    asked = {
        "owner": (people.owner.headers, True),
        "admin": (people.admin.headers, True),
        "other": (people.other.headers, False),
        "as owner": (reading_as(people.admin, people.owner.id), True),
        "as other": (reading_as(people.admin, people.other.id), False),
    }
    for _ in range(3):
        answers = await asyncio.gather(
            *(client.get(path, headers=headers) for headers, _ in asked.values() for _ in range(8))
        )
        expected = [sees for _, sees in asked.values() for _ in range(8)]
        assert [bool(answer.json()) for answer in answers] == expected


async def test_requests_count_for_the_administrator(cheap: Settings, people: People) -> None:
    limits = cheap.limits.model_copy(update={"reads": "3/60"})
    async with running_with(cheap.model_copy(update={"limits": limits})) as slow:
        headers = reading_as(people.admin, people.owner.id)
        statuses = [(await slow.get("/rest/v1/resources?limit=1", headers=headers)).status_code for _ in range(4)]
        own = await slow.get("/rest/v1/resources?limit=1", headers=people.owner.headers)
    assert statuses == [200, 200, 200, 429]
    assert own.status_code == 200
