"""Linking an account at a provider to the one here: only ever that of whoever asks, in their own browser."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, bearer, signed_up, some_email
from tests.accounts.oauth_provider import ProviderServer, visitor
from tests.accounts.oauth_travel import (
    SITE,
    consent,
    landed,
    message_of,
    tokens_of,
    told,
    travel,
    user_of,
    with_provider,
)
from tests.accounts.outbox import letters
from tests.conftest import client_of, started

NOT_PROVEN = "Veuillez vous reconnecter avant de lier un compte"
PROFILE = f"{SITE}/profil"


async def ticket(client: httpx.AsyncClient, member: Member, name: str = "github", **fields: Any) -> str:
    """Where a member is sent who wants to link an account."""
    body = {"link": True, "redirectTo": PROFILE, **fields}
    answer = await client.post(f"/api/auth/oauth/{name}", json=body, headers=member.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["url"]


async def follow(client: httpx.AsyncClient, url: str) -> httpx.URL:
    """Where a browser ends up that follows an address to the provider and back."""
    return landed(await client.get(await consent(await client.get(url))))


async def accounts_of(client: httpx.AsyncClient, member: Member) -> list[dict[str, Any]]:
    """What a member has linked."""
    answer = await client.get("/api/oauth-accounts", headers=member.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", ["github", "google"])
async def test_a_member_links_an_account_whatever_its_address_and_signs_in_with_it(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer, name: str
) -> None:
    provider.who = visitor(some_email(), verified=False)
    url = await follow(client, await ticket(client, member, name))
    assert str(url) == f"{PROFILE}?oauth=linked&provider={name}"
    assert [row["provider"] for row in await accounts_of(client, member)] == [name]
    user = await user_of(client, tokens_of(await travel(client, name))["accessToken"])
    assert user["id"] == member.id


async def test_the_owner_is_told_by_mail_when_an_account_is_linked_or_unlinked(
    app: FastAPI, client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    await follow(client, await ticket(client, member))
    (account,) = await accounts_of(client, member)
    answer = await client.delete(f"/api/oauth-accounts/{account['id']}", headers=member.headers)
    assert answer.status_code == 200, answer.text
    told_of = [letter.data for letter in await letters(app, member.email, "provider_changed")]
    assert [(data["link"], data["provider"]) for data in told_of] == [("linked", "github"), ("unlinked", "github")]


async def test_whoever_signs_up_with_a_provider_is_welcomed_once(
    app: FastAPI, client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    provider.who = visitor(email := some_email())
    for _ in range(2):
        tokens_of(await travel(client, "google"))
    assert [letter.template for letter in await letters(app, email)] == ["welcome"]


async def test_the_cookie_of_a_ticket_is_enough(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    await ticket(client, member)
    assert told(await follow(client, "/api/auth/oauth/github?link=true"))["oauth"] == "linked"
    assert len(await accounts_of(client, member)) == 1


async def test_a_browser_without_the_cookie_gets_a_code_that_the_member_exchanges(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    url = await ticket(client, member, "google")
    client.cookies.clear()
    values = told(await follow(client, url))
    assert (values["oauth"], values["provider"]) == ("link", "google")
    assert await accounts_of(client, member) == []
    answer = await client.post("/api/auth/oauth/link", json={"code": values["code"]}, headers=member.headers)
    assert answer.status_code == 200
    account = answer.json()["account"]
    assert (account["provider"], account["providerUserId"]) == ("google", provider.who.sub)
    assert account["tokenExpiresAt"] is not None
    again = await client.post("/api/auth/oauth/link", json={"code": values["code"]}, headers=member.headers)
    assert (again.status_code, again.json()["code"]) == (400, "INVALID_SIGN_IN_CODE")


async def test_nobody_can_have_somebody_elses_account_linked_to_their_own(
    client: httpx.AsyncClient, other: httpx.AsyncClient, member: Member, stranger: Member, provider: ProviderServer
) -> None:
    # The attacker sends the victim, who is signed in at the provider and here, an address with a ticket.
    url = await ticket(other, stranger)
    values = told(await follow(client, url))
    assert values["oauth"] == "link"
    answer = await client.post("/api/auth/oauth/link", json={"code": values["code"]}, headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "LINK_NOT_PROVEN")
    assert await accounts_of(other, stranger) == await accounts_of(client, member) == []
    # The code is gone, even for the attacker.
    answer = await other.post("/api/auth/oauth/link", json={"code": values["code"]}, headers=stranger.headers)
    assert answer.status_code == 400


async def test_a_code_to_link_opens_no_session(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    url = await ticket(client, member)
    client.cookies.clear()
    code = told(await follow(client, url))["code"]
    assert (await client.post("/api/auth/oauth/exchange", json={"code": code})).status_code == 400


async def test_a_link_is_not_begun_without_a_ticket(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    url = await ticket(client, member)
    client.cookies.clear()
    assert message_of(landed(await client.get("/api/auth/oauth/github?link=true&ticket=x"))) == NOT_PROVEN
    # A browser that the frontend merely sends here is told of the way that it can go.
    for query in ("", "&ticket="):
        url_told = landed(await client.get(f"/api/auth/oauth/github?link=true{query}"))
        assert message_of(url_told).startswith("Pour lier ce compte, déconnectez-vous puis connectez-vous avec lui")
        assert (url_told.path, told(url_told)["error"]) == ("/auth", "oauth_error")
    # Nor with one for another provider, which is used up by it.
    assert message_of(landed(await client.get(url.replace("oauth/github", "oauth/google")))) == NOT_PROVEN
    assert message_of(landed(await client.get(url))) == NOT_PROVEN


async def test_a_ticket_is_good_once_and_for_five_minutes(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    url = await ticket(client, member)
    assert told(await follow(client, url))["oauth"] == "linked"
    assert message_of(landed(await client.get(url))) == NOT_PROVEN
    url = await ticket(client, member)
    await database.execute(
        "update relais.one_time_tokens set expires_at = expires_at - interval '300 seconds' where used_at is null"
    )
    assert message_of(landed(await client.get(url))) == NOT_PROVEN


async def test_a_ticket_takes_a_session(client: httpx.AsyncClient, member: Member, provider: ProviderServer) -> None:
    body = {"link": True}
    answer = await client.post("/api/auth/oauth/github", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_MISSING")
    answer = await client.post("/api/auth/oauth/github", json=body, headers=bearer("expired"))
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_TOKEN_INVALID")
    await client.post("/api/auth/signout", headers=member.headers)
    answer = await client.post("/api/auth/oauth/github", json=body, headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")


async def test_an_api_token_links_nothing(client: httpx.AsyncClient, member: Member, provider: ProviderServer) -> None:
    made = await client.post("/api/api-tokens", json={"name": "outil"}, headers=member.headers)
    held = bearer(made.json()["token"])
    for path, body in (("github", {"link": True}), ("link", {"code": "x"})):
        answer = await client.post(f"/api/auth/oauth/{path}", json=body, headers=held)
        assert (answer.status_code, answer.json()["code"]) == (403, "SESSION_REQUIRED"), path


async def test_whoever_signed_in_long_ago_gives_their_password(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer, database: asyncpg.Connection
) -> None:
    await database.execute(
        "update relais.sessions set created_at = now() - interval '1 day' where user_id = $1", member.id
    )
    for body, code in (({}, "RECENT_SIGN_IN_REQUIRED"), ({"password": "Faux-Mot-1"}, "PASSWORD_NOT_CONFIRMED")):
        answer = await client.post("/api/auth/oauth/github", json={"link": True, **body}, headers=member.headers)
        assert answer.json()["code"] == code
    assert told(await follow(client, await ticket(client, member, password=member.password)))["oauth"] == "linked"


async def test_an_account_of_somebody_else_is_not_linked(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    tokens_of(await travel(client, "github"))
    values = told(await follow(client, await ticket(client, member)))
    assert values["message"] == "Ce compte est déjà lié à un autre utilisateur"
    assert await accounts_of(client, member) == []


async def test_linking_again_keeps_one_account(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    for _ in range(2):
        assert told(await follow(client, await ticket(client, member)))["oauth"] == "linked"
    assert len(await accounts_of(client, member)) == 1


async def test_several_links_at_once_leave_one_primary_account(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer
) -> None:
    returns = []
    for number in range(5):
        provider.who = visitor(some_email(f"compte{number}"))
        returns.append(await consent(await client.get(await ticket(client, member))))
    answers = await asyncio.gather(*(client.get(url) for url in returns))
    assert {told(landed(answer))["oauth"] for answer in answers} == {"linked"}
    rows = await accounts_of(client, member)
    assert [row["isPrimary"] for row in rows] == [True, False, False, False, False]


async def test_of_two_members_who_link_one_account_at_once_one_succeeds(
    client: httpx.AsyncClient, other: httpx.AsyncClient, member: Member, stranger: Member, provider: ProviderServer
) -> None:
    mine = await consent(await client.get(await ticket(client, member)))
    theirs = await consent(await other.get(await ticket(other, stranger)))
    answers = await asyncio.gather(client.get(mine), other.get(theirs))
    assert sorted("linked" in told(landed(answer)).get("oauth", "") for answer in answers) == [False, True]
    assert len(await accounts_of(client, member)) + len(await accounts_of(other, stranger)) == 1


@pytest.mark.parametrize(
    "change",
    [
        "update relais.users set disabled_at = now() where id = $1",
        "update relais.sessions set revoked_at = now() where user_id = $1",
        "delete from relais.sessions where user_id = $1",
    ],
)
async def test_whose_session_has_ended_on_the_way_links_nothing(
    client: httpx.AsyncClient, member: Member, provider: ProviderServer, database: asyncpg.Connection, change: str
) -> None:
    back = await consent(await client.get(await ticket(client, member)))
    await database.execute(change, member.id)
    assert told(landed(await client.get(back)))["message"] == NOT_PROVEN
    assert await database.fetchval("select count(*) from relais.oauth_accounts where user_id = $1", member.id) == 0


async def test_whoever_made_an_account_for_anothers_address_links_nothing_to_it(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    # They would still be let in by it once the owner of the address has got the account back.
    squatter = await signed_up(client)
    values = told(await follow(client, await ticket(client, squatter)))
    assert values["message"] == "Veuillez d'abord vérifier votre adresse email"
    assert await accounts_of(client, squatter) == []


async def test_an_account_at_a_provider_with_the_same_address_proves_it(
    client: httpx.AsyncClient, provider: ProviderServer
) -> None:
    member = await signed_up(client)
    provider.who = visitor(member.email.upper())
    assert told(await follow(client, await ticket(client, member)))["oauth"] == "linked"
    assert (await user_of(client, member.access_token))["emailVerified"] is True


async def test_on_https_the_cookies_cannot_come_from_another_host(cheap: Settings, provider: ProviderServer) -> None:
    settings = with_provider(cheap, provider, callback_url="https://api.example.org")
    async with started(create_app(settings)) as app, client_of(app) as client:
        member = await signed_up(client)
        answer = await client.post("/api/auth/oauth/github", json={"link": True}, headers=member.headers)
    assert answer.json()["url"].startswith("https://api.example.org/api/auth/oauth/github?link=true&ticket=")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-relais_oauth_link=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
