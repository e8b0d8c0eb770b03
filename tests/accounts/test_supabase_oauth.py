"""Signing in with a provider as Supabase's client does: with a challenge of its own, and without one."""

import base64
import hashlib
import secrets
from collections.abc import AsyncGenerator, Generator
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import is_in, signed_up, some_email
from tests.accounts.factors import guarded
from tests.accounts.oauth_provider import ProviderServer, provider_running, visitor
from tests.accounts.oauth_travel import SITE, consent, with_provider
from tests.accounts.supabase_client import AUTH, must_refuse
from tests.conftest import Urls, client_of, started

PROVIDERS = ("github", "google")


@pytest.fixture(scope="module")
def serving() -> Generator[ProviderServer]:
    with provider_running() as provider:
        yield provider


@pytest.fixture
def provider(serving: ProviderServer) -> ProviderServer:
    serving.reset()
    serving.who = visitor(some_email())
    return serving


@pytest.fixture(scope="module")
async def app(cheap: Settings, serving: ProviderServer) -> AsyncGenerator[FastAPI]:
    async with started(create_app(with_provider(cheap, serving))) as app:
        yield app


@pytest.fixture
async def database(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


def challenge_of(verifier: str) -> dict[str, str]:
    """What the client sends when it sets out."""
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {"code_challenge": challenge, "code_challenge_method": "s256"}


async def to_provider_and_back(client: httpx.AsyncClient, provider: str, **query: str) -> httpx.Response:
    """What a browser is answered that comes back from a provider."""
    begun = await client.get(f"{AUTH}/authorize", params={"provider": provider, **query})
    return await client.get(await consent(begun))


def handed_over(answer: httpx.Response) -> dict[str, str]:
    """What an address hands to the page, and where it goes."""
    parts = urlsplit(answer.headers["location"])
    values = {name: value[0] for name, value in parse_qs(parts.fragment or parts.query).items()}
    return {"target": f"{parts.scheme}://{parts.netloc}{parts.path}", **values}


async def exchanged(client: httpx.AsyncClient, code: str, verifier: str) -> httpx.Response:
    body = {"auth_code": code, "code_verifier": verifier}
    return await client.post(f"{AUTH}/token", params={"grant_type": "pkce"}, json=body)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_with_a_challenge_the_client_exchanges_the_code(
    client: httpx.AsyncClient, provider: ProviderServer, name: str
) -> None:
    verifier = secrets.token_hex(28)
    query = {"redirect_to": f"{SITE}/compte?a=1", **challenge_of(verifier)}
    back = handed_over(await to_provider_and_back(client, name, **query))
    assert (back["target"], back["a"]) == (f"{SITE}/compte", "1")
    answer = await exchanged(client, back["code"], verifier)
    assert answer.status_code == 200, answer.text
    session = answer.json()
    assert await is_in(client, session["access_token"])
    user = session["user"]
    assert user["app_metadata"] == {"provider": name, "providers": [name]}
    assert user["identities"][0]["identity_data"]["email_verified"] is True
    assert user["email_confirmed_at"] is not None
    must_refuse(await exchanged(client, back["code"], verifier), 404, "flow_state_not_found")


async def test_a_code_is_worthless_without_its_verifier(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    query = {"redirect_to": SITE, **challenge_of(secrets.token_hex(28))}
    back = handed_over(await to_provider_and_back(client, "github", **query))
    must_refuse(await exchanged(client, back["code"], secrets.token_hex(28)), 404, "flow_state_not_found")


@pytest.mark.parametrize("name", PROVIDERS)
async def test_without_a_challenge_the_session_comes_in_the_address(
    client: httpx.AsyncClient, provider: ProviderServer, name: str
) -> None:
    first = await to_provider_and_back(client, name, redirect_to=f"{SITE}/compte")
    assert first.headers["location"].startswith("http://relais.test/auth/v1/callback?")
    second = await client.get(first.headers["location"])
    assert second.status_code == 303
    assert second.headers["cache-control"] == "no-store"
    back = handed_over(second)
    assert (back["target"], back["token_type"]) == (f"{SITE}/compte", "bearer")
    assert await is_in(client, back["access_token"])
    assert not urlsplit(second.headers["location"]).query
    again = handed_over(await client.get(first.headers["location"]))
    assert "access_token" not in again
    assert again["error"] == "access_denied"


async def test_a_session_is_handed_to_nobody_but_the_browser_that_set_out(
    client: httpx.AsyncClient, app: FastAPI, provider: ProviderServer
) -> None:
    first = await to_provider_and_back(client, "github", redirect_to=f"{SITE}/compte")
    async with client_of(app) as other:
        back = handed_over(await other.get(first.headers["location"]))
    assert (back["error_code"], "access_token" in back) == ("bad_oauth_state", False)
    # And the browser itself still gets there.
    assert "access_token" in handed_over(await client.get(first.headers["location"]))


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example/",
        "//evil.example",
        f"{SITE}.evil.example",
        "http://relais.test/auth/v1/callback",
        "x" * 3000,
    ],
)
@pytest.mark.parametrize("with_challenge", [True, False])
async def test_a_browser_goes_back_to_the_application_and_nowhere_else(
    client: httpx.AsyncClient, provider: ProviderServer, hostile: str, with_challenge: bool
) -> None:
    challenge = challenge_of(secrets.token_hex(28)) if with_challenge else {}
    answer = await to_provider_and_back(client, "github", redirect_to=hostile, **challenge)
    if not with_challenge:
        answer = await client.get(answer.headers["location"])
    assert handed_over(answer)["target"].rstrip("/") == SITE


async def test_nobody_is_led_astray_on_the_way_back(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    first = await to_provider_and_back(client, "github", redirect_to=SITE)
    url = httpx.URL(first.headers["location"]).copy_set_param("redirect_to", "https://evil.example/")
    assert handed_over(await client.get(url))["target"].rstrip("/") == SITE


async def test_whoever_declines_is_told_so_in_their_application(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    begun = await client.get(f"{AUTH}/authorize", params={"provider": "github", "redirect_to": f"{SITE}/compte"})
    returning = httpx.URL(await consent(begun))
    returning = returning.copy_with(params={"state": returning.params["state"], "error": "access_denied"})
    first = await client.get(returning)
    back = handed_over(await client.get(first.headers["location"]))
    assert (back["target"], back["error"], back["error_code"]) == (f"{SITE}/compte", "access_denied", "oauth_denied")


async def test_words_of_strangers_are_not_shown(client: httpx.AsyncClient) -> None:
    query = {"error_code": "server_error", "error_description": "Appelez le 0800", "state": "x" * 22}
    back = handed_over(await client.get(f"{AUTH}/callback", params=query))
    assert "0800" not in back["error_description"]


async def test_an_account_that_may_be_a_strangers_is_not_entered(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    member = await signed_up(client)
    provider.who = visitor(member.email)
    verifier = secrets.token_hex(28)
    query = {"redirect_to": SITE, **challenge_of(verifier)}
    back = handed_over(await to_provider_and_back(client, "github", **query))
    assert "code" not in back
    assert back["error_code"] == "unproven_account"


async def test_a_second_factor_is_asked_for_here_too(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    person = await guarded(client, database)
    await database.execute("update relais.users set email_verified_at = now() where id = $1", person.member.id)
    provider.who = visitor(person.member.email)
    verifier = secrets.token_hex(28)
    query = {"redirect_to": SITE, **challenge_of(verifier)}
    back = handed_over(await to_provider_and_back(client, "github", **query))
    must_refuse(await exchanged(client, back["code"], verifier), 403, "insufficient_aal")
    first = await to_provider_and_back(client, "github", redirect_to=SITE)
    back = handed_over(await client.get(first.headers["location"]))
    assert (back["error_code"], "access_token" in back) == ("insufficient_aal", False)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "oauth_provider_not_supported"),
        ({"provider": "gitlab"}, 400, "oauth_provider_not_supported"),
        ({"provider": "../../x"}, 400, "oauth_provider_not_supported"),
        (
            {"provider": "github", "code_challenge": "x" * 43, "code_challenge_method": "plain"},
            400,
            "validation_failed",
        ),
        ({"provider": "github", "code_challenge": "x", "code_challenge_method": "s256"}, 400, "validation_failed"),
    ],
)
async def test_what_cannot_be_had_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], status: int, code: str
) -> None:
    must_refuse(await client.get(f"{AUTH}/authorize", params=query), status, code)


async def test_a_provider_that_is_not_set_up_is_refused(cheap: Settings) -> None:
    async with started(create_app(cheap)) as app, client_of(app) as client:
        must_refuse(await client.get(f"{AUTH}/authorize", params={"provider": "github"}), 400, "provider_disabled")


async def test_the_providers_that_are_set_up_are_told(client: httpx.AsyncClient) -> None:
    external = (await client.get(f"{AUTH}/settings")).json()["external"]
    assert (external["github"], external["google"]) == (True, True)
