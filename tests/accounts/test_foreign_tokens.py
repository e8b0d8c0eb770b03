"""Tokens that no session of ours stands behind: what they open depends on who their subject is here."""

import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from app.auth.signing import api_key
from app.main import create_app
from app.settings import Settings
from fastapi import FastAPI
from jose import jwt
from pydantic import SecretStr

from tests.accounts.conftest import NOBODYS, Member, bearer, with_group
from tests.accounts.tenant_people import Team, founded
from tests.conftest import started

THEIR_SECRET = "the secret of an issuer that a customer runs"
FOR_MEMBERS = (
    ("GET", "/rest/v1/admin_config?select=key&limit=1", None),
    ("POST", "/rest/v1/rpc/search_users", {"query": "membre"}),
)


def theirs(**claims: Any) -> dict[str, str]:
    """What the holder of a token of another issuer sends, which the settings let in."""
    told = {"role": "authenticated", "exp": int(time.time()) + 300, **claims}
    return bearer(jwt.encode(told, THEIR_SECRET, algorithm="HS256"))


@pytest.fixture(scope="module")
async def app(cheap: Settings) -> AsyncGenerator[FastAPI]:
    """An API that takes the tokens of another issuer, too."""
    settings = with_group(cheap, "rest", jwt_secret=SecretStr(THEIR_SECRET))
    async with started(create_app(with_group(settings, "auth", tenant_creation=True))) as app:
        yield app


@pytest.fixture
async def team(client: httpx.AsyncClient) -> Team:
    """A tenant that nobody else is in."""
    return await founded(client)


async def shown(client: httpx.AsyncClient, headers: dict[str, str]) -> list[bool]:
    """Whether the settings and the people of a tenant are shown."""
    found: list[bool] = []
    for method, path, body in FOR_MEMBERS:
        answer = await client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(bool(answer.json()))
    return found


async def test_a_subject_that_is_a_member_is_one(client: httpx.AsyncClient, member: Member) -> None:
    assert await shown(client, member.headers) == [True, True]
    assert await shown(client, theirs(sub=member.id)) == [True, True]


@pytest.mark.parametrize("tenant", ["none", "default", "another"])
async def test_a_subject_that_is_unknown_has_signed_in_and_is_a_member_of_nothing(
    client: httpx.AsyncClient, member: Member, team: Team, tenant: str
) -> None:
    default = (await client.get("/api/tenants/current", headers=member.headers)).json()["id"]
    named = {"none": {}, "default": {"tenant_id": default}, "another": {"tenant_id": team.id}}[tenant]
    headers = theirs(sub=NOBODYS, **named)
    assert await shown(client, headers) == [False, False]
    # What is for everybody who has signed in is there, and has nothing of theirs in it.
    assert (await client.get("/rest/v1/groups", headers=headers)).json() == []
    assert (await client.get("/rest/v1/groups")).status_code == 401
    answer = await client.get("/api/tenants/current/members", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "NOT_A_MEMBER")


@pytest.mark.parametrize("signed_by", ["another issuer", "us"])
async def test_a_member_of_one_tenant_is_a_stranger_in_another(
    app: FastAPI, client: httpx.AsyncClient, member: Member, team: Team, signed_by: str
) -> None:
    claims = {"sub": member.id, "tenant_id": team.id, "role": "authenticated"}
    ours = bearer(app.state.accounts.keys.sign(claims))
    assert await shown(client, ours if signed_by == "us" else theirs(**claims)) == [False, False]


async def test_somebody_who_was_a_member_is_none(client: httpx.AsyncClient, member: Member, app: FastAPI) -> None:
    headers = theirs(sub=member.id)
    assert await shown(client, headers) == [True, True]
    left = await client.delete(f"/api/tenants/current/members/{member.id}", headers=member.headers)
    assert left.status_code == 200, left.text
    assert await shown(client, headers) == [False, False]


async def test_a_session_of_ours_in_their_token_is_none(client: httpx.AsyncClient, member: Member, team: Team) -> None:
    claims = jwt.get_unverified_claims(member.access_token)
    forged = theirs(**{**claims, "tenant_id": team.id})
    assert await shown(client, forged) == [False, False]


async def test_a_key_of_a_service_passes_every_rule(cheap: Settings, client: httpx.AsyncClient, member: Member) -> None:
    key = api_key(cheap.auth, cheap.rest.jwt_aud, service=True, days=1)
    assert await shown(client, bearer(key)) == [True, True]
