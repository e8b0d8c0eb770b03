"""Signing in with a second factor: the second step, recovery codes, and what is required of administrators."""

import asyncio
from collections.abc import AsyncGenerator

import asyncpg
import pytest
from app.settings import Settings

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, signed_up, with_group
from tests.accounts.factors import (
    MFA,
    Client,
    claims_of,
    first_step,
    forget_steps,
    guarded,
    shown,
    wrong_code,
)
from tests.accounts.ground import must_refuse, running_with
from tests.conftest import Urls


@pytest.fixture
async def owner(urls: Urls) -> AsyncGenerator[asyncpg.Connection]:
    """The owner of the database."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


# Signing in.


async def test_signing_in_asks_for_a_code_and_gives_no_tokens_before(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    told = await first_step(client, who.member)
    assert told["mfaRequired"] is True
    assert told["factors"] == [{"id": who.factor_id, "name": "Téléphone", "type": "totp"}]
    assert not {"access_token", "tokens", "refresh_token", "user"} & set(told)
    assert not await is_in(client, told["mfaToken"])

    answer = await shown(client, told["mfaToken"], who.code)
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    assert answer.json()["tokens"]["accessToken"] == token
    assert answer.json()["user"]["id"] == who.member.id
    assert claims_of(token)["aal"] == "aal2"
    assert await is_in(client, token)


async def test_the_token_of_the_first_step_is_good_once(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    told = await first_step(client, who.member)
    assert (await shown(client, told["mfaToken"], who.code)).status_code == 200
    await forget_steps(owner, who.member.id)
    answer = await shown(client, told["mfaToken"], who.code)
    must_refuse(answer, 401, "INVALID_MFA_TOKEN", "La connexion a expiré, veuillez recommencer")


async def test_a_code_is_good_once(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    first, second = await first_step(client, who.member), await first_step(client, who.member)
    code = who.code
    assert (await shown(client, first["mfaToken"], code)).status_code == 200
    must_refuse(await shown(client, second["mfaToken"], code), 400, "INVALID_CODE", "Code invalide ou expiré")


async def test_of_many_who_show_one_code_at_once_one_is_let_in(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    tokens = [(await first_step(client, who.member))["mfaToken"] for _ in range(4)]
    code = who.code
    answers = await asyncio.gather(*(shown(client, token, code) for token in tokens for _ in range(2)))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.status_code for answer in answers} <= {200, 400, 401, 429}


async def test_after_five_wrong_codes_the_first_step_is_worthless(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    told = await first_step(client, who.member)
    for left in (4, 3, 2, 1, 0):
        answer = await client.post(
            f"{MFA}/challenge", json={"mfaToken": told["mfaToken"], "recoveryCode": "aaaaa-aaaaa"}
        )
        must_refuse(answer, 400, "INVALID_CODE", "Code invalide ou expiré")
        assert answer.json()["attemptsLeft"] == left
    answer = await shown(client, told["mfaToken"], who.code)
    must_refuse(answer, 401, "INVALID_MFA_TOKEN", "La connexion a expiré, veuillez recommencer")


async def test_guessing_codes_gets_slower_and_slower_however_often_the_first_step_is_taken(
    client: Client, owner: asyncpg.Connection
) -> None:
    who = await guarded(client, owner)
    for _ in range(5):
        told = await first_step(client, who.member)
        assert (await shown(client, told["mfaToken"], wrong_code(who.secret))).status_code == 400
    told = await first_step(client, who.member)
    answer = await shown(client, told["mfaToken"], who.code)
    must_refuse(answer, 429, "TOO_MANY_CODES", "Trop de codes erronés, veuillez réessayer dans 1 minute")
    assert 0 < int(answer.headers["Retry-After"]) <= 30
    assert answer.json()["retryAfter"] == int(answer.headers["Retry-After"])
    # By no other way either.
    body = {"id": who.factor_id, "code": who.code}
    assert (await client.post(f"{MFA}/verify", json=body, headers=who.headers)).status_code == 429

    past = "update relais.second_factors set failed_at = now() - interval '31 seconds' where user_id = $1"
    await owner.execute(past, who.member.id)
    assert (await shown(client, told["mfaToken"], wrong_code(who.secret))).status_code == 400
    await owner.execute(past, who.member.id)
    answer = await shown(client, told["mfaToken"], who.code)
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 20) == (429, True)
    await owner.execute("update relais.second_factors set failed_at = now() - interval '61 seconds'")
    assert (await shown(client, told["mfaToken"], who.code)).status_code == 200
    assert await owner.fetchval("select failures from relais.second_factors where user_id = $1", who.member.id) == 0


async def test_whoever_has_to_wait_may_show_a_recovery_code(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    await owner.execute(
        "update relais.second_factors set failures = 9, failed_at = now() where user_id = $1", who.member.id
    )
    told = await first_step(client, who.member)
    assert (await shown(client, told["mfaToken"], who.code)).status_code == 429
    answer = await client.post(
        f"{MFA}/challenge", json={"mfa_token": told["mfaToken"], "recovery_code": who.recovery_codes[0]}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("change", ["expires_at = now() - interval '1 second'", "used_at = now()", "failures = 5"])
async def test_a_first_step_that_is_over_is_worthless(client: Client, owner: asyncpg.Connection, change: str) -> None:
    who = await guarded(client, owner)
    told = await first_step(client, who.member)
    await owner.execute(f"update relais.one_time_tokens set {change} where user_id = $1", who.member.id)
    answer = await shown(client, told["mfaToken"], who.code)
    must_refuse(answer, 401, "INVALID_MFA_TOKEN", "La connexion a expiré, veuillez recommencer")


@pytest.mark.parametrize("change", ["disabled_at = now()", "password_changed_at = now() + interval '1 second'"])
async def test_a_first_step_does_not_outlive_what_it_was_taken_with(
    client: Client, owner: asyncpg.Connection, change: str
) -> None:
    who = await guarded(client, owner)
    told = await first_step(client, who.member)
    await owner.execute(f"update relais.users set {change} where id = $1", who.member.id)
    answer = await shown(client, told["mfaToken"], who.code)
    must_refuse(answer, 401, "INVALID_MFA_TOKEN", "La connexion a expiré, veuillez recommencer")


async def test_a_token_for_something_else_is_no_first_step(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    told = await first_step(client, who.member)
    await owner.execute(
        "update relais.one_time_tokens set purpose = 'verify_email' where user_id = $1 and purpose = 'second_factor'",
        who.member.id,
    )
    assert (await shown(client, told["mfaToken"], who.code)).status_code == 401


async def test_no_way_of_signing_in_passes_a_second_factor_by(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    body = {"email": who.member.email, "password": who.member.password}
    answer = await client.post("/auth/v1/token?grant_type=password", json=body)
    assert "access_token" not in answer.text
    assert answer.status_code in (400, 403, 404)


async def test_a_factor_whose_key_is_gone_lets_nobody_in_and_recovery_codes_do(
    client: Client, owner: asyncpg.Connection
) -> None:
    who = await guarded(client, owner)
    await owner.execute("update relais.second_factors set secret = 'garbage' where user_id = $1", who.member.id)
    told = await first_step(client, who.member)
    assert (await shown(client, told["mfaToken"], who.code)).status_code == 400
    body = {"mfaToken": told["mfaToken"], "recoveryCode": who.recovery_codes[3]}
    assert (await client.post(f"{MFA}/challenge", json=body)).status_code == 200


# Recovery codes.


async def test_a_recovery_code_is_good_once_however_it_is_written(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    code = f" {who.recovery_codes[0].replace('-', ' ').upper()} "
    told = await first_step(client, who.member)
    answer = await client.post(f"{MFA}/challenge", json={"mfaToken": told["mfaToken"], "recoveryCode": code})
    assert answer.status_code == 200
    assert answer.json()["recoveryCodesLeft"] == 9
    assert claims_of(answer.json()["access_token"])["aal"] == "aal2"
    mails = "select data ->> 'change' from relais.email_outbox where recipient = $1 order by created_at desc limit 1"
    assert await owner.fetchval(mails, who.member.email) == "recovery_code_used"
    told = await first_step(client, who.member)
    answer = await client.post(f"{MFA}/challenge", json={"mfaToken": told["mfaToken"], "recoveryCode": code})
    must_refuse(answer, 400, "INVALID_CODE", "Code invalide ou expiré")


async def test_of_many_who_show_one_recovery_code_at_once_one_is_let_in(
    client: Client, owner: asyncpg.Connection
) -> None:
    who = await guarded(client, owner)
    tokens = [(await first_step(client, who.member))["mfaToken"] for _ in range(5)]
    bodies = [{"mfaToken": token, "recoveryCode": who.recovery_codes[1]} for token in tokens]
    answers = await asyncio.gather(*(client.post(f"{MFA}/challenge", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


async def test_somebody_elses_recovery_code_is_wrong(client: Client, owner: asyncpg.Connection) -> None:
    one, other = await guarded(client, owner), await guarded(client, owner)
    told = await first_step(client, one.member)
    body = {"mfaToken": told["mfaToken"], "recoveryCode": other.recovery_codes[0]}
    assert (await client.post(f"{MFA}/challenge", json=body)).status_code == 400


async def test_new_recovery_codes_take_the_place_of_the_old_ones(client: Client, owner: asyncpg.Connection) -> None:
    who = await guarded(client, owner)
    path = f"{MFA}/recovery-codes"
    refused = await client.post(path, headers=who.headers)
    must_refuse(refused, 400, "PROOF_REQUIRED", "Un code de vérification ou votre mot de passe est requis")
    answer = await client.post(path, json={"password": PASSWORD}, headers=who.headers)
    assert answer.status_code == 200
    codes = answer.json()["recoveryCodes"]
    assert len(codes) == 10
    assert not set(codes) & set(who.recovery_codes)
    for code, status in ((who.recovery_codes[0], 400), (codes[0], 200)):
        told = await first_step(client, who.member)
        body = {"mfaToken": told["mfaToken"], "recoveryCode": code}
        assert (await client.post(f"{MFA}/challenge", json=body)).status_code == status


async def test_without_a_factor_there_are_no_recovery_codes(client: Client, member: Member) -> None:
    answer = await client.post(f"{MFA}/recovery-codes", json={"password": PASSWORD}, headers=member.headers)
    must_refuse(answer, 409, "NO_SECOND_FACTOR", "Aucun second facteur n'est activé")


# Required of administrators.


async def made_admin(owner: asyncpg.Connection, user_id: str, role: str = "super_admin") -> None:
    """Give somebody a rank."""
    await owner.execute(
        "update library.user_roles set role = $2::text::library.app_role where user_id = $1", user_id, role
    )


async def powers(client: Client, headers: dict[str, str], other: str) -> set[str]:
    """What an administrator can do that others cannot, of four things."""
    found: set[str] = set()
    if (await client.get("/api/permissions", headers=headers)).status_code == 200:
        found.add("explicit route")
    if (await client.get("/rest/v1/permissions?limit=1", headers=headers)).json():
        found.add("gateway read")
    path = f"/rest/v1/user_roles?user_id=eq.{other}"
    prefer = {"Prefer": "return=representation"}
    answer = await client.patch(path, json={"role": "moderator"}, headers=headers | prefer)
    if answer.status_code == 200 and answer.json():
        found.add("gateway write")
    if (
        await client.post("/api/api-tokens", json={"name": "a", "scopes": ["admin"]}, headers=headers)
    ).status_code == 201:
        found.add("token")
    return found


async def test_administrators_without_a_second_factor_have_no_rank_where_it_is_required(
    cheap: Settings, owner: asyncpg.Connection
) -> None:
    everything = {"explicit route", "gateway read", "gateway write", "token"}
    async with running_with(with_group(cheap, "auth", second_factor_for_admins=True)) as client:
        member, other = await signed_up(client), await signed_up(client)
        await made_admin(owner, member.id)
        assert await powers(client, member.headers, other.id) == set()
        answer = await client.get("/api/permissions", headers=member.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_ROLE")
        # What is theirs as a user they still have.
        assert await is_in(client, member.access_token)
        made = await client.post("/rest/v1/collections", json={"name": "La mienne"}, headers=member.headers)
        assert made.status_code == 201, made.text

        who = await guarded(client, owner, member)
        assert await powers(client, who.headers, other.id) == everything
        told = await first_step(client, member)
        answer = await shown(client, told["mfaToken"], who.code)
        assert await powers(client, bearer(answer.json()["access_token"]), other.id) == everything

        answer = await client.request(
            "DELETE", f"{MFA}/{who.factor_id}", json={"password": PASSWORD}, headers=who.headers
        )
        assert await powers(client, bearer(answer.json()["access_token"]), other.id) == set()


async def test_where_it_is_not_required_administrators_have_their_rank(
    client: Client, owner: asyncpg.Connection, member: Member
) -> None:
    await made_admin(owner, member.id)
    other = await signed_up(client)
    assert await powers(client, member.headers, other.id) == {
        "explicit route",
        "gateway read",
        "gateway write",
        "token",
    }
