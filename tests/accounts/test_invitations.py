"""Invitations: who sends them, whom they let in, and that each lets in one person, once."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from app.adapters.postgres import SERVICE
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI

from tests.accounts.conftest import PASSWORD, Member, bearer, signed_up, some_email, with_group
from tests.accounts.tenant_people import Team, added, founded, gone_to, letter_to, put_in, signed_in_again, token_of
from tests.conftest import client_of, started

INVITATIONS = "/api/tenants/current/invitations"
MEMBERS = "/api/tenants/current/members"
ACCEPT = "/api/invitations/accept"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """The API of an installation where everybody may make tenants, and twenty may be invited into each."""
    settings = with_group(cheap, "auth", tenant_creation=True, open_invitations=20)
    async with started(create_app(settings)) as app:
        yield app


@pytest.fixture
async def team(client: httpx.AsyncClient) -> Team:
    """A tenant."""
    return await founded(client)


async def invited(
    client: httpx.AsyncClient, by: Member, email: str, role: str = "member", status: int = 201
) -> dict[str, Any]:
    """What comes of inviting an address."""
    answer = await client.post(INVITATIONS, json={"email": email, "role": role}, headers=by.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def token_for(app: FastAPI, email: str) -> str:
    """What the last invitation to an address holds."""
    return (await letter_to(app, email))["token"]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Whether an answer is this refusal, in the one shape."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["error"] == answer.json()["message"]


async def test_a_stranger_makes_an_account_by_an_invitation(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    email = some_email("Nouvelle")
    sent = (await invited(client, team.owner, email, "admin"))["invitation"]
    assert (sent["email"], sent["role"], sent["invitedBy"]) == (email, "admin", team.owner.id)
    letter = await letter_to(app, email)
    assert letter["locale"] == "fr"
    assert letter["data"]["role"] == "admin"
    assert letter["data"]["tenant"] == f"Équipe {team.slug}"
    body = {"token": letter["token"], "password": PASSWORD, "fullName": "Nina Petit"}
    answer = await client.post(ACCEPT, json=body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["user"]["email"], told["user"]["fullName"], told["user"]["emailVerified"]) == (
        email,
        "Nina Petit",
        True,
    )
    assert (told["tenant"]["slug"], told["tenant"]["role"]) == (team.slug, "admin")
    here = (await client.get("/api/tenants", headers=bearer(told["access_token"]))).json()
    assert [(one["slug"], one["role"], one["current"]) for one in here] == [(team.slug, "admin", True)]
    signed_in = await client.post("/api/auth/signin", json={"email": email, "password": PASSWORD})
    assert signed_in.status_code == 200


async def test_an_invitation_opens_a_house_whose_doors_are_closed(cheap: Settings) -> None:
    closed = with_group(cheap, "auth", sign_up=False, verified_email=True)
    async with started(create_app(with_group(cheap, "auth", tenant_creation=True))) as app, client_of(app) as client:
        team, email = await founded(client), some_email()
        await invited(client, team.owner, email)
        token = await token_for(app, email)
    async with started(create_app(closed)) as app, client_of(app) as client:
        body = {"email": some_email(), "password": PASSWORD}
        refused(await client.post("/api/auth/signup", json=body), 403, "SIGN_UP_CLOSED")
        answer = await client.post(ACCEPT, json={"token": token, "password": PASSWORD})
        assert answer.status_code == 201
        assert (await client.post("/api/auth/signin", json={"email": email, "password": PASSWORD})).status_code == 200


async def test_a_user_with_the_invited_address_joins(
    app: FastAPI, client: httpx.AsyncClient, team: Team, member: Member
) -> None:
    await invited(client, team.owner, member.email.upper())
    token = await token_for(app, member.email)
    answer = await client.post(ACCEPT, json={"token": token}, headers=member.headers)
    assert answer.status_code == 200
    assert answer.json()["tenant"]["id"] == team.id
    assert "access_token" not in answer.json()
    gone = await gone_to(client, member, team.slug)
    told = await client.get("/api/auth/session", headers=gone.headers)
    assert told.json()["user"]["emailVerified"] is True
    refused(await client.post(ACCEPT, json={"token": token}, headers=gone.headers), 400, "INVALID_LINK")


async def test_an_invitation_is_for_one_address(
    app: FastAPI, client: httpx.AsyncClient, team: Team, member: Member
) -> None:
    email = some_email()
    await invited(client, team.owner, email)
    token = await token_for(app, email)
    answer = await client.post(ACCEPT, json={"token": token}, headers=member.headers)
    refused(answer, 403, "INVITATION_FOR_ANOTHER")
    assert email not in answer.text
    assert (await client.post(ACCEPT, json={"token": token, "password": PASSWORD})).status_code == 201


async def test_whoever_has_an_account_signs_in_to_accept(
    app: FastAPI, client: httpx.AsyncClient, team: Team, member: Member
) -> None:
    await invited(client, team.owner, member.email)
    token = await token_for(app, member.email)
    answer = await client.post(ACCEPT, json={"token": token, "password": "Un-Autre-Mot-8"})
    refused(answer, 409, "SIGN_IN_TO_ACCEPT")
    assert (await client.get(f"/api/invitations/{token}")).json()["hasAccount"] is True
    assert (await client.post(ACCEPT, json={"token": token}, headers=member.headers)).status_code == 200


async def test_an_account_needs_a_password_that_will_do(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    email = some_email()
    await invited(client, team.owner, email)
    token = await token_for(app, email)
    for body in ({}, {"password": None}, {"password": ""}):
        refused(await client.post(ACCEPT, json={"token": token, **body}), 400, "VALIDATION_ERROR")
    refused(await client.post(ACCEPT, json={"token": token, "password": "faible"}), 400, "WEAK_PASSWORD")
    assert (await client.post(ACCEPT, json={"token": token, "password": PASSWORD})).status_code == 201


async def test_an_invitation_is_looked_at_without_being_used(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    email = some_email()
    await invited(client, team.owner, email)
    token = await token_for(app, email)
    for _ in range(2):
        seen = (await client.get(f"/api/invitations/{token}", headers=bearer("nonsense"))).json()
        assert (seen["email"], seen["role"], seen["tenantName"]) == (email, "member", f"Équipe {team.slug}")
        assert (seen["hasAccount"], seen["tenantSlug"]) == (False, team.slug)
        assert seen["expiresAt"] == seen["expires_at"]


@pytest.mark.parametrize("token", ["nonsense", "a" * 4000, "%00", "é", "'; drop table relais.users --"])
async def test_what_is_no_invitation_opens_nothing(client: httpx.AsyncClient, member: Member, token: str) -> None:
    refused(await client.get(f"/api/invitations/{token}"), 400, "INVALID_LINK")
    refused(await client.post(ACCEPT, json={"token": token, "password": PASSWORD}), 400, "INVALID_LINK")
    refused(await client.post(ACCEPT, json={"token": token}, headers=member.headers), 400, "INVALID_LINK")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": None},
        {"token": 1},
        {"token": "a\0"},
        {"token": "a" * 5000},
        {"token": "a", "password": "x" * 2000},
        {"token": "a", "fullName": "x" * 101},
        [],
    ],
)
async def test_an_acceptance_has_the_fields_that_it_needs(client: httpx.AsyncClient, body: Any) -> None:
    refused(await client.post(ACCEPT, json=body), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "nonsense"},
        {"email": "a@b\nBcc: c@d.org"},
        {"email": f"{'a' * 250}@example.org"},
        {"email": "a@example.org", "role": "root"},
        {"email": ["a@example.org"]},
        {"email": "a\0@example.org"},
    ],
)
async def test_an_invitation_is_to_an_address_and_a_role(
    client: httpx.AsyncClient, team: Team, body: dict[str, Any]
) -> None:
    refused(await client.post(INVITATIONS, json=body, headers=team.owner.headers), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("who", "role", "status"),
    [
        ("owner", "owner", 201),
        ("admin", "admin", 201),
        ("admin", "owner", 403),
        ("member", "member", 403),
    ],
)
async def test_nobody_offers_more_than_they_have(
    app: FastAPI, client: httpx.AsyncClient, team: Team, who: str, role: str, status: int
) -> None:
    sender = team.owner if who == "owner" else await added(app, client, team, who)
    await invited(client, sender, some_email(), role, status)
    listed = await client.get(INVITATIONS, headers=sender.headers)
    assert listed.status_code == (403 if who == "member" else 200)


async def test_an_invitation_is_void_while_its_sender_could_not_send_it(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    admin, email = await added(app, client, team, "admin"), some_email()
    await invited(client, admin, email, "admin")
    token = await token_for(app, email)
    body = {"token": token, "password": PASSWORD}
    await put_in(app, team.id, admin.id, "member")
    refused(await client.get(f"/api/invitations/{token}"), 400, "INVALID_LINK")
    refused(await client.post(ACCEPT, json=body), 400, "INVALID_LINK")
    assert (await client.get(INVITATIONS, headers=team.owner.headers)).json() == []
    await put_in(app, team.id, admin.id, "admin")
    assert (await client.get(f"/api/invitations/{token}")).status_code == 200
    for disabled, status in (("now()", 400), ("null", 200)):
        async with app.state.accounts.database.connection(SERVICE, "write") as connection:
            statement = f"update relais.users set disabled_at = {disabled} where id = $1::text::uuid"
            await connection.execute(statement, admin.id)
        assert (await client.get(f"/api/invitations/{token}")).status_code == status
    assert (await client.delete(f"{MEMBERS}/{admin.id}", headers=team.owner.headers)).status_code == 200
    refused(await client.post(ACCEPT, json=body), 400, "INVALID_LINK")


async def test_a_member_is_not_invited_again(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    member = await added(app, client, team)
    answer = await client.post(INVITATIONS, json={"email": member.email.upper()}, headers=team.owner.headers)
    refused(answer, 409, "ALREADY_MEMBER")


async def test_who_became_a_member_meanwhile_is_raised_and_never_lowered(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    raised, kept = await signed_up(client), await signed_up(client)
    await invited(client, team.owner, raised.email, "admin")
    await invited(client, team.owner, kept.email, "member")
    for member, role in ((raised, "member"), (kept, "admin")):
        await put_in(app, team.id, member.id, role)
        token = await token_for(app, member.email)
        assert (await client.post(ACCEPT, json={"token": token}, headers=member.headers)).status_code == 200
        gone = await gone_to(client, member, team.slug)
        assert (await client.get("/api/tenants/current", headers=gone.headers)).json()["role"] == "admin"


async def test_a_second_invitation_takes_the_place_of_the_first_in_its_tenant_only(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    other, email = await founded(client), some_email()
    await invited(client, team.owner, email)
    first = await token_for(app, email)
    await invited(client, other.owner, email)
    elsewhere = await token_for(app, email)
    await invited(client, team.owner, email.upper(), "admin")
    refused(await client.get(f"/api/invitations/{first}"), 400, "INVALID_LINK")
    assert (await client.get(f"/api/invitations/{elsewhere}")).json()["tenantSlug"] == other.slug
    (listed,) = (await client.get(INVITATIONS, headers=team.owner.headers)).json()
    assert listed["role"] == "admin"


async def test_an_invitation_that_was_withdrawn_is_worthless(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    email = some_email()
    sent = (await invited(client, team.owner, email))["invitation"]
    path = f"{INVITATIONS}/{sent['id']}"
    stranger = (await founded(client)).owner
    refused(await client.delete(path, headers=stranger.headers), 404, "INVITATION_NOT_FOUND")
    assert (await client.delete(path, headers=team.owner.headers)).status_code == 200
    refused(await client.delete(path, headers=team.owner.headers), 404, "INVITATION_NOT_FOUND")
    token = await token_for(app, email)
    refused(await client.post(ACCEPT, json={"token": token, "password": PASSWORD}), 400, "INVALID_LINK")
    for wanted in (NOBODY, "nonsense", "%00"):
        answer = await client.delete(f"{INVITATIONS}/{wanted}", headers=team.owner.headers)
        refused(answer, 404, "INVITATION_NOT_FOUND")


async def test_what_invites_an_owner_is_for_owners_to_withdraw(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    admin, email = await added(app, client, team, "admin"), some_email()
    sent = (await invited(client, team.owner, email, "owner"))["invitation"]
    refused(await client.delete(f"{INVITATIONS}/{sent['id']}", headers=admin.headers), 403, "INSUFFICIENT_ROLE")
    await invited(client, admin, email, "member", status=403)
    assert (await client.get(f"/api/invitations/{await token_for(app, email)}")).json()["role"] == "owner"


async def test_an_invitation_expires(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    email = some_email()
    await invited(client, team.owner, email)
    token = await token_for(app, email)
    async with app.state.accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute("update relais.one_time_tokens set expires_at = now() where email = $1", email)
    refused(await client.get(f"/api/invitations/{token}"), 400, "INVALID_LINK")
    refused(await client.post(ACCEPT, json={"token": token, "password": PASSWORD}), 400, "INVALID_LINK")
    assert (await client.get(INVITATIONS, headers=team.owner.headers)).json() == []


async def test_so_many_invitations_wait_and_no_more(client: httpx.AsyncClient, team: Team) -> None:
    bodies = [{"email": some_email()} for _ in range(24)]
    answers = await asyncio.gather(
        *(client.post(INVITATIONS, json=body, headers=team.owner.headers) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [*[201] * 20, *[409] * 4]
    refused(next(answer for answer in answers if answer.status_code == 409), 409, "TOO_MANY_INVITATIONS")


async def test_of_many_who_accept_at_once_one_gets_in(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    email = some_email()
    await invited(client, team.owner, email)
    body = {"token": await token_for(app, email), "password": PASSWORD}
    answers = await asyncio.gather(*(client.post(ACCEPT, json=body) for _ in range(6)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 201
    assert set(codes[1:]) <= {400, 409}
    listed = (await client.get(MEMBERS, headers=team.owner.headers)).json()
    assert [one["email"] for one in listed["data"]] == [team.owner.email, email]


async def test_an_api_token_accepts_nothing(app: FastAPI, client: httpx.AsyncClient, team: Team) -> None:
    member = await signed_up(client)
    await invited(client, team.owner, member.email)
    other = await founded(client, await signed_in_again(client, member))
    headers = bearer(await token_of(app, other.id, member.id, ("read", "write", "admin")))
    answer = await client.post(ACCEPT, json={"token": await token_for(app, member.email)}, headers=headers)
    refused(answer, 403, "SESSION_REQUIRED")


async def test_the_secret_is_in_the_message_and_nowhere_else(
    app: FastAPI, client: httpx.AsyncClient, team: Team
) -> None:
    email = some_email()
    told = await invited(client, team.owner, email)
    token = await token_for(app, email)
    assert token not in str(told)
    for table in ("one_time_tokens", "email_outbox", "audit_log"):
        rows = await app.state.accounts.database.fetch(
            SERVICE,
            f"select count(*) from relais.{table} as t where to_jsonb(t)::text like '%' || $1 || '%'",
            token,
        )
        assert rows[0][0] == 0
