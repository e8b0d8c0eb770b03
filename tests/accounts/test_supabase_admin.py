"""`/auth/v1/admin`: what the service key may do, what a tenant's administrators may, and what nobody else may."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, some_email, with_group
from tests.accounts.outbox import letters
from tests.accounts.supabase_client import (
    AUTH,
    NOBODY,
    is_good,
    must_refuse,
    service_key,
    signed,
    signed_in,
    some_password,
    with_password,
)
from tests.accounts.tenant_people import Team, added, founded, put_in, token_of
from tests.conftest import Urls, client_of, run_sql, started

USERS = f"{AUTH}/admin/users"


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    async with started(create_app(with_group(cheap, "auth", tenant_creation=True))) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def team(client: httpx.AsyncClient) -> Team:
    return await founded(client)


@pytest.fixture
async def owner(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


async def made(client: httpx.AsyncClient, headers: dict[str, str], **fields: Any) -> dict[str, Any]:
    """A user whom an administrator made."""
    answer = await client.post(USERS, json={"email": some_email(), **fields}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


EVERYTHING = [
    ("POST", USERS),
    ("GET", USERS),
    ("GET", f"{USERS}/{NOBODY}"),
    ("PUT", f"{USERS}/{NOBODY}"),
    ("DELETE", f"{USERS}/{NOBODY}"),
    ("POST", f"{USERS}/{NOBODY}/logout"),
]


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
async def test_nobody_else_administers(
    client: httpx.AsyncClient, app: FastAPI, team: Team, member: Member, method: str, path: str
) -> None:
    async def asked(headers: dict[str, str]) -> httpx.Response:
        return await client.request(method, path, json={"email": some_email()}, headers=headers)

    must_refuse(await asked({}), 401, "no_authorization")
    must_refuse(await asked({"apikey": "nonsense"}), 401, "no_authorization")
    must_refuse(await asked(bearer(app.state.accounts.keys.sign({"role": "anon"}))), 401, "no_authorization")
    must_refuse(await asked(member.headers), 403, "not_admin")
    plain = await added(app, client, team)
    must_refuse(await asked(plain.headers), 403, "not_admin")
    # A token of an owner's that does not reach so far.
    token = await token_of(app, team.id, team.owner.id)
    must_refuse(await asked(bearer(token)), 403, "not_admin")
    # Claims of the user's own choosing make nobody the service.
    claims = {"role": "authenticated", "sub": member.id, "app_metadata": {"role": "service_role"}}
    must_refuse(await asked(bearer(app.state.accounts.keys.sign(claims))), 403, "not_admin")


@pytest.mark.parametrize("role", ["service", "service_role"])
async def test_the_service_makes_users_who_can_sign_in(client: httpx.AsyncClient, app: FastAPI, role: str) -> None:
    headers = service_key(app, role=role)
    told = {"user_metadata": {"full_name": "Léa"}, "app_metadata": {"plan": "pro"}}
    user = await made(client, headers, password=PASSWORD, email_confirm=True, **told)
    assert user["email_confirmed_at"] is not None
    assert user["user_metadata"] == {"full_name": "Léa"}
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"], "plan": "pro"}
    assert (await with_password(client, user["email"])).status_code == 200
    assert await letters(app, user["email"]) == []
    body = {"email": user["email"].upper(), "password": PASSWORD}
    must_refuse(await client.post(USERS, json=body, headers=headers), 422, "email_exists")
    must_refuse(await client.post(USERS, json={}, headers=headers), 400, "validation_failed")
    must_refuse(
        await client.post(USERS, json={"email": some_email(), "password": "faible"}, headers=headers),
        422,
        "weak_password",
    )


async def test_the_key_may_come_as_the_clients_key(client: httpx.AsyncClient, app: FastAPI) -> None:
    key = service_key(app)["Authorization"].removeprefix("Bearer ")
    assert (await client.get(USERS, headers={"apikey": key})).status_code == 200


async def test_users_are_made_even_where_signing_up_is_closed(cheap: Settings) -> None:
    async with (
        started(create_app(with_group(cheap, "auth", sign_up=False))) as app,
        client_of(app) as client,
    ):
        await made(client, service_key(app), password=PASSWORD)


async def test_a_user_without_a_password_gets_in_by_a_link_alone(client: httpx.AsyncClient, app: FastAPI) -> None:
    user = await made(client, service_key(app))
    assert user["identities"] == []
    must_refuse(await with_password(client, user["email"]), 400, "invalid_credentials")
    await client.post(f"{AUTH}/recover", json={"email": user["email"]})
    (letter,) = await letters(app, user["email"], "claim_account")
    body = {"type": "recovery", "token_hash": letter.token}
    session = (await client.post(f"{AUTH}/verify", json=body)).json()
    new = some_password()
    answer = await client.put(f"{AUTH}/user", json={"password": new}, headers=bearer(session["access_token"]))
    assert answer.status_code == 200, answer.text
    assert (await with_password(client, user["email"], new)).status_code == 200


async def test_users_come_by_page(client: httpx.AsyncClient, app: FastAPI, team: Team) -> None:
    headers = service_key(app, tenant_id=team.id)
    ids = [(await made(client, headers))["id"] for _ in range(4)]
    seen: list[str] = []
    for page in (1, 2, 3):
        answer = await client.get(USERS, params={"page": page, "per_page": 2}, headers=headers)
        assert answer.headers["x-total-count"] == "5"
        assert 'page=3&per_page=2>; rel="last"' in answer.headers["link"]
        assert ('rel="next"' in answer.headers["link"]) == (page < 3)
        seen += [user["id"] for user in answer.json()["users"]]
    assert seen == [*reversed(ids), team.owner.id]
    everybody = await client.get(USERS, params={"page": "", "per_page": ""}, headers=service_key(app))
    assert int(everybody.headers["x-total-count"]) > 5
    assert everybody.json()["aud"] == "authenticated"


@pytest.mark.parametrize(
    "query", [{"page": "0"}, {"page": "-1"}, {"page": "x"}, {"per_page": "1001"}, {"page": "9" * 10}]
)
async def test_pages_that_are_none_are_refused(client: httpx.AsyncClient, app: FastAPI, query: dict[str, str]) -> None:
    must_refuse(await client.get(USERS, params=query, headers=service_key(app)), 400, "validation_failed")


async def test_the_service_changes_what_opens_an_account(client: httpx.AsyncClient, app: FastAPI) -> None:
    someone, headers = await signed(client, data={"plan": 1, "theme": "clair"}), service_key(app)
    new, email = some_password(), some_email("autre")
    body = {
        "password": new,
        "email": email,
        "email_confirm": True,
        "user_metadata": {"plan": None, "seats": 2},
        "app_metadata": {"level": 9},
    }
    answer = await client.put(f"{USERS}/{someone.id}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    user = answer.json()
    assert (user["email"], user["user_metadata"]) == (email, {"theme": "clair", "seats": 2})
    assert user["email_confirmed_at"] is not None
    assert user["app_metadata"]["level"] == 9
    assert not await is_good(client, someone)
    assert (await with_password(client, email, new)).status_code == 200
    assert [letter.template for letter in await letters(app, someone.email)] == ["verify_email", "email_changed"]


async def test_a_change_that_fails_changes_nothing(client: httpx.AsyncClient, app: FastAPI) -> None:
    someone, other, headers = await signed(client), await signed(client), service_key(app)
    body = {"password": some_password(), "user_metadata": {"a": 1}, "email": other.email}
    must_refuse(await client.put(f"{USERS}/{someone.id}", json=body, headers=headers), 422, "email_exists")
    path = f"{USERS}/{someone.id}"
    assert (await client.put(path, json={"app_metadata": {"a": "x" * 9000}}, headers=headers)).status_code == 200
    body = {"password": some_password(), "app_metadata": {"b": "x" * 9000}}
    must_refuse(await client.put(path, json=body, headers=headers), 400, "validation_failed")
    assert await is_good(client, someone)
    assert (await with_password(client, someone.email)).status_code == 200
    must_refuse(
        await client.put(f"{USERS}/{NOBODY}", json={"password": some_password()}, headers=headers),
        404,
        "user_not_found",
    )


async def test_a_suspension_takes_effect_at_once_and_is_taken_back(client: httpx.AsyncClient, app: FastAPI) -> None:
    someone, headers = await signed(client), service_key(app)
    path = f"{USERS}/{someone.id}"
    must_refuse(await client.put(path, json={"ban_duration": "24h"}, headers=headers), 400, "validation_failed")
    must_refuse(await client.put(path, json={"ban_duration": "soon"}, headers=headers), 400, "validation_failed")
    answer = await client.put(path, json={"ban_duration": "876000h"}, headers=headers)
    assert answer.json()["banned_until"] > "2100"
    assert not await is_good(client, someone)
    must_refuse(await with_password(client, someone.email), 400, "invalid_credentials")
    answer = await client.put(path, json={"ban_duration": "none"}, headers=headers)
    assert "banned_until" not in answer.json()
    assert (await with_password(client, someone.email)).status_code == 200


async def test_removing_a_user_ends_all_that_they_have(client: httpx.AsyncClient, app: FastAPI) -> None:
    someone, headers = await signed(client), service_key(app)
    answer = await client.delete(f"{USERS}/{someone.id}", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {})
    assert not await is_good(client, someone)
    must_refuse(await client.get(f"{USERS}/{someone.id}", headers=headers), 404, "user_not_found")
    must_refuse(await client.delete(f"{USERS}/{someone.id}", headers=headers), 404, "user_not_found")
    await signed(client, someone.email)


async def test_a_user_removed_softly_is_suspended(client: httpx.AsyncClient, app: FastAPI) -> None:
    someone, headers = await signed(client), service_key(app)
    answer = await client.request("DELETE", f"{USERS}/{someone.id}", json={"should_soft_delete": True}, headers=headers)
    assert answer.status_code == 200
    assert not await is_good(client, someone)
    assert (await client.get(f"{USERS}/{someone.id}", headers=headers)).json()["banned_until"]


async def test_a_tenant_keeps_an_owner(client: httpx.AsyncClient, app: FastAPI, team: Team) -> None:
    await added(app, client, team)
    must_refuse(await client.delete(f"{USERS}/{team.owner.id}", headers=service_key(app)), 409, "last_owner")
    assert await is_in(client, team.owner.access_token)


async def test_the_service_signs_somebody_out(client: httpx.AsyncClient, app: FastAPI) -> None:
    someone = await signed(client)
    second = await signed_in(client, someone.email)
    answer = await client.post(f"{USERS}/{someone.id}/logout", headers=service_key(app))
    assert answer.status_code == 204
    assert [await is_good(client, one) for one in (someone, second)] == [False, False]


async def test_a_key_of_a_tenant_sees_no_other(client: httpx.AsyncClient, app: FastAPI, team: Team) -> None:
    stranger, headers = await signed(client), service_key(app, tenant_id=team.id)
    users = (await client.get(USERS, headers=headers)).json()["users"]
    assert [user["id"] for user in users] == [team.owner.id]
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"password": some_password()}),
        ("DELETE", "", None),
        ("POST", "/logout", None),
    ):
        answer = await client.request(method, f"{USERS}/{stranger.id}{path}", json=body, headers=headers)
        must_refuse(answer, 404, "user_not_found")
    assert await is_good(client, stranger)


async def test_administrators_see_and_make_members_of_their_tenant(
    client: httpx.AsyncClient, app: FastAPI, team: Team
) -> None:
    administrator = await added(app, client, team, "admin")
    stranger = await signed(client)
    user = await made(client, administrator.headers, password=PASSWORD)
    # Whose address it is has not been shown: only the service may say so.
    assert user["email_confirmed_at"] is None
    users = (await client.get(USERS, headers=administrator.headers)).json()["users"]
    assert {one["id"] for one in users} == {user["id"], administrator.id, team.owner.id}
    must_refuse(await client.get(f"{USERS}/{stranger.id}", headers=administrator.headers), 404, "user_not_found")
    session = (await with_password(client, user["email"])).json()
    (tenant,) = (await client.get("/api/tenants", headers=bearer(session["access_token"]))).json()
    assert (tenant["id"], tenant["role"]) == (team.id, "member")


@pytest.mark.parametrize(
    "body",
    [
        {"password": "Tout-Neuf-77!"},
        {"email": "autre@example.org"},
        {"email_confirm": True},
        {"ban_duration": "876000h"},
        {"ban_duration": "none"},
        {"app_metadata": {"role": "admin"}},
    ],
)
async def test_what_opens_an_account_is_not_for_a_tenant_to_change(
    client: httpx.AsyncClient, app: FastAPI, team: Team, body: dict[str, Any]
) -> None:
    plain = await added(app, client, team)
    answer = await client.put(f"{USERS}/{plain.id}", json=body, headers=team.owner.headers)
    must_refuse(answer, 403, "not_admin")
    assert await is_in(client, plain.access_token)
    if "password" not in body and "email" not in body:
        made_so = {"email": some_email(), "password": PASSWORD, **body}
        must_refuse(await client.post(USERS, json=made_so, headers=team.owner.headers), 403, "not_admin")


async def test_an_administrator_touches_nobody_above(client: httpx.AsyncClient, app: FastAPI, team: Team) -> None:
    administrator = await added(app, client, team, "admin")
    path = f"{USERS}/{team.owner.id}"
    body = {"user_metadata": {"full_name": "Autre"}}
    must_refuse(await client.put(path, json=body, headers=administrator.headers), 403, "not_admin")
    must_refuse(await client.delete(path, headers=administrator.headers), 403, "not_admin")
    must_refuse(await client.post(f"{path}/logout", headers=administrator.headers), 403, "not_admin")
    assert await is_in(client, team.owner.access_token)


async def test_an_administrator_takes_members_out_of_the_tenant_and_no_account_away(
    client: httpx.AsyncClient, app: FastAPI, team: Team
) -> None:
    plain = await added(app, client, team)
    elsewhere = await signed_in(client, plain.email)
    answer = await client.delete(f"{USERS}/{plain.id}", headers=team.owner.headers)
    assert answer.status_code == 200, answer.text
    assert not await is_in(client, plain.access_token)
    must_refuse(await client.get(f"{USERS}/{plain.id}", headers=team.owner.headers), 404, "user_not_found")
    assert await is_good(client, elsewhere)


async def test_an_administrator_signs_out_of_their_tenant_and_of_no_other(
    client: httpx.AsyncClient, app: FastAPI, team: Team
) -> None:
    someone = await signed(client)
    await put_in(app, team.id, someone.id)
    answer = await client.post("/api/tenants/switch", json={"slug": team.slug}, headers=someone.headers)
    here, elsewhere = answer.json()["access_token"], await signed_in(client, someone.email)
    assert (await client.post(f"{USERS}/{someone.id}/logout", headers=team.owner.headers)).status_code == 204
    assert [await is_in(client, here), await is_good(client, elsewhere)] == [False, True]


async def test_what_administrators_do_is_written_down(
    client: httpx.AsyncClient, app: FastAPI, team: Team, owner: asyncpg.Connection
) -> None:
    user = await made(client, team.owner.headers)
    body = {"user_metadata": {"a": 1}}
    await client.put(f"{USERS}/{user['id']}", json=body, headers=team.owner.headers)
    await client.delete(f"{USERS}/{user['id']}", headers=service_key(app))
    rows = await owner.fetch(
        "select action, actor_id::text from relais.audit_log where target = $1 order by id", user["id"]
    )
    assert [tuple(row) for row in rows] == [
        ("USER_CREATED", team.owner.id),
        ("USER_CHANGED", team.owner.id),
        ("USER_DELETED", None),
    ]


async def test_what_members_of_other_tenants_say_of_themselves_is_theirs(
    client: httpx.AsyncClient, app: FastAPI, team: Team
) -> None:
    ours, shared = await made(client, team.owner.headers), await signed(client)
    await put_in(app, team.id, shared.id)
    body = {"user_metadata": {"full_name": "Autre"}}
    answer = await client.put(f"{USERS}/{ours['id']}", json=body, headers=team.owner.headers)
    assert answer.json()["user_metadata"] == {"full_name": "Autre"}
    answer = await client.put(f"{USERS}/{shared.id}", json=body, headers=team.owner.headers)
    must_refuse(answer, 403, "not_admin")


async def test_who_is_suspended_can_be_given_another_password(client: httpx.AsyncClient, app: FastAPI) -> None:
    someone, headers, new = await signed(client), service_key(app), some_password()
    path = f"{USERS}/{someone.id}"
    await client.put(path, json={"ban_duration": "876000h", "password": new}, headers=headers)
    must_refuse(await with_password(client, someone.email, new), 400, "invalid_credentials")
    await client.put(path, json={"ban_duration": "none"}, headers=headers)
    assert (await with_password(client, someone.email, new)).status_code == 200


@pytest.mark.parametrize("identifier", ["nonsense", "0", "' or true --", "%00", "🦊"])
async def test_what_is_no_identifier_is_refused(client: httpx.AsyncClient, app: FastAPI, identifier: str) -> None:
    answer = await client.get(f"{USERS}/{identifier}", headers=service_key(app))
    assert answer.status_code in (400, 404)


@pytest.mark.parametrize("value", ["\0", "\ud800", ["x"], {"a": {"b": "\ud800"}}, "x" * 70_000, 7])
async def test_hostile_values_are_refused(client: httpx.AsyncClient, app: FastAPI, value: Any) -> None:
    someone, headers = await signed(client), {**service_key(app), "content-type": "application/json"}
    for field in ("email", "password", "user_metadata", "app_metadata", "ban_duration", "email_confirm", "phone"):
        for method, path in (("POST", USERS), ("PUT", f"{USERS}/{someone.id}")):
            content = json.dumps({"email": some_email(), field: value})
            answer = await client.request(method, path, content=content, headers=headers)
            assert answer.status_code < 500, (method, field, answer.text)


async def test_an_owner_who_is_disabled_is_no_other_owner(
    client: httpx.AsyncClient, app: FastAPI, team: Team, urls: Urls
) -> None:
    other = await added(app, client, team)
    await run_sql(
        urls.admin,
        f"update relais.memberships set role = 'owner' where user_id = '{other.id}'",
        f"update relais.users set disabled_at = now() where id = '{other.id}'",
    )
    must_refuse(await client.delete(f"{USERS}/{team.owner.id}", headers=service_key(app)), 409, "last_owner")
