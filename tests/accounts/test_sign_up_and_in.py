"""Signing up, in and out, and who somebody is: the shapes that the frontend's clients read, and all that is refused."""

import json
import re
import secrets
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from app.auth.tokens import TokenOptions, TokenVerifier
from app.main import create_app
from app.settings import Settings
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from pydantic import SecretStr

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, signed_up, some_email, with_group
from tests.accounts.ground import must_refuse, running_with, value
from tests.auth.signing import b64
from tests.conftest import Urls, started

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RULES = (
    "Le mot de passe doit contenir au moins 8 caractères",
    "Le mot de passe doit contenir au moins une majuscule (A-Z)",
    "Le mot de passe doit contenir au moins une minuscule (a-z)",
    "Le mot de passe doit contenir au moins un chiffre (0-9)",
    "Le mot de passe doit contenir au moins un caractère spécial",
)


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """One API for all of this file: nothing here changes it."""
    async with started(create_app(cheap)) as app:
        yield app


async def test_signing_up_answers_tokens_in_both_forms(client: httpx.AsyncClient) -> None:
    email = some_email("lea")
    body = {"email": email, "password": PASSWORD, "username": None, "fullName": "Léa Martin"}
    answer = await client.post("/api/auth/signup", json=body)
    assert answer.status_code == 201
    told = answer.json()
    must_have_tokens(told)
    must_describe(told["user"], email)
    assert told["message"] == "Compte créé avec succès"
    assert told["user"]["user_metadata"]["full_name"] == told["user"]["fullName"] == "Léa Martin"
    assert told["user"]["role"] == "user"
    assert told["user"]["username"].startswith("lea.")


async def test_signing_in_answers_tokens_in_both_forms(client: httpx.AsyncClient, member: Member) -> None:
    answer = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    assert answer.status_code == 200
    told = answer.json()
    must_have_tokens(told)
    must_describe(told["user"], member.email)
    assert told["message"] == "Connexion réussie"


async def test_the_session_says_who_the_caller_is(client: httpx.AsyncClient, member: Member) -> None:
    answer = await client.get("/api/auth/session", headers=member.headers)
    assert answer.status_code == 200
    assert set(answer.json()) == {"user"}
    must_describe(answer.json()["user"], member.email)


@pytest.mark.parametrize("name", ["refreshToken", "refresh_token"])
async def test_a_refresh_token_is_taken_under_both_names(client: httpx.AsyncClient, member: Member, name: str) -> None:
    answer = await client.post("/api/auth/refresh", json={name: member.refresh_token})
    assert answer.status_code == 200
    must_have_tokens(answer.json())
    assert answer.json()["refresh_token"] != member.refresh_token
    assert await is_in(client, answer.json()["access_token"])


@pytest.mark.parametrize("name", ["fullName", "full_name"])
async def test_a_full_name_is_taken_under_both_names(client: httpx.AsyncClient, name: str) -> None:
    body = {"email": some_email(), "password": PASSWORD, name: "  Zoé  Übermut 中文 🎉 "}
    told = (await client.post("/api/auth/signup", json=body)).json()
    assert told["user"]["fullName"] == "Zoé  Übermut 中文 🎉"


async def test_what_the_shipped_client_sends_as_metadata_is_read(client: httpx.AsyncClient) -> None:
    avatar = "https://images.example.org/a.png"
    metadata = {"full_name": "Ana Roux", "avatar_url": avatar, "role": "super_admin", "plan": {"free": False}}
    body = {"email": some_email(), "password": PASSWORD, "metadata": metadata}
    user = (await client.post("/api/auth/signup", json=body)).json()["user"]
    assert (user["fullName"], user["avatarUrl"], user["role"]) == ("Ana Roux", avatar, "user")
    assert user["user_metadata"] == {"full_name": "Ana Roux", "avatar_url": avatar}


async def test_unknown_fields_are_ignored_and_grant_nothing(client: httpx.AsyncClient) -> None:
    more = {"role": "super_admin", "id": "1", "tenant_id": "2", "isAdmin": True, "app_metadata": {"role": "admin"}}
    answer = await client.post("/api/auth/signup", json={"email": some_email(), "password": PASSWORD, **more})
    assert answer.status_code == 201
    assert answer.json()["user"]["role"] == "user"


async def test_the_token_of_a_sign_up_works_in_the_gateway(client: httpx.AsyncClient, member: Member) -> None:
    answer = await client.get(
        "/rest/v1/profiles", params={"select": "id", "id": f"eq.{member.id}"}, headers=member.headers
    )
    assert (answer.status_code, answer.json()) == (200, [{"id": member.id}])


async def test_anybody_can_verify_tokens_of_a_published_key(cheap: Settings) -> None:
    pair = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    numbers = {"x": pair.public_numbers.x, "y": pair.public_numbers.y, "d": pair.private_value}
    key = {
        "kty": "EC",
        "crv": "P-256",
        "kid": "first",
        **{name: b64(n.to_bytes(32, "big")) for name, n in numbers.items()},
    }
    async with running_with(with_group(cheap, "auth", signing_keys=SecretStr(json.dumps(key)))) as client:
        member = await signed_up(client)
        assert await is_in(client, member.access_token)
        for path in ("/.well-known/jwks.json", "/auth/v1/.well-known/jwks.json"):
            published = (await client.get(path)).json()
            assert [found["kid"] for found in published["keys"]] == ["first"]
            assert not {"d", "k", "p", "q"} & set(published["keys"][0])
            stranger = TokenVerifier(TokenOptions(json.dumps(published)))
            claims = stranger.claims(f"Bearer {member.access_token}")
            assert claims is not None
            assert claims.values["sub"] == member.id
    async with running_with(cheap) as client:
        assert (await client.get("/.well-known/jwks.json")).json() == {"keys": []}


async def test_signing_in_again_opens_another_session(client: httpx.AsyncClient, member: Member) -> None:
    answer = await client.post("/api/auth/signin", json={"email": member.email.upper(), "password": member.password})
    assert answer.status_code == 200
    assert answer.json()["access_token"] != member.access_token
    assert await is_in(client, member.access_token)


async def test_blanks_around_an_address_do_not_count_and_those_around_a_password_do(
    client: httpx.AsyncClient, member: Member
) -> None:
    spaced = await client.post("/api/auth/signin", json={"email": f" {member.email}\n", "password": member.password})
    assert spaced.status_code == 200
    other = await client.post("/api/auth/signin", json={"email": member.email, "password": f"{member.password} "})
    assert other.status_code == 401


async def test_a_password_is_the_same_however_a_keyboard_composes_it(client: httpx.AsyncClient) -> None:
    composed, decomposed = "Crêpe-été-2024!", "Cre\u0302pe-e\u0301te\u0301-2024!"
    member = await signed_up(client, password=composed)
    answer = await client.post("/api/auth/signin", json={"email": member.email, "password": decomposed})
    assert answer.status_code == 200


async def test_a_long_password_counts_to_its_end(client: httpx.AsyncClient) -> None:
    password = "Aa1!" + "🦉" * 252
    member = await signed_up(client, password=password)
    answer = await client.post("/api/auth/signin", json={"email": member.email, "password": password[:-1]})
    assert answer.status_code == 401


async def test_an_address_is_taken_however_it_is_written(client: httpx.AsyncClient) -> None:
    member = await signed_up(client)
    answer = await client.post("/api/auth/signup", json={"email": member.email.upper(), "password": PASSWORD})
    must_refuse(answer, 409, "EMAIL_TAKEN", "Cet email est déjà utilisé")


async def test_a_user_name_is_taken_once(client: httpx.AsyncClient) -> None:
    name = f"zoe-{secrets.token_hex(4)}"
    await signed_up(client, username=name)
    answer = await client.post(
        "/api/auth/signup", json={"email": some_email(), "password": PASSWORD, "username": f" {name} "}
    )
    must_refuse(answer, 409, "USERNAME_TAKEN", "Ce nom d'utilisateur est déjà pris")


async def test_a_derived_user_name_that_is_taken_gets_a_number(client: httpx.AsyncClient) -> None:
    name = f"jean.{secrets.token_hex(4)}"
    names: list[str] = []
    for host in ("a.example.org", "b.example.org"):
        body = {"email": f"{name}@{host}", "password": PASSWORD}
        names.append((await client.post("/api/auth/signup", json=body)).json()["user"]["username"])
    assert names == [name, f"{name}-2"]


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("", RULES),
        ("é", RULES[:4]),
        ("abc", (RULES[0], RULES[1], RULES[3], RULES[4])),
        ("ABCDEFGH", (RULES[2], RULES[3], RULES[4])),
        ("Abcdefg1", (RULES[4],)),
        ("Abcdefg!", (RULES[3],)),
        ("Ab1!", (RULES[0],)),
    ],
)
async def test_a_weak_password_is_told_every_rule_that_it_breaks_in_order(
    client: httpx.AsyncClient, password: str, broken: tuple[str, ...]
) -> None:
    answer = await client.post("/api/auth/signup", json={"email": some_email(), "password": password})
    must_refuse(answer, 400, "WEAK_PASSWORD", ". ".join(broken))
    assert answer.json()["details"] == list(broken)


@pytest.mark.parametrize("password", ["Password1!", "Azerty123!", "P@ssw0rd2024", "Motdepasse1!", "Qwertyuiop1?"])
async def test_the_commonest_passwords_are_refused_though_they_keep_every_rule(
    client: httpx.AsyncClient, password: str
) -> None:
    answer = await client.post("/api/auth/signup", json={"email": some_email(), "password": password})
    must_refuse(answer, 400, "WEAK_PASSWORD", "Ce mot de passe est trop courant")


async def test_a_password_must_not_be_the_address(client: httpx.AsyncClient) -> None:
    body = {"email": f"Zygomar.{secrets.token_hex(3)}@example.org", "password": ""}
    body["password"] = f"{body['email'].partition('@')[0]}1!"
    answer = await client.post("/api/auth/signup", json=body)
    must_refuse(answer, 400, "WEAK_PASSWORD", "Le mot de passe ne doit pas reprendre votre adresse email")


async def test_what_is_refused_makes_no_account(client: httpx.AsyncClient, urls: Urls) -> None:
    email, name = some_email(), f"nom-{secrets.token_hex(4)}"
    await signed_up(client, username=name)
    for fields in ({"password": "weak"}, {"username": name}, {"username": "x"}, {"fullName": "x"}):
        body = {"email": email, "password": PASSWORD, **fields}
        assert (await client.post("/api/auth/signup", json=body)).status_code in (400, 409)
    assert await value(urls.admin, "select count(*) from relais.users where email = $1", email) == 0


@pytest.mark.parametrize("email", ["", "x", "@", "a@", "@b", "a b@c", "a@b c", "a@b@c", "é" * 65 + "@example.org"])
async def test_what_is_no_address_is_no_account(client: httpx.AsyncClient, email: str) -> None:
    answer = await client.post("/api/auth/signup", json={"email": email, "password": PASSWORD})
    must_refuse(answer, 400, "VALIDATION_ERROR", "Erreur de validation")
    assert [item["path"] for item in answer.json()["details"]] == ["email"]


async def test_a_validation_error_lists_fields_and_repeats_no_value(client: httpx.AsyncClient) -> None:
    body = {"email": "secret-address", "password": ["secret-word"], "username": "x"}
    answer = await client.post("/api/auth/signup", json=body)
    must_refuse(answer, 400, "VALIDATION_ERROR", "Erreur de validation")
    assert {item["path"] for item in answer.json()["details"]} == {"email", "password", "username"}
    assert "secret" not in answer.text


async def test_a_refresh_token_is_required(client: httpx.AsyncClient) -> None:
    for body in (None, {}, {"refreshToken": None}, {"refresh_token": ""}, {"refresh_token": "  "}):
        answer = (
            await client.post("/api/auth/refresh", json=body)
            if body is not None
            else await client.post("/api/auth/refresh")
        )
        must_refuse(answer, 400, "REFRESH_TOKEN_REQUIRED", "Refresh token requis")


async def test_nobody_without_a_token_has_a_session(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/auth/session")
    must_refuse(answer, 401, "AUTH_TOKEN_MISSING", "Token d'authentification manquant")
    answer = await client.get("/api/auth/session", headers=bearer("nonsense"))
    must_refuse(answer, 401, "AUTH_TOKEN_INVALID", "Token invalide ou expiré")


async def test_whoever_is_removed_has_no_session(client: httpx.AsyncClient, urls: Urls) -> None:
    member = await signed_up(client)
    await value(urls.admin, "delete from relais.users where id = $1::text::uuid", member.id)
    answer = await client.get("/api/auth/session", headers=member.headers)
    assert answer.status_code == 401
    assert (await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})).status_code == 401


async def test_a_disabled_account_is_refused_in_the_words_of_a_wrong_password(
    client: httpx.AsyncClient, urls: Urls
) -> None:
    member = await signed_up(client)
    await value(urls.admin, "update relais.users set disabled_at = now() where id = $1::text::uuid", member.id)
    answer = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    must_refuse(answer, 401, "INVALID_CREDENTIALS", "Email ou mot de passe incorrect")


async def test_signing_up_may_be_closed(cheap: Settings) -> None:
    async with running_with(with_group(cheap, "auth", sign_up=False)) as client:
        answer = await client.post("/api/auth/signup", json={"email": some_email(), "password": PASSWORD})
        must_refuse(answer, 403, "SIGN_UP_CLOSED", "Les inscriptions sont fermées")


async def test_an_address_may_have_to_be_verified_first(cheap: Settings, urls: Urls) -> None:
    async with running_with(with_group(cheap, "auth", verified_email=True)) as client:
        body = {"email": some_email(), "password": PASSWORD}
        words = "Veuillez d'abord vérifier votre adresse email"
        answer = await client.post("/api/auth/signup", json=body)
        assert (answer.status_code, answer.json()["user"]["emailVerified"], answer.json()["tokens"]) == (
            201,
            False,
            None,
        )
        must_refuse(await client.post("/api/auth/signin", json=body), 403, "EMAIL_NOT_VERIFIED", words)
        wrong = await client.post("/api/auth/signin", json={**body, "password": "Faux-Mot-1"})
        must_refuse(wrong, 401, "INVALID_CREDENTIALS", "Email ou mot de passe incorrect")
        await value(urls.admin, "update relais.users set email_verified_at = now() where email = $1", body["email"])
        assert (await client.post("/api/auth/signin", json=body)).status_code == 200


async def test_a_wrong_password_and_an_unknown_account_are_refused_alike(
    client: httpx.AsyncClient, member: Member
) -> None:
    body = {"email": member.email, "password": "Faux-Mot-1"}
    wrong = await client.post("/api/auth/signin", json=body)
    unknown = await client.post("/api/auth/signin", json={**body, "email": some_email()})
    malformed = await client.post("/api/auth/signin", json={**body, "email": "no address"})
    for answer in (wrong, unknown, malformed):
        must_refuse(answer, 401, "INVALID_CREDENTIALS", "Email ou mot de passe incorrect")
        assert answer.content == wrong.content
        assert told_by_headers(answer) == told_by_headers(wrong)


async def test_answers_hold_neither_password_nor_hash(client: httpx.AsyncClient, member: Member) -> None:
    signed_in = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    session = await client.get("/api/auth/session", headers=member.headers)
    for answer in (signed_in, session):
        assert member.password not in answer.text
        assert "argon2" not in answer.text


async def test_no_cache_keeps_what_is_told(client: httpx.AsyncClient, member: Member) -> None:
    credentials = {"email": member.email, "password": member.password}
    answers = (
        await client.post("/api/auth/signin", json=credentials),
        await client.post("/api/auth/signin", json={**credentials, "password": "wrong"}),
        await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token}),
        await client.get("/api/auth/session", headers=member.headers),
        await client.get("/api/auth/session"),
    )
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


async def test_a_refresh_token_of_another_installation_is_refused(client: httpx.AsyncClient, cheap: Settings) -> None:
    other = with_group(cheap, "auth", secret=SecretStr(secrets.token_hex(20)))
    async with running_with(other) as there:
        stranger = await signed_up(there)
    answer = await client.post("/api/auth/refresh", json={"refreshToken": stranger.refresh_token})
    must_refuse(answer, 401, "INVALID_REFRESH_TOKEN", "Refresh token invalide ou expiré")


def must_have_tokens(told: dict[str, Any]) -> None:
    assert told["tokens"] == {
        "accessToken": told["access_token"],
        "refreshToken": told["refresh_token"],
        "expiresIn": told["expires_in"],
    }
    assert told["token_type"] == "bearer"
    assert told["access_token"].count(".") == 2
    # In seconds, which the shipped client compares with.
    assert abs(told["expires_at"] - (time.time() + told["expires_in"])) < 60


def must_describe(user: dict[str, Any], email: str) -> None:
    assert UUID.fullmatch(user["id"])
    assert user["id"] == user["userId"] == user["user_id"]
    assert user["email"] == email
    assert {"username", "fullName", "avatarUrl", "bio", "role"} <= set(user)
    assert {"full_name", "avatar_url"} <= set(user["user_metadata"])
    assert MILLISECONDS.fullmatch(user["created_at"])


def told_by_headers(answer: httpx.Response) -> dict[str, str]:
    """What the headers say, without what differs from one request to the next by its nature."""
    changing = re.compile(r"x-request-id|server-timing|date|(x-)?ratelimit-(remaining|reset)")
    return {name: value for name, value in answer.headers.items() if not changing.fullmatch(name)}
