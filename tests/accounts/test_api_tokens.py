"""Personal API tokens: made, shown once, as far as they reach, and how they end."""

import asyncio
import functools
import hashlib
import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import NOBODYS, Member, bearer, is_in, signed_up, with_group
from tests.accounts.ground import must_refuse, running_with
from tests.accounts.outbox import letters
from tests.conftest import Urls

TOKENS = "/api/api-tokens"
GROWN_OLD = "update relais.sessions set created_at = now() - $2::float8 * interval '1 minute' where user_id = $1"
SHOWN = {"Prefer": "return=representation"}
#: Longer than anybody waits for an announcement.
PATIENCE_SECONDS = 10
Client = httpx.AsyncClient


@pytest.fixture
async def owner(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The owner of the database."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


async def made(client: Client, member: Member, **fields: Any) -> dict[str, Any]:
    """A new token, as the only answer that has it tells."""
    answer = await client.post(TOKENS, json={"name": "Script", **fields}, headers=member.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def collection_of(client: Client, headers: dict[str, str]) -> str:
    """The id of a new collection."""
    answer = await client.post("/rest/v1/collections", json={"name": "Une"}, headers=headers | SHOWN)
    assert answer.status_code == 201, answer.text
    return answer.json()[0]["id"]


async def rise(owner: asyncpg.Connection, member: Member, role: str) -> None:
    """Give somebody a rank."""
    statement = "update library.user_roles set role = $2::text::library.app_role where user_id = $1"
    await owner.execute(statement, member.id, role)


# Making and showing.


async def test_a_token_is_shown_once_and_kept_as_a_hash(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    told = await made(client, member, name="  Sauvegarde  ")
    secret = told["token"]
    assert re.fullmatch(r"hub_lib_[0-9a-f]{64}", secret)
    assert (told["name"], told["expiresAt"], told["isExpired"]) == ("Sauvegarde", None, False)
    assert told["message"]
    row = await owner.fetchrow(
        "select t::text as all, t.token_hash from relais.api_tokens as t where id = $1", told["id"]
    )
    assert row is not None
    assert secret[14:] not in row["all"]
    assert row["token_hash"] == hashlib.sha256(secret.encode()).digest()

    listed = (await client.get(TOKENS, headers=member.headers)).json()["tokens"]
    one = (await client.get(f"{TOKENS}/{told['id']}", headers=member.headers)).json()
    assert listed == [one]
    assert one == {
        "id": told["id"],
        "name": "Sauvegarde",
        "tokenPrefix": secret[:14],
        "scopes": ["read", "write"],
        "lastUsedAt": None,
        "expiresAt": None,
        "createdAt": told["createdAt"],
        "isExpired": False,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["createdAt"])


async def test_tokens_are_listed_the_newest_first_and_to_their_owner_alone(client: Client, member: Member) -> None:
    names = ["un", "deux", "trois"]
    for name in names:
        await made(client, member, name=name)
    other = await signed_up(client)
    await made(client, other, name="autre")
    listed = (await client.get(TOKENS, headers=member.headers)).json()["tokens"]
    assert [item["name"] for item in listed] == names[::-1]


@pytest.mark.parametrize("name", ["expiresInDays", "expires_in_days"])
async def test_a_token_expires_when_it_was_asked_to(client: Client, member: Member, name: str) -> None:
    told = await made(client, member, **{name: 30})
    expires = datetime.fromisoformat(told["expiresAt"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=5)


@pytest.mark.parametrize(("asked", "given"), [
    (["read"], ["read"]), (["write"], ["read", "write"]), (["write", "read", "write"], ["read", "write"]),
])  # fmt: skip
async def test_reading_is_part_of_every_token(
    client: Client, member: Member, asked: list[str], given: list[str]
) -> None:
    assert (await made(client, member, scopes=asked))["scopes"] == given


BAD: list[dict[str, Any]] = [
    *({"name": name} for name in (None, "", "   ", 1, [], {}, "x" * 256, "a\0b", "\ud800")),
    *({"name": "a", "expiresInDays": days} for days in (0, -1, 366, 1.5, "x", [], 10**30, float("inf"))),
    *({"name": "a", "scopes": scopes} for scopes in ([], ["all"], "read", [["read"]], [None], ["read"] * 4, {"a": 1})),
    {},
]  # fmt: skip


@pytest.mark.parametrize("body", BAD, ids=lambda body: json.dumps(body)[:60])
async def test_what_makes_no_token_is_refused(client: Client, member: Member, body: dict[str, Any]) -> None:
    headers = {**member.headers, "Content-Type": "application/json"}
    answer = await client.post(TOKENS, content=json.dumps(body).encode(), headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("VALIDATION_ERROR", "MALFORMED_REQUEST")
    assert (await client.get(TOKENS, headers=member.headers)).json()["tokens"] == []


async def test_nobody_has_more_than_fifty_tokens_not_even_at_once(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    await owner.execute(
        "insert into relais.api_tokens (tenant_id, user_id, name, prefix, token_hash, scopes)"
        " select tenant_id, user_id, 'x', 'hub_lib_000000', decode(md5(user_id::text || n), 'hex'), '{read}'"
        " from relais.memberships, generate_series(1, 48) as n where user_id = $1",
        member.id,
    )
    tries = (client.post(TOKENS, json={"name": "x"}, headers=member.headers) for _ in range(6))
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    must_refuse(refused, 409, "TOO_MANY_API_TOKENS", "Vous avez déjà trop de tokens API")
    gone = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert (await client.delete(f"{TOKENS}/{gone}", headers=member.headers)).status_code == 200
    await made(client, member)


async def test_a_token_of_somebody_else_is_not_yours_and_an_unknown_one_is_not_there(
    client: Client, member: Member
) -> None:
    other = await signed_up(client)
    theirs = await made(client, other)
    for method in ("GET", "DELETE"):
        answer = await client.request(method, f"{TOKENS}/{theirs['id']}", headers=member.headers)
        must_refuse(answer, 403, "API_TOKEN_NOT_YOURS", "Accès non autorisé")
        for token_id in (uuid4(), "nonsense", "%00", "x" * 3000):
            answer = await client.request(method, f"{TOKENS}/{token_id}", headers=member.headers)
            must_refuse(answer, 404, "API_TOKEN_NOT_FOUND", "Token API non trouvé")
    assert await is_in(client, theirs["token"])


async def test_a_token_of_another_tenant_is_not_there(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    tenant = await owner.fetchval(
        "insert into relais.tenants (slug, name) values ($1, 'B') returning id", uuid4().hex[:20]
    )
    await owner.execute("insert into relais.memberships (tenant_id, user_id) values ($1, $2)", tenant, member.id)
    here = await made(client, member)
    there = await owner.fetchval(
        "insert into relais.api_tokens (tenant_id, user_id, name, prefix, token_hash, scopes)"
        " values ($1, $2, 'B', 'hub_lib_000000', sha256($3), '{read}') returning id::text",
        tenant, member.id, b"hub_lib_there" + member.id.encode(),
    )  # fmt: skip
    answer = await client.get(f"{TOKENS}/{there}", headers=member.headers)
    must_refuse(answer, 404, "API_TOKEN_NOT_FOUND", "Token API non trouvé")
    listed = (await client.get(TOKENS, headers=member.headers)).json()["tokens"]
    assert [item["id"] for item in listed] == [here["id"]]
    from_there = await client.get(TOKENS, headers=bearer(f"hub_lib_there{member.id}"))
    assert [item["id"] for item in from_there.json()["tokens"]] == [there]


@pytest.mark.parametrize(("method", "path"), [
    ("GET", TOKENS), ("POST", TOKENS), ("GET", f"{TOKENS}/{NOBODYS}"), ("DELETE", f"{TOKENS}/{NOBODYS}"),
])  # fmt: skip
async def test_strangers_are_refused(client: Client, method: str, path: str) -> None:
    answer = await client.request(method, path, json={"name": "a"} if method == "POST" else None)
    must_refuse(answer, 401, "AUTH_TOKEN_MISSING", "Token d'authentification manquant")


# Where it is accepted, and how far it reaches.


async def test_a_token_is_accepted_wherever_a_session_is(client: Client, member: Member) -> None:
    headers = bearer((await made(client, member))["token"])
    assert (await client.get("/api/auth/session", headers=headers)).json()["user"]["id"] == member.id
    assert (await client.get(TOKENS, headers=headers)).status_code == 200
    collection = await collection_of(client, headers)
    path = f"/rest/v1/collections?id=eq.{collection}"
    assert (await client.get(path, headers=headers)).json()[0]["user_id"] == member.id
    changed = await client.patch(path, json={"name": "Deux"}, headers=headers | SHOWN)
    assert changed.json()[0]["name"] == "Deux"
    called = await client.post("/rest/v1/rpc/search_users", json={"query": "membre"}, headers=headers)
    assert called.status_code == 200
    asked = await client.get(f"/api/permissions/user/{member.id}", headers=headers)
    assert asked.json()["data"]["role"] == "user"


async def test_a_use_is_noted(client: Client, member: Member) -> None:
    told = await made(client, member)
    await is_in(client, told["token"])
    used = (await client.get(f"{TOKENS}/{told['id']}", headers=member.headers)).json()["lastUsedAt"]
    assert abs(datetime.fromisoformat(used) - datetime.now(UTC)) < timedelta(minutes=5)


async def test_a_token_that_only_reads_writes_by_no_method(client: Client, member: Member) -> None:
    collection = await collection_of(client, member.headers)
    headers = bearer((await made(client, member, scopes=["read"]))["token"]) | SHOWN
    path = f"/rest/v1/collections?id=eq.{collection}"
    assert (await client.get(path, headers=headers)).json()[0]["name"] == "Une"
    assert (await client.head(path, headers=headers)).status_code == 200
    row = {"id": collection, "name": "Autre"}
    token = (await made(client, member))["id"]
    tries = [
        ("POST", "/rest/v1/collections", {"name": "Autre"}),
        ("POST", "/rest/v1/rpc/search_users", {"query": "a"}),
        ("PATCH", path, {"name": "Autre"}),
        ("PUT", path, row),
        ("DELETE", path, None),
        ("DELETE", f"{TOKENS}/{token}", None),
        ("POST", TOKENS, {"name": "a"}),
        ("POST", "/api/permissions", {"name": "a:b", "resource": "a", "action": "b"}),
    ]
    for method, where, body in tries:
        answer = await client.request(method, where, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE"), (method, where)
    rows = (await client.get("/rest/v1/collections?select=name", headers=member.headers)).json()
    assert rows == [{"name": "Une"}]


async def test_a_token_that_only_reads_writes_by_no_function_that_is_read(client: Client, member: Member) -> None:
    row = {"title": "Une", "description": "d", "resource_type": "external_link", "visibility": "public"}
    added = await client.post("/rest/v1/resources", json=row, headers=member.headers | SHOWN)
    assert added.status_code == 201, added.text
    headers = bearer((await made(client, member, scopes=["read"]))["token"])
    path = f"/rest/v1/rpc/fork_resource?resource_id={added.json()[0]['id']}"
    answer = await client.get(path, headers=headers)
    assert answer.status_code in (405, 403), answer.text
    mine = await client.get(f"/rest/v1/resources?user_id=eq.{member.id}", headers=member.headers)
    assert len(mine.json()) == 1


async def ranks_seen(client: Client, headers: dict[str, str], other: str) -> dict[str, bool]:
    """Which of an administrator's ways are open."""
    path = f"/rest/v1/user_roles?user_id=eq.{other}"
    raised = await client.patch(path, json={"role": "moderator"}, headers=headers | SHOWN)
    return {
        "explicit": (await client.get("/api/permissions/roles", headers=headers)).status_code == 200,
        "read": bool((await client.get("/rest/v1/role_permissions?limit=1", headers=headers)).json()),
        "write": raised.status_code == 200 and bool(raised.json()),
    }


async def test_an_administrators_token_has_their_rank_only_if_it_says_so(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    await rise(owner, member, "super_admin")
    other = await signed_up(client)
    plain, full = await made(client, member), await made(client, member, scopes=["write", "admin"])
    assert full["scopes"] == ["read", "write", "admin"]
    closed, opened = (
        dict.fromkeys(("explicit", "read", "write"), False),
        dict.fromkeys(("explicit", "read", "write"), True),
    )
    assert await ranks_seen(client, bearer(plain["token"]), other.id) == closed
    assert await ranks_seen(client, bearer(full["token"]), other.id) == opened
    # Of now, not of when it was made.
    await rise(owner, member, "user")
    assert await ranks_seen(client, bearer(full["token"]), other.id) == closed


async def test_where_administration_takes_a_second_factor_tokens_of_before_lose_their_rank(
    client: Client, cheap: Settings, owner: asyncpg.Connection, member: Member
) -> None:
    await rise(owner, member, "super_admin")
    other = await signed_up(client)
    token = bearer((await made(client, member, scopes=["write", "admin"]))["token"])
    async with running_with(with_group(cheap, "auth", second_factor_for_admins=True)) as careful:
        assert not any((await ranks_seen(careful, token, other.id)).values())
    await owner.execute(
        "insert into relais.second_factors (user_id, secret, confirmed_at) values ($1, '', now())", member.id
    )
    async with running_with(with_group(cheap, "auth", second_factor_for_admins=True)) as careful:
        assert all((await ranks_seen(careful, token, other.id)).values())


async def test_a_token_that_administers_is_for_administrators(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    body = {"name": "a", "scopes": ["admin"]}
    answer = await client.post(TOKENS, json=body, headers=member.headers)
    must_refuse(answer, 403, "INSUFFICIENT_ROLE", "Accès refusé - Rôle insuffisant")
    await rise(owner, member, "moderator")
    assert (await client.post(TOKENS, json=body, headers=member.headers)).status_code == 201


async def test_a_token_makes_no_tokens(client: Client, owner: asyncpg.Connection, member: Member) -> None:
    await rise(owner, member, "super_admin")
    headers = bearer((await made(client, member, scopes=["write", "admin"]))["token"])
    answer = await client.post(TOKENS, json={"name": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "SESSION_REQUIRED")


# How it ends.


async def test_an_unknown_token_is_refused_everywhere(client: Client) -> None:
    for token in ("hub_lib_" + "0" * 64, "hub_lib_", "hub_lib_" + "é" * 10, "hub_lib_" + "a" * 5000):
        headers = [("Authorization", f"Bearer {token}".encode())]
        for path in ("/api/auth/session", "/rest/v1/resources", TOKENS):
            answer = await client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "API_TOKEN_INVALID"), path


async def test_an_expired_token_is_refused_and_told_from_others(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    told = await made(client, member, expiresInDays=1)
    await owner.execute(
        "update relais.api_tokens set expires_at = now() - interval '1 second' where id = $1", told["id"]
    )
    for path in ("/api/auth/session", "/rest/v1/resources"):
        answer = await client.get(path, headers=bearer(told["token"]))
        assert (answer.status_code, answer.json()["code"]) == (401, "API_TOKEN_EXPIRED"), path
        assert answer.json()["message"] == "Token API expiré"
    (listed,) = (await client.get(TOKENS, headers=member.headers)).json()["tokens"]
    assert listed["isExpired"] is True


async def test_a_token_that_is_in_use_expires_all_the_same(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    told = await made(client, member)
    await owner.execute(
        "update relais.api_tokens set expires_at = now() + interval '1 second' where id = $1", told["id"]
    )
    assert await is_in(client, told["token"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await is_in(client, told["token"]):
            await asyncio.sleep(0.05)
    answer = await client.get("/rest/v1/resources", headers=bearer(told["token"]))
    assert answer.json()["code"] == "API_TOKEN_EXPIRED"


async def test_revoking_takes_effect_while_requests_run_and_in_all_processes(
    client: Client, cheap: Settings, member: Member
) -> None:
    token, kept = await made(client, member), await made(client, member)
    headers = bearer(token["token"])
    revoked = asyncio.Event()
    statuses: list[tuple[bool, int]] = []

    async def keep_asking(where: Client) -> None:
        while True:
            late = revoked.is_set()
            answer = await where.get("/rest/v1/collections?limit=1", headers=headers)
            statuses.append((late, answer.status_code))
            if late:
                return

    async with running_with(cheap) as other:
        assert await is_in(other, token["token"])
        asking = [asyncio.create_task(keep_asking(where)) for where in (client, other) for _ in range(4)]
        while len(statuses) < 50:
            await asyncio.sleep(0.01)
        answer = await client.delete(f"{TOKENS}/{token['id']}", headers=member.headers)
        assert (answer.status_code, answer.json()) == (200, {"message": "Token API supprimé", "success": True})
        revoked.set()
        await asyncio.gather(*asking)
        assert {status for late, status in statuses if late} == {401}
        assert 200 in {status for late, status in statuses if not late}
        for where in (client, other):
            answer = await where.get("/api/auth/session", headers=headers)
            must_refuse(answer, 401, "API_TOKEN_INVALID", "Token API invalide")
            assert await is_in(where, kept["token"])
    answer = await client.get(f"{TOKENS}/{token['id']}", headers=member.headers)
    must_refuse(answer, 404, "API_TOKEN_NOT_FOUND", "Token API non trouvé")
    again = await client.delete(f"{TOKENS}/{token['id']}", headers=member.headers)
    must_refuse(again, 404, "API_TOKEN_NOT_FOUND", "Token API non trouvé")
    assert [item["id"] for item in (await client.get(TOKENS, headers=member.headers)).json()["tokens"]] == [kept["id"]]


async def test_without_redis_a_revoked_token_ends_in_all_processes(cheap: Settings) -> None:
    away = with_group(cheap, "redis", url=SecretStr("redis://127.0.0.1:1/0"))
    async with running_with(away) as one, running_with(away) as other:
        member = await signed_up(one)
        token = await made(one, member)
        assert await is_in(one, token["token"])
        assert await is_in(other, token["token"])
        assert (await one.delete(f"{TOKENS}/{token['id']}", headers=member.headers)).status_code == 200
        assert not await is_in(one, token["token"])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await is_in(other, token["token"]):
                await asyncio.sleep(0.02)


async def test_a_token_ends_itself_if_it_may_write(client: Client, member: Member) -> None:
    told = await made(client, member)
    assert (await client.delete(f"{TOKENS}/{told['id']}", headers=bearer(told["token"]))).status_code == 200
    assert not await is_in(client, told["token"])


@pytest.mark.parametrize("statement", [
    "update relais.users set disabled_at = now() where id = $1",
    "delete from relais.memberships where user_id = $1",
    "delete from relais.users where id = $1",
], ids=["disabled", "left", "gone"])  # fmt: skip
async def test_the_token_of_somebody_who_is_no_longer_there_ends(
    client: Client, owner: asyncpg.Connection, member: Member, statement: str
) -> None:
    told, unused = await made(client, member), await made(client, member)
    assert await is_in(client, told["token"])
    await owner.execute(statement, member.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await is_in(client, told["token"]):
            await asyncio.sleep(0.02)
    for token in (told, unused):
        answer = await client.get("/rest/v1/resources", headers=bearer(token["token"]))
        assert (answer.status_code, answer.json()["code"]) == (401, "API_TOKEN_INVALID")


async def test_tokens_that_were_revoked_long_ago_are_forgotten(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    old, young = await made(client, member), await made(client, member)
    for token, days in ((old, 31), (young, 1)):
        await client.delete(f"{TOKENS}/{token['id']}", headers=member.headers)
        await owner.execute(
            "update relais.api_tokens set revoked_at = now() - $2 * interval '1 day' where id = $1", token["id"], days
        )
    await made(client, member)
    kept = {str(row[0]) for row in await owner.fetch("select id from relais.api_tokens where user_id = $1", member.id)}
    assert young["id"] in kept
    assert old["id"] not in kept


async def test_making_and_revoking_are_noted(client: Client, owner: asyncpg.Connection, member: Member) -> None:
    told = await made(client, member, scopes=["read"])
    await client.delete(f"{TOKENS}/{told['id']}", headers=member.headers)
    rows = await owner.fetch(
        "select action, details::text from relais.audit_log where target = $1 order by id", told["id"]
    )
    assert [row["action"] for row in rows] == ["API_TOKEN_CREATED", "API_TOKEN_REVOKED"]
    assert all(told["token"][8:] not in row["details"] for row in rows)


async def test_long_after_signing_in_a_token_takes_the_password(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    ask = functools.partial(client.post, TOKENS, headers=member.headers)
    sentence = "Confirmez votre mot de passe ou reconnectez-vous pour continuer"
    await owner.execute(GROWN_OLD, member.id, 14.0)
    assert (await ask(json={"name": "a"})).status_code == 201
    await owner.execute(GROWN_OLD, member.id, 16.0)
    must_refuse(await ask(json={"name": "a"}), 403, "RECENT_SIGN_IN_REQUIRED", sentence)
    answer = await ask(json={"name": "a", "password": "Faux-Mot-1"})
    must_refuse(answer, 400, "PASSWORD_NOT_CONFIRMED", "Mot de passe incorrect")
    assert (await ask(json={"name": "a", "password": member.password})).status_code == 201
    again = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    answer = await client.post(TOKENS, json={"name": "a"}, headers=bearer(again.json()["access_token"]))
    assert answer.status_code == 201


async def test_how_long_a_sign_in_speaks_for_itself_is_a_setting(cheap: Settings, owner: asyncpg.Connection) -> None:
    async with running_with(with_group(cheap, "auth", recent_sign_in_minutes=60.0)) as client:
        member = await signed_up(client)
        await owner.execute(GROWN_OLD, member.id, 59.0)
        assert await made(client, member)
        await owner.execute(GROWN_OLD, member.id, 61.0)
        answer = await client.post(TOKENS, json={"name": "a"}, headers=member.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "RECENT_SIGN_IN_REQUIRED")


async def test_whose_token_it_is_gets_a_message(app: FastAPI, client: Client, member: Member) -> None:
    told = await made(client, member, name="Sauvegarde", scopes=["read", "write"])
    (letter,) = await letters(app, member.email, "token_created")
    assert letter.data["name"] == "Sauvegarde"
    assert letter.data["scopes"] == ["read", "write"]
    assert told["token"][8:] not in str(letter.data)
