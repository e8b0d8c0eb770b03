"""`/api/permissions`: the matrix, its record, and what somebody may do."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, bearer, cheap, signed_up
from tests.accounts.ground import must_refuse
from tests.conftest import Urls, client_of, started

assert cheap  # the fixture
PERMISSIONS = "/api/permissions"
NOWHERE = "00000000-0000-7000-8000-000000000000"
RANKS = ["super_admin", "admin", "moderator", "user", "guest"]
#: Of a fresh tenant.
COUNTS = {"super_admin": 28, "admin": 25, "moderator": 23, "user": 18, "guest": 3}
NO_RANK = ("INSUFFICIENT_ROLE", "Accès refusé - Rôle insuffisant")
Client = httpx.AsyncClient


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """The API, with its lifespan begun."""
    async with started(create_app(cheap)) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[Client]:
    """A client of the API."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def owner(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The owner of the database."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


async def rise(owner: asyncpg.Connection, user_id: str, role: str) -> None:
    """Give somebody a rank."""
    statement = "update library.user_roles set role = $2::text::library.app_role, expires_at = null where user_id = $1"
    await owner.execute(statement, user_id, role)


async def ranked(client: Client, owner: asyncpg.Connection, role: str) -> Member:
    """A new member of this rank."""
    member = await signed_up(client)
    await rise(owner, member.id, role)
    return member


@pytest.fixture
async def chief(client: Client, owner: asyncpg.Connection) -> Member:
    """Who may change the matrix."""
    return await ranked(client, owner, "super_admin")


@pytest.fixture
async def admin(client: Client, owner: asyncpg.Connection) -> Member:
    """Who may see it."""
    return await ranked(client, owner, "admin")


@pytest.fixture
async def member(client: Client) -> Member:
    """Who may see what is about themselves."""
    return await signed_up(client)


async def made(client: Client, chief: Member, **fields: Any) -> dict[str, Any]:
    """A new permission."""
    word = f"z{secrets.token_hex(6)}"
    body = {"name": f"{word}:read", "resource": word, "action": "read", **fields}
    answer = await client.post(PERMISSIONS, json=body, headers=chief.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def assigned(client: Client, chief: Member, role: str, permission_id: str) -> dict[str, Any]:
    """A permission given to a rank."""
    body = {"role": role, "permissionId": permission_id}
    answer = await client.post(f"{PERMISSIONS}/assign", json=body, headers=chief.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def may(client: Client, member: Member, permission: dict[str, Any]) -> bool:
    """Whether somebody is told that they may."""
    params = {"resource": permission["resource"], "action": permission["action"]}
    answer = await client.get(f"{PERMISSIONS}/check", params=params, headers=member.headers)
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    assert {"resource": told["resource"], "action": told["action"]} == params
    return told["hasPermission"]


async def allowed(client: Client, member: Member, user_id: str) -> dict[str, Any]:
    """What somebody is told of a user."""
    answer = await client.get(f"{PERMISSIONS}/user/{user_id}", headers=member.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


# Reading the matrix.


async def test_the_matrix_is_the_one_that_a_tenant_begins_with(client: Client, admin: Member) -> None:
    answer = await client.get(PERMISSIONS, headers=admin.headers)
    assert answer.status_code == 200
    data = [item for item in answer.json()["data"] if not item["resource"].startswith("z")]
    assert len(data) == 28
    assert [(item["resource"], item["action"]) for item in data] == sorted(
        (item["resource"], item["action"]) for item in data
    )
    assert all(item["name"] == f"{item['resource']}:{item['action']}" for item in data)
    (read,) = (item for item in data if item["name"] == "resource:read")
    assert set(read) == {"id", "name", "resource", "action", "description", "roles"}
    assert [item["role"] for item in read["roles"]] == RANKS
    assert all(set(item) == {"role", "rolePermissionId"} for item in read["roles"])
    (manage,) = (item for item in data if item["name"] == "admin:manage_roles")
    assert [item["role"] for item in manage["roles"]] == ["super_admin"]


async def test_the_ranks_come_with_their_permissions_the_highest_first(client: Client, admin: Member) -> None:
    data = (await client.get(f"{PERMISSIONS}/roles", headers=admin.headers)).json()["data"]
    assert [item["role"] for item in data] == RANKS
    for item in data:
        seeded = [one for one in item["permissions"] if not one["resource"].startswith("z")]
        assert len(seeded) == COUNTS[item["role"]], item["role"]
        assert all(set(one) == {"id", "name", "resource", "action", "rolePermissionId"} for one in seeded)


async def test_one_permission_is_found_by_its_id(client: Client, chief: Member, admin: Member) -> None:
    permission = await made(client, chief, description="Pour voir")
    given = await assigned(client, chief, "guest", permission["id"])
    answer = await client.get(f"{PERMISSIONS}/{permission['id']}", headers=admin.headers)
    assert answer.json()["data"] == {
        **{key: permission[key] for key in ("id", "name", "resource", "action")},
        "description": "Pour voir",
        "roles": [{"role": "guest", "rolePermissionId": given["id"]}],
    }


@pytest.mark.parametrize("permission_id", [NOWHERE, "nonsense", "%00", "saved", "x" * 3000])
async def test_an_unknown_permission_is_not_there(client: Client, admin: Member, permission_id: str) -> None:
    answer = await client.get(f"{PERMISSIONS}/{permission_id}", headers=admin.headers)
    must_refuse(answer, 404, "PERMISSION_NOT_FOUND", "Permission non trouvée")


# Changing it.


async def test_a_new_permission_is_nobodys(client: Client, chief: Member) -> None:
    permission = await made(client, chief, description="Pour voir")
    assert set(permission) == {"id", "name", "resource", "action", "description", "createdAt", "updatedAt"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", permission["createdAt"])
    assert not await may(client, chief, permission)


async def test_a_name_is_given_once_even_at_once(client: Client, chief: Member) -> None:
    word = f"z{secrets.token_hex(6)}"
    body = {"name": f"{word}:a", "resource": word, "action": "a"}
    tries = (client.post(PERMISSIONS, json=body, headers=chief.headers) for _ in range(4))
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    must_refuse(refused, 409, "PERMISSION_EXISTS", "Cette permission existe déjà")


@pytest.mark.parametrize("field", ["permissionId", "permission_id"])
async def test_what_is_given_to_a_rank_is_had_at_once_and_taken_at_once(
    client: Client, chief: Member, member: Member, field: str
) -> None:
    permission = await made(client, chief)
    assert not await may(client, member, permission)
    body = {"role": "user", field: permission["id"]}
    answer = await client.post(f"{PERMISSIONS}/assign", json=body, headers=chief.headers)
    assert answer.status_code == 201
    given = answer.json()["data"]
    assert (given["role"], given["permissionId"]) == ("user", permission["id"])
    assert given["permission"] == permission
    assert set(given) == {"id", "role", "permissionId", "createdAt", "permission"}
    assert await may(client, member, permission)
    assert f"{permission['resource']}:read" in (await allowed(client, member, member.id))["permissions"]
    # Ranks do not inherit.
    assert not await may(client, chief, permission)

    answer = await client.post(f"{PERMISSIONS}/assign", json=body, headers=chief.headers)
    must_refuse(answer, 409, "PERMISSION_ALREADY_ASSIGNED", "Cette permission est déjà assignée à ce rôle")

    answer = await client.delete(f"{PERMISSIONS}/assign/{given['id']}", headers=chief.headers)
    assert (answer.status_code, list(answer.json())) == (200, ["message"])
    assert not await may(client, member, permission)
    answer = await client.delete(f"{PERMISSIONS}/assign/{given['id']}", headers=chief.headers)
    must_refuse(answer, 404, "ASSIGNMENT_NOT_FOUND", "Association permission-rôle non trouvée")


async def test_a_permission_is_given_to_a_rank_once_even_at_once(client: Client, chief: Member) -> None:
    permission = await made(client, chief)
    body = {"role": "guest", "permissionId": permission["id"]}
    tries = (client.post(f"{PERMISSIONS}/assign", json=body, headers=chief.headers) for _ in range(4))
    assert sorted(answer.status_code for answer in await asyncio.gather(*tries)) == [201, 409, 409, 409]


async def test_what_is_not_there_is_not_given(client: Client, chief: Member) -> None:
    body = {"role": "user", "permissionId": NOWHERE}
    answer = await client.post(f"{PERMISSIONS}/assign", json=body, headers=chief.headers)
    must_refuse(answer, 400, "FOREIGN_KEY_CONSTRAINT", "Référence invalide")
    assert answer.json()["details"] == {"field": "permissionId"}


@pytest.mark.parametrize("assignment_id", [NOWHERE, "nonsense", "%00"])
async def test_what_was_not_given_is_not_taken(client: Client, chief: Member, assignment_id: str) -> None:
    answer = await client.delete(f"{PERMISSIONS}/assign/{assignment_id}", headers=chief.headers)
    must_refuse(answer, 404, "ASSIGNMENT_NOT_FOUND", "Association permission-rôle non trouvée")


HOSTILE: list[Any] = [None, "", "  ", 1, True, [], {}, "a\0b", "\ud800", "x" * 200_000, ["a:b"]]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
async def test_bad_bodies_are_refused_and_change_nothing(client: Client, chief: Member, value: Any) -> None:
    headers = {**chief.headers, "Content-Type": "application/json"}
    good = {"name": "zz:bad", "resource": "zz", "action": "bad"}
    bodies = [("", {**good, name: value}) for name in good]
    bodies += [
        ("/assign", {"role": "user", "permissionId": value}),
        ("/assign", {"role": value, "permissionId": NOWHERE}),
    ]
    bodies += [("", value), ("/assign", value)]
    if value not in (None, "", "  "):
        bodies.append(("", {**good, "description": value}))
    for path, body in bodies:
        answer = await client.post(f"{PERMISSIONS}{path}", content=json.dumps(body).encode(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), (path, answer.text[:200])
    names = [item["name"] for item in (await client.get(PERMISSIONS, headers=chief.headers)).json()["data"]]
    assert "zz:bad" not in names


# The record.


async def record(client: Client, chief: Member, **params: Any) -> dict[str, Any]:
    """A page of the record."""
    answer = await client.get(f"{PERMISSIONS}/audit", params=params, headers=chief.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_change_is_recorded_with_who_made_it(client: Client, chief: Member) -> None:
    permission = await made(client, chief)
    given = await assigned(client, chief, "moderator", permission["id"])
    await client.delete(f"{PERMISSIONS}/assign/{given['id']}", headers=chief.headers)
    told = await record(client, chief, actorUserId=chief.id)
    assert [(item["action"], item["targetRole"]) for item in told["data"]] == [
        ("PERMISSION_REVOKED", "moderator"),
        ("PERMISSION_ASSIGNED", "moderator"),
        ("PERMISSION_CREATED", None),
    ]
    assert told["meta"] == {"total": 3, "page": 1, "limit": 20, "totalPages": 1}
    newest = told["data"][0]
    assert newest["permission"] == {key: permission[key] for key in ("id", "name", "resource", "action")}
    assert (newest["permissionId"], newest["permissionName"]) == (permission["id"], permission["name"])
    assert newest["actorUserId"] == newest["actor"]["userId"] == chief.id
    assert newest["actor"]["email"] == chief.email
    assert set(newest["actor"]) == {"userId", "username", "fullName", "email"}
    assert newest["metadata"] == {"role": "moderator"}


async def test_the_record_is_filtered_and_comes_in_pages(client: Client, chief: Member) -> None:
    permission = await made(client, chief)
    for role in RANKS:
        await assigned(client, chief, role, permission["id"])
    mine = {"actorUserId": chief.id}
    assert (await record(client, chief, **mine, action="PERMISSION_CREATED"))["meta"]["total"] == 1
    (guest,) = (await record(client, chief, **mine, targetRole="guest"))["data"]
    assert guest["targetRole"] == "guest"
    pages = [await record(client, chief, **mine, limit=4, page=page) for page in (1, 2, 3)]
    assert [len(page["data"]) for page in pages] == [4, 2, 0]
    assert {page["meta"]["totalPages"] for page in pages} == {2}
    assert len({item["id"] for page in pages for item in page["data"]}) == 6


@pytest.mark.parametrize(("name", "value"), [
    ("page", "0"), ("page", "x"), ("page", "9" * 30), ("limit", "0"), ("limit", "-5"), ("action", "DROP"),
    ("targetRole", "king"), ("actorUserId", "léa"), ("actorUserId", "\0"),
])  # fmt: skip
async def test_a_question_to_the_record_that_makes_no_sense_is_refused(
    client: Client, chief: Member, name: str, value: str
) -> None:
    answer = await client.get(f"{PERMISSIONS}/audit", params={name: value}, headers=chief.headers)
    must_refuse(answer, 400, "VALIDATION_ERROR", "Erreur de validation")
    assert answer.json()["details"][0]["path"] == name


# What somebody may do.


@pytest.mark.parametrize("role", RANKS)
async def test_everybody_is_told_their_own_rank_and_permissions(
    client: Client, owner: asyncpg.Connection, role: str
) -> None:
    member = await ranked(client, owner, role)
    told = await allowed(client, member, member.id)
    assert (told["userId"], told["role"]) == (member.id, role)
    seeded = [item for item in told["permissions"] if not item.startswith("z")]
    assert (len(seeded), seeded) == (COUNTS[role], sorted(seeded, key=lambda name: name.split(":")))
    assert told == await allowed(client, member, member.id.upper())


async def test_a_rank_counts_as_it_is_now(client: Client, owner: asyncpg.Connection, member: Member) -> None:
    moderate = {"resource": "resource", "action": "moderate"}
    assert not await may(client, member, moderate)
    await rise(owner, member.id, "moderator")
    assert await may(client, member, moderate)
    await owner.execute(
        "update library.user_roles set expires_at = now() - interval '1 day' where user_id = $1", member.id
    )
    assert not await may(client, member, moderate)
    assert await allowed(client, member, member.id) == {"userId": member.id, "role": None, "permissions": []}


async def test_others_are_an_administrators_business(client: Client, admin: Member, member: Member) -> None:
    other = await signed_up(client)
    for user_id in (other.id, NOWHERE, "nonsense", "%00"):
        answer = await client.get(f"{PERMISSIONS}/user/{user_id}", headers=member.headers)
        must_refuse(answer, 403, "ACCESS_DENIED", "Accès refusé")
    told = await allowed(client, admin, other.id)
    assert (told["role"], "resource:write" in told["permissions"]) == ("user", True)
    assert await allowed(client, admin, NOWHERE) == {"userId": NOWHERE, "role": None, "permissions": []}
    answer = await client.get(f"{PERMISSIONS}/user/nonsense", headers=admin.headers)
    must_refuse(answer, 404, "USER_NOT_FOUND", "Utilisateur non trouvé")


@pytest.mark.parametrize("params", [{}, {"resource": "resource"}, {"action": "read"}, {"resource": "", "action": ""}])
async def test_a_check_names_what_it_is_about(client: Client, member: Member, params: dict[str, str]) -> None:
    answer = await client.get(f"{PERMISSIONS}/check", params=params, headers=member.headers)
    must_refuse(answer, 400, "MISSING_PARAMETERS", "Les paramètres resource et action sont requis")


async def test_a_check_of_nonsense_says_no(client: Client, member: Member) -> None:
    for word in ("'; drop table library.permissions; --", "x" * 4000, "é🙂", "resource:read"):
        assert not await may(client, member, {"resource": word, "action": word})
    answer = await client.get(f"{PERMISSIONS}/check?resource=%00&action=%ff", headers=member.headers)
    assert answer.status_code in (200, 400)


async def test_a_token_without_administration_has_the_permissions_of_a_member(client: Client, chief: Member) -> None:
    answer = await client.post("/api/api-tokens", json={"name": "a"}, headers=chief.headers)
    headers = bearer(answer.json()["token"])
    told = (await client.get(f"{PERMISSIONS}/user/{chief.id}", headers=headers)).json()["data"]
    assert told["role"] == "super_admin"
    assert "resource:write" in told["permissions"]
    assert not {"resource:moderate", "admin:access"} & set(told["permissions"])


# Who may ask.

READS = [("GET", ""), ("GET", f"/{NOWHERE}"), ("GET", "/roles")]
CHIEFS = [("GET", "/audit"), ("POST", ""), ("POST", "/assign"), ("DELETE", f"/assign/{NOWHERE}")]
OWN = [("GET", f"/user/{NOWHERE}"), ("GET", "/check")]
BODY = {"name": "zz:refused", "resource": "zz", "action": "refused", "role": "user", "permissionId": NOWHERE}


async def asked(client: Client, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """A request with a body that is good for any route."""
    return await client.request(
        method, f"{PERMISSIONS}{path}", json=BODY if method == "POST" else None, headers=headers
    )


@pytest.mark.parametrize(("method", "path"), [*READS, *CHIEFS, *OWN])
async def test_strangers_are_refused(client: Client, method: str, path: str) -> None:
    must_refuse(await asked(client, method, path), 401, "AUTH_TOKEN_MISSING", "Token d'authentification manquant")
    answer = await asked(client, method, path, bearer("nonsense"))
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_INVALID")


@pytest.mark.parametrize(("method", "path"), [*READS, *CHIEFS])
@pytest.mark.parametrize("role", ["guest", "user", "moderator"])
async def test_who_has_no_rank_is_refused(
    client: Client, owner: asyncpg.Connection, method: str, path: str, role: str
) -> None:
    member = await ranked(client, owner, role)
    answer = await asked(client, method, path, member.headers)
    must_refuse(answer, 403, *NO_RANK)
    assert answer.json()["required"] == ("admin" if (method, path) in READS else "super_admin")


@pytest.mark.parametrize(("method", "path"), CHIEFS)
async def test_administrators_see_and_change_nothing(client: Client, admin: Member, method: str, path: str) -> None:
    must_refuse(await asked(client, method, path, admin.headers), 403, *NO_RANK)


async def test_another_tenants_matrix_is_not_there(
    client: Client, owner: asyncpg.Connection, chief: Member, admin: Member
) -> None:
    tenant = await owner.fetchval(
        "insert into relais.tenants (slug, name) values ($1, 'B') returning id", uuid4().hex[:20]
    )
    theirs = await owner.fetchrow(
        "select p.id::text as permission, m.id::text as assignment from library.permissions as p"
        " join library.role_permissions as m on m.permission_id = p.id where p.tenant_id = $1 limit 1",
        tenant,
    )
    assert theirs is not None
    answer = await asked(client, "GET", f"/{theirs['permission']}", admin.headers)
    must_refuse(answer, 404, "PERMISSION_NOT_FOUND", "Permission non trouvée")
    answer = await asked(client, "DELETE", f"/assign/{theirs['assignment']}", chief.headers)
    must_refuse(answer, 404, "ASSIGNMENT_NOT_FOUND", "Association permission-rôle non trouvée")
    body = {"role": "guest", "permissionId": theirs["permission"]}
    answer = await client.post(f"{PERMISSIONS}/assign", json=body, headers=chief.headers)
    must_refuse(answer, 400, "FOREIGN_KEY_CONSTRAINT", "Référence invalide")
    ids = {item["id"] for item in (await client.get(PERMISSIONS, headers=admin.headers)).json()["data"]}
    assert theirs["permission"] not in ids
    # Somebody who is the chief here and a plain member there has no rank there.
    await owner.execute("insert into relais.memberships (tenant_id, user_id) values ($1, $2)", tenant, chief.id)
    there = await client.post("/api/tenants/switch", json={"tenantId": str(tenant)}, headers=chief.headers)
    if there.status_code == 200:
        headers = bearer(there.json()["access_token"])
        must_refuse(await asked(client, "GET", "/audit", headers), 403, *NO_RANK)


async def test_a_rank_that_is_lost_is_lost_at_once(client: Client, owner: asyncpg.Connection, admin: Member) -> None:
    assert (await asked(client, "GET", "", admin.headers)).status_code == 200
    await rise(owner, admin.id, "user")
    must_refuse(await asked(client, "GET", "", admin.headers), 403, *NO_RANK)


async def test_in_sql_others_permissions_are_an_administrators_business_too(
    client: Client, owner: asyncpg.Connection, member: Member, admin: Member
) -> None:
    tenant = await owner.fetchval("select tenant_id::text from library.user_roles where user_id = $1", member.id)
    elsewhere = await owner.fetchval(
        "insert into relais.tenants (slug, name) values ($1, 'B') returning id::text", uuid4().hex[:20]
    )

    async def seen(by: str, of: str, within: str = tenant) -> int:
        async with owner.transaction():
            await owner.execute(
                "select set_config('role', 'authenticated', true), set_config('relais.user_id', $1, true),"
                " set_config('relais.tenant_id', $2, true), set_config('request.jwt.claims', '', true)",
                by,
                within,
            )
            return await owner.fetchval("select count(*) from library_internal.permissions_of($1)", of)

    assert await seen(member.id, member.id) >= COUNTS["user"]
    assert await seen(admin.id, member.id) >= COUNTS["user"]
    assert await seen(member.id, admin.id) == 0
    assert await seen(admin.id, member.id, elsewhere) == 0
    assert await seen(member.id, member.id, elsewhere) == 0
