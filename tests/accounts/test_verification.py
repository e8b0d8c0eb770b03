"""Addresses: proving that one is one's own, and moving to another."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import Member, bearer, is_in, signed_up, some_email, with_group
from tests.accounts.ground import must_refuse, running_with, value
from tests.accounts.outbox import let_expire, let_pause_end, letters, link

BAD_LINK = 400, "INVALID_LINK", "Ce lien n'est pas valide ou a expiré"
MISSING = 401, "AUTH_TOKEN_MISSING", "Token d'authentification manquant"
JSON = {"Content-Type": "application/json"}


async def verify(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/email/verify", json={"token": token})


async def move(client: httpx.AsyncClient, member: Member, email: str, password: str | None = None) -> httpx.Response:
    body = {"email": email, "password": password or member.password}
    return await client.post("/api/auth/email/change", json=body, headers=member.headers)


async def confirm(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/email/change/confirm", json={"token": token})


async def is_verified(client: httpx.AsyncClient, member: Member) -> bool:
    return (await client.get("/api/auth/user", headers=member.headers)).json()["user"]["emailVerified"]


async def test_a_link_proves_an_address_once(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    assert not await is_verified(client, member)
    token = await link(app, member.email, "verify_email")
    answer = await verify(client, token)
    assert (answer.status_code, answer.json()) == (200, {"message": "Adresse email vérifiée"})
    assert await is_verified(client, member)
    must_refuse(await verify(client, token), *BAD_LINK)


async def test_of_two_uses_of_a_link_at_once_one_succeeds(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    token = await link(app, member.email, "verify_email")
    answers = await asyncio.gather(*(verify(client, token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert await is_verified(client, member)


async def test_an_expired_link_proves_nothing(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    token = await link(app, member.email, "verify_email")
    await let_expire(app, "verify_email", member.email)
    must_refuse(await verify(client, token), *BAD_LINK)
    assert not await is_verified(client, member)


async def test_a_link_of_another_kind_proves_nothing(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    await client.post("/api/auth/password/forgot", json={"email": member.email})
    must_refuse(await verify(client, await link(app, member.email, "reset_password")), *BAD_LINK)
    assert not await is_verified(client, member)


async def test_a_browser_is_sent_on_to_the_page_and_nothing_is_used(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    token = await link(app, member.email, "verify_email")
    for bad in (token, "", "\r\nLocation: http://x", "a" * 5000):
        answer = await client.get("/api/auth/email/verify", params={"token": bad})
        target = urlsplit(answer.headers["Location"])
        assert (answer.status_code, target.path) == (303, "/auth/verify")
        assert target.netloc.startswith("127.0.0.1:")
        assert parse_qs(target.query, keep_blank_values=True) == {"token": [bad]}
    assert not await is_verified(client, member)


async def test_the_pages_may_be_the_frontends(cheap: Settings) -> None:
    own = with_group(cheap, "mail", pages_url="https://site.example/appli/", verify_path="/bienvenue")
    async with running_with(own) as client:
        answer = await client.get("/api/auth/email/verify", params={"token": "x"})
    assert answer.headers["Location"] == "https://site.example/appli/bienvenue?token=x"


async def test_whoever_proves_an_address_is_welcomed_once(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    assert (await verify(client, await link(app, member.email, "verify_email"))).status_code == 200
    assert [letter.template for letter in await letters(app, member.email)] == ["verify_email", "welcome"]


async def test_a_link_is_sent_again_to_whoever_cannot_sign_in_yet(app: FastAPI, cheap: Settings) -> None:
    said = {"message": "Si cette adresse attend d'être vérifiée, un email vient de lui être envoyé"}
    path = "/api/auth/email/verify/resend"
    async with running_with(with_group(cheap, "auth", verified_email=True)) as client:
        email, stranger = some_email(), some_email()
        answer = await client.post("/api/auth/signup", json={"email": email, "password": "Correct-Horse-7"})
        told = answer.json()
        assert (answer.status_code, told["verificationRequired"], told["user"]["email"]) == (201, True, email)
        assert (told["tokens"], "access_token" in told, told["user"]["emailVerified"]) == (None, False, False)
        # Within a minute nothing more is sent, and nobody learns so.
        for address in (email, stranger):
            answer = await client.post(path, json={"email": address})
            assert (answer.status_code, answer.json()) == (200, said)
        assert len(await letters(app, email, "verify_email")) == 1
        await let_pause_end(app, email)
        assert (await client.post(path, json={"email": email})).json() == said
        assert len(await letters(app, email, "verify_email")) == 2
        assert await letters(app, stranger) == []
        assert (await _sign_in(client, email, "Correct-Horse-7")).status_code == 403
        assert (await verify(client, await link(app, email, "verify_email"))).status_code == 200
        assert (await _sign_in(client, email, "Correct-Horse-7")).status_code == 200
        await let_pause_end(app, email)
        assert (await client.post(path, json={"email": email})).json() == said
        assert len(await letters(app, email, "verify_email")) == 2


async def test_another_link_takes_the_place_of_the_first(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    first = await link(app, member.email, "verify_email")
    answer = await client.post("/api/auth/email/verify/resend", headers=member.headers)
    assert answer.json() == {"message": "Un email de vérification vient déjà de vous être envoyé"}
    assert len(await letters(app, member.email, "verify_email")) == 1
    await let_pause_end(app, member.email)
    answer = await client.post("/api/auth/email/verify/resend", headers=member.headers)
    assert (answer.status_code, answer.json()) == (200, {"message": "Email de vérification envoyé"})
    second = await link(app, member.email, "verify_email")
    must_refuse(await verify(client, first), *BAD_LINK)
    assert (await verify(client, second)).status_code == 200
    answer = await client.post("/api/auth/email/verify/resend", headers=member.headers)
    assert answer.json() == {"message": "Votre adresse email est déjà vérifiée"}
    assert len(await letters(app, member.email, "verify_email")) == 2


async def test_links_are_replaced_and_used_at_once_without_a_standstill(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    for _ in range(5):
        token = await link(app, member.email, "verify_email")
        await let_pause_end(app, member.email)
        again = client.post("/api/auth/email/verify/resend", headers=member.headers)
        statuses = {answer.status_code for answer in await asyncio.gather(again, verify(client, token))}
        assert statuses <= {200, 400}


@pytest.mark.parametrize("path", ["email/verify/resend", "email/change"])
async def test_strangers_ask_for_nothing(client: httpx.AsyncClient, path: str) -> None:
    body = {"email": some_email(), "password": "x"} if path == "email/change" else None
    must_refuse(await client.post(f"/api/auth/{path}", json=body), *MISSING)
    refused = await client.post(f"/api/auth/{path}", json=body, headers=bearer("nonsense"))
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_TOKEN_INVALID")


async def test_an_account_moves_to_the_address_whose_link_comes_back(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    wanted = some_email("nouvelle")
    answer = await move(client, member, wanted)
    said = "Un email de confirmation vient d'être envoyé à votre nouvelle adresse"
    assert (answer.status_code, answer.json()) == (200, {"message": said})
    assert await letters(app, member.email, "email_changed") == []
    assert (await client.get("/api/auth/user", headers=member.headers)).json()["user"]["email"] == member.email
    answer = await confirm(client, await link(app, wanted, "change_email"))
    assert (answer.status_code, answer.json()) == (200, {"message": "Adresse email modifiée"})
    user = (await client.get("/api/auth/user", headers=member.headers)).json()["user"]
    assert (user["email"], user["emailVerified"]) == (wanted, True)
    (notice,) = await letters(app, member.email, "email_changed")
    assert (notice.data["new_email"], notice.token) == (wanted, "")
    assert (await _sign_in(client, wanted, member.password)).status_code == 200
    assert (await _sign_in(client, member.email, member.password)).status_code == 401


async def test_tokens_tell_the_new_address_once_they_are_refreshed(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    wanted = some_email("nouvelle")
    await move(client, member, wanted)
    await confirm(client, await link(app, wanted, "change_email"))
    answer = await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})
    claims = app.state.relais.callers.resolve(f"Bearer {answer.json()['access_token']}").claims
    assert json.loads(claims)["email"] == wanted


async def test_moving_takes_the_password(app: FastAPI, client: httpx.AsyncClient, member: Member) -> None:
    wanted = some_email()
    must_refuse(
        await move(client, member, wanted, "Faux-Mot-1"), 400, "PASSWORD_NOT_CONFIRMED", "Mot de passe incorrect"
    )
    assert await letters(app, wanted) == []
    assert await is_in(client, member.access_token)


async def test_the_address_of_now_is_no_other_address(client: httpx.AsyncClient, member: Member) -> None:
    answer = await move(client, member, member.email.upper())
    must_refuse(answer, 400, "EMAIL_UNCHANGED", "C'est déjà votre adresse email")


async def test_whether_an_address_is_taken_is_told_to_its_owner_alone(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    owner = await signed_up(client)
    free, taken = await move(client, member, some_email()), await move(client, member, owner.email.upper())
    assert (free.status_code, free.json()) == (taken.status_code, taken.json())
    answer = await confirm(client, await link(app, owner.email, "change_email"))
    must_refuse(answer, 409, "EMAIL_TAKEN", "Cet email est déjà utilisé")
    assert (await _sign_in(client, owner.email, owner.password)).json()["user"]["id"] == owner.id
    assert await letters(app, member.email, "email_changed") == []


async def test_of_two_who_move_to_one_address_at_once_one_succeeds(app: FastAPI, client: httpx.AsyncClient) -> None:
    members, wanted, tokens = [await signed_up(client) for _ in range(2)], some_email(), []
    for member in members:
        await move(client, member, wanted)
        tokens.append(await link(app, wanted, "change_email"))
    answers = await asyncio.gather(*(confirm(client, token) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [a.json()["code"] for a in answers if a.status_code == 409] == ["EMAIL_TAKEN"]


async def test_a_link_to_another_address_is_good_for_one_use(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    wanted = some_email()
    await move(client, member, wanted)
    token = await link(app, wanted, "change_email")
    answers = await asyncio.gather(*(confirm(client, token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    must_refuse(await confirm(client, token), *BAD_LINK)
    assert len(await letters(app, member.email, "email_changed")) == 1


async def test_an_expired_or_replaced_link_moves_nothing(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    first, second = some_email(), some_email()
    await move(client, member, first)
    await move(client, member, second)
    must_refuse(await confirm(client, await link(app, first, "change_email")), *BAD_LINK)
    await let_expire(app, "change_email", second)
    must_refuse(await confirm(client, await link(app, second, "change_email")), *BAD_LINK)
    assert (await client.get("/api/auth/user", headers=member.headers)).json()["user"]["email"] == member.email


async def test_links_to_the_old_address_are_worthless_after_the_move(
    app: FastAPI, client: httpx.AsyncClient, member: Member
) -> None:
    await client.post("/api/auth/password/forgot", json={"email": member.email})
    wanted = some_email()
    await move(client, member, wanted)
    await confirm(client, await link(app, wanted, "change_email"))
    body = {"token": await link(app, member.email, "reset_password"), "password": "Tout-Nouveau-8"}
    must_refuse(await client.post("/api/auth/password/reset", json=body), *BAD_LINK)
    must_refuse(await verify(client, await link(app, member.email, "verify_email")), *BAD_LINK)


async def test_links_are_worthless_once_somebody_else_changed_the_address(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    wanted = some_email()
    await client.post("/api/auth/password/forgot", json={"email": member.email})
    await move(client, member, wanted)
    assert cheap.database.admin_url is not None
    put = "update relais.users set email = $2 where email = $1"
    await value(cheap.database.admin_url.get_secret_value(), put, member.email, some_email("autre"))
    body = {"token": await link(app, member.email, "reset_password"), "password": "Tout-Nouveau-8"}
    must_refuse(await client.post("/api/auth/password/reset", json=body), *BAD_LINK)
    must_refuse(await verify(client, await link(app, member.email, "verify_email")), *BAD_LINK)
    must_refuse(await confirm(client, await link(app, wanted, "change_email")), *BAD_LINK)


async def test_a_disabled_account_neither_proves_nor_moves(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings, member: Member
) -> None:
    wanted = some_email()
    await move(client, member, wanted)
    assert cheap.database.admin_url is not None
    admin_url = cheap.database.admin_url.get_secret_value()
    await value(admin_url, "update relais.users set disabled_at = now() where email = $1", member.email)
    must_refuse(await confirm(client, await link(app, wanted, "change_email")), *BAD_LINK)
    must_refuse(await verify(client, await link(app, member.email, "verify_email")), *BAD_LINK)


HOSTILE: list[Any] = [None, "", "\0", "\ud800", "é" * 5000, ["x"], {"a": 1}, 7, False, "../../x", "%00", "' or true --"]


@pytest.mark.parametrize("path", ["email/verify", "email/change/confirm"])
@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_token_breaks_a_link(client: httpx.AsyncClient, path: str, bad: Any) -> None:
    answer = await client.post(f"/api/auth/{path}", content=json.dumps({"token": bad}), headers=JSON)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("VALIDATION_ERROR", "INVALID_LINK")


@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_field_breaks_moving(client: httpx.AsyncClient, member: Member, field: str, bad: Any) -> None:
    body = {"email": some_email(), "password": member.password, field: bad}
    headers = {**member.headers, **JSON}
    answer = await client.post("/api/auth/email/change", content=json.dumps(body), headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("VALIDATION_ERROR", "PASSWORD_NOT_CONFIRMED")


async def _sign_in(client: httpx.AsyncClient, email: str, password: str) -> httpx.Response:
    return await client.post("/api/auth/signin", json={"email": email, "password": password})
