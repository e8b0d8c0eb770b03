"""Signing out: what ends, what has ended already, and tokens that are too old to be let in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from app.settings import Settings

from tests.accounts.conftest import PASSWORD, Member, bearer, is_in, signed_up, some_email, with_group
from tests.accounts.ground import must_refuse, running_with


async def test_a_stale_token_hinders_neither_signing_up_nor_in_nor_refreshing(cheap: Settings) -> None:
    """The shipped client sends the token that it has with every request."""
    async with expired_session(cheap) as (client, member):
        headers = member.headers
        assert (await client.get("/api/auth/session", headers=headers)).status_code == 401
        credentials = {"email": member.email, "password": member.password}
        assert (await client.post("/api/auth/signin", json=credentials, headers=headers)).status_code == 200
        new = {"email": some_email(), "password": PASSWORD}
        assert (await client.post("/api/auth/signup", json=new, headers=headers)).status_code == 201
        body = {"refresh_token": member.refresh_token}
        assert (await client.post("/api/auth/refresh", json=body, headers=headers)).status_code == 200
        assert (await client.post("/api/auth/refresh", json=body, headers=bearer("nonsense"))).status_code == 200


async def test_signing_out_with_a_token_that_has_expired_ends_its_session(cheap: Settings) -> None:
    async with expired_session(cheap) as (client, member):
        answer = await client.post("/api/auth/signout", headers=member.headers)
        assert (answer.status_code, answer.json()) == (200, {"message": "Déconnexion réussie"})
        answer = await client.post("/api/auth/refresh", json={"refreshToken": member.refresh_token})
        must_refuse(answer, 401, "INVALID_REFRESH_TOKEN", "Refresh token invalide ou expiré")


async def test_signing_out_ends_the_session_at_once(client: httpx.AsyncClient, member: Member) -> None:
    other = await client.post("/api/auth/signin", json={"email": member.email, "password": member.password})
    answer = await client.post("/api/auth/signout", headers=member.headers)
    assert (answer.status_code, answer.json()) == (200, {"message": "Déconnexion réussie"})
    assert not await is_in(client, member.access_token)
    answer = await client.get("/rest/v1/profiles", headers=member.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")
    assert await is_in(client, other.json()["access_token"])


@pytest.mark.parametrize("name", ["refreshToken", "refresh_token"])
async def test_a_refresh_token_alone_signs_out(client: httpx.AsyncClient, name: str) -> None:
    member = await signed_up(client)
    assert (await client.post("/api/auth/signout", json={name: member.refresh_token})).status_code == 200
    assert not await is_in(client, member.access_token)
    assert (await client.post("/api/auth/refresh", json={name: member.refresh_token})).status_code == 401


@pytest.mark.parametrize("body", [None, {}, {"refreshToken": "nonsense"}, {"refresh_token": None}])
@pytest.mark.parametrize("headers", [{}, bearer("nonsense"), {"Authorization": "Basic eDp5"}])
async def test_signing_out_of_nothing_is_done_already(
    client: httpx.AsyncClient, body: dict[str, Any] | None, headers: dict[str, str]
) -> None:
    answer = await client.post("/api/auth/signout", json=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"message": "Déconnexion réussie"})


async def test_signing_out_twice_is_as_good_as_once(client: httpx.AsyncClient) -> None:
    member = await signed_up(client)
    for _ in range(2):
        assert (await client.post("/api/auth/signout", headers=member.headers)).status_code == 200


async def test_nobody_signs_out_somebody_else(client: httpx.AsyncClient, member: Member) -> None:
    other = await signed_up(client)
    forged = member.refresh_token[:-4] + ("AAAA" if not member.refresh_token.endswith("AAAA") else "BBBB")
    await client.post("/api/auth/signout", json={"refreshToken": forged}, headers=other.headers)
    assert await is_in(client, member.access_token)


@asynccontextmanager
async def expired_session(settings: Settings) -> AsyncGenerator[tuple[httpx.AsyncClient, Member]]:
    """Somebody whose access token is past its time, while the session is good."""
    brief = with_group(settings, "auth", access_token_seconds=-60)
    async with running_with(brief) as client:
        member = await signed_up(client)
    async with running_with(settings) as client:
        yield client, member
