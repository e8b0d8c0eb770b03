"""Signing in with a code instead of tokens in an address."""

import asyncio
import base64
import hashlib
import secrets

import asyncpg
import httpx
import pytest

from tests.accounts.conftest import bearer
from tests.accounts.oauth_provider import ProviderServer
from tests.accounts.oauth_travel import SITE, landed, set_out, told, travel, user_of

HERE = f"{SITE}/bienvenue?de=github"
INVALID = "Ce code de connexion n'est pas valide ou a expiré"


def some_verifier() -> tuple[str, str]:
    """A verifier and its challenge."""
    verifier = secrets.token_urlsafe(48)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def code_for(client: httpx.AsyncClient, **query: str) -> str:
    """A code of somebody who has been at the provider."""
    return told(await travel(client, "github", flow="code", redirectTo=HERE, **query))["code"]


async def exchange(client: httpx.AsyncClient, **body: str) -> httpx.Response:
    """What a code is exchanged for."""
    return await client.post("/api/auth/oauth/exchange", json=body)


async def test_a_code_comes_to_the_address_that_was_asked_for_and_nothing_else(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    url = await travel(client, "github", flow="code", redirectTo=HERE, state="a b&c")
    assert str(url).startswith(f"{SITE}/bienvenue?de=github&code=")
    values = told(url)
    assert set(values) == {"de", "code", "state"}
    assert values["state"] == "a b&c"


async def test_a_code_is_exchanged_for_a_session_once(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    code = await code_for(client)
    answer = await exchange(client, code=code)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["tokens"]["accessToken"] == body["access_token"]
    assert (await user_of(client, body["access_token"]))["id"] == body["user"]["id"]
    again = await exchange(client, code=code)
    assert (again.status_code, again.json()["code"], again.json()["error"]) == (400, "INVALID_SIGN_IN_CODE", INVALID)


async def test_of_two_exchanges_at_once_one_succeeds(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    code = await code_for(client)
    answers = await asyncio.gather(*(exchange(client, code=code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


async def test_a_code_with_a_challenge_needs_its_verifier(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    verifier, challenge = some_verifier()
    for wrong in ({}, {"codeVerifier": ""}, {"codeVerifier": challenge}, {"code_verifier": some_verifier()[0]}):
        answer = await exchange(client, code=await code_for(client, codeChallenge=challenge), **wrong)
        assert answer.status_code == 400
    for right in ({"codeVerifier": verifier}, {"code_verifier": verifier}):
        code = await code_for(client, code_challenge=challenge)
        assert (await exchange(client, code=code, **right)).status_code == 200


async def test_whoever_shows_a_wrong_verifier_has_no_second_try(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    verifier, challenge = some_verifier()
    code = await code_for(client, codeChallenge=challenge)
    assert (await exchange(client, code=code, codeVerifier="x" * 43)).status_code == 400
    assert (await exchange(client, code=code, codeVerifier=verifier)).status_code == 400


async def test_a_code_is_good_for_two_minutes(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    code = await code_for(client)
    await database.execute(
        "update relais.one_time_tokens set expires_at = expires_at - interval '120 seconds'"
        " where purpose = 'sign_in_code' and used_at is null"
    )
    assert (await exchange(client, code=code)).status_code == 400


async def test_a_code_of_somebody_disabled_since_is_no_good(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    code = await code_for(client)
    await database.execute("update relais.users set disabled_at = now() where email = $1", _email(provider))
    assert (await exchange(client, code=code)).status_code == 400


def _email(provider: ProviderServer) -> str:
    return str(provider.who.emails[0]["email"])


async def test_an_old_token_that_comes_along_does_not_matter(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    body = {"code": await code_for(client)}
    answer = await client.post("/api/auth/oauth/exchange", json=body, headers=bearer("expired"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"code": 1}, {"code": None}, {"code": "a\0b"}, {"code": "a" * 5000}, {"code": ["x"]}, [], "x"]
)
async def test_a_body_without_a_code_is_refused(client: httpx.AsyncClient, body: object) -> None:
    for path in ("exchange",):
        answer = await client.post(f"/api/auth/oauth/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("code", ["", "x", "é", "' or 1=1 --"])
async def test_a_code_that_is_none_of_ours_is_refused(client: httpx.AsyncClient, code: str) -> None:
    answer = await exchange(client, code=code)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_SIGN_IN_CODE")


async def test_the_state_of_a_journey_is_no_code(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    state = told(httpx.URL(await set_out(client, "github")))["state"]
    assert (await exchange(client, code=state)).status_code == 400
    code = await code_for(client)
    answer = await client.get(f"/api/auth/oauth/callback/github?state={code}&code=x")
    assert told(landed(answer))["error"] == "oauth_error"
    assert (await exchange(client, code=code)).status_code == 200


async def test_what_went_wrong_comes_to_the_address_too(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    back = await set_out(client, "github", flow="code", redirectTo=HERE, state="mine")
    state = told(httpx.URL(back))["state"]
    url = landed(await client.get(f"/api/auth/oauth/callback/github?state={state}&error=access_denied"))
    assert str(url).startswith(HERE)
    assert told(url) == {
        "de": "github",
        "error": "oauth_error",
        "message": "Connexion annulée",
        "error_code": "oauth_denied",
        "error_description": "Connexion annulée",
        "state": "mine",
    }
