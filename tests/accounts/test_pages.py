"""The pages that links in messages lead to: opening one changes nothing, its button does, and nothing in it runs."""

import re
from collections.abc import AsyncGenerator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, signed_up, some_email, with_group
from tests.accounts.factors import guarded
from tests.accounts.ground import value
from tests.accounts.outbox import letters, link
from tests.accounts.supabase_client import AUTH
from tests.accounts.tenant_people import founded
from tests.conftest import Urls, client_of, started

NEW = "Tout-Nouveau-8"
SITE = "http://localhost:5173"
PATHS = {
    "verify_email": "/auth/verify",
    "reset_password": "/auth/reset-password",
    "claim_account": "/auth/claim",
    "change_email": "/auth/confirm-email",
    "accept_invitation": "/auth/invitation",
}
BAD = "Ce lien n'est pas valide ou a expiré"


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """The API of an installation where everybody may make tenants."""
    async with started(create_app(with_group(cheap, "auth", tenant_creation=True))) as app:
        yield app


async def opened(client: httpx.AsyncClient, letter: str, token: str, **headers: str) -> httpx.Response:
    return await client.get(PATHS[letter], params={"token": token}, headers=headers)


async def press(client: httpx.AsyncClient, letter: str, token: str, **fields: str) -> httpx.Response:
    return await client.post(PATHS[letter], data={"token": token, **fields})


def text_of(answer: httpx.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text.partition("<main>")[2]))


def must_be_harmless(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)


async def verified(client: httpx.AsyncClient, member: Member) -> bool:
    return (await client.get("/api/auth/user", headers=member.headers)).json()["user"]["emailVerified"]


async def test_opening_the_page_of_a_link_uses_nothing_up(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    token = await link(app, member.email, "verify_email")
    for _ in range(3):
        answer = await opened(client, "verify_email", token)
        assert answer.status_code == 200
        must_be_harmless(answer)
        assert member.email in text_of(answer)
    assert not await verified(client, member)
    answer = await press(client, "verify_email", token)
    assert (answer.status_code, "Votre adresse est confirmée." in text_of(answer)) == (200, True)
    must_be_harmless(answer)
    assert f'href="{SITE}/auth"' in answer.text
    assert await verified(client, member)
    again = await press(client, "verify_email", token)
    assert (again.status_code, BAD in text_of(again)) == (400, True)


async def test_a_password_is_chosen_on_the_page(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    await client.post("/api/auth/password/forgot", json={"email": member.email})
    token = await link(app, member.email, "reset_password")
    answer = await opened(client, "reset_password", token)
    assert 'type="password"' in answer.text
    must_be_harmless(answer)
    for weak in ({}, {"password": "abc"}, {"password": "a" * 2000}, {"password": "Nul-\0-12345"}):
        answer = await press(client, "reset_password", token, **weak)
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True), weak
        assert 'type="password"' in answer.text
        must_be_harmless(answer)
    assert await is_in(client, member.access_token)
    answer = await press(client, "reset_password", token, password=NEW)
    assert answer.status_code == 200, answer.text
    assert not await is_in(client, member.access_token)
    signed_in = await client.post("/api/auth/signin", json={"email": member.email, "password": NEW})
    assert signed_in.status_code == 200


async def test_an_account_without_a_password_is_claimed_on_the_page(
    app: FastAPI, client: httpx.AsyncClient, urls: Urls
) -> None:
    email = some_email()
    make = """
        with made as (insert into relais.users (email) values ($1) returning id)
        insert into relais.memberships (tenant_id, user_id) select relais.default_tenant_id(), id from made
    """
    await value(urls.admin, make, email)
    await client.post("/api/auth/password/forgot", json={"email": email})
    token = await link(app, email, "claim_account")
    assert 'type="password"' in (await opened(client, "claim_account", token)).text
    assert (await press(client, "claim_account", token, password=NEW)).status_code == 200
    assert (await client.post("/api/auth/signin", json={"email": email, "password": NEW})).status_code == 200


async def test_another_address_is_confirmed_on_the_page(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    wanted = some_email("nouvelle")
    body = {"email": wanted, "password": member.password}
    await client.post("/api/auth/email/change", json=body, headers=member.headers)
    token = await link(app, wanted, "change_email")
    assert wanted in text_of(await opened(client, "change_email", token))
    assert (await press(client, "change_email", token)).status_code == 200
    assert (await client.get("/api/auth/user", headers=member.headers)).json()["user"]["email"] == wanted


@pytest.mark.parametrize("letter", PATHS)
@pytest.mark.parametrize("token", ["", "nonsense", "a" * 5000, "%00", "\0"])
async def test_a_bad_link_is_told_so_in_a_page(client: httpx.AsyncClient, letter: str, token: str) -> None:
    for answer in (await opened(client, letter, token), await press(client, letter, token, password=NEW)):
        assert answer.status_code == 400
        assert BAD in text_of(answer)
        must_be_harmless(answer)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"token", b"a=1&" * 100, b"token=" + b"x" * 100_000, b"{}"])
async def test_no_body_breaks_a_page(client: httpx.AsyncClient, body: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in PATHS.values():
        answer = await client.post(path, content=body, headers=form)
        assert (answer.status_code, BAD in text_of(answer)) == (400, True)


async def test_a_page_speaks_the_language_of_the_browser(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    token = await link(app, member.email, "verify_email")
    english = {"Accept-Language": "en-GB,en;q=0.9,fr;q=0.8"}
    answer = await opened(client, "verify_email", token, **english)
    assert '<html lang="en">' in answer.text
    assert "Confirm my address" in text_of(answer)
    assert "This link is not valid" in text_of(await opened(client, "verify_email", "x", **english))
    assert '<html lang="fr">' in (await opened(client, "verify_email", token, **{"Accept-Language": "de"})).text


async def test_what_others_chose_is_only_read(app: FastAPI, client: httpx.AsyncClient, urls: Urls) -> None:
    team, email, name = await founded(client), some_email(), "<script>alert(1)</script>\"'&{x}"
    await value(urls.admin, "update relais.tenants set name = $2 where id = $1", team.id, name)
    await client.post("/api/tenants/current/invitations", json={"email": email}, headers=team.owner.headers)
    page = await opened(client, "accept_invitation", await link(app, email, "accept_invitation"))
    must_be_harmless(page)
    assert name in unescape(page.text)


async def test_a_link_that_an_application_asked_for_leads_back_there_when_the_button_is_pressed(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    target = f"{SITE}/nouveau?x=1"
    answer = await client.post(f"{AUTH}/recover", params={"redirect_to": target}, json={"email": member.email})
    assert (answer.status_code, answer.json()) == (200, {})
    token = await link(app, member.email, "reset_password")
    page = await opened(client, "reset_password", token)
    assert f"form-action 'self' {SITE};" in page.headers["content-security-policy"]
    assert 'type="password"' not in page.text
    answer = await press(client, "reset_password", token)
    parts = urlsplit(answer.headers["location"])
    assert (answer.status_code, parts.path, parts.query) == (303, "/nouveau", "x=1")
    assert answer.headers["cache-control"] == "no-store"
    told = {name: values[0] for name, values in parse_qs(parts.fragment).items()}
    assert told["type"] == "recovery"
    assert await is_in(client, told["access_token"])


async def test_nobody_is_sent_where_an_application_may_not_send_them(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    hostile = {"redirect_to": "https://evil.example/"}
    await client.post(f"{AUTH}/recover", params=hostile, json={"email": member.email})
    token = await link(app, member.email, "reset_password")
    assert "evil" not in (await opened(client, "reset_password", token)).headers["content-security-policy"]
    location = (await press(client, "reset_password", token)).headers["location"]
    assert location.startswith(f"{SITE}#") or location.startswith(f"{SITE}/#")


async def test_whoever_has_a_second_factor_chooses_a_password_instead(
    app: FastAPI, client: httpx.AsyncClient, urls: Urls
) -> None:
    owner = await asyncpg.connect(urls.admin)
    try:
        person = await guarded(client, owner)
        await owner.execute("update relais.users set email_verified_at = created_at where id = $1", person.member.id)
    finally:
        await owner.close()
    email = person.member.email
    await client.post(f"{AUTH}/recover", json={"email": email})
    token = await link(app, email, "reset_password")
    answer = await press(client, "reset_password", token)
    assert (answer.status_code, 'type="password"' in answer.text) == (200, True)
    assert (await press(client, "reset_password", token, password=NEW)).status_code == 200
    answer = await client.post("/api/auth/signin", json={"email": email, "password": NEW})
    assert answer.json()["mfaRequired"] is True


async def test_an_invitation_makes_an_account_on_the_page_and_leaves_no_session_behind(
    app: FastAPI, client: httpx.AsyncClient, urls: Urls
) -> None:
    team, email = await founded(client), some_email()
    await client.post("/api/tenants/current/invitations", json={"email": email}, headers=team.owner.headers)
    token = await link(app, email, "accept_invitation")
    assert team.slug in text_of(await opened(client, "accept_invitation", token))
    assert (await press(client, "accept_invitation", token)).status_code == 400
    answer = await press(client, "accept_invitation", token, password=NEW, full_name="Léa Martin")
    assert answer.status_code == 200, answer.text
    count = "select count(*) from relais.sessions as s join relais.users as u on u.id = s.user_id"
    assert await value(urls.admin, f"{count} where u.email = $1 and s.revoked_at is null", email) == 0
    answer = await client.post("/api/auth/signin", json={"email": email, "password": NEW})
    tenants = await client.get("/api/tenants", headers=bearer(answer.json()["access_token"]))
    assert [tenant["slug"] for tenant in tenants.json()] == [team.slug]


async def test_an_invitation_is_joined_to_the_account_that_has_proved_the_address_and_to_no_other(
    app: FastAPI, client: httpx.AsyncClient, urls: Urls
) -> None:
    team, member = await founded(client), await signed_up(client)
    await client.post("/api/tenants/current/invitations", json={"email": member.email}, headers=team.owner.headers)
    token = await link(app, member.email, "accept_invitation")
    # The account may be a stranger's who has waited for this.
    answer = await press(client, "accept_invitation", token)
    assert (answer.status_code, "réinitialisez son mot de passe" in text_of(answer)) == (409, True)
    await press(client, "verify_email", await link(app, member.email, "verify_email"))
    assert (await press(client, "accept_invitation", token)).status_code == 200
    tenants = await client.get("/api/tenants", headers=member.headers)
    assert team.slug in [tenant["slug"] for tenant in tenants.json()]


async def test_a_sign_in_from_a_new_device_is_told_of(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    body = {"email": member.email, "password": PASSWORD}
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
    for agent in ("python-httpx/0.1", firefox.format(130), firefox.format(131)):
        answer = await client.post("/api/auth/signin", json=body, headers={"User-Agent": agent})
        assert answer.status_code == 200
    (letter,) = await letters(app, member.email, "new_sign_in")
    assert letter.data["agent"] == firefox.format(130)


async def test_of_new_devices_nobody_is_told_where_the_setting_is_off(cheap: Settings) -> None:
    async with started(create_app(with_group(cheap, "mail", new_sign_in=False))) as app, client_of(app) as client:
        member = await signed_up(client)
        body = {"email": member.email, "password": PASSWORD}
        await client.post("/api/auth/signin", json=body, headers={"User-Agent": "Firefox/131.0 Windows"})
        assert await letters(app, member.email, "new_sign_in") == []
