"""`/auth/v1`: what Supabase's client asks for, in its shapes, and what it must not be able to do."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from app.settings import Settings
from fastapi import FastAPI
from jose import jwt

from tests.accounts.conftest import PASSWORD, bearer, is_in, signed_up, some_email, with_group
from tests.accounts.factors import guarded
from tests.accounts.ground import running_with
from tests.accounts.outbox import let_expire, let_pause_end, letters, link
from tests.accounts.supabase_client import (
    AUTH,
    HEADERS,
    Signed,
    is_good,
    must_refuse,
    refreshed,
    signed,
    signed_in,
    some_password,
    with_password,
)
from tests.conftest import Urls

SITE = "http://localhost:5173"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
async def someone(client: httpx.AsyncClient) -> Signed:
    return await signed(client, data={"full_name": "Léa Martin", "plan": {"seats": 3}})


@pytest.fixture
async def owner(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


def fragment(answer: httpx.Response) -> dict[str, str]:
    """What a redirect hands to the page, and where it goes."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    values = {name: value[0] for name, value in parse_qs(parts.fragment).items()}
    return {"target": f"{parts.scheme}://{parts.netloc}{parts.path}", **values}


async def test_a_session_has_what_the_client_keeps_of_it(someone: Signed) -> None:
    session = someone.session
    assert set(session) == {"access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"}
    claims = jwt.get_unverified_claims(session["access_token"])
    assert (session["token_type"], session["expires_at"]) == ("bearer", claims["exp"])
    assert session["expires_in"] == claims["exp"] - claims["iat"]
    user = session["user"]
    assert (user["aud"], user["role"], user["phone"], user["is_anonymous"]) == (
        "authenticated",
        "authenticated",
        "",
        False,
    )
    assert (user["id"], user["email"]) == (claims["sub"], someone.email)
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert user["user_metadata"] == {"full_name": "Léa Martin", "plan": {"seats": 3}}
    assert user["email_confirmed_at"] is user["confirmed_at"] is None
    assert all(_TIME.fullmatch(user[name]) for name in ("created_at", "updated_at", "last_sign_in_at"))
    (identity,) = user["identities"]
    assert (identity["provider"], identity["user_id"], identity["email"]) == ("email", user["id"], someone.email)
    assert identity["identity_data"]["sub"] == user["id"]


async def test_a_session_of_the_one_door_is_good_at_the_other(client: httpx.AsyncClient, someone: Signed) -> None:
    assert await is_in(client, someone.session["access_token"])
    member = await signed_up(client)
    answer = await client.get(f"{AUTH}/user", headers=member.headers)
    assert (answer.status_code, answer.json()["id"]) == (200, member.id)
    rows = await client.get(
        "/rest/v1/profiles", params={"select": "id", "id": f"eq.{someone.id}"}, headers=someone.headers
    )
    assert rows.json() == [{"id": someone.id}]


async def test_signing_in_and_refreshing(client: httpx.AsyncClient, someone: Signed) -> None:
    again = await signed_in(client, someone.email.upper())
    assert again.id == someone.id
    answer = await refreshed(client, again.session["refresh_token"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != again.session["refresh_token"]
    assert await is_good(client, Signed(someone.email, answer.json()))


async def test_wrong_passwords_and_unknown_accounts_are_refused_alike(
    client: httpx.AsyncClient, someone: Signed
) -> None:
    wrong = await with_password(client, someone.email, "Faux-Mot-1")
    unknown = await with_password(client, some_email(), "Faux-Mot-1")
    must_refuse(wrong, 400, "invalid_credentials")
    assert wrong.json() == unknown.json()


async def test_errors_are_read_by_old_clients_and_new_ones(client: httpx.AsyncClient) -> None:
    body = {"email": some_email(), "password": "x"}
    old = await client.post(f"{AUTH}/token?grant_type=password", json=body)
    new = await client.post(f"{AUTH}/token?grant_type=password", json=body, headers=HEADERS)
    must_refuse(old, 400, "invalid_credentials")
    must_refuse(new, 400, "invalid_credentials")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/token?grant_type=magic", {}, 400, "unsupported_grant_type"),
        ("/token", {}, 400, "unsupported_grant_type"),
        ("/token?grant_type=password", {}, 400, "validation_failed"),
        ("/token?grant_type=password", {"phone": "+33600000000", "password": "x"}, 400, "phone_provider_disabled"),
        ("/token?grant_type=refresh_token", {}, 400, "validation_failed"),
        ("/token?grant_type=refresh_token", {"refresh_token": "nonsense"}, 400, "refresh_token_not_found"),
        ("/token?grant_type=pkce", {"auth_code": "x"}, 400, "validation_failed"),
        ("/token?grant_type=pkce", {"auth_code": "x", "code_verifier": "y"}, 404, "flow_state_not_found"),
        ("/signup", {"data": {}}, 422, "anonymous_provider_disabled"),
        ("/signup", {"phone": "+33600000000", "password": "x"}, 400, "phone_provider_disabled"),
        ("/signup", {"email": "a@b", "password": "faible"}, 422, "weak_password"),
        ("/signup", {"email": "none", "password": PASSWORD}, 400, "validation_failed"),
        ("/verify", {"type": "magiclink", "token_hash": "x"}, 422, "otp_disabled"),
        ("/verify", {"type": "signup", "token_hash": "x"}, 403, "otp_expired"),
        ("/verify", {"type": "signup"}, 400, "validation_failed"),
        ("/otp", {"email": "a@b"}, 422, "otp_disabled"),
        ("/recover", {}, 400, "validation_failed"),
        ("/resend", {"type": "sms", "phone": "+33600000000"}, 400, "phone_provider_disabled"),
    ],
)
async def test_what_cannot_be_had_is_refused(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    must_refuse(await client.post(AUTH + path, json=body, headers=HEADERS), status, code)


async def test_a_weak_password_says_why(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{AUTH}/signup", json={"email": some_email(), "password": "faible"})
    assert len(answer.json()["weak_password"]["reasons"]) > 2


async def test_an_address_is_taken_once(client: httpx.AsyncClient, someone: Signed) -> None:
    body = {"email": someone.email.upper(), "password": PASSWORD}
    must_refuse(await client.post(f"{AUTH}/signup", json=body), 422, "user_already_exists")


async def test_a_username_is_taken_once(client: httpx.AsyncClient) -> None:
    name = f"lea_{secrets.token_hex(5)}"
    first = await signed(client, data={"username": name})
    assert first.session["user"]["user_metadata"]["username"] == name
    body = {"email": some_email(), "password": PASSWORD, "data": {"username": name}}
    must_refuse(await client.post(f"{AUTH}/signup", json=body), 422, "validation_failed")


async def test_of_many_who_sign_up_at_once_with_one_address_one_does(client: httpx.AsyncClient) -> None:
    body = {"email": some_email(), "password": PASSWORD}
    answers = await asyncio.gather(*(client.post(f"{AUTH}/signup", json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422, 422]


async def test_signing_up_can_be_closed(cheap: Settings) -> None:
    async with running_with(with_group(cheap, "auth", sign_up=False)) as client:
        body = {"email": some_email(), "password": PASSWORD}
        must_refuse(await client.post(f"{AUTH}/signup", json=body), 422, "signup_disabled")
        assert (await client.get(f"{AUTH}/settings")).json()["disable_signup"] is True


async def test_where_addresses_must_be_verified_there_is_no_session_before(cheap: Settings) -> None:
    async with running_with(with_group(cheap, "auth", verified_email=True)) as client:
        email = some_email()
        answer = await client.post(f"{AUTH}/signup", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200
        assert answer.json()["email"] == email
        assert "access_token" not in answer.json()
        must_refuse(await with_password(client, email), 400, "email_not_confirmed")


HOSTILE = ["\0", "a\0b", "\ud800", "x" * 70_000, ["a"], {"a": 1}, 7, True, "'; drop table relais.users; --"]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
async def test_hostile_input_is_refused_and_nothing_breaks(
    client: httpx.AsyncClient, someone: Signed, value: Any
) -> None:
    async def sent(method: str, path: str, body: Any, headers: dict[str, str]) -> None:
        content = json.dumps(body)
        told = {"content-type": "application/json", **headers}
        answer = await client.request(method, AUTH + path, content=content, headers=told)
        assert answer.status_code < 500, (path, body, answer.text)

    fields = ("email", "password", "data", "refresh_token", "auth_code", "code_verifier", "token", "token_hash", "type")
    good = {"email": some_email(), "password": PASSWORD, "type": "signup", "token": "x", "auth_code": "x"}
    paths = ("/signup", *(f"/token?grant_type={kind}" for kind in ("password", "refresh_token", "pkce")), "/verify")
    for path in (*paths, "/recover", "/resend"):
        for field in fields:
            await sent("POST", path, {**good, "email": some_email(), field: value}, {})
    for field in ("email", "password", "current_password", "phone"):
        await sent("PUT", "/user", {field: value}, someone.headers)
    for name in ("full_name", "avatar_url", "username", "github_username", "other"):
        await sent("PUT", "/user", {"data": {name: value}}, someone.headers)
        await sent("POST", "/signup", {**good, "email": some_email(), "data": {name: value}}, {})
    assert await is_good(client, someone)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "[" * 5000, '{"a":' * 5000])
async def test_what_is_no_object_is_refused(client: httpx.AsyncClient, text: str) -> None:
    headers = {"content-type": "application/json"}
    for path in ("/signup", "/token?grant_type=password", "/verify", "/recover"):
        answer = await client.post(AUTH + path, content=text, headers=headers)
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["error_code"] in ("bad_json", "validation_failed")


async def test_nobody_without_a_session_is_a_user(client: httpx.AsyncClient, app: FastAPI, someone: Signed) -> None:
    must_refuse(await client.get(f"{AUTH}/user"), 401, "no_authorization")
    must_refuse(await client.put(f"{AUTH}/user", json={"data": {}}), 401, "no_authorization")
    must_refuse(await client.post(f"{AUTH}/logout"), 401, "no_authorization")
    must_refuse(await client.get(f"{AUTH}/user", headers=bearer("a.b.c")), 403, "bad_jwt")
    keys = app.state.accounts.keys
    anon = keys.sign({"role": "anon"})
    must_refuse(await client.get(f"{AUTH}/user", headers=bearer(anon)), 403, "bad_jwt")
    expired = keys.sign({"role": "authenticated", "sub": someone.id, "exp": 1_000_000_000})
    must_refuse(await client.get(f"{AUTH}/user", headers=bearer(expired)), 403, "bad_jwt")


async def test_the_clients_key_opens_nothing_and_closes_nothing(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    anon = app.state.accounts.keys.sign({"role": "anon"})
    for key in (anon, "any-text-at-all", "a.b.c"):
        headers = {"apikey": key, **bearer(key)}
        body = {"email": someone.email, "password": PASSWORD}
        answer = await client.post(f"{AUTH}/token?grant_type=password", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert (await client.get(f"{AUTH}/user", headers={"apikey": key, **someone.headers})).status_code == 200
    # A key that is a token counts as one where no other comes along.
    token = someone.session["access_token"]
    answer = await client.get(f"{AUTH}/user", headers={"apikey": token})
    assert answer.json()["id"] == someone.id
    must_refuse(await client.get(f"{AUTH}/user", headers={"apikey": "any-text"}), 401, "no_authorization")


async def test_signing_out_here_everywhere_and_elsewhere(client: httpx.AsyncClient, someone: Signed) -> None:
    second, third = await signed_in(client, someone.email), await signed_in(client, someone.email)
    answer = await client.post(f"{AUTH}/logout", params={"scope": "local"}, headers=someone.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [await is_good(client, one) for one in (someone, second, third)] == [False, True, True]
    must_refuse(await client.get(f"{AUTH}/user", headers=someone.headers), 403, "session_not_found")
    fourth = await signed_in(client, someone.email)
    await client.post(f"{AUTH}/logout", params={"scope": "others"}, headers=second.headers)
    assert [await is_good(client, one) for one in (second, third, fourth)] == [True, False, False]
    fifth = await signed_in(client, someone.email)
    await client.post(f"{AUTH}/logout", headers=second.headers)
    assert [await is_good(client, one) for one in (second, fifth)] == [False, False]
    must_refuse(await refreshed(client, fifth.session["refresh_token"]), 400, "refresh_token_not_found")
    last = await signed_in(client, someone.email)
    answer = await client.post(f"{AUTH}/logout", params={"scope": "universe"}, headers=last.headers)
    must_refuse(answer, 400, "validation_failed")
    assert await is_good(client, last)


async def test_metadata_is_merged_and_null_forgets(client: httpx.AsyncClient, someone: Signed) -> None:
    body = {"data": {"plan": None, "theme": "sombre"}, "email": someone.email}
    answer = await client.put(f"{AUTH}/user", json=body, headers=someone.headers)
    assert answer.json()["user_metadata"] == {"full_name": "Léa Martin", "theme": "sombre"}
    many = {"data": {"other": "x" * 15_000}}
    assert (await client.put(f"{AUTH}/user", json=many, headers=someone.headers)).status_code == 200
    must_refuse(
        await client.put(f"{AUTH}/user", json={"data": {"more": "x" * 15_000}}, headers=someone.headers),
        400,
        "validation_failed",
    )
    # What only the service may say stays unsaid.
    body = {"app_metadata": {"role": "admin"}, "role": "service", "aud": "x", "data": {}}
    answer = await client.put(f"{AUTH}/user", json=body, headers=someone.headers)
    assert (answer.json()["app_metadata"], answer.json()["role"]) == (
        {"provider": "email", "providers": ["email"]},
        "authenticated",
    )


async def test_a_password_changes_with_the_one_of_now_and_ends_the_other_sessions(
    client: httpx.AsyncClient, someone: Signed
) -> None:
    other, new = await signed_in(client, someone.email), some_password()
    without = await client.put(f"{AUTH}/user", json={"password": new}, headers=someone.headers)
    must_refuse(without, 400, "reauthentication_needed")
    body = {"password": new, "current_password": "Faux-Mot-1"}
    must_refuse(await client.put(f"{AUTH}/user", json=body, headers=someone.headers), 400, "invalid_credentials")
    body = {"password": "faible", "current_password": PASSWORD}
    must_refuse(await client.put(f"{AUTH}/user", json=body, headers=someone.headers), 422, "weak_password")
    body = {"password": new, "current_password": PASSWORD, "data": {str(n): "x" * 4000 for n in range(5)}}
    must_refuse(await client.put(f"{AUTH}/user", json=body, headers=someone.headers), 400, "validation_failed")
    assert await is_good(client, other)
    body = {"password": new, "current_password": PASSWORD}
    assert (await client.put(f"{AUTH}/user", json=body, headers=someone.headers)).status_code == 200
    assert [await is_good(client, one) for one in (someone, other)] == [True, False]
    must_refuse(await with_password(client, someone.email), 400, "invalid_credentials")
    assert (await with_password(client, someone.email, new)).status_code == 200


async def test_an_address_changes_by_a_link_to_the_new_one(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    email = some_email("nouvelle")
    answer = await client.put(f"{AUTH}/user", json={"email": email}, headers=someone.headers)
    must_refuse(answer, 400, "reauthentication_needed")
    body = {"email": email, "current_password": PASSWORD}
    answer = await client.put(f"{AUTH}/user", json=body, headers=someone.headers)
    assert (answer.json()["email"], answer.json()["new_email"]) == (someone.email, email)
    body = {"type": "email_change", "token_hash": await link(app, email, "change_email")}
    answer = await client.post(f"{AUTH}/verify", json=body)
    assert (answer.status_code, answer.json()["email"]) == (200, email)
    # The link proves the address, and is no reason to sign anybody in.
    assert "access_token" not in answer.json()
    assert "new_email" not in answer.json()
    must_refuse(await client.post(f"{AUTH}/verify", json=body), 403, "otp_expired")


async def test_password_and_address_change_in_one_call(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    new, email = some_password(), some_email("nouvelle")
    body = {"password": new, "email": email, "current_password": PASSWORD}
    assert (await client.put(f"{AUTH}/user", json=body, headers=someone.headers)).status_code == 200
    body = {"type": "email_change", "token_hash": await link(app, email, "change_email")}
    assert (await client.post(f"{AUTH}/verify", json=body)).status_code == 200
    assert (await with_password(client, email, new)).status_code == 200


async def test_verifying_an_address_signs_in(client: httpx.AsyncClient, app: FastAPI, someone: Signed) -> None:
    token = await link(app, someone.email, "verify_email")
    wrong = {"type": "signup", "token": token, "email": some_email()}
    must_refuse(await client.post(f"{AUTH}/verify", json=wrong), 403, "otp_expired")
    body = {"type": "signup", "token": token, "email": someone.email}
    answer = await client.post(f"{AUTH}/verify", json=body)
    assert answer.status_code == 200
    assert _TIME.fullmatch(answer.json()["user"]["email_confirmed_at"])
    assert await is_good(client, Signed(someone.email, answer.json()))
    must_refuse(await client.post(f"{AUTH}/verify", json=body), 403, "otp_expired")


async def test_a_link_is_of_its_kind_and_of_no_other(client: httpx.AsyncClient, app: FastAPI, someone: Signed) -> None:
    token = await link(app, someone.email, "verify_email")
    for kind in ("recovery", "email_change"):
        must_refuse(await client.post(f"{AUTH}/verify", json={"type": kind, "token_hash": token}), 403, "otp_expired")


async def test_a_link_that_went_out_is_sent_again_after_a_while(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    body = {"type": "signup", "email": someone.email}
    answer = await client.post(f"{AUTH}/resend", json=body)
    assert (answer.status_code, answer.json()) == (200, {})
    assert len(await letters(app, someone.email, "verify_email")) == 1
    await let_pause_end(app, someone.email)
    await client.post(f"{AUTH}/resend", json=body)
    first, second = await letters(app, someone.email, "verify_email")
    body = {"type": "signup", "token_hash": first.token}
    must_refuse(await client.post(f"{AUTH}/verify", json=body), 403, "otp_expired")
    assert (await client.post(f"{AUTH}/verify", json={**body, "token_hash": second.token})).status_code == 200
    stranger = some_email()
    unknown = await client.post(f"{AUTH}/resend", json={"type": "signup", "email": stranger})
    assert (unknown.status_code, unknown.json()) == (200, {})
    assert await letters(app, stranger) == []
    # Nothing is left to prove.
    await let_pause_end(app, someone.email)
    await client.post(f"{AUTH}/resend", json={"type": "signup", "email": someone.email})
    assert len(await letters(app, someone.email, "verify_email")) == 2


async def recovered(client: httpx.AsyncClient, app: FastAPI, email: str) -> Signed:
    """Somebody back by a link."""
    answer = await client.post(f"{AUTH}/recover", json={"email": email})
    assert (answer.status_code, answer.json()) == (200, {})
    body = {"type": "recovery", "token_hash": await link(app, email, "reset_password")}
    answer = await client.post(f"{AUTH}/verify", json=body)
    assert answer.status_code == 200, answer.text
    return Signed(email, answer.json())


async def test_a_recovery_gives_one_new_password(client: httpx.AsyncClient, app: FastAPI, someone: Signed) -> None:
    unknown = await client.post(f"{AUTH}/recover", json={"email": some_email()})
    assert (unknown.status_code, unknown.json()) == (200, {})
    back, new = await recovered(client, app, someone.email), some_password()
    answer = await client.put(f"{AUTH}/user", json={"password": new}, headers=back.headers)
    assert answer.status_code == 200, answer.text
    assert [await is_good(client, one) for one in (back, someone)] == [True, False]
    assert (await with_password(client, someone.email, new)).status_code == 200
    answer = await client.put(f"{AUTH}/user", json={"password": some_password()}, headers=back.headers)
    must_refuse(answer, 400, "reauthentication_needed")


async def test_of_two_who_set_a_password_by_one_recovery_one_does(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    back = await recovered(client, app, someone.email)
    new = [some_password() for _ in range(4)]
    answers = await asyncio.gather(
        *(client.put(f"{AUTH}/user", json={"password": one}, headers=back.headers) for one in new)
    )
    assert [answer.status_code for answer in answers].count(200) == 1
    signs_in = [(await with_password(client, someone.email, one)).status_code == 200 for one in new]
    assert signs_in == [answer.status_code == 200 for answer in answers]


async def test_a_recovery_of_a_while_ago_asks_for_the_password_again(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed, owner: asyncpg.Connection
) -> None:
    back = await recovered(client, app, someone.email)
    sid = jwt.get_unverified_claims(back.session["access_token"])["sid"]
    await owner.execute("update relais.sessions set created_at = now() - interval '1 hour' where id = $1", sid)
    answer = await client.put(f"{AUTH}/user", json={"password": some_password()}, headers=back.headers)
    must_refuse(answer, 400, "reauthentication_needed")


async def test_a_link_is_good_once_even_for_two_at_once_and_not_for_ever(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    await client.post(f"{AUTH}/recover", json={"email": someone.email})
    body = {"type": "recovery", "token_hash": await link(app, someone.email, "reset_password")}
    answers = await asyncio.gather(*(client.post(f"{AUTH}/verify", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403, 403]
    await let_pause_end(app, someone.email)
    await client.post(f"{AUTH}/recover", json={"email": someone.email})
    await let_expire(app, "reset_password", someone.email)
    body["token_hash"] = await link(app, someone.email, "reset_password")
    must_refuse(await client.post(f"{AUTH}/verify", json=body), 403, "otp_expired")


async def test_a_second_factor_is_gone_around_by_no_way_in(
    client: httpx.AsyncClient, app: FastAPI, owner: asyncpg.Connection
) -> None:
    person = await guarded(client, owner)
    email = person.member.email
    # Whoever proves an address for the first time does away with what a stranger may have set up.
    await owner.execute("update relais.users set email_verified_at = created_at where email = $1", email)
    must_refuse(await with_password(client, email), 403, "insufficient_aal")
    await client.post(f"{AUTH}/recover", json={"email": email})
    token = await link(app, email, "reset_password")
    answer = await client.post(f"{AUTH}/verify", json={"type": "recovery", "token_hash": token})
    must_refuse(answer, 403, "insufficient_aal")
    # The link is still good where it leads to a new password and not to a session.
    answer = await client.post("/api/auth/password/reset", json={"token": token, "password": some_password()})
    assert answer.status_code == 200, answer.text
    body = {"type": "signup", "token_hash": await link(app, email, "verify_email")}
    answer = await client.post(f"{AUTH}/verify", json=body)
    assert (answer.status_code, "access_token" in answer.json()) == (200, False)
    assert answer.json()["factors"][0]["status"] == "verified"


async def test_a_recovery_link_ends_what_a_stranger_had_set_up(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    made = await client.post("/api/api-tokens", json={"name": "a"}, headers=someone.headers)
    assert await is_in(client, made.json()["token"])
    await client.post(f"{AUTH}/recover", json={"email": someone.email})
    token = await link(app, someone.email, "reset_password")
    answer = await client.post(f"{AUTH}/verify", json={"type": "recovery", "token_hash": token})
    assert await is_in(client, answer.json()["access_token"])
    assert not await is_in(client, made.json()["token"])
    assert not await is_in(client, someone.session["access_token"])


async def test_a_suspended_user_gets_in_by_no_link(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed, owner: asyncpg.Connection
) -> None:
    verifying = await link(app, someone.email, "verify_email")
    await client.post(f"{AUTH}/recover", json={"email": someone.email})
    recovering = await link(app, someone.email, "reset_password")
    await owner.execute("update relais.users set disabled_at = now() where id = $1", someone.id)
    for kind, token in (("signup", verifying), ("recovery", recovering)):
        must_refuse(await client.post(f"{AUTH}/verify", json={"type": kind, "token_hash": token}), 403, "otp_expired")
    must_refuse(await with_password(client, someone.email), 400, "invalid_credentials")
    assert not await is_good(client, someone)


async def test_a_link_that_a_browser_opens_leads_back_with_a_session(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed
) -> None:
    await client.post(f"{AUTH}/recover", json={"email": someone.email})
    token = await link(app, someone.email, "reset_password")
    query = {"type": "recovery", "token": token, "redirect_to": f"{SITE}/compte"}
    answer = await client.get(f"{AUTH}/verify", params=query)
    told = fragment(answer)
    assert (told["target"], told["type"], told["token_type"]) == (f"{SITE}/compte", "recovery", "bearer")
    assert await is_in(client, told["access_token"])
    assert answer.headers["cache-control"] == "no-store"
    again = fragment(await client.get(f"{AUTH}/verify", params=query))
    assert (again["error"], again["error_code"]) == ("access_denied", "otp_expired")
    assert "access_token" not in again


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example/",
        "//evil.example",
        f"{SITE}.evil.example/",
        f"{SITE}@evil.example/",
        "javascript:alert(1)",
        "http://localhost:5173\\@evil.example",
        "https://evil.example\r\nX: y",
        "",
    ],
)
async def test_nobody_is_sent_where_they_should_not_be(
    client: httpx.AsyncClient, app: FastAPI, someone: Signed, hostile: str
) -> None:
    token = await link(app, someone.email, "verify_email")
    query = {"type": "signup", "token": token, "redirect_to": hostile}
    told = fragment(await client.get(f"{AUTH}/verify", params=query))
    assert told["target"].rstrip("/") == SITE
    told = fragment(await client.get(f"{AUTH}/verify", params=query))
    assert told["target"].rstrip("/") == SITE


async def test_tries_are_counted(cheap: Settings) -> None:
    limits = cheap.limits.model_copy(update={"auth": "3/300", "refresh": "5/300"})
    async with running_with(cheap.model_copy(update={"limits": limits})) as client:
        answers = [await with_password(client, some_email(), "Faux-Mot-1") for _ in range(4)]
        must_refuse(answers[-1], 429, "over_request_rate_limit")
        assert int(answers[-1].headers["retry-after"]) > 0
        # Refreshing has a bound of its own.
        must_refuse(await refreshed(client, "nonsense"), 400, "refresh_token_not_found")


async def test_settings_health_and_keys_are_there_for_everybody(client: httpx.AsyncClient) -> None:
    settings = (await client.get(f"{AUTH}/settings")).json()
    assert settings["external"] == {
        "email": True,
        "phone": False,
        "anonymous_users": False,
        "github": False,
        "google": False,
    }
    assert (settings["disable_signup"], settings["mailer_autoconfirm"]) == (False, True)
    assert (await client.get(f"{AUTH}/health")).json()["name"] == "Relais"
    for path in ("/.well-known/jwks.json", f"{AUTH}/.well-known/jwks.json"):
        answer = await client.get(path)
        # Signed with the secret, which nobody is shown.
        assert (answer.status_code, answer.json()) == (200, {"keys": []})


async def test_a_page_of_the_frontend_may_send_what_the_client_sends(client: httpx.AsyncClient) -> None:
    asked = "apikey,authorization,content-type,x-client-info,x-supabase-api-version"
    preflight = {
        "Origin": SITE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }
    answer = await client.options(f"{AUTH}/token", headers=preflight)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SITE
    assert set(asked.split(",")) <= set(
        answer.headers["access-control-allow-headers"].replace(" ", "").lower().split(",")
    )
