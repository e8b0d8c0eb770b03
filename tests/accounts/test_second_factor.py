"""Second factors: codes by the clock, adding and removing generators, and who may."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest
from app.auth import totp

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in
from tests.accounts.factors import (
    MFA,
    Client,
    claims_of,
    code_of,
    first_step,
    forget_steps,
    guarded,
    secret_in,
    shown,
    wrong_code,
)
from tests.accounts.ground import must_refuse
from tests.conftest import Urls

#: RFC 6238, appendix B.
RFC_SECRET = b"12345678901234567890"
RFC_CODES = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.fixture
async def owner(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The owner of the database."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


# Codes by the clock.


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, totp.step_at(seconds), digits=8) == code
    assert totp.matching_step(RFC_SECRET, code[-6:], seconds) == totp.step_at(seconds)


def test_a_code_counts_one_step_early_and_late_and_never_again() -> None:
    now = 1_700_000_010.0
    step = totp.step_at(now)
    for steps in (-1, 0, 1):
        assert totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, step + steps), now) == step + steps
    for steps in (-2, 2):
        assert totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, step + steps), now) is None
    code = totp.code_at(RFC_SECRET, step)
    assert totp.matching_step(RFC_SECRET, code, now, after=step) is None
    assert totp.matching_step(RFC_SECRET, code, now, after=step - 1) == step


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", "1_2345", "123456\n7", "🙂" * 6]
)
def test_what_is_not_six_digits_is_no_code(code: str) -> None:
    assert totp.matching_step(RFC_SECRET, code, time.time()) is None


def test_blanks_in_a_code_are_overlooked() -> None:
    code = code_of(RFC_SECRET)
    assert totp.matching_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", time.time()) is not None


def test_the_address_for_authenticators_says_all_they_need() -> None:
    parts = urlsplit(totp.uri(RFC_SECRET, "Chez nous", "léa:1@example.org"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Chez nous:léa:1@example.org"
    assert parts.path.count(":") == 1
    told = {key: value[0] for key, value in parse_qs(parts.query).items()}
    assert told == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "Chez nous",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }


# Adding.


async def test_a_factor_counts_once_it_is_confirmed(client: Client, member: Member) -> None:
    made = await client.post(f"{MFA}/enroll", json={"name": "Téléphone"}, headers=member.headers)
    assert made.status_code == 201
    told = made.json()
    secret = secret_in(told["uri"])
    assert totp.written(secret) == told["secret"]
    assert "access_token" in await first_step(client, member)
    answer = await client.post(
        f"{MFA}/verify", json={"id": told["id"], "code": wrong_code(secret)}, headers=member.headers
    )
    must_refuse(answer, 400, "INVALID_CODE", "Code invalide ou expiré")
    assert "access_token" in await first_step(client, member)

    answer = await client.post(
        f"{MFA}/verify", json={"id": told["id"], "code": code_of(secret)}, headers=member.headers
    )
    assert answer.status_code == 200
    codes = answer.json()["recoveryCodes"]
    assert len(set(codes)) == 10
    assert claims_of(answer.json()["access_token"])["aal"] == "aal2"
    assert claims_of(answer.json()["access_token"])["sid"] == claims_of(member.access_token)["sid"]
    assert "mfaToken" in await first_step(client, member)
    listed = (await client.get(MFA, headers=bearer(answer.json()["access_token"]))).json()
    (factor,) = listed["factors"]
    assert (factor["id"], factor["name"], factor["type"], factor["status"]) == (
        told["id"], "Téléphone", "totp", "verified",
    )  # fmt: skip
    assert (listed["recoveryCodesLeft"], listed["assurance"]) == (10, "aal2")


async def test_a_refreshed_session_keeps_its_second_factor(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    answer = await client.post("/api/auth/refresh", json={"refreshToken": who.member.refresh_token})
    assert claims_of(answer.json()["access_token"])["aal"] == "aal2"


async def test_neither_secrets_nor_codes_are_kept_as_they_are(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    row = await owner.fetchrow("select * from relais.second_factors where user_id = $1", who.member.id)
    assert row is not None
    assert who.secret not in row["secret"]
    assert totp.written(who.secret).encode() not in row["secret"]
    kept = await owner.fetch("select code_hash from relais.recovery_codes where user_id = $1", who.member.id)
    assert len(kept) == 10
    for code in who.recovery_codes:
        for spelling in (code, code.replace("-", "")):
            assert spelling.encode() not in {item["code_hash"] for item in kept}
            assert hashlib.sha256(spelling.encode()).digest() not in {item["code_hash"] for item in kept}


async def test_a_new_try_takes_the_place_of_one_that_was_never_confirmed(client: Client, member: Member) -> None:
    first = (await client.post(f"{MFA}/enroll", headers=member.headers)).json()
    second = (await client.post(f"{MFA}/enroll", json={}, headers=member.headers)).json()
    code = code_of(secret_in(first["uri"]))
    answer = await client.post(f"{MFA}/verify", json={"id": first["id"], "code": code}, headers=member.headers)
    must_refuse(answer, 404, "FACTOR_NOT_FOUND", "Second facteur non trouvé")
    listed = (await client.get(MFA, headers=member.headers)).json()
    assert [(item["id"], item["status"]) for item in listed["factors"]] == [(second["id"], "unverified")]


async def test_long_after_signing_in_the_password_is_asked_for(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    await owner.execute(
        "update relais.sessions set created_at = now() - interval '1 hour' where user_id = $1", member.id
    )
    answer = await client.post(f"{MFA}/enroll", json={}, headers=member.headers)
    must_refuse(
        answer, 403, "RECENT_SIGN_IN_REQUIRED", "Confirmez votre mot de passe ou reconnectez-vous pour continuer"
    )
    answer = await client.post(f"{MFA}/enroll", json={"password": "Faux-Mot-1"}, headers=member.headers)
    must_refuse(answer, 400, "PASSWORD_NOT_CONFIRMED", "Mot de passe incorrect")
    assert await is_in(client, member.access_token)
    answer = await client.post(f"{MFA}/enroll", json={"password": PASSWORD}, headers=member.headers)
    assert answer.status_code == 201


async def test_a_second_factor_is_added_only_by_whoever_showed_the_first(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    before = (await first_step(client, member))["access_token"]
    who = await guarded(client, owner, member)
    answer = await client.post(f"{MFA}/enroll", json={}, headers=bearer(before))
    must_refuse(answer, 403, "SECOND_FACTOR_REQUIRED", "Code de vérification requis")
    made = (await client.post(f"{MFA}/enroll", json={"name": "Clé"}, headers=who.headers)).json()
    body = {"id": made["id"], "code": code_of(secret_in(made["uri"]))}
    answer = await client.post(f"{MFA}/verify", json=body, headers=who.headers)
    assert answer.status_code == 200
    assert "recoveryCodes" not in answer.json()
    waiting = await first_step(client, member)
    assert [item["name"] for item in waiting["factors"]] == ["Téléphone", "Clé"]
    for secret in (who.secret, secret_in(made["uri"])):
        await forget_steps(owner, member.id)
        waiting = await first_step(client, member)
        assert (await shown(client, waiting["mfaToken"], code_of(secret))).status_code == 200


async def test_nobody_has_more_than_five_factors(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    await owner.execute(
        "insert into relais.second_factors (user_id, secret, confirmed_at)"
        " select user_id, secret, now() from relais.second_factors, generate_series(2, 5) where user_id = $1",
        who.member.id,
    )
    answer = await client.post(f"{MFA}/enroll", json={}, headers=who.headers)
    must_refuse(answer, 409, "TOO_MANY_FACTORS", "Vous avez déjà trop de seconds facteurs")


async def test_an_older_session_is_raised_by_a_code(client: Client, owner: asyncpg.Connection, member: Member) -> None:
    before = (await first_step(client, member))["access_token"]
    who = await guarded(client, owner, member)
    body = {"id": who.factor_id, "code": who.code}
    answer = await client.post(f"{MFA}/verify", json=body, headers=bearer(before))
    assert answer.status_code == 200
    assert claims_of(answer.json()["access_token"])["aal"] == "aal2"
    assert claims_of(answer.json()["access_token"])["sid"] == claims_of(before)["sid"]
    assert "recoveryCodes" not in answer.json()


async def test_confirming_ends_the_other_sessions_if_asked_to(client: Client, member: Member) -> None:
    other = (await first_step(client, member))["access_token"]
    made = (await client.post(f"{MFA}/enroll", headers=member.headers)).json()
    body = {"id": made["id"], "code": code_of(secret_in(made["uri"])), "signOutOthers": True}
    answer = await client.post(f"{MFA}/verify", json=body, headers=member.headers)
    assert answer.status_code == 200
    assert not await is_in(client, other)
    assert await is_in(client, answer.json()["access_token"])


async def test_somebody_elses_factor_is_not_there(client: Client, owner: asyncpg.Connection, member: Member) -> None:
    who = await guarded(client, owner)
    body = {"id": who.factor_id, "code": who.code}
    answer = await client.post(f"{MFA}/verify", json=body, headers=member.headers)
    must_refuse(answer, 404, "FACTOR_NOT_FOUND", "Second facteur non trouvé")
    for factor_id in (who.factor_id, "nonsense", "%00", "00000000-0000-0000-0000-000000000000"):
        answer = await client.request("DELETE", f"{MFA}/{factor_id}", json={"code": who.code}, headers=member.headers)
        must_refuse(answer, 404, "FACTOR_NOT_FOUND", "Second facteur non trouvé")
    assert "mfaToken" in await first_step(client, who.member)


async def test_changes_are_told_by_mail_and_noted(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    mails = (
        "select data ->> 'change' from relais.email_outbox where recipient = $1 and template = 'second_factor_changed'"
    )
    assert [row[0] for row in await owner.fetch(mails, who.member.email)] == ["added"]
    await client.request("DELETE", f"{MFA}/{who.factor_id}", json={"code": who.code}, headers=who.headers)
    assert sorted(row[0] for row in await owner.fetch(mails, who.member.email)) == ["added", "removed"]
    noted = await owner.fetch(
        "select action from relais.audit_log where actor_id = $1 and action like 'SECOND_FACTOR%' order by id",
        who.member.id,
    )
    assert [row[0] for row in noted] == ["SECOND_FACTOR_ADDED", "SECOND_FACTOR_REMOVED"]


async def test_of_two_who_confirm_at_once_one_is_told_recovery_codes(client: Client, member: Member) -> None:
    made = (await client.post(f"{MFA}/enroll", headers=member.headers)).json()
    body = {"id": made["id"], "code": code_of(secret_in(made["uri"]))}
    answers = await asyncio.gather(*(client.post(f"{MFA}/verify", json=body, headers=member.headers) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (codes,) = (answer.json()["recoveryCodes"] for answer in answers if answer.status_code == 200)
    told = await first_step(client, member)
    answer = await client.post(f"{MFA}/challenge", json={"mfaToken": told["mfaToken"], "recoveryCode": codes[0]})
    assert answer.status_code == 200


# Removing.


async def test_a_factor_goes_with_a_code_and_signing_in_is_as_before(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    path = f"{MFA}/{who.factor_id}"
    refused = await client.request("DELETE", path, headers=who.headers)
    must_refuse(refused, 400, "PROOF_REQUIRED", "Un code de vérification ou votre mot de passe est requis")
    refused = await client.request("DELETE", path, json={"code": wrong_code(who.secret)}, headers=who.headers)
    must_refuse(refused, 400, "INVALID_CODE", "Code invalide ou expiré")
    answer = await client.request("DELETE", path, json={"code": who.code}, headers=who.headers)
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    # No session goes on claiming what is no more.
    assert not await is_in(client, who.access_token)
    assert claims_of(answer.json()["access_token"])["aal"] == "aal1"
    assert await is_in(client, answer.json()["access_token"])
    assert "access_token" in await first_step(client, who.member)
    count = "select count(*) from relais.recovery_codes where user_id = $1"
    assert await owner.fetchval(count, who.member.id) == 0


async def test_the_password_alone_removes_a_factor_only_in_a_session_that_showed_it(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    before = (await first_step(client, member))["access_token"]
    who = await guarded(client, owner, member)
    path, body = f"{MFA}/{who.factor_id}", {"password": PASSWORD}
    refused = await client.request("DELETE", path, json=body, headers=bearer(before))
    must_refuse(refused, 403, "SECOND_FACTOR_REQUIRED", "Code de vérification requis")
    refused = await client.request("DELETE", path, json={"password": "Faux-Mot-1"}, headers=who.headers)
    must_refuse(refused, 400, "PASSWORD_NOT_CONFIRMED", "Mot de passe incorrect")
    assert (await client.request("DELETE", path, json=body, headers=who.headers)).status_code == 200


async def test_one_of_two_factors_goes_and_the_sessions_stay(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    made = (await client.post(f"{MFA}/enroll", json={}, headers=who.headers)).json()
    body = {"id": made["id"], "code": code_of(secret_in(made["uri"]))}
    assert (await client.post(f"{MFA}/verify", json=body, headers=who.headers)).status_code == 200
    answer = await client.request(
        "DELETE", f"{MFA}/{who.factor_id}", json={"recoveryCode": who.recovery_codes[0]}, headers=who.headers
    )
    assert answer.status_code == 200
    assert "access_token" not in answer.json()
    assert await is_in(client, who.access_token)
    assert "mfaToken" in await first_step(client, who.member)


async def test_what_was_never_confirmed_goes_without_a_word(client: Client, member: Member) -> None:
    made = (await client.post(f"{MFA}/enroll", headers=member.headers)).json()
    assert (await client.delete(f"{MFA}/{made['id']}", headers=member.headers)).status_code == 200
    assert (await client.get(MFA, headers=member.headers)).json()["factors"] == []


# Who may ask, and what they send.


ROUTES = [
    ("GET", MFA, None),
    ("POST", f"{MFA}/enroll", {}),
    ("POST", f"{MFA}/verify", {"id": "0198f3c0-0000-7000-8000-000000000000", "code": "123456"}),
    ("POST", f"{MFA}/recovery-codes", {"password": "x"}),
    ("DELETE", f"{MFA}/0198f3c0-0000-7000-8000-000000000000", {"password": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_strangers_and_programs_are_refused(
    client: Client, member: Member, method: str, path: str, body: dict[str, Any] | None
) -> None:
    answer = await client.request(method, path, json=body)
    must_refuse(answer, 401, "AUTH_TOKEN_MISSING", "Token d'authentification manquant")
    made = await client.post("/api/api-tokens", json={"name": "programme"}, headers=member.headers)
    answer = await client.request(method, path, json=body, headers=bearer(made.json()["token"]))
    assert (answer.status_code, answer.json()["code"]) == (403, "SESSION_REQUIRED")


HOSTILE: list[Any] = [None, 1, True, [], {}, "", "\0", "\ud800", "x" * 100_000, "' or true --", ["123456"]]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
async def test_whatever_is_sent_is_refused_and_breaks_nothing(
    client: Client, owner: asyncpg.Connection, value: Any
) -> None:
    who = await guarded(client, owner)
    told = await first_step(client, who.member)
    good = {"mfaToken": told["mfaToken"], "code": wrong_code(who.secret)}

    async def sent(method: str, path: str, body: Any, headers: dict[str, str]) -> int:
        content = json.dumps(body).encode()
        headers = {**headers, "Content-Type": "application/json"}
        return (await client.request(method, path, content=content, headers=headers)).status_code

    for body in (
        {**good, "mfaToken": value},
        {**good, "code": value},
        {"mfaToken": told["mfaToken"], "recoveryCode": value},
        value,
    ):
        assert await sent("POST", f"{MFA}/challenge", body, {}) in (400, 401), body
    for body in ({"id": value, "code": "1"}, {"id": who.factor_id, "code": value}, value):
        assert await sent("POST", f"{MFA}/verify", body, who.headers) in (400, 404), body
    if value is not None and value != "":
        assert await sent("POST", f"{MFA}/enroll", {"name": value}, who.headers) in (201, 400)
        for body in ({"code": value}, {"recoveryCode": value}, {"password": value}):
            assert await sent("DELETE", f"{MFA}/{who.factor_id}", body, who.headers) in (400, 429), body
    assert "mfaToken" in await first_step(client, who.member)
