"""Accounts from the browsers' own store: their passwords work, and nobody else's do."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, some_email
from tests.accounts.ground import must_refuse, value
from tests.accounts.outbox import letters, link

SALT = "00112233445566778899aabbccddeeff"
VECTORS = {
    "Abcdef1!": "3b336564c88e448ea71602172fa43cdbfe65ac0e415e60cece9cd2e73e8e40cd",
    "Été2024!é": "1de422ab80774416bfad204fff226d257e0071ef0fba619149d059dc5e19e41d",
}
GIVEN = "306a014fea1e9d433471b1023fddcf5bdecb4c98b4311442b5c22976c8cf7718"
REFUSED = 401, "INVALID_CREDENTIALS", "Email ou mot de passe incorrect"


def hash_of(password: str, salt: str = SALT, rounds: int = 10_000) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds, 32).hex()
    return f"pbkdf2-sha256${rounds}${salt}${digest}"


async def imported(settings: Settings, kept: str | None) -> str:
    """The address of an account that was carried over with this hash."""
    assert settings.database.admin_url is not None
    email = some_email("ancien")
    put = """
        with person as (insert into relais.users (email, password_hash) values ($1, $2) returning id)
        insert into relais.memberships (tenant_id, user_id) select relais.default_tenant_id(), id from person
    """
    await value(settings.database.admin_url.get_secret_value(), put, email, kept)
    return email


async def kept_for(settings: Settings, email: str) -> str | None:
    assert settings.database.admin_url is not None
    statement = "select password_hash from relais.users where email = $1"
    return await value(settings.database.admin_url.get_secret_value(), statement, email)


async def sign_in(client: httpx.AsyncClient, email: str, password: Any) -> httpx.Response:
    return await client.post("/api/auth/signin", json={"email": email, "password": password})


@pytest.mark.parametrize(("password", "digest"), VECTORS.items())
async def test_an_imported_password_works_and_is_kept_as_argon2_from_then_on(
    client: httpx.AsyncClient, cheap: Settings, password: str, digest: str
) -> None:
    assert hash_of(password).endswith(digest)
    email = await imported(cheap, f"pbkdf2-sha256$10000${SALT}${digest}")
    must_refuse(await sign_in(client, email, f"{password}x"), *REFUSED)
    assert (await kept_for(cheap, email) or "").startswith("pbkdf2-sha256$")
    assert (await sign_in(client, email, password)).status_code == 200
    assert (await kept_for(cheap, email) or "").startswith("$argon2id$")
    assert (await sign_in(client, email, password)).status_code == 200
    must_refuse(await sign_in(client, email, f"{password}x"), *REFUSED)


async def test_many_first_sign_ins_at_once_all_succeed(client: httpx.AsyncClient, cheap: Settings) -> None:
    email = await imported(cheap, hash_of("Abcdef1!"))
    answers = await asyncio.gather(*(sign_in(client, email, "Abcdef1!") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await sign_in(client, email, "Abcdef1!")).status_code == 200


async def test_the_password_that_everybody_was_given_lets_nobody_in(client: httpx.AsyncClient, cheap: Settings) -> None:
    assert hash_of("reset").endswith(GIVEN)
    for kept in (f"pbkdf2-sha256$10000${SALT}${GIVEN}", hash_of("reset", "f" * 32), hash_of("reset", SALT, 1)):
        email = await imported(cheap, kept)
        for password in ("reset", "Reset", " reset", "", GIVEN):
            must_refuse(await sign_in(client, email, password), *REFUSED)
        assert await kept_for(cheap, email) == kept


@pytest.mark.parametrize("kept", [None, hash_of("reset", "ab" * 16)], ids=["none", "given"])
async def test_an_account_without_a_password_is_claimed_by_mail_and_in_no_other_way(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings, kept: str | None
) -> None:
    email = await imported(cheap, kept)
    for password in (PASSWORD, "", "reset", "null"):
        must_refuse(await sign_in(client, email, password), *REFUSED)
    taken = await client.post("/api/auth/signup", json={"email": email, "password": PASSWORD})
    assert (taken.status_code, taken.json()["code"]) == (409, "EMAIL_TAKEN")
    assert await kept_for(cheap, email) == kept
    assert (await client.post("/api/auth/password/forgot", json={"email": email})).status_code == 200
    assert [letter.template for letter in await letters(app, email)] == ["claim_account"]
    body = {"token": await link(app, email, "claim_account"), "password": PASSWORD}
    answers = await asyncio.gather(*(client.post("/api/auth/password/reset", json=body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    signed_in = await sign_in(client, email, PASSWORD)
    assert signed_in.status_code == 200
    assert signed_in.json()["user"]["emailVerified"] is True


async def test_an_account_with_an_imported_password_is_sent_a_link_to_reset_it(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings
) -> None:
    email = await imported(cheap, hash_of("Abcdef1!"))
    await client.post("/api/auth/password/forgot", json={"email": email})
    assert [letter.template for letter in await letters(app, email)] == ["reset_password"]


async def test_an_account_of_a_provider_is_sent_a_link_to_reset_its_password(
    app: FastAPI, client: httpx.AsyncClient, cheap: Settings
) -> None:
    email = await imported(cheap, None)
    assert cheap.database.admin_url is not None
    connect = """
        insert into relais.oauth_accounts (user_id, provider, provider_user_id, access_token)
        select id, 'github', id::text, '' from relais.users where email = $1
    """
    await value(cheap.database.admin_url.get_secret_value(), connect, email)
    await client.post("/api/auth/password/forgot", json={"email": email})
    assert [letter.template for letter in await letters(app, email)] == ["reset_password"]


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "reset",
        "pbkdf2-sha256$",
        "pbkdf2-sha256$10000$$",
        f"pbkdf2-sha256$10000${SALT}",
        f"pbkdf2-sha256$10000${SALT}$é",
        f"pbkdf2-sha256$-1${SALT}${GIVEN}",
        f"pbkdf2-sha256$99999999999${SALT}${GIVEN}",
        f"pbkdf2-sha256$x${SALT}${GIVEN}",
        f"pbkdf2-sha256$10000${SALT}${GIVEN}$more",
        "$argon2id$v=19$m=x$",
        "$2b$12$abcdefghijklmnopqrstuv",
    ],
    ids=range(12),
)
async def test_a_hash_that_is_none_lets_nobody_in(client: httpx.AsyncClient, cheap: Settings, kept: str) -> None:
    email = await imported(cheap, kept)
    for password in ("", "reset", "Abcdef1!", kept):
        must_refuse(await sign_in(client, email, password), *REFUSED)
    assert (await client.post("/api/auth/password/forgot", json={"email": email})).status_code == 200


async def test_an_imported_password_is_good_enough_to_choose_another(
    client: httpx.AsyncClient, cheap: Settings
) -> None:
    email = await imported(cheap, hash_of("Abcdef1!"))
    token = (await sign_in(client, email, "Abcdef1!")).json()["access_token"]
    body = {"currentPassword": "Abcdef1!", "newPassword": PASSWORD}
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.post("/api/auth/password/change", json=body, headers=headers)).status_code == 200
    assert (await sign_in(client, email, PASSWORD)).status_code == 200
    must_refuse(await sign_in(client, email, "Abcdef1!"), *REFUSED)
