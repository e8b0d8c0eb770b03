"""Signing in with GitHub and Google, against a provider with their endpoints."""

import asyncio
import json
import secrets

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import bearer, signed_up, some_email, with_group
from tests.accounts.oauth_provider import ProviderServer, visitor
from tests.accounts.oauth_travel import (
    SITE,
    landed,
    message_of,
    set_out,
    tokens_of,
    told,
    travel,
    user_of,
    with_provider,
)
from tests.conftest import client_of, started

PROVIDERS = ("github", "google")


@pytest.mark.parametrize("name", PROVIDERS)
async def test_somebody_new_gets_an_account_and_a_session(
    client: httpx.AsyncClient, provider: ProviderServer, name: str
) -> None:
    email = some_email("Lea")
    provider.who = visitor(email)
    tokens = tokens_of(await travel(client, name))
    assert set(tokens) == {"accessToken", "refreshToken", "expiresIn"}
    user = await user_of(client, tokens["accessToken"])
    assert (user["email"], user["emailVerified"], user["fullName"]) == (email, True, "Léa Martin")
    assert user["username"] == email.partition("@")[0]
    assert str(user["avatarUrl"]).startswith("https://")
    refreshed = await client.post("/api/auth/refresh", json={"refreshToken": tokens["refreshToken"]})
    assert refreshed.status_code == 200


async def test_what_goes_to_github_is_what_it_wants(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    await set_out(client, "github")
    assert provider.begun["scope"] == "read:user user:email repo"
    assert provider.begun["redirect_uri"] == "http://relais.test/api/auth/oauth/callback/github"
    assert provider.begun["code_challenge_method"] == "S256"


async def test_what_goes_to_google_is_what_it_wants(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    await set_out(client, "google")
    assert provider.begun["scope"].split()[:3] == ["openid", "email", "profile"]
    assert provider.begun["scope"].endswith("/auth/drive.file")
    assert provider.begun["access_type"] == "offline"
    assert len(provider.begun["nonce"]) >= 32


async def test_each_journey_has_its_own_state_challenge_and_nonce(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    seen = []
    for _ in range(2):
        await set_out(client, "google")
        seen.append([provider.begun[key] for key in ("state", "code_challenge", "nonce")])
    assert len({value for values in seen for value in values}) == 6


async def test_the_address_of_this_service_may_be_set(cheap: Settings, provider: ProviderServer) -> None:
    settings = with_provider(cheap, provider, callback_url="https://api.example.org/")
    async with started(create_app(settings)) as app, client_of(app) as client:
        begun = await client.get("/api/auth/oauth/github")
    assert "redirect_uri=https%3A%2F%2Fapi.example.org%2Fapi%2Fauth%2Foauth%2Fcallback%2Fgithub" in str(landed(begun))
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-relais_oauth_")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))


@pytest.mark.parametrize("name", PROVIDERS)
async def test_whoever_comes_again_is_the_same_whatever_their_address_is_now(
    client: httpx.AsyncClient, provider: ProviderServer, name: str
) -> None:
    first = await user_of(client, tokens_of(await travel(client, name))["accessToken"])
    again = provider.who.number
    provider.who = visitor(some_email())
    provider.who.number = again
    provider.who.userinfo["sub"] = provider.who.sub
    second = await user_of(client, tokens_of(await travel(client, name))["accessToken"])
    assert (second["id"], second["email"]) == (first["id"], first["email"])


async def test_a_user_name_that_is_taken_gets_a_number(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    login = f"pris-{secrets.token_hex(4)}"
    await signed_up(client, username=login)
    provider.who = visitor(some_email(), login=login)
    user = await user_of(client, tokens_of(await travel(client, "github"))["accessToken"])
    assert str(user["username"]).startswith(f"{login}-")


async def test_many_returns_of_one_stranger_at_once_make_one_account(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    returns = [await set_out(client, name) for name in PROVIDERS for _ in range(6)]
    answers = await asyncio.gather(*(client.get(url) for url in returns))
    tokens = [tokens_of(landed(answer)) for answer in answers]
    users = {str((await user_of(client, pair["accessToken"]))["id"]) for pair in tokens}
    assert len(users) == 1
    assert await database.fetchval("select count(*) from relais.oauth_accounts where user_id = $1", users.pop()) == 2


async def test_tokens_of_providers_are_kept_encrypted(
    app: FastAPI, client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    tokens = tokens_of(await travel(client, "google"))
    user = await user_of(client, tokens["accessToken"])
    row = await database.fetchrow(
        "select access_token, refresh_token, token_expires_at > now() as fresh from relais.oauth_accounts"
        " where user_id = $1",
        user["id"],
    )
    assert row is not None
    assert row["fresh"]
    assert b"access-" not in row["access_token"]
    assert b"refresh-" not in row["refresh_token"]
    keys = app.state.accounts.keys
    assert provider.tokens[keys.unseal(row["access_token"]).decode()] is provider.who
    assert provider.refresh_tokens[keys.unseal(row["refresh_token"]).decode()] is provider.who


async def test_nothing_of_a_journey_can_be_read_in_the_database(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    await set_out(client, "google")
    rows = await database.fetch("select t::text as line from relais.one_time_tokens as t")
    lines = " ".join(row["line"] for row in rows)
    assert provider.begun["nonce"] not in lines
    assert provider.begun["state"] not in lines


# --- Who gets into which account ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_account_whose_address_is_proved_is_entered_and_linked(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection, name: str
) -> None:
    member = await signed_up(client)
    await database.execute("update relais.users set email_verified_at = now() where id = $1", member.id)
    provider.who = visitor(member.email.upper())
    user = await user_of(client, tokens_of(await travel(client, name))["accessToken"])
    assert user["id"] == member.id


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_account_that_a_stranger_may_have_made_for_an_address_is_not_entered(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection, name: str
) -> None:
    member = await signed_up(client)
    provider.who = visitor(member.email)
    assert message_of(await travel(client, name)).startswith("Un compte existe déjà avec cet email")
    assert await database.fetchval("select count(*) from relais.oauth_accounts where user_id = $1", member.id) == 0
    verified = await database.fetchval("select email_verified_at from relais.users where id = $1", member.id)
    assert verified is None


async def test_an_imported_account_that_nobody_uses_is_claimed_by_its_address(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    member = await signed_up(client)
    await database.execute("delete from relais.sessions where user_id = $1", member.id)
    await database.execute("update relais.users set password_hash = null where id = $1", member.id)
    provider.who = visitor(member.email)
    user = await user_of(client, tokens_of(await travel(client, "github"))["accessToken"])
    assert (user["id"], user["emailVerified"]) == (member.id, True)


async def test_an_unproved_account_without_password_that_somebody_is_in_is_not_entered(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    member = await signed_up(client)
    await database.execute("update relais.users set password_hash = null where id = $1", member.id)
    provider.who = visitor(member.email)
    assert message_of(await travel(client, "github")).startswith("Un compte existe déjà")


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_address_that_the_provider_has_not_verified_is_none(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection, name: str
) -> None:
    member = await signed_up(client)
    await database.execute("update relais.users set email_verified_at = now() where id = $1", member.id)
    provider.who = visitor(member.email, verified=False)
    assert message_of(await travel(client, name)) == "Email non disponible"


@pytest.mark.parametrize("verified", ["true", 1, None, "yes"])
async def test_only_a_plain_true_says_that_an_address_is_verified(
    client: httpx.AsyncClient, provider: ProviderServer, verified: object
) -> None:
    provider.who.claims["email_verified"] = verified
    provider.who.emails[0]["verified"] = verified
    for name in PROVIDERS:
        assert message_of(await travel(client, name)) == "Email non disponible"


async def test_the_main_address_counts_and_not_the_first_one(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    main, first = some_email("principale"), some_email("premiere")
    provider.who.emails = [
        {"email": first, "primary": False, "verified": True},
        {"email": some_email(), "primary": False, "verified": False},
        {"email": main, "primary": True, "verified": True},
    ]
    user = await user_of(client, tokens_of(await travel(client, "github"))["accessToken"])
    assert user["email"] == main
    provider.who = visitor(first)
    provider.who.emails[0]["primary"] = False
    assert message_of(await travel(client, "github")) == "Email non disponible"


async def test_an_address_that_is_told_elsewhere_is_believed_of_the_same_person_only(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    email = provider.who.userinfo["email"]
    provider.who.claims = {}
    user = await user_of(client, tokens_of(await travel(client, "google"))["accessToken"])
    assert user["email"] == email
    provider.who = visitor(some_email())
    provider.who.claims = {}
    provider.who.userinfo["sub"] = "sub-of-another"
    assert message_of(await travel(client, "google")) == "Réponse du fournisseur illisible"


async def test_a_disabled_account_is_not_entered(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    user = await user_of(client, tokens_of(await travel(client, "github"))["accessToken"])
    await database.execute("update relais.users set disabled_at = now() where id = $1", user["id"])
    for name in PROVIDERS:
        assert message_of(await travel(client, name)) == "Ce compte est désactivé"


async def test_where_signing_up_is_closed_only_members_come_in(cheap: Settings, provider: ProviderServer) -> None:
    settings = with_provider(cheap, provider)
    async with started(create_app(settings)) as app, client_of(app) as client:
        tokens_of(await travel(client, "github"))
    async with started(create_app(with_group(settings, "auth", sign_up=False))) as app, client_of(app) as client:
        tokens_of(await travel(client, "github"))
        provider.who = visitor(some_email())
        assert message_of(await travel(client, "github")) == "Les inscriptions sont fermées"


async def test_whoever_has_a_second_factor_is_asked_for_it(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    user = await user_of(client, tokens_of(await travel(client, "github"))["accessToken"])
    await database.execute(
        "insert into relais.second_factors (user_id, secret, confirmed_at) values ($1, '\\x00', now())", user["id"]
    )
    values = told(await travel(client, "github"))
    assert set(values) == {"oauth", "mfaToken"}
    assert values["oauth"] == "mfa"
    code = told(await travel(client, "github", flow="code"))["code"]
    answer = await client.post("/api/auth/oauth/exchange", json={"code": code})
    assert answer.json()["mfaRequired"] is True
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_new_member_joins_the_tenant_of_the_host_that_they_came_by_if_it_is_open(
    cheap: Settings, provider: ProviderServer, database: asyncpg.Connection, is_open: bool
) -> None:
    slug = f"t{secrets.token_hex(4)}"
    statement = "insert into relais.tenants (slug, name, open_sign_up) values ($1, $1, $2) returning id"
    tenant = await database.fetchval(statement, slug, is_open)
    users = await database.fetchval("select count(*) from relais.users")
    settings = with_provider(cheap, provider, callback_url="http://relais.test")
    settings = with_group(settings, "auth", tenant_hosts=f"{slug}.test={slug}")
    async with started(create_app(settings)) as app, client_of(app) as client:
        begun = await client.get("/api/auth/oauth/github", headers={"Host": f"{slug}.test"})
        async with httpx.AsyncClient() as browser:
            back = await browser.get(begun.headers["location"])
        cookie = begun.headers["set-cookie"].partition(";")[0]
        url = landed(await client.get(back.headers["location"], headers={"Cookie": cookie}))
        if not is_open:
            assert message_of(url) == "Cet espace n'accueille que les personnes invitées"
            assert await database.fetchval("select count(*) from relais.users") == users
            return
        user = await user_of(client, tokens_of(url)["accessToken"])
    joined = await database.fetch("select tenant_id from relais.memberships where user_id = $1", user["id"])
    assert [row["tenant_id"] for row in joined] == [tenant]


# --- Coming back ----------------------------------------------------------------------------------------------------


INVALID = "Cette tentative de connexion n'est pas valide ou a expiré, veuillez réessayer"


async def test_a_return_is_good_once(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    url = await set_out(client, "github")
    begun = httpx.Cookies(client.cookies)
    tokens_of(landed(await client.get(url)))
    client.cookies = begun
    assert message_of(landed(await client.get(url))) == INVALID


async def test_of_two_returns_at_once_one_succeeds(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    url = await set_out(client, "github")
    answers = await asyncio.gather(*(client.get(url) for _ in range(5)))
    assert sorted("tokens=" in str(landed(answer)) for answer in answers) == [False] * 4 + [True]


async def test_nobody_comes_back_from_somebody_elses_journey(
    app: FastAPI, client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    # The attacker sets out and has the victim's browser return, which may have a journey of its own.
    url = await set_out(client, "github")
    async with client_of(app) as victim:
        await set_out(victim, "github")
        answer = await victim.get(url)
    assert message_of(landed(answer)) == INVALID
    assert "/login/oauth/access_token" not in provider.asked


async def test_several_tabs_may_set_out(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    urls = [await set_out(client, name) for name in (*PROVIDERS, *PROVIDERS)]
    for url in reversed(urls):
        tokens_of(landed(await client.get(url)))
    assert not client.cookies


async def test_a_return_is_to_the_provider_that_one_set_out_to(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    url = await set_out(client, "github")
    answer = await client.get(url.replace("/callback/github", "/callback/google"))
    assert message_of(landed(answer)) == INVALID


async def test_a_journey_ends_after_ten_minutes(
    client: httpx.AsyncClient, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    url = await set_out(client, "github")
    await database.execute(
        "update relais.one_time_tokens set expires_at = expires_at - interval '600 seconds'"
        " where purpose = 'oauth_state' and used_at is null"
    )
    assert message_of(landed(await client.get(url))) == INVALID


@pytest.mark.parametrize("state", ["", "x", "%00", "%ed%a0%80", "a" * 5000, "é", "' or 1=1 --"])
async def test_a_state_that_is_none_of_ours_leads_to_a_message(client: httpx.AsyncClient, state: str) -> None:
    for name in PROVIDERS:
        answer = await client.get(f"/api/auth/oauth/callback/{name}?code=x&state={state}")
        assert message_of(landed(answer)) == INVALID


async def test_a_return_with_nothing_misses_its_code(client: httpx.AsyncClient) -> None:
    for name in PROVIDERS:
        answer = await client.get(f"/api/auth/oauth/callback/{name}")
        assert message_of(landed(answer)) == "Code manquant"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("error=access_denied", "Connexion annulée"),
        ("error=server_error&error_description=<script>", "Le fournisseur a refusé la connexion, veuillez réessayer"),
        ("", "Code manquant"),
        ("code=", "Code manquant"),
        ("code=faux", "Le fournisseur a refusé la connexion, veuillez réessayer"),
        ("code=%00", "Le fournisseur a refusé la connexion, veuillez réessayer"),
        ("code=" + "x" * 5000, "Le fournisseur a refusé la connexion, veuillez réessayer"),
    ],
)
async def test_a_return_without_a_good_code_leads_to_a_message(
    client: httpx.AsyncClient, provider: ProviderServer, query: str, message: str
) -> None:
    for name in PROVIDERS:
        state = told(httpx.URL(await set_out(client, name)))["state"]
        answer = await client.get(f"/api/auth/oauth/callback/{name}?state={state}&{query}")
        assert message_of(landed(answer)) == message


async def test_a_code_of_another_journey_is_no_good(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    # Somebody else's code, brought into one's own journey: the verifier does not fit.
    stolen = told(httpx.URL(await set_out(client, "github")))["code"]
    state = told(httpx.URL(await set_out(client, "github")))["state"]
    answer = await client.get(f"/api/auth/oauth/callback/github?state={state}&code={stolen}")
    assert message_of(landed(answer)) == "Le fournisseur a refusé la connexion, veuillez réessayer"


async def test_redirects_are_not_kept_by_caches(client: httpx.AsyncClient, provider: ProviderServer) -> None:
    begun = await client.get("/api/auth/oauth/github")
    ended = await client.get(await set_out(client, "github"))
    assert begun.headers["cache-control"] == ended.headers["cache-control"] == "no-store"
    assert ended.headers["referrer-policy"] == "no-referrer"


# --- Setting out ----------------------------------------------------------------------------------------------------


async def test_an_unknown_provider_is_refused(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/api/auth/oauth/gitlab"),
        await client.post("/api/auth/oauth/gitlab", json={}),
        await client.get("/api/auth/oauth/GitHub"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PROVIDER")
        assert answer.json()["error"] == answer.json()["message"] == "Provider invalide"


@pytest.mark.parametrize(("name", "title"), [("github", "GitHub"), ("google", "Google")])
async def test_a_provider_that_is_not_set_up_is_refused(cheap: Settings, name: str, title: str) -> None:
    async with started(create_app(cheap)) as app, client_of(app) as client:
        for answer in (
            await client.get(f"/api/auth/oauth/{name}"),
            await client.post(f"/api/auth/oauth/{name}", json={"redirectTo": "http://localhost:5173/"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "OAUTH_NOT_CONFIGURED")
            assert answer.json()["error"] == f"OAuth {title} non configuré"


async def test_setting_out_by_json_gives_the_address_to_go_to(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    answer = await client.post(
        "/api/auth/oauth/github", json={"redirect_to": f"{SITE}/profil"}, headers=bearer("expired")
    )
    assert answer.status_code == 200
    assert answer.json() == {"url": f"http://relais.test/api/auth/oauth/github?redirectTo={_quoted(SITE)}%2Fprofil"}
    async with httpx.AsyncClient() as browser:
        back = await browser.get((await client.get(answer.json()["url"])).headers["location"])
    tokens_of(landed(await client.get(back.headers["location"])))


def _quoted(text: str) -> str:
    return text.replace(":", "%3A").replace("/", "%2F")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example/auth",
        "/auth",
        "https:/app.example.org",
        "https:app.example.org",
        "http://app.example.org/",
        "https://app.example.org.evil.example/",
        "https://app.example.org@evil.example/",
        "https://user:word@app.example.org/",
        "https://app.example.org:444/",
        "https://app.example.org:99999/",
        "https://evil.example\\@app.example.org/",
        "https://app.example.org\\.evil.example/",
        "https://app.example.org%2eevil.example/",
        "https://app.example.org\u2024evil.example/",
        "https://app.example.org\t.evil.example/",
        "https://app.example.org/\r\nSet-Cookie: a=b",
        " https://app.example.org/",
        "javascript:alert(1)",
        "JaVaScRiPt://app.example.org/%0aalert(1)",
        "data:text/html,<script>",
        "https://other.example.org/",
        "https://other.example.org/here/below",
        "https://other.example.org/hereafter",
        "https://wide.example.org/",
        "https://wide.example.org/apple",
        "https://wide.example.org/app/../secret",
        "https://wide.example.org/app/%2e%2e/secret",
        "https://wide.example.org/app/%252e%252e/secret",
        "https://wide.example.org/app/..%2fsecret",
        "https://wide.example.org/app/..;/secret",
        "relais-app://signed-in/elsewhere",
        "relais-app://",
        "https://[::1",
        "https://",
        "https://app.example.org/" + "a" * 3000,
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_allowed(
    client: httpx.AsyncClient, provider: ProviderServer, target: str
) -> None:
    for name, answer in (
        ("get", await client.get("/api/auth/oauth/github", params={"redirectTo": target})),
        ("snake", await client.get("/api/auth/oauth/github", params={"redirect_to": target})),
        ("post", await client.post("/api/auth/oauth/github", json={"redirectTo": target})),
    ):
        assert answer.status_code == 400, name
        assert answer.json()["code"] in ("REDIRECT_NOT_ALLOWED", "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("wanted", "page"),
    [
        ("", f"{SITE}/auth"),
        (SITE, f"{SITE}/auth"),
        (f"{SITE}/", f"{SITE}/auth"),
        (f"{SITE}/profil?a=b#c", f"{SITE}/auth"),
        ("http://localhost:5173/", "http://localhost:5173/auth"),
        ("https://other.example.org/here", "https://other.example.org/here"),
        ("https://wide.example.org/app/x", "https://wide.example.org/app/x"),
        ("relais-app://signed-in", "relais-app://signed-in"),
    ],
)
async def test_tokens_go_to_the_page_of_the_frontend_that_takes_them(
    client: httpx.AsyncClient, provider: ProviderServer, wanted: str, page: str
) -> None:
    query = {"redirectTo": wanted} if wanted else {}
    url = await travel(client, "github", **query)
    assert str(url).startswith(f"{page}?oauth=success&tokens=%7B%22accessToken%22%3A%22")
    back = told(httpx.URL(await set_out(client, "github", **query)))["state"]
    failed = await client.get(f"/api/auth/oauth/callback/github?state={back}&error=access_denied")
    assert str(landed(failed)) == f"{page}?error=oauth_error&message=Connexion%20annul%C3%A9e"


@pytest.mark.parametrize("query", ["state=%00", "link=perhaps", "flow=none", "code_challenge=x", "ticket=%00"])
async def test_what_makes_no_sense_is_refused_in_the_one_shape(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/auth/oauth/github?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "body", [[], 1, "x", {"redirectTo": 1}, {"redirectTo": ["x"]}, {"link": "maybe"}, {"redirectTo": "\ud800"}]
)
async def test_a_body_that_makes_no_sense_is_refused_in_the_one_shape(client: httpx.AsyncClient, body: object) -> None:
    content = str.encode(repr(body)) if body == 1 else _json(body)
    answer = await client.post("/api/auth/oauth/github", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


async def test_setting_out_is_limited_by_its_own_rate(cheap: Settings, provider: ProviderServer) -> None:
    settings = with_group(with_provider(cheap, provider), "limits", oauth="2/60")
    async with started(create_app(settings)) as app, client_of(app) as client:
        statuses = [(await client.get("/api/auth/oauth/github")).status_code for _ in range(3)]
        assert (await client.get("/api/health")).status_code == 200
    assert statuses == [302, 302, 429]


async def test_without_redis_people_still_come_in(cheap: Settings, provider: ProviderServer) -> None:
    settings = with_group(with_provider(cheap, provider), "redis", url=SecretStr("redis://127.0.0.1:1/0"))
    async with started(create_app(settings)) as app, client_of(app) as client:
        tokens = tokens_of(await travel(client, "google"))
        assert await user_of(client, tokens["accessToken"])


async def test_without_postgresql_the_browser_gets_back_with_a_message(
    cheap: Settings, provider: ProviderServer
) -> None:
    away = SecretStr("postgresql://nobody@127.0.0.1:1/nowhere")
    settings = with_group(with_provider(cheap, provider), "database", url=away, read_url=None)
    async with started(create_app(settings)) as app, client_of(app) as client:
        for path in ("/api/auth/oauth/github", "/api/auth/oauth/callback/github?state=x&code=y"):
            assert message_of(landed(await client.get(path))) == "Erreur serveur interne"
