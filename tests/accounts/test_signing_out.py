"""Signing out: what ends, what has ended already, and tokens that are too old to be let in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from app.accounts.asking import Asked
from app.accounts.sign_in import check_password, open_session
from app.adapters.postgres import SERVICE
from app.errors import AppError
from app.settings import Settings
from fastapi import FastAPI

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


async def test_whoever_holds_a_refresh_token_ends_its_session_and_not_their_own(
    client: httpx.AsyncClient, member: Member
) -> None:
    other = await signed_up(client)
    answer = await client.post("/api/auth/signout", json={"refreshToken": other.refresh_token}, headers=member.headers)
    assert answer.status_code == 200
    assert not await is_in(client, other.access_token)
    assert await is_in(client, member.access_token)


async def test_an_api_token_signs_nobody_out(client: httpx.AsyncClient, member: Member) -> None:
    made = await client.post("/api/api-tokens", json={"name": "a"}, headers=member.headers)
    assert (await client.post("/api/auth/signout", headers=bearer(made.json()["token"]))).status_code == 200
    assert await is_in(client, member.access_token)


async def test_a_session_is_not_opened_for_somebody_who_was_disabled_meanwhile(
    client: httpx.AsyncClient, app: FastAPI, member: Member
) -> None:
    accounts = app.state.accounts
    asked = Asked(app.state.relais.callers.resolve(None), "127.0.0.1", "", "test", "", "")
    user = await check_password(accounts, asked, member.email, member.password)
    async with accounts.database.connection(SERVICE, "write") as connection:
        await connection.execute("update relais.users set disabled_at = now() where id::text = $1", member.id)
    with pytest.raises(AppError):
        await open_session(accounts, asked, user)


async def test_tokens_that_are_refused_are_counted(cheap: Settings) -> None:
    async with running_with(with_group(cheap, "limits", reads="5/60")) as client:
        answers = [await client.get("/rest/v1/profiles", headers=bearer("a.b.c")) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
