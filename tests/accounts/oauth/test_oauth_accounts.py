"""`/api/oauth-accounts`: what somebody has linked, and what they may do with it."""

import asyncio
import secrets
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from tests.accounts.conftest import Member, bearer, some_email
from tests.accounts.oauth_provider import Answer, ProviderServer, json_answer, visitor
from tests.accounts.oauth_travel import consent, tokens_of, travel

SHAPE = {
    "id",
    "userId",
    "provider",
    "providerUserId",
    "providerEmail",
    "scope",
    "metadata",
    "isPrimary",
    "tokenExpiresAt",
    "createdAt",
    "updatedAt",
}
ROUTES = (
    ("GET", "/api/oauth-accounts"),
    ("GET", "/api/oauth-accounts/github"),
    ("DELETE", "/api/oauth-accounts/{id}"),
    ("PUT", "/api/oauth-accounts/{id}/primary"),
    ("POST", "/api/oauth-accounts/{id}/refresh"),
)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def link(client: httpx.AsyncClient, member: Member, name: str) -> dict[str, Any]:
    """Link whoever visits the provider to a member; the account."""
    answer = await client.post(f"/api/auth/oauth/{name}", json={"link": True}, headers=member.headers)
    await client.get(await consent(await client.get(answer.json()["url"])))
    return (await client.get(f"/api/oauth-accounts/{name}", headers=member.headers)).json()


async def listed(client: httpx.AsyncClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    """What somebody has linked."""
    answer = await client.get("/api/oauth-accounts", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def visit(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    """Sign in with a provider alone; the header of the session."""
    return bearer(tokens_of(await travel(client, name))["accessToken"])


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_gets_anything_without_a_token(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path.format(id=UNKNOWN))
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_MISSING")


async def test_accounts_are_listed_in_their_shape_without_tokens(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    provider.who = visitor(some_email(), login="octocat")
    await link(client, member, "github")
    await link(client, member, "google")
    rows = await listed(client, member.headers)
    assert [row["provider"] for row in rows] == ["github", "google"]
    for row in rows:
        assert set(row) == SHAPE
        assert row["userId"] == member.id
        assert row["isPrimary"] is True
        assert row["createdAt"].endswith("Z")
    github, google = rows
    assert (github["providerUserId"], github["providerEmail"]) == (
        str(provider.who.number),
        provider.who.claims["email"],
    )
    assert (github["metadata"]["username"], github["metadata"]["name"]) == ("octocat", "Léa Martin")
    assert github["scope"] == ["read:user", "user:email"]
    assert github["tokenExpiresAt"] is None
    assert google["providerUserId"] == provider.who.sub
    assert google["tokenExpiresAt"].endswith("Z")


async def test_others_see_none_of_it(
    client: httpx.AsyncClient, member: Member, stranger: Member, provider: ProviderServer
) -> None:
    await link(client, member, "github")
    assert await listed(client, stranger.headers) == []


async def test_one_provider_is_asked_for(client: httpx.AsyncClient, member: Member, provider: ProviderServer) -> None:
    answer = await client.get("/api/oauth-accounts/github", headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "OAUTH_ACCOUNT_NOT_FOUND")
    assert answer.json()["error"] == "Aucun compte OAuth trouvé pour ce provider"
    await link(client, member, "github")
    answer = await client.get("/api/oauth-accounts/github", headers=member.headers)
    assert (answer.status_code, answer.json()["provider"]) == (200, "github")


@pytest.mark.parametrize("name", ["gitlab", "GITHUB", "%00", "a" * 3000, "..%2f", "é"])
async def test_an_unknown_provider_is_refused(client: httpx.AsyncClient, member: Member, name: str) -> None:
    answer = await client.get(f"/api/oauth-accounts/{name}", headers=member.headers)
    assert answer.status_code in (400, 404)
    assert answer.json()["code"] in ("INVALID_PROVIDER", "ROUTE_NOT_FOUND")


async def test_whoever_has_a_password_may_unlink_everything(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    account = await link(client, member, "github")
    answer = await client.delete(f"/api/oauth-accounts/{account['id']}", headers=member.headers)
    assert (answer.status_code, set(answer.json())) == (200, {"message"})
    assert await listed(client, member.headers) == []
    answer = await client.delete(f"/api/oauth-accounts/{account['id']}", headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "OAUTH_ACCOUNT_NOT_FOUND")


async def test_an_account_that_was_unlinked_lets_nobody_in(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    account = await link(client, member, "github")
    await client.delete(f"/api/oauth-accounts/{account['id']}", headers=member.headers)
    headers = await visit(client, "github")
    assert (await client.get("/api/auth/session", headers=headers)).json()["user"]["id"] != member.id


async def test_the_last_way_in_is_not_taken_away(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    headers = await visit(client, "github")
    (account,) = await listed(client, headers)
    answer = await client.delete(f"/api/oauth-accounts/{account['id']}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "LAST_SIGN_IN_METHOD")
    assert len(await listed(client, headers)) == 1


async def test_of_the_last_two_ways_in_one_is_left_though_both_are_taken_away_at_once(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    headers = await visit(client, "github")
    await visit(client, "google")
    rows = await listed(client, headers)
    paths = [f"/api/oauth-accounts/{row['id']}" for row in rows]
    answers = await asyncio.gather(*(client.delete(path, headers=headers) for path in paths))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await listed(client, headers)) == 1


async def test_another_account_becomes_the_primary_one_and_inherits(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    first = await link(client, member, "github")
    provider.who = visitor(some_email())
    await link(client, member, "github")
    rows = await listed(client, member.headers)
    assert [row["isPrimary"] for row in rows] == [True, False]
    assert rows[0]["id"] == first["id"]
    second = rows[1]
    answer = await client.put(f"/api/oauth-accounts/{second['id']}/primary", headers=member.headers)
    assert answer.status_code == 200
    assert set(answer.json()) == SHAPE
    assert (answer.json()["id"], answer.json()["isPrimary"]) == (second["id"], True)
    assert [row["id"] for row in await listed(client, member.headers)] == [second["id"], first["id"]]
    await client.delete(f"/api/oauth-accounts/{second['id']}", headers=member.headers)
    (left,) = await listed(client, member.headers)
    assert (left["id"], left["isPrimary"]) == (first["id"], True)


async def test_many_who_want_to_be_first_at_once_leave_one(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    for _ in range(3):
        provider.who = visitor(some_email())
        await link(client, member, "google")
    paths = [f"/api/oauth-accounts/{row['id']}/primary" for row in await listed(client, member.headers)] * 4
    answers = await asyncio.gather(*(client.put(path, headers=member.headers) for path in paths))
    assert {answer.status_code for answer in answers} == {200}
    assert [row["isPrimary"] for row in await listed(client, member.headers)] == [True, False, False]


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("DELETE", "", "UNAUTHORIZED", "Vous n'êtes pas autorisé à délier ce compte"),
        ("PUT", "/primary", "UNAUTHORIZED", "Vous n'êtes pas autorisé à modifier ce compte"),
        ("POST", "/refresh", "FORBIDDEN", "Accès non autorisé"),
    ],
)
async def test_an_account_of_somebody_else_is_left_alone(
    client: httpx.AsyncClient,
    member: Member,
    stranger: Member,
    provider: ProviderServer,
    method: str,
    path: str,
    code: str,
    message: str,
) -> None:
    account = await link(client, member, "google")
    answer = await client.request(method, f"/api/oauth-accounts/{account['id']}{path}", headers=stranger.headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (403, code, message)
    assert await listed(client, member.headers) == [account]


@pytest.mark.parametrize(
    "account", [UNKNOWN, "x", "%00", "1", "a" * 2000, "{" + UNKNOWN + "}", UNKNOWN.replace("-", "")]
)
@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("PUT", "/primary"), ("POST", "/refresh")])
async def test_an_account_that_is_not_there_is_not_found(
    client: httpx.AsyncClient, member: Member, account: str, method: str, path: str
) -> None:
    answer = await client.request(method, f"/api/oauth-accounts/{account}{path}", headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "OAUTH_ACCOUNT_NOT_FOUND")
    assert answer.json()["error"] == "Compte OAuth non trouvé"


async def test_an_api_token_reads_but_takes_no_way_in_away(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    account = await link(client, member, "github")
    made = await client.post("/api/api-tokens", json={"name": "outil"}, headers=member.headers)
    headers = bearer(made.json()["token"])
    assert [row["id"] for row in await listed(client, headers)] == [account["id"]]
    answer = await client.delete(f"/api/oauth-accounts/{account['id']}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "SESSION_REQUIRED")


# --- Refreshing -----------------------------------------------------------------------------------------------------


async def tokens(app: FastAPI, database: asyncpg.Connection, account_id: str) -> tuple[str, str]:
    """What is kept of an account's tokens, opened."""
    row = await database.fetchrow(
        "select access_token, refresh_token from relais.oauth_accounts where id = $1", account_id
    )
    assert row is not None
    unseal = app.state.accounts.keys.unseal
    return unseal(row["access_token"]).decode(), unseal(row["refresh_token"]).decode()


async def test_tokens_of_google_are_refreshed(
    app: FastAPI, client: httpx.AsyncClient, member: Member, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    account = await link(client, member, "google")
    before = await tokens(app, database, account["id"])
    provider.grant = {"expires_in": 7200}
    answer = await client.post(f"/api/oauth-accounts/{account['id']}/refresh", headers=member.headers)
    assert (answer.status_code, set(answer.json())) == (200, {"message"})
    after = await tokens(app, database, account["id"])
    assert after[0] != before[0]
    assert after[0] in provider.tokens
    (row,) = await listed(client, member.headers)
    assert row["tokenExpiresAt"] > account["tokenExpiresAt"]


async def test_a_refresh_token_is_kept_if_no_other_comes(
    app: FastAPI, client: httpx.AsyncClient, member: Member, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    account = await link(client, member, "google")
    before = await tokens(app, database, account["id"])
    provider.grant = {"refresh_token": None, "scope": None}
    for _ in range(2):
        answer = await client.post(f"/api/oauth-accounts/{account['id']}/refresh", headers=member.headers)
        assert answer.status_code == 200
    assert (await tokens(app, database, account["id"]))[1] == before[1]
    (row,) = await listed(client, member.headers)
    assert row["scope"] == account["scope"] != []
    # Nor does signing in again without one lose it.
    tokens_of(await travel(client, "google"))
    assert (await tokens(app, database, account["id"]))[1] == before[1]


async def test_tokens_of_github_are_refreshed_where_they_expire(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    account = await link(client, member, "github")
    path = f"/api/oauth-accounts/{account['id']}/refresh"
    answer = await client.post(path, headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "UNSUPPORTED_PROVIDER")
    assert answer.json()["error"] == "Provider non supporté pour le rafraîchissement"
    refresh = f"ghr_{secrets.token_hex(8)}"
    provider.refresh_tokens[refresh] = provider.who
    provider.grant = {"refresh_token": refresh, "expires_in": 28800}
    await link(client, member, "github")
    assert (await client.post(path, headers=member.headers)).status_code == 200


async def test_a_worn_out_refresh_token_asks_to_link_again(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    account = await link(client, member, "google")
    path = f"/api/oauth-accounts/{account['id']}/refresh"
    provider.refresh_tokens.clear()
    message = "Token expiré et aucun refresh token disponible. Veuillez re-lier votre compte Google."
    answer = await client.post(path, headers=member.headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (401, "TOKEN_EXPIRED", message)
    for kept in ("'sealed with another key'", "null"):
        await database.execute(f"update relais.oauth_accounts set refresh_token = {kept} where id = $1", account["id"])
        answer = await client.post(path, headers=member.headers)
        assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (401, "TOKEN_EXPIRED", message)


@pytest.mark.parametrize(
    "fault",
    [
        lambda: None,
        lambda: Answer(503, b"busy"),
        lambda: Answer(200, b"<html>"),
        lambda: json_answer({}),
        lambda: json_answer({"error": "invalid_client"}, 401),
    ],
)
async def test_a_provider_that_fails_changes_nothing(
    app: FastAPI,
    client: httpx.AsyncClient,
    member: Member,
    provider: ProviderServer,
    database: asyncpg.Connection,
    fault: Any,
) -> None:
    account = await link(client, member, "google")
    before = await tokens(app, database, account["id"])
    provider.faults = {"/token": fault}
    answer = await client.post(f"/api/oauth-accounts/{account['id']}/refresh", headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "TOKEN_REFRESH_ERROR")
    assert answer.json()["error"] == "Erreur lors du rafraîchissement du token"
    assert await tokens(app, database, account["id"]) == before
