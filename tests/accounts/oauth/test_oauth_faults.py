"""Providers that are away, slow, or lie: the browser always gets back to the frontend, and nobody gets in."""

import base64
import gzip
import hmac
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from joserfc.jwk import RSAKey

from tests.accounts.conftest import some_email
from tests.accounts.oauth_provider import Answer, ProviderServer, json_answer, signed, visitor
from tests.accounts.oauth_travel import landed, message_of, set_out, tokens_of, travel, with_provider
from tests.conftest import client_of, started

AWAY = "Le fournisseur ne répond pas, veuillez réessayer plus tard"
REFUSED = "Le fournisseur a refusé la connexion, veuillez réessayer"
UNREADABLE = "Réponse du fournisseur illisible"
NO_TOKEN = "Token d'accès non reçu"
ALL = {AWAY, REFUSED, UNREADABLE, NO_TOKEN}
NESTED = b"[" * 200_000
#: Where each provider is asked on the way in, after the browser is back.
GITHUB = ("/login/oauth/access_token", "/user", "/user/emails")
GOOGLE = ("/token", "/jwks", "/userinfo")
FAULTS: dict[str, Callable[[], Answer | None]] = {
    "breaks off": lambda: None,
    "500": lambda: Answer(500, b"oops"),
    "503 in JSON": lambda: json_answer({"error": "busy"}, 503),
    "a page": lambda: Answer(200, b"<html>maintenance</html>", {"Content-Type": "text/html"}),
    "nothing": lambda: Answer(200, b""),
    "half of it": lambda: Answer(200, b'{"access_token": "x'),
    "no text": lambda: Answer(200, b"\xff\xfe\x00\xd8"),
    "nesting": lambda: Answer(200, NESTED),
    "a long number": lambda: Answer(200, b"1" * 10_000),
    "too much": lambda: Answer(200, b'"' + b"a" * 3_000_000 + b'"'),
    "a bomb": lambda: Answer(200, gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}),
    "null": lambda: json_answer(None),
    "a list": lambda: json_answer([1, None, "x", {}]),
    "an empty object": lambda: json_answer({}),
    "a loop": lambda: Answer(302, b"", {"Location": "/user"}),
    "another host": lambda: Answer(307, b"", {"Location": "http://169.254.169.254/"}),
    "403": lambda: json_answer({"message": "rate limit"}, 403),
    "429": lambda: Answer(429, b"slow down"),
}


def fails(url: httpx.URL) -> None:
    """The browser is back at the frontend with words for people."""
    assert message_of(url) in ALL | {"Email non disponible"}


@pytest.fixture
async def app(cheap: Settings, serving: ProviderServer) -> AsyncGenerator[FastAPI]:
    """An API that has not asked the provider for anything yet."""
    async with started(create_app(with_provider(cheap, serving))) as app:
        yield app


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_github_answers_the_browser_gets_back(
    client: httpx.AsyncClient, provider: ProviderServer, fault: str
) -> None:
    for path in GITHUB:
        url = await set_out(client, "github")
        provider.faults = {path: FAULTS[fault]}
        fails(landed(await client.get(url)))
        assert path in provider.asked
        provider.reset()


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_google_answers_the_browser_gets_back(
    client: httpx.AsyncClient, provider: ProviderServer, fault: str
) -> None:
    provider.who.claims = {}
    for path in GOOGLE:
        provider.rotate()
        url = await set_out(client, "google")
        provider.faults = {path: FAULTS[fault]}
        fails(landed(await client.get(url)))
        assert path in provider.asked
        provider.reset()


@pytest.mark.parametrize(("name", "path"), [("github", "/login/oauth/access_token"), ("google", "/token")])
async def test_an_answer_without_a_token_is_told_in_the_frontends_words(
    client: httpx.AsyncClient, provider: ProviderServer, name: str, path: str
) -> None:
    url = await set_out(client, name)
    provider.faults = {path: lambda: json_answer({"token_type": "bearer"})}
    assert message_of(landed(await client.get(url))) == NO_TOKEN


async def test_a_provider_that_is_configured_no_longer_is_told_in_the_frontends_words(
    client: httpx.AsyncClient, provider: ProviderServer, app: FastAPI
) -> None:
    url = await set_out(client, "github")
    accounts = app.state.accounts
    without = accounts.settings.oauth.model_copy(update={"github_client_id": ""})
    settings = accounts.settings.model_copy(update={"oauth": without})
    app.state.accounts = replace(accounts, settings=settings)
    assert message_of(landed(await client.get(url))) == "OAuth non configuré"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_description_that_is_none_leads_back_with_a_message(
    cheap: Settings, provider: ProviderServer, fault: str
) -> None:
    # Another spelling of the same address is another issuer to us: its description is not known yet.
    issuer = provider.url.replace("127.0.0.1", "localhost")
    provider.faults = {"/.well-known/openid-configuration": FAULTS[fault]}
    async with (
        started(create_app(with_provider(cheap, provider, google_issuer=issuer))) as app,
        client_of(app) as client,
    ):
        fails(landed(await client.get("/api/auth/oauth/google")))


@pytest.mark.parametrize("compressed", [False, True])
async def test_an_answer_that_would_be_right_is_not_read_beyond_its_bounds(
    client: httpx.AsyncClient, provider: ProviderServer, compressed: bool
) -> None:
    right = json.dumps({"id": provider.who.number, "login": "octocat"}).encode()
    answer = Answer(200, right + b" " * 2_000_000)
    if compressed:
        answer = Answer(200, gzip.compress(right), {"Content-Encoding": "gzip"})
    provider.faults = {"/user": lambda: answer}
    assert message_of(await travel(client, "github")) == UNREADABLE
    provider.faults = {"/user": lambda: Answer(200, right)}
    tokens_of(await travel(client, "github"))


async def test_a_description_of_another_issuer_is_not_believed(cheap: Settings, provider: ProviderServer) -> None:
    settings = with_provider(cheap, provider, google_issuer=provider.url.replace("127.0.0.1", "localhost"))
    async with started(create_app(settings)) as app, client_of(app) as client:
        assert message_of(landed(await client.get("/api/auth/oauth/google"))) == UNREADABLE


@pytest.mark.parametrize("name", ["github", "google"])
async def test_a_provider_that_cannot_be_reached_leads_back_with_a_message(
    cheap: Settings, provider: ProviderServer, name: str
) -> None:
    away = {"github_api_url": "http://127.0.0.1:1", "google_issuer": "http://127.0.0.1:1"}
    async with started(create_app(with_provider(cheap, provider, **away))) as app, client_of(app) as client:
        begun = await client.get(f"/api/auth/oauth/{name}")
        url = landed(begun) if name == "google" else landed(await client.get(await set_out(client, name)))
    assert message_of(url) == AWAY


async def test_a_slow_provider_is_not_waited_for(cheap: Settings, provider: ProviderServer) -> None:
    go_on = threading.Event()

    def slowly() -> Answer:
        go_on.wait(30)
        return json_answer({})

    async with (
        started(create_app(with_provider(cheap, provider, timeout_seconds=0.3))) as app,
        client_of(app) as client,
    ):
        url = await set_out(client, "github")
        provider.faults = {"/user": slowly}
        begun = time.monotonic()
        answer = await client.get(url)
        took = time.monotonic() - begun
    go_on.set()
    assert message_of(landed(answer)) == AWAY
    assert took < 15


@pytest.mark.parametrize(
    "grant",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": ["x"]},
        {"access_token": "a\nb"},
        {"access_token": "é"},
        {"access_token": "a" * 100_000},
        {"token_type": "mac"},
        {"token_type": ["bearer"]},
        {"expires_in": "soon"},
        {"expires_in": {}},
        {"expires_in": 10**400},
        {"expires_in": -(10**30)},
        {"error": "bad"},
        {"error": {"a": 1}},
    ],
)
async def test_an_unusable_grant_lets_nobody_in(
    client: httpx.AsyncClient, provider: ProviderServer, grant: dict[str, Any]
) -> None:
    provider.grant = grant
    for name in ("github", "google"):
        fails(await travel(client, name))


@pytest.mark.parametrize("grant", [{"expires_in": "3600"}, {"expires_in": 10**12}, {"scope": None}, {"scope": [1]}])
async def test_an_odd_grant_does_no_harm(
    client: httpx.AsyncClient, provider: ProviderServer, grant: dict[str, Any]
) -> None:
    provider.grant = grant
    tokens_of(await travel(client, "github"))


@pytest.mark.parametrize("number", [None, "7", 0, -1, True, 1.5, 2**70, [], {}])
async def test_github_users_without_a_number_are_nobody(
    client: httpx.AsyncClient, provider: ProviderServer, number: object
) -> None:
    provider.faults = {"/user": lambda: json_answer({"id": number, "login": "x"})}
    assert message_of(await travel(client, "github")) == UNREADABLE


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a" * 5000, "\u202eevil", 5, None, [], " ", "<b>"])
async def test_odd_names_do_no_harm(client: httpx.AsyncClient, provider: ProviderServer, text: object) -> None:
    number = provider.who.number
    user = {"id": number, "login": text, "name": text, "avatar_url": text}
    provider.faults = {"/user": lambda: json_answer(user)}
    tokens_of(await travel(client, "github"))
    provider.who = visitor(some_email())
    provider.claims = {"name": text, "picture": text}
    tokens_of(await travel(client, "google"))


@pytest.mark.parametrize("email", [None, "", "x", "a@b\x00c", "a b@c.d", 5, [], "a@" + "b" * 300, "@", "\ud800@x.y"])
async def test_odd_addresses_are_none(client: httpx.AsyncClient, provider: ProviderServer, email: object) -> None:
    provider.who.emails[0]["email"] = email
    assert message_of(await travel(client, "github")) == "Email non disponible"
    provider.who.claims["email"] = email
    provider.who.userinfo["email"] = email
    assert message_of(await travel(client, "google")) == "Email non disponible"


# --- ID tokens ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://accounts.google.com"},
        {"iss": None},
        {"iss": ["x"]},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": []},
        {"aud": ["another-client"]},
        {"aud": ["relais-client", "another-client"], "azp": None},
        {"azp": "another-client"},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ""},
        {"exp": 1},
        {"exp": None},
        {"exp": "never"},
        {"exp": float("nan")},
        {"iat": None},
        {"iat": 10**11},
        {"nbf": 10**11},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "a\x00b"},
        {"sub": "s" * 300},
        {"at_hash": "another"},
        {"at_hash": 5},
    ],
)
async def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(
    client: httpx.AsyncClient, provider: ProviderServer, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert message_of(await travel(client, "google")) == UNREADABLE


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _head(provider: ProviderServer, algorithm: str) -> dict[str, Any]:
    return {"alg": algorithm, "kid": provider.key.kid}


def _unsigned(provider: ProviderServer, claims: dict[str, Any]) -> str:
    return f"{_part(_head(provider, 'none'))}.{_part(claims)}."


def _by_public_key(provider: ProviderServer, claims: dict[str, Any]) -> str:
    text = f"{_part(_head(provider, 'HS256'))}.{_part(claims)}"
    code = hmac.digest(provider.key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"


def _by_another_key(provider: ProviderServer, claims: dict[str, Any]) -> str:
    return signed(RSAKey.generate_key(2048), _head(provider, "RS256"), claims)


def _with_its_own_key(_provider: ProviderServer, claims: dict[str, Any]) -> str:
    key = RSAKey.generate_key(2048, {"kid": "own"})
    return signed(key, {"alg": "RS256", "kid": "own", "jwk": key.as_dict(private=False)}, claims)


def _by_another_algorithm(provider: ProviderServer, claims: dict[str, Any]) -> str:
    return signed(provider.key, _head(provider, "PS256"), claims)


def _changed(provider: ProviderServer, claims: dict[str, Any]) -> str:
    head, _, signature = signed(provider.key, _head(provider, "RS256"), claims).split(".")
    return f"{head}.{_part({**claims, 'email': 'chef@example.org'})}.{signature}"


@pytest.mark.parametrize(
    "forged",
    [
        _unsigned,
        _by_public_key,
        _by_another_key,
        _with_its_own_key,
        _by_another_algorithm,
        _changed,
        lambda _provider, _claims: "a.b.c",
        lambda _provider, _claims: "..",
        lambda _provider, _claims: "x" * 10_000,
        lambda _provider, _claims: "é.é.é",
    ],
)
async def test_a_forged_id_token_lets_nobody_in(
    client: httpx.AsyncClient, provider: ProviderServer, forged: Callable[[ProviderServer, dict[str, Any]], str]
) -> None:
    tokens_of(await travel(client, "google"))
    provider.signed = lambda claims: forged(provider, claims)
    assert message_of(await travel(client, "google")) == UNREADABLE


async def test_a_grant_without_an_id_token_lets_nobody_in(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    provider.grant = {"id_token": None}
    assert message_of(await travel(client, "google")) == UNREADABLE


async def test_keys_are_asked_for_once_and_again_when_they_change(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    tokens_of(await travel(client, "google"))
    provider.asked.clear()
    tokens_of(await travel(client, "google"))
    assert "/jwks" not in provider.asked
    assert "/.well-known/openid-configuration" not in provider.asked
    provider.rotate()
    tokens_of(await travel(client, "google"))
    assert provider.asked.count("/jwks") == 1


async def test_several_audiences_are_fine_if_the_token_was_made_for_us(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    provider.claims = {"aud": ["relais-client", "another-client"]}
    tokens_of(await travel(client, "google"))


async def test_an_issuer_may_leave_its_scheme_out(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    provider.claims = {"iss": provider.url.removeprefix("http://")}
    tokens_of(await travel(client, "google"))
